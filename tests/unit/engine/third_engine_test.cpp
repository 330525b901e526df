// A third engine in under 150 lines: it is registered beside the others and trained by the trainer. It
// learns the bias of the classifier only, so that the model predicts the classes' shares.
#include "core/error.h"
#include "engine/registry.h"
#include "method/losses.h"
#include "predict/predictor.h"
#include "unit/train/training_loop.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr EngineCapabilities capabilities_of_bias = {"bias", CASD_DEVICE_CPU, true, true};

InferenceEnginePtr infer(const ModelPtr& model, const EngineSetup& setup) {
  return find_engine("cpu", CASD_DEVICE_CPU, false).infer(model, setup);
}

class BiasEngine final : public TrainingEngine {
 public:
  explicit BiasEngine(const Model& model)
      : model_(model),
        parameters_(learned_values(model.layout(), model.values())),
        gradient_(static_cast<std::size_t>(model.layout().classifier.bias.size)) {}

  const EngineCapabilities& capabilities() const override { return capabilities_of_bias; }
  void bind(const TrainingData& data) override {
    target_.assign(data.target.begin(), data.target.end());
    labelled_.assign(data.labelled.begin(), data.labelled.end());
  }
  void set_teacher_outputs(Span<const float>, Span<const float>, Span<const float>) override {}
  void begin_phase(TrainingPhase) override {}

  void accumulate(const StepRequest& request) override {
    std::vector<float> log_p(gradient_.size());
    const auto count = static_cast<std::int64_t>(gradient_.size());
    log_softmax(bias(), count, log_p.data());
    for (const std::int64_t row : request.rows) {
      const auto i = static_cast<std::size_t>(row);
      if (!labelled_[i]) continue;
      const auto label = static_cast<std::int64_t>(target_[i]);
      loss_ += static_cast<double>(cross_entropy(log_p.data(), label)) / request.batch.targets;
      cross_entropy_backward(log_p.data(), count, label,
                             static_cast<float>(1 / request.batch.targets), gradient_.data());
    }
  }

  StepLosses apply(double learning_rate) override {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const StepLosses out = {loss_, loss_, nan, nan, nan, 0};
    for (std::size_t k = 0; k < gradient_.size(); ++k)
      bias()[k] -= static_cast<float>(learning_rate) * gradient_[k];
    std::fill(gradient_.begin(), gradient_.end(), 0.0f);
    loss_ = 0;
    return out;
  }

  void read(StatePart part, Span<float> values) const override {
    std::fill(values.begin(), values.end(), 0.0f);
    if (part == StatePart::parameters)
      std::copy(parameters_.begin(), parameters_.end(), values.begin());
  }
  void write(StatePart part, Span<const float> values) override {
    if (part == StatePart::parameters) parameters_.assign(values.begin(), values.end());
  }
  InferenceEnginePtr snapshot() const override {
    return infer(
        std::make_shared<const Model>(model_.shared_layout(),
                                      with_learned(model_.layout(), model_.values(), parameters_)),
        {});
  }

 private:
  float* bias() { return parameters_.data() + model_.layout().classifier.bias.learned_offset; }

  const Model model_;
  std::vector<float> parameters_, gradient_, target_;
  std::vector<std::uint8_t> labelled_;
  double loss_ = 0;
};

const EngineRegistration registration({capabilities_of_bias, true, infer,
                                       [](const Model& model, const EngineSetup&,
                                          const TrainingSetup&) -> std::unique_ptr<TrainingEngine> {
                                         return std::make_unique<BiasEngine>(model);
                                       }},
                                      0);

TEST(ThirdEngine, IsRegisteredAndTrains) {
  const Dataset data = small_data();
  casd_trainer_options options = small_options();
  options.teacher_epochs = options.epochs = 40;
  options.select_from = 39;
  options.learning_rate = 1;
  options.final_rate = 1;
  options.balance_classes = 0;
  options.batch_size = 64;  // all samples
  const EngineEntry& engine = find_engine("bias", CASD_DEVICE_CPU, true);
  Trainer trainer(small_model(data.schema), options, &engine);
  trainer.fit(data, nullptr, nullptr, nullptr);

  double share = 0, labelled = 0;
  for (const Sample& sample : data.splits[0].samples)
    if (sample.given != 0 && !sample.target.empty()) {
      share += static_cast<double>(sample.target[0]);
      ++labelled;
    }
  share /= labelled;
  const ModelPtr model = trainer.snapshot();
  const Span<const float> bias = model->tensor(model->layout().classifier.bias);
  EXPECT_NEAR(static_cast<double>(bias[1] - bias[0]), std::log(share / (1 - share)), 1e-3);
  // The engine comes after the built-in one and before the plug-in's.
  EXPECT_STREQ(engines()[0].capabilities.name, "cpu");
  EXPECT_STREQ(engines()[1].capabilities.name, "bias");
  EXPECT_STREQ(engines()[2].capabilities.name, "torch");
}

TEST(ThirdEngine, AnEngineThatDoesNotExistIsNamed) {
  try {
    find_engine("nothing", CASD_DEVICE_CPU, false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), CASD_ERROR_UNAVAILABLE);
    EXPECT_NE(std::string(error.what()).find("nothing"), std::string::npos);
  }
}

}  // namespace
}  // namespace casd
