package org.casd;

/** How frames become one vector. */
public enum Pooling {
  /** The last frame. */
  LAST(CasdNativeConstants.CASD_POOLING_LAST),
  /** The mean of all frames. */
  MEAN(CasdNativeConstants.CASD_POOLING_MEAN),
  /** Chosen by {@link Trainer#fit}: the teacher is trained with each; the default. */
  AUTO(CasdNativeConstants.CASD_POOLING_AUTO);

  private static final Pooling[] ALL = values();

  final int value;

  Pooling(int value) {
    this.value = value;
  }

  static Pooling of(int value) {
    for (Pooling item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown Pooling " + value);
  }
}
