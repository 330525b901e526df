/* Everything that casd/evaluate.h documents. */
#include "support.h"

#include <math.h>
#include <string.h>

struct fixture {
  casd_dataset *data;
  casd_predictor *predictor;
  casd_report *report;
};

static struct fixture setup(casd_task task) {
  struct fixture f = {new_data(task, 1), NULL, NULL};
  casd_model *model = new_model_for(f.data, 8, 0);
  ASSERT_OK(casd_predictor_create(&f.predictor, model, NULL));
  ASSERT_OK(casd_evaluate(&f.report, f.predictor, f.data, "valid", NULL, NULL, NULL));
  casd_model_destroy(model);
  return f;
}

static void teardown(struct fixture *f) {
  casd_report_destroy(f->report);
  casd_predictor_destroy(f->predictor);
  casd_dataset_destroy(f->data);
}

static double value_of(const casd_report *report, const char *condition, const char *name) {
  double value = NAN;
  ASSERT_OK(casd_report_value(&value, report, condition, name));
  return value;
}

static void every_condition_is_reported(void **state) {
  static const char *const names[] = {"language",
                                      "audio",
                                      "visual",
                                      "language+audio",
                                      "language+visual",
                                      "audio+visual",
                                      "language+audio+visual"};
  struct fixture f = setup(CASD_TASK_CLASSES);
  double sum = 0;
  int32_t i, k;
  (void)state;
  assert_int_equal(casd_report_condition_count(f.report), 7);
  assert_string_equal(casd_report_condition(f.report, 6), names[6]); /* all of them last */
  assert_null(casd_report_condition(f.report, 7));
  assert_null(casd_report_condition(f.report, -1));
  for (i = 0; i < 7; ++i) {
    int found = 0;
    const double f1 = value_of(f.report, names[i], "f1");
    for (k = 0; k < 7; ++k) found |= strcmp(names[i], casd_report_condition(f.report, k)) == 0;
    assert_true(found);
    assert_true(f1 >= 0 && f1 <= 100);
    assert_true(value_of(f.report, names[i], "accuracy") >= 0);
    assert_true(value_of(f.report, names[i], "ece") >= 0);
    assert_true(value_of(f.report, names[i], "uncertainty") > 0);
    assert_true(value_of(f.report, names[i], "samples") == 30);
    (void)value_of(f.report, names[i], "auroc_uncertainty");
    (void)value_of(f.report, names[i], "auroc_confidence");
    if (i < 6) sum += f1;
  }
  assert_true(fabs(value_of(f.report, NULL, "mean_incomplete_f1") - sum / 6) < 1e-9);
  (void)value_of(f.report, NULL, "pooled_auroc_uncertainty");
  (void)value_of(f.report, NULL, "pooled_auroc_confidence");
  teardown(&f);
}

/* The accuracy of the report equals the accuracy computed from predictions. */
static void accuracy_matches_the_predictions(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  casd_prediction *prediction = NULL;
  const float *p;
  int64_t sample, right = 0;
  (void)state;
  ASSERT_OK(casd_dataset_schema(&schema, f.data));
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(batch, f.data, "valid", NULL, 30));
  ASSERT_OK(casd_prediction_create(&prediction));
  ASSERT_OK(casd_predict(prediction, f.predictor, batch, 1));
  p = casd_prediction_data(prediction, CASD_FIELD_PROBABILITIES);
  for (sample = 0; sample < 30; ++sample)
    right += (p[2 * sample + 1] > p[2 * sample]) == (casd_batch_target(batch, sample)[0] > 0.5f);
  assert_true(fabs(value_of(f.report, "language", "accuracy") - 100.0 * (double)right / 30) < 1e-9);
  casd_prediction_destroy(prediction);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
  teardown(&f);
}

