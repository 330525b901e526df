package org.casd;

/**
 * What native code calls after every few hundred samples of an evaluation or a calibration. Returns
 * true to go on.
 */
interface EvaluationCallback {
  boolean onProgress(long done, long total);
}
