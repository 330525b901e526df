/* Everything that casd/monitor.h documents, and the fields with a guarantee of casd/predict.h. */
#include "support.h"

#include <casd/monitor.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
  casd_dataset *data;
  casd_model *model;
  casd_schema *schema;
  casd_batch *batch; /* split valid */
  casd_prediction *prediction;
};

static struct fixture setup(casd_task task) {
  struct fixture f = {new_data(task, 1), NULL, NULL, NULL, NULL};
  casd_model *fresh = new_model_for(f.data, 8, 0);
  casd_trainer *trainer = NULL;
  ASSERT_OK(casd_dataset_schema(&f.schema, f.data));
  ASSERT_OK(casd_batch_create(&f.batch, f.schema));
  ASSERT_OK(casd_dataset_read(f.batch, f.data, "valid", NULL, 30));
  ASSERT_OK(casd_trainer_create(&trainer, fresh, NULL));
  ASSERT_OK(casd_trainer_prepare_batch(trainer, f.batch));
  ASSERT_OK(casd_train_step(NULL, trainer, f.batch));
  ASSERT_OK(casd_trainer_calibrate(trainer, NULL, f.batch));
  ASSERT_OK(casd_trainer_snapshot(&f.model, trainer));
  ASSERT_OK(casd_prediction_create(&f.prediction));
  casd_trainer_destroy(trainer);
  casd_model_destroy(fresh);
  return f;
}

static void teardown(struct fixture *f) {
  casd_prediction_destroy(f->prediction);
  casd_batch_destroy(f->batch);
  casd_schema_destroy(f->schema);
  casd_model_destroy(f->model);
  casd_dataset_destroy(f->data);
}

static casd_predictor *new_predictor(const casd_model *model, double coverage, double error_rate) {
  casd_predictor_options options;
  casd_predictor *predictor = NULL;
  ASSERT_OK(casd_predictor_options_init(&options, sizeof options));
  assert_true(options.coverage == 0.9 && options.error_rate == 0);
  options.on_empty = CASD_EMPTY_NAN;
  options.coverage = coverage;
  options.error_rate = error_rate;
  ASSERT_OK(casd_predictor_create(&predictor, model, &options));
  return predictor;
}

static casd_monitor_state state_of(const casd_monitor *monitor) {
  casd_monitor_state state;
  ASSERT_OK(casd_monitor_state_init(&state, sizeof state));
  ASSERT_OK(casd_monitor_get_state(&state, monitor));
  return state;
}

static int64_t columns_of(const casd_prediction *prediction, casd_field field) {
  int64_t columns = -1;
  ASSERT_OK(casd_prediction_shape(NULL, &columns, prediction, field));
  return columns;
}

/* A change of the modalities raises an alarm; samples like the held-out ones do not. */
static void a_changed_stream_raises_an_alarm(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  casd_predictor *predictor = new_predictor(f.model, 0.9, 0);
  casd_monitor *monitor = NULL;
  casd_monitor_state now;
  int i;
  (void)state;
  ASSERT_OK(casd_monitor_create(&monitor, f.model, NULL));
  ASSERT_OK(casd_predict(f.prediction, predictor, f.batch, CASD_ALL_MODALITIES));
  ASSERT_OK(casd_monitor_add(monitor, f.prediction));
  now = state_of(monitor);
  assert_int_equal(now.samples, 30);
  assert_int_equal(now.alarms, 0);
  assert_int_equal(now.alarm, 0);
  assert_int_equal(now.last_alarm, 0);
  assert_true(now.evidence >= 0 && now.evidence < 1);
  ASSERT_OK(casd_predict(f.prediction, predictor, f.batch, 1u));
  for (i = 0; i < 10 && now.alarm == 0; ++i) {
    ASSERT_OK(casd_monitor_add(monitor, f.prediction));
    now = state_of(monitor);
  }
  assert_int_equal(now.alarm, 1);
  assert_true(now.alarms >= 1);
  assert_true(now.last_alarm > 30 && now.last_alarm <= now.samples);
  assert_int_equal(now.alarm_subject, CASD_MONITOR_MODALITIES);
  assert_int_equal(now.alarm_modality, -1);
  casd_monitor_destroy(monitor);
  casd_predictor_destroy(predictor);
  teardown(&f);
}

/* Adds samples `first` to `first` + 4 of split valid, all with the same frames of `modality`: those with
 * the median of its variance. */
