// The contents of the opaque handles of the C ABI, and a count of live handles.
#pragma once

#include "data/dataset.h"
#include "eval/report.h"
#include "model/batch.h"
#include "model/model_text.h"
#include "predict/monitor.h"
#include "predict/predictor.h"
#include "train/trainer.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace casd {

/// Counts the live handles (casd_live_objects()).
class LiveObject {
 public:
  LiveObject() { ++count; }
  ~LiveObject() { --count; }
  LiveObject(const LiveObject&) = delete;
  LiveObject& operator=(const LiveObject&) = delete;

  static std::atomic<std::int64_t> count;
};

}  // namespace casd

struct casd_schema : casd::LiveObject {
  casd::Schema value;
};

struct casd_model : casd::LiveObject {
  explicit casd_model(casd::ModelPtr model)
      : value(std::move(model)), info(casd::model_info(*value)) {}
  const casd::ModelPtr value;
  const std::string info;
};

struct casd_batch : casd::LiveObject {
  explicit casd_batch(const casd::Schema& schema) : value(schema) {}
  casd::Batch value;
};

struct casd_dataset : casd::LiveObject {
  explicit casd_dataset(casd::Dataset data) : value(std::move(data)) {}
  casd::Dataset value;
};

struct casd_predictor : casd::LiveObject {
  casd_predictor(const casd::ModelPtr& model, const casd_predictor_options& options)
      : value(model, options) {}
  casd::Predictor value;
};

struct casd_prediction : casd::LiveObject {
  casd::Prediction value;
};

struct casd_monitor : casd::LiveObject {
  casd_monitor(const casd::Model& model, const casd::MonitorRules& rules)
      : value(model.schema(), model.calibration().guarantees, rules) {}
  casd::Monitor value;
  std::int32_t alarm = 0;  // of the last prediction
};

struct casd_report : casd::LiveObject {
  explicit casd_report(casd::Report report)
      : value(std::move(report)), json(casd::report_json(value)) {}
  const casd::Report value;
  const std::string json;
};

struct casd_trainer : casd::LiveObject {
  casd_trainer(const casd::ModelPtr& model, const casd_trainer_options& options)
      : value(std::make_unique<casd::Trainer>(model, options)) {}
  explicit casd_trainer(std::unique_ptr<casd::Trainer> trainer) : value(std::move(trainer)) {}
  std::unique_ptr<casd::Trainer> value;
};
