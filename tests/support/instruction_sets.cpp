// The encoders of one sample with each instruction set of this machine, and with cold caches, in
// interleaved rounds: casd_instruction_sets [ROUNDS]. Prints the best and the median time, and the ratio
// to the fastest instruction set as the median of the rounds' ratios.
#include "cpu/encoder.h"
#include "model/options.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

namespace {

using namespace casd;

constexpr std::int64_t steps = 50;

ModelPtr make_model(casd_preset preset) {
  Schema schema;
  schema.add_modality("language", 300);
  schema.add_modality("audio", 74);
  schema.add_modality("visual", 35);
  schema.add_output("negative");
  schema.add_output("positive");
  casd_model_options options = default_model_options();
  use_preset(options, preset);
  return create_model(schema, options);
}

class Contender {
 public:
  Contender(std::string name, const ModelPtr& model, cpu::Target target, bool cold)
      : name_(std::move(name)),
        encoder_(model, target),
        cold_(cold),
        frames_(static_cast<std::size_t>(300 * steps)),
        scratch_(encoder_.scratch_size(steps)),
        nig_(static_cast<std::size_t>(4 * model->options().hidden)),
        other_(cold ? std::size_t{64} << 20 : 0) {
    for (std::size_t i = 0; i < frames_.size(); ++i)
      frames_[i] = static_cast<float>(i * 7919 % 1000) / 500 - 1;
  }

  /// The median time of a few calls, in microseconds.
  double round() {
    std::vector<double> times;
    for (int call = 0; call < (cold_ ? 9 : 41); ++call) {
      // Other data takes the place of weights, frames and scratch memory in all caches.
      for (std::size_t i = 0; i < other_.size(); i += 64) ++other_[i];
      const auto start = std::chrono::steady_clock::now();
      for (std::int32_t m = 0; m < 3; ++m)
        encoder_.encode(m, frames_.data(), steps, scratch_.data(), nig_.data(), nullptr,
                        {0, encoder_.stages(), true});
      const std::chrono::duration<double, std::micro> passed =
          std::chrono::steady_clock::now() - start;
      times.push_back(passed.count());
      best = std::min(best, times.back());
    }
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                     times.end());
    return times[times.size() / 2];
  }

  const std::string& name() const { return name_; }
  double best = 1e9;
  std::vector<double> medians, ratios;

 private:
  std::string name_;
  Encoder encoder_;
  bool cold_;
  std::vector<float> frames_, scratch_, nig_;
  std::vector<char> other_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 30;
  for (const casd_preset preset : {CASD_PRESET_DEFAULT, CASD_PRESET_REFERENCE}) {
    const ModelPtr model = make_model(preset);
    std::deque<Contender> contenders;  // an encoder cannot be moved
    const Span<const cpu::Target> targets = cpu::supported_targets();
    for (const cpu::Target target : targets)
      contenders.emplace_back(cpu::target_name(target), model, target, false);
    contenders.emplace_back(std::string(cpu::target_name(targets[0])) + ", cold", model, targets[0],
                            true);
    for (int r = 0; r < rounds; ++r) {
      for (Contender& contender : contenders) contender.medians.push_back(contender.round());
      for (Contender& contender : contenders)
        contender.ratios.push_back(contender.medians.back() / contenders[0].medians.back());
    }
    std::printf("preset %s, %d frames, one thread\n",
                preset == CASD_PRESET_DEFAULT ? "default" : "reference", static_cast<int>(steps));
    for (const Contender& contender : contenders)
      std::printf("  %-14s best %7.0f us  median %7.0f us  ratio %5.2f\n", contender.name().c_str(),
                  contender.best, median(contender.medians), median(contender.ratios));
  }
  return 0;
}
