/* Training by epochs, cancelling it, and checkpoints. */
#include "train_support.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKPOINT "test_train_fit.checkpoint"

struct progress_record {
  int calls;
  int cancel_at;
  casd_phase last_phase;
};

static int32_t CASD_CALL record_progress(const casd_train_progress *progress, void *user) {
  struct progress_record *w = user;
  w->last_phase = progress->phase;
  assert_int_equal(progress->steps, 3);
  return ++w->calls == w->cancel_at;
}

static void epochs_and_fit_give_the_same_bits(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_trainer *other = NULL;
  casd_train_stats stats = new_stats();
  casd_train_progress progress;
  casd_model *trained = NULL;
  struct progress_record w = {0, -1, -1};
  casd_model_options chosen;
  double temperature = 0;
  int epochs = 0;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, record_progress, &w), CASD_OK);
  assert_int_equal(w.calls, 6 * 3); /* the teacher with each pooling, the student */
  assert_int_equal(w.last_phase, CASD_PHASE_STUDENT);
  assert_int_equal(casd_trainer_phase(f.trainer), CASD_PHASE_DONE);
  assert_int_equal(casd_trainer_epoch(&stats, f.trainer, f.data), CASD_ERROR_STATE);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, NULL, NULL), CASD_ERROR_STATE);
  assert_int_equal(casd_train_step(&stats, f.trainer, f.batch), CASD_ERROR_STATE);
  memset(&progress, 0, sizeof progress);
  progress.struct_size = sizeof progress;
  assert_int_equal(casd_trainer_progress(&progress, f.trainer), CASD_OK);
  assert_int_equal(progress.steps, 3);
  assert_int_equal(progress.epochs, 2);
  assert_int_equal(casd_trainer_snapshot(&trained, f.trainer), CASD_OK);
  assert_int_equal(casd_trainer_pooling(f.trainer), CASD_POOLING_AUTO);
  assert_int_equal(casd_model_options_init(&chosen, sizeof chosen), CASD_OK);
  assert_int_equal(casd_model_get_options(&chosen, trained), CASD_OK);
  assert_true(chosen.pooling == CASD_POOLING_LAST || chosen.pooling == CASD_POOLING_MEAN);
  assert_int_equal(casd_model_temperature(&temperature, trained, CASD_ALL_MODALITIES), CASD_OK);
  assert_true(temperature != 1);

  assert_int_equal(casd_trainer_create(&other, f.model, &options), CASD_OK);
  do {
    assert_int_equal(casd_trainer_epoch(&stats, other, f.data), CASD_OK);
    assert_int_equal(stats.samples, 40);
    assert_true(isfinite(stats.loss));
    assert_true(stats.score >= 0 && stats.score <= stats.best_score && stats.best_score <= 100);
    ++epochs;
  } while (stats.go_on);
  assert_int_equal(epochs, 6);
  assert_same_model(f.trainer, other);
  casd_trainer_destroy(other);
  casd_model_destroy(trained);
  end_training(&f);
}

static void a_cancelled_fit_resumes_to_the_same_bits(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_trainer *resumed = NULL;
  casd_dataset *other;
  /* During the teacher phase, at its end, during the student phase, and just before the end. */
  const int moments[] = {2, 6, 7, 11};
  size_t i;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  other = new_data(CASD_TASK_CLASSES, 2);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, NULL, NULL), CASD_OK);
  for (i = 0; i < sizeof moments / sizeof *moments; ++i) {
    struct progress_record w = {0, 0, -1};
    w.cancel_at = moments[i];
    assert_int_equal(casd_trainer_create(&resumed, f.model, &options), CASD_OK);
    assert_int_equal(casd_trainer_fit(resumed, f.data, CHECKPOINT, record_progress, &w),
                     CASD_ERROR_CANCELLED);
    casd_trainer_destroy(resumed);
    resumed = NULL;
    assert_int_equal(casd_trainer_load(&resumed, CHECKPOINT), CASD_OK);
    assert_int_equal(casd_trainer_epoch(NULL, resumed, other), CASD_ERROR_INVALID_ARGUMENT);
    assert_int_equal(casd_trainer_fit(resumed, f.data, CHECKPOINT, NULL, NULL), CASD_OK);
    assert_same_model(f.trainer, resumed);
    casd_trainer_destroy(resumed);
    resumed = NULL;
  }
  casd_dataset_destroy(other);
  remove(CHECKPOINT);
  end_training(&f);
}

