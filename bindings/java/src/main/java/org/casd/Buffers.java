package org.casd;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Checks of buffers and ranges before native code uses them. */
final class Buffers {
  private Buffers() {}

  /** A direct buffer whose numbers native code can read as they are. */
  static FloatBuffer direct(FloatBuffer buffer) {
    if (!buffer.isDirect()) {
      throw new IllegalArgumentException(
          "the buffer is not direct: use ByteBuffer.allocateDirect(), or pass a float[]");
    }
    if (buffer.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException(
          "the buffer's byte order is " + buffer.order() + ", not the processor's: call"
              + " order(ByteOrder.nativeOrder()) before asFloatBuffer()");
    }
    return buffer;
  }

  /** As direct(), for a buffer that is written. */
  static FloatBuffer writable(FloatBuffer buffer) {
    if (buffer.isReadOnly()) {
      throw new java.nio.ReadOnlyBufferException();
    }
    return direct(buffer);
  }

  /** How many numbers frames take with a stride, which may not be more than there are. */
  static int extent(long steps, int features, long stride, int available) {
    if (steps < 0 || features < 0 || stride < 0) {
      throw new IllegalArgumentException(
          "steps, features and stride must not be negative: " + steps + ", " + features + ", "
              + stride);
    }
    if (steps == 0) {
      return 0;
    }
    long each = stride == 0 ? features : stride;
    // Beyond the largest array, without overflow.
    long needed =
        each > 0 && steps - 1 > Integer.MAX_VALUE / each
            ? Long.MAX_VALUE
            : (steps - 1) * each + features;
    if (needed > available) {
      throw new IndexOutOfBoundsException(
          steps + " frames of " + features + " features, each " + each
              + " numbers after the one before, need more than the " + available
              + " numbers that are there");
    }
    return (int) needed;
  }
}
