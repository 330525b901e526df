/* Everything that casd/model.h documents. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH "test_model.casd"

static void options_have_their_defaults(void **state) {
  casd_model_options o;
  (void)state;
  memset(&o, 0xee, sizeof o);
  ASSERT_OK(casd_model_options_init(&o, sizeof o));
  assert_int_equal(o.struct_size, sizeof o);
  assert_int_equal(o.hidden, 40);
  assert_int_equal(o.layers, 2);
  assert_int_equal(o.heads, 4);
  assert_int_equal(o.feed_forward, 0);
  assert_int_equal(o.feed_forward_factor, 2);
  assert_int_equal(o.pooling, CASD_POOLING_AUTO);
  assert_int_equal(o.absent, CASD_ABSENT_EXCLUDED);
  assert_int_equal(o.weights, CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM);
  assert_int_equal(o.fused_variance, CASD_FUSED_VARIANCE_WEIGHTED);
  assert_int_equal(o.max_steps, 512);
  assert_true(o.input_clip == 5 && o.delta_min == 0.01 && o.delta_max == 20);
  assert_true(o.alpha_min == 1.25 && o.alpha_max == 20 && o.beta_min == 0.2);
  assert_int_equal(o.seed, 0);
}

static void recipes_presets_and_names_set_fields(void **state) {
  casd_model_options o;
  (void)state;
  ASSERT_OK(casd_model_options_init(&o, sizeof o));
  ASSERT_OK(casd_model_options_use_recipe(&o, CASD_RECIPE_PAPER));
  assert_int_equal(o.absent, CASD_ABSENT_ZEROS);
  assert_int_equal(o.weights, CASD_WEIGHTS_DEGREES_OF_FREEDOM);
  ASSERT_OK(casd_model_options_use_recipe(&o, CASD_RECIPE_EVIDENTIAL));
  assert_int_equal(o.absent, CASD_ABSENT_EXCLUDED);
  assert_int_equal(o.linear, 0);
  assert_int_equal(o.input_guard, 0);
  ASSERT_OK(casd_model_options_use_recipe(&o, CASD_RECIPE_GROUNDED));
  assert_int_equal(o.linear, 1);
  assert_int_equal(o.input_guard, 1);
  ASSERT_INVALID(casd_model_options_use_recipe(&o, 3), "recipe");
  ASSERT_OK(casd_model_options_use_preset(&o, CASD_PRESET_REFERENCE));
  assert_int_equal(o.layers, 4);
  assert_int_equal(o.heads, 10);
  ASSERT_OK(casd_model_options_use_preset(&o, CASD_PRESET_DEFAULT));
  assert_int_equal(o.layers, 2);
  ASSERT_OK(casd_model_options_set(&o, "hidden", "64"));
  ASSERT_OK(casd_model_options_set(&o, "absent", "zeros"));
  ASSERT_OK(casd_model_options_set(&o, "beta_min", "0.5"));
  ASSERT_OK(casd_model_options_set(&o, "seed", "18446744073709551615"));
  assert_int_equal(o.hidden, 64);
  assert_int_equal(o.absent, CASD_ABSENT_ZEROS);
  assert_true(o.beta_min == 0.5);
  assert_true(o.seed == UINT64_MAX);
}

static void invalid_options_are_rejected(void **state) {
  casd_model_options o, before;
  (void)state;
  ASSERT_INVALID(casd_model_options_init(NULL, sizeof o), "NULL");
  ASSERT_INVALID(casd_model_options_init(&o, sizeof o - 16), "options");
  ASSERT_OK(casd_model_options_init(&o, sizeof o));
  before = o;
  ASSERT_INVALID(casd_model_options_use_recipe(NULL, CASD_RECIPE_PAPER), "NULL");
  ASSERT_INVALID(casd_model_options_use_recipe(&o, 3), "3");
  ASSERT_INVALID(casd_model_options_use_preset(NULL, CASD_PRESET_DEFAULT), "NULL");
  ASSERT_INVALID(casd_model_options_use_preset(&o, -1), "-1");
  ASSERT_INVALID(casd_model_options_set(NULL, "hidden", "4"), "NULL");
  ASSERT_INVALID(casd_model_options_set(&o, NULL, "4"), "NULL");
  ASSERT_INVALID(casd_model_options_set(&o, "hidden", NULL), "NULL");
  ASSERT_FAILS(casd_model_options_set(&o, "width", "4"), CASD_ERROR_NOT_FOUND, "hidden");
  ASSERT_INVALID(casd_model_options_set(&o, "hidden", "four"), "four");
  ASSERT_INVALID(casd_model_options_set(&o, "hidden", "4097"), "1 to 4096");
  ASSERT_INVALID(casd_model_options_set(&o, "alpha_min", "nan"), "nan");
  ASSERT_INVALID(casd_model_options_set(&o, "pooling", "first"), "last");
  assert_memory_equal(&o, &before, sizeof o);
}

/* Sets one field at a time out of range; the message names it. */
static void create_checks_every_option(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_model *model = NULL;
  size_t i;
  static const struct {
    const char *name;
    size_t at;
    int32_t value;
  } integers[] = {
      {"hidden", offsetof(casd_model_options, hidden), 0},
      {"hidden", offsetof(casd_model_options, hidden), 4097},
      {"layers", offsetof(casd_model_options, layers), 65},
      {"heads", offsetof(casd_model_options, heads), 3},
      {"heads", offsetof(casd_model_options, heads), 0},
      {"feed_forward", offsetof(casd_model_options, feed_forward), -1},
      {"feed_forward_factor", offsetof(casd_model_options, feed_forward_factor), 0},
      {"feed_forward_factor", offsetof(casd_model_options, feed_forward_factor), 17},
      {"reserved", offsetof(casd_model_options, reserved), 1},
      {"pooling", offsetof(casd_model_options, pooling), 3},
      {"absent", offsetof(casd_model_options, absent), 2},
      {"weights", offsetof(casd_model_options, weights), 4},
      {"fused_variance", offsetof(casd_model_options, fused_variance), -1},
      {"max_steps", offsetof(casd_model_options, max_steps), 65537},
  };
  static const struct {
    const char *name;
    size_t at;
    double value;
  } reals[] = {
      {"input_clip", offsetof(casd_model_options, input_clip), -1},
      {"delta_min", offsetof(casd_model_options, delta_min), 0},
      {"delta_max", offsetof(casd_model_options, delta_max), 0.005},
      {"alpha_min", offsetof(casd_model_options, alpha_min), 1},
      {"alpha_max", offsetof(casd_model_options, alpha_max), INFINITY},
      {"beta_min", offsetof(casd_model_options, beta_min), NAN},
  };
  (void)state;
  for (i = 0; i < sizeof integers / sizeof *integers; ++i) {
    casd_model_options o = small_model_options();
    memcpy((char *)&o + integers[i].at, &integers[i].value, sizeof integers[i].value);
    ASSERT_INVALID(casd_model_create(&model, schema, &o), integers[i].name);
  }
  for (i = 0; i < sizeof reals / sizeof *reals; ++i) {
    casd_model_options o = small_model_options();
    memcpy((char *)&o + reals[i].at, &reals[i].value, sizeof reals[i].value);
    ASSERT_INVALID(casd_model_create(&model, schema, &o), reals[i].name);
  }
  assert_null(model);
  casd_schema_destroy(schema);
}

