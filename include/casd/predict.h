/**
 * @file predict.h
 * @brief Runs a model: probabilities and uncertainties, fused and per modality.
 *
 * @code{.c}
 * casd_predictor *predictor = NULL;
 * casd_prediction *prediction = NULL;
 * const float *p;
 * casd_predictor_create(&predictor, model, NULL);
 * casd_prediction_create(&prediction);
 * casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES);   // all modalities
 * p = casd_prediction_data(prediction, CASD_FIELD_PROBABILITIES);
 * casd_predict(prediction, predictor, batch, 1u << audio);           // audio only
 * @endcode
 *
 * Values of modalities outside the mask are never read.
 *
 * ### Threads
 *
 * Any number of threads can use one ::casd_predictor concurrently, for example all threads of a
 * service. The calls run in parallel and return the same bits as in a single thread; with
 * ::CASD_DEVICE_CUDA the device computes for one call at a time. A ::casd_prediction and a casd_batch
 * can be used by one thread at a time: each thread needs its own.
 *
 * Each call uses a workspace of its predictor, which creates one when none is idle. The number of
 * workspaces is at most the maximum number of concurrent calls, and each keeps the memory of its
 * largest call. A call on the CPU does not allocate if a workspace and a prediction of sufficient
 * size exist. casd_predictor_trim() releases idle workspaces.
 *
 * ### fork()
 *
 * In the child after fork() predictors on the CPU work and can be destroyed, also if other threads
 * of the parent were inside casd_predict() at the fork. The child starts without the parent's
 * threads and workspaces. A predictor on a GPU can be destroyed in the child, but casd_predict()
 * returns ::CASD_ERROR_STATE there. Batches and predictions that another thread was using at the
 * fork must not be used in the child, and there is no guarantee while a function is set with
 * casd_set_parallel_for().
 */
#ifndef CASD_PREDICT_H
#define CASD_PREDICT_H

#include "batch.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A model on a device. Any number of threads concurrently. @since 0.1 */
typedef struct casd_predictor casd_predictor;

/** @brief The results of one call. One thread at a time. @since 0.1 */
typedef struct casd_prediction casd_prediction;

/** @brief Device that runs the computation. @since 0.1 */
typedef int32_t casd_device;

/** @brief The values of ::casd_device. @since 0.1 */
enum {
  CASD_DEVICE_CPU = 0, /**< The processor. */
  CASD_DEVICE_CUDA = 1 /**< An NVIDIA GPU, through the plug-in `libcasd_torch`. */
};

/** @brief Which engine computes. @since 0.2 */
typedef int32_t casd_engine_choice;

/** @brief The values of ::casd_engine_choice. @since 0.2 */
enum {
  CASD_ENGINE_AUTO = 0, /**< The first listed engine that supports device and use. */
  CASD_ENGINE_CPU = 1,  /**< The built-in engine. */
  CASD_ENGINE_TORCH = 2 /**< The plug-in `libcasd_torch`. */
};

/**
 * @brief Description of an engine. Initialise it with casd_engine_info_init().
 * @since 0.2
 */
typedef struct casd_engine_info {
  uint32_t struct_size; /**< sizeof of the caller's struct. */
  casd_device device;   /**< Device of the computation. */
  int32_t available;    /**< 1: it can be used here; 0: see `reason`. */
  int32_t trains;       /**< 1: it trains; 0: inference only. */
  int32_t concurrent;   /**< 1: calls on one predictor run concurrently; 0: one after the other. */
  char name[32];        /**< "cpu": built in. "torch": the plug-in `libcasd_torch`. */
  char reason[256];     /**< Why it is not available, possibly truncated; "" if available. */
} casd_engine_info;

