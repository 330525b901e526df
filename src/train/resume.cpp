#include "core/platform.h"
#include "train/trainer_state.h"

namespace casd {

Checkpoint Trainer::State::checkpoint() const {
  Checkpoint out;
  static_cast<TrainingState&>(out) = *this;
  // A finished training does not use the teacher any more.
  if (position.phase == CASD_PHASE_DONE) {
    out.teacher = nullptr;
    out.best.clear();
  }
  out.learned =
      read_learned(*engine, model->layout(),
                   options.teacher == CASD_TEACHER_EMA && position.phase == CASD_PHASE_STUDENT);
  return out;
}

Trainer::State::State(Checkpoint from, const EngineEntry* wanted)
    : TrainingState(std::move(from)), entry(wanted ? *wanted : training_engine_for(options)) {
  engine = new_engine(*model);
  write_learned(*engine, from.learned);
  start_progress();
}

void Trainer::save(const std::string& path) {
  write_file_atomic(path, serialise_checkpoint(state_->checkpoint()));
}

std::unique_ptr<Trainer> Trainer::load(const std::string& path, const EngineEntry* engine,
                                       std::optional<casd_engine_choice> choice) {
  Checkpoint checkpoint = parse_checkpoint(read_file(path), path);
  if (choice) checkpoint.options.engine = *choice;
  checkpoint.options = checked(checkpoint.options);
  return std::unique_ptr<Trainer>(
      new Trainer(std::make_unique<State>(std::move(checkpoint), engine)));
}

}  // namespace casd
