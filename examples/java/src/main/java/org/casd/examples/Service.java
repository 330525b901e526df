package org.casd.examples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.casd.CasdException;
import org.casd.Model;
import org.casd.Prediction;
import org.casd.Predictor;
import org.casd.Schema;
import org.casd.Status;
import org.casd.Task;

/** Answers requests, any number of them at the same time. */
final class Service implements HttpHandler {
  private static final String JSON = "application/json";

  /** An answer that never changes. */
  private static final class Document {
    final String contentType;
    final byte[] body;

    Document(String contentType, byte[] body) {
      this.contentType = contentType;
      this.body = body;
    }
  }

  private final Settings settings;
  private final Schema schema;
  private final Predictor predictor;

  /** One for each worker; a thread that has one may compute. */
  private final BlockingQueue<Prediction> workers;

  /** As many permits as predictions may be in progress. */
  private final Semaphore requests;

  private final Map<String, Document> documents;
  private final Metrics metrics = new Metrics();
  private volatile boolean stopping;

  // Guarded by this object:
  private long accepted;
  private int inProgress;
  private boolean ended;

  Service(Model model, Settings settings) throws IOException {
    this.settings = settings;
    schema = model.schema();
    if (schema.task() == Task.REGRESSION) {
      throw new IllegalArgumentException(
          "the model is a regression: this service answers with probabilities");
    }
    predictor = Predictor.create(model);
    workers = new ArrayBlockingQueue<>(settings.workers);
    for (int i = 0; i < settings.workers; ++i) {
      workers.add(Prediction.create());
    }
    requests = new Semaphore(settings.requests);
    documents =
        Map.of(
            "/",
            new Document(
                "text/html; charset=utf-8",
                Files.readAllBytes(settings.pages.resolve("index.html"))),
            "/openapi.json",
            new Document(JSON, Files.readAllBytes(settings.pages.resolve("openapi.json"))),
            "/model",
            new Document(JSON, Documents.model(model, settings)),
            "/example",
            new Document(JSON, Documents.examples(schema, settings.examples)));
  }

  /** From now on /health answers that the service stops, and connections are not kept. */
  void stopping() {
    stopping = true;
  }

  synchronized long accepted() {
    return accepted;
  }

  private synchronized boolean begin() {
    if (!ended) {
      ++accepted;
      ++inProgress;
    }
    return !ended;
  }

  private synchronized void end() {
    --inProgress;
  }

  /** Waits until no request was in progress for some time; afterwards none is accepted. */
  void awaitEnd(long patience) {
    long limit = System.nanoTime() + patience;
    long quiet = System.nanoTime();
    long seen = -1;
    try {
      while (System.nanoTime() < limit) {
        synchronized (this) {
          if (inProgress > 0 || accepted != seen) {
            seen = accepted;
            quiet = System.nanoTime();
          } else if (System.nanoTime() - quiet > TimeUnit.MILLISECONDS.toNanos(300)) {
            ended = true;
            return;
          }
        }
        Thread.sleep(10);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    if (!begin()) {
      return;
    }
    Answer answer = new Answer(exchange, settings.nanoseconds(), () -> stopping);
    try {
      answer(answer);
    } finally {
      metrics.count(answer.path, answer.status, answer.seconds());
      exchange.close();
      end();
    }
  }

  private void answer(Answer answer) throws IOException {
    try {
      route(answer);
    } catch (Problem problem) {
      answer.refuse(problem);
    } catch (CasdException e) {
      if (e.status() == Status.INVALID_ARGUMENT) {
        answer.refuse(new Problem(422, e.getMessage()));
      } else {
        System.err.println("service: " + e);
        answer.refuse(new Problem(500, e.getMessage()));
      }
    } catch (RuntimeException e) {
      e.printStackTrace();
      answer.refuse(new Problem(500, "a defect of the service"));
    }
  }

  private void route(Answer answer) throws IOException, Problem {
    String path = answer.exchange.getRequestURI().getPath();
    String method = answer.exchange.getRequestMethod();
    Document document = documents.get(path);
    if (document == null && !path.equals("/health") && !path.equals("/metrics")
        && !path.equals("/predict")) {
      throw new Problem(404, "there is no " + path);
    }
    answer.path = path;
    if (path.equals("/predict")) {
      if (!method.equals("POST")) {
        answer.allow("POST");
        throw new Problem(405, path + " has POST only, not " + method);
      }
      predict(answer);
      return;
    }
    if (!method.equals("GET") && !method.equals("HEAD")) {
      answer.allow("GET, HEAD");
      throw new Problem(405, path + " has GET and HEAD only, not " + method);
    }
    if (document != null) {
      answer.write(200, document.contentType, document.body);
    } else if (path.equals("/metrics")) {
      String text =
          metrics.text(
              settings.requests - requests.availablePermits(), settings.workers - workers.size());
      answer.write(
          200, "text/plain; version=0.0.4; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    } else {
      String text = stopping ? "{\"status\":\"stopping\"}" : "{\"status\":\"ok\"}";
      answer.write(stopping ? 503 : 200, JSON, text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private void predict(Answer answer) throws IOException, Problem {
    int length = answer.checkHead(settings.maxBody);
    if (!requests.tryAcquire()) {
      throw new Problem(503, settings.requests + " requests are in progress already");
    }
    try {
      float[][] frames = PredictRequest.parse(answer.body(length), schema);
      Prediction prediction = workers.poll(answer.nanosecondsLeft(), TimeUnit.NANOSECONDS);
      if (prediction == null) {
        throw new Problem(503, "no worker was free within " + settings.seconds + " s");
      }
      byte[] text;
      try {
        predictor.predict(frames, Schema.ALL_MODALITIES, prediction);
        text = Documents.prediction(prediction, frames, schema);
      } finally {
        workers.add(prediction);
      }
      answer.write(200, JSON, text);
    } catch (InterruptedException e) {
      throw new Problem(503, "the service stops");
    } finally {
      requests.release();
    }
  }
}
