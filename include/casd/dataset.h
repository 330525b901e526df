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
 * `/<split>/<modality>` [N, T, D] float, `/<split>/<modality>_length` [N] int (0: missing),
 * `/<split>/label` [N] or [N, outputs]; root attributes `modalities` (names, in order), `task`
 * (`regression`, `classes` or `multilabel`) and, for the latter two, `classes` (names).
 *
 * ### CSV
 *
 * One line a frame, a header line first. Columns: `sample` (any text; the lines of a sample stand
 * together), optional `split` (default `train`), optional `label` (`label:NAME` per output; class
 * by name or index), and the features as `modality.feature`, e.g. `audio.f0`. An empty cell is
 * NaN. A line whose cells of a modality are all empty is no frame of that modality, so each
 * modality may have its own number of frames. Task and outputs are inferred from the labels unless
 * the caller names them: names give classes, several `label:NAME` columns of 0 and 1 multi-label,
 * everything else regression.
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
 * @param[out] dataset  Receives it.
 * @param      path     UTF-8.
 * @param      task     NULL: the file's own task. "regression"; "classes:A,B,..." names the
 *                      classes of integer labels, or, with two names and real labels around zero,
 *                      below and above (zeros have no class and become samples without target);
 *                      "multilabel:A,B,..." names the labels.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or the task does not fit the labels;
 *         ::CASD_ERROR_IO; ::CASD_ERROR_FORMAT (the message says which dataset or line, what it is
 *         and what was expected); ::CASD_ERROR_UNAVAILABLE if `libcasd_hdf5` is missing.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_dataset_open(casd_dataset **dataset, const char *path,
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
