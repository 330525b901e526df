/* Everything that casd/dataset.h documents, except HDF5 (tests/hdf5). */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PATH "test_dataset.csv"

static casd_dataset *open_text(const char *text, const char *task) {
  casd_dataset *data = NULL;
  write_text(PATH, text);
  ASSERT_OK(casd_dataset_open(&data, PATH, task));
  remove(PATH);
  return data;
}

static void expect_rejected(const char *text, const char *task, casd_status status,
                            const char *words) {
  casd_dataset *data = NULL;
  write_text(PATH, text);
  ASSERT_FAILS(casd_dataset_open(&data, PATH, task), status, words);
  assert_null(data);
  remove(PATH);
}

static casd_batch *read_all(const casd_dataset *data, const char *split) {
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  ASSERT_OK(casd_dataset_schema(&schema, data));
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(batch, data, split, NULL, (size_t)casd_dataset_size(data, split)));
  casd_schema_destroy(schema);
  return batch;
}

static void csv_is_read_as_documented(void **state) {
  casd_dataset *data = open_text(
      "sample,split,label,voice.f0,voice.f1,words.a\n"
      "one,train,calm,1,2,\n"
      "one,train,,3,,0.5\n"
      "two,valid,angry,,,7\n",
      NULL);
  casd_schema *schema = NULL;
  casd_batch *train = read_all(data, "train"), *valid = read_all(data, "valid");
  const float *voice;
  (void)state;
  ASSERT_OK(casd_dataset_schema(&schema, data));
  assert_int_equal(casd_schema_task(schema), CASD_TASK_CLASSES);
  assert_int_equal(casd_schema_output_count(schema), 2);
  assert_int_equal(casd_schema_modality_count(schema), 2);
  assert_int_equal(casd_schema_modality_features(schema, 0), 2);
  assert_int_equal(casd_dataset_split_count(data), 2);
  assert_string_equal(casd_dataset_split_name(data, 0), "train");
  assert_string_equal(casd_dataset_split_name(data, 1), "valid");
  assert_null(casd_dataset_split_name(data, 2));
  assert_int_equal(casd_dataset_size(data, "train"), 1);
  assert_string_equal(casd_dataset_sample_name(data, "valid", 0), "two");
  assert_int_equal(casd_batch_steps(train, 0, 0), 2);
  assert_int_equal(casd_batch_steps(train, 0, 1), 1); /* a line without words is no frame of it */
  voice = casd_batch_frames(train, 0, 0);
  assert_true(voice[0] == 1 && voice[1] == 2 && voice[2] == 3 && isnan(voice[3]));
  assert_int_equal(casd_batch_steps(valid, 0, 0), 0);
  assert_true(casd_batch_target(train, 0)[0] != casd_batch_target(valid, 0)[0]);
  casd_schema_destroy(schema);
  casd_batch_destroy(train);
  casd_batch_destroy(valid);
  casd_dataset_destroy(data);
}

static void tasks_are_inferred_or_named(void **state) {
  static const char *const real = "sample,label,a.x\n1,-2.5,1\n2,0,1\n3,1.5,1\n";
  casd_dataset *data = open_text(real, NULL);
  casd_schema *schema = NULL;
  casd_batch *batch;
  (void)state;
  ASSERT_OK(casd_dataset_schema(&schema, data));
  assert_int_equal(casd_schema_task(schema), CASD_TASK_REGRESSION);
  casd_schema_destroy(schema);
  casd_dataset_destroy(data);

  data = open_text(real, "classes:negative,positive"); /* below, above; zero has no class */
  batch = read_all(data, "train");
  assert_true(casd_batch_target(batch, 0)[0] == 0);
  assert_null(casd_batch_target(batch, 1));
  assert_true(casd_batch_target(batch, 2)[0] == 1);
  casd_batch_destroy(batch);
  casd_dataset_destroy(data);

  data = open_text("sample,label:happy,label:loud,a.x\n1,1,0,1\n2,0,0,1\n", NULL);
  ASSERT_OK(casd_dataset_schema(&schema, data));
  assert_int_equal(casd_schema_task(schema), CASD_TASK_MULTILABEL);
  assert_string_equal(casd_schema_output_name(schema, 1), "loud");
  casd_schema_destroy(schema);
  casd_dataset_destroy(data);

  expect_rejected(real, "classes:a,b,c", CASD_ERROR_INVALID_ARGUMENT, "-2.5");
  expect_rejected(real, "classes:one", CASD_ERROR_INVALID_ARGUMENT, "one");
  expect_rejected(real, "clusters:a,b", CASD_ERROR_INVALID_ARGUMENT, "clusters");
  expect_rejected(real, "multilabel:a,b", CASD_ERROR_INVALID_ARGUMENT, "label");
}