/**
 * @brief Prepares the struct.
 * @param[out] info  The struct.
 * @param      size  `sizeof *info` as the caller sees it.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_engine_info_init(casd_engine_info *info, size_t size);

/**
 * @brief Describes one engine of this library.
 *
 * Uses the engine to find out whether it is available: loads the plug-in, which stays loaded, and opens
 * the device. This takes some time on the first call.
 *
 * @code{.c}
 * casd_engine_info info;
 * int32_t i;
 * casd_engine_info_init(&info, sizeof info);
 * for (i = 0; casd_engine_get_info(&info, i) == CASD_OK; ++i)
 *   printf("%s: %s\n", info.name, info.available ? "available" : info.reason);
 * @endcode
 *
 * @param[out] info   Receives the description.
 * @param      index  From 0 on: the built-in one, the plug-in on the CPU, the plug-in on CUDA.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND past the end of the list; ::CASD_ERROR_INVALID_ARGUMENT if
 *         `info` is NULL or was not initialised; ::CASD_ERROR_OUT_OF_MEMORY.
 * @par Threads Any thread.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_engine_get_info(casd_engine_info *info, int32_t index);

/** @brief How to handle a sample without any modality of the mask. @since 0.1 */
typedef int32_t casd_on_empty;

/** @brief The values of ::casd_on_empty. @since 0.1 */
enum {
  CASD_EMPTY_ERROR = 0, /**< The call fails; the message names the sample. */
  CASD_EMPTY_NAN = 1    /**< A row of NaN; casd_prediction_row_status() reports it. */
};

/**
 * @brief Options of a predictor. Initialise them with casd_predictor_options_init().
 * @since 0.1
 */
typedef struct casd_predictor_options {
  uint32_t struct_size;      /**< sizeof of the caller's struct. */
  casd_device device;        /**< ::CASD_DEVICE_CPU. */
  int32_t device_index;      /**< Which GPU; 0. */
  int32_t threads;           /**< Threads that share the work of a call on the CPU, the calling one
                               included; 1; 1 to 256. Results do not depend on it. */
  casd_on_empty on_empty;    /**< ::CASD_EMPTY_ERROR. */
  uint32_t reserved;         /**< 0. */
  casd_engine_choice engine; /**< ::CASD_ENGINE_AUTO. @since 0.2 */
  uint32_t reserved_2;       /**< 0. */
  double coverage;   /**< Probability that sets and intervals contain the truth; 0.9; above 0,
                               below 1. @since 0.2 */
  double error_rate; /**< Above 0: the field ABSTAIN is 1 where a decision must be left to
                               someone else, so that at most this share of the other decisions is
                               wrong, for each set of modalities. This holds for at least 96 % of
                               calibrations; with few held-out samples every row abstains. Needs a
                               calibrated model, no regression. 0: off; below 1. @since 0.2 */
} casd_predictor_options;

/**
 * @brief Fills in the defaults.
 * @param[out] options  The struct.
 * @param      size     `sizeof *options` as the caller sees it.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_predictor_options_init(casd_predictor_options *options,
                                                           size_t size);

/**
 * @brief Creates a predictor. The model may be destroyed before the predictor.
 * @param[out] predictor  Receives it.
 * @param      model      The model.
 * @param      options    NULL: the defaults.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT; ::CASD_ERROR_UNAVAILABLE if there is no such
 *         device, or the plug-in it needs is missing (the message names each path tried);
 *         ::CASD_ERROR_STATE if `error_rate` is set and the model has no tables of held-out results;
 *         ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_predictor_create(casd_predictor **predictor,
                                                     const casd_model *model,
                                                     const casd_predictor_options *options);

/**
 * @brief Destroys a predictor; NULL is allowed. No call that uses it may be in progress.
 * @since 0.1
 */
CASD_API void CASD_CALL casd_predictor_destroy(casd_predictor *predictor);

/**
 * @brief Releases the memory of all workspaces that no call is using.
 *
 * Useful after an unusually long sequence, a large batch or a peak of concurrent calls. The next
 * calls allocate what they need again.
 * @param predictor  The predictor.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL; ::CASD_ERROR_OUT_OF_MEMORY.
 * @par Threads Any thread, also while other threads use the predictor.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_predictor_trim(casd_predictor *predictor);

/** @brief Creates an empty prediction, which may be filled any number of times. @since 0.1 */
CASD_API casd_status CASD_CALL casd_prediction_create(casd_prediction **prediction);

