#include "engine/plugin_engine.h"

#include "core/error.h"
#include "core/platform.h"
#include "core/plugin.h"
#include "model/model_file.h"

#include <algorithm>
#include <mutex>

namespace casd {
namespace {

constexpr std::size_t most_items = 768;  // sequences sent to a device at once

constexpr EngineCapabilities torch_cpu = {"torch", CASD_DEVICE_CPU, true, false};
constexpr EngineCapabilities torch_cuda = {"torch", CASD_DEVICE_CUDA, true, false};

const casd_engine_plugin& torch_plugin() {
  return *static_cast<const casd_engine_plugin*>(
      load_plugin(plugin_kind<casd_engine_plugin, casd_engine_plugin_get_fn>(
          "torch", "casd_engine_plugin_get", CASD_ENGINE_PLUGIN_VERSION, "training and CUDA")));
}

/// Owns an engine of the plug-in and turns the statuses of its functions into exceptions.
class PluginHandle {
 public:
  PluginHandle(const casd_engine_plugin& table, casd_engine* engine)
      : table_(table), engine_(engine) {}
  ~PluginHandle() {
    // The engine's threads exist in the parent only.
    if (!in_child()) table_.destroy(engine_);
  }
  PluginHandle(const PluginHandle&) = delete;
  PluginHandle& operator=(const PluginHandle&) = delete;

  bool in_child() const { return process_ != process_generation(); }
  const casd_engine_plugin& table() const { return table_; }

  template <class Function, class... Arguments>
  void call(Function function, Arguments... arguments) const {
    casd_plugin_error error{};
    const casd_status status = function(engine_, arguments..., &error);
    if (status != CASD_OK) throw Error(status, error.message);
  }

 private:
  const casd_engine_plugin& table_;
  casd_engine* const engine_;
  const std::uint64_t process_ = process_generation();
};

casd_engine* create(const casd_engine_plugin& table, const Model& model, const EngineSetup& setup,
                    const TrainingSetup* training) {
  const std::vector<std::uint8_t> bytes = serialise_model(model);
  casd_engine_setup to{};
  to.model = bytes.data();
  to.model_size = bytes.size();
  to.device = setup.device;
  to.device_index = setup.device_index;
  to.threads = setup.threads;
  casd_engine_training options{};
  if (training) {
    options = copy_training_options<casd_engine_training>(training->options);
    to.training = &options;
    if (!training->class_weights.empty()) to.class_weights = training->class_weights.data();
  }
  casd_engine* engine = nullptr;
  casd_plugin_error error{};
  const casd_status status = table.create(&engine, &to, &error);
  if (status != CASD_OK) throw Error(status, error.message);
  return engine;
}

/// Calls run on the device one at a time.
class PluginInference final : public InferenceEngine {
 public:
  PluginInference(const casd_engine_plugin& table, casd_engine* engine,
                  const EngineCapabilities& capabilities)
      : handle_(table, engine), capabilities_(capabilities) {}

  const EngineCapabilities& capabilities() const override { return capabilities_; }
  std::unique_ptr<EngineWorkspace> workspace() const override { return nullptr; }

  void encode(Span<const EncodeItem> items, EngineWorkspace*,
              const FrameSumReader* reader) const override {
    encode(items);
    if (reader) read_frame_sums(items.size(), *reader);
  }

 private:
  void encode(Span<const EncodeItem> items) const {
    if (handle_.in_child())
      fail(CASD_ERROR_STATE,
           "after fork() the child cannot use the parent's device: create a new "
           "predictor on the CPU, or use the device in a new process");
    const std::lock_guard<std::mutex> lock(mutex_);
    for (std::size_t first = 0; first < items.size(); first += most_items) {
      const std::size_t count = std::min(most_items, items.size() - first);
      handle_.call(handle_.table().encode, items.data() + first, static_cast<std::int64_t>(count));
    }
  }