static void a_preset_applies_to_a_later_width(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_model_options o = small_model_options(), settled;
  casd_model *model = NULL;
  (void)state;
  ASSERT_OK(casd_model_options_use_preset(&o, CASD_PRESET_REFERENCE));
  ASSERT_OK(casd_model_options_set(&o, "hidden", "80"));
  ASSERT_OK(casd_model_create(&model, schema, &o));
  ASSERT_OK(casd_model_options_init(&settled, sizeof settled));
  ASSERT_OK(casd_model_get_options(&settled, model));
  assert_int_equal(settled.feed_forward, 320);
  assert_int_equal(settled.layers, 4);
  casd_model_destroy(model);
  casd_schema_destroy(schema);
}

static void create_checks_struct_and_schema(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES), *other = NULL;
  casd_model *model = NULL;
  struct {
    casd_model_options options;
    char tail[8];
  } newer;
  (void)state;
  memset(&newer, 0, sizeof newer);
  newer.options = small_model_options();
  newer.options.struct_size = sizeof newer; /* a later caller: fine while its tail is zero */
  ASSERT_OK(casd_model_create(&model, schema, &newer.options));
  casd_model_destroy(model);
  model = NULL;
  newer.tail[7] = 1;
  ASSERT_INVALID(casd_model_create(&model, schema, &newer.options), "does not support");
  newer.options.struct_size = 4;
  ASSERT_INVALID(casd_model_create(&model, schema, &newer.options), "struct_size");
  ASSERT_INVALID(casd_model_create(NULL, schema, NULL), "NULL");
  ASSERT_INVALID(casd_model_create(&model, NULL, NULL), "NULL");
  ASSERT_OK(casd_schema_create(&other));
  ASSERT_INVALID(casd_model_create(&model, other, NULL), "modality");
  ASSERT_OK(casd_schema_add_modality(other, "audio", 2));
  ASSERT_INVALID(casd_model_create(&model, other, NULL), "output");
  ASSERT_OK(casd_schema_add_output(other, "only"));
  ASSERT_INVALID(casd_model_create(&model, other, NULL), "output");
  assert_null(model);
  casd_schema_destroy(other);
  casd_schema_destroy(schema);
}

