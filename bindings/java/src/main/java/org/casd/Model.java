package org.casd;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A network with its weights, normaliser and calibration.
 *
 * <p>A model never changes; training makes a new one. Any number of threads may use it. The file is
 * a
 * safetensors file that any reader of that format can open.
 */
public final class Model extends NativeObject {
  private volatile Schema schema;

  Model(long pointer) {
    super("Model", pointer, CasdJNI::casd_model_destroy);
  }

  /**
   * Makes a model with fresh random weights and default options.
   *
   * @param schema at least one modality and one output (classes: two)
   * @return the model
   * @throws CasdException INVALID_ARGUMENT if the schema is not complete; OUT_OF_MEMORY
   */
  public static Model create(Schema schema) {
    return create(schema, null);
  }

  /**
   * Makes a model with fresh random weights. The same seed gives the same weights.
   *
   * @param schema at least one modality and one output (classes: two)
   * @param options null: the defaults
   * @return the model
   * @throws CasdException INVALID_ARGUMENT if the schema is not complete or an option is out of
   * range;
   *     OUT_OF_MEMORY
   */
  public static Model create(Schema schema, ModelOptions options) {
    return schema.with(
        from ->
            OptionStruct.withOptional(
                options, struct -> new Model(CasdJNI.casd_model_create(from, struct))));
  }

  /**
   * Loads a model file. Malformed files are rejected.
   *
   * @param path the file
   * @return the model
   * @throws CasdException IO if it cannot be read; FORMAT if it is truncated, damaged or no model;
   *     VERSION if it needs a newer library
   */
  public static Model load(Path path) {
    NativeLibrary.load();
    return new Model(CasdJNI.casd_model_load(path.toString()));
  }

  /**
   * Loads a model from memory. The bytes are copied.
   *
   * @param bytes the bytes of a model file
   * @return the model
   * @throws CasdException FORMAT; VERSION; as {@link #load(Path)}
   */
  public static Model load(byte[] bytes) {
    NativeLibrary.load();
    return new Model(CasdJNI.casd_model_load_memory(Objects.requireNonNull(bytes, "bytes")));
  }

  /**
   * Loads a model from a buffer, for example from a mapped file. The bytes are copied.
   *
   * @param bytes the bytes from position to limit; the position stays
   * @return the model
   * @throws CasdException FORMAT; VERSION; as {@link #load(Path)}
   */
  public static Model load(ByteBuffer bytes) {
    NativeLibrary.load();
    if (bytes.isDirect()) {
      return new Model(CasdJNI.modelLoadDirect(bytes, bytes.position(), bytes.remaining()));
    }
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return new Model(CasdJNI.casd_model_load_memory(copy));
  }

  /**
   * Saves the model. The path holds either the old or the new file at every moment.
   *
   * @param path the file
   * @throws CasdException IO if it cannot be written
   */
  public void save(Path path) {
    long pointer = handle.acquire();
    try {
      CasdJNI.casd_model_save(pointer, path.toString());
    } finally {
      handle.release();
    }
  }

  /**
   * The bytes that {@link #save(Path)} would write.
   *
   * @return a new array
   * @throws CasdException OUT_OF_MEMORY
   */
  public byte[] toBytes() {
    long pointer = handle.acquire();
    try {
      byte[] out = new byte[Math.toIntExact(CasdJNI.casd_model_save_memory(null, pointer))];
      CasdJNI.casd_model_save_memory(out, pointer);
      return out;
    } finally {
      handle.release();
    }
  }

  /**
   * The model's schema.
   *
   * @return the schema
   */
  public Schema schema() {
    long pointer = handle.acquire();
    try {
      Schema known = schema;
      if (known == null) {
        schema = known = Schema.take(CasdJNI.casd_model_schema(pointer));
      }
      return known;
    } finally {
      handle.release();
    }
  }

  /**
   * The model's sizes and rules.
   *
   * @return new options; {@code seed} is 0, as it is not kept
   */
  public ModelOptions options() {
    long pointer = handle.acquire();
    try {
      return new ModelOptions()
          .change(struct -> CasdJNI.casd_model_get_options(struct, pointer));
    } finally {
      handle.release();
    }
  }

  /**
   * The number of learned parameters, the normaliser not counted.
   *
   * @return the number
   */
  public long parameterCount() {
    long pointer = handle.acquire();
    try {
      return CasdJNI.casd_model_parameter_count(pointer);
    } finally {
      handle.release();
    }
  }