/** @brief Destroys a prediction; NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_prediction_destroy(casd_prediction *prediction);

/**
 * @brief Runs the model on every sample of a batch.
 *
 * A modality participates in a sample if its bit is set and the sample has it. On the CPU the bits of
 * a sample's result do not depend on the other samples of the batch or on the number of threads.
 * A sample whose results are not finite does not fail the call: its row is NaN, and
 * casd_prediction_row_status() is ::CASD_ERROR_NUMERIC.
 * @param prediction     Receives the results; on error it keeps the old ones.
 * @param predictor      Where to run.
 * @param batch          At least one sample. Its modalities are matched with the model's by name, in
 *                       any order (casd/schema.h); those that its schema lacks are missing in each
 *                       sample. Its task and outputs are ignored.
 * @param modality_mask  ::CASD_ALL_MODALITIES or some bits of the model's schema (not of the
 *                       batch's), not 0.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, the batch is empty, has modalities that
 *         the model lacks (the message names them) or features that do not match, the mask is 0 or
 *         has bits beyond the model's schema, a sample is longer than the model's max_steps, or a
 *         sample has no modality of the mask (the message names it); ::CASD_ERROR_OUT_OF_MEMORY, also if a
 *         thread cannot be started; ::CASD_ERROR_DEVICE; ::CASD_ERROR_CANCELLED or
 *         ::CASD_ERROR_STATE if the host's function of casd_set_parallel_for() fails;
 *         ::CASD_ERROR_STATE for a predictor on a GPU in the child after fork().
 * @par Threads Any number at once, each with its own prediction and batch.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_predict(casd_prediction *prediction, casd_predictor *predictor,
                                            const casd_batch *batch,
                                            casd_modality_mask modality_mask);

/**
 * @brief Runs the model on one sample without a batch.
 *
 * Gives the same bits as casd_predict() with a batch of one sample with these frames. The library reads
 * the caller's memory during the call and keeps no pointer. Frames of modalities outside the mask are
 * never read.
 * @param prediction      Receives the results, one row; on error it keeps the old ones.
 * @param predictor       Where to run.
 * @param frames          [modality_count] in the order of the model's schema: the first of
 *                        steps * features numbers, row-major; NULL: the modality is missing. A
 *                        modality with only NaN frames is missing as well.
 * @param steps           [modality_count] number of frames, 0 to the model's max_steps; 0: the
 *                        modality is missing. Ignored where the pointer is NULL.
 * @param modality_count  The number of the model's modalities.
 * @param modality_mask   ::CASD_ALL_MODALITIES or some bits of the model's schema, not 0.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if a pointer other than the elements of `frames`
 *         is NULL, `modality_count` is not that of the model, `steps` is negative or, for a modality
 *         of the mask, above max_steps, the mask is 0 or has bits beyond the schema, or the sample has
 *         no modality of the mask (unless `on_empty` is ::CASD_EMPTY_NAN); ::CASD_ERROR_OUT_OF_MEMORY;
 *         ::CASD_ERROR_DEVICE; ::CASD_ERROR_CANCELLED and ::CASD_ERROR_STATE as casd_predict().
 * @par Threads Any number at once, each with its own prediction.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_predict_frames(casd_prediction *prediction,
                                                   casd_predictor *predictor,
                                                   const float *const *frames, const int64_t *steps,
                                                   int32_t modality_count,
                                                   casd_modality_mask modality_mask);

/**
 * @brief Runs the model on one sample whose frames are in one array.
 *
 * As casd_predict_frames(), for callers that can pass one array more easily than pointers.
 * @param prediction      Receives the results, one row; on error it keeps the old ones.
 * @param predictor       Where to run.
 * @param values          The frames of all modalities, one modality after the other in the order of
 *                        the model's schema; may be NULL if there is none.
 * @param value_count     Numbers in `values`: exactly the sum of steps * features.
 * @param steps           [modality_count] number of frames; 0: the modality is missing.
 * @param modality_count  The number of the model's modalities.
 * @param modality_mask   ::CASD_ALL_MODALITIES or some bits of the model's schema, not 0.
 * @return As casd_predict_frames(); ::CASD_ERROR_INVALID_ARGUMENT also if `value_count` is not the sum
 *         of steps * features (the message contains both numbers).
 * @par Threads Any number at once, each with its own prediction.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_predict_packed(casd_prediction *prediction,
                                                   casd_predictor *predictor, const float *values,
                                                   size_t value_count, const int64_t *steps,
                                                   int32_t modality_count,
                                                   casd_modality_mask modality_mask);

/**
 * @brief A table of results: one row per sample.
 *
 * Per-modality columns are NaN for a modality that does not participate (with the model option
 * `absent` = `zeros` every modality participates, missing ones as zeros). Law: a Student's t
 * distribution with location mu, degrees of freedom nu and variance = aleatoric + epistemic. Values
 * per sample are means over the dimensions of the representation. Compare variances between inputs of
 * one model only: their level depends on the model. Only a regulariser determines the split into
 * aleatoric and epistemic variance: compare it between inputs; its absolute values have no meaning.
 *
 * ### Fields with a guarantee
 *
 * PREDICTION_SET and INTERVAL contain the true class, label or value with the probability `coverage`
 * of the options, separately for each set of modalities: also if only audio is there. They are valid
 * if the input resembles the held-out samples of the calibration (exchangeability, which a
 * casd_monitor tests), on average over calibrations. A set may be empty: no class is likely enough.
 * A set of modalities with too few held-out samples for the coverage (below 9 for 0.9) uses the
 * threshold of the set that needs the largest one; if no set has enough, every class is a member and
 * the interval is infinite. ABSTAIN: see casd_predictor_options. Without the calibration of
 * casd_trainer_fit() or casd_trainer_calibrate() PREDICTION_SET, INTERVAL, STANDARD_DEVIATION and
 * UNCERTAINTY_PERCENTILE are NaN. Errors are best ranked by ERROR_PROBABILITY.
 * @since 0.1
 */
