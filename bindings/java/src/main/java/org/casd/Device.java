package org.casd;

/** Device that runs the computation. */
public enum Device {
  /** The processor. */
  CPU(CasdNativeConstants.CASD_DEVICE_CPU),
  /** An NVIDIA GPU, through the plug-in {@code libcasd_torch}. */
  CUDA(CasdNativeConstants.CASD_DEVICE_CUDA);

  private static final Device[] ALL = values();

  final int value;

  Device(int value) {
    this.value = value;
  }

  static Device of(int value) {
    for (Device item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown Device " + value);
  }
}
