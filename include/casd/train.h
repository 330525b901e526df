/**
 * @file train.h
 * @brief Training: a teacher on complete input, a student on corrupted input, calibration.
 *
 * The complete training in one call:
 * @code{.c}
 * casd_trainer_options options;
 * casd_trainer_options_init(&options, sizeof options);
 * options.seed = 7;
 * casd_trainer *trainer = NULL;
 * casd_trainer_create(&trainer, model, &options);
 * casd_trainer_fit(trainer, data, "mood.checkpoint", NULL, NULL);
 * casd_trainer_snapshot(&trained, trainer);
 * @endcode
 *
 * Or step by step, with the caller's own batches:
 * @code{.c}
 * casd_trainer_prepare_batch(trainer, many);         // normaliser, class weights
 * while (more()) casd_train_step(&stats, trainer, batch);
 * casd_trainer_calibrate(trainer, many, held_out);   // linear maps, trust, temperatures
 * casd_trainer_snapshot(&trained, trainer);
 * @endcode
 *
 * Option `engine` chooses what computes: the built-in engine (the default on the CPU), or the plug-in
 * `libcasd_torch`. For one build, engine and kind of processor the same seed gives the same bits, for
 * any number of threads, also if the training was interrupted and resumed.
 */
#ifndef CASD_TRAIN_H
#define CASD_TRAIN_H

#include "dataset.h"
#include "model.h"
#include "predict.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Student, teacher and optimiser state. One thread at a time, except cancel. @since 0.1 */
typedef struct casd_trainer casd_trainer;

/** @brief The teacher of the student. @since 0.1 */
typedef int32_t casd_teacher_mode;

/** @brief The values of ::casd_teacher_mode. @since 0.1 */
enum {
  CASD_TEACHER_FROZEN = 0, /**< The best epoch of the teacher phase. */
  CASD_TEACHER_EMA = 1,    /**< Starts as frozen; then a moving average of the student. */
  CASD_TEACHER_SHARED = 2, /**< The student itself, on complete input. */
  CASD_TEACHER_NONE = 3    /**< No teacher phase, no distillation. */
};

/** @brief How the representation is sampled in training. @since 0.1 */
typedef int32_t casd_sampling_mode;

/** @brief The values of ::casd_sampling_mode. @since 0.1 */
enum {
  CASD_SAMPLING_STUDENT_T = 0, /**< Student's t, no gradient through the noise. */
  CASD_SAMPLING_IMPLICIT = 1,  /**< Student's t, implicit gradient through its Gamma variate. */
  CASD_SAMPLING_GAUSSIAN = 2,  /**< A normal of variance U_F. */
  CASD_SAMPLING_NONE = 3       /**< The location itself. */
};

/** @brief A part of the training. @since 0.1 */
typedef int32_t casd_phase;

/** @brief The values of ::casd_phase. @since 0.1 */
enum {
  CASD_PHASE_TEACHER = 0, /**< Complete input, task loss only. */
  CASD_PHASE_STUDENT = 1, /**< Corrupted input, all losses. */
  CASD_PHASE_DONE = 2     /**< Training is finished; the model is calibrated. */
};

/**
 * @brief Training options. Initialise them with casd_trainer_options_init(). The defaults are those
 *        of the recipe `grounded`. casd_trainer_create() checks the ranges.
 *
 * In parentheses: the default, the value of recipe `paper` if it differs, the range.
 *
 * `auto` adapts the schedule to the n samples of split `train` that have a modality:
 * - `batch_size`: n / 8, rounded down to a power of two, 8 to 128. This gives s steps per epoch.
 * - `teacher_epochs`: 12, and at least 240 steps: max(12, 240 / s rounded up). With
 *   ::CASD_POOLING_AUTO they are run twice; progress and casd_train_stats::epoch count on.
 * - `epochs`: 16 (`paper`: 25), and at least 320 steps: max(16, 320 / s rounded up).
 * - `select_from`: 6/16 of the student's epochs, rounded to the nearest (`paper`: 0).
 * - `patience`: 10/16 of the student's epochs, rounded up, so that the student never stops early
 *   (`paper`: 8/25, rounded up).
 *
 * The numbers are fixed when the first epoch starts and are stored in the checkpoint.
 * casd_trainer_options_resolve() returns them. casd_train_step() uses none of the five.
 * @since 0.1, `schedule` and `auto` 0.2
 */