static void invalid_csv_is_rejected_with_its_line(void **state) {
  casd_dataset *data = NULL;
  (void)state;
  ASSERT_FAILS(casd_dataset_open(&data, "no/such.csv", NULL), CASD_ERROR_IO, "no/such.csv");
  ASSERT_INVALID(casd_dataset_open(NULL, PATH, NULL), "NULL");
  ASSERT_INVALID(casd_dataset_open(&data, NULL, NULL), "NULL");
  expect_rejected("", NULL, CASD_ERROR_FORMAT, PATH);
  expect_rejected("a.x,b.y\n1,2\n", NULL, CASD_ERROR_FORMAT, "sample");
  expect_rejected("sample,label\n1,2\n", NULL, CASD_ERROR_FORMAT, "features");
  expect_rejected("sample,a.x,a.x\n1,2,3\n", NULL, CASD_ERROR_FORMAT, "twice");
  expect_rejected("sample,a.x,what\n1,2,3\n", NULL, CASD_ERROR_FORMAT, "what");
  expect_rejected("sample,a.x,label\n1,2\n", NULL, CASD_ERROR_FORMAT, "line 2");
  expect_rejected("sample,label,a.x\n1,1,1\n1,1,two\n", NULL, CASD_ERROR_FORMAT, "line 3");
  expect_rejected("sample,label,a.x\n1,1,1\n2,1,1\n1,1,1\n", NULL, CASD_ERROR_FORMAT, "line 4");
  expect_rejected("sample,label,a.x\n1,1,1\n1,2,1\n", NULL, CASD_ERROR_FORMAT, "label");
  expect_rejected("sample,label,a.x\n\"1,1,1\n", NULL, CASD_ERROR_FORMAT, "quote");
}

static void synthetic_data_keeps_its_options(void **state) {
  casd_synthetic_options o;
  casd_dataset *a = NULL, *b = NULL;
  casd_batch *x, *y;
  double noise = 0;
  int64_t sample, missing = 0;
  int32_t m;
  (void)state;
  ASSERT_OK(casd_synthetic_options_init(&o, sizeof o));
  assert_int_equal(o.train_samples, 600);
  o.train_samples = 50;
  o.valid_samples = 0;
  o.missing_rate = 0.4;
  o.seed = 5;
  ASSERT_OK(casd_dataset_create_synthetic(&a, &o));
  ASSERT_OK(casd_dataset_create_synthetic(&b, &o));
  assert_int_equal(casd_dataset_size(a, "train"), 50);
  assert_int_equal(casd_dataset_size(a, "valid"), -1);
  assert_int_equal(casd_dataset_size(a, "test"), 200);
  x = read_all(a, "train");
  y = read_all(b, "train");
  for (sample = 0; sample < 50; ++sample) {
    int there = 0;
    assert_true(casd_batch_target(x, sample)[0] == casd_batch_target(y, sample)[0]);
    for (m = 0; m < 3; ++m) {
      const int64_t steps = casd_batch_steps(x, sample, m);
      assert_in_range(steps, 0, 12);
      assert_int_equal(steps, casd_batch_steps(y, sample, m));
      ASSERT_OK(casd_dataset_noise(&noise, a, "train", sample, m));
      if (steps == 0) {
        ++missing;
        assert_true(isnan(noise));
        continue;
      }
      ++there;
      assert_true(noise >= 0);
      assert_memory_equal(casd_batch_frames(x, sample, m), casd_batch_frames(y, sample, m),
                          (size_t)steps * sizeof(float));
    }
    assert_true(there >= 1); /* one always stays */
  }
  assert_in_range(missing, 20, 100);
  casd_batch_destroy(x);
  casd_batch_destroy(y);
  casd_dataset_destroy(a);
  casd_dataset_destroy(b);
}

