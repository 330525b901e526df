package org.casd;

/** Result of a call of the native library, see {@link CasdException#status()}. */
public enum Status {
  /** The call succeeded. */
  OK(CasdNativeConstants.CASD_OK),
  /** An argument is null, out of range or does not fit. */
  INVALID_ARGUMENT(CasdNativeConstants.CASD_ERROR_INVALID_ARGUMENT),
  /** Memory ran out. */
  OUT_OF_MEMORY(CasdNativeConstants.CASD_ERROR_OUT_OF_MEMORY),
  /** A file could not be read or written. */
  IO(CasdNativeConstants.CASD_ERROR_IO),
  /** The bytes are not a valid file of the expected kind. */
  FORMAT(CasdNativeConstants.CASD_ERROR_FORMAT),
  /** A valid file, but made by a newer library. */
  VERSION(CasdNativeConstants.CASD_ERROR_VERSION),
  /** A plug-in, device or build option is missing. */
  UNAVAILABLE(CasdNativeConstants.CASD_ERROR_UNAVAILABLE),
  /** The right call at the wrong time. */
  STATE(CasdNativeConstants.CASD_ERROR_STATE),
  /** A listener or {@link Trainer#cancel()} stopped the call. */
  CANCELLED(CasdNativeConstants.CASD_ERROR_CANCELLED),
  /** A loss or a result is not finite. */
  NUMERIC(CasdNativeConstants.CASD_ERROR_NUMERIC),
  /** The device failed, or has too little memory. */
  DEVICE(CasdNativeConstants.CASD_ERROR_DEVICE),
  /** A defect of the library: please report it. */
  INTERNAL(CasdNativeConstants.CASD_ERROR_INTERNAL),
  /** There is no item of that name or index. */
  NOT_FOUND(CasdNativeConstants.CASD_ERROR_NOT_FOUND),
  /** The caller's buffer is too small. */
  BUFFER_TOO_SMALL(CasdNativeConstants.CASD_ERROR_BUFFER_TOO_SMALL),
  /** A status that this version of the binding does not know. */
  UNKNOWN(-1);

  private static final Status[] ALL = values();

  final int value;

  Status(int value) {
    this.value = value;
  }

  static Status of(int value) {
    for (Status item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    return UNKNOWN;
  }
}