typedef struct casd_trainer_options {
  uint32_t struct_size;        /**< sizeof of the caller's struct. */
  casd_teacher_mode teacher;   /**< (::CASD_TEACHER_FROZEN) */
  casd_sampling_mode sampling; /**< (::CASD_SAMPLING_STUDENT_T) */
  int32_t teacher_epochs;      /**< Most epochs of the teacher's phase (0: auto; to 100000). */
  int32_t epochs;              /**< Most epochs of the student's phase (0: auto; to 100000). */
  int32_t select_from;         /**< First epoch, from 0, that can be selected as the best of the
                                  student (-1: auto; to 100000). */
  int32_t patience;            /**< Epochs without a new best that end a phase (0: auto). */
  int32_t batch_size;          /**< Samples a step (0: auto; to 65536). */
  int32_t total_steps;       /**< For casd_train_step(): length of the cosine; 0: constant rate. */
  int32_t balance_classes;   /**< 1: class weights N / (K N_k); 0: none (1). */
  int32_t calibrate;         /**< 1: fit at the end what casd_trainer_calibrate() fits (1). */
  int32_t fit_trust;         /**< 1: without `linear`, too, fit one factor per modality (0). */
  casd_device device;        /**< (::CASD_DEVICE_CPU) */
  int32_t device_index;      /**< Which GPU (0). */
  int32_t threads;           /**< On the CPU (1; 1 to 256). Does not change the result. */
  casd_recipe schedule;      /**< The recipe that defines `auto` (::CASD_RECIPE_GROUNDED). */
  double dropout;            /**< (0.4; 0 to below 1) */
  double frame_drop;         /**< Maximum probability to drop a frame (0.5; 0 to 1). */
  double sigma_scale;        /**< Factor kappa of the sampling noise (1; 0 to 10; 0: off). */
  double ema_decay;          /**< Of the teacher `ema` (0.99; 0 to 1). */
  double logit_weight;       /**< Of the Jensen-Shannon term (1; 0 to 1000). */
  double uncertainty_weight; /**< Of (U_F - teacher's)^2 (0, 0.1; 0 to 1000). */
  double evidence_weight;    /**< Of the evidence's likelihood (1, 0; 0 to 1000). */
  double evidence_regularizer; /**< Of |y - gamma| (2 delta + alpha) (0.05; 0 to 1000). */
  double evidence_rate;        /**< Factor of the evidence heads' rate (10, 1; 0 to 1000). */
  double learning_rate;        /**< (0.001; above 0, up to 1) */
  double final_rate;           /**< Share of the rate that the cosine ends with (0.05; 0 to 1). */
  double weight_decay;         /**< L2, in the gradient (0.0001; 0 to 1). */
  double gradient_clip;        /**< Most norm of the gradient (0.8; 0: off). */
  uint64_t seed;               /**< Of shuffling, corruption, dropout and sampling (0). */
  casd_engine_choice engine;   /**< (::CASD_ENGINE_AUTO) Another engine rounds differently.
                                    @since 0.2 */
  uint32_t reserved;           /**< 0. */
  double hold_out;             /**< Share of train that is held out for selection and calibration
                                    if there is no split valid (0.2; 0 to below 1). @since 0.2 */
} casd_trainer_options;

/** @brief Fills in the defaults; errors as casd_model_options_init(). @since 0.1 */
CASD_API casd_status CASD_CALL casd_trainer_options_init(casd_trainer_options *options,
                                                         size_t size);

/** @brief Sets the fields in which a recipe differs; errors: INVALID_ARGUMENT. @since 0.1 */
CASD_API casd_status CASD_CALL casd_trainer_options_use_recipe(casd_trainer_options *options,
                                                               casd_recipe recipe);

/**
 * @brief Sets one field by name from text, as casd_model_options_set(); also accepts `auto`.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_options_set(casd_trainer_options *options,
                                                        const char *name, const char *value);

/**
 * @brief Replaces each `auto` by its number for a dataset.
 * @param[in,out] options  The options.
 * @param         dataset  With a split `train`.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, an option is out of range or split
 *         `train` has no sample with a modality; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_trainer_options_resolve(casd_trainer_options *options,
                                                            const casd_dataset *dataset);

/** @brief The number of fields that casd_trainer_options_set() can set. @since 0.2 */
CASD_API int32_t CASD_CALL casd_trainer_options_count(void);

