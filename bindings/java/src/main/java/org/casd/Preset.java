package org.casd;

/** A named network size. */
public enum Preset {
  /** 2 layers, 4 heads, feed-forward 2 * hidden. */
  DEFAULT(CasdNativeConstants.CASD_PRESET_DEFAULT),
  /** 4 layers, 10 heads, feed-forward 4 * hidden. */
  REFERENCE(CasdNativeConstants.CASD_PRESET_REFERENCE);

  private static final Preset[] ALL = values();

  final int value;

  Preset(int value) {
    this.value = value;
  }

  static Preset of(int value) {
    for (Preset item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown Preset " + value);
  }
}
