/* Everything that casd/schema.h documents. */
#include "support.h"

#include <string.h>

static void a_schema_returns_its_values(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_MULTILABEL);
  int32_t index = -1;
  (void)state;
  assert_int_equal(casd_schema_modality_count(schema), 3);
  assert_string_equal(casd_schema_modality_name(schema, 0), "language");
  assert_string_equal(casd_schema_modality_name(schema, 2), "visual");
  assert_int_equal(casd_schema_modality_features(schema, 1), 3);
  assert_int_equal(casd_schema_task(schema), CASD_TASK_MULTILABEL);
  assert_int_equal(casd_schema_output_count(schema), 3);
  assert_string_equal(casd_schema_output_name(schema, 1), "positive");
  ASSERT_OK(casd_schema_modality_index(&index, schema, "audio"));
  assert_int_equal(index, 1);
  ASSERT_OK(casd_schema_output_index(&index, schema, "neutral"));
  assert_int_equal(index, 2);
  casd_schema_destroy(schema);
  casd_schema_destroy(NULL);
}

static void a_new_schema_is_empty(void **state) {
  casd_schema *schema = NULL;
  (void)state;
  ASSERT_OK(casd_schema_create(&schema));
  assert_int_equal(casd_schema_modality_count(schema), 0);
  assert_int_equal(casd_schema_output_count(schema), 0);
  assert_int_equal(casd_schema_task(schema), CASD_TASK_CLASSES);
  casd_schema_destroy(schema);
}

static void unknown_names_and_indices_return_null_or_negative(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  (void)state;
  assert_null(casd_schema_modality_name(schema, 3));
  assert_null(casd_schema_modality_name(schema, -1));
  assert_null(casd_schema_output_name(schema, 3));
  assert_null(casd_schema_output_name(schema, -1));
  assert_int_equal(casd_schema_modality_features(schema, 3), -1);
  assert_int_equal(casd_schema_modality_features(schema, -1), -1);
  assert_int_equal(casd_schema_modality_count(NULL), -1);
  assert_int_equal(casd_schema_output_count(NULL), -1);
  assert_int_equal(casd_schema_modality_features(NULL, 0), -1);
  assert_null(casd_schema_modality_name(NULL, 0));
  assert_null(casd_schema_output_name(NULL, 0));
  assert_int_equal(casd_schema_task(NULL), -1);
  casd_schema_destroy(schema);
}

static void unknown_names_list_the_known_names(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  int32_t index = 77;
  (void)state;
  ASSERT_FAILS(casd_schema_modality_index(&index, schema, "voice"), CASD_ERROR_NOT_FOUND,
               "language, audio, visual");
  ASSERT_FAILS(casd_schema_output_index(&index, schema, "happy"), CASD_ERROR_NOT_FOUND,
               "negative, positive, neutral");
  ASSERT_INVALID(casd_schema_modality_index(NULL, schema, "audio"), "NULL");
  ASSERT_INVALID(casd_schema_modality_index(&index, NULL, "audio"), "NULL");
  ASSERT_INVALID(casd_schema_modality_index(&index, schema, NULL), "NULL");
  ASSERT_INVALID(casd_schema_output_index(NULL, schema, "neutral"), "NULL");
  ASSERT_INVALID(casd_schema_output_index(&index, NULL, "neutral"), "NULL");
  ASSERT_INVALID(casd_schema_output_index(&index, schema, NULL), "NULL");
  assert_int_equal(index, 77);
  casd_schema_destroy(schema);
}

static void invalid_modalities_are_rejected(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  char longest[65], too_long[66];
  (void)state;
  memset(longest, 'x', 64);
  longest[64] = 0;
  memset(too_long, 'x', 65);
  too_long[65] = 0;
  ASSERT_INVALID(casd_schema_create(NULL), "NULL");
  ASSERT_INVALID(casd_schema_add_modality(NULL, "a", 1), "NULL");
  ASSERT_INVALID(casd_schema_add_modality(schema, NULL, 1), "NULL");
  ASSERT_INVALID(casd_schema_add_modality(schema, "", 1), "64");
  ASSERT_INVALID(casd_schema_add_modality(schema, too_long, 1), "64");
  ASSERT_INVALID(casd_schema_add_modality(schema, "a b", 1), "a b");
  ASSERT_INVALID(casd_schema_add_modality(schema, "a+b", 1), "a+b");
  ASSERT_INVALID(casd_schema_add_modality(schema, "\xff", 1), "UTF-8");
  ASSERT_INVALID(casd_schema_add_modality(schema, "audio", 1), "audio");
  ASSERT_INVALID(casd_schema_add_modality(schema, "a", 0), "1 to 65536");
  ASSERT_INVALID(casd_schema_add_modality(schema, "a", -4), "-4");
  ASSERT_INVALID(casd_schema_add_modality(schema, "a", 65537), "65537");
  assert_int_equal(casd_schema_modality_count(schema), 3);
  ASSERT_OK(casd_schema_add_modality(schema, longest, 65536));
  ASSERT_OK(casd_schema_add_modality(schema, "stimme-\xc3\xa4_2", 1));
  casd_schema_destroy(schema);
}

