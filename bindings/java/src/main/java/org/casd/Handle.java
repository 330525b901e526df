package org.casd;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongConsumer;

/**
 * A native object with a count of the calls that are using it.
 *
 * <p>close() marks it; the last call that ends destroys it. It must not refer to the object of the
 * facade, whose Cleaner runs it.
 */
final class Handle implements Runnable {
  private static final int CLOSED = 1 << 31;
  private static final int EXCLUSIVE = 1 << 30;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Handle.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long pointer;
  private final LongConsumer destroyer;
  private final String type;

  /** CLOSED, EXCLUSIVE, and the number of calls (an exclusive one counts, too). */
  @SuppressWarnings("unused") // through STATE
  private volatile int state;

  Handle(String type, long pointer, LongConsumer destroyer) {
    this.type = type;
    this.pointer = pointer;
    this.destroyer = destroyer;
  }

  /** Begins a call that may run while others do. */
  long acquire() {
    while (true) {
      int now = state;
      if ((now & (CLOSED | EXCLUSIVE)) != 0) {
        throw unusable(now);
      }
      if (STATE.compareAndSet(this, now, now + 1)) {
        return pointer;
      }
    }
  }

  /** Ends what acquire() or acquireBeside() began. */
  void release() {
    int after = (int) STATE.getAndAdd(this, -1) - 1;
    if (after == CLOSED) {
      destroyer.accept(pointer);
    }
  }

  /** Begins a call that may run while any other does, an exclusive one too. */
  long acquireBeside() {
    while (true) {
      int now = state;
      if ((now & CLOSED) != 0) {
        throw unusable(now);
      }
      if (STATE.compareAndSet(this, now, now + 1)) {
        return pointer;
      }
    }
  }

  /** Begins a call during which no other may run. */
  long acquireExclusive() {
    if (!STATE.compareAndSet(this, 0, EXCLUSIVE + 1)) {
      throw unusable(state);
    }
    return pointer;
  }

  /** Begins a call during which only those of acquireBeside() may run. */
  long acquireExclusiveBeside() {
    while (true) {
      int now = state;
      if ((now & (CLOSED | EXCLUSIVE)) != 0) {
        throw unusable(now);
      }
      if (STATE.compareAndSet(this, now, now + EXCLUSIVE + 1)) {
        return pointer;
      }
    }
  }

  /** Ends what acquireExclusive() or acquireExclusiveBeside() began. */
  void releaseExclusive() {
    int after = (int) STATE.getAndAdd(this, -(EXCLUSIVE + 1)) - (EXCLUSIVE + 1);
    if (after == CLOSED) {
      destroyer.accept(pointer);
    }
  }

  boolean isClosed() {
    return state < 0;
  }

  /** Closes. Any number of times, on any thread. */
  @Override
  public void run() {
    int before = (int) STATE.getAndBitwiseOr(this, CLOSED);
    if (before == 0) {
      destroyer.accept(pointer);
    }
  }

  private IllegalStateException unusable(int now) {
    return new IllegalStateException(
        (now & CLOSED) != 0
            ? "this " + type + " is closed"
            : "another thread is using this " + type + ": it has one user at a time");
  }
}
