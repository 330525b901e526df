package org.casd;

/** How the variance of the fused law is computed; C the weights, V the variances. */
public enum FusedVariance {
  /** Sum of C^2 V: independent estimates, weighted sum. */
  WEIGHTED(CasdNativeConstants.CASD_FUSED_VARIANCE_WEIGHTED),
  /** Mean of V. */
  MEAN(CasdNativeConstants.CASD_FUSED_VARIANCE_MEAN);

  private static final FusedVariance[] ALL = values();

  final int value;

  FusedVariance(int value) {
    this.value = value;
  }

  static FusedVariance of(int value) {
    for (FusedVariance item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown FusedVariance " + value);
  }
}
