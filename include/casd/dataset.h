/**
 * @file dataset.h
 * @brief Samples with splits: from HDF5, from CSV, synthetic, or built from batches.
 *
 * @code{.c}
 * casd_dataset *data = NULL;
 * casd_dataset_open(&data, "mosi.h5", "classes:negative,positive");
 * printf("%lld samples to learn from\n", (long long)casd_dataset_size(data, "train"));
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
 * The attributes are those of the root.
 *
 * ### CSV
 *
 * Text in UTF-8 as RFC 4180 describes it: a header line, then one line a frame.
 *
 * | column             | content                                                                  |
 * | ------------------ | ------------------------------------------------------------------------ |
 * | `sample`           | name of the sample; the lines of a sample stand together                 |
 * | `split`            | optional; default `train`                                                |
 * | `group`            | optional; e.g. the speaker: casd_dataset_hold_out() keeps groups together |
 * | `label`            | optional; a number, or a class by name or index; empty: no label         |
 * | `label:NAME`       | the same for one of several outputs                                      |
 * | `modality.feature` | a number; empty or `NaN`: NaN. The names go into the schema              |
 *
 * A label or group stands in any line of its sample or in all of them. A line whose cells of a
 * modality are all empty is no frame of that modality, so each modality may have its own number of
 * frames. Samples of one name in two splits are two samples.
 *
 * Limits: 262,144 columns; 16 MiB in a line; 1,024 splits; 4,096 classes; 1,024 bytes in the name
 * of a sample or group; those of the schema for the others. What is beyond is ::CASD_ERROR_FORMAT.
 * Memory is in proportion to the size of the file.
 *
 * ### Task and outputs
 *
 * The caller's task comes first, then the file's attribute `task`. Otherwise they are inferred from
 * the labels: words are classes, in the order of the alphabet; one unnamed column of nothing but 0
 * and 1 is the classes `0` and `1`; columns `label:NAME` of nothing but 0 and 1 are multi-label;
 * everything else is a regression. For HDF5, names in `classes` without `task` mean classes (one
 * column of labels) or multi-label (several).
 */
#ifndef CASD_DATASET_H
#define CASD_DATASET_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Samples with splits, in memory. One thread at a time. @since 0.1 */
typedef struct casd_dataset casd_dataset;

/**
 * @brief Opens a file: HDF5 or CSV, told apart by content.
 *
 * Open HDF5 files only from sources that you trust: HDF5's C library (1.10) does not end on some
 * damaged files. CSV is read in time and memory proportional to the file, whatever it contains.
 * @param[out] dataset  Receives it.
 * @param      path     UTF-8.
 * @param      task     NULL: see "Task and outputs" above. "regression", or "regression:A,B,..."
 *                      with names; "classes:A,B,..." names the classes of integer labels, or, with
 *                      two names and real labels around zero, below and above (zeros have no class
 *                      and become samples without target); "multilabel:A,B,..." names the labels.
 *                      Columns `label:NAME` are matched with these names, else taken in order.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or the task does not fit the labels;
 *         ::CASD_ERROR_IO; ::CASD_ERROR_FORMAT (the message says which dataset or line, what it is
 *         and what was expected); ::CASD_ERROR_UNAVAILABLE if `libcasd_hdf5` is missing.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_open(casd_dataset **dataset, const char *path,
                                                 const char *task);

/**
 * @brief Reads CSV from memory.
 *
 * The bytes are copied. Errors as casd_dataset_open(), without ::CASD_ERROR_IO; HDF5 is
 * ::CASD_ERROR_FORMAT.
 * @param[out] dataset  Receives it.
 * @param      data     The text.
 * @param      size     How many bytes.
 * @param      name     Names the text in messages, as a path would.
 * @param      task     As for casd_dataset_open().
 * @return A status.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_dataset_load_memory(casd_dataset **dataset, const void *data,
                                                        size_t size, const char *name,
                                                        const char *task);

/**
 * @brief What the synthetic generator makes. Fill with casd_synthetic_options_init() first.
 *
 * Three modalities `language`, `audio`, `visual` see one hidden state through noise whose strength
 * is drawn for each sample and modality and can be read back, so that a model's uncertainty can be
 * compared with the truth.
 * @since 0.1
 */
typedef struct casd_synthetic_options {
  uint32_t struct_size;  /**< sizeof of the caller's struct. */
  casd_task task;        /**< ::CASD_TASK_CLASSES (`negative`, `positive`). */
  int32_t train_samples; /**< 600; 1 to 1000000. */
  int32_t valid_samples; /**< 200; 0 to 1000000. */
  int32_t test_samples;  /**< 200; 0 to 1000000. */
  int32_t max_steps;     /**< Frames: each sample and modality 1 to this; 12; 1 to 4096. */
  double missing_rate;   /**< Chance that a modality is missing; 0; below 1. One always stays. */
  uint64_t seed;         /**< 0. */
} casd_synthetic_options;

/** @brief Fills in the defaults; errors as casd_model_options_init(). @since 0.1 */
CASD_API casd_status CASD_CALL casd_synthetic_options_init(casd_synthetic_options *options,
                                                           size_t size);

/**
 * @brief Makes a synthetic dataset: the same options give the same bits.
 * @param[out] dataset  Receives it.
 * @param      options  NULL: the defaults.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_create_synthetic(casd_dataset **dataset,
                                                             const casd_synthetic_options *options);

/**
 * @brief Makes an empty dataset, to be filled with casd_dataset_add().
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
 * @param split    UTF-8 name, 1 to 64 bytes; a new one is made.
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
 * all, at least one sample or group. No class or label leaves `from` altogether. Samples without a
 * target stay, unless their group moves or no sample of the split has a target. The order of
 * samples is kept. The same data, share and seed give the same choice.
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
 * @brief Copies samples into a batch, after what is in it.
 * @param batch    Task and outputs of the dataset, and all its modalities, matched by name
 *                 (schema.h); further modalities are missing in the new samples.
 * @param dataset  The dataset.
 * @param split    Name of the split.
 * @param indices  Which samples; NULL: samples 0 to count - 1.
 * @param count    How many.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if there is no such split; ::CASD_ERROR_INVALID_ARGUMENT
 *         if NULL, there is no such sample, or the schema does not match; nothing was added then.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_read(casd_batch *batch, const casd_dataset *dataset,
                                                 const char *split, const int64_t *indices,
                                                 size_t count);

/**
 * @brief The name of a sample: what the CSV's column `sample` said, else its number.
 * @return UTF-8 text that belongs to the dataset; NULL if there is no such sample.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_dataset_sample_name(const casd_dataset *dataset,
                                                        const char *split, int64_t sample);

/**
 * @brief The group of a sample: the text in the CSV's column `group`, or the number in HDF5.
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
 * @brief How noisy a synthetic sample truly is in one modality.
 *
 * Half of it is the standard deviation of the error that all frames of the sequence share, three
 * tenths that of each frame's own; the state itself has deviation 1. NaN for a missing modality.
 * @param[out] noise     Receives it.
 * @param      dataset   A dataset made by casd_dataset_create_synthetic().
 * @param      split     Name of the split.
 * @param      sample    Index of the sample.
 * @param      modality  Index of the modality.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if there is no such split; ::CASD_ERROR_INVALID_ARGUMENT;
 *         ::CASD_ERROR_STATE if the truth is unknown.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_noise(double *noise, const casd_dataset *dataset,
                                                  const char *split, int64_t sample,
                                                  int32_t modality);

#ifdef __cplusplus
}
#endif

#endif
