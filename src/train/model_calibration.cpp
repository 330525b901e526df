#include "train/model_calibration.h"

#include "core/error.h"
#include "train/training_samples.h"

#include <algorithm>

namespace casd {
namespace {

void check_range(const char* name, std::int32_t value, std::int32_t least, std::int32_t most) {
  require(value >= least && value <= most, name, " is ", value, ", allowed: ", least, " to ", most);
}

const Split& held_out_split(const Dataset& dataset, const char* name) {
  if (name && *name) {
    if (const Split* split = dataset.find(name)) return *split;
    fail(CASD_ERROR_NOT_FOUND, "the dataset has no split '", name, "'; ", split_names(dataset));
  }
  const Split* valid = dataset.find("valid");
  if (valid && !valid->samples.empty()) return *valid;
  if (dataset.splits.size() != 1)
    fail(CASD_ERROR_NOT_FOUND,
         "the dataset has no sample in split 'valid': name the split with the held-out samples; ",
         split_names(dataset));
  return dataset.splits.front();
}

/// Whether linear maps were fitted before.
bool has_maps(const Model& model) {
  for (const ModalityPlaces& modality : model.layout().modalities) {
    const Span<const float> weight = model.tensor(modality.linear->weight);
    if (std::any_of(weight.begin(), weight.end(), [](float w) { return w != 0; })) return true;
  }
  return false;
}

/// The split that linear maps and guard are to be fitted on; NULL: they are kept.
const Split* map_split(const Model& model, const Dataset& dataset, const Split& held_out,
                       bool wanted) {
  const casd_model_options& options = model.options();
  const Split* train = dataset.find("train");
  if (train == &held_out) train = nullptr;
  if (wanted) {
    require(options.linear != 0 || options.input_guard != 0,
            "fit_maps is 1, but the model has neither linear maps nor an input guard");
    require(train, "fit_maps is 1, but the dataset has no split 'train' besides the held-out one; ",
            split_names(dataset));
    return train;
  }
  return options.linear != 0 && !has_maps(model) ? train : nullptr;
}

/// The samples of a split that have a modality; converted copies are in `storage`.
std::vector<const Sample*> samples_of(const Split& split, const SchemaMapping& mapping,
                                      const Model& model, Split& storage) {
  std::vector<const Sample*> samples =
      with_a_modality(sample_pointers(mapped(split, mapping, storage).samples));
  require_lengths(model, samples);
  return samples;
}

}  // namespace

ModelPtr calibrate(const ModelPtr& model, Span<const Sample* const> train,
                   Span<const Sample* const> held_out, const FitRequest& request,
                   const std::string& held_out_name, const EvaluationProgress& progress) {
  const casd_model_options& options = model->options();
  const bool fits_law = options.linear != 0 || model->schema().task != CASD_TASK_REGRESSION;
  if (!fits_law && options.input_guard == 0) return model;
  require(!fits_law || any_labelled(held_out), held_out_name,
          " has no labelled sample with a modality");
  const FittedModel fitted = fit_after_training(model, train, held_out, request, progress);
  if (fits_law && fitted.samples == 0)
    fail(CASD_ERROR_NUMERIC, "no labelled sample of ", held_out_name, " has a finite prediction");
  return fitted.model;
}

casd_calibrate_options default_calibrate_options() {
  casd_calibrate_options out{};
  out.struct_size = sizeof out;
  out.balance_classes = 1;
  out.threads = 1;
  return out;
}

ModelPtr calibrate(const ModelPtr& model, const Dataset& dataset, const char* split,
                   const casd_calibrate_options& options, const EvaluationProgress& progress) {
  check_range("fit_maps", options.fit_maps, 0, 1);
  check_range("balance_classes", options.balance_classes, 0, 1);
  check_range("threads", options.threads, 1, 256);
  if (!model->trained())
    fail(CASD_ERROR_STATE, "there is nothing to calibrate: the model was not trained");
  const Schema& schema = model->schema();
  require_same_task(dataset.schema, schema, "the dataset");
  const SchemaMapping mapping(dataset.schema, schema, "the dataset");
  const Split& chosen = held_out_split(dataset, split);
  const Split* maps = map_split(*model, dataset, chosen, options.fit_maps != 0);

  Split mapped_train, mapped_held_out;
  const std::vector<const Sample*> held_out = samples_of(chosen, mapping, *model, mapped_held_out);
  std::vector<const Sample*> train;
  if (maps) {
    train = samples_of(*maps, mapping, *model, mapped_train);
    require(options.fit_maps == 0 || any_labelled(train),
            "split 'train' has no labelled sample with a modality");
  }
  FitRequest request;
  request.balance_classes = options.balance_classes != 0;
  request.trust = !model->calibration().trust.empty();
  request.threads = options.threads;
  return calibrate(model, train, held_out, request, "split '" + chosen.name + "'", progress);
}

}  // namespace casd