/* The mean of a field over the rows of split valid; of column `column` of `columns`, or of all. */
static double mean_of(const casd_prediction *prediction, casd_field field, int column) {
  const float *values = casd_prediction_data(prediction, field);
  double sum = 0, count = 0;
  int64_t rows = 0, columns = 0, i, k;
  assert_int_equal(casd_prediction_shape(&rows, &columns, prediction, field), CASD_OK);
  for (i = 0; i < rows; ++i)
    for (k = 0; k < columns; ++k)
      if (column < 0 || k == column) {
        sum += values[i * columns + k];
        ++count;
      }
  return sum / count;
}

static void the_monitor_has_the_means_of_the_finished_model(void **state) {
  const casd_train_quantity of_modality[] = {CASD_TRAIN_DEGREES_OF_FREEDOM, CASD_TRAIN_WEIGHT,
                                             CASD_TRAIN_VARIANCE};
  const casd_field fields[] = {CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM, CASD_FIELD_MODALITY_WEIGHT,
                               CASD_FIELD_MODALITY_VARIANCE};
  struct training f;
  casd_trainer_options options = small_options();
  casd_model *trained = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  casd_report *report = NULL;
  double value = 0, f1 = 0;
  int32_t m, q;
  casd_modality_mask mask;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_UNCERTAINTY, 1),
                   CASD_OK);
  assert_true(isnan(value));
  assert_null(casd_trainer_remark(f.trainer, 0));
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, NULL, NULL), CASD_OK);

  assert_int_equal(casd_trainer_snapshot(&trained, f.trainer), CASD_OK);
  assert_int_equal(casd_predictor_create(&predictor, trained, NULL), CASD_OK);
  assert_int_equal(casd_prediction_create(&prediction), CASD_OK);
  assert_int_equal(casd_evaluate(&report, predictor, f.data, "valid", NULL, NULL, NULL), CASD_OK);
  casd_batch_clear(f.batch);
  assert_int_equal(casd_dataset_read(f.batch, f.data, "valid", NULL,
                                     (size_t)casd_dataset_size(f.data, "valid")),
                   CASD_OK);
  for (mask = 1; mask < 8; ++mask) {
    char name[64] = "";
    assert_int_equal(casd_predict(prediction, predictor, f.batch, mask), CASD_OK);
    assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_UNCERTAINTY, mask),
                     CASD_OK);
    assert_true(fabs(value - mean_of(prediction, CASD_FIELD_UNCERTAINTY, 0)) < 1e-6);
    assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_SCALE, mask),
                     CASD_OK);
    assert_true(fabs(value - mean_of(prediction, CASD_FIELD_SCALE, -1)) < 1e-6);
    for (m = 0; m < 3; ++m)
      if (mask >> m & 1u)
        snprintf(name + strlen(name), sizeof name - strlen(name), "%s%s", *name ? "+" : "",
                 (const char *[]){"language", "audio", "visual"}[m]);
    assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_SCORE, mask),
                     CASD_OK);
    assert_int_equal(casd_report_value(&f1, report, name, "f1"), CASD_OK);
    assert_true(fabs(value - f1) < 1e-9);
  }
  /* The last prediction is that of all modalities. */
  for (m = 0; m < 3; ++m)
    for (q = 0; q < 3; ++q) {
      assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, of_modality[q], 1u << m),
                       CASD_OK);
      assert_true(fabs(value - mean_of(prediction, fields[q], m)) < 1e-5);
    }
  assert_int_equal(
      casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_SCORE, CASD_ALL_MODALITIES),
      CASD_OK);
  assert_true(fabs(value - f1) < 1e-9);

  assert_non_null(strstr(casd_trainer_remark(f.trainer, 0), "too few steps"));
  for (m = 0; casd_trainer_remark(f.trainer, m); ++m) {
  }
  assert_true(m >= 1 && m < 10);
  assert_null(casd_trainer_remark(f.trainer, -1));
  assert_null(casd_trainer_remark(NULL, 0));
  assert_non_null(strstr(casd_report_json(report), "\"modalities\":{\"language\":{"));

  casd_report_destroy(report);
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_model_destroy(trained);
  end_training(&f);
}

