package org.casd;

import static org.casd.Support.failure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Threads, close() and garbage collection. */
class LifetimeTest {
  private static final FieldList FIELDS = FieldList.of(Field.PROBABILITIES, Field.MODALITY_VARIANCE);

  /** Runs the same on 8 threads. */
  private static void onThreads(Callable<Void> call) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<Void>> futures = new ArrayList<>();
      for (int i = 0; i < 8; ++i) {
        futures.add(threads.submit(call));
      }
      for (Future<Void> future : futures) {
        future.get(300, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void eightThreadsShareOnePredictor() throws Exception {
    Support.collectUntil(() -> Casd.liveObjects() == 0);
    AtomicInteger number = new AtomicInteger();
    AtomicInteger failures = new AtomicInteger();
    try (Model model = Support.model();
        Predictor predictor = Predictor.create(model)) {
      onThreads(
          () -> {
            // Each thread has its own sample and its own wrong call, so that a mixed-up result or
            // message is seen.
            int mine = number.incrementAndGet();
            int[] steps = {1 + mine % 3, 2, 1};
            float[] values =
                Support.packed(Support.frames(mine, steps[0], steps[1], steps[2]));
            int[] wrong = {steps[0], steps[1], steps[2] + mine};
            String needed = Integer.toString(values.length + 4 * mine);
            try (Prediction prediction = Prediction.create()) {
              predictor.predict(values, steps, -1, prediction);
              float[] expected = new float[(int) prediction.size(FIELDS)];
              float[] actual = new float[expected.length];
              prediction.copy(FIELDS, expected, 0);
              for (int i = 0; i < 12500; ++i) {
                predictor.predict(values, steps, -1, prediction);
                prediction.copy(FIELDS, actual, 0);
                if (!java.util.Arrays.equals(expected, actual)) {
                  assertArrayEquals(expected, actual);
                }
                if (i % 100 == 0) {
                  CasdException e =
                      failure(
                          Status.INVALID_ARGUMENT,
                          () -> predictor.predict(values, wrong, -1, prediction));
                  assertTrue(e.getMessage().contains(needed), e.getMessage());
                  failures.incrementAndGet();
                }
              }
            }
            return null;
          });
    }
    assertEquals(1000, failures.get());
    assertEquals(0, Casd.liveObjects());
    assertEquals(0, Casd.liveBytes());
  }

  @Test
  void asyncCallsFromManyThreads() throws Exception {
    Support.collectUntil(() -> Casd.liveObjects() == 0);
    ExecutorService executor = Executors.newFixedThreadPool(2);
    AtomicInteger number = new AtomicInteger();
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger cancelled = new AtomicInteger();
    try (Model model = Support.model()) {
      onThreads(
          () -> {
            int mine = number.incrementAndGet();
            float[][] frames = Support.frames(mine, 2, 2, 2);
            for (int round = 0; round < 12; ++round) {
              Predictor predictor = Predictor.create(model);
              ArrayDeque<CompletableFuture<Prediction>> futures = new ArrayDeque<>();
              for (int i = 0; i < 100; ++i) {
                futures.add(predictor.predictAsync(frames, i % 50 == 1 ? 8 : -1, executor));
                // Too late where the call is over already.
                if (i % 10 == 3 && futures.peekLast().cancel(false)) {
                  cancelled.incrementAndGet();
                }
              }
              if (mine == 1) {
                System.gc();
              }
              predictor.close(); // with calls in flight
              for (CompletableFuture<Prediction> future : futures) {
                try (Prediction p = future.join()) {
                  assertEquals(2, p.get(Field.PROBABILITIES).length);
                  answered.incrementAndGet();
                } catch (CancellationException e) {
                  assertTrue(future.isCancelled());
                } catch (CompletionException e) {
                  assertTrue(e.getCause() instanceof CasdException);
                }
              }
            }
            return null;
          });
    } finally {
      executor.shutdown();
      assertTrue(executor.awaitTermination(60, TimeUnit.SECONDS));
    }
    assertTrue(cancelled.get() > 0);
    assertEquals(8 * 12 * (100 - 2) - cancelled.get(), answered.get());
    assertEquals(0, Casd.liveObjects());
  }

  @Test
  void closeDuringACallIsSafe() throws Exception {
    Support.collectUntil(() -> Casd.liveObjects() == 0);
    float[][] frames = Support.frames(1, 60, 60, 60);
    for (int round = 0; round < 100; ++round) {
      try (Model model = Support.model()) {
        Predictor predictor = Predictor.create(model);
        CountDownLatch begun = new CountDownLatch(2);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        List<Future<Integer>> futures = new ArrayList<>();
        for (int i = 0; i < 2; ++i) {
          futures.add(
              threads.submit(
                  () -> {
                    int calls = 0;
                    try (Prediction p = Prediction.create()) {
                      while (true) {
                        predictor.predict(frames, -1, p);
                        if (++calls == 1) {
                          begun.countDown();
                        }
                      }
                    } catch (IllegalStateException e) {
                      assertTrue(e.getMessage().contains("closed"), e.getMessage());
                    }
                    return calls;
                  }));
        }
        assertTrue(begun.await(60, TimeUnit.SECONDS));
        predictor.close();
        predictor.close();
        for (Future<Integer> future : futures) {
          assertTrue(future.get(60, TimeUnit.SECONDS) > 0);
        }
        threads.shutdown();
      }
    }
    assertEquals(0, Casd.liveObjects());
  }

  @Test
  void closeInsideTheTrainersListenerEndsAfterTheCall() throws Exception {
    Support.collectUntil(() -> Casd.liveObjects() == 0);
    try (Dataset data =
            Dataset.synthetic(new SyntheticOptions().trainSamples(32).validSamples(16));
        Model model = Model.create(data.schema(), new ModelOptions().hidden(8))) {
      Trainer trainer = Trainer.create(model, new TrainerOptions());
      failure(
          Status.CANCELLED,
          () ->
              trainer.fit(
                  data,
                  p -> {
                    trainer.close();
                    assertTrue(trainer.isClosed());
                    return false;
                  }));
      assertThrows(IllegalStateException.class, trainer::progress);
    }
    assertEquals(0, Casd.liveObjects());
  }

  @Test
  void aBusyObjectIsRefusedToAnotherThread() throws Exception {
    Handle handle = new Handle("Batch", 1, p -> {});
    handle.acquireExclusive();
    String message = assertThrows(IllegalStateException.class, handle::acquire).getMessage();
    assertTrue(message.contains("another thread is using this Batch"), message);
    assertThrows(IllegalStateException.class, handle::acquireExclusive);
    assertThrows(IllegalStateException.class, handle::acquireExclusiveBeside);
    handle.acquireBeside();
    handle.release();
    handle.releaseExclusive();
    handle.acquire();
    assertThrows(IllegalStateException.class, handle::acquireExclusive);
    handle.release();
    handle.acquireExclusive();
    handle.releaseExclusive();
  }

  /** Every order of close() and the end of a call destroys once. */
  @Test
  void handlesDestroyOnce() throws Exception {
    AtomicInteger destroyed = new AtomicInteger();
    for (int i = 0; i < 2000; ++i) {
      Handle handle = new Handle("Test", 1, p -> destroyed.incrementAndGet());
      handle.acquire();
      Thread closer = new Thread(handle);
      closer.start();
      handle.release();
      handle.run();
      closer.join();
      assertEquals(i + 1, destroyed.get());
      assertThrows(IllegalStateException.class, handle::acquire);
    }
    Handle handle = new Handle("Test", 1, p -> destroyed.incrementAndGet());
    handle.acquireExclusive();
    handle.acquireBeside();
    handle.run();
    handle.releaseExclusive();
    assertEquals(2000, destroyed.get());
    handle.release();
    assertEquals(2001, destroyed.get());
  }

  @Test
  void closedObjectsAreAnError() {
    List<NativeObject> objects = new ArrayList<>();
    Model model = Support.model();
    Predictor predictor = Predictor.create(model);
    Prediction prediction = Prediction.create();
    Batch batch = Batch.create(model.schema());
    Dataset data = Dataset.synthetic(new SyntheticOptions().trainSamples(9).validSamples(9));
    Model fitting = Model.create(data.schema(), new ModelOptions().hidden(8));
    Trainer trainer = Trainer.create(fitting, null);
    Predictor evaluating = Predictor.create(fitting);
    Report report = evaluating.evaluate(data, "valid");
    objects.add(predictor);
    objects.add(prediction);
    objects.add(batch);
    objects.add(data);
    objects.add(trainer);
    objects.add(report);
    objects.add(evaluating);
    objects.add(fitting);
    objects.add(model);
    for (NativeObject object : objects) {
      assertFalse(object.isClosed());
      object.close();
      object.close();
      assertTrue(object.isClosed());
    }
    float[][] frames = Support.frames(1, 1, 1, 1);
    try (Prediction open = Prediction.create()) {
      closed("Predictor", () -> predictor.predict(frames, -1, open));
      closed("Predictor", predictor::trim);
      closed("Predictor", () -> predictor.predictAsync(frames, -1));
    }
    closed("Prediction", prediction::rows);
    closed("Prediction", () -> prediction.get(Field.UNCERTAINTY));
    closed("Batch", batch::size);
    closed("Batch", batch::addSample);
    closed("Dataset", data::splits);
    closed("Trainer", trainer::progress);
    closed("Trainer", trainer::cancel);
    closed("Trainer", trainer::snapshot);
    closed("Report", report::json);
    closed("Model", model::info);
    closed("Model", () -> Predictor.create(model));
    closed("Model", () -> model.save(java.nio.file.Paths.get("never")));
  }

  private static void closed(String type, Executable call) {
    String message = assertThrows(IllegalStateException.class, call).getMessage();
    assertEquals("this " + type + " is closed", message);
  }

  @Test
  void droppedObjectsAreCollected() throws Exception {
    Support.collectUntil(() -> Casd.liveObjects() == 0);
    drop();
    assertTrue(Casd.liveObjects() >= 0);
    Support.collectUntil(() -> Casd.liveObjects() == 0 && Casd.liveBytes() == 0);
  }

  private static void drop() {
    Dataset data = Dataset.synthetic(new SyntheticOptions().trainSamples(9).validSamples(9));
    Model model = Model.create(data.schema(), new ModelOptions().hidden(8));
    Trainer.create(model, null);
    Predictor predictor = Predictor.create(model);
    predictor.evaluate(data, "valid");
    Batch batch = Batch.create(data.schema());
    data.read("valid", batch);
    predictor.predict(batch);
    assertEquals(7, Casd.liveObjects());
  }

  @Test
  void failedCallsLeaveNothingBehind() throws Exception {
    Support.collectUntil(() -> Casd.liveObjects() == 0);
    for (int i = 0; i < 100; ++i) {
      failure(Status.FORMAT, () -> Model.load(new byte[10]));
      failure(Status.INVALID_ARGUMENT, () -> Schema.builder().modality("", 1).build());
      failure(
          Status.INVALID_ARGUMENT,
          () -> Dataset.synthetic(new SyntheticOptions().trainSamples(0)));
    }
    assertEquals(0, Casd.liveObjects());
  }
}
