/* The table of libcasd_torch: plain C, no C++ type or exception crosses. The plug-in holds the
 * network, its gradient and its optimiser; data, corruption, schedule, selection and checkpoints
 * are libcasd's. The plug-in exports one function: casd_torch_plugin_get(). */
#ifndef CASD_PLUGIN_TORCH_H
#define CASD_PLUGIN_TORCH_H

#include "core/plugin_hdf5.h"

#include <casd/train.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CASD_TORCH_PLUGIN_VERSION 1u

/* A network on a device, with or without what training needs. */
typedef struct casd_torch_network casd_torch_network;

typedef struct casd_torch_setup {
  const void *model; /* the bytes of a model file */
  size_t model_size;
  const casd_trainer_options *options; /* NULL: inference only */
  const float *class_weights;          /* [outputs], classes only; NULL: all 1 */
  casd_device device;
  int32_t device_index;
  int32_t threads;
} casd_torch_setup;

/* Frames of one modality: only of the samples it takes part in. */
typedef struct casd_torch_modality {
  int32_t rows;          /* samples it takes part in; 0: none, the rest is NULL */
  int32_t steps;         /* longest length */
  const int32_t *sample; /* [rows], ascending */
  const int32_t *length; /* [rows], 1 to steps */
  const float *frames;   /* [rows, steps, features] standardised; zeros beyond the length */
} casd_torch_modality;

typedef struct casd_torch_batch {
  int32_t samples;
  int32_t modalities;
  const casd_torch_modality *modality; /* [modalities] */
} casd_torch_batch;

typedef struct casd_torch_step {
  casd_phase phase;
  uint64_t seed; /* key of dropout and sampling, with step */
  uint64_t step;
  const casd_torch_batch *input;    /* the teacher's complete, the student's corrupted samples */
  const casd_torch_batch *complete; /* student with teacher ema or shared; else NULL */
  const float *target;              /* [samples, columns]: class index; 0 or 1; standardised */
  const uint8_t *labelled;          /* [samples]; 0: no target, the row is ignored */
  const float *teacher_location;    /* [samples, hidden] mu_F of the frozen teacher, or NULL */
  const float *teacher_uncertainty; /* [samples, hidden] U_F */
  const float *teacher_logits;      /* [samples, K] */
  double learning_rate;             /* of this step, before evidence_rate */
} casd_torch_step;

typedef struct casd_torch_losses { /* NaN for a term that is not part of the total */
  double total, task, logit, uncertainty, evidence, gradient_norm;
} casd_torch_losses;

/* What read() and write() move: float arrays over the learned tensors, concatenated in the order of
 * the model file (normaliser and target scale left out), and the optimiser's step counts, per
 * modality (rest, evidence), then the classifier: [2 modalities + 1]. */
enum {
  CASD_TORCH_PARAMETERS = 0,
  CASD_TORCH_FIRST_MOMENT = 1,
  CASD_TORCH_SECOND_MOMENT = 2,
  CASD_TORCH_STEP_COUNTS = 3,
  CASD_TORCH_EMA_TEACHER = 4 /* teacher = ema only */
};

typedef struct casd_torch_plugin {
  uint32_t version; /* CASD_TORCH_PLUGIN_VERSION */
  uint32_t struct_size;
  casd_status (*create)(casd_torch_network **network, const casd_torch_setup *setup,
                        casd_plugin_error *error);
  void (*destroy)(casd_torch_network *network);
  /* Dropout off. nig: [samples, modalities, 4, hidden] (gamma, delta, alpha, beta); rows of
   * modalities that take no part stay untouched. */
  casd_status (*encode)(casd_torch_network *network, const casd_torch_batch *batch, float *nig,
                        casd_plugin_error *error);
  /* Forward, losses, gradient, clipping, Adam. NUMERIC when the total is not finite: then nothing
   * was changed. */
  casd_status (*step)(casd_torch_network *network, const casd_torch_step *step,
                      casd_torch_losses *losses, casd_plugin_error *error);
  /* Zeroes moments and step counts (a phase begins); ema: the teacher becomes a copy of the
   * parameters unless it was written. */
  casd_status (*start_phase)(casd_torch_network *network, casd_phase phase,
                             casd_plugin_error *error);
  casd_status (*read)(casd_torch_network *network, int32_t what, float *values, int64_t count,
                      casd_plugin_error *error);
  casd_status (*write)(casd_torch_network *network, int32_t what, const float *values,
                       int64_t count, casd_plugin_error *error);
} casd_torch_plugin;

/* Exported as "casd_torch_plugin_get". Returns NULL when `version` is not its own. */
typedef const casd_torch_plugin *(*casd_torch_plugin_get_fn)(uint32_t version);

#ifdef __cplusplus
}
#endif

#endif
