/* Out of memory is reported as a status: no partial result, no leak, and the next call works. The tests
 * limit the address space, so they do not run under sanitizers, which need it. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum { MEGABYTE = 1024 * 1024 };

/* Bytes of address space in use. */
static size_t in_use(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%lu", &pages), 1);
  fclose(file);
  return (size_t)pages * 4096;
}

static void leave_megabytes(size_t megabytes) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
  limit.rlim_cur = in_use() + megabytes * MEGABYTE;
  assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

static void lift_the_limit(void) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

/* Checks that the call fails with OUT_OF_MEMORY if only this much memory is left. */
#define ASSERT_OUT_OF_MEMORY(megabytes, call)                         \
  do {                                                                \
    casd_status status_;                                              \
    leave_megabytes(megabytes);                                       \
    status_ = (call);                                                 \
    lift_the_limit();                                                 \
    ASSERT_FAILS(status_, CASD_ERROR_OUT_OF_MEMORY, "out of memory"); \
  } while (0)

static void models(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_model_options options = small_model_options();
  casd_model *model = NULL;
  (void)state;
  options.hidden = 1024;
  options.layers = 4; /* some 50 million weights */
  ASSERT_OUT_OF_MEMORY(20, casd_model_create(&model, schema, &options));
  assert_null(model);
  options.hidden = 8;
  ASSERT_OK(casd_model_create(&model, schema, &options));
  casd_model_destroy(model);
  casd_schema_destroy(schema);
}

static void batches_and_datasets(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  const size_t count = 5 * 4 * MEGABYTE; /* 80 megabytes of frames */
  float *frames = calloc(count, sizeof *frames);
  casd_batch *batch = NULL;
  casd_dataset *data = NULL;
  casd_synthetic_options options;
  (void)state;
  assert_non_null(frames);
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_batch_add_sample(NULL, batch));
  ASSERT_OK(casd_batch_set_frames(batch, 0, 0, frames, 1, 5, 0));
  ASSERT_OUT_OF_MEMORY(20, casd_batch_set_frames(batch, 0, 0, frames, (int64_t)(count / 5), 5, 0));
  assert_int_equal(casd_batch_steps(batch, 0, 0), 1); /* what was there still is */
  ASSERT_OK(casd_batch_set_frames(batch, 0, 0, frames, (int64_t)(count / 5), 5, 0));
  ASSERT_OK(casd_dataset_create(&data, schema));
  ASSERT_OUT_OF_MEMORY(20, casd_dataset_add(data, "train", batch));
  assert_int_equal(casd_dataset_size(data, "train"), -1);
  ASSERT_OK(casd_dataset_add(data, "train", batch));
  ASSERT_OUT_OF_MEMORY(20, casd_dataset_read(batch, data, "train", NULL, 1));
  assert_int_equal(casd_batch_size(batch), 1);
  casd_dataset_destroy(data);
  casd_batch_destroy(batch);
  free(frames);
  data = NULL;
  ASSERT_OK(casd_synthetic_options_init(&options, sizeof options));
  options.train_samples = 200000;
  ASSERT_OUT_OF_MEMORY(20, casd_dataset_create_synthetic(&data, &options));
  assert_null(data);
  casd_schema_destroy(schema);
}

/* The scratch memory of a long sequence cannot be allocated: the old results are kept, and a shorter
 * sequence works afterwards. */
static void predictions(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_model_options options = small_model_options();
  casd_model *model = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 3);
  const size_t steps = 65536;
  float *frames = calloc(steps * 5, sizeof *frames);
  float before;
  (void)state;
  assert_non_null(frames);
  options.max_steps = (int32_t)steps;
  options.hidden = 256;
  ASSERT_OK(casd_model_create(&model, schema, &options));
  ASSERT_OK(casd_predictor_create(&predictor, model, NULL));
  ASSERT_OK(casd_prediction_create(&prediction));
  ASSERT_OK(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  before = casd_prediction_data(prediction, CASD_FIELD_UNCERTAINTY)[2];
  ASSERT_OK(casd_batch_set_frames(batch, 2, 0, frames, (int64_t)steps, 5, 0));
  ASSERT_OUT_OF_MEMORY(20, casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  assert_true(casd_prediction_data(prediction, CASD_FIELD_UNCERTAINTY)[2] == before);
  casd_batch_destroy(batch);
  batch = new_batch(CASD_TASK_CLASSES, 3);
  ASSERT_OK(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  assert_true(casd_prediction_data(prediction, CASD_FIELD_UNCERTAINTY)[2] == before);
  ASSERT_OUT_OF_MEMORY(0, casd_predictor_create(&predictor, model, NULL));
  free(frames);
  casd_batch_destroy(batch);
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_model_destroy(model);
  casd_schema_destroy(schema);
}

/* LibTorch's allocator fails: the weights are unchanged, and the trainer can continue. */
static void training(void **state) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1);
  casd_model_options options = small_model_options();
  casd_model *model = NULL;
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  casd_trainer *trainer = NULL;
  float *frames = NULL;
  int32_t features;
  (void)state;
  options.hidden = 512;
  options.max_steps = 100;
  ASSERT_OK(casd_dataset_schema(&schema, data));
  ASSERT_OK(casd_model_create(&model, schema, &options));
  ASSERT_OK(casd_trainer_create(&trainer, model, NULL));
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(batch, data, "train", NULL, 40));
  ASSERT_OK(casd_trainer_prepare(trainer, data));
  /* One long sequence, so that the step needs much more memory than an allocator caches. */
  features = casd_schema_modality_features(schema, 0);
  frames = calloc(100 * (size_t)features, sizeof *frames);
  assert_non_null(frames);
  ASSERT_OK(casd_batch_set_frames(batch, 0, 0, frames, 100, features, 0));
  free(frames);
  ASSERT_OUT_OF_MEMORY(10, casd_train_step(NULL, trainer, batch));
  ASSERT_OK(casd_train_step(NULL, trainer, batch));
  casd_trainer_destroy(trainer);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(models),
      cmocka_unit_test(batches_and_datasets),
      cmocka_unit_test(predictions),
      cmocka_unit_test(training),
  };
  if (SANITIZED) return puts("skipped: sanitizers need the address space"), 0;
  return cmocka_run_group_tests_name("memory", tests, NULL, nothing_is_left);
}