static void a_model_describes_itself(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES);
  casd_schema *schema = NULL;
  casd_model_options o;
  double temperature = 0;
  int64_t expected = 0;
  const int64_t d = 8, f = 16;
  int m;
  (void)state;
  for (m = 0; m < 3; ++m) {
    static const int64_t features[3] = {5, 3, 4};
    expected += 3 * d * features[m] + d;                     /* convolution */
    expected += 4 * d + 4 * (d * d + d) + 2 * d * f + f + d; /* one layer */
    expected += 2 * d + 4 * d * d + 4 * d;                   /* norm, evidence */
  }
  expected += 3 * d + 3;
  assert_int_equal(casd_model_parameter_count(model), expected);
  assert_int_equal(casd_model_parameter_count(NULL), -1);
  ASSERT_OK(casd_model_schema(&schema, model));
  assert_string_equal(casd_schema_output_name(schema, 2), "neutral");
  casd_schema_destroy(schema);
  ASSERT_OK(casd_model_options_init(&o, sizeof o));
  ASSERT_OK(casd_model_get_options(&o, model));
  assert_int_equal(o.hidden, 8);
  assert_int_equal(o.feed_forward, 16);
  assert_non_null(strstr(casd_model_info(model), "\"language\""));
  assert_non_null(strstr(casd_model_info(model), "\"trained\":false"));
  assert_null(casd_model_info(NULL));
  ASSERT_OK(casd_model_temperature(&temperature, model, 5));
  assert_true(temperature == 1);
  ASSERT_INVALID(casd_model_temperature(&temperature, NULL, 1), "NULL");
  ASSERT_INVALID(casd_model_temperature(NULL, model, 1), "NULL");
  ASSERT_INVALID(casd_model_temperature(&temperature, model, 0), "mask");
  ASSERT_INVALID(casd_model_temperature(&temperature, model, 8), "mask");
  ASSERT_INVALID(casd_model_schema(NULL, model), "NULL");
  ASSERT_INVALID(casd_model_schema(&schema, NULL), "NULL");
  ASSERT_INVALID(casd_model_get_options(&o, NULL), "NULL");
  ASSERT_INVALID(casd_model_get_options(NULL, model), "NULL");
  o.struct_size = 4;
  ASSERT_INVALID(casd_model_get_options(&o, model), "options");
  casd_model_destroy(model);
  casd_model_destroy(NULL);
}

static void seeds_determine_the_weights(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES);
  casd_model_options o = small_model_options();
  casd_model *same = NULL, *other = NULL, *model = new_model(CASD_TASK_CLASSES);
  size_t size = 0, again = 0;
  unsigned char *a, *b, *c;
  (void)state;
  ASSERT_OK(casd_model_create(&same, schema, &o));
  o.seed = 1;
  ASSERT_OK(casd_model_create(&other, schema, &o));
  a = model_bytes(model, &size);
  b = model_bytes(same, &again);
  assert_int_equal(size, again);
  assert_memory_equal(a, b, size);
  c = model_bytes(other, &again);
  assert_int_equal(size, again);
  assert_memory_not_equal(a, c, size);
  free(a);
  free(b);
  free(c);
  casd_model_destroy(model);
  casd_model_destroy(same);
  casd_model_destroy(other);
  casd_schema_destroy(schema);
}

static void files_load_and_save_to_the_same_bytes(void **state) {
  casd_model *model = new_model(CASD_TASK_REGRESSION), *loaded = NULL, *copied = NULL;
  size_t size = 0, again = 0;
  unsigned char *a = model_bytes(model, &size), *b;
  (void)state;
  ASSERT_OK(casd_model_save(model, PATH));
  ASSERT_OK(casd_model_load(&loaded, PATH));
  b = model_bytes(loaded, &again);
  assert_int_equal(size, again);
  assert_memory_equal(a, b, size);
  free(b);
  ASSERT_OK(casd_model_load_memory(&copied, a, size));
  b = model_bytes(copied, &again);
  assert_memory_equal(a, b, size);
  memset(b, 0, size);
  assert_int_equal(casd_model_save_memory(b, size - 1, &again, model), CASD_ERROR_BUFFER_TOO_SMALL);
  assert_int_equal(again, size);
  assert_int_equal(b[0], 0);
  free(a);
  free(b);
  casd_model_destroy(model);
  casd_model_destroy(loaded);
  casd_model_destroy(copied);
  remove(PATH);
}

