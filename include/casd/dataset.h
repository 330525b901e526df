/**
 * @file dataset.h
 * @brief Datasets with splits: from HDF5, CSV or .ts files, synthetic, or built from batches.
 *
 * @code{.c}
 * casd_dataset *data = NULL;
 * casd_dataset_open(&data, "mosi.h5", "classes:negative,positive");
 * printf("%lld training samples\n", (long long)casd_dataset_size(data, "train"));
 * @endcode
 *
 * ### HDF5 (through the plug-in `libcasd_hdf5`)
 *
 * | path                           | type                 | content                               |
 * | ------------------------------ | -------------------- | ------------------------------------- |
 * | `/<split>/<modality>`          | [N, T, D] float      | frames                                |
 * | `/<split>/<modality>_length`   | [N] int              | frames of each sample, 0: missing     |
 * | `/<split>/label`               | [N] or [N, outputs]  | labels, finite                        |
 * | `/<split>/group`               | [N] int, optional    | group of each sample                  |
 * | attribute `modalities`         | texts                | names, in order                       |
 * | attribute `<modality>_features`| texts, optional      | names of the D features of a modality |
 * | attribute `task`               | text, optional       | `regression`, `classes`, `multilabel` |
 * | attribute `classes`            | texts                | names of the classes or labels        |
 * | attribute `outputs`            | texts, optional      | names of a regression's outputs       |
 *
 * The attributes belong to the root group. A dataset may declare 65,536 values, and 1,100 more for each
 * stored byte (16 if it is not compressed), else ::CASD_ERROR_FORMAT. Reading takes memory for two
 * copies of the values as float, and 320 bytes and 64 bytes per modality for each sample. CASD allocates
 * at most ten times the size of the values and texts before compression at once, plus 2 MiB; HDF5 itself
 * keeps whole chunks.
 *
 * ### CSV
 *
 * UTF-8 text as defined by RFC 4180: a header line, then one line per frame.
 *
 * | column             | content                                                                  |
 * | ------------------ | ------------------------------------------------------------------------ |
 * | `sample`           | name of the sample; the lines of a sample must be consecutive            |
 * | `split`            | optional; default `train`                                                |
 * | `group`            | optional; e.g. the speaker: casd_dataset_hold_out() keeps groups together |
 * | `label`            | optional; a number, or a class by name or index; empty: no label         |
 * | `label:NAME`       | the same for one of several outputs                                      |
 * | `modality.feature` | a number; empty or `NaN`: NaN. The names become part of the schema       |
 *
 * A label or group can be given in any or all lines of its sample. A line in which all cells of a
 * modality are empty has no frame of that modality, so each modality can have its own number of
 * frames. Samples of the same name in two splits are two samples.
 *
 * Limits: 1 TiB; 262,144 columns; 16 MiB in a line; 1,024 splits; 4,096 classes; 1,024 bytes in the name
 * of a sample or group; other names have the limits of the schema. Exceeding a limit is
 * ::CASD_ERROR_FORMAT. Reading takes memory of at most ten times the size of the file, plus 1 MiB, 64
 * bytes for each column, and 192 bytes and 64 bytes per modality for each sample.
 *
 * ### .ts (UEA archive of multivariate time series)
 *
 * Lines `@tag value`, the line `@data`, then one series (a sample) per line: values separated by `,` in
 * dimensions separated by `:`, e.g. `0.1,0.2,?:1.5,1.4,1.6:walking`. The last field is the label: a
 * class with `@classLabel true walking running`, a number with `@targetLabel true`, nothing with
 * `@classLabel false`. `?` and `NaN` are NaN, or no label. `@dimensions` and `@equalLength true` are
 * checked, `@timeStamps true` is ::CASD_ERROR_FORMAT; other tags and lines that begin with `#` or `%`
 * are skipped. Dimensions are the channels 0, 1, ...; a modality is a group of channels
 * (casd_dataset_open_as()) that have as many values as each other, or none: missing. Without groups
 * all channels are the modality `series`. The split is `test` if the file's name ends with `_TEST.ts`,
 * else `train`. Limits: 65,536 channels, 4,096 classes, those of the schema.
 *
 * ### Task and outputs
 *
 * The caller's task has priority, then the attribute `task` or the header of the file. Classes of a
 * .ts file are matched with the caller's by name, or all by position if the caller has the same number
 * and none of the names. For CSV task and outputs are inferred from the labels: strings are classes,
 * in alphabetical order; one unnamed column with only 0 and 1 is the classes `0` and `1`; columns
 * `label:NAME` with only 0 and 1 are multi-label; everything else is a regression. For HDF5, names in
 * `classes` without `task` mean classes (one column of labels) or multi-label (several).
 */
