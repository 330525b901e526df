/* The table of threads in casd/base.h: one model in many threads at once, each with its own
 * predictor, and messages that belong to their thread. ThreadSanitizer watches. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 25 };

struct worker {
  pthread_t thread;
  int number;
  const casd_model *model;
  const casd_dataset *data;
  const float *expected; /* [40, 3] variances of a single thread */
  int failures;
};

static void work_once(struct worker *w) {
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  casd_predictor_options options;
  int32_t index;
  char name[32];
  casd_predictor_options_init(&options, sizeof options);
  options.threads = 1 + w->number % 2;
  if (casd_model_schema(&schema, w->model) != CASD_OK ||
      casd_batch_create(&batch, schema) != CASD_OK ||
      casd_dataset_read(batch, w->data, "train", NULL, 40) != CASD_OK ||
      casd_predictor_create(&predictor, w->model, &options) != CASD_OK ||
      casd_prediction_create(&prediction) != CASD_OK ||
      casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES) != CASD_OK ||
      memcmp(casd_prediction_data(prediction, CASD_FIELD_MODALITY_VARIANCE), w->expected,
             40 * 3 * sizeof(float)) != 0)
    ++w->failures;
  snprintf(name, sizeof name, "modality of thread %d", w->number);
  if (casd_schema_modality_index(&index, schema, name) != CASD_ERROR_NOT_FOUND ||
      strstr(casd_last_error(), name) == NULL)
    ++w->failures;
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
}

static void *work(void *argument) {
  int round;
  for (round = 0; round < ROUNDS; ++round) work_once(argument);
  return NULL;
}

static void a_model_serves_many_threads(void **state) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1);
  casd_model *model = new_model_for(data, 8, 0);
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  struct worker workers[THREADS];
  int i;
  (void)state;
  ASSERT_OK(casd_model_schema(&schema, model));
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(batch, data, "train", NULL, 40));
  ASSERT_OK(casd_predictor_create(&predictor, model, NULL));
  ASSERT_OK(casd_prediction_create(&prediction));
  ASSERT_OK(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  for (i = 0; i < THREADS; ++i) {
    workers[i].number = i;
    workers[i].model = model;
    workers[i].data = data;
    workers[i].expected = casd_prediction_data(prediction, CASD_FIELD_MODALITY_VARIANCE);
    workers[i].failures = 0;
    assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  }
  for (i = 0; i < THREADS; ++i) {
    assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    assert_int_equal(workers[i].failures, 0);
  }
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
}

static void *fail_once(void *user) {
  (void)user;
  return casd_schema_create(NULL) == CASD_OK ? NULL : (void *)casd_last_error();
}

static void each_thread_has_its_own_message(void **state) {
  pthread_t thread;
  void *theirs = NULL;
  (void)state;
  ASSERT_INVALID(casd_batch_create(NULL, NULL), "batch");
  assert_int_equal(pthread_create(&thread, NULL, fail_once, NULL), 0);
  assert_int_equal(pthread_join(thread, &theirs), 0);
  assert_non_null(theirs);
  assert_string_equal(casd_last_error(), "batch is NULL");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_model_serves_many_threads),
      cmocka_unit_test(each_thread_has_its_own_message),
  };
  return cmocka_run_group_tests_name("threads", tests, NULL, nothing_is_left);
}
