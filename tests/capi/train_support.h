/* Shared by the tests of training. */
#ifndef CASD_TESTS_TRAIN_SUPPORT_H
#define CASD_TESTS_TRAIN_SUPPORT_H

#include "support.h"

/* Small enough to train both phases quickly. */
casd_trainer_options small_options(void);

struct training {
  casd_dataset *data;
  casd_model *model;
  casd_trainer *trainer;
  casd_batch *batch; /* 8 samples of split train */
};

/* Creates all objects. */
void begin_training(struct training *f, casd_task task, const casd_trainer_options *options);
void end_training(struct training *f);

/* The bytes of the trainer's current model; free() them. */
unsigned char *snapshot_bytes(casd_trainer *trainer, size_t *size);

/* Fails unless the trainers' current models save to the same bytes. */
void assert_same_model(casd_trainer *a, casd_trainer *b);

casd_train_stats new_stats(void);

#endif