/** @brief The name of field `index`: static text; NULL if there is none. @since 0.2 */
CASD_API const char *CASD_CALL casd_trainer_options_name(int32_t index);

/** @brief One field as text; parameters and errors as casd_model_options_text(). @since 0.2 */
CASD_API casd_status CASD_CALL casd_trainer_options_text(char *buffer, size_t capacity,
                                                         size_t *needed,
                                                         const casd_trainer_options *options,
                                                         const char *name);

/**
 * @brief The result of a step, or the mean of the steps of an epoch.
 * @since 0.1
 */
typedef struct casd_train_stats {
  uint32_t struct_size;    /**< sizeof of the caller's struct; set by the init function. */
  casd_phase phase;        /**< The phase it belongs to. */
  int32_t epoch;           /**< From 0; of casd_trainer_epoch() only. */
  int32_t go_on;           /**< casd_trainer_epoch(): 1 until the training is finished. */
  int64_t step;            /**< Steps taken in this phase. */
  int64_t samples;         /**< Samples processed. */
  double loss;             /**< The total. */
  double task_loss;        /**< Cross-entropy or squared error. */
  double logit_loss;       /**< Jensen-Shannon; NaN if there is no such term. */
  double uncertainty_loss; /**< Before its weight; NaN if there is no such term. */
  double evidence_loss;    /**< Before its weight; NaN if there is no such term. */
  double gradient_norm;    /**< Before clipping. */
  double learning_rate;    /**< In use. */
  double score;            /**< Selection score of the epoch on valid: mean F1 in % (regression:
                                minus the mean absolute error); NaN if none was computed. */
  double best_score;       /**< The phase's best so far; NaN before there is one. */
} casd_train_stats;

/**
 * @brief Prepares a struct that receives results: all zero, struct_size set.
 * @param[out] stats  The struct.
 * @param      size   `sizeof *stats` as the caller sees it.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or smaller than the first release's.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_train_stats_init(casd_train_stats *stats, size_t size);

/**
 * @brief The progress of a casd_trainer_fit().
 * @since 0.1
 */
typedef struct casd_train_progress {
  uint32_t struct_size;      /**< sizeof of the caller's struct. */
  casd_phase phase;          /**< Which phase. */
  int32_t epoch;             /**< From 0. */
  int32_t epochs;            /**< Most epochs of the phase, with ::CASD_POOLING_AUTO of both runs. */
  int64_t step;              /**< Steps taken in this epoch. */
  int64_t steps;             /**< Steps of an epoch. */
  double loss;               /**< Mean of this epoch so far. */
  double score;              /**< Selection score of the last finished epoch; NaN before. */
  double best_score;         /**< The phase's best; NaN before. */
  double samples_per_second; /**< Of this call so far. */
  double seconds;            /**< Since the call began. */
  double seconds_left;       /**< If neither phase stops early. */
} casd_train_progress;

/** @brief Prepares a struct that receives progress, as casd_train_stats_init(). @since 0.2 */
CASD_API casd_status CASD_CALL casd_train_progress_init(casd_train_progress *progress, size_t size);

/**
 * @brief Progress callback, called after every step on the training thread. After the last step of an
 *        epoch (`step` = `steps`) it receives the epoch's score.
 * @param progress  Valid during the call.
 * @param user      The pointer passed to casd_trainer_fit().
 * @return 0 to continue; any other value cancels.
 * @since 0.1
 */
typedef int32_t(CASD_CALL *casd_progress_callback)(const casd_train_progress *progress, void *user);

