package org.casd;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Trains a model: a teacher on complete input, a student on corrupted input, calibration.
 *
 * <p>{@link #fit(Dataset)} does all of it. {@link #prepare(Batch)}, {@link #step(Batch)}, {@link
 * #calibrate(Batch)} do it step by step with the caller's own batches. {@link #snapshot()} gives
 * the
 * model.
 *
 * <p>Training runs in the plug-in {@code libcasd_torch}. The same seed gives the same bits for one
 * build and kind of processor, for any number of threads, whatever was interrupted and resumed in
 * between. One thread at a time, but {@link #cancel()}, {@link #progress()} and {@link #close()}
 * may
 * be called while another thread trains.
 */
public final class Trainer extends NativeObject {
  Trainer(long pointer) {
    super("Trainer", pointer, CasdJNI::casd_trainer_destroy);
  }

  /**
   * Makes a trainer that starts from a model: fresh, or trained before.
   *
   * @param model schema, sizes, rules and initial weights
   * @param options null: the defaults
   * @return the trainer
   * @throws CasdException INVALID_ARGUMENT if an option is out of range; UNAVAILABLE if the plug-in
   * or
   *     the device is missing (the message names each path tried); OUT_OF_MEMORY; DEVICE
   */
  public static Trainer create(Model model, TrainerOptions options) {
    long from = model.handle.acquire();
    try {
      return OptionStruct.withOptional(
          options, struct -> new Trainer(CasdJNI.casd_trainer_create(from, struct)));
    } finally {
      model.handle.release();
    }
  }

  /**
   * Makes a trainer from a checkpoint, with the options it was saved with.
   *
   * @param checkpoint a file that {@link #save(Path)} or {@link #fit(Dataset, Path,
   *     ProgressListener)} wrote
   * @return the trainer
   * @throws CasdException IO; FORMAT; VERSION; UNAVAILABLE; DEVICE; OUT_OF_MEMORY
   */
  public static Trainer load(Path checkpoint) {
    NativeLibrary.load();
    return new Trainer(CasdJNI.casd_trainer_load(checkpoint.toString()));
  }

  /**
   * Makes a trainer from a checkpoint with another engine than the one that saved it.
   *
   * @param checkpoint as in {@link #load(Path)}
   * @param engine becomes the option {@code engine}
   * @return the trainer
   * @throws CasdException as {@link #load(Path)}
   */
  public static Trainer load(Path checkpoint, EngineChoice engine) {
    NativeLibrary.load();
    return new Trainer(CasdJNI.casd_trainer_load_on(checkpoint.toString(), engine.value));
  }

  /**
   * Trains to the end: teacher, student, calibration.
   *
   * @param dataset splits {@code train} and {@code valid}
   * @throws CasdException as {@link #fit(Dataset, Path, ProgressListener)}
   */
  public void fit(Dataset dataset) {
    fit(dataset, null, null);
  }

  /**
   * Trains to the end: teacher, student, calibration.
   *
   * @param dataset splits {@code train} and {@code valid}
   * @param listener receives the progress after every step and may cancel
   * @throws CasdException as {@link #fit(Dataset, Path, ProgressListener)}
   */
  public void fit(Dataset dataset, ProgressListener listener) {
    fit(dataset, null, listener);
  }

  /**
   * Trains to the end: teacher, student, calibration. A trainer that was cancelled or loaded goes
   * on
   * where it was.
   *
   * @param dataset splits {@code train} and {@code valid}
   * @param checkpoint null, or a file that is written after every epoch and on cancellation
   * @param listener null, or receives the progress after every step and may cancel
   * @throws CasdException INVALID_ARGUMENT if the dataset does not fit or is another one than
   * before;
   *     CANCELLED; STATE in phase DONE; NUMERIC if the loss is not finite; IO if the checkpoint
   * cannot
   *     be written; DEVICE; OUT_OF_MEMORY
   */
  public void fit(Dataset dataset, Path checkpoint, ProgressListener listener) {
    long pointer = handle.acquireExclusiveBeside();
    try {
      run(pointer, dataset, checkpoint, listener);
    } finally {
      handle.releaseExclusive();
    }
  }

  private static void run(
      long pointer, Dataset dataset, Path checkpoint, ProgressListener listener) {
    TrainerCallback callback =
        listener == null
            ? null
            : (phase, epoch, epochs, step, steps, loss, score, best, speed, seconds, left) ->
                listener.onProgress(
                    new TrainProgress(
                        Phase.of(phase), epoch, epochs, step, steps, loss, score, best, speed,
                        seconds, left));
    long data = dataset.handle.acquire();
    try {
      CasdJNI.trainerFit(
          pointer, data, checkpoint == null ? null : checkpoint.toString(), callback);
    } finally {
      dataset.handle.release();
    }
  }

  /**
   * Trains to the end on another thread, as {@link #fit(Dataset, Path, ProgressListener)} does.
   *
   * <p>Cancelling the future cancels the training after its present step.
   *
   * @param dataset splits {@code train} and {@code valid}
   * @param checkpoint null, or a file that is written after every epoch and on cancellation
   * @param listener null, or receives the progress on the thread that trains
   * @param executor runs the training
   * @return a future of the trained model, which its receiver closes
   * @throws java.util.concurrent.RejectedExecutionException if the executor rejects it
   */
  public CompletableFuture<Model> fitAsync(
      Dataset dataset, Path checkpoint, ProgressListener listener, Executor executor) {
    CompletableFuture<Model> future =
        new CompletableFuture<>() {
          @Override
          public boolean cancel(boolean mayInterruptIfRunning) {
            boolean cancelled = super.cancel(mayInterruptIfRunning);
            if (cancelled && !isClosed()) {
              requestStop();
            }
            return cancelled;
          }
        };
    executor.execute(
        () -> {
          if (future.isDone()) {
            return;
          }
          try {
            // Asked again after every step, as cancel() may come before the training has begun.
            fit(
                dataset,
                checkpoint,
                progress ->
                    !future.isDone() && (listener == null || listener.onProgress(progress)));
            Model model = snapshot();
            if (!future.complete(model)) {
              model.close();
            }
          } catch (Throwable e) {
            future.completeExceptionally(e);
          }
        });
    return future;
  }

  private void requestStop() {
    try {
      cancel();
    } catch (IllegalStateException e) {
      // Closed meanwhile: nothing is left to stop.
    }
  }

  /**
   * Stops a running {@link #fit(Dataset)} or {@link #epoch(Dataset)} after its present step. Any
   * thread.
   */
  public void cancel() {
    long pointer = handle.acquireBeside();
    try {
      CasdJNI.casd_trainer_cancel(pointer);
    } finally {
      handle.release();
    }
  }

  /**
   * How far the training is. Any thread.
   *
   * @return the progress
   */
  public TrainProgress progress() {
    long pointer = handle.acquireBeside();
    try {
      return TrainProgress.read(struct -> CasdJNI.casd_trainer_progress(struct, pointer));
    } finally {
      handle.release();
    }
  }

  /**
   * One epoch of the present phase on split {@code train}, scored on split {@code valid}.
   *
   * @param dataset always the same one
   * @return the epoch's means; {@link TrainStats#goOn()} tells whether there is more to do
   * @throws CasdException as {@link #fit(Dataset, Path, ProgressListener)}
   */
  public TrainStats epoch(Dataset dataset) {
    long pointer = handle.acquireExclusiveBeside();
    try {
      long data = dataset.handle.acquire();
      try {
        return TrainStats.read(struct -> CasdJNI.casd_trainer_epoch(struct, pointer, data));
      } finally {
        dataset.handle.release();
      }
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Fits the normaliser, the targets' scale and the class weights on split {@code train}.
   *
   * @param dataset task and outputs of the model, modalities matched by name
   * @throws CasdException INVALID_ARGUMENT if the dataset does not fit or has no usable sample;
   * STATE
   *     after a {@link #step(Batch)}; DEVICE; OUT_OF_MEMORY
   */
  public void prepare(Dataset dataset) {
    long pointer = handle.acquireExclusiveBeside();
    try {
      long data = dataset.handle.acquire();
      try {
        CasdJNI.casd_trainer_prepare(pointer, data);
      } finally {
        dataset.handle.release();
      }
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Fits the normaliser, the targets' scale and the class weights on the caller's samples.
   *
   * @param batch as large as the training data, or a fair draw from it
   * @throws CasdException INVALID_ARGUMENT if the batch does not fit or has no usable sample; STATE
   *     after the first step; DEVICE; OUT_OF_MEMORY
   */
  public void prepare(Batch batch) {
    withBatch(batch, CasdJNI::casd_trainer_prepare_batch);
  }

  /**
   * Fits temperatures for the present weights on samples that were not trained on.
   *
   * @param heldOut samples without a modality or label are left out
   * @throws CasdException INVALID_ARGUMENT if the batch does not fit or has no usable sample; STATE
   * if
   *     the model was never trained; NUMERIC; DEVICE; OUT_OF_MEMORY
   */
  public void calibrate(Batch heldOut) {
    withBatch(heldOut, (trainer, batch) -> CasdJNI.casd_trainer_calibrate(trainer, 0, batch));
  }

  /**
   * As {@link #calibrate(Batch)}, and fits the linear maps again.
   *
   * @param train the samples that the model was trained on, or a random part of them; not the same
   *     batch as {@code heldOut}
   * @param heldOut samples that were not trained on
   * @throws CasdException as {@link #calibrate(Batch)}
   */
  public void calibrate(Batch train, Batch heldOut) {
    long learned = train.handle.acquireExclusive();
    try {
      withBatch(
          heldOut, (trainer, batch) -> CasdJNI.casd_trainer_calibrate(trainer, learned, batch));
    } finally {
      train.handle.releaseExclusive();
    }
  }

  /**
   * One step on the caller's batch: corruption (student), losses, gradient, Adam.
   *
   * @param batch at least one sample, each with a modality
   * @return what it resulted in
   * @throws CasdException INVALID_ARGUMENT if the batch does not fit; STATE if the trainer was not
   *     prepared, or in phase DONE; NUMERIC if the loss is not finite (the weights are as before);
   *     DEVICE; OUT_OF_MEMORY
   */
  public TrainStats step(Batch batch) {
    TrainStats[] out = new TrainStats[1];
    withBatch(
        batch,
        (trainer, samples) ->
            out[0] =
                TrainStats.read(struct -> CasdJNI.casd_train_step(struct, trainer, samples)));
    return out[0];
  }

  private interface BatchCall {
    void run(long trainer, long batch);
  }

  private void withBatch(Batch batch, BatchCall call) {
    long pointer = handle.acquireExclusiveBeside();
    try {
      long samples = batch.handle.acquireExclusive();
      try {
        call.run(pointer, samples);
      } finally {
        batch.handle.releaseExclusive();
      }
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * The present phase.
   *
   * @return the phase
   */
  public Phase phase() {
    long pointer = handle.acquireExclusiveBeside();
    try {
      return Phase.of(CasdJNI.casd_trainer_phase(pointer));
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * The pooling that the training began with: AUTO also when it is decided. The options of a
   * snapshot name the one in use.
   *
   * @return the pooling
   */
  public Pooling pooling() {
    long pointer = handle.acquireExclusiveBeside();
    try {
      return Pooling.of(CasdJNI.casd_trainer_pooling(pointer));
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * A number of the last epoch, or of the finished model, measured on split {@code valid} or what is
   * held out.
   *
   * @param quantity which one
   * @param mask one modality, or the modalities of a condition as {@link Report#conditions()}
   * @return the number; NaN before the first epoch, and if no sample has the modalities
   * @throws CasdException INVALID_ARGUMENT if the mask is 0, has bits beyond the schema, or not one
   *     bit where one modality is needed; NOT_FOUND if it is not a condition
   */
  public double monitorValue(TrainQuantity quantity, int mask) {
    long pointer = handle.acquireExclusiveBeside();
    try {
      return Double.longBitsToDouble(
          CasdJNI.casd_trainer_monitor_value(pointer, quantity.value, mask));
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Remarks on the finished training, or of the last calibration: what was seen and what to do.
   *
   * @return a new list; empty before
   */
  public List<String> remarks() {
    long pointer = handle.acquireExclusiveBeside();
    try {
      List<String> out = new ArrayList<>();
      for (String remark; (remark = CasdJNI.casd_trainer_remark(pointer, out.size())) != null; ) {
        out.add(remark);
      }
      return out;
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Chooses what {@link #step(Batch)} does; a new trainer is in the teacher's phase.
   *
   * @param phase TEACHER or STUDENT
   * @throws CasdException INVALID_ARGUMENT for DONE; STATE for going back; DEVICE; OUT_OF_MEMORY
   */
  public void setPhase(Phase phase) {
    long pointer = handle.acquireExclusiveBeside();
    try {
      CasdJNI.casd_trainer_set_phase(pointer, phase.value);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Sets the teacher of the student's phase.
   *
   * @param model same modalities, task, outputs, hidden size and normaliser
   * @throws CasdException INVALID_ARGUMENT if it does not fit; STATE if the options have no such
   * teacher
   *     or the student's phase has begun; OUT_OF_MEMORY
   */
  public void setTeacher(Model model) {
    long pointer = handle.acquireExclusiveBeside();
    try {
      long teacher = model.handle.acquire();
      try {
        CasdJNI.casd_trainer_set_teacher(pointer, teacher);
      } finally {
        model.handle.release();
      }
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * A model of the present weights: in phase DONE the best epoch's, calibrated.
   *
   * @return a new model
   * @throws CasdException DEVICE; OUT_OF_MEMORY
   */
  public Model snapshot() {
    long pointer = handle.acquireExclusiveBeside();
    try {
      return new Model(CasdJNI.casd_trainer_snapshot(pointer));
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Saves everything needed to go on to the same bits.
   *
   * @param checkpoint the file; it holds either the old or the new checkpoint at every moment
   * @throws CasdException IO; DEVICE; OUT_OF_MEMORY
   */
  public void save(Path checkpoint) {
    long pointer = handle.acquireExclusiveBeside();
    try {
      CasdJNI.casd_trainer_save(pointer, checkpoint.toString());
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * The options the trainer was made with. Each "auto" is replaced by its number as soon as the
   * trainer
   * has seen its dataset.
   *
   * @return new options
   */
  public TrainerOptions options() {
    long pointer = handle.acquireExclusiveBeside();
    try {
      return new TrainerOptions()
          .change(struct -> CasdJNI.casd_trainer_get_options(struct, pointer));
    } finally {
      handle.releaseExclusive();
    }
  }
}
