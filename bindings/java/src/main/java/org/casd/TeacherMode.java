package org.casd;

/** Which network is the teacher of the distillation. */
public enum TeacherMode {
  /** The best epoch of the teacher's phase. */
  FROZEN(CasdNativeConstants.CASD_TEACHER_FROZEN),
  /** Starts as that; follows the student as a moving average. */
  EMA(CasdNativeConstants.CASD_TEACHER_EMA),
  /** The student itself, on complete input. */
  SHARED(CasdNativeConstants.CASD_TEACHER_SHARED),
  /** No teacher: no teacher's phase, no distillation. */
  NONE(CasdNativeConstants.CASD_TEACHER_NONE);

  private static final TeacherMode[] ALL = values();

  final int value;

  TeacherMode(int value) {
    this.value = value;
  }

  static TeacherMode of(int value) {
    for (TeacherMode item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown TeacherMode " + value);
  }
}