/**
 * @brief Creates a trainer that starts from a model, which may be trained already.
 * @param[out] trainer  Receives it.
 * @param      model    Schema, sizes, rules and initial weights.
 * @param      options  NULL: the defaults.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or an option is out of range;
 *         ::CASD_ERROR_UNAVAILABLE if the plug-in or the device is missing (the message names each
 *         path tried); ::CASD_ERROR_OUT_OF_MEMORY; ::CASD_ERROR_DEVICE.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_create(casd_trainer **trainer, const casd_model *model,
                                                   const casd_trainer_options *options);

/** @brief Destroys a trainer; NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_trainer_destroy(casd_trainer *trainer);

/**
 * @brief Fits the normaliser (means, standard deviations), the targets' scale and the class weights
 *        on split `train`.
 *
 * A model that was trained before keeps its own normaliser and targets' scale. A class that does not
 * occur in split `train` or `valid` is a warning (casd_set_log()). After a casd_trainer_epoch() or
 * casd_trainer_fit(), also one that is over, nothing is fitted: the call only checks that the dataset
 * is the same.
 * @param trainer  The trainer, before its first casd_train_step().
 * @param dataset  Task and outputs of the model, modalities matched by name (schema.h), with a
 *                 split `train` that has a label.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, the schema does not match, no split
 *         `train`, no sample in it with a modality, none with a label (unless
 *         casd_trainer_set_teacher() named a teacher), too many frames in a sample, or another
 *         dataset than that of the epochs before; ::CASD_ERROR_STATE after a casd_train_step();
 *         ::CASD_ERROR_DEVICE; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_prepare(casd_trainer *trainer,
                                                    const casd_dataset *dataset);

/**
 * @brief casd_trainer_prepare() on the caller's samples, for training step by step.
 *
 * The batch should contain all training data, or a random sample of it; samples without a modality
 * are ignored.
 * @param trainer  The trainer, before its first step.
 * @param batch    Task and outputs of the model, modalities matched by name (schema.h).
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, empty, the schema does not match, no
 *         sample has a modality, or none a label (unless casd_trainer_set_teacher() set a
 *         teacher); ::CASD_ERROR_STATE after the first step or in ::CASD_PHASE_DONE;
 *         ::CASD_ERROR_DEVICE; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_trainer_prepare_batch(casd_trainer *trainer,
                                                          const casd_batch *batch);

/**
 * @brief Sets the phase of casd_train_step(). A new trainer is in the teacher phase
 *        (`teacher` = `none`: the student phase).
 *
 * Entering the student phase freezes the current weights as teacher, unless
 * casd_trainer_set_teacher() set one, and resets optimiser and step count.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT for NULL or another phase than teacher and
 *         student; ::CASD_ERROR_STATE for an earlier phase; ::CASD_ERROR_DEVICE;
 *         ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_set_phase(casd_trainer *trainer, casd_phase phase);

/**
 * @brief Sets the teacher of the student phase.
 * @param trainer  The trainer.
 * @param model    Same modalities, task, outputs and hidden size, and the same normaliser.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or it does not match;
 *         ::CASD_ERROR_STATE if the trainer's `teacher` is `shared` or `none`, or the student
 *         phase has started; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_set_teacher(casd_trainer *trainer,
                                                        const casd_model *model);

/**
 * @brief One step on the caller's batch: corruption (student), losses, gradient, Adam.
 * @param[out] stats    Receives the result of the step; may be NULL. Initialise it first.
 * @param      trainer  A prepared trainer.
 * @param      batch    At least one sample, each with a modality; matched by name (schema.h).
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, empty, its schema does not match, a sample
 *         has no modality or too many frames; ::CASD_ERROR_STATE if neither casd_trainer_prepare()
 *         nor casd_trainer_prepare_batch() was called nor the model trained before, or in
 *         ::CASD_PHASE_DONE; ::CASD_ERROR_NUMERIC if the loss is not finite
 *         (the weights are unchanged); ::CASD_ERROR_DEVICE; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_train_step(casd_train_stats *stats, casd_trainer *trainer,
                                               const casd_batch *batch);

/**
 * @brief Runs one epoch of the current phase on split `train` and scores it on split `valid` with the
 *        trainer's engine.
 *
 * Prepares the trainer if necessary. The last epoch of the teacher phase enters the student phase; the
 * last epoch of the student phase calibrates. `stats->go_on` is 1 until then; casd_trainer_fit() calls
 * this in a loop. Without a split `valid` the last epoch of each phase is used, without calibration.
 * @param[out] stats    Receives the epoch's means; may be NULL. Initialise it first.
 * @param      trainer  The trainer.
 * @param      dataset  Always the same one.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT as casd_trainer_prepare(), and for another
 *         dataset than before; ::CASD_ERROR_CANCELLED after casd_trainer_cancel(): the next call
 *         continues where it stopped; ::CASD_ERROR_STATE in ::CASD_PHASE_DONE; ::CASD_ERROR_NUMERIC
 *         if the loss is not finite; ::CASD_ERROR_DEVICE; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_epoch(casd_train_stats *stats, casd_trainer *trainer,
                                                  const casd_dataset *dataset);

/**
 * @brief Trains to the end: teacher, student, calibration.
 * @param trainer     The trainer; a loaded one continues at its position.
 * @param dataset     Splits `train` and `valid`.
 * @param checkpoint  NULL, or a file that is written after the dataset was checked, after every epoch
 *                    and on cancellation, each time atomically.
 * @param progress    NULL, or called after every step; may cancel (::CASD_ERROR_CANCELLED).
 * @param user        Passed to it.
 * @return As casd_trainer_epoch(); ::CASD_ERROR_IO if the checkpoint cannot be written.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_fit(casd_trainer *trainer, const casd_dataset *dataset,
                                                const char *checkpoint,
                                                casd_progress_callback progress, void *user);

/**
 * @brief Stops a running casd_trainer_fit() or casd_trainer_epoch() after the current step.
 *
 * Safe from any thread and from a signal handler. The stopped call clears the request.
 * NULL is allowed.
 * @since 0.1
 */
