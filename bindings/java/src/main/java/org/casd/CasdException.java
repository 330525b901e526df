package org.casd;

import java.util.Objects;

/**
 * A failed call of the native library.
 *
 * <p>The message is the library's: it has the value that was wrong and the allowed range. It always
 * belongs to the call that failed, also when other threads fail at the same time.
 */
public class CasdException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The status as the library's number. */
  private final int code;

  /** Called by native code: the name and signature are known there. */
  CasdException(int code, String message) {
    super(message);
    this.code = code;
  }

  /**
   * Creates an exception, for code that wraps this library.
   *
   * @param status what went wrong
   * @param message a description
   */
  public CasdException(Status status, String message) {
    this(Objects.requireNonNull(status, "status").value, message);
  }

  /**
   * What went wrong.
   *
   * @return the status; {@link Status#UNKNOWN} for one that a newer native library added
   */
  public Status status() {
    return Status.of(code);
  }

  /**
   * The status as the native library's number, which never changes its meaning.
   *
   * @return for example 1 for {@link Status#INVALID_ARGUMENT}
   */
  public int code() {
    return code;
  }

  /** The name of the status and the message, such as {@code CasdException: IO: ...}. */
  @Override
  public String toString() {
    return getClass().getName() + ": " + status() + ": " + getMessage();
  }
}
