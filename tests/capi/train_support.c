#include "train_support.h"

#include <stdlib.h>
#include <string.h>

casd_trainer_options small_options(void) {
  casd_trainer_options options;
  assert_int_equal(casd_trainer_options_init(&options, sizeof options), CASD_OK);
  options.teacher_epochs = 2;
  options.epochs = 2;
  options.select_from = 0;
  options.batch_size = 16;
  options.seed = 3;
  return options;
}

void begin_training(struct training *f, casd_task task, const casd_trainer_options *options) {
  casd_schema *schema = NULL;
  memset(f, 0, sizeof *f);
  f->data = new_data(task, 1);
  f->model = new_model_for(f->data, 8, 0);
  assert_int_equal(casd_dataset_schema(&schema, f->data), CASD_OK);
  assert_int_equal(casd_batch_create(&f->batch, schema), CASD_OK);
  casd_schema_destroy(schema);
  assert_int_equal(casd_dataset_read(f->batch, f->data, "train", NULL, 8), CASD_OK);
  assert_int_equal(casd_trainer_create(&f->trainer, f->model, options), CASD_OK);
}

void end_training(struct training *f) {
  casd_trainer_destroy(f->trainer);
  casd_batch_destroy(f->batch);
  casd_model_destroy(f->model);
  casd_dataset_destroy(f->data);
}

unsigned char *snapshot_bytes(casd_trainer *trainer, size_t *size) {
  casd_model *model = NULL;
  unsigned char *bytes;
  ASSERT_OK(casd_trainer_snapshot(&model, trainer));
  bytes = model_bytes(model, size);
  casd_model_destroy(model);
  return bytes;
}

void assert_same_model(casd_trainer *a, casd_trainer *b) {
  size_t size_a = 0, size_b = 0;
  unsigned char *bytes_a = snapshot_bytes(a, &size_a), *bytes_b = snapshot_bytes(b, &size_b);
  assert_int_equal(size_a, size_b);
  assert_memory_equal(bytes_a, bytes_b, size_a);
  free(bytes_a);
  free(bytes_b);
}

casd_train_stats new_stats(void) {
  casd_train_stats stats;
  memset(&stats, 0, sizeof stats);
  stats.struct_size = sizeof stats;
  return stats;
}
