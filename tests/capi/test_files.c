/* casd_dataset_open_as(), casd_dataset_add_file() and .ts files, as casd/dataset.h documents them. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#define TRAIN "test_files_TRAIN.ts"
#define TEST "test_files_TEST.ts"
#define CSV "test_files.csv"

static const char *const moves =
    "@dimensions 3\n@classLabel true walking running\n@data\n"
    "0.1,0.2:1.5,1.4:7:walking\n0.3,?:1,2:8:running\n";

static void open_moves(casd_dataset **data) {
  write_text(TRAIN, moves);
  ASSERT_OK(casd_dataset_open_as(data, TRAIN, NULL, "", "arm=0-1,leg=2"));
  remove(TRAIN);
}

static void channels_become_modalities(void **state) {
  casd_dataset *data = NULL;
  casd_schema *schema = NULL;
  casd_batch *batch = NULL;
  const float *arm;
  (void)state;
  open_moves(&data);
  ASSERT_OK(casd_dataset_schema(&schema, data));
  assert_int_equal(casd_schema_task(schema), CASD_TASK_CLASSES);
  assert_string_equal(casd_schema_output_name(schema, 1), "running");
  assert_int_equal(casd_schema_modality_count(schema), 2);
  assert_string_equal(casd_schema_modality_name(schema, 0), "arm");
  assert_int_equal(casd_schema_modality_features(schema, 0), 2);
  assert_int_equal(casd_schema_modality_features(schema, 1), 1);
  assert_null(casd_schema_feature_name(schema, 0, 0));
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(batch, data, "train", NULL, 2));
  arm = casd_batch_frames(batch, 0, 0);
  assert_int_equal(casd_batch_steps(batch, 0, 0), 2);
  assert_true(arm[0] == 0.1f && arm[1] == 1.5f && arm[2] == 0.2f && arm[3] == 1.4f);
  assert_true(casd_batch_frames(batch, 1, 0)[2] != casd_batch_frames(batch, 1, 0)[2]); /* NaN */
  assert_int_equal(casd_batch_steps(batch, 0, 1), 1);
  assert_true(casd_batch_target(batch, 0)[0] == 0 && casd_batch_target(batch, 1)[0] == 1);
  assert_string_equal(casd_dataset_sample_name(data, "train", 1), "1");
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);
  casd_dataset_destroy(data);

  /* casd_dataset_open() and memory: one modality. */
  data = NULL;
  ASSERT_OK(casd_dataset_load_memory(&data, "@classLabel false\n@data\n1:2\n", 28, "m", NULL));
  ASSERT_OK(casd_dataset_schema(&schema, data));
  assert_string_equal(casd_schema_modality_name(schema, 0), "series");
  assert_int_equal(casd_schema_modality_features(schema, 0), 2);
  casd_schema_destroy(schema);
  casd_dataset_destroy(data);
}

static void files_are_added(void **state) {
  casd_dataset *data = NULL;
  casd_batch *batch = NULL;
  casd_schema *schema = NULL;
  (void)state;
  open_moves(&data);
  write_text(TEST, "@classLabel true running walking\n@data\n1:2:3:running\n4:5:6:walking\n");
  ASSERT_OK(casd_dataset_add_file(data, TEST, NULL));
  assert_int_equal(casd_dataset_split_count(data), 2);
  assert_int_equal(casd_dataset_size(data, "test"), 2);
  ASSERT_OK(casd_dataset_add_file(data, TEST, "valid"));
  ASSERT_OK(casd_dataset_add_file(data, TEST, "valid"));
  remove(TEST);
  assert_int_equal(casd_dataset_size(data, "train"), 2);
  assert_int_equal(casd_dataset_size(data, "valid"), 4);
  assert_string_equal(casd_dataset_sample_name(data, "valid", 3), "3");
  ASSERT_OK(casd_dataset_schema(&schema, data));
  ASSERT_OK(casd_batch_create(&batch, schema));
  ASSERT_OK(casd_dataset_read(batch, data, "test", NULL, 2));
  assert_true(casd_batch_target(batch, 0)[0] == 1); /* by name */
  assert_true(casd_batch_frames(batch, 0, 1)[0] == 3);
  casd_batch_destroy(batch);
  casd_schema_destroy(schema);

  /* CSV with the same modalities; only the split that was asked for. */
  write_text(CSV,
             "sample,split,label,arm.x,arm.y,leg.x\na,train,running,1,2,3\n"
             "b,test,walking,4,5,6\n");
  ASSERT_OK(casd_dataset_add_file(data, CSV, "test"));
  assert_int_equal(casd_dataset_size(data, "test"), 3);
  assert_string_equal(casd_dataset_sample_name(data, "test", 2), "b");
  assert_int_equal(casd_dataset_size(data, "train"), 2);
  ASSERT_OK(casd_dataset_add_file(data, CSV, ""));
  assert_int_equal(casd_dataset_size(data, "test"), 4);
  assert_int_equal(casd_dataset_size(data, "train"), 3);
  remove(CSV);
  casd_dataset_destroy(data);
}

