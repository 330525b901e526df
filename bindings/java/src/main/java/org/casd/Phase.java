package org.casd;

/** Part of the training. */
public enum Phase {
  /** Complete input, task loss only. */
  TEACHER(CasdNativeConstants.CASD_PHASE_TEACHER),
  /** Corrupted input, all losses. */
  STUDENT(CasdNativeConstants.CASD_PHASE_STUDENT),
  /** Both are over; the model is calibrated. */
  DONE(CasdNativeConstants.CASD_PHASE_DONE);

  private static final Phase[] ALL = values();

  final int value;

  Phase(int value) {
    this.value = value;
  }

  static Phase of(int value) {
    for (Phase item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown Phase " + value);
  }
}