static void add_with_constant_modality(casd_monitor *monitor, struct fixture *f,
                                       casd_predictor *predictor, int32_t modality, int64_t first) {
  const float *variance, *frames;
  int64_t i, k, smaller, middle = 0, steps, indices[5];
  const int32_t features = casd_schema_modality_features(f->schema, modality);
  casd_batch *changed = NULL;
  ASSERT_OK(casd_predict(f->prediction, predictor, f->batch, CASD_ALL_MODALITIES));
  variance = casd_prediction_data(f->prediction, CASD_FIELD_MODALITY_VARIANCE);
  for (i = 0; i < 30; ++i) {
    for (smaller = 0, k = 0; k < 30; ++k)
      smaller += variance[3 * k + modality] < variance[3 * i + modality];
    if (smaller == 15) middle = i;
  }
  frames = casd_batch_frames(f->batch, middle, modality);
  steps = casd_batch_steps(f->batch, middle, modality);
  ASSERT_OK(casd_batch_create(&changed, f->schema));
  for (i = 0; i < 5; ++i) indices[i] = first + i;
  ASSERT_OK(casd_dataset_read(changed, f->data, "valid", indices, 5));
  for (i = 0; i < 5; ++i)
    ASSERT_OK(casd_batch_set_frames(changed, i, modality, frames, steps, features, features));
  ASSERT_OK(casd_predict(f->prediction, predictor, changed, CASD_ALL_MODALITIES));
  ASSERT_OK(casd_monitor_add(monitor, f->prediction));
  casd_batch_destroy(changed);
}

/* The source of the alarm stays, whatever is the source of the evidence since. */
static void the_last_alarm_keeps_its_modality(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  casd_predictor *predictor = new_predictor(f.model, 0.9, 0);
  casd_monitor_options options;
  casd_monitor *monitor = NULL;
  casd_monitor_state now;
  int i;
  (void)state;
  ASSERT_OK(casd_monitor_options_init(&options, sizeof options));
  options.samples_per_false_alarm = 10000;
  ASSERT_OK(casd_monitor_create(&monitor, f.model, &options));
  now = state_of(monitor);
  for (i = 0; i < 100 && now.alarms == 0; ++i) {
    add_with_constant_modality(monitor, &f, predictor, 1, 5 * i % 30);
    now = state_of(monitor);
  }
  assert_int_equal(now.alarms, 1);
  assert_int_equal(now.alarm_subject, CASD_MONITOR_MODALITY_VARIANCE);
  assert_int_equal(now.alarm_modality, 1);
  for (i = 0; i < 100 && now.modality != 0; ++i) {
    add_with_constant_modality(monitor, &f, predictor, 0, 5 * i % 30);
    now = state_of(monitor);
    assert_int_equal(now.alarms, 1);
    assert_int_equal(now.alarm_subject, CASD_MONITOR_MODALITY_VARIANCE);
    assert_int_equal(now.alarm_modality, 1);
  }
  assert_int_equal(now.subject, CASD_MONITOR_MODALITY_VARIANCE);
  assert_int_equal(now.modality, 0);
  casd_monitor_destroy(monitor);
  casd_predictor_destroy(predictor);
  teardown(&f);
}

static void options_of_a_monitor_are_checked(void **state) {
  struct fixture f = setup(CASD_TASK_REGRESSION);
  casd_monitor_options options;
  casd_monitor *monitor = NULL;
  (void)state;
  ASSERT_OK(casd_monitor_options_init(&options, sizeof options));
  assert_true(options.samples_per_false_alarm == 1e6);
  options.warm_up = -1;
  ASSERT_INVALID(casd_monitor_create(&monitor, f.model, &options), "warm_up");
  options.warm_up = 5;
  options.samples_per_false_alarm = 0;
  ASSERT_INVALID(casd_monitor_create(&monitor, f.model, &options), "samples_per_false_alarm");
  options.samples_per_false_alarm = NAN;
  ASSERT_INVALID(casd_monitor_create(&monitor, f.model, &options), "samples_per_false_alarm");
  options.samples_per_false_alarm = 100;
  options.reserved = 1;
  ASSERT_INVALID(casd_monitor_create(&monitor, f.model, &options), "reserved");
  options.reserved = 0;
  ASSERT_OK(casd_monitor_create(&monitor, f.model, &options));
  casd_monitor_destroy(monitor);
  casd_monitor_destroy(NULL);
  teardown(&f);
}

