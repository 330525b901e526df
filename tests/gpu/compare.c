/* Training and prediction on one device against the CPU, on the synthetic set, through the C ABI:
 *
 *   compare DEVICE       cuda, or cpu to check the comparison itself
 *
 * Prints every figure and exits with 1 if one is out of tolerance. Timings are printed but not checked. */
#define _POSIX_C_SOURCE 199309L
#include <casd/casd.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int failures = 0;

static void check(casd_status status) {
  if (status == CASD_OK) return;
  fprintf(stderr, "%s: %s\n", casd_status_name(status), casd_last_error());
  exit(1);
}

static void require(int holds, const char *what, double value, double limit) {
  printf("%-52s %10.3g  (at most %g)%s\n", what, value, limit, holds ? "" : "  WRONG");
  failures += !holds;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static casd_dataset *make_data(void) {
  casd_synthetic_options options;
  casd_dataset *data = NULL;
  check(casd_synthetic_options_init(&options, sizeof options));
  options.train_samples = 2000;
  options.missing_rate = 0.1;
  check(casd_dataset_create_synthetic(&data, &options));
  return data;
}

static casd_model *make_model(const casd_dataset *data, casd_preset preset) {
  casd_schema *schema = NULL;
  casd_model *model = NULL;
  casd_model_options options;
  check(casd_dataset_schema(&schema, data));
  check(casd_model_options_init(&options, sizeof options));
  check(casd_model_options_use_preset(&options, preset));
  check(casd_model_create(&model, schema, &options));
  casd_schema_destroy(schema);
  return model;
}

static casd_trainer *make_trainer(const casd_model *model, casd_device device) {
  casd_trainer_options options;
  casd_trainer *trainer = NULL;
  check(casd_trainer_options_init(&options, sizeof options));
  options.device = device;
  options.threads = 4;
  options.teacher_epochs = 4;
  options.epochs = 8;
  options.select_from = 0;
  options.seed = 3;
  check(casd_trainer_create(&trainer, model, &options));
  return trainer;
}

static casd_predictor *make_predictor(const casd_model *model, casd_device device) {
  casd_predictor_options options;
  casd_predictor *predictor = NULL;
  check(casd_predictor_options_init(&options, sizeof options));
  options.device = device;
  options.on_empty = CASD_EMPTY_NAN;
  check(casd_predictor_create(&predictor, model, &options));
  return predictor;
}

static casd_batch *read_split(const casd_dataset *data, const char *split, size_t count) {
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  check(casd_dataset_schema(&schema, data));
  check(casd_batch_create(&batch, schema));
  check(casd_dataset_read(batch, data, split, NULL, count));
  casd_schema_destroy(schema);
  return batch;
}

/* max |a - b| / max(1e-6, max |b|); infinite where only one is NaN. */
static double distance(const float *a, const float *b, size_t count) {
  double most = 0, scale = 1e-6;
  size_t i;
  for (i = 0; i < count; ++i) {
    if (isnan(a[i]) != isnan(b[i])) return INFINITY;
    if (isnan(a[i])) continue;
    most = fmax(most, fabs((double)a[i] - b[i]));
    scale = fmax(scale, fabs((double)b[i]));
  }
  return most / scale;
}

/* Compares predictions of the same model on both: every field under every mask. */
static void compare_predictions(const casd_model *model, const casd_dataset *data,
                                casd_device device) {
  casd_predictor *here = make_predictor(model, CASD_DEVICE_CPU);
  casd_predictor *there = make_predictor(model, device);
  casd_prediction *expected = NULL, *got = NULL;
  casd_batch *batch = read_split(data, "valid", 200);
  casd_modality_mask mask;
  double worst = 0, began, cpu = 0, other = 0;
  check(casd_prediction_create(&expected));
  check(casd_prediction_create(&got));
  for (mask = 1; mask < 8; ++mask) {
    casd_field field;
    began = now();
    check(casd_predict(expected, here, batch, mask));
    cpu += now() - began;
    began = now();
    check(casd_predict(got, there, batch, mask));
    other += now() - began;
    for (field = CASD_FIELD_PROBABILITIES; field <= CASD_FIELD_DEGREES_OF_FREEDOM; ++field) {
      const float *a = casd_prediction_data(got, field), *b = casd_prediction_data(expected, field);
      size_t count = 0;
      if (a == NULL || b == NULL) {
        failures += a != b;
        continue;
      }
      check(casd_prediction_copy(NULL, 0, &count, expected, field));
      worst = fmax(worst, distance(a, b, count));
    }
  }
  require(worst <= 1e-4, "prediction: largest relative distance to the CPU", worst, 1e-4);
  printf("  7 x 200 samples: CPU %.3f s, device %.3f s, ratio %.2f\n", cpu, other, cpu / other);
  casd_prediction_destroy(expected);
  casd_prediction_destroy(got);
  casd_predictor_destroy(here);
  casd_predictor_destroy(there);
  casd_batch_destroy(batch);
}

/* Compares the same steps on both. The random numbers do not depend on the device, so losses agree. */
static void compare_steps(const casd_model *model, const casd_dataset *data, casd_device device,
                          casd_phase phase) {
  casd_trainer *here = make_trainer(model, CASD_DEVICE_CPU);
  casd_trainer *there = make_trainer(model, device);
  casd_batch *batch = read_split(data, "train", 128);
  double worst = 0;
  int step;
  check(casd_trainer_prepare(here, data));
  check(casd_trainer_prepare(there, data));
  check(casd_trainer_set_phase(here, phase));
  check(casd_trainer_set_phase(there, phase));
  for (step = 0; step < 5; ++step) {
    casd_train_stats a, b;
    a.struct_size = b.struct_size = sizeof a;
    check(casd_train_step(&a, here, batch));
    check(casd_train_step(&b, there, batch));
    worst = fmax(worst, fabs(a.loss - b.loss) / fabs(a.loss));
    worst = fmax(worst, fabs(a.gradient_norm - b.gradient_norm) / a.gradient_norm);
  }
  require(worst <= 1e-3,
          phase == CASD_PHASE_TEACHER ? "teacher's steps: losses and gradient norms"
                                      : "student's steps: losses and gradient norms",
          worst, 1e-3);
  casd_trainer_destroy(here);
  casd_trainer_destroy(there);
  casd_batch_destroy(batch);
}

/* Mean F1 of the incomplete conditions after a complete training; also returns the trained model. */
static double train(casd_model **trained, const casd_model *model, const casd_dataset *data,
                    casd_device device) {
  casd_trainer *trainer = make_trainer(model, device);
  casd_predictor *predictor;
  casd_report *report = NULL;
  const double began = now();
  double f1 = 0;
  check(casd_trainer_fit(trainer, data, NULL, NULL, NULL));
  printf("  training on %s: %.2f s\n", device == CASD_DEVICE_CPU ? "cpu" : "cuda", now() - began);
  check(casd_trainer_snapshot(trained, trainer));
  predictor = make_predictor(*trained, CASD_DEVICE_CPU);
  check(casd_evaluate(&report, predictor, data, "valid", NULL, NULL, NULL));
  check(casd_report_value(&f1, report, NULL, "mean_incomplete_f1"));
  casd_report_destroy(report);
  casd_predictor_destroy(predictor);
  casd_trainer_destroy(trainer);
  return f1;
}

static int same_bytes(const casd_model *a, const casd_model *b) {
  size_t size_a = 0, size_b = 0;
  char *x, *y;
  int same;
  check(casd_model_save_memory(NULL, 0, &size_a, a));
  check(casd_model_save_memory(NULL, 0, &size_b, b));
  x = malloc(size_a);
  y = malloc(size_b);
  if (x == NULL || y == NULL) exit(1);
  check(casd_model_save_memory(x, size_a, NULL, a));
  check(casd_model_save_memory(y, size_b, NULL, b));
  same = size_a == size_b && memcmp(x, y, size_a) == 0;
  free(x);
  free(y);
  return same;
}

static void compare_training(const casd_dataset *data, casd_device device, casd_preset preset) {
  casd_model *model = make_model(data, preset), *here = NULL, *there = NULL, *again = NULL;
  double cpu, other;
  printf("preset %s\n", preset == CASD_PRESET_DEFAULT ? "default" : "reference");
  compare_steps(model, data, device, CASD_PHASE_TEACHER);
  compare_steps(model, data, device, CASD_PHASE_STUDENT);
  cpu = train(&here, model, data, CASD_DEVICE_CPU);
  other = train(&there, model, data, device);
  require(fabs(cpu - other) <= 3, "trained: difference of the mean F1, points", fabs(cpu - other),
          3);
  (void)train(&again, model, data, device);
  require(same_bytes(there, again), "the same seed, differing bits (0: none)",
          !same_bytes(there, again), 0);
  compare_predictions(there, data, device);
  casd_model_destroy(model);
  casd_model_destroy(here);
  casd_model_destroy(there);
  casd_model_destroy(again);
}

int main(int argc, char **argv) {
  casd_dataset *data;
  casd_device device;
  if (argc != 2 || (strcmp(argv[1], "cuda") != 0 && strcmp(argv[1], "cpu") != 0))
    return fprintf(stderr, "usage: compare cuda|cpu\n"), 2;
  device = strcmp(argv[1], "cuda") == 0 ? CASD_DEVICE_CUDA : CASD_DEVICE_CPU;
  data = make_data();
  compare_training(data, device, CASD_PRESET_DEFAULT);
  compare_training(data, device, CASD_PRESET_REFERENCE);
  casd_dataset_destroy(data);
  if (casd_live_objects() != 0) ++failures;
  printf("%s\n", failures == 0 ? "all comparisons hold" : "SOME COMPARISONS DO NOT HOLD");
  return failures != 0;
}