typedef int32_t casd_field;

/**
 * @brief The values of ::casd_field, with their number of columns. 6 is not in use.
 * @since 0.1
 */
enum {
  CASD_FIELD_PROBABILITIES = 0, /**< [outputs] calibrated; classes: sum 1; labels: each 0..1. */
  CASD_FIELD_LOGITS = 1,        /**< [outputs]; multi-label: [2 outputs], (negative, positive). */
  CASD_FIELD_VALUE = 2,         /**< [outputs] regression: in the targets' units. */
  CASD_FIELD_CONFIDENCE = 3,    /**< [1] classes: largest probability; multi-label: mean of the
                                     larger of each pair; regression: NaN until calibrated. */
  CASD_FIELD_UNCERTAINTY = 4,   /**< [1] variance U_F of the fused law: orders sets of modalities and
                                     corrupted inputs; rank errors by CASD_FIELD_ERROR_PROBABILITY. */
  CASD_FIELD_DISAGREEMENT = 5,  /**< [1] weighted spread of the modalities' locations. */
  CASD_FIELD_MODALITY_VARIANCE = 7,            /**< [modalities] V_m, the primary one. */
  CASD_FIELD_MODALITY_ALEATORIC = 8,           /**< [modalities] A_m = beta / (alpha - 1). */
  CASD_FIELD_MODALITY_EPISTEMIC = 9,           /**< [modalities] E_m = A_m / delta. */
  CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM = 10, /**< [modalities] nu_m = 2 alpha. */
  CASD_FIELD_MODALITY_WEIGHT = 11,             /**< [modalities] C_m, sum 1. */
  CASD_FIELD_REPRESENTATION = 12,              /**< [hidden] mu_F. */
  CASD_FIELD_SCALE = 13,                       /**< [hidden] sigma_F. */
  CASD_FIELD_DEGREES_OF_FREEDOM = 14,          /**< [hidden] nu_F. */
  /** [modalities] factor R Z of V_m by the input guard; 1: like the training data. @since 0.2 */
  CASD_FIELD_MODALITY_GUARD = 15,
  /** Classes: [1], 1 - the largest probability; multi-label: [outputs], of each label. @since 0.2 */
  CASD_FIELD_ERROR_PROBABILITY = 16,
  /** Classes: [outputs], 1: member, 0: not; multi-label: [2 outputs], (negative, positive).
      @since 0.2 */
  CASD_FIELD_PREDICTION_SET = 17,
  /** [outputs] regression: of the value, in the targets' units. @since 0.2 */
  CASD_FIELD_STANDARD_DEVIATION = 18,
  /** [2 outputs] regression: (lower, upper) end, in the targets' units; may be infinite. @since 0.2 */
  CASD_FIELD_INTERVAL = 19,
  /** [1] percentage of the held-out samples whose U_F is at most that of the row. @since 0.2 */
  CASD_FIELD_UNCERTAINTY_PERCENTILE = 20,
  /** Classes: [1], 1: do not use the decision (option `error_rate`), 0: use it; multi-label: [outputs],
      of each label. @since 0.2 */
  CASD_FIELD_ABSTAIN = 21
};

