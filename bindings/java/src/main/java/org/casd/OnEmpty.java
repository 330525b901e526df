package org.casd;

/** What a prediction does with a sample that is left without a modality. */
public enum OnEmpty {
  /** The call fails; the message names the sample. */
  ERROR(CasdNativeConstants.CASD_EMPTY_ERROR),
  /** Its row is NaN; {@link Prediction#rowStatus(long)} is {@link Status#STATE}. */
  NAN(CasdNativeConstants.CASD_EMPTY_NAN);

  private static final OnEmpty[] ALL = values();

  final int value;

  OnEmpty(int value) {
    this.value = value;
  }

  static OnEmpty of(int value) {
    for (OnEmpty item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown OnEmpty " + value);
  }
}
