package org.casd;

import java.nio.FloatBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;

/**
 * Runs a model on a device. Any number of threads may use one predictor at once; results are the
 * same
 * bits as those of one thread alone. Each thread needs its own {@link Prediction}.
 *
 * <p>The fast path is {@link #predict(float[], int[], int, Prediction)} or its form for direct
 * buffers, then {@link Prediction#copy(FieldList, float[], int)}: two native calls, no allocation.
 */
public final class Predictor extends NativeObject {
  private final Schema schema;
  private final int[] features;

  private Predictor(long pointer, Schema schema) {
    super("Predictor", pointer, CasdJNI::casd_predictor_destroy);
    this.schema = schema;
    features = schema.modalities().stream().mapToInt(Modality::features).toArray();
  }

  /**
   * Makes a predictor on the CPU. The model may be closed afterwards.
   *
   * @param model the model
   * @return the predictor
   * @throws CasdException OUT_OF_MEMORY
   */
  public static Predictor create(Model model) {
    return create(model, null);
  }

  /**
   * Makes a predictor. The model may be closed afterwards.
   *
   * @param model the model
   * @param options null: the defaults
   * @return the predictor
   * @throws CasdException INVALID_ARGUMENT; UNAVAILABLE if there is no such device, or the plug-in
   * it
   *     needs is missing (the message names each path tried); OUT_OF_MEMORY
   */
  public static Predictor create(Model model, PredictorOptions options) {
    Schema schema = model.schema();
    long from = model.handle.acquire();
    try {
      return OptionStruct.withOptional(
          options,
          struct -> new Predictor(CasdJNI.casd_predictor_create(from, struct), schema));
    } finally {
      model.handle.release();
    }
  }

  /**
   * The schema of the model.
   *
   * @return the schema
   */
  public Schema schema() {
    return schema;
  }

  /**
   * Runs the model on every sample of a batch, with all modalities.
   *
   * @param batch at least one sample
   * @return a new prediction
   * @throws CasdException as {@link #predict(Batch, int, Prediction)}
   */
  public Prediction predict(Batch batch) {
    return filled(into -> predict(batch, Schema.ALL_MODALITIES, into));
  }

  /**
   * Runs the model on every sample of a batch.
   *
   * @param batch at least one sample; its modalities are matched with the model's by name
   * @param mask {@link Schema#ALL_MODALITIES} or some bits of the model's schema, not 0. Values
   *     behind
   *     a cleared bit are never read
   * @param into receives the results; on an exception it keeps the old ones
   * @throws CasdException INVALID_ARGUMENT if the batch is empty or does not fit, the mask is 0 or
   * has
   *     bits beyond the schema, a sample is too long, or a sample is left without a modality (it is
   *     named); OUT_OF_MEMORY; DEVICE
   */
  public void predict(Batch batch, int mask, Prediction into) {
    long predictor = handle.acquire();
    try {
      long samples = batch.handle.acquireExclusive();
      try {
        long prediction = into.handle.acquireExclusive();
        try {
          CasdJNI.casd_predict(prediction, predictor, samples, mask);
        } finally {
          into.handle.releaseExclusive();
        }
      } finally {
        batch.handle.releaseExclusive();
      }
    } finally {
      handle.release();
    }
  }

  /**
   * Runs the model on one sample, with all modalities that it has.
   *
   * @param frames as for {@link #predict(float[][], int, Prediction)}
   * @return a new prediction with one row
   * @throws CasdException as {@link #predict(float[][], int, Prediction)}
   */
  public Prediction predict(float[][] frames) {
    return filled(into -> predict(frames, Schema.ALL_MODALITIES, into));
  }

  /**
   * Runs the model on one sample.
   *
   * @param frames one array per modality in the order of the model's schema: [steps, features],
   *     row-major; null or empty: the modality is missing
   * @param mask {@link Schema#ALL_MODALITIES} or some bits of the schema, not 0
   * @param into receives the results, one row; on an exception it keeps the old ones
   * @throws CasdException INVALID_ARGUMENT if the number of arrays is not that of the modalities,
   * an
   *     array is no whole number of frames, there are too many frames, the mask is 0 or has bits
   *     beyond the schema, or no modality is left; OUT_OF_MEMORY; DEVICE
   */
  public void predict(float[][] frames, int mask, Prediction into) {
    check(frames);
    long predictor = handle.acquire();
    try {
      long prediction = into.handle.acquireExclusive();
      try {
        CasdJNI.predictFrames(prediction, predictor, frames, features, mask);
      } finally {
        into.handle.releaseExclusive();
      }
    } finally {
      handle.release();
    }
  }

