package org.casd;

import java.lang.ref.Cleaner;
import java.util.concurrent.CompletableFuture;

/**
 * A submitted prediction. It counts as a call of its predictor until it has run, was discarded, or
 * is
 * collected because the executor dropped it.
 */
final class AsyncPrediction implements Runnable {
  private final CompletableFuture<Prediction> future = new CompletableFuture<>();
  private final long predictor;
  private final Batch batch;
  private final int mask;
  private final Cleaner.Cleanable use;

  AsyncPrediction(Handle predictor, Batch batch, int mask) {
    this.predictor = predictor.acquire();
    this.batch = batch;
    this.mask = mask;
    use = NativeObject.whenCollected(this, predictor::release);
  }

  CompletableFuture<Prediction> future() {
    return future;
  }

  void discard() {
    batch.close();
    use.clean();
  }

  @Override
  public void run() {
    try {
      if (!future.isDone()) {
        Prediction out = predict();
        if (!future.complete(out)) {
          out.close();
        }
      }
    } catch (Throwable e) {
      future.completeExceptionally(e);
    } finally {
      discard();
    }
  }

  private Prediction predict() {
    Prediction out = Prediction.create();
    try {
      long samples = batch.handle.acquireExclusive();
      try {
        long prediction = out.handle.acquireExclusive();
        try {
          CasdJNI.casd_predict(prediction, predictor, samples, mask);
        } finally {
          out.handle.releaseExclusive();
        }
      } finally {
        batch.handle.releaseExclusive();
      }
      return out;
    } catch (RuntimeException | Error e) {
      out.close();
      throw e;
    }
  }
}
