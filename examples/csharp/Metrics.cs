using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Casd.Examples
{
    /// <summary>Counts answers and writes them in the text format of Prometheus.</summary>
    internal sealed class Metrics
    {
        /// <summary>Upper limits of the histogram's buckets in seconds.</summary>
        private static readonly double[] Bounds =
            { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 };

        private readonly object _lock = new object();
        private readonly SortedDictionary<string, long> _answers =
            new SortedDictionary<string, long>(StringComparer.Ordinal);
        private readonly long[] _buckets = new long[Bounds.Length + 1];
        private double _seconds;

        public void Count(string path, int status, double duration)
        {
            string labels = $"path=\"{path}\",code=\"{status}\"";
            lock (_lock)
            {
                _answers.TryGetValue(labels, out long count);
                _answers[labels] = count + 1;
                if (path != "/predict")
                    return;
                int i = Array.FindIndex(Bounds, bound => duration <= bound);
                ++_buckets[i < 0 ? Bounds.Length : i];
                _seconds += duration;
            }
        }

        public byte[] Text(int requests, int workers)
        {
            var text = new StringBuilder();
            void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
            void Heading(string name, string kind, string help) => Line($"# HELP {name} {help}\n# TYPE {name} {kind}");
            void Gauge(string name, string help, long value)
            {
                Heading(name, "gauge", help);
                Line($"{name} {value}");
            }
            lock (_lock)
            {
                Heading("casd_requests_total", "counter", "Requests that were answered.");
                foreach (KeyValuePair<string, long> answer in _answers)
                    Line($"casd_requests_total{{{answer.Key}}} {answer.Value}");
                Heading("casd_predict_seconds", "histogram", "Time to answer requests for /predict.");
                long total = 0;
                for (int i = 0; i < _buckets.Length; ++i)
                {
                    total += _buckets[i];
                    string bound = i < Bounds.Length ? Bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                    Line($"casd_predict_seconds_bucket{{le=\"{bound}\"}} {total}");
                }
                Line($"casd_predict_seconds_sum {_seconds}");
                Line($"casd_predict_seconds_count {total}");
            }
            Gauge("casd_requests_in_progress", "Predictions in progress.", requests);
            Gauge("casd_workers_busy", "Predictions that are computed now.", workers);
            Gauge("casd_live_objects", "Objects of libcasd.", Library.LiveObjects);
            Gauge("casd_live_bytes", "Memory of libcasd's objects in bytes.", Library.LiveBytes);
            return Encoding.UTF8.GetBytes(text.ToString());
        }
    }
}
