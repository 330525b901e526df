/* The table of functions of an engine plug-in (libcasd_torch): plain C, no C++ type or exception
 * crosses. The plug-in holds the network, its gradient and its optimiser; schedule, selection and
 * checkpoints are libcasd's. The plug-in exports one function: casd_engine_plugin_get(). */
#ifndef CASD_ENGINE_PLUGIN_TABLE_H
#define CASD_ENGINE_PLUGIN_TABLE_H

#include "core/plugin_error.h"

#include <casd/predict.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CASD_ENGINE_PLUGIN_VERSION 2u

typedef struct casd_engine casd_engine;

/* Fields as in casd::TrainingOptions (engine/training_engine.h). */
typedef struct casd_engine_training {
  int32_t teacher, sampling;
  double dropout, frame_drop, sigma_scale, ema_decay;
  double logit_weight, uncertainty_weight, evidence_weight, evidence_regularizer;
  double evidence_rate, weight_decay, gradient_clip;
} casd_engine_training;

typedef struct casd_engine_setup {
  const void *model; /* the bytes of a model file */
  size_t model_size;
  const casd_engine_training *training; /* NULL: inference only */
  const float *class_weights;           /* [outputs], classes only; NULL: all 1 */
  casd_device device;
  int32_t device_index;
  int32_t threads;
} casd_engine_setup;

/* One modality of one sample to encode. */
typedef struct casd_engine_sequence {
  const float *frames; /* [steps, features], not standardised; NULL: zero vectors after it */
  float *nig;          /* [4, hidden] receives gamma, delta, alpha, beta */
  int32_t steps;       /* at least 1 */
  int32_t modality;
} casd_engine_sequence;

typedef struct casd_engine_frames {
  const float *values; /* [steps, features], not standardised */
  int64_t steps;       /* 0: not given */
} casd_engine_frames;

/* Samples to train on. The arrays stay valid until the next bind() or destroy(). */
typedef struct casd_engine_samples {
  int64_t samples;
  int32_t modalities;
  const casd_engine_frames *frames; /* [samples, modalities] */
  const uint32_t *given;            /* [samples] masks: modalities that the sample has */
  const float *target;              /* [samples, columns]: class index; 0 or 1; standardised */
  const uint8_t *labelled;          /* [samples]; 0: no target */
} casd_engine_samples;

/* Fields as in casd::StepRequest. */
typedef struct casd_engine_step {
  int32_t phase; /* 0 teacher, 1 student */
  uint64_t seed, step;
  int64_t first_row;
  const int64_t *rows; /* [row_count], of the bound samples */
  int64_t row_count;
  double batch_samples, batch_targets, batch_pairs; /* sums over the whole batch */
  uint32_t batch_present;
} casd_engine_step;

typedef struct casd_engine_losses { /* NaN for a term that is not part of the total */
  double total, task, logit, uncertainty, evidence, gradient_norm;
} casd_engine_losses;

/* Throughout: a function that fails returns a status, writes the message and changes nothing. */
typedef struct casd_engine_plugin {
  uint32_t version; /* CASD_ENGINE_PLUGIN_VERSION */
  uint32_t struct_size;
  casd_status (*create)(casd_engine **engine, const casd_engine_setup *setup,
                        casd_plugin_error *error);
  void (*destroy)(casd_engine *engine);
  /* Dropout off. */
  casd_status (*encode)(casd_engine *engine, const casd_engine_sequence *sequences, int64_t count,
                        casd_plugin_error *error);
  /* Drops the outputs of set_teacher_outputs(). */
  casd_status (*bind)(casd_engine *engine, const casd_engine_samples *samples,
                      casd_plugin_error *error);
  /* [samples, hidden], [samples, hidden], [samples, K] for the bound samples; copied. */
  casd_status (*set_teacher_outputs)(casd_engine *engine, const float *location,
                                     const float *uncertainty, const float *logits,
                                     casd_plugin_error *error);
  /* Zeroes moments and step counts; ema: the teacher becomes a copy of the parameters unless it was
   * written. */
  casd_status (*begin_phase)(casd_engine *engine, int32_t phase, casd_plugin_error *error);
  /* Forward and backward; adds to the gradient and to the losses of the step. */
  casd_status (*accumulate)(casd_engine *engine, const casd_engine_step *step,
                            casd_plugin_error *error);
  /* Clipping, Adam, moving average; zeroes gradient and losses. NUMERIC when the loss or the gradient
   * is not finite: then only these two are zeroed. */
  casd_status (*apply)(casd_engine *engine, double learning_rate, casd_engine_losses *losses,
                       casd_plugin_error *error);
  /* `part`: casd::StatePart. */
  casd_status (*read)(casd_engine *engine, int32_t part, float *values, int64_t count,
                      casd_plugin_error *error);
  casd_status (*write)(casd_engine *engine, int32_t part, const float *values, int64_t count,
                       casd_plugin_error *error);
  /* A new engine for inference with a copy of the parameters. */
  casd_status (*snapshot)(casd_engine *engine, casd_engine **copy, casd_plugin_error *error);
} casd_engine_plugin;

/* Exported as "casd_engine_plugin_get". Returns NULL when `version` is not its own. */
typedef const casd_engine_plugin *(*casd_engine_plugin_get_fn)(uint32_t version);

#ifdef __cplusplus
}
#endif

#endif
