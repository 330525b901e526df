package org.casd;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Samples with splits, in memory: from HDF5, CSV or .ts files, synthetic, or built from batches.
 *
 * <p>Any number of threads may read it at once. One thread may change it ({@link #add(String,
 * Batch)},
 * {@link #holdOut}) while no other uses it.
 */
public final class Dataset extends NativeObject {
  private Dataset(long pointer) {
    super("Dataset", pointer, CasdJNI::casd_dataset_destroy);
  }

  /**
   * Opens a file: HDF5, CSV or .ts (UEA archive), told apart by content.
   *
   * @param path the file
   * @return the dataset
   * @throws CasdException as {@link #open(Path, String)}
   */
  public static Dataset open(Path path) {
    return open(path, null);
  }

  /**
   * Opens a file: HDF5, CSV or .ts (UEA archive), told apart by content.
   *
   * @param path the file
   * @param task null: the file's own, or inferred from the labels; else {@code regression}, {@code
   *     regression:A,B}, {@code classes:A,B} or {@code multilabel:A,B}
   * @return the dataset
   * @throws CasdException IO; FORMAT (the message says which dataset or line, what it is and what
   * was
   *     expected); INVALID_ARGUMENT if the task does not fit the labels; UNAVAILABLE if the plug-in
   *     {@code libcasd_hdf5} is missing
   */
  public static Dataset open(Path path, String task) {
    NativeLibrary.load();
    return new Dataset(CasdJNI.casd_dataset_open(path.toString(), task));
  }

  /**
   * Opens a file and chooses what it does not say: the split of its samples, and the modalities of a
   * .ts file.
   *
   * @param path the file
   * @param task as for {@link #open(Path, String)}
   * @param split null: the file's own. Else the dataset has this split only: that of the file with
   *     this name, or the file's only one, renamed
   * @param modalities null: the file's own. For a .ts file its channels by number and range, for
   *     example {@code accelerometer=0-2,gyroscope=3,5}
   * @return the dataset
   * @throws CasdException as {@link #open(Path, String)}; INVALID_ARGUMENT also if the modalities
   *     do not fit the file; NOT_FOUND if the file has several splits, but not this one
   */
  public static Dataset open(Path path, String task, String split, String modalities) {
    NativeLibrary.load();
    return new Dataset(CasdJNI.casd_dataset_open_as(path.toString(), task, split, modalities));
  }

  /**
   * Reads CSV or .ts from memory. The bytes are copied.
   *
   * @param csv the text in UTF-8
   * @param name names the text in messages, as a path would
   * @param task as for {@link #open(Path, String)}
   * @return the dataset
   * @throws CasdException FORMAT; INVALID_ARGUMENT; as {@link #open(Path, String)}
   */
  public static Dataset load(byte[] csv, String name, String task) {
    NativeLibrary.load();
    return new Dataset(
        CasdJNI.casd_dataset_load_memory(Objects.requireNonNull(csv, "csv"), name, task));
  }

  /**
   * Makes a synthetic dataset: the same options give the same bits.
   *
   * @param options null: the defaults
   * @return the dataset
   * @throws CasdException INVALID_ARGUMENT if an option is out of range; OUT_OF_MEMORY
   */
  public static Dataset synthetic(SyntheticOptions options) {
    NativeLibrary.load();
    return OptionStruct.withOptional(
        options, struct -> new Dataset(CasdJNI.casd_dataset_create_synthetic(struct)));
  }

  /**
   * Makes an empty dataset, to be filled with {@link #add(String, Batch)}.
   *
   * @param schema modalities and outputs
   * @return the dataset
   * @throws CasdException INVALID_ARGUMENT if the schema is not complete; OUT_OF_MEMORY
   */
  public static Dataset create(Schema schema) {
    return schema.with(from -> new Dataset(CasdJNI.casd_dataset_create(from)));
  }

  /**
   * Appends copies of a batch's samples to a split.
   *
   * @param split 1 to 64 bytes in UTF-8; a new one is made
   * @param batch task and outputs of the dataset; modalities matched by name
   * @throws CasdException INVALID_ARGUMENT if it does not fit; OUT_OF_MEMORY. The dataset is
   * unchanged
   *     then
   */
  public void add(String split, Batch batch) {
    long pointer = handle.acquireExclusive();
    try {
      long samples = batch.handle.acquireExclusive();
      try {
        CasdJNI.casd_dataset_add(pointer, split, samples);
      } finally {
        batch.handle.releaseExclusive();
      }
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Appends copies of a file's samples, for example those to test with. Task and modalities are those
   * of the dataset.
   *
   * @param path the file
   * @param split as for {@link #open(Path, String, String, String)}; a split that exists gets more
   *     samples
   * @throws CasdException as {@link #open(Path, String, String, String)}; INVALID_ARGUMENT also if
   *     outputs or modalities do not match. The dataset is unchanged then
   */
  public void addFile(Path path, String split) {
    long pointer = handle.acquireExclusive();
    try {
      CasdJNI.casd_dataset_add_file(pointer, path.toString(), split);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * Moves a part of a split to another split, for example of {@code train} to {@code valid}.
   *
   * <p>Samples of one group move together, and about the share of each class. The same data, share
   * and
   * seed give the same choice.
   *
   * @param from name of a split
   * @param to name of a split that is empty or does not exist
   * @param share above 0 and below 1
   * @param seed any number
   * @throws CasdException NOT_FOUND if there is no split {@code from}; INVALID_ARGUMENT if the
   * share is
   *     out of range, {@code to} has samples, or nothing can move; OUT_OF_MEMORY
   */
  public void holdOut(String from, String to, double share, long seed) {
    long pointer = handle.acquireExclusive();
    try {
      CasdJNI.casd_dataset_hold_out(pointer, from, to, share, seed);
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * The dataset's schema.
   *
   * @return the schema
   */
  public Schema schema() {
    long pointer = handle.acquire();
    try {
      return Schema.take(CasdJNI.casd_dataset_schema(pointer));
    } finally {
      handle.release();
    }
  }

  /**
   * The names of the splits.
   *
   * @return a new list
   */
  public List<String> splits() {
    long pointer = handle.acquire();
    try {
      List<String> out = new ArrayList<>();
      for (int i = 0; i < CasdJNI.casd_dataset_split_count(pointer); ++i) {
        out.add(CasdJNI.casd_dataset_split_name(pointer, i));
      }
      return out;
    } finally {
      handle.release();
    }
  }

  /**
   * The number of samples in a split.
   *
   * @param split its name
   * @return the number
   * @throws CasdException NOT_FOUND if there is no such split
   */
  public long size(String split) {
    long pointer = handle.acquire();
    try {
      long size = CasdJNI.casd_dataset_size(pointer, split);
      if (size < 0) {
        CasdJNI.casd_dataset_target_count(pointer, split, -1); // throws with the library's message
      }
      return size;
    } finally {
      handle.release();
    }
  }

  /**
   * Copies all samples of a split into a batch, after what is in it.
   *
   * @param split name of the split
   * @param into task and outputs of the dataset, and all its modalities, matched by name
   * @throws CasdException NOT_FOUND if there is no such split; INVALID_ARGUMENT if the schema does
   * not
   *     match. Nothing is added then
   */
  public void read(String split, Batch into) {
    read(split, null, size(split), into);
  }

  /**
   * Copies samples into a batch, after what is in it.
   *
   * @param split name of the split
   * @param indices which samples
   * @param into task and outputs of the dataset, and all its modalities, matched by name
   * @throws CasdException NOT_FOUND if there is no such split; INVALID_ARGUMENT if there is no such
   *     sample or the schema does not match. Nothing is added then
   */
  public void read(String split, long[] indices, Batch into) {
    read(split, indices, indices.length, into);
  }

  private void read(String split, long[] indices, long count, Batch into) {
    long pointer = handle.acquire();
    try {
      long batch = into.handle.acquireExclusive();
      try {
        CasdJNI.datasetRead(batch, pointer, split, indices, count);
      } finally {
        into.handle.releaseExclusive();
      }
    } finally {
      handle.release();
    }
  }

  /**
   * The name of a sample: the CSV's column {@code sample}, else its number.
   *
   * @param split name of the split
   * @param sample index of the sample
   * @return the name; null if there is no such sample
   */
  public String sampleName(String split, long sample) {
    long pointer = handle.acquire();
    try {
      return CasdJNI.casd_dataset_sample_name(pointer, split, sample);
    } finally {
      handle.release();
    }
  }

  /**
   * The group of a sample.
   *
   * @param split name of the split
   * @param sample index of the sample
   * @return the group; empty if it has none; null if there is no such sample
   */
  public String groupName(String split, long sample) {
    long pointer = handle.acquire();
    try {
      return CasdJNI.casd_dataset_group_name(pointer, split, sample);
    } finally {
      handle.release();
    }
  }

  /**
   * Counts the samples with a target.
   *
   * @param split name of the split
   * @return the number
   * @throws CasdException NOT_FOUND if there is no such split
   */
  public long targetCount(String split) {
    return targetCount(split, -1);
  }

  /**
   * Counts the samples of a class or with a label.
   *
   * @param split name of the split
   * @param output index of an output; -1: all samples with a target
   * @return the number of samples with a target for which the output is true; regression: of
   *     samples
   *     with a target
   * @throws CasdException NOT_FOUND if there is no such split; INVALID_ARGUMENT if there is no such
   *     output
   */
  public long targetCount(String split, int output) {
    long pointer = handle.acquire();
    try {
      return CasdJNI.casd_dataset_target_count(pointer, split, output);
    } finally {
      handle.release();
    }
  }

  /**
   * Counts the samples that have at least one of some modalities.
   *
   * @param split name of the split
   * @param mask modalities of the dataset's schema; {@link Schema#ALL_MODALITIES}: any
   * @return the number
   * @throws CasdException NOT_FOUND if there is no such split; INVALID_ARGUMENT if the mask is 0 or
   * has
   *     bits beyond the schema
   */
  public long modalityCount(String split, int mask) {
    long pointer = handle.acquire();
    try {
      return CasdJNI.casd_dataset_modality_count(pointer, split, mask);
    } finally {
      handle.release();
    }
  }

  /**
   * The true noise of a synthetic sample in one modality.
   *
   * @param split name of the split
   * @param sample index of the sample
   * @param modality index of the modality
   * @return the noise; NaN for a missing modality
   * @throws CasdException NOT_FOUND if there is no such split; INVALID_ARGUMENT; STATE if the
   * dataset is
   *     not synthetic
   */
  public double noise(String split, long sample, int modality) {
    long pointer = handle.acquire();
    try {
      return Double.longBitsToDouble(CasdJNI.casd_dataset_noise(pointer, split, sample, modality));
    } finally {
      handle.release();
    }
  }
}
