/* Everything that casd/base.h documents. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void versions_agree_with_the_headers(void **state) {
  char text[32];
  (void)state;
  assert_int_equal(casd_version(),
                   CASD_VERSION_MAJOR * 10000 + CASD_VERSION_MINOR * 100 + CASD_VERSION_PATCH);
  snprintf(text, sizeof text, "%d.%d.%d", CASD_VERSION_MAJOR, CASD_VERSION_MINOR,
           CASD_VERSION_PATCH);
  assert_string_equal(casd_version_string(), text);
  assert_int_equal(casd_abi_version(), 2);
}

static void build_info_has_its_keys(void **state) {
  static const char *const keys[] = {"\"version\"",    "\"abi\"",    "\"compiler\"",
                                     "\"build_type\"", "\"system\"", "\"engine\""};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof keys / sizeof *keys; ++i)
    assert_non_null(strstr(casd_build_info(), keys[i]));
}

static void statuses_have_names_and_fixed_values(void **state) {
  static const char *const names[] = {"OK",        "INVALID_ARGUMENT", "OUT_OF_MEMORY", "IO",
                                      "FORMAT",    "VERSION",          "UNAVAILABLE",   "STATE",
                                      "CANCELLED", "NUMERIC",          "DEVICE",        "INTERNAL",
                                      "NOT_FOUND", "BUFFER_TOO_SMALL"};
  int32_t status;
  (void)state;
  for (status = 0; status < 14; ++status)
    assert_string_equal(casd_status_name(status), names[status]);
  assert_string_equal(casd_status_name(14), "UNKNOWN");
  assert_string_equal(casd_status_name(-1), "UNKNOWN");
  assert_int_equal(CASD_ERROR_INTERNAL, 11);
  assert_int_equal(CASD_ERROR_NOT_FOUND, 12);
  assert_int_equal(CASD_ERROR_BUFFER_TOO_SMALL, 13);
}

static void a_failure_sets_the_message(void **state) {
  casd_schema *schema = NULL;
  (void)state;
  ASSERT_INVALID(casd_schema_create(NULL), "schema is NULL");
  ASSERT_OK(casd_schema_create(&schema)); /* success leaves the message alone */
  assert_string_equal(casd_last_error(), "schema is NULL");
  casd_schema_destroy(schema);
}

static void the_message_can_be_copied(void **state) {
  char buffer[64] = "untouched";
  size_t needed = 0;
  (void)state;
  ASSERT_INVALID(casd_schema_create(NULL), "schema is NULL");
  ASSERT_OK(casd_last_error_copy(NULL, 0, &needed));
  assert_int_equal(needed, strlen("schema is NULL") + 1);
  assert_int_equal(casd_last_error_copy(buffer, needed - 1, &needed), CASD_ERROR_BUFFER_TOO_SMALL);
  assert_string_equal(buffer, "untouched");
  assert_string_equal(casd_last_error(), "schema is NULL"); /* still the earlier message */
  assert_int_equal(casd_last_error_copy(NULL, 5, NULL), CASD_ERROR_INVALID_ARGUMENT);
  ASSERT_OK(casd_last_error_copy(buffer, needed, NULL));
  assert_string_equal(buffer, "schema is NULL");
}

struct log_record {
  int count;
  casd_log_level level;
  char text[512];
};

static void CASD_CALL listen_to(casd_log_level level, const char *message, void *user) {
  struct log_record *record = user;
  ++record->count;
  record->level = level;
  snprintf(record->text, sizeof record->text, "%s", message);
}

/* A rejected plug-in is reported in the log, and the search continues. */
static void make_it_warn(void) {
  casd_dataset *data = NULL;
  write_text("libcasd_hdf5.so", "no library");
  ASSERT_OK(casd_set_plugin_path("."));
  write_bytes("test_base.h5", "\x89HDF\r\n\x1a\n", 8);
  assert_int_not_equal(casd_dataset_open(&data, "test_base.h5", NULL), CASD_OK);
  assert_null(data);
  ASSERT_OK(casd_set_plugin_path(NULL));
  remove("libcasd_hdf5.so");
  remove("test_base.h5");
}

/* Searches warn only until a plug-in is loaded, so this runs in a child process, which has not loaded
 * one. A deadlock kills the child. */
