package org.casd;

/** Receives the progress of a calibration, and may cancel it. */
@FunctionalInterface
public interface CalibrationListener {
  /**
   * Called after every few hundred samples of each pass, on the thread that calibrates; in the last
   * call of a calibration that succeeds {@code done} is {@code total}.
   *
   * <p>An exception cancels the calibration, too, and is thrown by the call that calibrates.
   *
   * @param done work done so far, about in reads of a sample
   * @param total all work, the same in every call
   * @return true to go on; false cancels: the call that calibrates throws CasdException CANCELLED
   */
  boolean onProgress(long done, long total);
}
