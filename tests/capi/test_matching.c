/* Data with other modalities or another order than the model: "How data is matched with a model" in
 * casd/schema.h. */
#include "support.h"

#include <math.h>
#include <string.h>

/* The split valid of new_data() with the modalities `order`. */
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

  /* Only conditions of the dataset's modalities, with the same numbers as for the complete data. */
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

static casd_dataset *load_text(const char *text, const char *task) {
  casd_dataset *data = NULL;
  ASSERT_OK(casd_dataset_load_memory(&data, text, strlen(text), "test.csv", task));
  return data;
}

/* The probabilities of the samples in train; `own`: in a batch of the dataset's schema, else of the
 * model's. */
static void predict(float out[4], casd_predictor *predictor, const casd_model *model,
                    const casd_dataset *data, int own) {
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  casd_prediction *prediction = NULL;
  size_t needed = 0;
  if (own)
    ASSERT_OK(casd_dataset_schema(&schema, data));
  else
    ASSERT_OK(casd_model_schema(&schema, model));
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(batch, data, "train", NULL, 2));
  ASSERT_OK(casd_prediction_create(&prediction));
  ASSERT_OK(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  ASSERT_OK(casd_prediction_copy(out, 4, &needed, prediction, CASD_FIELD_PROBABILITIES));
  assert_int_equal(needed, 4);
  casd_prediction_destroy(prediction);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
}

static void columns_of_csv_files_are_matched_by_name(void **state) {
  static const char *const classes = "classes:no,yes";
  casd_dataset *data = load_text(
      "sample,label,audio.f0,audio.energy,words.a\n1,0,1,-2,3\n1,,0.5,7,\n2,1,,4,-1\n", classes);
  casd_dataset *swapped = load_text(
      "words.a,sample,audio.energy,label,audio.f0\n3,1,-2,0,1\n,1,7,,0.5\n-1,2,4,1,\n", classes);
  casd_dataset *fewer = load_text("sample,audio.energy,audio.f0\n1,-2,1\n2,4,\n", classes);
  casd_dataset *renamed = load_text("sample,audio.f0,audio.power\n1,1,-2\n", classes);
  casd_dataset *narrow = load_text("sample,audio.f0\n1,1\n", classes);
  casd_model *model = new_model_for(data, 8, 0);
  casd_predictor *predictor = NULL;
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  casd_report *a = NULL, *b = NULL;
  float expected[4], found[4];
  (void)state;
  ASSERT_OK(casd_model_schema(&schema, model)); /* the model keeps the names */
  assert_string_equal(casd_schema_feature_name(schema, 0, 1), "energy");
  ASSERT_OK(casd_predictor_create(&predictor, model, NULL));
  predict(expected, predictor, model, data, 0);
  predict(found, predictor, model, swapped, 0);
  assert_memory_equal(found, expected, sizeof expected);
  predict(found, predictor, model, fewer, 0);
  ASSERT_OK(casd_evaluate(&a, predictor, data, "train", NULL, NULL, NULL));
  ASSERT_OK(casd_evaluate(&b, predictor, swapped, "train", NULL, NULL, NULL));
  assert_string_equal(casd_report_json(a), casd_report_json(b));
  casd_report_destroy(a);
  casd_report_destroy(b);
  b = NULL;

  /* Another name or number of features is an error that names it. */
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_INVALID(casd_dataset_read(batch, renamed, "train", NULL, 1), "missing features: 'energy'");
  ASSERT_INVALID(casd_dataset_read(batch, renamed, "train", NULL, 1), "unknown features: 'power'");
  ASSERT_INVALID(casd_dataset_read(batch, narrow, "train", NULL, 1), "'energy'");
  ASSERT_INVALID(casd_evaluate(&b, predictor, renamed, "train", NULL, NULL, NULL), "'power'");
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
  casd_predictor_destroy(predictor);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
  casd_dataset_destroy(swapped);
  casd_dataset_destroy(fewer);
  casd_dataset_destroy(renamed);
  casd_dataset_destroy(narrow);
}

/* A model with feature names, and batches with other orders of the features. */
static casd_schema *named_schema(const int32_t *order, int32_t count, int reversed) {
  casd_schema *plain = new_schema(CASD_TASK_CLASSES), *schema = NULL;
  int32_t k, f;
  ASSERT_OK(casd_schema_create(&schema));
  for (k = 0; k < count; ++k) {
    const int32_t features = casd_schema_modality_features(plain, order[k]);
    ASSERT_OK(
        casd_schema_add_modality(schema, casd_schema_modality_name(plain, order[k]), features));
    for (f = 0; f < features; ++f) {
      char name[] = "f0";
      name[1] = (char)('0' + (reversed ? features - 1 - f : f));
      ASSERT_OK(casd_schema_set_feature_name(schema, k, f, name));
    }
  }
  ASSERT_OK(casd_schema_add_output(schema, "a"));
  ASSERT_OK(casd_schema_add_output(schema, "b"));
  casd_schema_destroy(plain);
  return schema;
}