static void synthetic_options_are_checked(void **state) {
  casd_synthetic_options o;
  casd_dataset *data = NULL;
  (void)state;
  ASSERT_INVALID(casd_synthetic_options_init(NULL, sizeof o), "NULL");
  ASSERT_INVALID(casd_synthetic_options_init(&o, 4), "options");
  ASSERT_INVALID(casd_dataset_create_synthetic(NULL, NULL), "NULL");
#define REFUSED(field, value)                           \
  ASSERT_OK(casd_synthetic_options_init(&o, sizeof o)); \
  o.field = value;                                      \
  ASSERT_INVALID(casd_dataset_create_synthetic(&data, &o), #field)
  REFUSED(task, 3);
  REFUSED(train_samples, 0);
  REFUSED(valid_samples, -1);
  REFUSED(test_samples, 1000001);
  REFUSED(max_steps, 4097);
  REFUSED(missing_rate, 1);
  REFUSED(missing_rate, NAN);
  REFUSED(struct_size, 8);
#undef REFUSED
  assert_null(data);
}

static void batches_are_added_to_datasets(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES), *other = new_schema(CASD_TASK_REGRESSION),
              *empty = NULL;
  casd_dataset *data = NULL;
  casd_batch *batch = new_batch(CASD_TASK_CLASSES, 4),
             *mismatched = new_batch(CASD_TASK_REGRESSION, 1);
  char too_long[66];
  double noise;
  (void)state;
  ASSERT_OK(casd_schema_create(&empty));
  ASSERT_INVALID(casd_dataset_create(NULL, schema), "NULL");
  ASSERT_INVALID(casd_dataset_create(&data, NULL), "NULL");
  ASSERT_INVALID(casd_dataset_create(&data, empty), "modality");
  ASSERT_OK(casd_dataset_create(&data, schema));
  assert_int_equal(casd_dataset_split_count(data), 0);
  ASSERT_OK(casd_dataset_add(data, "train", batch));
  ASSERT_OK(casd_dataset_add(data, "train", batch));
  assert_int_equal(casd_dataset_size(data, "train"), 8);
  assert_string_equal(casd_dataset_sample_name(data, "train", 7), "7");
  memset(too_long, 'x', 65);
  too_long[65] = 0;
  ASSERT_INVALID(casd_dataset_add(NULL, "train", batch), "NULL");
  ASSERT_INVALID(casd_dataset_add(data, NULL, batch), "NULL");
  ASSERT_INVALID(casd_dataset_add(data, "train", NULL), "NULL");
  ASSERT_INVALID(casd_dataset_add(data, "", batch), "64");
  ASSERT_INVALID(casd_dataset_add(data, too_long, batch), "64");
  ASSERT_INVALID(casd_dataset_add(data, "train", mismatched), "task");
  assert_int_equal(casd_dataset_size(data, "train"), 8);
  ASSERT_FAILS(casd_dataset_noise(&noise, data, "train", 0, 0), CASD_ERROR_STATE, "synthetic");
  casd_batch_destroy(batch);
  casd_batch_destroy(mismatched);
  casd_dataset_destroy(data);
  casd_schema_destroy(schema);
  casd_schema_destroy(other);
  casd_schema_destroy(empty);
}

