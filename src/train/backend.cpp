#include "train/backend.h"

#include "core/error.h"
#include "model/model_file.h"

namespace casd {
namespace {

/// Calls a function of the table and throws its status and message as an Error.
template <class Function, class... Argument>
void call(Function function, Argument... argument) {
  casd_plugin_error error{};
  const casd_status status = function(argument..., &error);
  if (status == CASD_OK) return;
  error.message[sizeof error.message - 1] = '\0';
  throw Error(status, error.message);
}

}  // namespace

Backend::Backend(const casd_torch_plugin& plugin, const Model& model,
                 const casd_trainer_options& options, Span<const float> class_weights)
    : plugin_(plugin),
      learned_count_(static_cast<std::size_t>(model.layout().learned_count)),
      group_count_(2 * model.schema().modalities.size() + 1),
      has_ema_teacher_(options.teacher == CASD_TEACHER_EMA) {
  const std::vector<std::uint8_t> bytes = serialise_model(model);
  casd_torch_setup setup{};
  setup.model = bytes.data();
  setup.model_size = bytes.size();
  setup.options = &options;
  setup.class_weights = class_weights.empty() ? nullptr : class_weights.data();
  setup.device = options.device;
  setup.device_index = options.device_index;
  setup.threads = options.threads;
  call(plugin_.create, &network_, &setup);
}

Backend::~Backend() { plugin_.destroy(network_); }

void Backend::start_phase(casd_phase phase) { call(plugin_.start_phase, network_, phase); }

casd_torch_losses Backend::step(const casd_torch_step& step) {
  casd_torch_losses losses{};
  call(plugin_.step, network_, &step, &losses);
  return losses;
}

std::vector<float> Backend::parameters() const {
  return read(CASD_TORCH_PARAMETERS, learned_count_);
}

void Backend::set_parameters(Span<const float> values) { write(CASD_TORCH_PARAMETERS, values); }

void Backend::set_ema_teacher(Span<const float> values) { write(CASD_TORCH_EMA_TEACHER, values); }

LearnedState Backend::read(casd_phase phase) const {
  LearnedState state;
  state.parameters = parameters();
  state.first_moment = read(CASD_TORCH_FIRST_MOMENT, learned_count_);
  state.second_moment = read(CASD_TORCH_SECOND_MOMENT, learned_count_);
  state.step_counts = read(CASD_TORCH_STEP_COUNTS, group_count_);
  if (has_ema_teacher_ && phase == CASD_PHASE_STUDENT)
    state.ema_teacher = read(CASD_TORCH_EMA_TEACHER, learned_count_);
  return state;
}

void Backend::write(const LearnedState& state) {
  write(CASD_TORCH_PARAMETERS, state.parameters);
  write(CASD_TORCH_FIRST_MOMENT, state.first_moment);
  write(CASD_TORCH_SECOND_MOMENT, state.second_moment);
  write(CASD_TORCH_STEP_COUNTS, state.step_counts);
  if (!state.ema_teacher.empty()) write(CASD_TORCH_EMA_TEACHER, state.ema_teacher);
}

std::vector<float> Backend::read(std::int32_t what, std::size_t count) const {
  std::vector<float> values(count);
  call(plugin_.read, network_, what, values.data(), static_cast<std::int64_t>(count));
  return values;
}

void Backend::write(std::int32_t what, Span<const float> values) {
  call(plugin_.write, network_, what, values.data(), static_cast<std::int64_t>(values.size()));
}

}  // namespace casd
