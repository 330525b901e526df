/* Trains a model, evaluates it with every set of modalities, and saves it.
 * Usage: train MODEL.casd [DATA.h5 | DATA.csv]      (without DATA: synthetic data) */
#include <casd/casd.h>
#include <stdio.h>
#include <stdlib.h>

static void check(casd_status status) {
  if (status == CASD_OK) return;
  fprintf(stderr, "%s: %s\n", casd_status_name(status), casd_last_error());
  exit(1);
}

/* Called after every step. A result other than 0 would cancel the training. */
static int32_t CASD_CALL show(const casd_train_progress *progress, void *user) {
  (void)user;
  if (progress->step == progress->steps)
    printf("%s %2d of at most %d: loss %.3f, score %.2f\n",
           progress->phase == CASD_PHASE_TEACHER ? "teacher" : "student", progress->epoch + 1,
           progress->epochs, progress->loss, progress->score);
  return 0;
}

static casd_dataset *open_data(const char *path) {
  casd_dataset *data = NULL;
  check(path != NULL ? casd_dataset_open(&data, path, NULL)
                     : casd_dataset_create_synthetic(&data, NULL));
  return data;
}

/* Trains teacher and student, and calibrates. */
static casd_model *train(const casd_dataset *data) {
  casd_schema *schema = NULL;
  casd_model *untrained = NULL, *trained = NULL;
  casd_trainer *trainer = NULL;
  casd_trainer_options options;
  check(casd_dataset_schema(&schema, data));
  check(casd_model_create(&untrained, schema, NULL));
  check(casd_trainer_options_init(&options, sizeof options));
  options.seed = 7;
  check(casd_trainer_create(&trainer, untrained, &options));
  check(casd_trainer_fit(trainer, data, NULL, show, NULL));
  check(casd_trainer_snapshot(&trained, trainer));
  casd_trainer_destroy(trainer);
  casd_model_destroy(untrained);
  casd_schema_destroy(schema);
  return trained;
}

static void evaluate(const casd_model *model, const casd_dataset *data) {
  casd_predictor *predictor = NULL;
  casd_report *report = NULL;
  int32_t i;
  check(casd_predictor_create(&predictor, model, NULL));
  check(casd_evaluate(&report, predictor, data, "valid", NULL, NULL, NULL));
  for (i = 0; i < casd_report_condition_count(report); ++i) {
    const char *condition = casd_report_condition(report, i);
    double f1 = 0, uncertainty = 0;
    check(casd_report_value(&f1, report, condition, "f1"));
    check(casd_report_value(&uncertainty, report, condition, "uncertainty"));
    printf("%-24s F1 %5.1f %%   uncertainty %.3f\n", condition, f1, uncertainty);
  }
  casd_report_destroy(report);
  casd_predictor_destroy(predictor);
}

int main(int argc, char **argv) {
  casd_dataset *data;
  casd_model *model;
  if (argc != 2 && argc != 3) return fprintf(stderr, "usage: train MODEL.casd [DATA]\n"), 2;
  data = open_data(argc == 3 ? argv[2] : NULL);
  model = train(data);
  evaluate(model, data);
  check(casd_model_save(model, argv[1]));
  printf("saved %s\n", argv[1]);
  casd_model_destroy(model);
  casd_dataset_destroy(data);
  return 0;
}
