package org.casd;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Tables that {@link Prediction#copy(FieldList, float[], int)} copies by one call. It does not
 * change;
 * make it once and use it for all predictions.
 */
public final class FieldList {
  private final List<Field> fields;
  final int[] values;

  private FieldList(Field[] fields) {
    this.fields = Collections.unmodifiableList(Arrays.asList(fields));
    values = new int[fields.length];
    for (int i = 0; i < values.length; ++i) {
      values[i] = fields[i].value;
    }
  }

  /**
   * Makes a list.
   *
   * @param fields 1 or more, in the order in which they are copied
   * @return the list
   * @throws IllegalArgumentException if there is none
   */
  public static FieldList of(Field... fields) {
    if (fields.length == 0) {
      throw new IllegalArgumentException("a list needs at least one field");
    }
    return new FieldList(fields.clone());
  }

  /**
   * The fields.
   *
   * @return an unmodifiable list
   */
  public List<Field> fields() {
    return fields;
  }

  /** The names of the fields. */
  @Override
  public String toString() {
    return fields.toString();
  }
}
