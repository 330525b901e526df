#include "unit/train/recording_engine.h"

#include "core/crc32.h"
#include "core/error.h"
#include "engine/packed_batch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace casd::test {
namespace {

constexpr EngineCapabilities capabilities_of_recording = {"recording", CASD_DEVICE_CPU, true,
                                                          false};

InferenceEnginePtr infer(const ModelPtr& model, const EngineSetup& setup) {
  return find_engine("cpu", CASD_DEVICE_CPU, false).infer(model, setup);
}

class RecordingEngine final : public TrainingEngine {
 public:
  RecordingEngine(const Model& model, const TrainingSetup& setup)
      : model_(model), options_(setup.options) {
    const auto count = static_cast<std::size_t>(model.layout().learned_count);
    for (const StatePart part : {StatePart::first_moment, StatePart::second_moment})
      state_[part].assign(count, 0);
    if (options_.teacher == TeacherMode::ema) state_[StatePart::ema_teacher].assign(count, 0);
    state_[StatePart::parameters] = learned_values(model.layout(), model.values());
    state_[StatePart::step_counts].assign(model.layout().groups.size(), 0);
    engine_record().class_weights.assign(setup.class_weights.begin(), setup.class_weights.end());
    ++engine_record().networks;
  }
  ~RecordingEngine() override { --engine_record().networks; }

  const EngineCapabilities& capabilities() const override { return capabilities_of_recording; }
  void bind(const TrainingData& data) override {
    samples_ = StandardisedSamples(model_, data.input);
    target_.assign(data.target.begin(), data.target.end());
    labelled_.assign(data.labelled.begin(), data.labelled.end());
    for (auto& values : teacher_) values.clear();
  }
  void set_teacher_outputs(Span<const float> location, Span<const float> uncertainty,
                           Span<const float> logits) override {
    teacher_[0].assign(location.begin(), location.end());
    teacher_[1].assign(uncertainty.begin(), uncertainty.end());
    teacher_[2].assign(logits.begin(), logits.end());
  }
  void begin_phase(TrainingPhase phase) override {
    engine_record().phases.push_back(static_cast<casd_phase>(phase));
    for (const StatePart part :
         {StatePart::first_moment, StatePart::second_moment, StatePart::step_counts})
      std::fill(state_[part].begin(), state_[part].end(), 0.0f);
  }

  void accumulate(const StepRequest& request) override {
    step_ = {};
    step_.phase = static_cast<casd_phase>(request.phase);
    step_.seed = request.seed;
    step_.step = request.step;
    step_.samples = static_cast<std::int32_t>(request.rows.size());
    step_.batch = request.batch;
    const bool student = request.phase == TrainingPhase::student;
    Corruption corruption;
    if (student)
      draw_corruption(samples_.table(), request.rows, options_.frame_drop,
                      {request.seed, request.step}, request.first_row, corruption);
    PackedBatch packed;
    packed.pack(model_.layout(), samples_.table(), request.rows, student ? &corruption : nullptr);
    crc_ = crc32(&request.step, sizeof request.step, static_cast<std::uint32_t>(request.seed));
    for (std::size_t m = 0; m < packed.modalities().size(); ++m)
      count_frames(packed.modalities()[m], model_.schema().modalities[m].features);
    const auto gather = [&](const auto& all, auto& out) {
      const std::size_t columns = all.size() / labelled_.size();
      for (const std::int64_t row : request.rows)
        out.insert(out.end(), all.begin() + row * static_cast<std::ptrdiff_t>(columns),
                   all.begin() + (row + 1) * static_cast<std::ptrdiff_t>(columns));
    };
    gather(target_, step_.target);
    gather(labelled_, step_.labelled);
    // The teacher's outputs are left out: their last bits depend on the processor.
    crc_ = crc32(step_.target.data(), step_.target.size() * sizeof(float), crc_);
    crc_ = crc32(step_.labelled.data(), step_.labelled.size(), crc_);
    gather(teacher_[0], step_.teacher_location);
    gather(teacher_[1], step_.teacher_uncertainty);
    gather(teacher_[2], step_.teacher_logits);
  }

