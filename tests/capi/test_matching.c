/* Data whose modalities are not those of the model, one by one: "How data is matched with a model"
 * in casd/schema.h. */
#include "support.h"

#include <math.h>
#include <string.h>

/* The split valid of new_data(), with the modalities `order` of it. */
static casd_dataset *rearranged(const casd_dataset *from, const int32_t *order, int32_t count) {
  casd_schema *all = NULL, *schema = NULL;
  casd_dataset *data = NULL;
  casd_batch *read = NULL, *batch = NULL;
  const int64_t size = casd_dataset_size(from, "valid");
  int64_t i, s;
  int32_t k;
  ASSERT_OK(casd_dataset_schema(&all, from));
  ASSERT_OK(casd_schema_create(&schema));
  for (k = 0; k < count; ++k)
    ASSERT_OK(casd_schema_add_modality(schema, casd_schema_modality_name(all, order[k]),
                                       casd_schema_modality_features(all, order[k])));
  ASSERT_OK(casd_schema_set_task(schema, casd_schema_task(all)));
  for (k = 0; k < casd_schema_output_count(all); ++k)
    ASSERT_OK(casd_schema_add_output(schema, casd_schema_output_name(all, k)));
  ASSERT_OK(casd_dataset_create(&data, schema));
  ASSERT_OK(casd_batch_create(&read, all));
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(read, from, "valid", NULL, (size_t)size));
  for (i = 0; i < size; ++i) {
    ASSERT_OK(casd_batch_add_sample(&s, batch));
    for (k = 0; k < count; ++k)
      ASSERT_OK(casd_batch_set_frames(batch, s, k, casd_batch_frames(read, i, order[k]),
                                      casd_batch_steps(read, i, order[k]),
                                      casd_schema_modality_features(schema, k), 0));
    ASSERT_OK(casd_batch_set_target(batch, s, casd_batch_target(read, i), 1));
  }
  ASSERT_OK(casd_dataset_add(data, "valid", batch));
  casd_batch_destroy(read);
  casd_batch_destroy(batch);
  casd_schema_destroy(all);
  casd_schema_destroy(schema);
  return data;
}

static void evaluation_matches_modalities_by_name(void **state) {
  static const int32_t turned[] = {2, 0, 1}, part[] = {2, 0};
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1), *other = rearranged(data, turned, 3),
               *fewer = rearranged(data, part, 2);
  casd_model *model = new_model_for(data, 8, 0);
  casd_predictor *predictor = NULL;
  casd_report *expected = NULL, *report = NULL;
  casd_evaluate_options options;
  double a = NAN, b = NAN;
  (void)state;
  ASSERT_OK(casd_predictor_create(&predictor, model, NULL));
  ASSERT_OK(casd_evaluate(&expected, predictor, data, "valid", NULL, NULL, NULL));
  ASSERT_OK(casd_evaluate(&report, predictor, other, "valid", NULL, NULL, NULL));
  assert_string_equal(casd_report_json(report), casd_report_json(expected));
  casd_report_destroy(report);

  /* Only conditions of what the dataset has, with the numbers of the complete data. */
  ASSERT_OK(casd_evaluate(&report, predictor, fewer, "valid", NULL, NULL, NULL));
  assert_int_equal(casd_report_condition_count(report), 3);
  ASSERT_OK(casd_report_value(&a, expected, "language+visual", "uncertainty"));
  ASSERT_OK(casd_report_value(&b, report, "language+visual", "uncertainty"));
  assert_true(a == b);
  ASSERT_OK(casd_report_value(&b, report, NULL, "mean_incomplete_f1"));
  assert_true(b == b); /* not NaN */
  casd_report_destroy(report);
  report = NULL;

  ASSERT_OK(casd_evaluate_options_init(&options, sizeof options));
  options.mask = 6;
  ASSERT_INVALID(casd_evaluate(&report, predictor, fewer, "valid", &options, NULL, NULL), "audio");
  options.mask = 8;
  ASSERT_INVALID(casd_evaluate(&report, predictor, fewer, "valid", &options, NULL, NULL), "8");
  assert_null(report);
  casd_report_destroy(expected);
  casd_predictor_destroy(predictor);
  casd_model_destroy(model);

  model = new_model_for(fewer, 8, 0); /* and what the model lacks is named */
  ASSERT_OK(casd_predictor_create(&predictor, model, NULL));
  ASSERT_INVALID(casd_evaluate(&report, predictor, data, "valid", NULL, NULL, NULL), "'audio'");
  casd_predictor_destroy(predictor);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
  casd_dataset_destroy(other);
  casd_dataset_destroy(fewer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(evaluation_matches_modalities_by_name),
  };
  return cmocka_run_group_tests_name("matching", tests, NULL, nothing_is_left);
}
