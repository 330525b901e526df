// What a prediction at batch 1 costs in C: call_cost MODEL FRAMES prints the least mean time of a call of
// casd_predict_packed() and casd_prediction_copy_fields() over groups of calls, in nanoseconds.
#define _POSIX_C_SOURCE 199309L
#include <casd/casd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { GROUPS = 200, CALLS = 500 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  const casd_field fields[] = {CASD_FIELD_PROBABILITIES, CASD_FIELD_MODALITY_VARIANCE};
  casd_model *model = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  casd_schema *schema = NULL;
  if (argc != 3 || casd_model_load(&model, argv[1]) || casd_predictor_create(&predictor, model, NULL) ||
      casd_prediction_create(&prediction) || casd_model_schema(&schema, model)) {
    fprintf(stderr, "%s\n", casd_last_error());
    return 1;
  }
  const int64_t steps[] = {atoi(argv[2])};
  const size_t count = (size_t)steps[0] * (size_t)casd_schema_modality_features(schema, 0);
  float *values = calloc(count, sizeof *values), results[16];
  double least = 1e300;
  for (int group = 0; group < GROUPS; ++group) {
    const double begin = now();
    for (int call = 0; call < CALLS; ++call)
      if (casd_predict_packed(prediction, predictor, values, count, steps, 1, CASD_ALL_MODALITIES) ||
          casd_prediction_copy_fields(results, 16, NULL, prediction, fields, 2)) {
        fprintf(stderr, "%s\n", casd_last_error());
        return 1;
      }
    const double mean = (now() - begin) / CALLS;
    if (mean < least) least = mean;
  }
  printf("%.0f\n", least);
  return 0;
}