static void assert_child_succeeds(int (*body)(void)) {
  int status = 0;
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(60);
    _exit(body());
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* A callback may call any function of the library. */
static void CASD_CALL call_back_into_the_library(casd_log_level level, const char *message,
                                                 void *user) {
  casd_dataset *data = NULL;
  struct log_record *record = user;
  char buffer[64];
  listen_to(level, message, user);
  if (casd_set_plugin_path("no/such/folder") != CASD_OK ||
      casd_dataset_open(&data, "test_base.h5", NULL) == CASD_OK || casd_log_poll(buffer, 0) != -1 ||
      casd_set_parallel_for(NULL, 0, NULL) != CASD_OK ||
      casd_set_log(NULL, CASD_LOG_OFF, NULL) != CASD_OK)
    record->count = 100;
}

static int warn_a_callback_that_calls_back(void) {
  struct log_record record = {0, -1, ""};
  if (casd_set_log(call_back_into_the_library, CASD_LOG_WARNING, &record) != CASD_OK) return 1;
  make_it_warn();
  return record.count == 1 ? 0 : 2;
}

static void a_callback_can_call_the_library(void **state) {
  (void)state;
  assert_child_succeeds(warn_a_callback_that_calls_back);
}

static int poll_a_warning(void) {
  char buffer[512] = "untouched";
  struct log_record record = {0, -1, ""};
  if (casd_log_poll(buffer, sizeof buffer) != -1 || buffer[0] != 0) return 1;
  if (casd_set_log(listen_to, CASD_LOG_WARNING, &record) != CASD_OK) return 2;
  make_it_warn();
  if (casd_log_poll(buffer, 0) != -1) return 3;
  if (casd_log_poll(buffer, sizeof buffer) != CASD_LOG_WARNING) return 4;
  if (record.count != 1 || strcmp(buffer, record.text) != 0) return 5; /* both receive it */
  if (strstr(buffer, "libcasd_hdf5") == NULL) return 6;
  return casd_log_poll(buffer, sizeof buffer) == -1 && buffer[0] == 0 ? 0 : 7;
}

static int cut_a_message(void) {
  char buffer[12];
  casd_log_poll(buffer, sizeof buffer);
  make_it_warn();
  if (casd_log_poll(buffer, sizeof buffer) != CASD_LOG_WARNING) return 1;
  return strlen(buffer) == 11 ? 0 : 2;
}

static int discard_a_message(void) {
  char buffer[64];
  casd_log_poll(buffer, sizeof buffer);
  make_it_warn();
  if (casd_log_poll(NULL, 0) != -1) return 1;
  return casd_log_poll(buffer, sizeof buffer) == -1 ? 0 : 2;
}

static void the_log_can_be_polled(void **state) {
  (void)state;
  assert_child_succeeds(poll_a_warning);
  assert_child_succeeds(cut_a_message);
  assert_child_succeeds(discard_a_message);
}

static void the_log_calls_the_callback(void **state) {
  struct log_record record = {0, -1, ""};
  (void)state;
  ASSERT_OK(casd_set_log(listen_to, CASD_LOG_WARNING, &record));
  make_it_warn();
  assert_int_equal(record.count, 1);
  assert_int_equal(record.level, CASD_LOG_WARNING);
  assert_non_null(strstr(record.text, "libcasd_hdf5"));
  ASSERT_OK(casd_set_log(listen_to, CASD_LOG_OFF, &record));
  make_it_warn();
  assert_int_equal(record.count, 1);
  ASSERT_INVALID(casd_set_log(listen_to, 5, NULL), "level");
  ASSERT_INVALID(casd_set_log(listen_to, -1, NULL), "level");
  ASSERT_OK(casd_set_log(NULL, CASD_LOG_WARNING, NULL));
}

static void a_missing_plugin_is_reported_with_each_path(void **state) {
  casd_dataset *data = NULL;
  (void)state;
  ASSERT_OK(casd_set_log(NULL, CASD_LOG_OFF, NULL));
  write_bytes("test_base.h5", "\x89HDF\r\n\x1a\n", 8);
  ASSERT_OK(casd_set_plugin_path("no/such/folder"));
  /* If the plug-in is in the folder of libcasd it is found, and the missing file is reported. */
  if (casd_dataset_open(&data, "test_base.h5", NULL) == CASD_ERROR_UNAVAILABLE) {
    assert_non_null(strstr(casd_last_error(), "no/such/folder"));
    assert_non_null(strstr(casd_last_error(), "libcasd_hdf5"));
  } else {
    assert_non_null(strstr(casd_last_error(), "test_base.h5"));
  }
  assert_null(data);
  ASSERT_OK(casd_set_plugin_path(""));
  ASSERT_OK(casd_set_log(NULL, CASD_LOG_WARNING, NULL));
  remove("test_base.h5");
}

static void live_objects_are_counted(void **state) {
  const int64_t before = casd_live_objects();
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_batch *batch = NULL;
  (void)state;
  assert_int_equal(casd_live_objects(), before + 1);
  ASSERT_OK(casd_batch_create(&batch, schema));
  assert_int_equal(casd_live_objects(), before + 2);
  casd_schema_destroy(schema);
  casd_batch_destroy(batch);
  assert_int_equal(casd_live_objects(), before);
}

static void live_bytes_are_counted(void **state) {
  enum { STEPS = 1000 };
  static const float frames[STEPS * 5];
  const int64_t before = casd_live_bytes(), floats = (int64_t)sizeof(float);
  int64_t weights, with_model, with_batch, with_tables;
  casd_model *model = NULL, *copy = NULL;
  casd_batch *batch = NULL;
  casd_dataset *data = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  (void)state;
  model = new_model(CASD_TASK_CLASSES);
  weights = casd_model_parameter_count(model) * floats;
  with_model = casd_live_bytes();
  assert_true(with_model >= before + weights); /* with the normaliser's statistics */
  assert_true(with_model < before + weights + 1024);
  ASSERT_OK(casd_model_with_user_value(&copy, model, "user.note", "shares the weights"));
  assert_int_equal(casd_live_bytes(), with_model);
  casd_model_destroy(model);
  assert_int_equal(casd_live_bytes(), with_model);

  batch = new_batch(CASD_TASK_CLASSES, 2);
  with_batch = casd_live_bytes();
  ASSERT_OK(casd_batch_set_frames(batch, 0, 0, frames, STEPS, 5, 5));
  assert_true(casd_live_bytes() - with_batch >= (STEPS - 6) * 5 * floats);
  assert_true(casd_live_bytes() - with_batch <= STEPS * 5 * floats);
  casd_batch_destroy(batch);
  assert_int_equal(casd_live_bytes(), with_model);

  data = new_data(CASD_TASK_CLASSES, 1);
  assert_true(casd_live_bytes() > with_model);
  casd_dataset_destroy(data);
  assert_int_equal(casd_live_bytes(), with_model);

  batch = new_batch(CASD_TASK_CLASSES, 2);
  ASSERT_OK(casd_predictor_create(&predictor, copy, NULL));
  ASSERT_OK(casd_prediction_create(&prediction));
  ASSERT_OK(casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES));
  with_tables = casd_live_bytes();
  casd_prediction_destroy(prediction);
  assert_true(with_tables - casd_live_bytes() >= 2 * 3 * 8 * floats); /* three fields of width 8 */
  casd_predictor_destroy(predictor);
  casd_batch_destroy(batch);
  assert_int_equal(casd_live_bytes(), with_model);
  casd_model_destroy(copy);
  assert_int_equal(casd_live_bytes(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(versions_agree_with_the_headers),
      cmocka_unit_test(build_info_has_its_keys),
      cmocka_unit_test(statuses_have_names_and_fixed_values),
      cmocka_unit_test(a_failure_sets_the_message),
      cmocka_unit_test(the_message_can_be_copied),
      cmocka_unit_test(a_callback_can_call_the_library),
      cmocka_unit_test(the_log_can_be_polled),
      cmocka_unit_test(the_log_calls_the_callback),
      cmocka_unit_test(a_missing_plugin_is_reported_with_each_path),
      cmocka_unit_test(live_objects_are_counted),
      cmocka_unit_test(live_bytes_are_counted),
  };
  return cmocka_run_group_tests_name("base", tests, NULL, nothing_is_left);
}
