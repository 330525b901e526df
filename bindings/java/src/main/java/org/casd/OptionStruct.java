package org.casd;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import java.util.function.LongToDoubleFunction;
import java.util.function.LongToIntFunction;
import java.util.function.LongUnaryOperator;
import java.util.function.Supplier;

/** A struct of the C interface in native memory, which is freed when the object is collected. */
abstract class OptionStruct<S extends OptionStruct<S>> {
  private final long pointer;

  /** {@code allocate} comes as a function so that the library is loaded first. */
  OptionStruct(LongSupplier allocate, LongUnaryOperator init, LongConsumer delete) {
    NativeLibrary.load();
    long struct = allocate.getAsLong();
    pointer = struct;
    NativeObject.whenCollected(this, () -> delete.accept(struct));
    init.applyAsLong(struct);
  }

  @SuppressWarnings("unchecked")
  private S self() {
    return (S) this;
  }

  interface IntSetter {
    void set(long struct, int value);
  }

  interface LongSetter {
    void set(long struct, long value);
  }

  interface DoubleSetter {
    void set(long struct, double value);
  }

  interface TextGetter {
    long get(byte[] buffer, long struct, String name);
  }

  /** Runs a native function on the struct and keeps the struct alive meanwhile. */
  <T> T with(LongFunction<T> function) {
    try {
      return function.apply(pointer);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** As with(), for options that may be null: the function gets 0 then. */
  static <T> T withOptional(OptionStruct<?> options, LongFunction<T> function) {
    return options == null ? function.apply(0) : options.with(function);
  }

  int getInt(LongToIntFunction getter) {
    return with(getter::applyAsInt);
  }

  long getLong(LongUnaryOperator getter) {
    return with(getter::applyAsLong);
  }

  double getDouble(LongToDoubleFunction getter) {
    return with(getter::applyAsDouble);
  }

  S setInt(IntSetter setter, int value) {
    return change(struct -> setter.set(struct, value));
  }

  S setLong(LongSetter setter, long value) {
    return change(struct -> setter.set(struct, value));
  }

  S setDouble(DoubleSetter setter, double value) {
    return change(struct -> setter.set(struct, value));
  }

  S change(LongConsumer function) {
    try {
      function.accept(pointer);
    } finally {
      Reference.reachabilityFence(this);
    }
    return self();
  }

  String text(TextGetter getter, String name) {
    return with(
        struct -> {
          byte[] buffer = new byte[(int) getter.get(null, struct, name)];
          getter.get(buffer, struct, name);
          return new String(buffer, 0, buffer.length - 1, java.nio.charset.StandardCharsets.UTF_8);
        });
  }

  static List<String> names(Supplier<Integer> count, IntFunction<String> name) {
    NativeLibrary.load();
    List<String> out = new ArrayList<>();
    for (int i = 0; i < count.get(); ++i) {
      out.add(name.apply(i));
    }
    return Collections.unmodifiableList(out);
  }
}
