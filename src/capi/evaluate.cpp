#include <casd/evaluate.h>

#include "capi/handles.h"
#include "capi/option_struct.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using casd::given;
using casd::guard;

namespace {

/// The names of a set of modalities, "audio+language", in alphabetical order.
std::vector<std::string> sorted_parts(const std::string& name) {
  std::vector<std::string> parts(1);
  for (const char letter : name) {
    if (letter == '+')
      parts.emplace_back();
    else
      parts.back() += letter;
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

template <class Value>
std::string names_of(const std::vector<std::pair<std::string, Value>>& entries) {
  std::string names;
  for (const auto& entry : entries) names += (names.empty() ? "" : ", ") + entry.first;
  return names;
}

const casd::Numbers& find_condition(const casd::Report& report, const std::string& name) {
  for (const auto& [key, numbers] : report.conditions)
    if (key == name) return numbers;
  const std::vector<std::string> parts = sorted_parts(name);
  for (const auto& [key, numbers] : report.conditions)
    if (sorted_parts(key) == parts) return numbers;
  casd::fail(CASD_ERROR_NOT_FOUND, "there is no condition '", name,
             "'; there are: ", names_of(report.conditions));
}

}  // namespace

casd_status casd_evaluate_options_init(casd_evaluate_options* options, size_t size) {
  return guard([&] {
    casd::init_struct(options, size, casd::default_evaluate_options(),
                      casd::first_size::evaluate_options, "options");
  });
}

casd_status casd_evaluate(casd_report** report, casd_predictor* predictor,
                          const casd_dataset* dataset, const char* split,
                          const casd_evaluate_options* options, casd_evaluate_callback progress,
                          void* user) {
  return guard([&] {
    given(report, "report");
    casd::Predictor& runs = given(predictor, "predictor").value;
    const casd::Dataset& data = given(dataset, "dataset").value;
    const casd_evaluate_options wanted = casd::import_struct(
        options, casd::default_evaluate_options(), casd::first_size::evaluate_options, "options");
    const casd::Split* found = data.find(&given(split, "split"));
    if (!found) casd::fail(CASD_ERROR_NOT_FOUND, "the dataset has no split '", split, "'");
    const casd::Schema& schema = runs.model()->schema();
    casd::require_same_task(data.schema, schema, "the dataset");
    const casd::SchemaMapping mapping(data.schema, schema, "the dataset");
    // Modalities that the dataset does not have are not evaluated.
    const casd::ModalityMask mask = wanted.mask == CASD_ALL_MODALITIES
                                        ? mapping.covered()
                                        : casd::resolve_mask(schema, wanted.mask);
    if ((mask & ~mapping.covered()) != 0)
      casd::fail(CASD_ERROR_INVALID_ARGUMENT, "the dataset lacks modalities of the mask: ",
                 casd::mask_name(schema, mask & ~mapping.covered()));
    casd::Split storage;
    const casd::Split& split_of_model = casd::mapped(*found, mapping, storage);
    casd::EvaluationProgress step;
    if (progress)
      step = [&](std::int64_t done, std::int64_t total) {
        if (progress(done, total, user) != 0)
          casd::fail(CASD_ERROR_CANCELLED, "the callback cancelled the evaluation after ", done,
                     " samples");
      };
    *report = new casd_report(
        casd::evaluate(runs, casd::sample_pointers(split_of_model.samples), mask, step));
  });
}

void casd_report_destroy(casd_report* report) { delete report; }

const char* casd_report_json(const casd_report* report) {
  return report ? report->json.c_str() : nullptr;
}

const char* casd_report_remark(const casd_report* report, int32_t index) {
  return report ? casd::remark_text(report->value.remarks, index) : nullptr;
}

int32_t casd_report_condition_count(const casd_report* report) {
  return report ? static_cast<int32_t>(report->value.conditions.size()) : -1;
}

const char* casd_report_condition(const casd_report* report, int32_t index) {
  if (!report || index < 0 || index >= casd_report_condition_count(report)) return nullptr;
  return report->value.conditions[static_cast<std::size_t>(index)].first.c_str();
}

casd_status casd_report_value(double* value, const casd_report* report, const char* condition,
                              const char* name) {
  return guard([&] {
    given(value, "value");
    given(name, "name");
    const casd::Report& from = given(report, "report").value;
    const casd::Numbers& numbers = condition ? find_condition(from, condition) : from.overall;
    for (const auto& [key, number] : numbers)
      if (key == name) {
        *value = number;
        return;
      }
    casd::fail(CASD_ERROR_NOT_FOUND, "there is no number '", name,
               "'; there are: ", names_of(numbers));
  });
}
