/* fork() after use, as in pre-forking servers: the guarantees of casd/predict.h for the child. */
#define _GNU_SOURCE
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ThreadSanitizer does not support threads that start after fork() in a process with threads, and
 * AddressSanitizer's allocator of GCC 12 may be locked at the fork. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum { CALLERS = 3, FORKS = 40, SAMPLES = 6, GIVE_UP_SECONDS = 60 };

struct shared {
  casd_model *model;
  casd_predictor *predictor;
  casd_batch *batch;
  float expected[SAMPLES];
};

static struct shared set_up(casd_absent_policy absent, int32_t threads) {
  struct shared s;
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_model_options model_options = small_model_options();
  casd_predictor_options options;
  casd_prediction *prediction = NULL;
  memset(&s, 0, sizeof s);
  model_options.absent = absent;
  ASSERT_OK(casd_model_create(&s.model, schema, &model_options));
  ASSERT_OK(casd_predictor_options_init(&options, sizeof options));
  options.threads = threads;
  ASSERT_OK(casd_predictor_create(&s.predictor, s.model, &options));
  s.batch = new_batch(CASD_TASK_CLASSES, SAMPLES);
  ASSERT_OK(casd_prediction_create(&prediction));
  ASSERT_OK(casd_predict(prediction, s.predictor, s.batch, 5)); /* starts the threads */
  ASSERT_OK(casd_prediction_copy(s.expected, SAMPLES, NULL, prediction, CASD_FIELD_UNCERTAINTY));
  casd_prediction_destroy(prediction);
  casd_schema_destroy(schema);
  return s;
}

static void tear_down(struct shared *s) {
  casd_batch_destroy(s->batch);
  casd_predictor_destroy(s->predictor);
  casd_model_destroy(s->model);
}

/* Whether a prediction succeeds and has the parent's bits. */
static int predicts(const struct shared *s) {
  casd_prediction *prediction = NULL;
  const int right = casd_prediction_create(&prediction) == CASD_OK &&
                    casd_predict(prediction, s->predictor, s->batch, 5) == CASD_OK &&
                    memcmp(casd_prediction_data(prediction, CASD_FIELD_UNCERTAINTY), s->expected,
                           sizeof s->expected) == 0;
  casd_prediction_destroy(prediction);
  return right;
}

/* Runs in the child; the result is its exit status. SIGALRM ends a child that hangs. */
static int child(struct shared *s) {
  casd_predictor *predictor = NULL;
  casd_predictor_options options;
  int i;
  alarm(GIVE_UP_SECONDS);
  for (i = 0; i < 3; ++i)
    if (!predicts(s)) return 1;
  if (casd_predictor_trim(s->predictor) != CASD_OK || !predicts(s)) return 2;
  casd_predictor_destroy(s->predictor);
  casd_predictor_options_init(&options, sizeof options);
  options.threads = 2;
  if (casd_predictor_create(&predictor, s->model, &options) != CASD_OK) return 3;
  s->predictor = predictor;
  if (!predicts(s)) return 4;
  casd_predictor_destroy(predictor);
  casd_model_destroy(s->model);
  return 0;
}

static void assert_child_succeeds(struct shared *s) {
  const pid_t id = fork();
  int status = 0;
  assert_true(id >= 0);
  if (id == 0) _exit(child(s));
  assert_int_equal(waitpid(id, &status, 0), id);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_child_predicts_and_destroys(void **state) {
  static const int32_t threads[] = {1, 4};
  static const casd_absent_policy policies[] = {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS};
  int i, p;
  (void)state;
  for (i = 0; i < 2; ++i)
    for (p = 0; p < 2; ++p) {
      struct shared s = set_up(policies[p], threads[i]);
      assert_child_succeeds(&s);
      assert_true(predicts(&s)); /* the parent's predictor still works */
      tear_down(&s);
    }
}

static void a_child_can_fork_again(void **state) {
  struct shared s = set_up(CASD_ABSENT_EXCLUDED, 4);
  const pid_t id = fork();
  int status = 0;
  (void)state;
  assert_true(id >= 0);
  if (id == 0) {
    pid_t grandchild;
    alarm(GIVE_UP_SECONDS);
    if (!predicts(&s)) _exit(10);
    grandchild = fork();
    if (grandchild == 0) _exit(child(&s));
    if (waitpid(grandchild, &status, 0) != grandchild || !WIFEXITED(status)) _exit(11);
    _exit(WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : !predicts(&s));
  }
  assert_int_equal(waitpid(id, &status, 0), id);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  tear_down(&s);
}

struct caller {
  pthread_t thread;
  const struct shared *shared;
  int *stop;
  int *begun;
  int wrong;
};

static void *predict_until_stopped(void *argument) {
  struct caller *caller = argument;
  casd_prediction *prediction = NULL;
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, SAMPLES);
  if (casd_prediction_create(&prediction) != CASD_OK) ++caller->wrong;
  while (!__atomic_load_n(caller->stop, __ATOMIC_ACQUIRE)) {
    if (casd_predict(prediction, caller->shared->predictor, batch, 5) != CASD_OK ||
        memcmp(casd_prediction_data(prediction, CASD_FIELD_UNCERTAINTY), caller->shared->expected,
               sizeof caller->shared->expected) != 0)
      ++caller->wrong;
    __atomic_add_fetch(caller->begun, 1, __ATOMIC_RELEASE);
  }
  casd_batch_destroy(batch);
  casd_prediction_destroy(prediction);
  return NULL;
}

/* During fork() the locks of the predictor and its pool can be held by threads that do not exist in
 * the child. */
static void forking_while_other_threads_predict(void **state) {
  static const int32_t threads[] = {1, 4};
  int t, i;
  (void)state;
  for (t = 0; t < 2; ++t) {
    struct shared s = set_up(CASD_ABSENT_EXCLUDED, threads[t]);
    struct caller callers[CALLERS];
    int stop = 0, begun = 0;
    for (i = 0; i < CALLERS; ++i) {
      callers[i].shared = &s;
      callers[i].stop = &stop;
      callers[i].begun = &begun;
      callers[i].wrong = 0;
      assert_int_equal(pthread_create(&callers[i].thread, NULL, predict_until_stopped, &callers[i]),
                       0);
    }
    while (__atomic_load_n(&begun, __ATOMIC_ACQUIRE) < CALLERS) usleep(100);
    for (i = 0; i < FORKS; ++i) assert_child_succeeds(&s);
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    for (i = 0; i < CALLERS; ++i) {
      assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
      assert_int_equal(callers[i].wrong, 0);
    }
    tear_down(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_child_predicts_and_destroys),
      cmocka_unit_test(a_child_can_fork_again),
      cmocka_unit_test(forking_while_other_threads_predict),
  };
  if (SANITIZED) return puts("skipped: sanitizers do not support threads after fork()"), 0;
  return cmocka_run_group_tests_name("fork", tests, NULL, nothing_is_left);
}