#ifndef CASD_DATASET_H
#define CASD_DATASET_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Splits of samples in memory. One thread at a time. @since 0.1 */
typedef struct casd_dataset casd_dataset;

/**
 * @brief Opens an HDF5, CSV or .ts file; the format is detected by content.
 *
 * Open HDF5 files only from sources that you trust: HDF5's C library (1.10) does not end on some
 * damaged files. Text is read in time and memory proportional to the file, whatever it contains; no
 * single allocation is larger than ten times the file plus 1 MiB.
 * @param[out] dataset  Receives it.
 * @param      path     UTF-8.
 * @param      task     NULL: see "Task and outputs" above. "regression", or "regression:A,B,..."
 *                      with names; "classes:A,B,..." names the classes of integer labels. With two
 *                      names and real labels around zero, the classes are negative and positive
 *                      labels; samples with label zero have no target. "multilabel:A,B,..." names
 *                      the labels. Columns `label:NAME` are matched with these names, other columns
 *                      by order.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or the task does not match the labels;
 *         ::CASD_ERROR_IO; ::CASD_ERROR_FORMAT (the message names the dataset or line, the problem
 *         and what was expected); ::CASD_ERROR_UNAVAILABLE if `libcasd_hdf5` is missing.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_open(casd_dataset **dataset, const char *path,
                                                 const char *task);

/**
 * @brief Opens a file as casd_dataset_open(), with the split and the modalities that it does not name.
 * @param[out] dataset     Receives it.
 * @param      path        UTF-8.
 * @param      task        As for casd_dataset_open().
 * @param      split       NULL or "": the splits of the file. Else the dataset has this split only: that
 *                         of the file with this name, or the file's only one, renamed.
 * @param      modalities  NULL or "": those of the file. For .ts: channels by number and range, e.g.
 *                         "accelerometer=0-2,gyroscope=3,5". Each is in one modality at most;
 *                         others are left out.
 * @return As casd_dataset_open(); ::CASD_ERROR_INVALID_ARGUMENT also if `modalities` is wrong, names a
 *         channel that the file lacks, or is given for a file that is not .ts;
 *         ::CASD_ERROR_NOT_FOUND if the file has several splits, but not `split`.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_dataset_open_as(casd_dataset **dataset, const char *path,
                                                    const char *task, const char *split,
                                                    const char *modalities);

/**
 * @brief Appends copies of a file's samples to the dataset, e.g. those to test with.
 *
 * The task is that of the dataset, the channels of a .ts file are grouped as when it was opened.
 * @param dataset  The dataset.
 * @param path     UTF-8.
 * @param split    As for casd_dataset_open_as(). Splits that exist get more samples.
 * @return As casd_dataset_open_as(); ::CASD_ERROR_INVALID_ARGUMENT also if the file's outputs or
 *         modalities do not match the dataset (schema.h). On error the dataset is unchanged.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_dataset_add_file(casd_dataset *dataset, const char *path,
                                                     const char *split);

/**
 * @brief Reads CSV or .ts from memory.
 *
 * The bytes are copied. Errors as casd_dataset_open(), without ::CASD_ERROR_IO; HDF5 is
 * ::CASD_ERROR_FORMAT.
 * @param[out] dataset  Receives it.
 * @param      data     The text.
 * @param      size     How many bytes.
 * @param      name     Identifies the text in messages, like a path.
 * @param      task     As for casd_dataset_open().
 * @return A status.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_dataset_load_memory(casd_dataset **dataset, const void *data,
                                                        size_t size, const char *name,
                                                        const char *task);

/**
 * @brief Options of the synthetic generator. Initialise with casd_synthetic_options_init().
 *
 * Three modalities `language`, `audio`, `visual` observe one hidden state through noise. Its strength
 * is drawn for each sample and modality. casd_dataset_noise() returns it, so that a model's uncertainty
 * can be compared with the true noise.
 * @since 0.1
 */