  StepLosses apply(double learning_rate) override {
    if (static_cast<std::int64_t>(engine_record().steps.size()) == engine_record().fail_at)
      fail(CASD_ERROR_NUMERIC, "the loss is not finite");
    const std::vector<float>& weights = engine_record().class_weights;
    crc_ = crc32(weights.data(), weights.size() * sizeof(float), crc_);
    for (const auto& [part, values] : state_)
      crc_ = crc32(values.data(), values.size() * sizeof(float), crc_);
    const bool student = step_.phase == CASD_PHASE_STUDENT;
    const bool moves_teacher = student && options_.teacher == TeacherMode::ema;
    std::uint32_t state = crc_ | 1u;
    for (std::size_t i = 0; i < state_[StatePart::parameters].size(); ++i) {
      state = state * 1664525u + 1013904223u;
      const float gradient = static_cast<float>(state >> 8) / 16777216.0f - 0.5f;
      float& first = state_[StatePart::first_moment][i] += gradient;
      state_[StatePart::second_moment][i] += gradient * gradient;
      state_[StatePart::parameters][i] -=
          static_cast<float>(learning_rate) * (0.1f * first + gradient);
      if (moves_teacher)
        state_[StatePart::ema_teacher][i] += 0.01f * state_[StatePart::parameters][i];
    }
    for (float& count : state_[StatePart::step_counts]) count += 1;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double task = 1 + static_cast<double>(crc_ % 1000) / 1000;
    step_.losses = {student ? task + task / 3 + task / 7 : task,
                    task,
                    student ? task / 3 : nan,
                    nan,
                    student ? task / 7 : nan,
                    0.1 * task};
    step_.learning_rate = learning_rate;
    engine_record().steps.push_back(step_);
    if (engine_record().after_step) engine_record().after_step();
    return step_.losses;
  }

  void read(StatePart part, Span<float> values) const override {
    const std::vector<float>& from = state_.at(part);
    require(from.size() == values.size(), "read: wrong count");
    std::copy(from.begin(), from.end(), values.begin());
  }
  void write(StatePart part, Span<const float> values) override {
    require(state_.at(part).size() == values.size(), "write: wrong count");
    state_[part].assign(values.begin(), values.end());
  }
  InferenceEnginePtr snapshot() const override {
    return infer(std::make_shared<const Model>(model_.shared_layout(),
                                               with_learned(model_.layout(), model_.values(),
                                                            state_.at(StatePart::parameters))),
                 {});
  }

 private:
  void count_frames(const PackedModality& part, std::int32_t features) {
    std::int64_t frames = 0, zeros = 0;
    for (std::int64_t row = 0; row < part.rows; ++row)
      for (std::int64_t t = 0; t < part.length[row]; ++t, ++frames) {
        const float* frame = part.frames + (row * part.steps + t) * features;
        zeros += std::all_of(frame, frame + features, [](float value) { return value == 0; });
        crc_ = crc32(frame, sizeof(float) * static_cast<std::size_t>(features), crc_);
      }
    step_.rows.push_back(part.rows);
    step_.frames.push_back(frames);
    step_.zero_frames.push_back(zeros);
    crc_ = crc32(part.sample, sizeof(std::int32_t) * static_cast<std::size_t>(part.rows), crc_);
  }

  const Model model_;
  const TrainingOptions options_;
  StandardisedSamples samples_;
  std::vector<float> target_, teacher_[3];
  std::vector<std::uint8_t> labelled_;
  std::map<StatePart, std::vector<float>> state_;
  RecordedStep step_;
  std::uint32_t crc_ = 0;
};

}  // namespace

EngineRecord& engine_record() {
  static EngineRecord record;
  return record;
}

const EngineEntry& recording_engine() {
  static const EngineEntry entry = {
      capabilities_of_recording, true, infer,
      [](const Model& model, const EngineSetup& setup,
         const TrainingSetup& training) -> std::unique_ptr<TrainingEngine> {
        if (setup.device != CASD_DEVICE_CPU)
          fail(CASD_ERROR_UNAVAILABLE, "the recording engine supports the CPU only");
        return std::make_unique<RecordingEngine>(model, training);
      }};
  return entry;
}

}  // namespace casd::test
