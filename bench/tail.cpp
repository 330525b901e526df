// The slowest of a hundred predictions of one sample, relative to the median, beside those of a loop that needs
// no memory and takes as long. Both take turns, call by call, so the loop shows how idle the core was: windows of
// many calls are put in order of the loop's 99th percentile.
#include "common.h"
#include "peak.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

namespace {

using namespace bench;

constexpr int calls = 1000;  // of each in a window
constexpr int64_t steps = 50;

double percentile(std::vector<double> values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size()));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

double tail(const std::vector<double>& seconds) {
  return percentile(seconds, 0.99) / percentile(seconds, 0.5);
}

struct Window {
  double loop_tail, tail, median;
};

std::vector<Window> measure(const casd_model* model, std::size_t count, double peak) {
  const auto schema = make<casd_schema>([&](auto** out) { return casd_model_schema(out, model); });
  const auto predictor =
      make<casd_predictor>([&](auto** out) { return casd_predictor_create(out, model, nullptr); });
  const auto prediction = make<casd_prediction>(casd_prediction_create);
  const auto batch = make_batch(schema.get(), 1, steps);
  const auto predict = [&] {
    const auto start = Clock::now();
    check(casd_predict(prediction.get(), predictor.get(), batch.get(), CASD_ALL_MODALITIES));
    return seconds_since(start);
  };
  double best = predict();
  for (int call = 0; call < calls; ++call) best = std::min(best, predict());
  const auto iterations = static_cast<int64_t>(best * peak / operations_of_chains);
  std::vector<Window> windows;
  std::vector<double> times(calls), loop_times(calls);
  while (windows.size() < count) {
    for (std::size_t call = 0; call < times.size(); ++call) {
      times[call] = predict();
      const auto start = Clock::now();
      chains(iterations);
      loop_times[call] = seconds_since(start);
    }
    windows.push_back({tail(loop_times), tail(times), percentile(times, 0.5)});
  }
  std::sort(windows.begin(), windows.end(),
            [](const Window& a, const Window& b) { return a.loop_tail < b.loop_tail; });
  return windows;
}

void print_row(const char* name, const Window* begin, const Window* end) {
  std::vector<double> loop_tails, tails, medians;
  for (const Window* window = begin; window < end; ++window) {
    loop_tails.push_back(window->loop_tail);
    tails.push_back(window->tail);
    medians.push_back(window->median);
  }
  std::printf("  %-22s %8.2f %12.2f %10.0f us\n", name, percentile(loop_tails, 0.5),
              percentile(tails, 0.5), 1e6 * percentile(medians, 0.5));
}

void compare(const char* name, casd_preset preset, std::size_t count, double peak) {
  const auto schema = make_schema();
  const auto model = make_model(schema.get(), preset);
  const std::vector<Window> windows = measure(model.get(), count, peak);
  const Window *first = windows.data(), *last = first + count;
  std::printf("preset %s, %lld frames, one thread: 99th percentile relative to the median\n", name,
              static_cast<long long>(steps));
  std::printf("  %-22s %8s %12s %13s\n", "windows", "loop", "prediction", "its median");
  print_row("quietest tenth", first, first + (count + 9) / 10);
  print_row("quietest half", first, first + (count + 1) / 2);
  print_row("all", first, last);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  const int count = argc > 1 ? std::atoi(argv[1]) : 100;
  if (count < 1) {
    std::fprintf(stderr, "usage: bench_tail [windows]\n");
    return 2;
  }
  const double peak = measured_peak();
  if (peak == 0) {
    std::fprintf(stderr, "The loop needs a processor with AVX2.\n");
    return 1;
  }
  compare("default", CASD_PRESET_DEFAULT, static_cast<std::size_t>(count), peak);
  compare("reference", CASD_PRESET_REFERENCE, static_cast<std::size_t>(count), peak);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
