// casd predict: answers with their uncertainty, one line a sample.
#include "commands.h"
#include "common.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace program {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string model, data, task, split = "valid", device = "cpu";
  std::vector<std::string> mask;
  int threads = default_threads();
  long long count = -1;
  bool json = false;
};

casd_modality_mask parse_mask(const casd_schema* schema, const std::vector<std::string>& names) {
  if (names.empty()) return CASD_ALL_MODALITIES;
  casd_modality_mask mask = 0;
  for (const std::string& name : names) {
    int32_t index = 0;
    if (casd_schema_modality_index(&index, schema, name.c_str()) != CASD_OK)
      throw UsageError(casd_last_error());
    mask |= casd_modality_mask{1} << index;
  }
  return mask;
}

/// The tables of one prediction, row by row.
class Answer {
 public:
  Answer(const casd_prediction* prediction, const casd_schema* schema)
      : prediction_(prediction), schema_(schema) {}

  float at(casd_field field, long long row, int32_t column = 0) const {
    int64_t columns = 0;
    check(casd_prediction_shape(nullptr, &columns, prediction_, field));
    return casd_prediction_data(prediction_, field)[row * columns + column];
  }
  bool empty(long long row) const {
    casd_status status = CASD_OK;
    check(casd_prediction_row_status(&status, prediction_, row));
    return status != CASD_OK;
  }
  casd_field main_field() const {
    return casd_schema_task(schema_) == CASD_TASK_REGRESSION ? CASD_FIELD_VALUE
                                                             : CASD_FIELD_PROBABILITIES;
  }

 private:
  const casd_prediction* prediction_;
  const casd_schema* schema_;
};

Json json_line(const Answer& answer, const casd_schema* schema, const std::string& name,
               long long row) {
  const auto value = [&](casd_field field, int32_t column) {
    const float number = answer.at(field, row, column);
    return std::isfinite(number) ? Json(number) : Json();
  };
  Json line;
  line["sample"] = name;
  line["status"] = answer.empty(row) ? "empty" : "ok";
  const bool regression = casd_schema_task(schema) == CASD_TASK_REGRESSION;
  Json& outputs = line[regression ? "values" : "probabilities"];
  for (int32_t k = 0; k < casd_schema_output_count(schema); ++k)
    outputs[casd_schema_output_name(schema, k)] = value(answer.main_field(), k);
  line["confidence"] = value(CASD_FIELD_CONFIDENCE, 0);
  line["uncertainty"] = value(CASD_FIELD_UNCERTAINTY, 0);
  line["disagreement"] = value(CASD_FIELD_DISAGREEMENT, 0);
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m)
    line["modalities"][casd_schema_modality_name(schema, m)] =
        Json{{"variance", value(CASD_FIELD_MODALITY_VARIANCE, m)},
             {"aleatoric", value(CASD_FIELD_MODALITY_ALEATORIC, m)},
             {"epistemic", value(CASD_FIELD_MODALITY_EPISTEMIC, m)},
             {"degrees_of_freedom", value(CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM, m)},
             {"weight", value(CASD_FIELD_MODALITY_WEIGHT, m)}};
  return line;
}

std::vector<std::string> table_head(const casd_schema* schema) {
  std::vector<std::string> head = {"sample"};
  for (int32_t k = 0; k < casd_schema_output_count(schema); ++k)
    head.push_back(casd_schema_output_name(schema, k));
  head.insert(head.end(), {"confidence", "U"});
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m)
    head.push_back("V " + std::string(casd_schema_modality_name(schema, m)));
  for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m)
    head.push_back("C " + std::string(casd_schema_modality_name(schema, m)));
  return head;
}

std::vector<std::string> table_row(const Answer& answer, const casd_schema* schema,
                                   const std::string& name, long long row) {
  const auto cell = [&](casd_field field, int32_t column) {
    return number(static_cast<double>(answer.at(field, row, column)), 3);
  };
  std::vector<std::string> out = {name};
  for (int32_t k = 0; k < casd_schema_output_count(schema); ++k)
    out.push_back(cell(answer.main_field(), k));
  out.push_back(cell(CASD_FIELD_CONFIDENCE, 0));
  out.push_back(cell(CASD_FIELD_UNCERTAINTY, 0));
  for (const casd_field field : {CASD_FIELD_MODALITY_VARIANCE, CASD_FIELD_MODALITY_WEIGHT})
    for (int32_t m = 0; m < casd_schema_modality_count(schema); ++m) out.push_back(cell(field, m));
  return out;
}

void run(const Options& options) {
  constexpr long long chunk = 256;
  const Model model = load_model(options.model);
  const Schema schema = schema_of(model.get());
  const casd_modality_mask mask = parse_mask(schema.get(), options.mask);
  const Dataset data =
      open_data(options.data, options.task.empty() ? task_of(schema.get()) : options.task);
  const char* split = options.split.c_str();
  long long count = casd_dataset_size(data.get(), split);
  if (count == 0) throw Failure("the data has no split '" + options.split + "', or it is empty");
  if (options.count >= 0) count = std::min(count, options.count);
  const Predictor predictor =
      make_predictor(model.get(), options.device, options.threads, CASD_EMPTY_NAN);
  const auto prediction =
      made<Prediction>([](casd_prediction** out) { return casd_prediction_create(out); });
  const auto data_schema =
      made<Schema>([&](casd_schema** out) { return casd_dataset_schema(out, data.get()); });
  const auto batch =
      made<Batch>([&](casd_batch** out) { return casd_batch_create(out, data_schema.get()); });
  const Answer answer(prediction.get(), schema.get());
  std::vector<std::vector<std::string>> rows(1, table_head(schema.get()));
  for (long long first = 0; first < count; first += chunk) {
    std::vector<int64_t> indices;
    for (long long i = first; i < std::min(first + chunk, count); ++i) indices.push_back(i);
    casd_batch_clear(batch.get());
    check(casd_dataset_read(batch.get(), data.get(), split, indices.data(), indices.size()));
    check(casd_predict(prediction.get(), predictor.get(), batch.get(), mask));
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const std::string name = casd_dataset_sample_name(data.get(), split, indices[i]);
      const auto row = static_cast<long long>(i);
      if (options.json)
        std::printf("%s\n", json_line(answer, schema.get(), name, row).dump().c_str());
      else
        rows.push_back(table_row(answer, schema.get(), name, row));
    }
  }
  if (options.json) return;
  print_table(rows);
  std::printf(
      "\nU: variance of the fused law. V: variance per modality. C: its weight. -: takes no "
      "part.\n");
}

}  // namespace

void add_predict(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("predict", "Ask a model about samples");
  command->add_option("MODEL", options->model, "A model file")->required();
  command->add_option("DATA", options->data, "HDF5 or CSV file, or 'synthetic'")->required();
  command->add_option("--split", options->split, "Which samples")->capture_default_str();
  command->add_option("--mask", options->mask, "Only these modalities, e.g. language,audio")
      ->delimiter(',');
  command->add_option("--count", options->count, "At most so many samples; default: all")
      ->check(CLI::Range(0, std::numeric_limits<int>::max()));
  command->add_option("--task", options->task,
                      "How to read the labels; default: as the model does");
  command->add_option("--device", options->device, "cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--threads", options->threads, "Threads on the CPU")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_flag("--json", options->json, "One JSON object a line");
  command->footer("Example: casd predict mood.casd mosi.h5 --split valid --mask language --json");
  command->callback([options] { run(*options); });
}

}  // namespace program