typedef struct casd_synthetic_options {
  uint32_t struct_size;  /**< sizeof of the caller's struct. */
  casd_task task;        /**< ::CASD_TASK_CLASSES (`negative`, `positive`). */
  int32_t train_samples; /**< 600; 1 to 1000000. */
  int32_t valid_samples; /**< 200; 0 to 1000000. */
  int32_t test_samples;  /**< 200; 0 to 1000000. */
  int32_t max_steps;     /**< Frames: each sample and modality 1 to this; 12; 1 to 4096. */
  double missing_rate; /**< Probability of a missing modality; 0; below 1. At least one remains. */
  uint64_t seed;       /**< 0. */
} casd_synthetic_options;

/** @brief Fills in the defaults; errors as casd_model_options_init(). @since 0.1 */
CASD_API casd_status CASD_CALL casd_synthetic_options_init(casd_synthetic_options *options,
                                                           size_t size);

/**
 * @brief Creates a synthetic dataset. The same options give the same bits.
 * @param[out] dataset  Receives it.
 * @param      options  NULL: the defaults.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_create_synthetic(casd_dataset **dataset,
                                                             const casd_synthetic_options *options);

/**
 * @brief Creates an empty dataset. Add samples with casd_dataset_add().
 * @param[out] dataset  Receives it.
 * @param      schema   Complete (modalities, outputs); copied.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_create(casd_dataset **dataset,
                                                   const casd_schema *schema);

/**
 * @brief Appends copies of a batch's samples to a split.
 * @param dataset  The dataset.
 * @param split    UTF-8 name, 1 to 64 bytes; created if it does not exist.
 * @param batch    Task and outputs of the dataset; modalities matched by name (schema.h).
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT; ::CASD_ERROR_OUT_OF_MEMORY. On error the dataset
 *         is unchanged.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_add(casd_dataset *dataset, const char *split,
                                                const casd_batch *batch);

/**
 * @brief Moves a part of a split to another split, e.g. of `train` to `valid`.
 *
 * Samples of one group move together. About `share` of each class move (multi-label: of each label;
 * regression: of each of up to ten bins between quantiles of the first target), and about `share` of
 * all, at least one sample or group. At least one sample of every class or label remains in `from`.
 * Samples without a target stay, unless their group moves or no sample of the split has a target. The
 * order of samples is kept. The same data, share and seed give the same choice.
 * @param dataset  The dataset.
 * @param from     Name of a split.
 * @param to       Name of a split that is empty or does not exist, 1 to 64 bytes.
 * @param share    Above 0 and below 1.
 * @param seed     Any number.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if there is no split `from`;
 *         ::CASD_ERROR_INVALID_ARGUMENT if an argument is NULL or out of range, `to` has samples, or
 *         nothing can move: at least two samples (groups) with a target are needed, for classes and
 *         labels at least two of one class; ::CASD_ERROR_OUT_OF_MEMORY. On error the dataset is
 *         unchanged.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_dataset_hold_out(casd_dataset *dataset, const char *from,
                                                     const char *to, double share, uint64_t seed);

/** @brief Destroys a dataset; NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_dataset_destroy(casd_dataset *dataset);

/** @brief A copy of the dataset's schema; destroy it. Errors: INVALID_ARGUMENT. @since 0.1 */
CASD_API casd_status CASD_CALL casd_dataset_schema(casd_schema **schema,
                                                   const casd_dataset *dataset);

