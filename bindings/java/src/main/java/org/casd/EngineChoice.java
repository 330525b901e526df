package org.casd;

/** Engine that computes. Another engine rounds differently. */
public enum EngineChoice {
  /** The first engine that supports the device and the use. */
  AUTO(CasdNativeConstants.CASD_ENGINE_AUTO),
  /** The built-in engine. */
  CPU(CasdNativeConstants.CASD_ENGINE_CPU),
  /** The plug-in {@code libcasd_torch}. */
  TORCH(CasdNativeConstants.CASD_ENGINE_TORCH);

  private static final EngineChoice[] ALL = values();

  final int value;

  EngineChoice(int value) {
    this.value = value;
  }

  static EngineChoice of(int value) {
    for (EngineChoice item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown EngineChoice " + value);
  }
}