  const PluginHandle handle_;
  const EngineCapabilities capabilities_;
  mutable std::mutex mutex_;
};

class PluginTraining final : public TrainingEngine {
 public:
  PluginTraining(const casd_engine_plugin& table, casd_engine* engine,
                 const EngineCapabilities& capabilities)
      : handle_(table, engine), capabilities_(capabilities) {}

  const EngineCapabilities& capabilities() const override { return capabilities_; }

  void bind(const TrainingData& data) override {
    frames_.clear();
    given_.clear();
    const InputTable& input = data.input;
    for (std::int64_t i = 0; i < input.samples(); ++i) {
      given_.push_back(input.given(i));
      for (std::int32_t m = 0; m < input.modalities(); ++m)
        frames_.push_back({input.frames(i, m).values, input.frames(i, m).steps});
    }
    const casd_engine_samples samples = {input.samples(), input.modalities(), frames_.data(),
                                         given_.data(),   data.target.data(), data.labelled.data()};
    handle_.call(handle_.table().bind, &samples);
  }

  void set_teacher_outputs(Span<const float> location, Span<const float> uncertainty,
                           Span<const float> logits) override {
    handle_.call(handle_.table().set_teacher_outputs, location.data(), uncertainty.data(),
                 logits.data());
  }

  void begin_phase(TrainingPhase phase) override {
    handle_.call(handle_.table().begin_phase, static_cast<std::int32_t>(phase));
  }

  void accumulate(const StepRequest& request) override {
    const casd_engine_step step = {static_cast<std::int32_t>(request.phase),
                                   request.seed,
                                   request.step,
                                   request.first_row,
                                   request.rows.data(),
                                   static_cast<std::int64_t>(request.rows.size()),
                                   request.batch.samples,
                                   request.batch.targets,
                                   request.batch.pairs,
                                   request.batch.present};
    handle_.call(handle_.table().accumulate, &step);
  }

  StepLosses apply(double learning_rate) override {
    StepLosses losses{};
    handle_.call(handle_.table().apply, learning_rate, &losses);
    return losses;
  }

  void read(StatePart part, Span<float> values) const override {
    handle_.call(handle_.table().read, static_cast<std::int32_t>(part), values.data(),
                 static_cast<std::int64_t>(values.size()));
  }

  void write(StatePart part, Span<const float> values) override {
    handle_.call(handle_.table().write, static_cast<std::int32_t>(part), values.data(),
                 static_cast<std::int64_t>(values.size()));
  }

  InferenceEnginePtr snapshot() const override {
    casd_engine* copy = nullptr;
    handle_.call(handle_.table().snapshot, &copy);
    return std::make_shared<const PluginInference>(handle_.table(), copy, capabilities_);
  }

 private:
  const PluginHandle handle_;
  const EngineCapabilities capabilities_;
  std::vector<casd_engine_frames> frames_;
  std::vector<ModalityMask> given_;
};

template <const EngineCapabilities& capabilities>
EngineEntry torch_entry() {
  return {capabilities, false,
          [](const ModelPtr& model, const EngineSetup& setup) -> InferenceEnginePtr {
            const casd_engine_plugin& table = torch_plugin();
            return std::make_shared<const PluginInference>(
                table, create(table, *model, setup, nullptr), capabilities);
          },
          [](const Model& model, const EngineSetup& setup, const TrainingSetup& training) {
            return make_plugin_training(torch_plugin(), capabilities, model, setup, training);
          }};
}

}  // namespace

std::unique_ptr<TrainingEngine> make_plugin_training(const casd_engine_plugin& table,
                                                     const EngineCapabilities& capabilities,
                                                     const Model& model, const EngineSetup& setup,
                                                     const TrainingSetup& training) {
  return std::make_unique<PluginTraining>(table, create(table, model, setup, &training),
                                          capabilities);
}

std::vector<EngineEntry> plugin_engines() {
  return {torch_entry<torch_cpu>(), torch_entry<torch_cuda>()};
}

}  // namespace casd
