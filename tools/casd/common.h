// What the subcommands share: owned handles, errors, data, exit codes.
#pragma once

#include <casd/casd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace program {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

/// A wrong command line: exit code 2. Everything else that fails exits with 1.
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
using Monitor = Owned<casd_monitor, casd_monitor_destroy>;
using Report = Owned<casd_report, casd_report_destroy>;

/// Takes over the handle that an ABI function gives through its first argument:
///   auto model = made<Model>([&](casd_model** out) { return casd_model_load(out, path); });
template <class Handle, class Call>
Handle made(Call call) {
  typename Handle::pointer raw = nullptr;
  check(call(&raw));
  return Handle(raw);
}

Model load_model(const std::string& path);
Schema schema_of(const casd_model* model);
/// "classes:negative,positive": the task that makes a dataset's labels fit the model.
std::string task_of(const casd_schema* schema);

/// A file, "-" for text from standard input, "synthetic" or "synthetic:SEED". `task`: "" for the data's
/// own. `modalities`: groups of channels of a .ts file; "": none.
Dataset open_data(const std::string& data, const std::string& task, const std::string& modalities);

/// The groups of channels to read the data with: as given on the command line, else for a .ts file those
/// that the model was trained with.
std::string modalities_of(const casd_model* model, const std::string& data,
                          const std::string& given);
/// The user value of a model that keeps them.
extern const char* const modalities_key;

/// What open_data() reads, for output: "standard input" for "-".
std::string data_name(const std::string& data);

std::vector<std::string> split_names(const casd_dataset* data);

/// Throws Failure, with the splits there are, if the data has no such split or it is empty.
void require_split(const casd_dataset* data, const std::string& split);

/// "cpu", "cuda" or "cuda:N".
struct Device {
  casd_device device = CASD_DEVICE_CPU;
  int32_t index = 0;
};
Device parse_device(const std::string& text);

/// The number of processors, at least 1.
int default_threads();

/// Options of a predictor, as given on the command line.
struct DeviceOptions {
  std::string device = "cpu", engine = "auto";
  int threads = default_threads();
  double coverage = 0.9, error_rate = 0;  // casd_predictor_options
};
casd_engine_choice parse_engine(const std::string& text);

/// The bits of the modalities named; all where no name is given.
casd_modality_mask parse_mask(const casd_schema* schema, const std::vector<std::string>& names);

Predictor make_predictor(const casd_model* model, const DeviceOptions& wanted,
                         casd_on_empty on_empty);

/// A validator that does not appear in the help text.
template <class Validator>
Validator silent(Validator validator) {
  validator.description("");
  return validator;
}

/// Options and help texts that several commands have.
void add_device_options(CLI::App& command, DeviceOptions& options);
/// --threads alone, which add_device_options() includes.
void add_threads_option(CLI::App& command, DeviceOptions& options);
/// --coverage and --max-error.
void add_guarantee_options(CLI::App& command, DeviceOptions& options);
extern const char* const data_help;
extern const char* const task_of_model_help;
extern const char* const modalities_of_model_help;
extern const char* const table_help;
extern const char* const uncertainty_legend;

/// Prints prose on standard output, broken to the width of the terminal.
void print_wrapped(const std::string& text);
/// The same, indented by two spaces; broken at 78 columns where there is no terminal.
void print_indented(const std::string& text);

/// "-" for what is not finite.
std::string number(double value, int digits);

/// "a, b, c".
std::string joined(const std::vector<std::string>& words, const char* separator = ", ");

/// The text with "?" for each control character but the line feed, and for each byte that is not
/// UTF-8: names and messages may come from a file of any content, and terminals obey control
/// characters.
std::string printable(const std::string& text);

/// A line on standard error, for what is no result. A lost one is no failure.
void note(const std::string& text);

}  // namespace program
