package org.casd;

import java.nio.FloatBuffer;
import java.util.Objects;

/**
 * A growing list of samples of any length, any modality missing, with or without targets. One
 * thread
 * at a time.
 *
 * <p>Everything is copied during the call. A modality that is never set is missing. A frame that is
 * wholly NaN is a missing frame, which keeps its place in time. Single values that are not finite
 * mean
 * the training data's mean.
 */
public final class Batch extends NativeObject {
  private final Schema schema;

  private Batch(long pointer, Schema schema) {
    super("Batch", pointer, CasdJNI::casd_batch_destroy);
    this.schema = schema;
  }

  /**
   * Makes an empty batch.
   *
   * @param schema at least one modality
   * @return the batch
   * @throws CasdException INVALID_ARGUMENT if the schema has no modality; OUT_OF_MEMORY
   */
  public static Batch create(Schema schema) {
    return schema.with(from -> new Batch(CasdJNI.casd_batch_create(from), schema));
  }

  /**
   * The schema that the batch was made with.
   *
   * @return the schema
   */
  public Schema schema() {
    return schema;
  }

  /**
   * Adds a sample that has no modality yet.
   *
   * @return its index, 0 for the first
   * @throws CasdException OUT_OF_MEMORY
   */
  public long addSample() {
    long pointer = handle.acquireExclusive();
    try {
      return CasdJNI.casd_batch_add_sample(pointer);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Sets a sample's frames of one modality, replacing earlier ones.
   *
   * @param sample index of the sample
   * @param modality index of the modality
   * @param values [steps, features], row-major; null or empty: the modality is missing
   * @param features numbers in a frame: those of the modality. Passed so that a wrong layout cannot
   *     be taken for another number of frames
   * @throws CasdException INVALID_ARGUMENT if an index is out of range or the features are not
   * those
   *     of the modality; OUT_OF_MEMORY. The sample is unchanged then
   * @throws IllegalArgumentException if the values are no whole number of frames
   */
  public void setFrames(long sample, int modality, float[] values, int features) {
    int length = values == null ? 0 : values.length;
    if (features > 0 && length % features != 0) {
      throw new IllegalArgumentException(
          length + " numbers are no whole number of frames of " + features + " features");
    }
    int steps = features > 0 ? length / features : length;
    setFrames(sample, modality, values, 0, steps, features, 0);
  }

  /**
   * Sets a sample's frames of one modality from a part of an array.
   *
   * @param sample index of the sample
   * @param modality index of the modality
   * @param values the array; null with 0 steps: the modality is missing
   * @param offset index of the first number
   * @param steps number of frames; 0: the modality is missing
   * @param features numbers in a frame: those of the modality
   * @param stride numbers from one frame's beginning to the next one's, at least features; 0: the
   *     frames are contiguous
   * @throws CasdException INVALID_ARGUMENT if an index or a count does not fit; OUT_OF_MEMORY. The
   *     sample is unchanged then
   * @throws IndexOutOfBoundsException if the array is too short
   */
  public void setFrames(
      long sample,
      int modality,
      float[] values,
      int offset,
      long steps,
      int features,
      long stride) {
    int length = values == null ? 0 : values.length;
    if (offset < 0 || offset > length) {
      throw new IndexOutOfBoundsException("offset " + offset + " of " + length);
    }
    int count = Buffers.extent(steps, features, stride, length - offset);
    long pointer = handle.acquireExclusive();
    try {
      CasdJNI.batchSetFrames(
          pointer, sample, modality, values, offset, count, steps, features, stride);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Sets a sample's frames of one modality from a direct buffer.
   *
   * @param sample index of the sample
   * @param modality index of the modality
   * @param values [steps, features] from its position to its limit; direct, in the processor's byte
   *     order. The position stays
   * @param features numbers in a frame: those of the modality
   * @throws CasdException INVALID_ARGUMENT if an index or the features do not fit; OUT_OF_MEMORY
   * @throws IllegalArgumentException if the buffer is not direct, has another byte order, or is no
   *     whole number of frames
   */
  public void setFrames(long sample, int modality, FloatBuffer values, int features) {
    Buffers.direct(values);
    int position = values.position();
    int count = values.remaining();
    if (features > 0 && count % features != 0) {
      throw new IllegalArgumentException(
          count + " numbers are no whole number of frames of " + features + " features");
    }
    long steps = features > 0 ? count / features : count;
    long pointer = handle.acquireExclusive();
    try {
      CasdJNI.batchSetFramesDirect(
          pointer, sample, modality, values, position, count, steps, features, 0);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Sets a sample's target.
   *
   * @param sample index of the sample
   * @param values classes: one number, the index of the class; multi-label: one number per output,
   *     0
   *     or 1; regression: one number per output
   * @throws CasdException INVALID_ARGUMENT if the index or the count does not fit, or a value is
   * not
   *     finite, no class, or not 0 or 1
   */
  public void setTarget(long sample, float... values) {
    target(sample, Objects.requireNonNull(values, "values"));
  }

  /**
   * Removes a sample's target.
   *
   * @param sample index of the sample
   * @throws CasdException INVALID_ARGUMENT if there is no such sample
   */
  public void clearTarget(long sample) {
    target(sample, null);
  }

  private void target(long sample, float[] values) {
    long pointer = handle.acquireExclusive();
    try {
      CasdJNI.casd_batch_set_target(pointer, sample, values);
    } finally {
      handle.releaseExclusive();
    }
  }

  /** Removes all samples but keeps the memory. */
  public void clear() {
    long pointer = handle.acquireExclusive();
    try {
      CasdJNI.casd_batch_clear(pointer);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Allocates memory for samples, so that adding up to so many does not move the list.
   *
   * @param samples number of samples in total, at least 0
   * @throws CasdException INVALID_ARGUMENT; OUT_OF_MEMORY
   */
  public void reserve(long samples) {
    long pointer = handle.acquireExclusive();
    try {
      CasdJNI.casd_batch_reserve(pointer, samples);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * The number of samples.
   *
   * @return the number
   */
  public long size() {
    long pointer = handle.acquireExclusive();
    try {
      return CasdJNI.casd_batch_size(pointer);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * The number of frames a sample has of a modality, missing frames included.
   *
   * @param sample index of the sample
   * @param modality index of the modality
   * @return the number; 0 if the modality is missing
   * @throws IndexOutOfBoundsException if there is no such sample or modality
   */
  public long steps(long sample, int modality) {
    long pointer = handle.acquireExclusive();
    try {
      return checkedSteps(pointer, sample, modality);
    } finally {
      handle.releaseExclusive();
    }
  }

  private static long checkedSteps(long pointer, long sample, int modality) {
    long steps = CasdJNI.casd_batch_steps(pointer, sample, modality);
    if (steps < 0) {
      throw new IndexOutOfBoundsException("no sample " + sample + " with a modality " + modality);
    }
    return steps;
  }

  /**
   * The frames a sample has of a modality.
   *
   * @param sample index of the sample
   * @param modality index of the modality
   * @return [steps, features], row-major, a new array; null if the modality is missing
   * @throws IndexOutOfBoundsException if there is no such sample or modality
   */
  public float[] frames(long sample, int modality) {
    long pointer = handle.acquireExclusive();
    try {
      checkedSteps(pointer, sample, modality);
      return CasdJNI.batchFrames(
          pointer, sample, modality, schema.modalities().get(modality).features());
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * A sample's target as {@link #setTarget(long, float...)} takes it.
   *
   * @param sample index of the sample
   * @return a new array; null if the sample has no target
   * @throws IndexOutOfBoundsException if there is no such sample
   */
  public float[] target(long sample) {
    int count = schema.task() == Task.CLASSES ? 1 : schema.outputs().size();
    long pointer = handle.acquireExclusive();
    try {
      checkedSteps(pointer, sample, 0);
      return CasdJNI.batchTarget(pointer, sample, count);
    } finally {
      handle.releaseExclusive();
    }
  }
}
