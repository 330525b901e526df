#include <casd/evaluate.h>

#include "capi/guard.h"
#include "capi/handles.h"

using casd::given;
using casd::guard;

casd_status casd_evaluate(casd_report** report, casd_predictor* predictor,
                          const casd_dataset* dataset, const char* split) {
  return guard([&] {
    given(report, "report");
    casd::Predictor& runs = given(predictor, "predictor").value;
    const casd::Dataset& data = given(dataset, "dataset").value;
    const casd::Split* found = data.find(&given(split, "split"));
    casd::require(found != nullptr, "the dataset has no split '", split, "'");
    casd::require(data.schema == runs.model()->schema(),
                  "the dataset's modalities, task or outputs are not those of the model");
    *report = new casd_report(casd::evaluate(runs, casd::sample_pointers(found->samples)));
  });
}

void casd_report_destroy(casd_report* report) { delete report; }

const char* casd_report_json(const casd_report* report) {
  return report ? report->json.c_str() : nullptr;
}

int32_t casd_report_condition_count(const casd_report* report) {
  return report ? static_cast<int32_t>(report->value.conditions.size()) : 0;
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
    const casd::Numbers* numbers = condition ? nullptr : &given(report, "report").value.overall;
    if (condition)
      for (const auto& [key, of_condition] : given(report, "report").value.conditions)
        if (key == condition) numbers = &of_condition;
    casd::require(numbers != nullptr, "there is no condition '", condition ? condition : "", "'");
    for (const auto& [key, number] : *numbers)
      if (key == name) {
        *value = number;
        return;
      }
    casd::fail(CASD_ERROR_INVALID_ARGUMENT, "there is no number '", name, "'");
  });
}
