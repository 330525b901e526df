package org.casd;

/** How the representation is sampled in training. */
public enum SamplingMode {
  /** Student's t, no gradient through the noise. */
  STUDENT_T(CasdNativeConstants.CASD_SAMPLING_STUDENT_T),
  /** Student's t, implicit gradient through its Gamma variate. */
  IMPLICIT(CasdNativeConstants.CASD_SAMPLING_IMPLICIT),
  /** A normal distribution of the fused variance. */
  GAUSSIAN(CasdNativeConstants.CASD_SAMPLING_GAUSSIAN),
  /** The location itself. */
  NONE(CasdNativeConstants.CASD_SAMPLING_NONE);

  private static final SamplingMode[] ALL = values();

  final int value;

  SamplingMode(int value) {
    this.value = value;
  }

  static SamplingMode of(int value) {
    for (SamplingMode item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown SamplingMode " + value);
  }
}