static void regression_and_multilabel_have_their_metrics(void **state) {
  struct fixture r = setup(CASD_TASK_REGRESSION), m = setup(CASD_TASK_MULTILABEL);
  double value = 0;
  (void)state;
  assert_true(value_of(r.report, "language+audio", "mae") > 0);
  assert_true(fabs(value_of(r.report, "audio", "correlation")) <= 1);
  assert_true(value_of(r.report, "audio", "f1") >= 0);
  assert_true(value_of(r.report, NULL, "mean_incomplete_mae") > 0);
  ASSERT_FAILS(casd_report_value(&value, r.report, "audio", "accuracy"), CASD_ERROR_NOT_FOUND,
               "accuracy");
  assert_true(value_of(m.report, "audio", "accuracy") >= 0);
  ASSERT_FAILS(casd_report_value(&value, m.report, "audio", "mae"), CASD_ERROR_NOT_FOUND, "mae");
  teardown(&r);
  teardown(&m);
}

/* The evaluation must terminate with a row that is not finite. */
static void failed_samples_are_counted_and_left_out(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_model_options options = small_model_options();
  casd_model *model = NULL;
  casd_dataset *data = NULL;
  casd_predictor *predictor = NULL;
  casd_report *report = NULL;
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 20);
  float huge[5];
  int64_t sample;
  size_t i;
  (void)state;
  options.input_clip = 0;
  for (i = 0; i < 5; ++i) huge[i] = i % 2 ? 3e38f : -3e38f;
  for (sample = 0; sample < 20; ++sample) {
    const float target = (float)(sample % 3);
    ASSERT_OK(casd_batch_set_target(batch, sample, &target, 1));
  }
  ASSERT_OK(casd_batch_set_frames(batch, 7, 0, huge, 1, 5, 0));
  ASSERT_OK(casd_dataset_create(&data, schema));
  ASSERT_OK(casd_dataset_add(data, "all", batch));
  ASSERT_OK(casd_model_create(&model, schema, &options));
  ASSERT_OK(casd_predictor_create(&predictor, model, NULL));
  ASSERT_OK(casd_evaluate(&report, predictor, data, "all", NULL, NULL, NULL));
  assert_true(value_of(report, "language", "failed") == 1);
  assert_true(value_of(report, "language", "samples") == 19);
  assert_true(value_of(report, "audio+visual", "failed") == 0);
  assert_true(value_of(report, "audio+visual", "samples") == 20);
  assert_true(isfinite(value_of(report, "language", "uncertainty")));
  assert_true(isfinite(value_of(report, "language+audio+visual", "auroc_uncertainty")));
  assert_true(isfinite(value_of(report, NULL, "pooled_auroc_uncertainty")));
  assert_non_null(strstr(casd_report_json(report), "\"failed\":1.0"));
  casd_report_destroy(report);
  casd_predictor_destroy(predictor);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
}

static void modalities_of_a_condition_can_have_any_order(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  (void)state;
  assert_true(value_of(f.report, "audio+language", "uncertainty") ==
              value_of(f.report, "language+audio", "uncertainty"));
  assert_true(value_of(f.report, "visual+language+audio", "uncertainty") ==
              value_of(f.report, "language+audio+visual", "uncertainty"));
  assert_true(value_of(f.report, "visual+language", "uncertainty") !=
              value_of(f.report, "language+audio", "uncertainty"));
  teardown(&f);
}

static void json_contains_the_same_numbers(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  const char *json = casd_report_json(f.report);
  static const char *const keys[] = {"\"conditions\":{\"language\":{",
                                     "\"language+audio\":{",
                                     "\"f1\":",
                                     "\"accuracy\":",
                                     "\"ece\":",
                                     "\"auroc_uncertainty\":",
                                     "\"auroc_confidence\":",
                                     "\"uncertainty\":",
                                     "\"mean_incomplete_f1\":",
                                     "\"pooled_auroc_uncertainty\":",
                                     "\"pooled_auroc_confidence\":"};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof keys / sizeof *keys; ++i) assert_non_null(strstr(json, keys[i]));
  assert_null(strstr(json, "nan"));
  assert_null(casd_report_json(NULL));
  teardown(&f);
}