static void csv_is_read_from_memory(void **state) {
  static const char text[] = "sample,group,split,label,a.x\n1,g,train,0,1\n2,,train,1,2\n";
  casd_dataset *data = NULL;
  casd_schema *schema = NULL;
  (void)state;
  ASSERT_OK(casd_dataset_load_memory(&data, text, sizeof text - 1, "posted.csv", NULL));
  ASSERT_OK(casd_dataset_schema(&schema, data));
  assert_int_equal(casd_schema_task(schema), CASD_TASK_CLASSES); /* 0 and 1 are classes */
  assert_string_equal(casd_schema_output_name(schema, 1), "1");
  assert_string_equal(casd_schema_feature_name(schema, 0, 0), "x");
  assert_string_equal(casd_dataset_group_name(data, "train", 0), "g");
  assert_string_equal(casd_dataset_group_name(data, "train", 1), "");
  assert_null(casd_dataset_group_name(data, "train", 2));
  assert_null(casd_dataset_group_name(data, "train", -1));
  assert_null(casd_dataset_group_name(data, "valid", 0));
  assert_null(casd_dataset_group_name(data, NULL, 0));
  assert_null(casd_dataset_group_name(NULL, "train", 0));
  casd_schema_destroy(schema);
  casd_dataset_destroy(data);
  data = NULL;
  ASSERT_FAILS(casd_dataset_load_memory(&data, text, 40, "posted.csv", NULL), CASD_ERROR_FORMAT,
               "posted.csv, line 2");
  ASSERT_FAILS(casd_dataset_load_memory(&data, NULL, 0, "posted.csv", NULL), CASD_ERROR_FORMAT,
               "empty");
  ASSERT_FAILS(casd_dataset_load_memory(&data, "\x89HDF\r\n\x1a\n", 8, "x.h5", NULL),
               CASD_ERROR_FORMAT, "x.h5: HDF5");
  ASSERT_INVALID(casd_dataset_load_memory(&data, text, sizeof text - 1, "x", "classes:a"), "2");
  ASSERT_INVALID(casd_dataset_load_memory(NULL, text, 1, "x", NULL), "NULL");
  ASSERT_INVALID(casd_dataset_load_memory(&data, NULL, 1, "x", NULL), "NULL");
  ASSERT_INVALID(casd_dataset_load_memory(&data, text, 1, NULL, NULL), "NULL");
  assert_null(data);
}

static void a_part_is_held_out(void **state) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1);
  int64_t negative = 0, positive = 0, held = 0;
  (void)state;
  ASSERT_OK(casd_dataset_target_count(&negative, data, "train", 0));
  ASSERT_OK(casd_dataset_target_count(&positive, data, "train", 1));
  ASSERT_OK(casd_dataset_hold_out(data, "train", "held", 0.25, 3));
  assert_int_equal(casd_dataset_size(data, "train"), 30);
  assert_int_equal(casd_dataset_size(data, "held"), 10);
  assert_string_equal(casd_dataset_split_name(data, 3), "held");
  ASSERT_OK(casd_dataset_target_count(&held, data, "held", 0));
  assert_true(held >= negative / 4 && held <= negative / 4 + 1);
  ASSERT_OK(casd_dataset_target_count(&held, data, "held", 1));
  assert_true(held >= positive / 4 && held <= positive / 4 + 1);
  ASSERT_INVALID(casd_dataset_hold_out(data, "train", "held", 0.25, 3), "10 samples already");
  ASSERT_INVALID(casd_dataset_hold_out(data, "train", "more", 1, 3), "share");
  ASSERT_INVALID(casd_dataset_hold_out(data, "train", "more", NAN, 3), "share");
  ASSERT_INVALID(casd_dataset_hold_out(data, "train", "", 0.5, 3), "64");
  ASSERT_INVALID(casd_dataset_hold_out(data, "test", "more", 0.5, 3), "at least 2");
  ASSERT_FAILS(casd_dataset_hold_out(data, "none", "more", 0.5, 3), CASD_ERROR_NOT_FOUND, "none");
  ASSERT_INVALID(casd_dataset_hold_out(NULL, "train", "more", 0.5, 3), "NULL");
  ASSERT_INVALID(casd_dataset_hold_out(data, NULL, "more", 0.5, 3), "NULL");
  ASSERT_INVALID(casd_dataset_hold_out(data, "train", NULL, 0.5, 3), "NULL");
  assert_int_equal(casd_dataset_split_count(data), 4);
  assert_int_equal(casd_dataset_size(data, "train"), 30);
  casd_dataset_destroy(data);
}

