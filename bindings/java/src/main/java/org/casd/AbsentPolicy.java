package org.casd;

/** How a missing modality is treated. */
public enum AbsentPolicy {
  /** It takes no part, its encoder does not run. */
  EXCLUDED(CasdNativeConstants.CASD_ABSENT_EXCLUDED),
  /** It takes part as a sequence of zero vectors. */
  ZEROS(CasdNativeConstants.CASD_ABSENT_ZEROS);

  private static final AbsentPolicy[] ALL = values();

  final int value;

  AbsentPolicy(int value) {
    this.value = value;
  }

  static AbsentPolicy of(int value) {
    for (AbsentPolicy item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown AbsentPolicy " + value);
  }
}
