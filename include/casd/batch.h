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
 * Everything is copied during the call. A modality that is never set is missing; a frame that is
 * wholly NaN is a missing frame, which keeps its place in time and says nothing; a modality all of
 * whose frames are missing is missing. Single values that are not finite are accepted in features
 * and stand for the training data's mean.
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
 * @brief Makes an empty batch.
 * @param[out] batch   Receives it.
 * @param      schema  At least one modality; copied.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_batch_create(casd_batch **batch, const casd_schema *schema);

/** @brief Destroys a batch; NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_batch_destroy(casd_batch *batch);

/**
 * @brief Adds a sample that has nothing yet.
 * @param[out] sample  Receives its index, 0 for the first; may be NULL.
 * @param      batch   The batch.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_batch_add_sample(int64_t *sample, casd_batch *batch);

/**
 * @brief Gives a sample its frames of one modality, replacing earlier ones.
 * @param batch     The batch.
 * @param sample    Index of the sample.
 * @param modality  Index of the modality.
 * @param values    [steps, features], row-major; NULL with steps 0: missing.
 * @param steps     Number of frames; 0: missing.
 * @param features  Numbers in a frame: those of the modality. Given so that a wrong layout cannot
 *                  pass as another number of frames.
 * @param stride    Numbers from one frame's beginning to the next one's, at least `features`; 0:
 *                  the frames are contiguous. A larger stride reads frames out of wider records,
 *                  such as those of a ring buffer.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if `batch` is NULL, an index is out of range, a
 *         count does not fit (the message names sample, modality and features), or `values` is NULL
 *         with steps above 0; ::CASD_ERROR_OUT_OF_MEMORY. On error the sample is unchanged.
 * @since 0.1, in this form 0.2
 */
CASD_API casd_status CASD_CALL casd_batch_set_frames(casd_batch *batch, int64_t sample,
                                                     int32_t modality, const float *values,
                                                     int64_t steps, int32_t features,
                                                     int64_t stride);

/**
 * @brief Gives a sample its target.
 *
 * Classes: one number, the index of the class. Multi-label: one number per output, 0 or 1.
 * Regression: one number per output. A sample without a target takes part in training where none
 * is needed (distillation) and in no task loss or metric.
 * @param batch   The batch.
 * @param sample  Index of the sample.
 * @param values  The numbers; NULL with count 0 takes the target away.
 * @param count   1 for classes, else the number of outputs.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if an index or the count is off, or a value is
 *         not finite, not a class, or not 0 or 1.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_batch_set_target(casd_batch *batch, int64_t sample,
                                                     const float *values, size_t count);

/** @brief Takes all samples out but keeps the memory. NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_batch_clear(casd_batch *batch);

/**
 * @brief Makes room for samples, so that adding up to so many does not move the list.
 * @param batch    The batch.
 * @param samples  Number of samples in total, at least 0; fewer than there are: no effect.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_batch_reserve(casd_batch *batch, int64_t samples);

/** @brief The number of samples; -1 for NULL. @since 0.1 */
CASD_API int64_t CASD_CALL casd_batch_size(const casd_batch *batch);

/**
 * @brief The number of frames a sample has of a modality, missing frames among them; 0 if the
 *        modality is missing; -1 if there is no such sample or modality.
 * @since 0.1
 */
CASD_API int64_t CASD_CALL casd_batch_steps(const casd_batch *batch, int64_t sample,
                                            int32_t modality);

/**
 * @brief The frames a sample has of a modality.
 * @return [steps, features], row-major, valid until the batch is changed; NULL if missing.
 * @since 0.1
 */
CASD_API const float *CASD_CALL casd_batch_frames(const casd_batch *batch, int64_t sample,
                                                  int32_t modality);

/**
 * @brief A sample's target as casd_batch_set_target() takes it; NULL if it has none.
 *
 * Valid until the batch is changed.
 * @since 0.1
 */
CASD_API const float *CASD_CALL casd_batch_target(const casd_batch *batch, int64_t sample);

#ifdef __cplusplus
}
#endif

#endif