  private void check(float[][] frames) {
    if (frames.length != features.length) {
      throw new CasdException(
          Status.INVALID_ARGUMENT,
          frames.length + " arrays of frames, but the model has " + features.length
              + " modalities");
    }
    for (int i = 0; i < features.length; ++i) {
      if (frames[i] != null && frames[i].length % features[i] != 0) {
        throw new CasdException(
            Status.INVALID_ARGUMENT,
            "modality '" + schema.modalities().get(i).name() + "' has " + features[i]
                + " features: " + frames[i].length + " numbers are no whole number of frames");
      }
    }
  }

  /**
   * Runs the model on one sample whose frames stand in one array. Allocates nothing.
   *
   * @param values the frames of all modalities, one modality after the other in the order of the
   *     model's schema; exactly the sum of steps * features numbers
   * @param steps number of frames per modality; 0: the modality is missing
   * @param mask {@link Schema#ALL_MODALITIES} or some bits of the schema, not 0
   * @param into receives the results, one row; on an exception it keeps the old ones
   * @throws CasdException INVALID_ARGUMENT if the number of values is another one than steps and
   *     features make (the message has both), or as {@link #predict(float[][], int, Prediction)};
   *     OUT_OF_MEMORY; DEVICE
   */
  public void predict(float[] values, int[] steps, int mask, Prediction into) {
    predict(values, 0, values.length, steps, mask, into);
  }

  /**
   * Runs the model on one sample whose frames stand in a part of an array. Allocates nothing.
   *
   * @param values the array
   * @param offset index of the first number
   * @param count how many numbers: exactly the sum of steps * features
   * @param steps number of frames per modality; 0: the modality is missing
   * @param mask {@link Schema#ALL_MODALITIES} or some bits of the schema, not 0
   * @param into receives the results, one row; on an exception it keeps the old ones
   * @throws CasdException as {@link #predict(float[], int[], int, Prediction)}
   * @throws IndexOutOfBoundsException if the part is not inside the array
   */
  public void predict(
      float[] values, int offset, int count, int[] steps, int mask, Prediction into) {
    java.util.Objects.checkFromIndexSize(offset, count, values.length);
    java.util.Objects.requireNonNull(steps, "steps");
    long predictor = handle.acquire();
    try {
      long prediction = into.handle.acquireExclusive();
      try {
        CasdJNI.predictPacked(prediction, predictor, values, offset, count, steps, mask);
      } finally {
        into.handle.releaseExclusive();
      }
    } finally {
      handle.release();
    }
  }

  /**
   * Runs the model on one sample whose frames stand in a direct buffer, which is read in place.
   * Allocates nothing.
   *
   * @param values from its position to its limit: the frames of all modalities, as for {@link
   *     #predict(float[], int[], int, Prediction)}; direct, in the processor's byte order. The
   *     position stays. No thread may write to it during the call
   * @param steps number of frames per modality; 0: the modality is missing
   * @param mask {@link Schema#ALL_MODALITIES} or some bits of the schema, not 0
   * @param into receives the results, one row; on an exception it keeps the old ones
   * @throws CasdException as {@link #predict(float[], int[], int, Prediction)}
   * @throws IllegalArgumentException if the buffer is not direct or has another byte order
   */
  public void predict(FloatBuffer values, int[] steps, int mask, Prediction into) {
    Buffers.direct(values);
    java.util.Objects.requireNonNull(steps, "steps");
    long predictor = handle.acquire();
    try {
      long prediction = into.handle.acquireExclusive();
      try {
        CasdJNI.predictPackedDirect(
            prediction, predictor, values, values.position(), values.remaining(), steps, mask);
      } finally {
        into.handle.releaseExclusive();
      }
    } finally {
      handle.release();
    }
  }

  /**
   * Runs the model on one sample in the common pool, see {@link #predictAsync(float[][], int,
   * Executor)}.
   *
   * @param frames as for {@link #predict(float[][], int, Prediction)}
   * @param mask {@link Schema#ALL_MODALITIES} or some bits of the schema, not 0
   * @return a future of a new prediction, which its receiver closes
   * @throws CasdException if the frames do not fit
   */
  public CompletableFuture<Prediction> predictAsync(float[][] frames, int mask) {
    return predictAsync(frames, mask, ForkJoinPool.commonPool());
  }