static void invalid_arguments_are_rejected(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  casd_model *fresh = new_model(CASD_TASK_CLASSES);
  casd_monitor *monitor = NULL;
  casd_monitor_state now;
  (void)state;
  ASSERT_FAILS(casd_monitor_create(&monitor, fresh, NULL), CASD_ERROR_STATE, "calibrate");
  ASSERT_INVALID(casd_monitor_create(NULL, f.model, NULL), "monitor");
  ASSERT_INVALID(casd_monitor_create(&monitor, NULL, NULL), "model");
  assert_null(monitor);
  ASSERT_OK(casd_monitor_create(&monitor, f.model, NULL));
  ASSERT_FAILS(casd_monitor_add(monitor, f.prediction), CASD_ERROR_STATE, "empty");
  ASSERT_INVALID(casd_monitor_add(NULL, f.prediction), "monitor");
  ASSERT_INVALID(casd_monitor_add(monitor, NULL), "prediction");
  ASSERT_INVALID(casd_monitor_get_state(NULL, monitor), "state");
  memset(&now, 0, sizeof now);
  ASSERT_INVALID(casd_monitor_get_state(&now, monitor), "initialised");
  ASSERT_OK(casd_monitor_state_init(&now, sizeof now));
  ASSERT_INVALID(casd_monitor_get_state(&now, NULL), "monitor");
  ASSERT_INVALID(casd_monitor_state_init(NULL, sizeof now), "state");
  ASSERT_INVALID(casd_monitor_options_init(NULL, 8), "options");
  casd_monitor_destroy(monitor);
  casd_model_destroy(fresh);
  teardown(&f);
}

static void classes_have_sets_and_abstain(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  casd_predictor *predictor = new_predictor(f.model, 0.8, 0.999);
  const float *p, *set, *error, *abstain, *percentile;
  int64_t i, covered = 0;
  (void)state;
  ASSERT_OK(casd_predict(f.prediction, predictor, f.batch, CASD_ALL_MODALITIES));
  p = casd_prediction_data(f.prediction, CASD_FIELD_PROBABILITIES);
  set = casd_prediction_data(f.prediction, CASD_FIELD_PREDICTION_SET);
  error = casd_prediction_data(f.prediction, CASD_FIELD_ERROR_PROBABILITY);
  abstain = casd_prediction_data(f.prediction, CASD_FIELD_ABSTAIN);
  percentile = casd_prediction_data(f.prediction, CASD_FIELD_UNCERTAINTY_PERCENTILE);
  assert_int_equal(columns_of(f.prediction, CASD_FIELD_PREDICTION_SET), 2);
  assert_int_equal(columns_of(f.prediction, CASD_FIELD_ABSTAIN), 1);
  for (i = 0; i < 30; ++i) {
    assert_true(error[i] == 1 - (p[2 * i] > p[2 * i + 1] ? p[2 * i] : p[2 * i + 1]));
    assert_true(abstain[i] == 0 || abstain[i] == 1);
    assert_true(percentile[i] > 0 && percentile[i] <= 100);
    covered += set[2 * i + (casd_batch_target(f.batch, i)[0] > 0.5f)] == 1;
  }
  assert_true(covered >= 21 && covered <= 28);
  assert_null(casd_prediction_data(f.prediction, CASD_FIELD_INTERVAL));
  assert_null(casd_prediction_data(f.prediction, CASD_FIELD_STANDARD_DEVIATION));
  casd_predictor_destroy(predictor);
  teardown(&f);
}

static void regression_has_intervals(void **state) {
  struct fixture f = setup(CASD_TASK_REGRESSION);
  casd_predictor *predictor = new_predictor(f.model, 0.8, 0);
  casd_predictor_options options;
  const float *value, *deviation, *interval;
  int64_t i, covered = 0;
  (void)state;
  ASSERT_OK(casd_predict(f.prediction, predictor, f.batch, CASD_ALL_MODALITIES));
  value = casd_prediction_data(f.prediction, CASD_FIELD_VALUE);
  deviation = casd_prediction_data(f.prediction, CASD_FIELD_STANDARD_DEVIATION);
  interval = casd_prediction_data(f.prediction, CASD_FIELD_INTERVAL);
  for (i = 0; i < 30; ++i) {
    const float target = casd_batch_target(f.batch, i)[0];
    assert_true(deviation[i] > 0);
    assert_true(interval[2 * i] < value[i] && value[i] < interval[2 * i + 1]);
    covered += interval[2 * i] <= target && target <= interval[2 * i + 1];
  }
  assert_true(covered >= 20 && covered <= 29);
  assert_null(casd_prediction_data(f.prediction, CASD_FIELD_PREDICTION_SET));
  assert_null(casd_prediction_data(f.prediction, CASD_FIELD_ABSTAIN));
  casd_predictor_destroy(predictor);
  ASSERT_OK(casd_predictor_options_init(&options, sizeof options));
  options.error_rate = 0.1;
  ASSERT_INVALID(casd_predictor_create(&predictor, f.model, &options), "regression");
  teardown(&f);
}

