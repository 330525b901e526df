package org.casd;

/** What native code calls after every step. Returns true to go on. */
interface TrainerCallback {
  boolean onProgress(
      int phase,
      int epoch,
      int epochs,
      long step,
      long steps,
      double loss,
      double score,
      double bestScore,
      double samplesPerSecond,
      double seconds,
      double secondsLeft);
}
