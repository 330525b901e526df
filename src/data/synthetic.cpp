// A dataset with known ground truth. Three modalities observe one hidden state through noise. The
// noise strength differs between samples and is recorded.
#include "data/synthetic.h"
#include "data/dataset.h"

#include "core/error.h"
#include "core/random.h"
#include "model/options.h"

#include <array>
#include <cmath>
#include <limits>

namespace casd {
namespace {

constexpr std::size_t state_size = 6;
constexpr double least_noise = 0.3, most_noise = 4;
constexpr std::size_t most_features = 16;

struct View {
  const char* name;
  std::int32_t features;
  double gain;  // factor of the state
};
constexpr View views[] = {{"language", 16, 1.0}, {"audio", 12, 0.7}, {"visual", 10, 0.5}};
constexpr std::size_t view_count = sizeof views / sizeof *views;

Span<const Option> synthetic_option_table() {
  using O = casd_synthetic_options;
  static constexpr const char* tasks[] = {"regression", "classes", "multilabel"};
  static const Option table[] = {
      {"task", OptionKind::choice, offsetof(O, task), 0, 0, false, false, {tasks, 3}},
      {"train_samples", OptionKind::int32, offsetof(O, train_samples), 1, 1e6, false, false, {}},
      {"valid_samples", OptionKind::int32, offsetof(O, valid_samples), 0, 1e6, false, false, {}},
      {"test_samples", OptionKind::int32, offsetof(O, test_samples), 0, 1e6, false, false, {}},
      {"max_steps", OptionKind::int32, offsetof(O, max_steps), 1, 4096, false, false, {}},
      {"missing_rate", OptionKind::real, offsetof(O, missing_rate), 0, 1, false, true, {}},
  };
  return {table, sizeof table / sizeof *table};
}

/// Loadings of the state on the features: [features, state_size] per modality, equal for all samples.
using Loadings = std::array<std::array<std::array<double, state_size>, most_features>, view_count>;

Loadings draw_loadings(std::uint64_t seed) {
  const RandomStream stream(seed, 0, RandomSite::synthetic, 0);
  Loadings out{};
  std::uint64_t index = 0;
  for (auto& view : out)
    for (auto& feature : view)
      for (double& loading : feature) loading = stream.normal(index++) / std::sqrt(state_size);
  return out;
}

/// The random numbers of one sample, in the order of the calls.
class Draw {
 public:
  Draw(std::uint64_t seed, std::uint64_t sample)
      : stream_(seed, sample, RandomSite::synthetic, 1) {}
  double normal() { return stream_.normal(next_++); }
  double uniform() { return stream_.uniform_double(2 * next_++); }

 private:
  RandomStream stream_;
  std::uint64_t next_ = 0;
};

/// Classes: whether the sum of the first two components is positive. Regression: that sum.
/// Multi-label: whether each of the two is positive.
std::vector<float> target_of(const std::array<double, state_size>& state, casd_task task) {
  const double sum = (state[0] + state[1]) / std::sqrt(2.0);
  switch (task) {
    case CASD_TASK_REGRESSION:
      return {static_cast<float>(sum)};
    case CASD_TASK_CLASSES:
      return {sum > 0 ? 1.0f : 0.0f};
    default:
      return {state[0] > 0 ? 1.0f : 0.0f, state[1] > 0 ? 1.0f : 0.0f};
  }
}

Sample make_sample(const casd_synthetic_options& options, const Schema& schema,
                   const Loadings& loadings, std::uint64_t number, double* noise) {
  Draw draw(options.seed, number);
  std::array<double, state_size> state;
  for (double& part : state) part = draw.normal();
  Sample sample = empty_sample(schema);
  const auto always = static_cast<std::size_t>(draw.uniform() * view_count);  // never missing
  for (std::size_t v = 0; v < view_count; ++v) {
    const bool missing = draw.uniform() < options.missing_rate && v != always;
    const auto steps = 1 + static_cast<std::size_t>(draw.uniform() * options.max_steps);
    // Log-uniform, so that clean and noisy samples are equally frequent.
    const double strength = least_noise * std::pow(most_noise / least_noise, draw.uniform());
    // A constant error of the whole sequence, which averaging over frames cannot remove, and a
    // smaller error per frame.
    std::array<double, state_size> seen;
    for (std::size_t k = 0; k < state_size; ++k)
      seen[k] = views[v].gain * state[k] + 0.5 * strength * draw.normal();
    noise[v] = missing ? std::numeric_limits<double>::quiet_NaN() : strength;
    if (missing) continue;
    const auto features = static_cast<std::size_t>(views[v].features);
    std::vector<float> frames;
    frames.reserve(steps * features);
    for (std::size_t t = 0; t < steps; ++t) {
      const double swell = 1 + 0.3 * std::sin(0.7 * static_cast<double>(t + v));
      for (std::size_t f = 0; f < features; ++f) {
        double value = 0.3 * strength * draw.normal();
        for (std::size_t k = 0; k < state_size; ++k) value += loadings[v][f][k] * seen[k] * swell;
        frames.push_back(static_cast<float>(value));
      }
    }
    set_frames(sample, schema, static_cast<std::int32_t>(v), frames);
  }
  set_target(sample, schema, target_of(state, options.task));
  return sample;
}

}  // namespace

casd_synthetic_options default_synthetic_options() {
  casd_synthetic_options options{};
  options.struct_size = sizeof options;
  options.task = CASD_TASK_CLASSES;
  options.train_samples = 600;
  options.valid_samples = 200;
  options.test_samples = 200;
  options.max_steps = 12;
  return options;
}

Dataset make_synthetic(const casd_synthetic_options& options) {
  check_options(synthetic_option_table(), &options);
  Dataset dataset;
  Schema& schema = dataset.schema;
  for (const View& view : views) schema.add_modality(view.name, view.features);
  schema.set_task(options.task);
  if (options.task == CASD_TASK_CLASSES) schema.outputs = {"negative", "positive"};
  if (options.task == CASD_TASK_REGRESSION) schema.outputs = {"value"};
  if (options.task == CASD_TASK_MULTILABEL) schema.outputs = {"first", "second"};

  const Loadings loadings = draw_loadings(options.seed);
  std::uint64_t number = 0;
  for (const auto& [name, count] : {std::make_pair("train", options.train_samples),
                                    std::make_pair("valid", options.valid_samples),
                                    std::make_pair("test", options.test_samples)}) {
    if (count == 0) continue;
    Split& split = dataset.split(name);
    split.noise.resize(static_cast<std::size_t>(count) * view_count);
    for (std::int32_t i = 0; i < count; ++i)
      split.samples.push_back(
          make_sample(options, schema, loadings, number++,
                      split.noise.data() + static_cast<std::size_t>(i) * view_count));
  }
  name_samples(dataset);
  return dataset;
}

}  // namespace casd
