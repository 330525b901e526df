#include "train/training_samples.h"

#include "core/error.h"
#include "core/log.h"
#include "data/hold_out.h"
#include "model/schema_mapping.h"
#include "predict/predictor.h"

#include <algorithm>

namespace casd {
namespace {

void append_name(std::string& list, const std::string& name) {
  list += (list.empty() ? "'" : ", '") + name + "'";
}

/// Moves a part of out.train, the samples of the split, to out.valid.
void hold_out_samples(TrainingSamples& out, const Schema& schema, const Split& train,
                      const casd_trainer_options& options) {
  std::vector<std::uint8_t> moved;
  try {
    moved = choose_held_out(schema, train, options.hold_out, options.seed);
  } catch (const Error& error) {
    if (error.status() != CASD_ERROR_INVALID_ARGUMENT) throw;
    log(CASD_LOG_WARNING, text("there is no split valid, and nothing is held out: ", error.what()));
    return;
  }
  std::vector<const Sample*> kept, held;
  for (std::size_t i = 0; i < moved.size(); ++i) (moved[i] ? held : kept).push_back(out.train[i]);
  log(CASD_LOG_INFO, text("there is no split valid: ", held.size(), " of ", moved.size(),
                          " samples of train are held out for selection and calibration"));
  out.train = std::move(kept);
  out.valid = with_a_modality(held);
}

}  // namespace

std::string split_names(const Dataset& dataset) {
  std::string names;
  for (const Split& split : dataset.splits) append_name(names, split.name);
  return names.empty() ? "it has none" : "it has " + names;
}

void require_lengths(const Model& model, Span<const Sample* const> samples) {
  const Schema& schema = model.schema();
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (std::int32_t m = 0; m < schema.modality_count(); ++m) {
      const std::int64_t steps = samples[i]->steps(schema, m);
      if (steps > model.options().max_steps)
        fail(CASD_ERROR_INVALID_ARGUMENT, "sample ",
             samples[i]->name.empty() ? text(i) : samples[i]->name, " has ", steps,
             " frames of modality ", schema.modalities[static_cast<std::size_t>(m)].name,
             ", allowed: at most ", model.options().max_steps, " (option max_steps)");
    }
}

TrainingSamples training_samples(const Dataset& dataset, const Model& model,
                                 const casd_trainer_options& options) {
  const Schema& schema = model.schema();
  require_same_task(dataset.schema, schema, "the dataset");
  const SchemaMapping mapping(dataset.schema, schema, "the dataset");
  const Split* train = dataset.find("train");
  if (!train)
    fail(CASD_ERROR_INVALID_ARGUMENT, "the dataset has no split train to learn from; ",
         split_names(dataset));
  TrainingSamples out;
  train = &mapped(*train, mapping, out.mapped_train);
  out.train = sample_pointers(train->samples);
  out.train_fingerprint = fingerprint(schema, *train);
  if (const Split* given = dataset.find("valid")) {
    const Split& valid = mapped(*given, mapping, out.mapped_valid);
    out.valid = with_a_modality(sample_pointers(valid.samples));
    out.valid_fingerprint = fingerprint(schema, valid);
  } else if (options.hold_out > 0) {
    hold_out_samples(out, schema, *train, options);
  }
  out.train = with_a_modality(out.train);
  require(!out.train.empty(), "split train has no sample with a modality");
  require_lengths(model, out.train);
  require_lengths(model, out.valid);
  return out;
}

std::vector<const Sample*> with_a_modality(Span<const Sample* const> samples) {
  std::vector<const Sample*> out;
  for (const Sample* sample : samples)
    if (sample->given != 0) out.push_back(sample);
  return out;
}

bool any_labelled(Span<const Sample* const> samples) {
  return std::any_of(samples.begin(), samples.end(),
                     [](const Sample* sample) { return !sample->target.empty(); });
}

void warn_of_missing_classes(const Schema& schema, const char* where,
                             Span<const Sample* const> samples) {
  if (schema.task != CASD_TASK_CLASSES) return;
  std::vector<std::int64_t> count(schema.outputs.size());
  for (const Sample* sample : samples)
    if (!sample->target.empty()) ++count[static_cast<std::size_t>(sample->target[0])];
  std::string missing, present;
  std::int64_t occurring = 0;
  for (std::size_t k = 0; k < count.size(); ++k) {
    append_name(count[k] == 0 ? missing : present, schema.outputs[k]);
    occurring += count[k] > 0;
  }
  if (missing.empty() || occurring == 0) return;
  log(CASD_LOG_WARNING,
      text(where, " has no sample of class ", missing,
           occurring == 1 ? text(": all its labels are ", present) : std::string()));
}

void warn_of_missing_classes(const Schema& schema, const TrainingSamples& samples) {
  if (!samples.valid.empty() && !any_labelled(samples.valid))
    log(CASD_LOG_WARNING,
        "split valid has no labels: the last epoch is taken, and nothing is calibrated");
  warn_of_missing_classes(schema, "split train", samples.train);
  warn_of_missing_classes(schema, "split valid", samples.valid);
}

}  // namespace casd
