// What the subcommands share: owned handles, errors, data, exit codes.
#pragma once

#include <casd/casd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace program {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

/// What the user asked for cannot be asked: exit code 2. Everything else that fails exits with 1.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws Failure with the library's message.
void check(casd_status status);

template <class T, void (*destroy)(T*)>
struct Destroyer {
  void operator()(T* handle) const { destroy(handle); }
};
template <class T, void (*destroy)(T*)>
using Owned = std::unique_ptr<T, Destroyer<T, destroy>>;

using Schema = Owned<casd_schema, casd_schema_destroy>;
using Model = Owned<casd_model, casd_model_destroy>;
using Batch = Owned<casd_batch, casd_batch_destroy>;
using Dataset = Owned<casd_dataset, casd_dataset_destroy>;
using Predictor = Owned<casd_predictor, casd_predictor_destroy>;
using Prediction = Owned<casd_prediction, casd_prediction_destroy>;
using Trainer = Owned<casd_trainer, casd_trainer_destroy>;
using Report = Owned<casd_report, casd_report_destroy>;

/// Takes what an ABI function gave through its first argument:
///   auto model = made<Model>([&](casd_model** out) { return casd_model_load(out, path); });
template <class Handle, class Call>
Handle made(Call call) {
  typename Handle::pointer raw = nullptr;
  check(call(&raw));
  return Handle(raw);
}

Model load_model(const std::string& path);
Schema schema_of(const casd_model* model);
/// "classes:negative,positive": what makes a dataset's labels fit the model.
std::string task_of(const casd_schema* schema);

/// A file, or "synthetic" or "synthetic:SEED". `task`: "" for the data's own.
Dataset open_data(const std::string& data, const std::string& task);

/// "cpu", "cuda" or "cuda:N".
struct Device {
  casd_device device = CASD_DEVICE_CPU;
  int32_t index = 0;
};
Device parse_device(const std::string& text);

Predictor make_predictor(const casd_model* model, const std::string& device, int threads,
                         casd_on_empty on_empty);

/// The number of processors, at least 1.
int default_threads();

/// A table with aligned columns: the first to the left, the others to the right.
void print_table(const std::vector<std::vector<std::string>>& rows);
std::string number(double value, int digits);

}  // namespace program
