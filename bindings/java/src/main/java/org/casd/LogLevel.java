package org.casd;

/** Severity of a log message. */
public enum LogLevel {
  /** Details of the library, for its developers. */
  DEBUG(CasdNativeConstants.CASD_LOG_DEBUG),
  /** What the library is doing. */
  INFO(CasdNativeConstants.CASD_LOG_INFO),
  /** The call goes on, but its result may not be what was wanted. */
  WARNING(CasdNativeConstants.CASD_LOG_WARNING),
  /** A failure that no exception can report. */
  ERROR(CasdNativeConstants.CASD_LOG_ERROR),
  /** As a threshold: no message at all. */
  OFF(CasdNativeConstants.CASD_LOG_OFF);

  private static final LogLevel[] ALL = values();

  final int value;

  LogLevel(int value) {
    this.value = value;
  }

  static LogLevel of(int value) {
    for (LogLevel item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown LogLevel " + value);
  }
}
