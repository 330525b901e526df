package org.casd;

/** A message of the native library's log, see {@link Casd#pollLog()}. */
public final class LogMessage {
  private final LogLevel level;
  private final String text;

  LogMessage(LogLevel level, String text) {
    this.level = level;
    this.text = text;
  }

  /**
   * The severity.
   *
   * @return DEBUG to ERROR
   */
  public LogLevel level() {
    return level;
  }

  /**
   * The message.
   *
   * @return text without a final newline
   */
  public String text() {
    return text;
  }

  /** Severity and message. */
  @Override
  public String toString() {
    return level + ": " + text;
  }
}