  /**
   * Runs the model on one sample on another thread.
   *
   * <p>The frames are copied to native memory before the method returns; the arrays may be changed
   * afterwards. The predictor may be closed, too: predictions that were submitted still run. A
   * future
   * that is cancelled before its prediction began does not run it. The result of a future that was
   * cancelled or completed by others is released.
   *
   * @param frames as for {@link #predict(float[][], int, Prediction)}
   * @param mask {@link Schema#ALL_MODALITIES} or some bits of the schema, not 0
   * @param executor runs the prediction
   * @return a future of a new prediction, which its receiver closes; it completes with
   *     CasdException
   *     as {@link #predict(Batch, int, Prediction)} throws
   * @throws CasdException if the frames do not fit
   * @throws java.util.concurrent.RejectedExecutionException if the executor rejects it
   */
  public CompletableFuture<Prediction> predictAsync(float[][] frames, int mask, Executor executor) {
    check(frames);
    return submit(
        batch -> {
          for (int i = 0; i < features.length; ++i) {
            if (frames[i] != null && frames[i].length > 0) {
              batch.setFrames(0, i, frames[i], features[i]);
            }
          }
        },
        mask,
        executor);
  }

  /**
   * Runs the model on one sample whose frames stand in one array on another thread, see {@link
   * #predictAsync(float[][], int, Executor)}.
   *
   * @param values as for {@link #predict(float[], int[], int, Prediction)}
   * @param steps number of frames per modality; 0: the modality is missing
   * @param mask {@link Schema#ALL_MODALITIES} or some bits of the schema, not 0
   * @param executor runs the prediction
   * @return a future of a new prediction, which its receiver closes
   * @throws CasdException INVALID_ARGUMENT if values and steps do not fit
   * @throws java.util.concurrent.RejectedExecutionException if the executor rejects it
   */
  public CompletableFuture<Prediction> predictAsync(
      float[] values, int[] steps, int mask, Executor executor) {
    long needed = 0;
    for (int i = 0; i < Math.min(steps.length, features.length); ++i) {
      needed += (long) Math.max(steps[i], 0) * features[i];
    }
    if (steps.length != features.length || needed != values.length) {
      throw new CasdException(
          Status.INVALID_ARGUMENT,
          values.length + " values and " + steps.length + " numbers of frames, but the "
              + features.length + " modalities need " + needed + " values");
    }
    return submit(
        batch -> {
          int offset = 0;
          for (int i = 0; i < features.length; ++i) {
            if (steps[i] > 0) {
              batch.setFrames(0, i, values, offset, steps[i], features[i], 0);
              offset += steps[i] * features[i];
            }
          }
        },
        mask,
        executor);
  }

  private CompletableFuture<Prediction> submit(
      java.util.function.Consumer<Batch> fill, int mask, Executor executor) {
    Batch batch = Batch.create(schema);
    AsyncPrediction task;
    try {
      batch.addSample();
      fill.accept(batch);
      task = new AsyncPrediction(handle, batch, mask);
    } catch (RuntimeException | Error e) {
      batch.close();
      throw e;
    }
    try {
      executor.execute(task);
    } catch (RuntimeException | Error e) {
      task.discard();
      throw e;
    }
    return task.future();
  }

  /**
   * Releases the memory of all workspaces that no call is using, for example after a very long
   * sequence or a peak of concurrent calls.
   */
  public void trim() {
    long pointer = handle.acquire();
    try {
      CasdJNI.casd_predictor_trim(pointer);
    } finally {
      handle.release();
    }
  }

  /**
   * Evaluates the model on a split under every condition.
   *
   * @param dataset task and outputs of the model; modalities matched by name
   * @param split which samples
   * @return the report
   * @throws CasdException as {@link #evaluate(Dataset, String, int, EvaluationListener)}
   */
  public Report evaluate(Dataset dataset, String split) {
    return evaluate(dataset, split, Schema.ALL_MODALITIES, null);
  }

  /**
   * Evaluates the model on a split.
   *
   * @param dataset task and outputs of the model; modalities matched by name
   * @param split which samples
   * @param mask {@link Schema#ALL_MODALITIES}: every condition of the modalities that the dataset
   *     has;
   *     else only those whose modalities are all in it
   * @param listener null, or receives the progress and may cancel
   * @return the report
   * @throws CasdException NOT_FOUND if there is no such split; INVALID_ARGUMENT if the schema or
   * the
   *     mask does not match, or a sample has too many frames; CANCELLED; DEVICE; OUT_OF_MEMORY
   */
  public Report evaluate(Dataset dataset, String split, int mask, EvaluationListener listener) {
    EvaluationCallback callback = listener == null ? null : listener::onProgress;
    long predictor = handle.acquire();
    try {
      long data = dataset.handle.acquire();
      try {
        return new Report(CasdJNI.evaluate(predictor, data, split, mask, callback));
      } finally {
        dataset.handle.release();
      }
    } finally {
      handle.release();
    }
  }

  private interface Fill {
    void into(Prediction prediction);
  }

  private static Prediction filled(Fill fill) {
    Prediction out = Prediction.create();
    try {
      fill.into(out);
      return out;
    } catch (RuntimeException | Error e) {
      out.close();
      throw e;
    }
  }
}