static void samples_are_counted(void **state) {
  casd_dataset *data = open_text(
      "sample,label:a,label:b,x.f,y.f\n1,1,0,1,\n2,1,1,,1\n3,,,,1\n4,0,1,1,1\n5,0,0,,\n", NULL);
  casd_dataset *real = open_text("sample,label,x.f\n1,2.5,1\n2,,1\n3,0,1\n", NULL);
  int64_t count = -1;
  (void)state;
#define COUNTED(call, expected) \
  ASSERT_OK(call);              \
  assert_int_equal(count, expected)
  COUNTED(casd_dataset_target_count(&count, data, "train", -1), 4);
  COUNTED(casd_dataset_target_count(&count, data, "train", 0), 2);
  COUNTED(casd_dataset_target_count(&count, data, "train", 1), 2);
  COUNTED(casd_dataset_target_count(&count, real, "train", -1), 2);
  COUNTED(casd_dataset_target_count(&count, real, "train", 0), 2);
  COUNTED(casd_dataset_modality_count(&count, data, "train", CASD_ALL_MODALITIES), 4);
  COUNTED(casd_dataset_modality_count(&count, data, "train", 1), 2);
  COUNTED(casd_dataset_modality_count(&count, data, "train", 2), 3);
#undef COUNTED
  count = 7;
  ASSERT_INVALID(casd_dataset_target_count(&count, data, "train", 2), "2");
  ASSERT_INVALID(casd_dataset_target_count(&count, data, "train", -2), "-2");
  ASSERT_FAILS(casd_dataset_target_count(&count, data, "no", 0), CASD_ERROR_NOT_FOUND, "no");
  ASSERT_INVALID(casd_dataset_target_count(NULL, data, "train", 0), "NULL");
  ASSERT_INVALID(casd_dataset_target_count(&count, NULL, "train", 0), "NULL");
  ASSERT_INVALID(casd_dataset_target_count(&count, data, NULL, 0), "NULL");
  ASSERT_INVALID(casd_dataset_modality_count(&count, data, "train", 0), "mask");
  ASSERT_INVALID(casd_dataset_modality_count(&count, data, "train", 4), "mask");
  ASSERT_FAILS(casd_dataset_modality_count(&count, data, "no", 1), CASD_ERROR_NOT_FOUND, "no");
  ASSERT_INVALID(casd_dataset_modality_count(NULL, data, "train", 1), "NULL");
  ASSERT_INVALID(casd_dataset_modality_count(&count, NULL, "train", 1), "NULL");
  ASSERT_INVALID(casd_dataset_modality_count(&count, data, NULL, 1), "NULL");
  assert_int_equal(count, 7);
  casd_dataset_destroy(data);
  casd_dataset_destroy(real);
}

/* A schema with the task of new_schema() but other modalities. */
static casd_schema *schema_with(const char *const *names, const int32_t *features, int count) {
  casd_schema *schema = NULL;
  int i;
  ASSERT_OK(casd_schema_create(&schema));
  for (i = 0; i < count; ++i) ASSERT_OK(casd_schema_add_modality(schema, names[i], features[i]));
  ASSERT_OK(casd_schema_add_output(schema, "negative"));
  ASSERT_OK(casd_schema_add_output(schema, "positive"));
  ASSERT_OK(casd_schema_add_output(schema, "neutral"));
  return schema;
}

