/**
 * @file batch.h
 * @brief Samples of any length, any modality missing, with or without targets.
 *
 * @code{.c}
 * casd_batch *batch = NULL;
 * int64_t sample;
 * casd_batch_create(&batch, schema);
 * casd_batch_add_sample(&sample, batch);
 * casd_batch_set_frames(batch, sample, language, words, 12, 300, 0);  // 12 frames of 300 numbers
 * casd_batch_set_frames(batch, sample, audio, voice, 40, 74, 0);      // its own length
 * @endcode
 *
 * All data is copied during the call. A modality that was not set is missing. A frame of only NaN is a
 * missing frame: it counts as a time step but carries no information. A modality with only missing
 * frames is missing. Single features that are not finite are replaced by the mean of the training data.
 */
#ifndef CASD_BATCH_H
#define CASD_BATCH_H

#include "schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A growing list of samples. One thread at a time. @since 0.1 */
typedef struct casd_batch casd_batch;

/**
 * @brief Creates an empty batch.
 * @param[out] batch   Receives it.
 * @param      schema  At least one modality; copied.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_batch_create(casd_batch **batch, const casd_schema *schema);

/** @brief Destroys a batch; NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_batch_destroy(casd_batch *batch);

/**
 * @brief Adds a sample without frames and target.
 * @param[out] sample  Receives its index, 0 for the first; may be NULL.
 * @param      batch   The batch.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_batch_add_sample(int64_t *sample, casd_batch *batch);

/**
 * @brief Sets the frames of one modality of a sample, replacing earlier ones.
 * @param batch     The batch.
 * @param sample    Index of the sample.
 * @param modality  Index of the modality.
 * @param values    [steps, features], row-major; NULL with steps 0: missing.
 * @param steps     Number of frames; 0: missing.
 * @param features  Numbers in a frame. Must be the modality's number of features, so that a wrong
 *                  layout is detected.
 * @param stride    Distance between the starts of two frames in numbers, at least `features`; 0: the
 *                  frames are contiguous. A larger stride reads frames from wider records, such as
 *                  those of a ring buffer.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if `batch` is NULL, an index is out of range, a
 *         count is wrong (the message names sample, modality and features), or `values` is NULL with
 *         steps above 0; ::CASD_ERROR_OUT_OF_MEMORY. On error the sample is unchanged.
 * @since 0.1, in this form 0.2
 */
CASD_API casd_status CASD_CALL casd_batch_set_frames(casd_batch *batch, int64_t sample,
                                                     int32_t modality, const float *values,
                                                     int64_t steps, int32_t features,
                                                     int64_t stride);

/**
 * @brief Sets the target of a sample.
 *
 * Classes: one number, the index of the class. Multi-label: one number per output, 0 or 1.
 * Regression: one number per output. A sample without a target is used in training for distillation,
 * but not in task losses and metrics.
 * @param batch   The batch.
 * @param sample  Index of the sample.
 * @param values  The numbers; NULL with count 0 removes the target.
 * @param count   1 for classes, else the number of outputs.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if an index or the count is wrong, or a value is
 *         not finite, not a class, or not 0 or 1.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_batch_set_target(casd_batch *batch, int64_t sample,
                                                     const float *values, size_t count);

/** @brief Removes all samples but keeps the memory. NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_batch_clear(casd_batch *batch);

/**
 * @brief Reserves capacity, so that adding up to this many samples does not reallocate the list.
 * @param batch    The batch.
 * @param samples  Number of samples in total, at least 0; fewer than there are: no effect.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_batch_reserve(casd_batch *batch, int64_t samples);

/** @brief The number of samples; -1 for NULL. @since 0.1 */
CASD_API int64_t CASD_CALL casd_batch_size(const casd_batch *batch);

/**
 * @brief The number of frames of a modality of a sample, including missing frames; 0 if the modality
 *        is missing; -1 if there is no such sample or modality.
 * @since 0.1
 */
CASD_API int64_t CASD_CALL casd_batch_steps(const casd_batch *batch, int64_t sample,
                                            int32_t modality);

/**
 * @brief The frames of a modality of a sample.
 * @return [steps, features], row-major, valid until the batch is changed; NULL if missing.
 * @since 0.1
 */
CASD_API const float *CASD_CALL casd_batch_frames(const casd_batch *batch, int64_t sample,
                                                  int32_t modality);

/**
 * @brief The target of a sample, in the form of casd_batch_set_target(); NULL if it has none.
 *
 * Valid until the batch is changed.
 * @since 0.1
 */
CASD_API const float *CASD_CALL casd_batch_target(const casd_batch *batch, int64_t sample);

#ifdef __cplusplus
}
#endif

#endif
