/* Loads a model and predicts one sample whose last modality is missing.
 * Usage: predict MODEL.casd */
#include <casd/casd.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 12 };

/* After a failed call, casd_last_error() describes the error. */
static void check(casd_status status) {
  if (status == CASD_OK) return;
  fprintf(stderr, "%s: %s\n", casd_status_name(status), casd_last_error());
  exit(1);
}

/* Sets artificial frames [STEPS, features]. Replace them by your features. */
static void set_frames(casd_batch *batch, const casd_schema *schema, int32_t modality) {
  const int32_t features = casd_schema_modality_features(schema, modality);
  const size_t count = STEPS * (size_t)features;
  float *frames = malloc(count * sizeof *frames);
  size_t i;
  if (frames == NULL) exit(1);
  for (i = 0; i < count; ++i) frames[i] = (float)(i % 7) / 7.0f - 0.5f;
  check(casd_batch_set_frames(batch, 0, modality, frames, STEPS, features, 0)); /* copied */
  free(frames);
}

int main(int argc, char **argv) {
  casd_model *model = NULL;
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  int32_t i, modalities;

  if (argc != 2) return fprintf(stderr, "usage: predict MODEL.casd\n"), 2;
  check(casd_model_load(&model, argv[1]));
  check(casd_model_schema(&schema, model));
  check(casd_batch_create(&batch, schema));
  check(casd_predictor_create(&predictor, model, NULL));
  check(casd_prediction_create(&prediction));

  modalities = casd_schema_modality_count(schema);
  check(casd_batch_add_sample(NULL, batch));
  for (i = 0; i < modalities; ++i)
    if (modalities == 1 || i < modalities - 1) set_frames(batch, schema, i); /* not the last one */
  check(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));

  for (i = 0; i < casd_schema_output_count(schema); ++i) {
    const int regression = casd_schema_task(schema) == CASD_TASK_REGRESSION;
    const casd_field field = regression ? CASD_FIELD_VALUE : CASD_FIELD_PROBABILITIES;
    printf("%-12s %.3f\n", casd_schema_output_name(schema, i),
           casd_prediction_data(prediction, field)[i]);
  }
  printf("uncertainty  %.3f\n", casd_prediction_data(prediction, CASD_FIELD_UNCERTAINTY)[0]);
  for (i = 0; i < modalities; ++i) /* NaN for missing modalities */
    printf("  %-10s %.3f, weight %.2f\n", casd_schema_modality_name(schema, i),
           casd_prediction_data(prediction, CASD_FIELD_MODALITY_VARIANCE)[i],
           casd_prediction_data(prediction, CASD_FIELD_MODALITY_WEIGHT)[i]);

  casd_prediction_destroy(prediction); /* in any order */
  casd_predictor_destroy(predictor);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
  casd_model_destroy(model);
  return 0;
}
