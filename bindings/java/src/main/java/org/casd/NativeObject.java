package org.casd;

import java.lang.ref.Cleaner;
import java.util.function.LongConsumer;

/** What the facade's classes with a native object share. */
abstract class NativeObject implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  final Handle handle;
  private final Cleaner.Cleanable cleanable;

  NativeObject(String type, long pointer, LongConsumer destroyer) {
    handle = new Handle(type, pointer, destroyer);
    cleanable = CLEANER.register(this, handle);
  }

  /** Registers what is to be done when an object is collected. */
  static Cleaner.Cleanable whenCollected(Object owner, Runnable action) {
    return CLEANER.register(owner, action);
  }

  /**
   * Releases the native object. Further calls have no effect.
   *
   * <p>May be called on any thread, also while another thread is inside a call of this object: that
   * call runs to its end, and then the native object is released. An object that is not closed is
   * released some time after it becomes unreachable.
   */
  @Override
  public void close() {
    cleanable.clean();
  }

  /**
   * Whether {@link #close()} was called.
   *
   * @return true: every other method throws IllegalStateException
   */
  public boolean isClosed() {
    return handle.isClosed();
  }
}