static void batches_are_matched_by_name(void **state) {
  static const char *const names[] = {"visual", "audio", "extra"};
  static const int32_t features[] = {4, 3, 1};
  static const float visual[8] = {1, 2, 3, 4, 5, 6, 7, 8}, audio[3] = {1, 2, 3};
  static const char *const columns[] = {"a", "b", "c"};
  casd_schema *schema = new_schema(CASD_TASK_CLASSES), *part = schema_with(names, features, 2),
              *more = schema_with(names, features, 3);
  casd_dataset *data = NULL, *small = NULL;
  casd_batch *batch = NULL, *mismatched = NULL, *read;
  int64_t s = 0;
  int32_t f;
  (void)state;
  for (f = 0; f < 3; ++f) {
    ASSERT_OK(casd_schema_set_feature_name(schema, 1, f, columns[f]));
    ASSERT_OK(casd_schema_set_feature_name(part, 1, f, columns[2 - f]));
  }
  ASSERT_OK(casd_dataset_create(&data, schema));
  ASSERT_OK(casd_batch_create(&batch, part));
  ASSERT_OK(casd_batch_add_sample(&s, batch));
  ASSERT_OK(casd_batch_set_frames(batch, s, 0, visual, 2, 4, 0));
  ASSERT_OK(casd_batch_set_frames(batch, s, 1, audio, 1, 3, 0));
  ASSERT_OK(casd_dataset_add(data, "train", batch));
  read = read_all(data, "train");
  assert_int_equal(casd_batch_steps(read, 0, 0), 0);
  assert_int_equal(casd_batch_steps(read, 0, 2), 2);
  assert_memory_equal(casd_batch_frames(read, 0, 2), visual, sizeof visual);
  for (f = 0; f < 3; ++f) assert_true(casd_batch_frames(read, 0, 1)[f] == audio[2 - f]);

  /* The opposite: a dataset with fewer modalities into a batch with more. */
  ASSERT_OK(casd_dataset_create(&small, part));
  ASSERT_OK(casd_dataset_add(small, "train", batch));
  casd_batch_clear(read);
  ASSERT_OK(casd_dataset_read(read, small, "train", NULL, 1));
  assert_memory_equal(casd_batch_frames(read, 0, 2), visual, sizeof visual);
  for (f = 0; f < 3; ++f) assert_true(casd_batch_frames(read, 0, 1)[f] == audio[2 - f]);

  ASSERT_OK(casd_batch_create(&mismatched, more));
  ASSERT_INVALID(casd_dataset_add(data, "train", mismatched), "'extra'");
  ASSERT_INVALID(casd_dataset_read(batch, data, "train", NULL, 1), "'language'");
  assert_int_equal(casd_dataset_size(data, "train"), 1);
  assert_int_equal(casd_batch_size(batch), 1);
  casd_batch_destroy(read);
  casd_batch_destroy(batch);
  casd_batch_destroy(mismatched);
  casd_dataset_destroy(data);
  casd_dataset_destroy(small);
  casd_schema_destroy(schema);
  casd_schema_destroy(part);
  casd_schema_destroy(more);
}

static void samples_are_read_in_the_given_order(void **state) {
  casd_dataset *data = open_text(
      "sample,label,voice.f0\n"
      "a,calm,1\n"
      "b,angry,2\n"
      "c,calm,3\n"
      "c,calm,4\n"
      "d,angry,5\n",
      NULL);
  casd_batch *all = read_all(data, "train"), *batch = read_all(data, "train");
  const int64_t wanted[4] = {3, 0, 2, 3};
  int64_t i;
  (void)state;
  casd_batch_clear(batch);
  ASSERT_OK(casd_dataset_read(batch, data, "train", wanted, 3));
  ASSERT_OK(casd_dataset_read(batch, data, "train", wanted + 3, 1)); /* adds to them */
  assert_int_equal(casd_batch_size(batch), 4);
  for (i = 0; i < 4; ++i) {
    const int64_t steps = casd_batch_steps(all, wanted[i], 0);
    assert_int_equal(casd_batch_steps(batch, i, 0), steps);
    assert_memory_equal(casd_batch_frames(batch, i, 0), casd_batch_frames(all, wanted[i], 0),
                        (size_t)steps * sizeof(float));
    assert_memory_equal(casd_batch_target(batch, i), casd_batch_target(all, wanted[i]),
                        sizeof(float));
  }
  casd_batch_destroy(all);
  casd_batch_destroy(batch);
  casd_dataset_destroy(data);
}

