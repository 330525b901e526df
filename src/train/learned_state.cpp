#include "train/learned_state.h"

namespace casd {
namespace {

std::vector<float> read(const TrainingEngine& engine, StatePart part, std::size_t count) {
  std::vector<float> values(count);
  engine.read(part, values);
  return values;
}

}  // namespace

std::vector<float> read_parameters(const TrainingEngine& engine, const NetworkLayout& layout) {
  return read(engine, StatePart::parameters, static_cast<std::size_t>(layout.learned_count));
}

LearnedState read_learned(const TrainingEngine& engine, const NetworkLayout& layout,
                          bool with_ema_teacher) {
  const auto count = static_cast<std::size_t>(layout.learned_count);
  LearnedState state;
  state.parameters = read(engine, StatePart::parameters, count);
  state.first_moment = read(engine, StatePart::first_moment, count);
  state.second_moment = read(engine, StatePart::second_moment, count);
  state.step_counts = read(engine, StatePart::step_counts, layout.groups.size());
  if (with_ema_teacher) state.ema_teacher = read(engine, StatePart::ema_teacher, count);
  return state;
}

void write_learned(TrainingEngine& engine, const LearnedState& state) {
  engine.write(StatePart::parameters, state.parameters);
  engine.write(StatePart::first_moment, state.first_moment);
  engine.write(StatePart::second_moment, state.second_moment);
  engine.write(StatePart::step_counts, state.step_counts);
  if (!state.ema_teacher.empty()) engine.write(StatePart::ema_teacher, state.ema_teacher);
}

}  // namespace casd
