/* Shared by the tests of the C ABI. */
#ifndef CASD_TESTS_SUPPORT_H
#define CASD_TESTS_SUPPORT_H

/* Required before cmocka.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <casd/casd.h>

/* Fails with the library's error message. */
#define ASSERT_OK(call) assert_ok_((call), #call, __FILE__, __LINE__)

/* Fails unless `call` returns `status` and the message contains `words`. */
#define ASSERT_FAILS(call, status, words) \
  assert_fails_((call), (status), (words), #call, __FILE__, __LINE__)

#define ASSERT_INVALID(call, words) ASSERT_FAILS(call, CASD_ERROR_INVALID_ARGUMENT, words)

void assert_ok_(casd_status status, const char *call, const char *file, int line);
void assert_fails_(casd_status status, casd_status expected, const char *words, const char *call,
                   const char *file, int line);

/* Group teardown: fails if an object was not destroyed or memory was not released. */
int nothing_is_left(void **state);

/* language 5, audio 3, visual 4 features; classes negative, positive, neutral; the same number of
 * outputs for regression and multi-label. */
casd_schema *new_schema(casd_task task);

/* A small network for this schema: hidden 8, 2 heads, 1 layer, at most 16 frames. */
casd_model_options small_model_options(void);
casd_model *new_model(casd_task task);

/* `samples` samples with all modalities, 1 to 6 frames, features from a fixed sequence. */
casd_batch *new_batch(casd_task task, int64_t samples);

/* A synthetic dataset: 40 samples in train, 30 in valid, 1 in test, up to 5 frames. */
casd_dataset *new_data(casd_task task, uint64_t seed);

/* A model for it, as small_model_options() but with this width and seed. */
casd_model *new_model_for(const casd_dataset *data, int32_t hidden, uint64_t seed);

/* The bytes that the model saves to; free() them. */
unsigned char *model_bytes(const casd_model *model, size_t *size);

void write_bytes(const char *path, const void *bytes, size_t size);
void write_text(const char *path, const char *text);

#endif
