package org.casd;

/** Receives the progress of an evaluation, and may cancel it. */
@FunctionalInterface
public interface EvaluationListener {
  /**
   * Called after every few hundred samples, on the thread that evaluates.
   *
   * <p>An exception cancels the evaluation, too, and is thrown by the call that evaluates.
   *
   * @param done samples evaluated so far, under all conditions
   * @param total samples in the split
   * @return true to go on; false cancels: the call that evaluates throws CasdException CANCELLED
   */
  boolean onProgress(long done, long total);
}
