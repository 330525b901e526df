/* What one prediction costs in C: the same calls as Benchmark.java. Prints nanoseconds per call. */
#include <casd/casd.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void check(casd_status status) {
  if (status == CASD_OK) return;
  fprintf(stderr, "%s\n", casd_last_error());
  exit(1);
}

int main(int argc, char **argv) {
  enum { rounds = 400 };
  const casd_field fields[] = {CASD_FIELD_PROBABILITIES, CASD_FIELD_CONFIDENCE,
                               CASD_FIELD_MODALITY_VARIANCE, CASD_FIELD_MODALITY_WEIGHT};
  casd_model *model = NULL;
  casd_schema *schema = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  int64_t steps[CASD_MAX_MODALITIES];
  float *values, results[64];
  size_t count = 0;
  int32_t modalities, i;
  int round, calls;
  double best = 1e30;
  if (argc != 4) return 2;
  calls = atoi(argv[3]);
  check(casd_model_load(&model, argv[1]));
  check(casd_model_schema(&schema, model));
  modalities = casd_schema_modality_count(schema);
  for (i = 0; i < modalities; ++i) {
    steps[i] = atoi(argv[2]);
    count += (size_t)steps[i] * (size_t)casd_schema_modality_features(schema, i);
  }
  values = calloc(count, sizeof *values);
  if (!values) return 1;
  for (i = 0; i < (int32_t)count; ++i) values[i] = (float)(i % 7) / 7.0f;
  check(casd_predictor_create(&predictor, model, NULL));
  check(casd_prediction_create(&prediction));
  for (round = 0; round < rounds; ++round) {
    const double begin = now();
    double each;
    for (i = 0; i < calls; ++i) {
      check(casd_predict_packed(prediction, predictor, values, count, steps, modalities,
                                CASD_ALL_MODALITIES));
      check(casd_prediction_copy_fields(results, 64, NULL, prediction, fields, 4));
    }
    each = (now() - begin) / calls;
    if (each < best) best = each;
  }
  printf("%.0f\n", best);
  free(values);
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_schema_destroy(schema);
  casd_model_destroy(model);
  return 0;
}
