package org.casd;

import java.nio.FloatBuffer;

/**
 * The results of one call of a {@link Predictor}: tables with one row per sample. One thread at a
 * time.
 *
 * <p>It may be filled any number of times; the memory is used again.
 */
public final class Prediction extends NativeObject {
  private static final FieldList[] SINGLE = new FieldList[Field.values().length];

  static {
    for (Field field : Field.values()) {
      SINGLE[field.ordinal()] = FieldList.of(field);
    }
  }

  private Prediction(long pointer) {
    super("Prediction", pointer, CasdJNI::casd_prediction_destroy);
  }

  /**
   * Makes an empty prediction.
   *
   * @return the prediction
   * @throws CasdException OUT_OF_MEMORY
   */
  public static Prediction create() {
    NativeLibrary.load();
    return new Prediction(CasdJNI.casd_prediction_create());
  }

  /**
   * The number of samples.
   *
   * @return the rows of every table
   * @throws CasdException STATE before the first result
   */
  public long rows() {
    return shape(Field.UNCERTAINTY)[0];
  }

  /**
   * The number of columns of a table.
   *
   * @param field the table
   * @return the number
   * @throws CasdException STATE before the first result; INVALID_ARGUMENT for a table that the task
   *     does not have
   */
  public int columns(Field field) {
    return (int) shape(field)[1];
  }

  private long[] shape(Field field) {
    long[] out = new long[2];
    long pointer = handle.acquireExclusive();
    try {
      CasdJNI.predictionShape(pointer, field.value, out);
    } finally {
      handle.releaseExclusive();
    }
    return out;
  }

  /**
   * The state of one row.
   *
   * @param row index of the sample
   * @return OK for a result; STATE if the sample was left without a modality; NUMERIC if a result
   *     is
   *     not finite. In both cases the whole row is NaN
   * @throws CasdException INVALID_ARGUMENT if there is no such row; STATE before the first result
   */
  public Status rowStatus(long row) {
    long pointer = handle.acquireExclusive();
    try {
      return Status.of((int) CasdJNI.casd_prediction_row_status(pointer, row));
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * A table.
   *
   * @param field which one
   * @return [rows, columns], row-major, a new array
   * @throws CasdException STATE before the first result; INVALID_ARGUMENT for a table that the task
   *     does not have
   */
  public float[] get(Field field) {
    int[] fields = SINGLE[field.ordinal()].values;
    long pointer = handle.acquireExclusive();
    try {
      long needed = CasdJNI.predictionCopy(pointer, null, 0, 0, fields);
      float[] out = new float[Math.toIntExact(needed)];
      CasdJNI.predictionCopy(pointer, out, 0, out.length, fields);
      return out;
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * How many numbers {@link #copy(FieldList, float[], int)} copies.
   *
   * @param fields the tables
   * @return the sum of rows * columns
   * @throws CasdException as {@link #copy(FieldList, float[], int)}
   */
  public long size(FieldList fields) {
    long pointer = handle.acquireExclusive();
    try {
      return CasdJNI.predictionCopy(pointer, null, 0, 0, fields.values);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Copies a table. Allocates nothing.
   *
   * @param field which one
   * @param target receives [rows, columns], row-major
   * @param offset index of the first number in the target
   * @return how many numbers were copied
   * @throws CasdException as {@link #copy(FieldList, float[], int)}
   */
  public int copy(Field field, float[] target, int offset) {
    return copy(SINGLE[field.ordinal()], target, offset);
  }

  /**
   * Copies several tables by one native call. Allocates nothing.
   *
   * @param fields the tables
   * @param target receives them one after the other, each row-major
   * @param offset index of the first number in the target
   * @return how many numbers were copied
   * @throws CasdException STATE before the first result; INVALID_ARGUMENT for a table that the task
   *     does not have; BUFFER_TOO_SMALL. Nothing is copied then
   */
  public int copy(FieldList fields, float[] target, int offset) {
    if (offset < 0 || offset > target.length) {
      throw new IndexOutOfBoundsException("offset " + offset + " of " + target.length);
    }
    long pointer = handle.acquireExclusive();
    try {
      return (int)
          CasdJNI.predictionCopy(pointer, target, offset, target.length - offset, fields.values);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Copies several tables into a direct buffer by one native call. Allocates nothing.
   *
   * @param fields the tables
   * @param target receives them from its position on; direct, in the processor's byte order. The
   *     position stays
   * @return how many numbers were copied
   * @throws CasdException as {@link #copy(FieldList, float[], int)}
   * @throws IllegalArgumentException if the buffer is not direct or has another byte order
   */
  public int copy(FieldList fields, FloatBuffer target) {
    Buffers.writable(target);
    long pointer = handle.acquireExclusive();
    try {
      return (int)
          CasdJNI.predictionCopyDirect(
              pointer, target, target.position(), target.remaining(), fields.values);
    } finally {
      handle.releaseExclusive();
    }
  }
}