CASD_API void CASD_CALL casd_trainer_cancel(casd_trainer *trainer);

/**
 * @brief The current progress, for hosts that poll. Any thread.
 * @param[out] progress  Receives it; initialise it first.
 * @param      trainer   The trainer.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or struct_size is wrong.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_progress(casd_train_progress *progress,
                                                     casd_trainer *trainer);

/** @brief The current phase; -1 for NULL. @since 0.1 */
CASD_API casd_phase CASD_CALL casd_trainer_phase(const casd_trainer *trainer);

/**
 * @brief The pooling that the training began with: ::CASD_POOLING_AUTO also when it is decided. A
 *        snapshot's options (casd_model_get_options()) name the one in use. -1 for NULL.
 * @since 0.2
 */
CASD_API casd_pooling CASD_CALL casd_trainer_pooling(const casd_trainer *trainer);

/**
 * @brief Fits what the model's options ask for to the current weights: temperatures, and with `linear`
 *        also linear maps, trust and contributions, with `input_guard` its limits.
 *
 * casd_trainer_snapshot() then returns the calibrated model until the weights change: the next step
 * or epoch drops the calibration, and checkpoints do not contain it. In ::CASD_PHASE_DONE it
 * replaces the calibration of the trained model, and checkpoints contain it. The option `calibrate` is
 * ignored. A regression without `linear` and `input_guard` has nothing to calibrate: the call succeeds
 * and changes nothing.
 * @param trainer   The trainer.
 * @param train     The samples that the model was trained on, or a random part of them: for the linear
 *                  maps and the guard. NULL: the linear maps are kept (they are zero in a new model).
 * @param held_out  Samples that were not used for training. Both are matched as in casd_train_step().
 *                  Samples without a modality, without a label or without a finite prediction are left
 *                  out.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, empty, the schema does not match, a
 *         sample has too many frames, or no sample has a modality and a label; ::CASD_ERROR_STATE
 *         if the model was never trained or prepared and no step was taken; ::CASD_ERROR_NUMERIC if
 *         no labelled sample has a finite prediction; ::CASD_ERROR_DEVICE;
 *         ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_trainer_calibrate(casd_trainer *trainer,
                                                      const casd_batch *train,
                                                      const casd_batch *held_out);

/**
 * @brief Creates a model of the current weights. In ::CASD_PHASE_DONE these are the calibrated weights
 *        of the best epoch; before, they are calibrated if casd_trainer_calibrate() was called since
 *        the last step.
 * @param[out] model    Receives it.
 * @param      trainer  The trainer.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL; ::CASD_ERROR_DEVICE;
 *         ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_snapshot(casd_model **model, casd_trainer *trainer);

/**
 * @brief Saves weights, teacher, optimiser and position. A resumed training gives the same bits.
 *
 * Replaces the file atomically: the path always has the old or the new checkpoint.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL; ::CASD_ERROR_IO; ::CASD_ERROR_DEVICE;
 *         ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_save(casd_trainer *trainer, const char *path);

/**
 * @brief Creates a trainer from a checkpoint, with the options it was saved with.
 *
 * Resumed with the same dataset, it gives the same bits as an uninterrupted training.
 * casd_trainer_epoch() rejects another dataset with ::CASD_ERROR_INVALID_ARGUMENT.
 * @param[out] trainer  Receives it.
 * @param      path     UTF-8.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL; ::CASD_ERROR_IO; ::CASD_ERROR_FORMAT;
 *         ::CASD_ERROR_VERSION; ::CASD_ERROR_UNAVAILABLE; ::CASD_ERROR_DEVICE;
 *         ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_trainer_load(casd_trainer **trainer, const char *path);

/**
 * @brief casd_trainer_load() with another engine than the one that saved the checkpoint.
 *
 * Weights, optimiser and position are those of the checkpoint; later steps round differently.
 * @param[out] trainer  Receives the trainer.
 * @param      path     The checkpoint.
 * @param      engine   A value of ::casd_engine_choice; becomes the option `engine`.
 * @return As casd_trainer_load(); ::CASD_ERROR_UNAVAILABLE if there is no such engine for the
 *         checkpoint's device.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_trainer_load_on(casd_trainer **trainer, const char *path,
                                                    casd_engine_choice engine);

/**
 * @brief The options of a trainer.
 *
 * Each `auto` is replaced by its number as soon as the trainer was called with its dataset:
 * casd_trainer_prepare(), casd_trainer_epoch() or casd_trainer_fit(). Until then a trainer from
 * casd_trainer_load() returns the original options, so that they can be compared.
 * @param[out] options  Receives them; initialise it with casd_trainer_options_init() first.
 * @param      trainer  The trainer.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or not initialised.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_trainer_get_options(casd_trainer_options *options,
                                                        const casd_trainer *trainer);

/** @brief A number that describes the evidence. @since 0.2 */
typedef int32_t casd_train_quantity;

