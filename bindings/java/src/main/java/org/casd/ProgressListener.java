package org.casd;

/** Receives the progress of a training, and may cancel it. */
@FunctionalInterface
public interface ProgressListener {
  /**
   * Called after every step, after an epoch's last one with its score, on the thread that trains.
   *
   * <p>An exception cancels the training, too, and is thrown by the call that trains.
   *
   * @param progress how far the training is
   * @return true to go on; false cancels: the call that trains throws CasdException CANCELLED
   */
  boolean onProgress(TrainProgress progress);
}