static void the_monitor_rejects_what_does_not_exist(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  double value = 0;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_epoch(NULL, f.trainer, f.data), CASD_OK);
  assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_WEIGHT, 2), CASD_OK);
  assert_true(value > 0 && value < 1);
  assert_int_equal(casd_trainer_monitor_value(NULL, f.trainer, CASD_TRAIN_WEIGHT, 2),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_monitor_value(&value, NULL, CASD_TRAIN_WEIGHT, 2),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_WEIGHT, 0),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_WEIGHT, 8),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_WEIGHT, 3),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, -1, 1),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_monitor_value(&value, f.trainer, CASD_TRAIN_SCORE + 1, 1),
                   CASD_ERROR_INVALID_ARGUMENT);
  end_training(&f);
}

static casd_trainer *interrupted;

static void on_signal(int number) {
  (void)number;
  casd_trainer_cancel(interrupted);
}

static int32_t CASD_CALL raising(const casd_train_progress *progress, void *user) {
  (void)progress;
  (void)user;
  raise(SIGINT);
  return 0;
}

static void cancel_works_in_a_signal_handler(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_train_progress progress;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  interrupted = f.trainer;
  assert_true(signal(SIGINT, on_signal) != SIG_ERR);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, NULL, raising, NULL), CASD_ERROR_CANCELLED);
  signal(SIGINT, SIG_DFL);
  memset(&progress, 0, sizeof progress);
  progress.struct_size = sizeof progress;
  assert_int_equal(casd_trainer_progress(&progress, f.trainer), CASD_OK);
  assert_int_equal(progress.step, 1);
  /* The request is cleared by the call that it stops. */
  assert_int_equal(casd_trainer_epoch(NULL, f.trainer, f.data), CASD_OK);
  casd_trainer_cancel(f.trainer);
  assert_int_equal(casd_trainer_epoch(NULL, f.trainer, f.data), CASD_ERROR_CANCELLED);
  assert_int_equal(casd_trainer_epoch(NULL, f.trainer, f.data), CASD_OK);
  end_training(&f);
}

/* Replaces a byte of the file CHECKPOINT, or truncates the file there. */
static void damage(long at, int cut) {
  FILE *file = fopen(CHECKPOINT, "rb");
  unsigned char *bytes;
  long size;
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  size = ftell(file);
  rewind(file);
  if (at < 0) at += size;
  bytes = malloc((size_t)size);
  assert_non_null(bytes);
  assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
  fclose(file);
  bytes[at] ^= 1;
  file = fopen(CHECKPOINT, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, (size_t)(cut ? at : size), file), cut ? at : size);
  fclose(file);
  free(bytes);
}

/* Increases the format version in the file CHECKPOINT. */
static void make_newer(void) {
  static const char key[] = "\"casd.checkpoint\":\"";
  char start[4096];
  FILE *file = fopen(CHECKPOINT, "r+b");
  size_t got, i;
  assert_non_null(file);
  got = fread(start, 1, sizeof start, file);
  for (i = 0; i + sizeof key < got; ++i)
    if (memcmp(start + i, key, sizeof key - 1) == 0) break;
  assert_true(i + sizeof key < got);
  fseek(file, (long)(i + sizeof key - 1), SEEK_SET);
  fputc('9', file);
  fclose(file);
}