/** @brief The number of splits; -1 for NULL. @since 0.1 */
CASD_API int32_t CASD_CALL casd_dataset_split_count(const casd_dataset *dataset);

/** @brief The name of split `index`; NULL if there is none. Belongs to the dataset. @since 0.1 */
CASD_API const char *CASD_CALL casd_dataset_split_name(const casd_dataset *dataset, int32_t index);

/** @brief The number of samples in a split; -1 if there is no such split. @since 0.1 */
CASD_API int64_t CASD_CALL casd_dataset_size(const casd_dataset *dataset, const char *split);

/**
 * @brief Appends copies of samples to a batch.
 * @param batch    Task and outputs of the dataset, and all its modalities, matched by name
 *                 (schema.h); further modalities are missing in the new samples.
 * @param dataset  The dataset.
 * @param split    Name of the split.
 * @param indices  Indices of the samples; NULL: samples 0 to count - 1.
 * @param count    Number of samples.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if there is no such split; ::CASD_ERROR_INVALID_ARGUMENT
 *         if NULL, there is no such sample, or the schema does not match; nothing was added then.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_read(casd_batch *batch, const casd_dataset *dataset,
                                                 const char *split, const int64_t *indices,
                                                 size_t count);

/**
 * @brief The name of a sample: the text in the CSV column `sample`, else its number.
 * @return UTF-8 text that belongs to the dataset; NULL if there is no such sample.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_dataset_sample_name(const casd_dataset *dataset,
                                                        const char *split, int64_t sample);

/**
 * @brief The group of a sample: the text in the CSV column `group`, or the number in HDF5.
 * @return UTF-8 text that belongs to the dataset; "" if the sample has no group; NULL if there is no
 *         such sample.
 * @since 0.2
 */
CASD_API const char *CASD_CALL casd_dataset_group_name(const casd_dataset *dataset,
                                                       const char *split, int64_t sample);

/**
 * @brief Counts samples by their target.
 * @param[out] count    Receives the number of samples with a target for which `output` is true: of
 *                      that class, or with that label. Regression: of samples with a target.
 * @param      dataset  The dataset.
 * @param      split    Name of the split.
 * @param      output   Index of an output; -1: all samples with a target.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if there is no such split; ::CASD_ERROR_INVALID_ARGUMENT
 *         if NULL or there is no such output.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_dataset_target_count(int64_t *count,
                                                         const casd_dataset *dataset,
                                                         const char *split, int32_t output);

/**
 * @brief Counts samples by their modalities.
 * @param[out] count    Receives the number of samples that have at least one modality of the mask.
 * @param      dataset  The dataset.
 * @param      split    Name of the split.
 * @param      mask     Modalities of the dataset's schema; ::CASD_ALL_MODALITIES: any.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if there is no such split; ::CASD_ERROR_INVALID_ARGUMENT
 *         if NULL, the mask is 0 or has bits beyond the schema.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_dataset_modality_count(int64_t *count,
                                                           const casd_dataset *dataset,
                                                           const char *split,
                                                           casd_modality_mask mask);

/**
 * @brief The true noise strength of one modality of a synthetic sample.
 *
 * The error common to all frames of the sequence has 0.5 times this standard deviation, the additional
 * error of each frame 0.3 times; the state has standard deviation 1. NaN for a missing modality.
 * @param[out] noise     Receives it.
 * @param      dataset   A dataset made by casd_dataset_create_synthetic().
 * @param      split     Name of the split.
 * @param      sample    Index of the sample.
 * @param      modality  Index of the modality.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if there is no such split; ::CASD_ERROR_INVALID_ARGUMENT;
 *         ::CASD_ERROR_STATE if the dataset is not synthetic.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_noise(double *noise, const casd_dataset *dataset,
                                                  const char *split, int64_t sample,
                                                  int32_t modality);

#ifdef __cplusplus
}
#endif

#endif