/**
 * @brief The size of a table.
 * @param[out] rows        Receives the number of samples; may be NULL.
 * @param[out] columns     Receives the number of columns; may be NULL.
 * @param      prediction  A prediction that casd_predict() has filled.
 * @param      field       Which table.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, unknown, or a field that the task does
 *         not have (PROBABILITIES of a regression, VALUE of anything else);
 *         ::CASD_ERROR_STATE before casd_predict().
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_prediction_shape(int64_t *rows, int64_t *columns,
                                                     const casd_prediction *prediction,
                                                     casd_field field);

/**
 * @brief The state of one row.
 * @param[out] status      Receives ::CASD_OK for a result; ::CASD_ERROR_STATE if the sample had no
 *                         modality of the mask; ::CASD_ERROR_NUMERIC if a result is not finite,
 *                         because an input overflowed (`input_clip` = 0 and frames of 1e38). In
 *                         both cases the whole row is NaN.
 * @param      prediction  A prediction that casd_predict() has filled.
 * @param      row         Index of the sample.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or there is no such row;
 *         ::CASD_ERROR_STATE before casd_predict().
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_prediction_row_status(casd_status *status,
                                                          const casd_prediction *prediction,
                                                          int64_t row);

/**
 * @brief Copies a table, row-major.
 * @param[out] buffer      Receives it; NULL with capacity 0 queries `needed`.
 * @param      capacity    Numbers in `buffer`.
 * @param[out] needed      Receives rows * columns; may be NULL.
 * @param      prediction  The prediction.
 * @param      field       Which table.
 * @return As casd_prediction_shape(); ::CASD_ERROR_BUFFER_TOO_SMALL (`needed` is set).
 * @since 0.1, in this order 0.2
 */
CASD_API casd_status CASD_CALL casd_prediction_copy(float *buffer, size_t capacity, size_t *needed,
                                                    const casd_prediction *prediction,
                                                    casd_field field);

/**
 * @brief Copies several tables by one call, concatenated in the order of `fields`.
 * @param[out] buffer      Receives them, each row-major; NULL with capacity 0 queries `needed`.
 * @param      capacity    Numbers in `buffer`.
 * @param[out] needed      Receives the sum of rows * columns; may be NULL.
 * @param      prediction  The prediction.
 * @param      fields      [count] the tables; duplicates are allowed.
 * @param      count       1 or more.
 * @return As casd_prediction_copy(), for the first field that fails; ::CASD_ERROR_INVALID_ARGUMENT
 *         also for a `count` below 1. On error nothing is copied.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_prediction_copy_fields(float *buffer, size_t capacity,
                                                           size_t *needed,
                                                           const casd_prediction *prediction,
                                                           const casd_field *fields, int32_t count);

/**
 * @brief A table without copying: [rows, columns], row-major.
 *
 * Valid until the prediction is filled again or destroyed.
 * @return NULL if casd_prediction_shape() would fail.
 * @since 0.1
 */
CASD_API const float *CASD_CALL casd_prediction_data(const casd_prediction *prediction,
                                                     casd_field field);

#ifdef __cplusplus
}
#endif

#endif
