#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void assert_ok_(casd_status status, const char *call, const char *file, int line) {
  if (status == CASD_OK) return;
  print_error("%s: %s: %s\n", call, casd_status_name(status), casd_last_error());
  _fail(file, line);
}

void assert_fails_(casd_status status, casd_status expected, const char *words, const char *call,
                   const char *file, int line) {
  if (status == expected && strstr(casd_last_error(), words) != NULL) return;
  print_error("%s: expected %s with \"%s\", got %s: %s\n", call, casd_status_name(expected), words,
              casd_status_name(status), casd_last_error());
  _fail(file, line);
}

int nothing_is_left(void **state) {
  const long long left = (long long)casd_live_objects(), bytes = (long long)casd_live_bytes();
  (void)state;
  if (left != 0) fprintf(stderr, "%lld objects were not destroyed\n", left);
  if (bytes != 0) fprintf(stderr, "%lld bytes were not released\n", bytes);
  return left == 0 && bytes == 0 ? 0 : -1;
}

casd_schema *new_schema(casd_task task) {
  casd_schema *schema = NULL;
  ASSERT_OK(casd_schema_create(&schema));
  ASSERT_OK(casd_schema_add_modality(schema, "language", 5));
  ASSERT_OK(casd_schema_add_modality(schema, "audio", 3));
  ASSERT_OK(casd_schema_add_modality(schema, "visual", 4));
  ASSERT_OK(casd_schema_set_task(schema, task));
  ASSERT_OK(casd_schema_add_output(schema, "negative"));
  ASSERT_OK(casd_schema_add_output(schema, "positive"));
  ASSERT_OK(casd_schema_add_output(schema, "neutral"));
  return schema;
}

casd_model_options small_model_options(void) {
  casd_model_options options;
  ASSERT_OK(casd_model_options_init(&options, sizeof options));
  options.hidden = 8;
  options.heads = 2;
  options.layers = 1;
  options.max_steps = 16;
  return options;
}

casd_model *new_model(casd_task task) {
  casd_schema *schema = new_schema(task);
  casd_model_options options = small_model_options();
  casd_model *model = NULL;
  ASSERT_OK(casd_model_create(&model, schema, &options));
  casd_schema_destroy(schema);
  return model;
}

casd_batch *new_batch(casd_task task, int64_t samples) {
  casd_schema *schema = new_schema(task);
  casd_batch *batch = NULL;
  uint32_t noise = 1;
  int64_t sample;
  ASSERT_OK(casd_batch_create(&batch, schema));
  for (sample = 0; sample < samples; ++sample) {
    int32_t modality;
    ASSERT_OK(casd_batch_add_sample(NULL, batch));
    for (modality = 0; modality < 3; ++modality) {
      const int32_t features = casd_schema_modality_features(schema, modality);
      const size_t steps = 1 + (size_t)(sample + modality) % 6;
      const size_t count = steps * (size_t)features;
      float values[6 * 5];
      size_t i;
      for (i = 0; i < count; ++i) {
        noise = noise * 1664525u + 1013904223u; /* a linear congruential generator will do */
        values[i] = (float)(noise >> 8) / 8388608.0f - 1.0f;
      }
      ASSERT_OK(
          casd_batch_set_frames(batch, sample, modality, values, (int64_t)steps, features, 0));
    }
  }
  casd_schema_destroy(schema);
  return batch;
}

casd_dataset *new_data(casd_task task, uint64_t seed) {
  casd_synthetic_options options;
  casd_dataset *data = NULL;
  ASSERT_OK(casd_synthetic_options_init(&options, sizeof options));
  options.task = task;
  options.train_samples = 40;
  options.valid_samples = 30;
  options.test_samples = 1;
  options.max_steps = 5;
  options.seed = seed;
  ASSERT_OK(casd_dataset_create_synthetic(&data, &options));
  return data;
}

casd_model *new_model_for(const casd_dataset *data, int32_t hidden, uint64_t seed) {
  casd_schema *schema = NULL;
  casd_model *model = NULL;
  casd_model_options options = small_model_options();
  options.hidden = hidden;
  options.seed = seed;
  ASSERT_OK(casd_dataset_schema(&schema, data));
  ASSERT_OK(casd_model_create(&model, schema, &options));
  casd_schema_destroy(schema);
  return model;
}

unsigned char *model_bytes(const casd_model *model, size_t *size) {
  unsigned char *bytes;
  ASSERT_OK(casd_model_save_memory(NULL, 0, size, model)); /* queries the size */
  bytes = malloc(*size);
  assert_non_null(bytes);
  ASSERT_OK(casd_model_save_memory(bytes, *size, size, model));
  return bytes;
}

void write_bytes(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

void write_text(const char *path, const char *text) { write_bytes(path, text, strlen(text)); }
