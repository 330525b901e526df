/* The C calls that Benchmark.cs makes through the binding: a prediction of one sample and one copy of
 * four fields. Prints the nanoseconds per frame, the best of many short rounds. */
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
  static const casd_field fields[] = {CASD_FIELD_PROBABILITIES, CASD_FIELD_UNCERTAINTY,
                                      CASD_FIELD_MODALITY_VARIANCE, CASD_FIELD_MODALITY_WEIGHT};
  static float values[64];
  static float buffer[64];
  static const int64_t steps[] = {1, 1};
  casd_model *model = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  double best = 1e30;
  const int rounds = 1000;
  int round;
  int i;
  if (argc != 3) return 2;
  check(casd_model_load(&model, argv[1]));
  check(casd_predictor_create(&predictor, model, NULL));
  check(casd_prediction_create(&prediction));
  for (i = 0; i < 5; ++i) values[i] = (float)i / 5.0f;
  for (round = 0; round < rounds; ++round) {
    const int frames = atoi(argv[2]);
    const double begin = now();
    double time;
    for (i = 0; i < frames; ++i) {
      check(casd_predict_packed(prediction, predictor, values, 5, steps, 2, CASD_ALL_MODALITIES));
      check(casd_prediction_copy_fields(buffer, 64, NULL, prediction, fields, 4));
    }
    time = (now() - begin) / frames;
    if (time < best) best = time;
  }
  printf("%.0f\n", best);
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_model_destroy(model);
  return 0;
}