static void a_split_is_chosen_or_named(void **state) {
  static const char *const two = "sample,split,a.x\n1,train,1\n2,valid,2\n3,valid,3\n";
  casd_dataset *data = NULL;
  (void)state;
  write_text(CSV, two);
  ASSERT_OK(casd_dataset_open_as(&data, CSV, NULL, "valid", NULL));
  assert_int_equal(casd_dataset_split_count(data), 1);
  assert_int_equal(casd_dataset_size(data, "valid"), 2);
  casd_dataset_destroy(data);
  data = NULL;
  ASSERT_FAILS(casd_dataset_open_as(&data, CSV, NULL, "test", NULL), CASD_ERROR_NOT_FOUND,
               "no split 'test'; the file's splits: train, valid");
  write_text(CSV, "sample,a.x\n1,1\n");
  ASSERT_OK(casd_dataset_open_as(&data, CSV, NULL, "test", NULL));
  assert_int_equal(casd_dataset_size(data, "test"), 1);
  assert_int_equal(casd_dataset_size(data, "train"), -1);
  casd_dataset_destroy(data);
  remove(CSV);
}

static void errors_are_reported(void **state) {
  casd_dataset *data = NULL, *none = NULL;
  char long_name[66];
  (void)state;
  write_text(TRAIN, moves);
  ASSERT_INVALID(casd_dataset_open_as(NULL, TRAIN, NULL, NULL, NULL), "NULL");
  ASSERT_INVALID(casd_dataset_open_as(&none, NULL, NULL, NULL, NULL), "NULL");
  ASSERT_INVALID(casd_dataset_open_as(&none, TRAIN, NULL, NULL, "a=0-1,b=1"), "channel 1");
  ASSERT_INVALID(casd_dataset_open_as(&none, TRAIN, NULL, NULL, "a=3"), "0 to 2");
  ASSERT_INVALID(casd_dataset_open_as(&none, TRAIN, "classes:a,b,c", NULL, "a=0"), "2 classes");
  ASSERT_FAILS(casd_dataset_open_as(&none, "absent.ts", NULL, NULL, NULL), CASD_ERROR_IO, "absent");
  memset(long_name, 'x', 65);
  long_name[65] = '\0';
  ASSERT_INVALID(casd_dataset_open_as(&none, TRAIN, NULL, long_name, NULL), "64 bytes");
  write_text(CSV, "sample,split,a.x\n1,train,1\n");
  ASSERT_INVALID(casd_dataset_open_as(&none, CSV, NULL, NULL, "a=0"), ".ts files only");
  assert_null(none);

  open_moves(&data);
  ASSERT_INVALID(casd_dataset_add_file(NULL, CSV, NULL), "NULL");
  ASSERT_INVALID(casd_dataset_add_file(data, NULL, NULL), "NULL");
  ASSERT_FAILS(casd_dataset_add_file(data, "absent.ts", NULL), CASD_ERROR_IO, "absent");
  ASSERT_INVALID(casd_dataset_add_file(data, CSV, NULL), "unknown modalities: 'a'");
  write_text(TEST, "@classLabel true walking\n@data\n1:2:walking\n");
  ASSERT_INVALID(casd_dataset_add_file(data, TEST, NULL), "needs channel 2");
  write_text(TEST, "@classLabel true walking hopping\n@data\n1:2:3:walking\n");
  ASSERT_INVALID(casd_dataset_add_file(data, TEST, NULL), "classes");
  write_text(TEST, "@classLabel true walking\n@data\n1:2:3:walking\n1:x:3:walking\n");
  ASSERT_FAILS(casd_dataset_add_file(data, TEST, NULL), CASD_ERROR_FORMAT,
               TEST ", line 4: channel 1, value 0: 'x' is not a number");
  assert_int_equal(casd_dataset_split_count(data), 1);
  assert_int_equal(casd_dataset_size(data, "train"), 2);
  casd_dataset_destroy(data);
  remove(TRAIN);
  remove(TEST);
  remove(CSV);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(channels_become_modalities),
      cmocka_unit_test(files_are_added),
      cmocka_unit_test(a_split_is_chosen_or_named),
      cmocka_unit_test(errors_are_reported),
  };
  return cmocka_run_group_tests_name("files", tests, NULL, nothing_is_left);
}