/* The tables are part of the file. */
static void a_saved_model_gives_the_same_sets(void **state) {
  struct fixture f = setup(CASD_TASK_MULTILABEL);
  casd_predictor *predictor = new_predictor(f.model, 0.9, 0.2);
  casd_prediction *again = NULL;
  casd_model *loaded = NULL;
  size_t size = 0, bytes;
  unsigned char *file = model_bytes(f.model, &size);
  (void)state;
  ASSERT_OK(casd_predict(f.prediction, predictor, f.batch, CASD_ALL_MODALITIES));
  casd_predictor_destroy(predictor);
  ASSERT_OK(casd_model_load_memory(&loaded, file, size));
  predictor = new_predictor(loaded, 0.9, 0.2);
  ASSERT_OK(casd_prediction_create(&again));
  ASSERT_OK(casd_predict(again, predictor, f.batch, CASD_ALL_MODALITIES));
  assert_int_equal(columns_of(again, CASD_FIELD_PREDICTION_SET),
                   2 * columns_of(again, CASD_FIELD_ABSTAIN));
  bytes = (size_t)(30 * columns_of(again, CASD_FIELD_PREDICTION_SET)) * sizeof(float);
  assert_memory_equal(casd_prediction_data(again, CASD_FIELD_PREDICTION_SET),
                      casd_prediction_data(f.prediction, CASD_FIELD_PREDICTION_SET), bytes);
  casd_prediction_destroy(again);
  casd_predictor_destroy(predictor);
  casd_model_destroy(loaded);
  free(file);
  teardown(&f);
}

static void without_calibration_there_are_no_sets(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES);
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 2);
  casd_predictor *predictor = new_predictor(model, 0.9, 0);
  casd_prediction *prediction = NULL;
  casd_predictor_options options;
  (void)state;
  ASSERT_OK(casd_prediction_create(&prediction));
  ASSERT_OK(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  assert_true(isnan(casd_prediction_data(prediction, CASD_FIELD_PREDICTION_SET)[0]));
  assert_true(isnan(casd_prediction_data(prediction, CASD_FIELD_UNCERTAINTY_PERCENTILE)[0]));
  assert_true(casd_prediction_data(prediction, CASD_FIELD_ERROR_PROBABILITY)[0] > 0);
  assert_true(casd_prediction_data(prediction, CASD_FIELD_ABSTAIN)[0] == 0);
  casd_predictor_destroy(predictor);
  predictor = NULL;
  ASSERT_OK(casd_predictor_options_init(&options, sizeof options));
  options.error_rate = 0.1;
  ASSERT_FAILS(casd_predictor_create(&predictor, model, &options), CASD_ERROR_STATE, "calibrate");
  options.error_rate = 1;
  ASSERT_INVALID(casd_predictor_create(&predictor, model, &options), "error_rate");
  options.error_rate = 0;
  options.coverage = 1;
  ASSERT_INVALID(casd_predictor_create(&predictor, model, &options), "coverage");
  casd_prediction_destroy(prediction);
  casd_batch_destroy(batch);
  casd_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_changed_stream_raises_an_alarm),
      cmocka_unit_test(the_last_alarm_keeps_its_modality),
      cmocka_unit_test(options_of_a_monitor_are_checked),
      cmocka_unit_test(invalid_arguments_are_rejected),
      cmocka_unit_test(classes_have_sets_and_abstain),
      cmocka_unit_test(regression_has_intervals),
      cmocka_unit_test(a_saved_model_gives_the_same_sets),
      cmocka_unit_test(without_calibration_there_are_no_sets),
  };
  return cmocka_run_group_tests_name("monitor", tests, NULL, nothing_is_left);
}