static void remarks_say_what_the_evidence_shows(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  casd_model_options options;
  casd_schema *schema = NULL;
  casd_model *model = NULL;
  const char *json = casd_report_json(f.report);
  (void)state;
  assert_non_null(strstr(json, "\"modalities\":{\"language\":{\"degrees_of_freedom\":"));
  assert_non_null(strstr(json, "\"remarks\":["));
  teardown(&f);
  /* Evidence that cannot differ is at its limit. */
  f.data = new_data(CASD_TASK_CLASSES, 1);
  ASSERT_OK(casd_dataset_schema(&schema, f.data));
  ASSERT_OK(casd_model_options_init(&options, sizeof options));
  options.hidden = 8;
  options.alpha_max = 1.3;
  ASSERT_OK(casd_model_create(&model, schema, &options));
  ASSERT_OK(casd_predictor_create(&f.predictor, model, NULL));
  ASSERT_OK(casd_evaluate(&f.report, f.predictor, f.data, "valid", NULL, NULL, NULL));
  assert_non_null(strstr(casd_report_remark(f.report, 0),
                         "evidence of language, audio, visual has collapsed to its upper limit"));
  assert_non_null(strstr(casd_report_json(f.report), casd_report_remark(f.report, 0)));
  assert_null(casd_report_remark(f.report, 10));
  assert_null(casd_report_remark(f.report, -1));
  assert_null(casd_report_remark(NULL, 0));
  casd_model_destroy(model);
  casd_schema_destroy(schema);
  teardown(&f);
}

static void invalid_arguments_are_rejected(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  casd_dataset *other = new_data(CASD_TASK_REGRESSION, 1);
  casd_report *report = NULL;
  double value = 42;
  (void)state;
  ASSERT_INVALID(casd_evaluate(NULL, f.predictor, f.data, "valid", NULL, NULL, NULL), "NULL");
  ASSERT_INVALID(casd_evaluate(&report, NULL, f.data, "valid", NULL, NULL, NULL), "NULL");
  ASSERT_INVALID(casd_evaluate(&report, f.predictor, NULL, "valid", NULL, NULL, NULL), "NULL");
  ASSERT_INVALID(casd_evaluate(&report, f.predictor, f.data, NULL, NULL, NULL, NULL), "NULL");
  ASSERT_FAILS(casd_evaluate(&report, f.predictor, f.data, "holdout", NULL, NULL, NULL),
               CASD_ERROR_NOT_FOUND, "holdout");
  ASSERT_INVALID(casd_evaluate(&report, f.predictor, other, "valid", NULL, NULL, NULL), "task");
  assert_null(report);
  ASSERT_INVALID(casd_report_value(NULL, f.report, "audio", "f1"), "NULL");
  ASSERT_INVALID(casd_report_value(&value, NULL, "audio", "f1"), "NULL");
  ASSERT_INVALID(casd_report_value(&value, f.report, "audio", NULL), "NULL");
  ASSERT_FAILS(casd_report_value(&value, f.report, "smell", "f1"), CASD_ERROR_NOT_FOUND, "smell");
  ASSERT_FAILS(casd_report_value(&value, f.report, "smell", "f1"), CASD_ERROR_NOT_FOUND,
               "language+audio+visual");
  ASSERT_FAILS(casd_report_value(&value, f.report, "audio+audio", "f1"), CASD_ERROR_NOT_FOUND,
               "audio+audio");
  ASSERT_FAILS(casd_report_value(&value, f.report, "audio+", "f1"), CASD_ERROR_NOT_FOUND, "audio+");
  ASSERT_FAILS(casd_report_value(&value, f.report, "audio", "f2"), CASD_ERROR_NOT_FOUND, "f2");
  ASSERT_FAILS(casd_report_value(&value, f.report, "audio", "f2"), CASD_ERROR_NOT_FOUND,
               "f1, accuracy");
  ASSERT_FAILS(casd_report_value(&value, f.report, NULL, "f2"), CASD_ERROR_NOT_FOUND,
               "mean_incomplete_f1, ");
  ASSERT_FAILS(casd_report_value(&value, f.report, NULL, "f1"), CASD_ERROR_NOT_FOUND, "f1");
  assert_true(value == 42);
  assert_int_equal(casd_report_condition_count(NULL), -1);
  assert_null(casd_report_condition(NULL, 0));
  casd_report_destroy(NULL);
  casd_dataset_destroy(other);
  teardown(&f);
}

