// The samples of a dataset that training uses. They are checked before the first step.
#pragma once

#include "data/dataset.h"
#include "model/model.h"

#include <casd/train.h>

#include <string>
#include <vector>

namespace casd {

/// Pointers into the caller's dataset, or into copies where its schema differs from the model's.
struct TrainingSamples {
  std::vector<const Sample*> train;  // those with at least one modality
  std::vector<const Sample*> valid;  // empty: nothing to select or calibrate by
  std::uint32_t train_fingerprint = 0;
  std::uint32_t valid_fingerprint = 0;  // 0 without such a split
  Split mapped_train, mapped_valid;     // the copies

  /// The samples that epochs are scored on, or would be.
  Span<const Sample* const> scored() const { return valid.empty() ? train : valid; }
};

/// Samples of the splits `train` and `valid` that have a modality. Without a split `valid` a part of
/// `train` takes its place (option `hold_out`; a message is logged). Throws INVALID_ARGUMENT if the
/// schema does not match, if split `train` is missing or has no such sample, or if a sample has more
/// than max_steps frames.
TrainingSamples training_samples(const Dataset& dataset, const Model& model,
                                 const casd_trainer_options& options);

/// "it has 'train', 'valid'", for messages.
std::string split_names(const Dataset& dataset);

std::vector<const Sample*> with_a_modality(Span<const Sample* const> samples);

/// Whether any sample has a target.
bool any_labelled(Span<const Sample* const> samples);

/// Logs a warning if a class does not occur in the samples; `where` names them: "split train".
void warn_of_missing_classes(const Schema& schema, const char* where,
                             Span<const Sample* const> samples);
/// The same for both splits. Also warns if split `valid` has no label to select and calibrate with.
void warn_of_missing_classes(const Schema& schema, const TrainingSamples& samples);

/// Throws INVALID_ARGUMENT naming the sample and the modality that has more than max_steps frames.
void require_lengths(const Model& model, Span<const Sample* const> samples);

}  // namespace casd
