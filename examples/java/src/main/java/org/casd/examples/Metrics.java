package org.casd.examples;

import java.util.Map;
import java.util.TreeMap;
import org.casd.Casd;

/** Counts answers and writes them in the text format of Prometheus. */
final class Metrics {
  /** Upper limits of the histogram's buckets in seconds. */
  private static final double[] BOUNDS = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
  };

  private final Map<String, Long> answers = new TreeMap<>();
  private final long[] buckets = new long[BOUNDS.length + 1];
  private double seconds;

  synchronized void count(String path, int status, double duration) {
    answers.merge("path=\"" + path + "\",code=\"" + status + "\"", 1L, Long::sum);
    if (path.equals("/predict")) {
      int i = 0;
      while (i < BOUNDS.length && duration > BOUNDS[i]) {
        ++i;
      }
      ++buckets[i];
      seconds += duration;
    }
  }

  synchronized String text(int requests, int workers) {
    StringBuilder out = new StringBuilder();
    heading(out, "casd_requests_total", "counter", "Requests that were answered.");
    answers.forEach(
        (labels, n) -> out.append("casd_requests_total{" + labels + "} " + n + "\n"));
    heading(out, "casd_predict_seconds", "histogram", "Time to answer requests for /predict.");
    long total = 0;
    for (int i = 0; i < buckets.length; ++i) {
      total += buckets[i];
      String bound = i < BOUNDS.length ? Double.toString(BOUNDS[i]) : "+Inf";
      out.append("casd_predict_seconds_bucket{le=\"" + bound + "\"} " + total + "\n");
    }
    out.append("casd_predict_seconds_sum " + seconds + "\n");
    out.append("casd_predict_seconds_count " + total + "\n");
    gauge(out, "casd_requests_in_progress", "Predictions in progress.", requests);
    gauge(out, "casd_workers_busy", "Predictions that are computed now.", workers);
    gauge(out, "casd_live_objects", "Objects of libcasd.", Casd.liveObjects());
    gauge(out, "casd_live_bytes", "Memory of libcasd's objects in bytes.", Casd.liveBytes());
    return out.toString();
  }

  private static void heading(StringBuilder out, String name, String kind, String help) {
    out.append("# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n");
  }

  private static void gauge(StringBuilder out, String name, String help, long value) {
    heading(out, name, "gauge", help);
    out.append(name + " " + value + "\n");
  }
}