static void unknown_splits_and_indices_are_rejected(void **state) {
  casd_dataset *data = new_data(CASD_TASK_CLASSES, 1);
  casd_schema *schema = NULL;
  casd_batch *batch = NULL, *other = new_batch(CASD_TASK_REGRESSION, 0);
  const int64_t good[2] = {39, 0}, bad[2] = {0, 40};
  double noise = 0;
  (void)state;
  ASSERT_OK(casd_dataset_schema(&schema, data));
  ASSERT_INVALID(casd_dataset_schema(NULL, data), "NULL");
  ASSERT_INVALID(casd_dataset_schema(&schema, NULL), "NULL");
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(batch, data, "train", good, 2));
  assert_int_equal(casd_batch_size(batch), 2);
  ASSERT_INVALID(casd_dataset_read(batch, data, "train", bad, 2), "40");
  ASSERT_INVALID(casd_dataset_read(batch, data, "train", NULL, 41), "40");
  ASSERT_FAILS(casd_dataset_read(batch, data, "holdout", good, 1), CASD_ERROR_NOT_FOUND, "holdout");
  ASSERT_INVALID(casd_dataset_read(NULL, data, "train", good, 1), "NULL");
  ASSERT_INVALID(casd_dataset_read(batch, NULL, "train", good, 1), "NULL");
  ASSERT_INVALID(casd_dataset_read(batch, data, NULL, good, 1), "NULL");
  ASSERT_INVALID(casd_dataset_read(other, data, "train", good, 1), "task");
  assert_int_equal(casd_batch_size(batch), 2);
  ASSERT_INVALID(casd_dataset_noise(NULL, data, "train", 0, 0), "NULL");
  ASSERT_INVALID(casd_dataset_noise(&noise, NULL, "train", 0, 0), "NULL");
  ASSERT_INVALID(casd_dataset_noise(&noise, data, NULL, 0, 0), "NULL");
  ASSERT_FAILS(casd_dataset_noise(&noise, data, "holdout", 0, 0), CASD_ERROR_NOT_FOUND, "holdout");
  ASSERT_INVALID(casd_dataset_noise(&noise, data, "train", 40, 0), "40");
  ASSERT_INVALID(casd_dataset_noise(&noise, data, "train", 0, 3), "3");
  assert_int_equal(casd_dataset_size(NULL, "train"), -1);
  assert_int_equal(casd_dataset_size(data, NULL), -1);
  assert_int_equal(casd_dataset_size(data, "holdout"), -1);
  assert_int_equal(casd_dataset_split_count(NULL), -1);
  assert_null(casd_dataset_split_name(NULL, 0));
  assert_null(casd_dataset_split_name(data, -1));
  assert_null(casd_dataset_sample_name(data, "train", 40));
  assert_null(casd_dataset_sample_name(data, "holdout", 0));
  assert_null(casd_dataset_sample_name(NULL, "train", 0));
  casd_batch_destroy(batch);
  casd_batch_destroy(other);
  casd_schema_destroy(schema);
  casd_dataset_destroy(data);
  casd_dataset_destroy(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(csv_is_read_as_documented),
      cmocka_unit_test(tasks_are_inferred_or_named),
      cmocka_unit_test(invalid_csv_is_rejected_with_its_line),
      cmocka_unit_test(synthetic_data_keeps_its_options),
      cmocka_unit_test(synthetic_options_are_checked),
      cmocka_unit_test(batches_are_added_to_datasets),
      cmocka_unit_test(csv_is_read_from_memory),
      cmocka_unit_test(a_part_is_held_out),
      cmocka_unit_test(samples_are_counted),
      cmocka_unit_test(batches_are_matched_by_name),
      cmocka_unit_test(samples_are_read_in_the_given_order),
      cmocka_unit_test(unknown_splits_and_indices_are_rejected),
  };
  return cmocka_run_group_tests_name("dataset", tests, NULL, nothing_is_left);
}
