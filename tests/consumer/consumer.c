/* Creates a model, trains it and predicts, to check that headers and library match and that both work
 * without any plug-in. */
#include <casd/casd.h>
#include <stdio.h>

int main(void) {
  casd_schema *schema = NULL;
  casd_model *model = NULL, *trained = NULL;
  casd_batch *batch = NULL;
  casd_trainer_options options;
  casd_trainer *trainer = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  const float calm_frame[3] = {0.5f, -1.0f, 2.0f}, angry_frame[3] = {-0.5f, 1.0f, 1.0f};
  const float calm = 0, angry = 1;
  const char *predicted = "nothing";
  int step;

  if (casd_version() / 100 != CASD_VERSION_MAJOR * 100 + CASD_VERSION_MINOR) return 1;
  if (casd_schema_create(&schema) == CASD_OK &&
      casd_schema_add_modality(schema, "voice", 3) == CASD_OK &&
      casd_schema_add_output(schema, "calm") == CASD_OK &&
      casd_schema_add_output(schema, "angry") == CASD_OK &&
      casd_model_create(&model, schema, NULL) == CASD_OK &&
      casd_batch_create(&batch, schema) == CASD_OK &&
      casd_batch_add_sample(NULL, batch) == CASD_OK &&
      casd_batch_set_frames(batch, 0, 0, calm_frame, 1, 3, 0) == CASD_OK &&
      casd_batch_set_target(batch, 0, &calm, 1) == CASD_OK &&
      casd_batch_add_sample(NULL, batch) == CASD_OK &&
      casd_batch_set_frames(batch, 1, 0, angry_frame, 1, 3, 0) == CASD_OK &&
      casd_batch_set_target(batch, 1, &angry, 1) == CASD_OK &&
      casd_trainer_options_init(&options, sizeof options) == CASD_OK &&
      casd_trainer_create(&trainer, model, &options) == CASD_OK &&
      casd_trainer_prepare_batch(trainer, batch) == CASD_OK) {
    for (step = 0; step < 50; ++step)
      if (casd_train_step(NULL, trainer, batch) != CASD_OK) break;
    if (step == 50 && casd_trainer_snapshot(&trained, trainer) == CASD_OK &&
        casd_predictor_create(&predictor, trained, NULL) == CASD_OK &&
        casd_prediction_create(&prediction) == CASD_OK &&
        casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES) == CASD_OK) {
      const float *p = casd_prediction_data(prediction, CASD_FIELD_PROBABILITIES);
      if (p[0] > p[1] && p[3] > p[2]) predicted = "what it was trained on";
    }
  }
  if (predicted[0] == 'n') fprintf(stderr, "%s\n", casd_last_error());
  printf("casd %s predicts %s\n", casd_version_string(), predicted);
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_trainer_destroy(trainer);
  casd_batch_destroy(batch);
  casd_model_destroy(trained);
  casd_model_destroy(model);
  casd_schema_destroy(schema);
  return casd_live_objects() != 0;
}
