/* Creates a model and predicts, to check that headers and library match. */
#include <casd/casd.h>
#include <stdio.h>

int main(void) {
  casd_schema *schema = NULL;
  casd_model *model = NULL;
  casd_batch *batch = NULL;
  casd_predictor *predictor = NULL;
  casd_prediction *prediction = NULL;
  const float frame[3] = {0.5f, -1.0f, 2.0f};
  const char *predicted = "nothing";

  if (casd_version() / 100 != CASD_VERSION_MAJOR * 100 + CASD_VERSION_MINOR) return 1;
  if (casd_schema_create(&schema) == CASD_OK &&
      casd_schema_add_modality(schema, "voice", 3) == CASD_OK &&
      casd_schema_add_output(schema, "calm") == CASD_OK &&
      casd_schema_add_output(schema, "angry") == CASD_OK &&
      casd_model_create(&model, schema, NULL) == CASD_OK &&
      casd_batch_create(&batch, schema) == CASD_OK &&
      casd_batch_add_sample(NULL, batch) == CASD_OK &&
      casd_batch_set_frames(batch, 0, 0, frame, 1, 3, 0) == CASD_OK &&
      casd_predictor_create(&predictor, model, NULL) == CASD_OK &&
      casd_prediction_create(&prediction) == CASD_OK &&
      casd_predict(prediction, predictor, batch, CASD_ALL_MODALITIES) == CASD_OK) {
    const float *p = casd_prediction_data(prediction, CASD_FIELD_PROBABILITIES);
    predicted = casd_schema_output_name(schema, p[1] > p[0]);
  } else {
    fprintf(stderr, "%s\n", casd_last_error());
  }
  printf("casd %s predicts %s\n", casd_version_string(), predicted);
  casd_prediction_destroy(prediction);
  casd_predictor_destroy(predictor);
  casd_batch_destroy(batch);
  casd_model_destroy(model);
  casd_schema_destroy(schema);
  return casd_live_objects() != 0;
}