/* The modalities `order` of `from`; the features of `from` are in the model's order. */
static casd_batch *rearranged_batch(const casd_batch *from, const int32_t *order, int32_t count,
                                    int reversed) {
  static const int32_t features[] = {5, 3, 4};
  casd_schema *schema = named_schema(order, count, reversed);
  casd_batch *batch = NULL;
  int64_t i, t;
  int32_t k, f;
  ASSERT_OK(casd_batch_create(&batch, schema));
  for (i = 0; i < casd_batch_size(from); ++i) {
    ASSERT_OK(casd_batch_add_sample(NULL, batch));
    for (k = 0; k < count; ++k) {
      const int32_t width = features[order[k]];
      const int64_t steps = casd_batch_steps(from, i, order[k]);
      const float *frames = casd_batch_frames(from, i, order[k]);
      float values[6 * 5];
      for (t = 0; t < steps; ++t)
        for (f = 0; f < width; ++f)
          values[t * width + f] = frames[t * width + (reversed ? width - 1 - f : f)];
      ASSERT_OK(casd_batch_set_frames(batch, i, k, values, steps, width, 0));
    }
  }
  casd_schema_destroy(schema);
  return batch;
}

static void assert_same_predictions(const casd_prediction *a, const casd_prediction *b) {
  casd_field field;
  for (field = 0; field <= CASD_FIELD_DEGREES_OF_FREEDOM; ++field) {
    int64_t rows, columns;
    if (casd_prediction_data(a, field) == NULL) continue;
    ASSERT_OK(casd_prediction_shape(&rows, &columns, a, field));
    assert_memory_equal(casd_prediction_data(a, field), casd_prediction_data(b, field),
                        (size_t)(rows * columns) * sizeof(float));
  }
}

static void prediction_matches_modalities_and_features_by_name(void **state) {
  static const casd_absent_policy policies[] = {CASD_ABSENT_EXCLUDED, CASD_ABSENT_ZEROS};
  static const int32_t same[] = {0, 1, 2}, turned[] = {2, 0, 1}, part[] = {2, 0};
  static const int32_t features[] = {5, 3, 4};
  size_t p;
  (void)state;
  for (p = 0; p < 2; ++p) {
    casd_schema *schema = named_schema(same, 3, 0), *wrong = NULL;
    casd_model_options options = small_model_options();
    casd_model *model = NULL;
    casd_predictor *predictor = NULL;
    casd_prediction *expected = NULL, *got = NULL;
    casd_batch *batch = new_batch(CASD_TASK_CLASSES, 6), *other, *lacks_audio;
    casd_modality_mask mask;
    int64_t i;
    options.absent = policies[p];
    ASSERT_OK(casd_model_create(&model, schema, &options));
    ASSERT_OK(casd_predictor_create(&predictor, model, NULL));
    ASSERT_OK(casd_prediction_create(&expected));
    ASSERT_OK(casd_prediction_create(&got));

    /* Another order of modalities and features gives the same bits. */
    other = rearranged_batch(batch, turned, 3, 1);
    for (mask = 1; mask < 8; ++mask) {
      ASSERT_OK(casd_predict(expected, predictor, batch, mask));
      ASSERT_OK(casd_predict(got, predictor, other, mask));
      assert_same_predictions(expected, got);
    }
    casd_batch_destroy(other);

    /* Without audio: the same as samples without it. */
    lacks_audio = new_batch(CASD_TASK_CLASSES, 6);
    for (i = 0; i < 6; ++i)
      ASSERT_OK(casd_batch_set_frames(lacks_audio, i, 1, NULL, 0, features[1], 0));
    other = rearranged_batch(batch, part, 2, 0);
    for (mask = 1; mask < 8; ++mask) {
      if (mask == 2) continue;
      ASSERT_OK(casd_predict(expected, predictor, lacks_audio, mask));
      ASSERT_OK(casd_predict(got, predictor, other, mask));
      assert_same_predictions(expected, got);
    }
    ASSERT_INVALID(casd_predict(got, predictor, other, 2),
                   "sample 0 is left without a modality: it has language+visual, the mask selects "
                   "audio");
    assert_same_predictions(expected, got);
    casd_batch_destroy(other);

    /* Modalities and features that the model lacks are named. */
    ASSERT_OK(casd_schema_create(&wrong));
    ASSERT_OK(casd_schema_add_modality(wrong, "language", 5));
    ASSERT_OK(casd_schema_add_modality(wrong, "touch", 2));
    ASSERT_OK(casd_batch_create(&other, wrong));
    ASSERT_OK(casd_batch_add_sample(NULL, other));
    ASSERT_INVALID(casd_predict(got, predictor, other, CASD_ALL_MODALITIES), "'touch'");
    ASSERT_INVALID(casd_predict(got, predictor, other, CASD_ALL_MODALITIES), "the batch");
    casd_batch_destroy(other);
    casd_schema_destroy(wrong);
    ASSERT_OK(casd_predict(got, predictor, batch, CASD_ALL_MODALITIES)); /* after an error */

    casd_batch_destroy(lacks_audio);
    casd_batch_destroy(batch);
    casd_prediction_destroy(got);
    casd_prediction_destroy(expected);
    casd_predictor_destroy(predictor);
    casd_model_destroy(model);
    casd_schema_destroy(schema);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(evaluation_matches_modalities_by_name),
      cmocka_unit_test(columns_of_csv_files_are_matched_by_name),
      cmocka_unit_test(prediction_matches_modalities_and_features_by_name),
  };
  return cmocka_run_group_tests_name("matching", tests, NULL, nothing_is_left);
}