static void there_are_at_most_32_modalities(void **state) {
  casd_schema *schema = NULL;
  int i;
  (void)state;
  ASSERT_OK(casd_schema_create(&schema));
  for (i = 0; i < CASD_MAX_MODALITIES; ++i) {
    char name[2] = {0, 0};
    name[0] = (char)('A' + i);
    if (name[0] > 'Z') name[0] = (char)('a' + i - 26);
    ASSERT_OK(casd_schema_add_modality(schema, name, 1));
  }
  ASSERT_INVALID(casd_schema_add_modality(schema, "one_more", 1), "32");
  casd_schema_destroy(schema);
}

static void invalid_outputs_are_rejected(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  char too_long[66];
  int i;
  (void)state;
  memset(too_long, 'x', 65);
  too_long[65] = 0;
  ASSERT_INVALID(casd_schema_add_output(NULL, "a"), "NULL");
  ASSERT_INVALID(casd_schema_add_output(schema, NULL), "NULL");
  ASSERT_INVALID(casd_schema_add_output(schema, ""), "64");
  ASSERT_INVALID(casd_schema_add_output(schema, too_long), "64");
  ASSERT_INVALID(casd_schema_add_output(schema, "positive"), "positive");
  ASSERT_INVALID(casd_schema_add_output(schema, "a\nb"), "control");
  ASSERT_INVALID(casd_schema_add_output(schema, "\xc3"), "UTF-8");
  ASSERT_OK(casd_schema_add_output(schema, "very happy")); /* a space is allowed here */
  for (i = casd_schema_output_count(schema); i < 4096; ++i) {
    char name[16];
    int digit = 0, rest = i;
    do name[digit++] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    name[digit] = 0;
    ASSERT_OK(casd_schema_add_output(schema, name));
  }
  ASSERT_INVALID(casd_schema_add_output(schema, "one more"), "4096");
  casd_schema_destroy(schema);
}

static void tasks_are_checked(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  (void)state;
  ASSERT_INVALID(casd_schema_set_task(schema, 3), "3");
  ASSERT_INVALID(casd_schema_set_task(schema, -1), "-1");
  ASSERT_INVALID(casd_schema_set_task(NULL, CASD_TASK_CLASSES), "NULL");
  assert_int_equal(casd_schema_task(schema), CASD_TASK_CLASSES);
  ASSERT_OK(casd_schema_set_task(schema, CASD_TASK_REGRESSION));
  assert_int_equal(casd_schema_task(schema), CASD_TASK_REGRESSION);
  casd_schema_destroy(schema);
}

static void features_can_have_names(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  char longest[258];
  (void)state;
  memset(longest, 'a', sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  assert_null(casd_schema_feature_name(schema, 1, 0));
  ASSERT_OK(casd_schema_set_feature_name(schema, 1, 2, "pitch"));
  assert_null(casd_schema_feature_name(schema, 1, 0));
  assert_string_equal(casd_schema_feature_name(schema, 1, 2), "pitch");
  ASSERT_OK(casd_schema_set_feature_name(schema, 1, 2, "pitch")); /* its own name is not taken */
  ASSERT_INVALID(casd_schema_set_feature_name(schema, 1, 0, "pitch"), "pitch");
  ASSERT_OK(casd_schema_set_feature_name(schema, 0, 0, "pitch")); /* of another modality */
  ASSERT_INVALID(casd_schema_set_feature_name(schema, 1, 3, "x"), "3");
  ASSERT_INVALID(casd_schema_set_feature_name(schema, 1, -1, "x"), "-1");
  ASSERT_INVALID(casd_schema_set_feature_name(schema, 3, 0, "x"), "3");
  ASSERT_INVALID(casd_schema_set_feature_name(schema, -1, 0, NULL), "-1");
  ASSERT_INVALID(casd_schema_set_feature_name(schema, 1, 0, ""), "bytes");
  ASSERT_INVALID(casd_schema_set_feature_name(schema, 1, 0, longest), "257");
  ASSERT_INVALID(casd_schema_set_feature_name(schema, 1, 0, "a\nb"), "control");
  ASSERT_INVALID(casd_schema_set_feature_name(schema, 1, 0, "\xff"), "UTF-8");
  ASSERT_INVALID(casd_schema_set_feature_name(NULL, 1, 0, "x"), "NULL");
  ASSERT_OK(casd_schema_set_feature_name(schema, 1, 0, NULL));
  assert_null(casd_schema_feature_name(schema, 1, 2));
  assert_string_equal(casd_schema_feature_name(schema, 0, 0), "pitch");
  assert_null(casd_schema_feature_name(NULL, 0, 0));
  assert_null(casd_schema_feature_name(schema, 3, 0));
  assert_null(casd_schema_feature_name(schema, 0, 5));
  casd_schema_destroy(schema);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_schema_returns_its_values),
      cmocka_unit_test(a_new_schema_is_empty),
      cmocka_unit_test(unknown_names_and_indices_return_null_or_negative),
      cmocka_unit_test(features_can_have_names),
      cmocka_unit_test(unknown_names_list_the_known_names),
      cmocka_unit_test(invalid_modalities_are_rejected),
      cmocka_unit_test(there_are_at_most_32_modalities),
      cmocka_unit_test(invalid_outputs_are_rejected),
      cmocka_unit_test(tasks_are_checked),
  };
  return cmocka_run_group_tests_name("schema", tests, NULL, nothing_is_left);
}
