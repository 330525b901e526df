/* The thread guarantees of casd/base.h: one model in many threads, each with its own predictor, and
 * error messages per thread. Also run under ThreadSanitizer. */
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

static void a_model_supports_many_threads(void **state) {
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

/* A job system of a host: one thread per index. */
struct host {
  int calls;
  int32_t result;
};

struct job {
  void(CASD_CALL *body)(void *context, int32_t index);
  void *context;
  int32_t index;
};

static void *run_job(void *argument) {
  const struct job *job = argument;
  job->body(job->context, job->index);
  return NULL;
}

static int32_t CASD_CALL run_on_host(void(CASD_CALL *body)(void *context, int32_t index),
                                     void *context, int32_t count, void *user) {
  struct host *host = user;
  pthread_t threads[THREADS];
  struct job jobs[THREADS];
  int32_t i;
  ++host->calls;
  assert_in_range(count, 1, THREADS);
  for (i = 0; i < count; ++i) {
    jobs[i].body = body;
    jobs[i].context = context;
    jobs[i].index = i;
    assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
  }
  for (i = 0; i < count; ++i) assert_int_equal(pthread_join(threads[i], NULL), 0);
  return host->result;
}

static int32_t CASD_CALL run_nothing(void(CASD_CALL *body)(void *context, int32_t index),
                                     void *context, int32_t count, void *user) {
  (void)body;
  (void)context;
  (void)count;
  (void)user;
  return 0;
}

static void host_threads_give_the_same_bits(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 20);
  casd_predictor *predictor = NULL;
  casd_prediction *expected = NULL, *prediction = NULL;
  casd_predictor_options options;
  struct host host = {0, 0};
  casd_field field;
  (void)state;
  ASSERT_OK(casd_predictor_options_init(&options, sizeof options));
  options.threads = THREADS;
  ASSERT_OK(casd_predictor_create(&predictor, model, &options));
  ASSERT_OK(casd_prediction_create(&expected));
  ASSERT_OK(casd_prediction_create(&prediction));
  ASSERT_OK(casd_predict(expected, predictor, batch, CASD_ALL_MODALITIES));

  ASSERT_INVALID(casd_set_parallel_for(run_on_host, 0, &host), "workers is 0");
  ASSERT_INVALID(casd_set_parallel_for(run_on_host, 257, &host), "1 to 256");
  ASSERT_OK(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  assert_int_equal(host.calls, 0);
  ASSERT_OK(casd_set_parallel_for(run_on_host, THREADS, &host));
  ASSERT_OK(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  assert_true(host.calls > 0);
  for (field = 0; field <= CASD_FIELD_DEGREES_OF_FREEDOM; ++field) {
    int64_t rows, columns;
    if (casd_prediction_data(expected, field) == NULL) continue; /* of another task */
    ASSERT_OK(casd_prediction_shape(&rows, &columns, expected, field));
    assert_memory_equal(casd_prediction_data(prediction, field),
                        casd_prediction_data(expected, field),
                        (size_t)(rows * columns) * sizeof(float));
  }
  host.result = 1;
  ASSERT_FAILS(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES),
               CASD_ERROR_CANCELLED, "returned 1");
  ASSERT_OK(casd_set_parallel_for(run_nothing, THREADS, NULL));
  ASSERT_FAILS(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES), CASD_ERROR_STATE,
               "without");
  host.calls = 0;
  ASSERT_OK(casd_set_parallel_for(NULL, 0, NULL));
  ASSERT_OK(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  assert_int_equal(host.calls, 0);
  casd_prediction_destroy(prediction);
  casd_prediction_destroy(expected);
  casd_predictor_destroy(predictor);
  casd_batch_destroy(batch);
  casd_model_destroy(model);
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
      cmocka_unit_test(a_model_supports_many_threads),
      cmocka_unit_test(host_threads_give_the_same_bits),
      cmocka_unit_test(each_thread_has_its_own_message),
  };
  return cmocka_run_group_tests_name("threads", tests, NULL, nothing_is_left);
}
