/**
 * @file casd.h
 * @brief CASD: multimodal learning with missing modalities and uncertainty estimates.
 *
 * Includes every header. A complete use, without error handling:
 *
 * @code{.c}
 * #include <casd/casd.h>
 *
 * casd_dataset *data;      // features over time, split into train and valid
 * casd_schema *schema;     // which modalities and outputs there are
 * casd_model *fresh, *model;
 * casd_trainer *trainer;
 * casd_predictor *predictor;
 * casd_prediction *prediction;
 * casd_batch *batch;
 *
 * casd_dataset_open(&data, "mosi.h5", "classes:negative,positive");
 * casd_dataset_schema(&schema, data);
 * casd_model_create(&fresh, schema, NULL);
 *
 * casd_trainer_create(&trainer, fresh, NULL);
 * casd_trainer_fit(trainer, data, NULL, NULL, NULL);  // teacher, then student, then calibration
 * casd_trainer_snapshot(&model, trainer);
 * casd_model_save(model, "mood.casd");
 *
 * casd_predictor_create(&predictor, model, NULL);
 * casd_prediction_create(&prediction);
 * casd_batch_create(&batch, schema);
 * casd_dataset_read(batch, data, "valid", NULL, 10);
 * casd_predict(prediction, predictor, batch, 1u << 0);  // uses only modality 0
 * const float *p = casd_prediction_data(prediction, CASD_FIELD_PROBABILITIES);
 * const float *u = casd_prediction_data(prediction, CASD_FIELD_MODALITY_VARIANCE);
 * @endcode
 *
 * base.h: errors, log, threads. schema.h: modalities and outputs. model.h: weights and file.
 * batch.h: samples. predict.h: predictions. dataset.h: data. train.h: training. evaluate.h: metrics.
 * calibrate.h: calibration of a trained model on other data. monitor.h: detection of changed input.
 */
#ifndef CASD_CASD_H
#define CASD_CASD_H

#include "base.h"
#include "batch.h"
#include "calibrate.h"
#include "dataset.h"
#include "evaluate.h"
#include "model.h"
#include "monitor.h"
#include "predict.h"
#include "schema.h"
#include "train.h"

#endif
