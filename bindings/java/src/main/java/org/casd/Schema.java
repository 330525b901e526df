package org.casd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongFunction;

/**
 * Input and output of a model: its modalities, its task and the names of its outputs.
 *
 * <p>A schema does not change and needs no close(): it holds no native memory. Any number of
 * threads
 * may use it.
 *
 * <p>Data is matched with a model by the names of the modalities, in any order; a modality that the
 * data lacks is missing in its samples. Features are matched by name where both sides name them,
 * else
 * by position. Masks always refer to the modalities of the model.
 */
public final class Schema {
  /** The mask of all modalities, however many there are. */
  public static final int ALL_MODALITIES = -1;

  private final Task task;
  private final List<Modality> modalities;
  private final List<String> outputs;
  private final Map<String, Integer> modalityIndices = new HashMap<>();

  private Schema(Task task, List<Modality> modalities, List<String> outputs) {
    this.task = task;
    this.modalities = Collections.unmodifiableList(modalities);
    this.outputs = Collections.unmodifiableList(outputs);
    for (int i = 0; i < modalities.size(); ++i) {
      modalityIndices.put(modalities.get(i).name(), i);
    }
  }

  /**
   * Begins a schema, task {@link Task#CLASSES}.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /** Reads a native schema and destroys it. */
  static Schema take(long schema) {
    try {
      return read(schema);
    } finally {
      CasdJNI.casd_schema_destroy(schema);
    }
  }

  private static Schema read(long schema) {
    List<Modality> modalities = new ArrayList<>();
    for (int i = 0; i < CasdJNI.casd_schema_modality_count(schema); ++i) {
      int features = CasdJNI.casd_schema_modality_features(schema, i);
      String[] names = new String[features];
      boolean named = false;
      for (int j = 0; j < features; ++j) {
        names[j] = CasdJNI.casd_schema_feature_name(schema, i, j);
        named |= names[j] != null;
      }
      modalities.add(
          new Modality(
              CasdJNI.casd_schema_modality_name(schema, i),
              features,
              named
                  ? Collections.unmodifiableList(Arrays.asList(names))
                  : Collections.emptyList()));
    }
    List<String> outputs = new ArrayList<>();
    for (int i = 0; i < CasdJNI.casd_schema_output_count(schema); ++i) {
      outputs.add(CasdJNI.casd_schema_output_name(schema, i));
    }
    return new Schema(Task.of(CasdJNI.casd_schema_task(schema)), modalities, outputs);
  }

  /** Runs a function on a native schema made from this one. */
  <T> T with(LongFunction<T> function) {
    NativeLibrary.load();
    long schema = CasdJNI.casd_schema_create();
    try {
      CasdJNI.casd_schema_set_task(schema, task.value);
      for (int i = 0; i < modalities.size(); ++i) {
        Modality modality = modalities.get(i);
        CasdJNI.casd_schema_add_modality(schema, modality.name(), modality.features());
        for (int j = 0; j < modality.featureNames().size(); ++j) {
          String name = modality.featureNames().get(j);
          if (name != null) {
            CasdJNI.casd_schema_set_feature_name(schema, i, j, name);
          }
        }
      }
      for (String output : outputs) {
        CasdJNI.casd_schema_add_output(schema, output);
      }
      return function.apply(schema);
    } finally {
      CasdJNI.casd_schema_destroy(schema);
    }
  }

  /**
   * What the outputs mean.
   *
   * @return the task
   */
  public Task task() {
    return task;
  }

  /**
   * The modalities, in order: that at index i has bit i in a mask.
   *
   * @return an unmodifiable list
   */
  public List<Modality> modalities() {
    return modalities;
  }

  /**
   * The names of the outputs, in order.
   *
   * @return an unmodifiable list
   */
  public List<String> outputs() {
    return outputs;
  }

