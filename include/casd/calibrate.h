/**
 * @file calibrate.h
 * @brief Calibration of a trained model on other held-out samples, without a trainer.
 *
 * @code{.c}
 * casd_model *calibrated = NULL;
 * casd_model_load(&model, "mood.casd");
 * casd_dataset_open(&data, "our_speakers.csv", NULL);
 * casd_model_calibrate(&calibrated, model, data, NULL, NULL, NULL, NULL);
 * casd_model_save(calibrated, "our_mood.casd");
 * casd_model_destroy(calibrated);
 * @endcode
 *
 * Training ends with the same calibration (train.h). Use this for a model that runs on data of another
 * source than its training data: other speakers, microphones, or another share of the classes. The
 * weights of the network do not change. Fitted are
 *
 * - with the model option `linear`: the trust in each modality, the contribution of its linear map, and
 *   a temperature for each set of modalities;
 * - without it: the temperatures, and the trust if the model has one;
 * - the tables of held-out results behind prediction sets, intervals, error rates and monitors.
 *
 * The held-out samples must be new to the model. Calibrated on the samples that it learned from, it is
 * too certain. Sets and error rates need at least about a hundred labelled samples to be of use.
 */
#ifndef CASD_CALIBRATE_H
#define CASD_CALIBRATE_H

#include "dataset.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Options of a calibration. Initialise them with casd_calibrate_options_init().
 * @since 0.2
 */
typedef struct casd_calibrate_options {
  uint32_t struct_size; /**< sizeof of the caller's struct. */
  int32_t fit_maps;     /**< 1: linear maps and input guard are also fitted again, on split `train`
                                of the dataset; 0: they are kept. Maps that were never fitted are
                                fitted in both cases if there is a split `train` (0). */
  int32_t balance_classes; /**< 1: the maps weigh classes by N / (K N_k); 0: equally (1). */
  int32_t threads;         /**< On the CPU (1; 1 to 256). Does not change the result. */
} casd_calibrate_options;

/** @brief Fills in the defaults; errors as casd_model_options_init(). @since 0.2 */
CASD_API casd_status CASD_CALL casd_calibrate_options_init(casd_calibrate_options *options,
                                                           size_t size);

/**
 * @brief Progress callback of casd_model_calibrate(), on the calling thread.
 * @param done   Work done, about in reads of a sample; never decreases. Searches are estimated.
 * @param total  All work, the same in every call; reached in the last call if the calibration succeeds.
 * @param user   The pointer passed to casd_model_calibrate().
 * @return 0 to continue; any other value cancels: ::CASD_ERROR_CANCELLED.
 * @since 0.2
 */
typedef int32_t(CASD_CALL *casd_calibrate_callback)(int64_t done, int64_t total, void *user);

/**
 * @brief Creates a model with the same network, calibrated on a split of a dataset.
 *
 * The result is that of casd_trainer_calibrate() with the same samples, to the bit. Samples without a
 * modality, without a label or without a finite prediction are left out. A regression without `linear`
 * and `input_guard` has nothing to calibrate: the result equals the model, without progress.
 * @param[out] result   Receives the calibrated model, with the user values of `model`.
 * @param      model    A trained model; it does not change.
 * @param      dataset  Task and outputs of the model; modalities matched by name (schema.h).
 * @param      split    Name of the split with the held-out samples. NULL or "": `valid` if it has
 *                      samples, else the only split of the dataset.
 * @param      options  NULL: the defaults.
 * @param      progress NULL, or called after every few hundred samples of a pass; may cancel.
 * @param      user     Passed to the callback.
 * @return ::CASD_OK; ::CASD_ERROR_STATE if the model was never trained; ::CASD_ERROR_NOT_FOUND if there
 *         is no such split (the message lists the splits); ::CASD_ERROR_INVALID_ARGUMENT if NULL, an
 *         option is out of range, the schema does not match, a sample has too many frames, no
 *         held-out sample has a modality and a label, or with `fit_maps` the dataset has no other
 *         split `train` with labels or the model has neither linear maps nor a guard;
 *         ::CASD_ERROR_NUMERIC if no labelled sample has a finite prediction;
 *         ::CASD_ERROR_CANCELLED; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_model_calibrate(casd_model **result, const casd_model *model,
                                                    const casd_dataset *dataset, const char *split,
                                                    const casd_calibrate_options *options,
                                                    casd_calibrate_callback progress, void *user);

#ifdef __cplusplus
}
#endif

#endif
