#include "core/platform.h"
#include "core/plugin.h"
#include "train/trainer_state.h"

namespace casd {

Checkpoint Trainer::State::checkpoint() const {
  Checkpoint out;
  out.options = options;
  out.position = position;
  out.model = model;
  // A finished training does not use the teacher any more.
  if (position.phase == CASD_PHASE_DONE) {
    out.result = result;
  } else {
    out.teacher = teacher;
    out.best = best;
  }
  out.learned = backend->read(position.phase);
  out.class_weights = class_weights;
  return out;
}

Trainer::State::State(Checkpoint from, const casd_torch_plugin* table)
    : options(from.options),
      model(std::move(from.model)),
      class_weights(std::move(from.class_weights)),
      position(from.position),
      teacher(std::move(from.teacher)),
      best(std::move(from.best)),
      result(std::move(from.result)),
      plugin(table ? *table : torch_plugin()) {
  start_backend();
  backend->write(from.learned);
  start_progress();
}

void Trainer::save(const std::string& path) {
  write_file_atomic(path, serialise_checkpoint(state_->checkpoint()));
}

std::unique_ptr<Trainer> Trainer::load(const std::string& path, const casd_torch_plugin* plugin) {
  Checkpoint checkpoint = parse_checkpoint(read_file(path), path);
  return std::unique_ptr<Trainer>(
      new Trainer(std::make_unique<State>(std::move(checkpoint), plugin)));
}

}  // namespace casd