  /**
   * Finds a modality by name.
   *
   * @param name the name
   * @return its index
   * @throws CasdException NOT_FOUND if no modality has that name; the message lists the names
   */
  public int modalityIndex(String name) {
    Integer index = modalityIndices.get(Objects.requireNonNull(name, "name"));
    return index != null
        ? index
        : with(schema -> CasdJNI.casd_schema_modality_index(schema, name)).intValue();
  }

  /**
   * Finds an output by name.
   *
   * @param name the name
   * @return its index
   * @throws CasdException NOT_FOUND if no output has that name; the message lists the names
   */
  public int outputIndex(String name) {
    int index = outputs.indexOf(Objects.requireNonNull(name, "name"));
    return index >= 0
        ? index
        : with(schema -> CasdJNI.casd_schema_output_index(schema, name)).intValue();
  }

  /**
   * The mask of some modalities.
   *
   * @param names their names
   * @return the sum of their bits
   * @throws CasdException NOT_FOUND if no modality has one of the names
   */
  public int mask(String... names) {
    int out = 0;
    for (String name : names) {
      out |= 1 << modalityIndex(name);
    }
    return out;
  }

  /** Whether task, modalities and outputs are the same, in the same order. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Schema
        && task == ((Schema) other).task
        && modalities.equals(((Schema) other).modalities)
        && outputs.equals(((Schema) other).outputs);
  }

  /** A hash of task, modalities and outputs. */
  @Override
  public int hashCode() {
    return Objects.hash(task, modalities, outputs);
  }

  /** Task, modalities and outputs. */
  @Override
  public String toString() {
    return "Schema[" + task + ", modalities=" + modalities + ", outputs=" + outputs + "]";
  }

  /** Collects the parts of a schema. One thread at a time. */
  public static final class Builder {
    private Task task = Task.CLASSES;
    private final List<Modality> modalities = new ArrayList<>();
    private final List<String> outputs = new ArrayList<>();

    private Builder() {}

    /**
     * Adds a modality; the first one added has index 0.
     *
     * @param name 1 to 64 bytes in UTF-8, unique: letters, digits, {@code _}, {@code -} and any
     *     character above ASCII
     * @param features numbers in one frame, 1 to 65536
     * @return this
     */
    public Builder modality(String name, int features) {
      modalities.add(
          new Modality(Objects.requireNonNull(name, "name"), features, Collections.emptyList()));
      return this;
    }

    /**
     * Adds a modality with named features, which are matched by name, in any order.
     *
     * @param name as for {@link #modality(String, int)}
     * @param featureNames one for each feature, 1 to 256 bytes in UTF-8, unique
     * @return this
     */
    public Builder modality(String name, List<String> featureNames) {
      modalities.add(
          new Modality(
              Objects.requireNonNull(name, "name"),
              featureNames.size(),
              Collections.unmodifiableList(new ArrayList<>(featureNames))));
      return this;
    }

    /**
     * Sets what the outputs mean.
     *
     * @param task the task
     * @return this
     */
    public Builder task(Task task) {
      this.task = Objects.requireNonNull(task, "task");
      return this;
    }

    /**
     * Adds an output: a class, a label or a quantity.
     *
     * @param name 1 to 64 bytes in UTF-8, unique among the outputs, no control characters
     * @return this
     */
    public Builder output(String name) {
      outputs.add(Objects.requireNonNull(name, "name"));
      return this;
    }

    /**
     * Adds several outputs.
     *
     * @param names as for {@link #output(String)}
     * @return this
     */
    public Builder outputs(String... names) {
      for (String name : names) {
        output(name);
      }
      return this;
    }

    /**
     * Makes the schema.
     *
     * @return the schema
     * @throws CasdException INVALID_ARGUMENT if a name or number is out of range or a name is taken
     */
    public Schema build() {
      return new Schema(task, new ArrayList<>(modalities), new ArrayList<>(outputs))
          .with(Schema::read);
    }
  }
}
