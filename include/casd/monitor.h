/**
 * @file monitor.h
 * @brief Detects that predictions at run time no longer resemble the held-out data.
 *
 * @code{.c}
 * casd_monitor *monitor = NULL;
 * casd_monitor_state state;
 * casd_monitor_create(&monitor, model, NULL);
 * casd_monitor_state_init(&state, sizeof state);
 * while (more()) {
 *   casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES);
 *   casd_monitor_add(monitor, prediction);               // every prediction, in its order
 *   casd_monitor_get_state(&state, monitor);
 *   if (state.alarms > 0) puts("the input has changed");
 * }
 * casd_monitor_destroy(monitor);
 * @endcode
 *
 * The guarantees of prediction sets, intervals and the option `error_rate` (predict.h) hold while the
 * samples are exchangeable with the held-out samples of the calibration: drawn independently from the
 * same source. A monitor tests this. It needs no labels. It compares each sample with the held-out
 * ones and with the samples before it: which modalities it has, the variance of each modality (which
 * the input guard raises for noise and for frozen frames), the uncertainty and the error probability.
 * Their ranks are independent and uniform without a change; against this a game of bets is played
 * (a conformal test martingale), and an alarm is raised when its gain is too large for chance.
 *
 * Independence matters: samples that follow each other closely, such as overlapping windows of one
 * recording, resemble each other more than samples of different recordings, and raise alarms. Add one
 * of them only. A change that alters neither of the tested numbers is not seen.
 *
 * ### Threads
 *
 * A casd_monitor is used by one thread at a time. The model may be destroyed before it.
 */
#ifndef CASD_MONITOR_H
#define CASD_MONITOR_H

#include "predict.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A test of a stream of predictions. One thread at a time. @since 0.2 */
typedef struct casd_monitor casd_monitor;

/** @brief What showed a change. @since 0.2 */
typedef int32_t casd_monitor_subject;

/** @brief The values of ::casd_monitor_subject. @since 0.2 */
enum {
  CASD_MONITOR_MODALITIES = 0,        /**< Which modalities the samples have. */
  CASD_MONITOR_MODALITY_VARIANCE = 1, /**< The variance of one modality. */
  CASD_MONITOR_UNCERTAINTY = 2,       /**< The uncertainty U_F. */
  CASD_MONITOR_ERROR_PROBABILITY = 3  /**< The error probability; classes only. */
};

/**
 * @brief Options of a monitor. Initialise them with casd_monitor_options_init().
 * @since 0.2
 */
typedef struct casd_monitor_options {
  uint32_t struct_size;           /**< sizeof of the caller's struct. */
  uint32_t reserved;              /**< 0. */
  double samples_per_false_alarm; /**< Without a change an alarm comes within n samples with a
                                       probability of at most n divided by this; 1e6; 1 to 1e15. A
                                       smaller number finds changes after fewer samples. */
  int64_t warm_up;                /**< This number of first samples is not tested: they join the
                                       held-out ones. For a place that differs from the held-out data
                                       from the beginning; 0; 0 or more. */
  uint64_t seed;                  /**< Of the random ranks of equal numbers; 0. */
} casd_monitor_options;

/** @brief Fills in the defaults; errors as casd_model_options_init(). @since 0.2 */
CASD_API casd_status CASD_CALL casd_monitor_options_init(casd_monitor_options *options,
                                                         size_t size);

/**
 * @brief State of a monitor. Initialise it with casd_monitor_state_init().
 * @since 0.2
 */
typedef struct casd_monitor_state {
  uint32_t struct_size;               /**< sizeof of the caller's struct. */
  int32_t alarm;                      /**< 1: the last casd_monitor_add() raised an alarm. */
  int64_t samples;                    /**< Samples so far, without rows that have no result. */
  int64_t alarms;                     /**< Alarms so far. After each the test begins again. */
  int64_t last_alarm;                 /**< `samples` at the last alarm; 0: none yet. */
  casd_monitor_subject alarm_subject; /**< What raised the last alarm. */
  int32_t alarm_modality;             /**< Its modality, for a modality's variance; else -1. */
  double evidence;              /**< How close the next alarm is: 0 (no sign of a change) to 1,
                                           logarithmic. */
  casd_monitor_subject subject; /**< What is closest to an alarm. */
  int32_t modality;             /**< Its modality, for a modality's variance; else -1. */
} casd_monitor_state;

/** @brief Prepares the struct; errors as casd_model_options_init(). @since 0.2 */
CASD_API casd_status CASD_CALL casd_monitor_state_init(casd_monitor_state *state, size_t size);

/**
 * @brief Creates a monitor for the predictions of a model.
 * @param[out] monitor  Receives it.
 * @param      model    A calibrated model.
 * @param      options  NULL: the defaults.
 * @return ::CASD_OK; ::CASD_ERROR_STATE if the model has no tables of held-out results, because it was
 *         not calibrated; ::CASD_ERROR_INVALID_ARGUMENT if NULL or an option is out of range;
 *         ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_monitor_create(casd_monitor **monitor, const casd_model *model,
                                                   const casd_monitor_options *options);

/** @brief Destroys a monitor; NULL is allowed. @since 0.2 */
CASD_API void CASD_CALL casd_monitor_destroy(casd_monitor *monitor);

/**
 * @brief Tests the rows of a prediction, in their order.
 *
 * Rows whose casd_prediction_row_status() is not ::CASD_OK are left out. Does not allocate memory.
 * @param monitor     The monitor.
 * @param prediction  A prediction of the same model, for all samples of the stream under the same mask:
 *                    a mask that changes looks like a change of the input.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or the prediction is of a model with another
 *         number of modalities; ::CASD_ERROR_STATE if the prediction is empty.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_monitor_add(casd_monitor *monitor,
                                                const casd_prediction *prediction);

/**
 * @brief The present state.
 * @param[out] state    An initialised struct.
 * @param      monitor  The monitor.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or the struct was not initialised.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_monitor_get_state(casd_monitor_state *state,
                                                      const casd_monitor *monitor);

#ifdef __cplusplus
}
#endif

#endif