static void invalid_calls_of_load_and_save_are_rejected(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES), *loaded = NULL;
  size_t needed;
  (void)state;
  ASSERT_INVALID(casd_model_load(NULL, PATH), "NULL");
  ASSERT_INVALID(casd_model_load(&loaded, NULL), "NULL");
  ASSERT_FAILS(casd_model_load(&loaded, "no/such/file.casd"), CASD_ERROR_IO, "no/such/file.casd");
  ASSERT_INVALID(casd_model_load_memory(NULL, "", 1), "NULL");
  ASSERT_INVALID(casd_model_load_memory(&loaded, NULL, 8), "NULL");
  ASSERT_INVALID(casd_model_save(NULL, PATH), "NULL");
  ASSERT_INVALID(casd_model_save(model, NULL), "NULL");
  ASSERT_FAILS(casd_model_save(model, "no/such/file.casd"), CASD_ERROR_IO, "no/such/file.casd");
  ASSERT_INVALID(casd_model_save_memory(NULL, 0, &needed, NULL), "NULL");
  ASSERT_INVALID(casd_model_save_memory(NULL, 0, NULL, model), "needed");
  assert_null(loaded);
  casd_model_destroy(model);
}

static void truncated_files_are_rejected(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES), *loaded = NULL;
  size_t size = 0, length;
  unsigned char *bytes = model_bytes(model, &size);
  (void)state;
  for (length = 0; length < size; length += length < 4096 ? 61 : 997)
    ASSERT_FAILS(casd_model_load_memory(&loaded, bytes, length), CASD_ERROR_FORMAT, "memory");
  ASSERT_FAILS(casd_model_load_memory(&loaded, bytes, size - 1), CASD_ERROR_FORMAT, "memory");
  write_bytes(PATH, bytes, size / 2);
  ASSERT_FAILS(casd_model_load(&loaded, PATH), CASD_ERROR_FORMAT, PATH);
  assert_null(loaded);
  remove(PATH);
  free(bytes);
  casd_model_destroy(model);
}

/* A change of any byte is rejected and does not crash. The checksum covers everything. */
static void corrupted_files_are_rejected(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES), *annotated = NULL;
  size_t size = 0, at;
  unsigned char *bytes;
  (void)state;
  ASSERT_OK(casd_model_with_user_value(&annotated, model, "user.extractor", "openface 2"));
  bytes = model_bytes(annotated, &size);
  {
    const size_t header = 8 + (size_t)bytes[0] + ((size_t)bytes[1] << 8);
    for (at = 0; at < size; at += at < header ? 1 : 211) {
      casd_model *loaded = NULL;
      casd_status status;
      bytes[at] ^= 0x10;
      status = casd_model_load_memory(&loaded, bytes, size);
      assert_true(status == CASD_ERROR_FORMAT || status == CASD_ERROR_VERSION);
      assert_null(loaded);
      bytes[at] ^= 0x10;
    }
  }
  free(bytes);
  casd_model_destroy(model);
  casd_model_destroy(annotated);
}

static void other_files_are_described(void **state) {
  casd_model *loaded = NULL;
  static const char text[] = "sample,label,audio.f0\na,1,0.5\n";
  static const char image[] = "\x89PNG\r\n\x1a\n0000000000000000";
  (void)state;
  write_bytes(PATH, (const unsigned char *)text, sizeof text - 1);
  ASSERT_FAILS(casd_model_load(&loaded, PATH), CASD_ERROR_FORMAT,
               PATH ": not a CASD model (a text file)");
  ASSERT_FAILS(casd_model_load_memory(&loaded, image, sizeof image - 1), CASD_ERROR_FORMAT,
               "memory: not a CASD model (no safetensors header)");
  ASSERT_FAILS(casd_model_load_memory(&loaded, "", 0), CASD_ERROR_FORMAT,
               "memory: not a CASD model (the file is empty)");
  assert_null(loaded);
  remove(PATH);
}

