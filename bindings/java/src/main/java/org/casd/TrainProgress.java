package org.casd;

/**
 * How far a training is.
 */
public final class TrainProgress {
  private final Phase phase;
  private final int epoch;
  private final int epochs;
  private final long step;
  private final long steps;
  private final double loss;
  private final double score;
  private final double bestScore;
  private final double samplesPerSecond;
  private final double seconds;
  private final double secondsLeft;

  TrainProgress(
      Phase phase,
      int epoch,
      int epochs,
      long step,
      long steps,
      double loss,
      double score,
      double bestScore,
      double samplesPerSecond,
      double seconds,
      double secondsLeft) {
    this.phase = phase;
    this.epoch = epoch;
    this.epochs = epochs;
    this.step = step;
    this.steps = steps;
    this.loss = loss;
    this.score = score;
    this.bestScore = bestScore;
    this.samplesPerSecond = samplesPerSecond;
    this.seconds = seconds;
    this.secondsLeft = secondsLeft;
  }

  /** Runs a function that fills the struct, and reads it. */
  static TrainProgress read(java.util.function.LongConsumer fill) {
    long struct = CasdJNI.new_casd_train_progress();
    try {
      CasdJNI.casd_train_progress_init(struct);
      fill.accept(struct);
      return new TrainProgress(
          Phase.of(CasdJNI.casd_train_progress_phase_get(struct)),
          CasdJNI.casd_train_progress_epoch_get(struct),
          CasdJNI.casd_train_progress_epochs_get(struct),
          CasdJNI.casd_train_progress_step_get(struct),
          CasdJNI.casd_train_progress_steps_get(struct),
          CasdJNI.casd_train_progress_loss_get(struct),
          CasdJNI.casd_train_progress_score_get(struct),
          CasdJNI.casd_train_progress_best_score_get(struct),
          CasdJNI.casd_train_progress_samples_per_second_get(struct),
          CasdJNI.casd_train_progress_seconds_get(struct),
          CasdJNI.casd_train_progress_seconds_left_get(struct));
    } finally {
      CasdJNI.delete_casd_train_progress(struct);
    }
  }

  /**
   * The phase.
   *
   * @return the value
   */
  public Phase phase() {
    return phase;
  }

  /**
   * The epoch, from 0.
   *
   * @return the value
   */
  public int epoch() {
    return epoch;
  }

  /**
   * Most epochs of the phase.
   *
   * @return the value
   */
  public int epochs() {
    return epochs;
  }

  /**
   * Steps taken in this epoch.
   *
   * @return the value
   */
  public long step() {
    return step;
  }

  /**
   * Steps of an epoch.
   *
   * @return the value
   */
  public long steps() {
    return steps;
  }

  /**
   * Mean loss of this epoch so far.
   *
   * @return the value
   */
  public double loss() {
    return loss;
  }

  /**
   * Selection score of the last finished epoch; NaN before.
   *
   * @return the value
   */
  public double score() {
    return score;
  }

  /**
   * The phase's best score; NaN before.
   *
   * @return the value
   */
  public double bestScore() {
    return bestScore;
  }

  /**
   * Speed of this call so far.
   *
   * @return the value
   */
  public double samplesPerSecond() {
    return samplesPerSecond;
  }

  /**
   * Seconds since the call began.
   *
   * @return the value
   */
  public double seconds() {
    return seconds;
  }

  /**
   * Seconds left if neither phase stops early.
   *
   * @return the value
   */
  public double secondsLeft() {
    return secondsLeft;
  }

  /** All values as text. */
  @Override
  public String toString() {
    return "TrainProgress[phase=" + phase
        + ", epoch=" + epoch
        + ", epochs=" + epochs
        + ", step=" + step
        + ", steps=" + steps
        + ", loss=" + loss
        + ", score=" + score
        + ", bestScore=" + bestScore
        + ", samplesPerSecond=" + samplesPerSecond
        + ", seconds=" + seconds
        + ", secondsLeft=" + secondsLeft
        + "]";
  }
}
