package org.casd;

/**
 * What one step, or the mean of the steps of an epoch, resulted in.
 */
public final class TrainStats {
  private final Phase phase;
  private final int epoch;
  private final boolean goOn;
  private final long step;
  private final long samples;
  private final double loss;
  private final double taskLoss;
  private final double logitLoss;
  private final double uncertaintyLoss;
  private final double evidenceLoss;
  private final double gradientNorm;
  private final double learningRate;
  private final double score;
  private final double bestScore;

  TrainStats(
      Phase phase,
      int epoch,
      boolean goOn,
      long step,
      long samples,
      double loss,
      double taskLoss,
      double logitLoss,
      double uncertaintyLoss,
      double evidenceLoss,
      double gradientNorm,
      double learningRate,
      double score,
      double bestScore) {
    this.phase = phase;
    this.epoch = epoch;
    this.goOn = goOn;
    this.step = step;
    this.samples = samples;
    this.loss = loss;
    this.taskLoss = taskLoss;
    this.logitLoss = logitLoss;
    this.uncertaintyLoss = uncertaintyLoss;
    this.evidenceLoss = evidenceLoss;
    this.gradientNorm = gradientNorm;
    this.learningRate = learningRate;
    this.score = score;
    this.bestScore = bestScore;
  }

  /** Runs a function that fills the struct, and reads it. */
  static TrainStats read(java.util.function.LongConsumer fill) {
    long struct = CasdJNI.new_casd_train_stats();
    try {
      CasdJNI.casd_train_stats_init(struct);
      fill.accept(struct);
      return new TrainStats(
          Phase.of(CasdJNI.casd_train_stats_phase_get(struct)),
          CasdJNI.casd_train_stats_epoch_get(struct),
          CasdJNI.casd_train_stats_go_on_get(struct) != 0,
          CasdJNI.casd_train_stats_step_get(struct),
          CasdJNI.casd_train_stats_samples_get(struct),
          CasdJNI.casd_train_stats_loss_get(struct),
          CasdJNI.casd_train_stats_task_loss_get(struct),
          CasdJNI.casd_train_stats_logit_loss_get(struct),
          CasdJNI.casd_train_stats_uncertainty_loss_get(struct),
          CasdJNI.casd_train_stats_evidence_loss_get(struct),
          CasdJNI.casd_train_stats_gradient_norm_get(struct),
          CasdJNI.casd_train_stats_learning_rate_get(struct),
          CasdJNI.casd_train_stats_score_get(struct),
          CasdJNI.casd_train_stats_best_score_get(struct));
    } finally {
      CasdJNI.delete_casd_train_stats(struct);
    }
  }

  /**
   * The phase it belongs to.
   *
   * @return the value
   */
  public Phase phase() {
    return phase;
  }

  /**
   * The epoch, from 0; of {@link Trainer#epoch(Dataset)} only.
   *
   * @return the value
   */
  public int epoch() {
    return epoch;
  }

  /**
   * {@link Trainer#epoch(Dataset)}: true while there is more to do.
   *
   * @return the value
   */
  public boolean goOn() {
    return goOn;
  }

  /**
   * Steps taken in this phase.
   *
   * @return the value
   */
  public long step() {
    return step;
  }

  /**
   * Samples seen.
   *
   * @return the value
   */
  public long samples() {
    return samples;
  }

  /**
   * The total loss.
   *
   * @return the value
   */
  public double loss() {
    return loss;
  }

  /**
   * Cross-entropy or squared error.
   *
   * @return the value
   */
  public double taskLoss() {
    return taskLoss;
  }

  /**
   * Jensen-Shannon divergence; NaN where there is no such term.
   *
   * @return the value
   */
  public double logitLoss() {
    return logitLoss;
  }

  /**
   * Before its weight; NaN where there is no such term.
   *
   * @return the value
   */
  public double uncertaintyLoss() {
    return uncertaintyLoss;
  }

  /**
   * Before its weight; NaN where there is no such term.
   *
   * @return the value
   */
  public double evidenceLoss() {
    return evidenceLoss;
  }

  /**
   * Norm of the gradient before clipping.
   *
   * @return the value
   */
  public double gradientNorm() {
    return gradientNorm;
  }

  /**
   * The learning rate in use.
   *
   * @return the value
   */
  public double learningRate() {
    return learningRate;
  }

  /**
   * Selection score of the epoch on split valid: mean F1 in % (regression: minus the mean absolute
   * error); NaN where
   * none was computed.
   *
   * @return the value
   */
  public double score() {
    return score;
  }

  /**
   * The phase's best score so far; NaN before there is one.
   *
   * @return the value
   */
  public double bestScore() {
    return bestScore;
  }

  /** All values as text. */
  @Override
  public String toString() {
    return "TrainStats[phase=" + phase
        + ", epoch=" + epoch
        + ", goOn=" + goOn
        + ", step=" + step
        + ", samples=" + samples
        + ", loss=" + loss
        + ", taskLoss=" + taskLoss
        + ", logitLoss=" + logitLoss
        + ", uncertaintyLoss=" + uncertaintyLoss
        + ", evidenceLoss=" + evidenceLoss
        + ", gradientNorm=" + gradientNorm
        + ", learningRate=" + learningRate
        + ", score=" + score
        + ", bestScore=" + bestScore
        + "]";
  }
}