/**
 * @brief The values of ::casd_train_quantity: means over samples and dimensions. The first three are of
 *        one modality on complete input, the others of a condition (evaluate.h).
 * @since 0.2
 */
enum {
  CASD_TRAIN_DEGREES_OF_FREEDOM = 0, /**< nu = 2 alpha, the evidence of a modality. */
  CASD_TRAIN_WEIGHT = 1,             /**< C, its weight in the fusion. */
  CASD_TRAIN_VARIANCE = 2,           /**< V, its variance. */
  CASD_TRAIN_SCALE = 3,              /**< sigma_F, the deviation that training samples with. */
  CASD_TRAIN_UNCERTAINTY = 4,        /**< U_F. */
  CASD_TRAIN_SCORE = 5               /**< F1 in % (regression: minus the mean absolute error). */
};

/**
 * @brief A number of the last epoch; after the last epoch, or casd_trainer_calibrate(), of the model
 *        that casd_trainer_snapshot() returns.
 *
 * Measured on split `valid`, or what is held out (without: `train`). Epochs without a score use 64
 * samples of it at equal distances, the finished model at most 1024. The calibration uses its own.
 * @param[out] value     Receives it; NaN if no sample has the modalities, or before the first epoch.
 * @param      trainer   The trainer; one that was loaded has no numbers before its next epoch, or,
 *                       in ::CASD_PHASE_DONE, casd_trainer_prepare().
 * @param      quantity  A value of ::casd_train_quantity.
 * @param      mask      One modality, or the modalities of a condition.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, the quantity does not exist, the mask is 0
 *         or has bits beyond the modalities, or not one bit where one modality is needed;
 *         ::CASD_ERROR_NOT_FOUND if it is not a condition.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_trainer_monitor_value(double *value,
                                                          const casd_trainer *trainer,
                                                          casd_train_quantity quantity,
                                                          casd_modality_mask mask);

/**
 * @brief Remark `index` on the finished training, or of the last casd_trainer_calibrate(): a sentence
 *        that says what was seen and what to do. They are listed in docs/method.md 12.
 * @return UTF-8 text, valid until the next call with this trainer; NULL if there is none.
 * @since 0.2
 */
CASD_API const char *CASD_CALL casd_trainer_remark(const casd_trainer *trainer, int32_t index);

#ifdef __cplusplus
}
#endif

#endif
