package org.casd.examples;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A request, its limits and the answer to it. */
final class Answer {
  // What is read and ignored after an answer, at most. The time is added to the limit of a request.
  private static final int DRAIN_BYTES = 16 << 20;
  private static final long DRAIN_NANOSECONDS = 2_000_000_000L;

  private static final ScheduledExecutorService TIMER = timer();

  final HttpExchange exchange;

  /** For the metrics: one of the known paths, or other. */
  String path = "other";

  /** 0 before the answer. */
  int status;

  private final long begin = System.nanoTime();
  private final long limit;
  private final BooleanSupplier stopping;

  /**
   * Begins.
   *
   * @param limit time for the arrival of the body and the wait for a worker in nanoseconds
   * @param stopping whether the connection is closed after the answer
   */
  Answer(HttpExchange exchange, long limit, BooleanSupplier stopping) {
    this.exchange = exchange;
    this.limit = limit;
    this.stopping = stopping;
  }

  private static ScheduledExecutorService timer() {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            2,
            task -> {
              Thread thread = new Thread(task, "limits");
              thread.setDaemon(true);
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  double seconds() {
    return (System.nanoTime() - begin) * 1e-9;
  }

  long nanosecondsLeft() {
    return Math.max(begin + limit - System.nanoTime(), 0);
  }

  private void closeConnection() {
    exchange.getResponseHeaders().set("Connection", "close");
  }

  void allow(String methods) {
    exchange.getResponseHeaders().set("Allow", methods);
  }

  private String header(String name) {
    return exchange.getRequestHeaders().getFirst(name);
  }

  /** Checks the head of a request with JSON and returns the length of its body. */
  int checkHead(int maxBody) throws Problem {
    if (!isJson(header("Content-Type")) || header("Content-Encoding") != null) {
      throw new Problem(
          415, "the body has to be application/json in UTF-8 without a content encoding");
    }
    String text = header("Content-Length");
    if (text == null || header("Transfer-Encoding") != null) {
      throw new Problem(411, "the request has no Content-Length");
    }
    long length;
    try {
      length = Long.parseLong(text);
    } catch (NumberFormatException e) {
      length = -1;
    }
    if (length < 0) {
      throw new Problem(400, "the Content-Length is no number of bytes");
    }
    if (length > maxBody) {
      throw new Problem(
          413, "the body has " + length + " bytes, at most " + maxBody + " are allowed");
    }
    return (int) length;
  }

  private static boolean isJson(String contentType) {
    if (contentType == null) {
      return false;
    }
    String[] parts = contentType.toLowerCase(Locale.ROOT).split(";");
    if (parts.length == 0 || !parts[0].trim().equals("application/json")) {
      return false;
    }
    for (int i = 1; i < parts.length; ++i) {
      String part = parts[i].trim().replace("\"", "");
      if (part.startsWith("charset=") && !part.equals("charset=utf-8")) {
        return false;
      }
    }
    return true;
  }

  private interface Reading {
    int read(InputStream from) throws IOException;
  }

  /**
   * Reads within the time limit. HttpServer has no such limit, so a timer interrupts the thread, which
   * also closes the connection.
   *
   * @param late is answered if the time is up; then what still arrives is ignored for a while, because
   *     closing the connection at once can make the client lose the answer. null: nothing
   * @throws IOException if the time is up or the client closed the connection
   */
  private int readInTime(Reading reading, long nanoseconds, Problem late) throws IOException {
    Thread reader = Thread.currentThread();
    Object lock = new Object();
    boolean[] done = {false};
    ScheduledFuture<?> alarm =
        TIMER.schedule(
            () -> {
              synchronized (lock) {
                if (!done[0] && late != null) {
                  closeConnection();
                  try {
                    send(late);
                  } catch (IOException e) {
                    // The client has gone.
                  }
                }
              }
            },
            nanoseconds,
            TimeUnit.NANOSECONDS);
    ScheduledFuture<?> end =
        TIMER.schedule(
            () -> {
              synchronized (lock) {
                if (!done[0]) {
                  reader.interrupt();
                }
              }
            },
            late == null ? nanoseconds : nanoseconds + limit + DRAIN_NANOSECONDS,
            TimeUnit.NANOSECONDS);
    try {
      return reading.read(exchange.getRequestBody());
    } finally {
      synchronized (lock) {
        done[0] = true;
      }
      alarm.cancel(false);
      end.cancel(false);
      Thread.interrupted(); // the pool's thread goes on with other requests
    }
  }

  /** Reads the body. */
  byte[] body(int length) throws IOException, Problem {
    byte[] body = new byte[length];
    int count;
    try {
      count = readInTime(from -> from.readNBytes(body, 0, length), nanosecondsLeft(), new Problem(408,
          "the body of " + length + " bytes did not arrive within " + limit * 1e-9 + " s"));
    } catch (IOException e) {
      count = -1;
    }
    if (status != 0) {
      throw new IOException("the body arrived after the answer that it is late");
    }
    if (count != length) {
      throw new Problem(400, "the body ended before its " + length + " bytes");
    }
    return body;
  }

  void write(int status, String contentType, byte[] body) throws IOException {
    this.status = status;
    if (stopping.getAsBoolean() || "close".equalsIgnoreCase(header("Connection"))) {
      closeConnection(); // HttpServer closes it where the client wishes so, but does not announce it
    }
    exchange.getResponseHeaders().set("Content-Type", contentType);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.getResponseBody().flush();
  }

  private void send(Problem problem) throws IOException {
    if (problem.status == 503) {
      exchange.getResponseHeaders().set("Retry-After", "1");
    }
    write(problem.status, "application/problem+json", Documents.problem(problem));
  }

  /** Answers with a Problem, unless there was an answer. */
  void refuse(Problem problem) throws IOException {
    if (status != 0) {
      return;
    }
    String length = header("Content-Length");
    boolean unread =
        problem.status != 422 && (length != null && !length.equals("0")
            || header("Transfer-Encoding") != null);
    if (unread) {
      closeConnection();
    }
    send(problem);
    if (unread) {
      // A body that nobody reads is read and ignored, within limits, because closing the connection
      // earlier can make the client lose the answer.
      readInTime(from -> (int) drain(from), limit + DRAIN_NANOSECONDS, null);
    }
  }

  private static long drain(InputStream from) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long total = 0;
    int count = 0;
    while (count >= 0 && total < DRAIN_BYTES) {
      total += count;
      count = from.read(buffer);
    }
    return total;
  }
}