  /**
   * Everything about the model but its weights.
   *
   * @return a JSON object with {@code schema}, {@code options}, {@code calibration} (when there is
   *     one), {@code user}, {@code parameters} and {@code trained}
   */
  public String info() {
    long pointer = handle.acquire();
    try {
      return CasdJNI.casd_model_info(pointer);
    } finally {
      handle.release();
    }
  }

  /**
   * The temperature that divides the logits when exactly these modalities take part.
   *
   * @param mask {@link Schema#ALL_MODALITIES} or some bits of the schema, not 0
   * @return the temperature; 1 where none was fitted
   * @throws CasdException INVALID_ARGUMENT if the mask is 0 or has bits beyond the schema
   */
  public double temperature(int mask) {
    long pointer = handle.acquire();
    try {
      return Double.longBitsToDouble(CasdJNI.casd_model_temperature(pointer, mask));
    } finally {
      handle.release();
    }
  }

  /**
   * What a user stored beside the weights, such as the version of a feature extractor.
   *
   * @param key begins with {@code user.}
   * @return the value; null if there is none
   */
  public String userValue(String key) {
    long pointer = handle.acquire();
    try {
      return CasdJNI.casd_model_user_value(pointer, key);
    } finally {
      handle.release();
    }
  }

  /**
   * All user values.
   *
   * @return a new map from key to value
   */
  public Map<String, String> userValues() {
    long pointer = handle.acquire();
    try {
      Map<String, String> out = new LinkedHashMap<>();
      for (int i = 0; i < CasdJNI.casd_model_user_count(pointer); ++i) {
        String key = CasdJNI.casd_model_user_key(pointer, i);
        out.put(key, CasdJNI.casd_model_user_value(pointer, key));
      }
      return out;
    } finally {
      handle.release();
    }
  }

  /**
   * Makes a model with the same network, calibrated on split {@code valid} of a dataset, or on its
   * only split, with the default options.
   *
   * @param dataset held-out samples, which are new to the model; task and outputs of the model
   * @return a new model
   * @throws CasdException as {@link #calibrate(Dataset, String, CalibrateOptions,
   *     CalibrationListener)}
   */
  public Model calibrate(Dataset dataset) {
    return calibrate(dataset, null, null, null);
  }

  /**
   * Makes a model with the same network, calibrated on a split of a dataset.
   *
   * @param dataset task and outputs of the model; modalities are matched by name
   * @param split with held-out samples, which are new to the model; null: {@code valid} if it has
   *     samples, else the only split
   * @param options null: the defaults
   * @return a new model
   * @throws CasdException as {@link #calibrate(Dataset, String, CalibrateOptions,
   *     CalibrationListener)}
   */
  public Model calibrate(Dataset dataset, String split, CalibrateOptions options) {
    return calibrate(dataset, split, options, null);
  }

  /**
   * Makes a model with the same network, calibrated on a split of a dataset: trust in each modality,
   * contributions of the linear maps, temperatures, and the tables behind prediction sets, intervals
   * and error rates. For data of another source than the training data.
   *
   * @param dataset task and outputs of the model; modalities are matched by name
   * @param split with held-out samples, which are new to the model; null: {@code valid} if it has
   *     samples, else the only split
   * @param options null: the defaults
   * @param listener null, or receives the progress and may cancel
   * @return a new model
   * @throws CasdException STATE if this model was never trained; NOT_FOUND if there is no such split;
   *     INVALID_ARGUMENT if the dataset does not fit, has no usable sample, or an option is out of
   *     range; NUMERIC; CANCELLED; OUT_OF_MEMORY
   */
  public Model calibrate(
      Dataset dataset, String split, CalibrateOptions options, CalibrationListener listener) {
    EvaluationCallback callback = listener == null ? null : listener::onProgress;
    long pointer = handle.acquire();
    try {
      long data = dataset.handle.acquire();
      try {
        return OptionStruct.withOptional(
            options,
            struct -> new Model(CasdJNI.calibrate(pointer, data, split, struct, callback)));
      } finally {
        dataset.handle.release();
      }
    } finally {
      handle.release();
    }
  }

  /**
   * A model that differs by one user value; it shares the weights.
   *
   * @param key begins with {@code user.}, at most 256 bytes in UTF-8
   * @param value at most 65536 bytes in UTF-8; null removes the key
   * @return a new model
   * @throws CasdException INVALID_ARGUMENT for another prefix or a text that is too long
   */
  public Model withUserValue(String key, String value) {
    long pointer = handle.acquire();
    try {
      return new Model(CasdJNI.casd_model_with_user_value(pointer, key, value));
    } finally {
      handle.release();
    }
  }
}