static void newer_files_are_reported(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES), *loaded = NULL;
  size_t size = 0;
  unsigned char *bytes = model_bytes(model, &size);
  char *format;
  (void)state;
  bytes[size - 1] = 0; /* so that strstr ends; the header comes first */
  format = strstr((char *)bytes + 8, "\"casd.format\":\"3\"");
  assert_non_null(format);
  format[strlen("\"casd.format\":\"")] = '4';
  ASSERT_FAILS(casd_model_load_memory(&loaded, bytes, size), CASD_ERROR_VERSION, "format 4");
  assert_null(loaded);
  free(bytes);
  casd_model_destroy(model);
}

static void user_values_are_kept(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES), *annotated = NULL, *loaded = NULL,
             *plain = NULL;
  char key[300];
  (void)state;
  ASSERT_OK(casd_model_with_user_value(&annotated, model, "user.extractor", "openface \xc3\xa9 2"));
  assert_null(casd_model_user_value(model, "user.extractor"));
  casd_model_destroy(model); /* weights are shared, not borrowed */
  ASSERT_OK(casd_model_save(annotated, PATH));
  ASSERT_OK(casd_model_load(&loaded, PATH));
  assert_string_equal(casd_model_user_value(loaded, "user.extractor"), "openface \xc3\xa9 2");
  assert_null(casd_model_user_value(loaded, "user.other"));
  assert_null(casd_model_user_value(loaded, "casd.schema"));
  assert_null(casd_model_user_value(NULL, "user.extractor"));
  assert_null(casd_model_user_value(loaded, NULL));
  ASSERT_OK(casd_model_with_user_value(&plain, loaded, "user.extractor", NULL));
  assert_null(casd_model_user_value(plain, "user.extractor"));
  model = NULL;
  ASSERT_INVALID(casd_model_with_user_value(NULL, plain, "user.a", "b"), "NULL");
  ASSERT_INVALID(casd_model_with_user_value(&model, NULL, "user.a", "b"), "NULL");
  ASSERT_INVALID(casd_model_with_user_value(&model, plain, NULL, "b"), "NULL");
  ASSERT_INVALID(casd_model_with_user_value(&model, plain, "casd.format", "2"), "user.");
  ASSERT_INVALID(casd_model_with_user_value(&model, plain, "user.a", "\xff"), "UTF-8");
  memset(key, 'k', sizeof key);
  memcpy(key, "user.", 5);
  key[257] = 0;
  ASSERT_INVALID(casd_model_with_user_value(&model, plain, key, "b"), "256");
  assert_null(model);
  casd_model_destroy(annotated);
  casd_model_destroy(loaded);
  casd_model_destroy(plain);
  remove(PATH);
}

static void options_can_be_listed_and_read(void **state) {
  casd_model_options o;
  char buffer[64];
  size_t needed = 0;
  int32_t i, seen = 0;
  (void)state;
  ASSERT_OK(casd_model_options_init(&o, sizeof o));
  o.hidden = 24;
  for (i = 0; i < casd_model_options_count(); ++i) {
    const char *name = casd_model_options_name(i);
    casd_model_options copy = o;
    ASSERT_OK(casd_model_options_text(buffer, sizeof buffer, &needed, &o, name));
    assert_int_equal(needed, strlen(buffer) + 1);
    ASSERT_OK(casd_model_options_set(&copy, name, buffer)); /* what is written can be read */
    assert_memory_equal(&copy, &o, sizeof o);
    if (strcmp(name, "hidden") == 0) {
      assert_string_equal(buffer, "24");
      ++seen;
    }
    if (strcmp(name, "absent") == 0) {
      assert_string_equal(buffer, "excluded");
      ++seen;
    }
  }
  assert_int_equal(seen, 2);
  assert_null(casd_model_options_name(-1));
  assert_null(casd_model_options_name(casd_model_options_count()));
  ASSERT_OK(casd_model_options_text(NULL, 0, &needed, &o, "absent"));
  assert_int_equal(needed, sizeof "excluded");
  ASSERT_FAILS(casd_model_options_text(buffer, 8, &needed, &o, "absent"),
               CASD_ERROR_BUFFER_TOO_SMALL, "9");
  ASSERT_FAILS(casd_model_options_text(buffer, 8, NULL, &o, "width"), CASD_ERROR_NOT_FOUND,
               "width");
  ASSERT_INVALID(casd_model_options_text(buffer, 8, NULL, NULL, "hidden"), "NULL");
  ASSERT_INVALID(casd_model_options_text(buffer, 8, NULL, &o, NULL), "NULL");
  ASSERT_INVALID(casd_model_options_text(NULL, 0, NULL, &o, "hidden"), "NULL");
}