struct progress_record {
  int calls;
  int64_t done, total;
  int cancel;
};

static int32_t CASD_CALL record_progress(int64_t done, int64_t total, void *user) {
  struct progress_record *record = user;
  ++record->calls;
  assert_true(done > record->done);
  record->done = done;
  record->total = total;
  return record->cancel;
}

static void evaluation_reports_progress_and_can_be_cancelled(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  struct progress_record record = {0, 0, 0, 0};
  casd_report *report = NULL;
  (void)state;
  ASSERT_OK(casd_evaluate(&report, f.predictor, f.data, "valid", NULL, record_progress, &record));
  assert_true(record.calls > 0);
  assert_int_equal(record.done, 30);
  assert_int_equal(record.total, 30);
  assert_string_equal(casd_report_json(report), casd_report_json(f.report));
  casd_report_destroy(report);
  report = NULL;
  record.done = 0;
  record.cancel = 1;
  ASSERT_FAILS(casd_evaluate(&report, f.predictor, f.data, "valid", NULL, record_progress, &record),
               CASD_ERROR_CANCELLED, "cancelled");
  assert_null(report);
  teardown(&f);
}

static void a_mask_restricts_the_conditions(void **state) {
  struct fixture f = setup(CASD_TASK_CLASSES);
  casd_evaluate_options options;
  casd_report *report = NULL;
  (void)state;
  ASSERT_OK(casd_evaluate_options_init(&options, sizeof options));
  assert_int_equal(options.mask, CASD_ALL_MODALITIES);
  options.mask = 5; /* language and visual */
  ASSERT_OK(casd_evaluate(&report, f.predictor, f.data, "valid", &options, NULL, NULL));
  assert_int_equal(casd_report_condition_count(report), 3);
  assert_string_equal(casd_report_condition(report, 0), "language");
  assert_string_equal(casd_report_condition(report, 1), "visual");
  assert_string_equal(casd_report_condition(report, 2), "language+visual");
  assert_true(value_of(report, "language+visual", "f1") ==
              value_of(f.report, "language+visual", "f1"));
  assert_true(value_of(report, NULL, "mean_incomplete_f1") ==
              (value_of(f.report, "language", "f1") + value_of(f.report, "visual", "f1")) / 2);
  casd_report_destroy(report);
  report = NULL;
  options.mask = 8;
  ASSERT_INVALID(casd_evaluate(&report, f.predictor, f.data, "valid", &options, NULL, NULL),
                 "mask");
  options.mask = 0;
  ASSERT_INVALID(casd_evaluate(&report, f.predictor, f.data, "valid", &options, NULL, NULL),
                 "mask");
  options.struct_size = 4;
  ASSERT_INVALID(casd_evaluate(&report, f.predictor, f.data, "valid", &options, NULL, NULL),
                 "struct_size");
  ASSERT_INVALID(casd_evaluate_options_init(NULL, sizeof options), "NULL");
  ASSERT_INVALID(casd_evaluate_options_init(&options, 4), "4");
  assert_null(report);
  teardown(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_condition_is_reported),
      cmocka_unit_test(accuracy_matches_the_predictions),
      cmocka_unit_test(regression_and_multilabel_have_their_metrics),
      cmocka_unit_test(failed_samples_are_counted_and_left_out),
      cmocka_unit_test(modalities_of_a_condition_can_have_any_order),
      cmocka_unit_test(json_contains_the_same_numbers),
      cmocka_unit_test(evaluation_reports_progress_and_can_be_cancelled),
      cmocka_unit_test(a_mask_restricts_the_conditions),
      cmocka_unit_test(remarks_say_what_the_evidence_shows),
      cmocka_unit_test(invalid_arguments_are_rejected),
  };
  return cmocka_run_group_tests_name("evaluate", tests, NULL, nothing_is_left);
}
