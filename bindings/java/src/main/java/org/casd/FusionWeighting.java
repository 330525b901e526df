package org.casd;

/** How modalities are weighted in the fusion; weights are normalised to sum 1. */
public enum FusionWeighting {
  /** By nu - 2. */
  EXCESS_DEGREES_OF_FREEDOM(CasdNativeConstants.CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM),
  /** By nu. */
  DEGREES_OF_FREEDOM(CasdNativeConstants.CASD_WEIGHTS_DEGREES_OF_FREEDOM),
  /** By 1 / variance. */
  PRECISION(CasdNativeConstants.CASD_WEIGHTS_PRECISION),
  /** All alike. */
  EQUAL(CasdNativeConstants.CASD_WEIGHTS_EQUAL);

  private static final FusionWeighting[] ALL = values();

  final int value;

  FusionWeighting(int value) {
    this.value = value;
  }

  static FusionWeighting of(int value) {
    for (FusionWeighting item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown FusionWeighting " + value);
  }
}