static void user_values_can_be_listed(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES), *one = NULL, *two = NULL;
  (void)state;
  assert_int_equal(casd_model_user_count(NULL), -1);
  assert_int_equal(casd_model_user_count(model), 0);
  ASSERT_OK(casd_model_with_user_value(&one, model, "user.b", "1"));
  ASSERT_OK(casd_model_with_user_value(&two, one, "user.a", "2"));
  assert_int_equal(casd_model_user_count(two), 2);
  assert_string_equal(casd_model_user_key(two, 0), "user.b"); /* in the order of the file */
  assert_string_equal(casd_model_user_key(two, 1), "user.a");
  assert_null(casd_model_user_key(two, 2));
  assert_null(casd_model_user_key(two, -1));
  assert_null(casd_model_user_key(NULL, 0));
  casd_model_destroy(two);
  casd_model_destroy(one);
  casd_model_destroy(model);
}

static void user_values_have_a_limit(void **state) {
  casd_model *model = new_model(CASD_TASK_CLASSES), *next = NULL;
  char key[32];
  int i;
  (void)state;
  for (i = 0; i < 4000; ++i) {
    snprintf(key, sizeof key, "user.%d", i);
    ASSERT_OK(casd_model_with_user_value(&next, model, key, ""));
    casd_model_destroy(model);
    model = next;
  }
  ASSERT_OK(casd_model_save(model, PATH));
  ASSERT_OK(casd_model_load(&next, PATH));
  assert_int_equal(casd_model_user_count(next), 4000);
  casd_model_destroy(next);
  next = NULL;
  ASSERT_INVALID(casd_model_with_user_value(&next, model, "user.more", ""), "4000");
  assert_null(next);
  ASSERT_OK(casd_model_with_user_value(&next, model, "user.7", "changed"));
  casd_model_destroy(next);
  casd_model_destroy(model);
  remove(PATH);
}

static void feature_names_are_kept(void **state) {
  casd_schema *schema = new_schema(CASD_TASK_CLASSES), *kept = NULL;
  casd_model_options o = small_model_options();
  casd_model *model = NULL, *loaded = NULL;
  (void)state;
  ASSERT_OK(casd_schema_set_feature_name(schema, 1, 0, "pitch"));
  ASSERT_OK(casd_schema_set_feature_name(schema, 1, 2, "energy"));
  ASSERT_OK(casd_model_create(&model, schema, &o));
  ASSERT_OK(casd_model_save(model, PATH));
  ASSERT_OK(casd_model_load(&loaded, PATH));
  assert_non_null(strstr(casd_model_info(loaded), "\"feature_names\":[\"pitch\",\"\",\"energy\"]"));
  ASSERT_OK(casd_model_schema(&kept, loaded));
  assert_string_equal(casd_schema_feature_name(kept, 1, 0), "pitch");
  assert_string_equal(casd_schema_feature_name(kept, 1, 2), "energy");
  casd_schema_destroy(kept);
  casd_schema_destroy(schema);
  casd_model_destroy(model);
  casd_model_destroy(loaded);
  remove(PATH);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_have_their_defaults),
      cmocka_unit_test(recipes_presets_and_names_set_fields),
      cmocka_unit_test(invalid_options_are_rejected),
      cmocka_unit_test(options_can_be_listed_and_read),
      cmocka_unit_test(user_values_can_be_listed),
      cmocka_unit_test(create_checks_every_option),
      cmocka_unit_test(a_preset_applies_to_a_later_width),
      cmocka_unit_test(create_checks_struct_and_schema),
      cmocka_unit_test(a_model_describes_itself),
      cmocka_unit_test(seeds_determine_the_weights),
      cmocka_unit_test(files_load_and_save_to_the_same_bytes),
      cmocka_unit_test(invalid_calls_of_load_and_save_are_rejected),
      cmocka_unit_test(truncated_files_are_rejected),
      cmocka_unit_test(corrupted_files_are_rejected),
      cmocka_unit_test(other_files_are_described),
      cmocka_unit_test(newer_files_are_reported),
      cmocka_unit_test(user_values_are_kept),
      cmocka_unit_test(user_values_have_a_limit),
      cmocka_unit_test(feature_names_are_kept),
  };
  return cmocka_run_group_tests_name("model", tests, NULL, nothing_is_left);
}
