package org.casd;

/** What showed a change of the input. */
public enum MonitorSubject {
  /** Which modalities the samples have. */
  MODALITIES(CasdNativeConstants.CASD_MONITOR_MODALITIES),
  /** The variance of one modality. */
  MODALITY_VARIANCE(CasdNativeConstants.CASD_MONITOR_MODALITY_VARIANCE),
  /** The uncertainty. */
  UNCERTAINTY(CasdNativeConstants.CASD_MONITOR_UNCERTAINTY),
  /** The error probability. */
  ERROR_PROBABILITY(CasdNativeConstants.CASD_MONITOR_ERROR_PROBABILITY);

  private static final MonitorSubject[] ALL = values();

  final int value;

  MonitorSubject(int value) {
    this.value = value;
  }

  static MonitorSubject of(int value) {
    for (MonitorSubject item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown MonitorSubject " + value);
  }
}