static void a_checkpoint_loads_on_every_engine_that_trains(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_engine_info info;
  casd_trainer *loaded = NULL;
  struct progress_record w = {0, 0, -1};
  int32_t i;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  w.cancel_at = 3;
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, CHECKPOINT, record_progress, &w),
                   CASD_ERROR_CANCELLED);
  assert_int_equal(casd_trainer_load_on(NULL, CHECKPOINT, CASD_ENGINE_AUTO),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_load_on(&loaded, NULL, CASD_ENGINE_AUTO),
                   CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_trainer_load_on(&loaded, CHECKPOINT, 99), CASD_ERROR_INVALID_ARGUMENT);
  assert_int_equal(casd_engine_info_init(&info, sizeof info), CASD_OK);
  for (i = 0; casd_engine_get_info(&info, i) == CASD_OK; ++i) {
    const casd_engine_choice choice =
        strcmp(info.name, "cpu") == 0 ? CASD_ENGINE_CPU : CASD_ENGINE_TORCH;
    if (info.device != CASD_DEVICE_CPU) continue;
    if (!info.trains) {
      assert_int_equal(casd_trainer_load_on(&loaded, CHECKPOINT, choice), CASD_ERROR_UNAVAILABLE);
      continue;
    }
    assert_int_equal(casd_trainer_load_on(&loaded, CHECKPOINT, choice), CASD_OK);
    assert_int_equal(casd_trainer_get_options(&options, loaded), CASD_OK);
    assert_int_equal(options.engine, choice);
    assert_int_equal(casd_trainer_fit(loaded, f.data, NULL, NULL, NULL), CASD_OK);
    casd_trainer_destroy(loaded);
    loaded = NULL;
  }
  remove(CHECKPOINT);
  end_training(&f);
}

static void damaged_checkpoints_are_rejected(void **state) {
  struct training f;
  casd_trainer_options options = small_options();
  casd_trainer *loaded = NULL;
  (void)state;
  begin_training(&f, CASD_TASK_CLASSES, &options);
  assert_int_equal(casd_trainer_save(f.trainer, "no/such/folder/checkpoint"), CASD_ERROR_IO);
  assert_int_equal(casd_trainer_fit(f.trainer, f.data, "no/such/folder/checkpoint", NULL, NULL),
                   CASD_ERROR_IO);
  assert_int_equal(casd_trainer_load(&loaded, "no/such/checkpoint"), CASD_ERROR_IO);
  assert_int_equal(casd_trainer_save(f.trainer, CHECKPOINT), CASD_OK);
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_OK);
  assert_same_model(f.trainer, loaded);
  casd_trainer_destroy(loaded);
  loaded = NULL;
  damage(-1, 0);
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_ERROR_FORMAT);
  assert_int_equal(casd_trainer_save(f.trainer, CHECKPOINT), CASD_OK);
  damage(-100, 1);
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_ERROR_FORMAT);
  assert_int_equal(casd_model_save(f.model, CHECKPOINT), CASD_OK);
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_ERROR_FORMAT);
  assert_int_equal(casd_trainer_save(f.trainer, CHECKPOINT), CASD_OK);
  make_newer();
  assert_int_equal(casd_trainer_load(&loaded, CHECKPOINT), CASD_ERROR_VERSION);
  assert_null(loaded);
  remove(CHECKPOINT);
  end_training(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(epochs_and_fit_give_the_same_bits),
      cmocka_unit_test(a_cancelled_fit_resumes_to_the_same_bits),
      cmocka_unit_test(the_monitor_has_the_means_of_the_finished_model),
      cmocka_unit_test(the_monitor_rejects_what_does_not_exist),
      cmocka_unit_test(cancel_works_in_a_signal_handler),
      cmocka_unit_test(a_checkpoint_loads_on_every_engine_that_trains),
      cmocka_unit_test(damaged_checkpoints_are_rejected),
  };
  return cmocka_run_group_tests(tests, NULL, nothing_is_left);
}
