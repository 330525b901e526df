// Measures predictions of the CPU engine through the C API, by preset, batch size, number of frames,
// modalities, threads of the predictor and concurrent callers. `items_per_second` counts samples.
#include "common.h"
#include "peak.h"

#include <benchmark/benchmark.h>

#include <algorithm>

namespace {

using namespace bench;

struct Case {
  casd_preset preset;
  int64_t samples;
  int64_t steps;
  casd_modality_mask mask;
  int32_t threads;
};

void predict(benchmark::State& state, const Case& with) {
  const auto schema = make_schema();
  const auto model = make_model(schema.get(), with.preset);
  const auto batch = make_batch(schema.get(), with.samples, with.steps);
  const auto prediction = make<casd_prediction>(casd_prediction_create);
  casd_predictor_options options;
  check(casd_predictor_options_init(&options, sizeof options));
  options.threads = with.threads;
  const auto predictor = make<casd_predictor>(
      [&](auto** out) { return casd_predictor_create(out, model.get(), &options); });
  casd_model_options network;
  check(casd_model_options_init(&network, sizeof network));
  check(casd_model_options_use_preset(&network, with.preset));
  double best = 1e9;  // seconds
  const double before = measured_peak();
  for (auto _ : state) {
    const auto start = Clock::now();
    check(casd_predict(prediction.get(), predictor.get(), batch.get(), with.mask));
    best = std::min(best, seconds_since(start));
  }
  const double peak = std::max(before, measured_peak()) * with.threads;
  state.SetItemsProcessed(state.iterations() * with.samples);
  const double samples = static_cast<double>(with.samples);
  state.counters["best_us"] = best * 1e6 / samples;
  if (peak > 0)
    state.counters["%peak"] =
        100 * samples * operations(schema.get(), network, with.mask, with.steps) / best / peak;
}

/// Shared by concurrent callers. Each caller has its own batch and prediction.
struct Shared {
  explicit Shared(const Case& with)
      : schema(make_schema()), model(make_model(schema.get(), with.preset)) {
    casd_predictor_options options;
    check(casd_predictor_options_init(&options, sizeof options));
    options.threads = with.threads;
    predictor = make<casd_predictor>(
        [&](auto** out) { return casd_predictor_create(out, model.get(), &options); });
  }
  Handle<casd_schema> schema;
  Handle<casd_model> model;
  Handle<casd_predictor> predictor;
};

void predict_concurrently(benchmark::State& state, const Shared& shared, const Case& with) {
  const auto batch = make_batch(shared.schema.get(), with.samples, with.steps);
  const auto prediction = make<casd_prediction>(casd_prediction_create);
  for (auto _ : state)
    check(casd_predict(prediction.get(), shared.predictor.get(), batch.get(), with.mask));
  state.SetItemsProcessed(state.iterations() * with.samples);
}

/// One sample per call, in the caller's memory.
void predict_sample(benchmark::State& state, const Case& with, bool fill_batch) {
  const Shared shared(with);
  const auto batch = make_batch(shared.schema.get(), 1, with.steps);
  const auto prediction = make<casd_prediction>(casd_prediction_create);
  std::vector<std::vector<float>> values;
  std::vector<const float*> frames;
  std::vector<int32_t> features;
  for (int32_t m = 0; m < casd_schema_modality_count(shared.schema.get()); ++m) {
    const float* first = casd_batch_frames(batch.get(), 0, m);
    features.push_back(casd_schema_modality_features(shared.schema.get(), m));
    values.emplace_back(first, first + with.steps * features.back());
  }
  for (const auto& of_modality : values) frames.push_back(of_modality.data());
  const std::vector<int64_t> steps(values.size(), with.steps);
  const auto count = static_cast<int32_t>(values.size());
  for (auto _ : state) {
    if (fill_batch) {
      casd_batch_clear(batch.get());
      check(casd_batch_add_sample(nullptr, batch.get()));
      for (int32_t m = 0; m < count; ++m) {
        const auto at = static_cast<std::size_t>(m);
        check(casd_batch_set_frames(batch.get(), 0, m, frames[at], with.steps, features[at], 0));
      }
      check(casd_predict(prediction.get(), shared.predictor.get(), batch.get(), with.mask));
    } else {
      check(casd_predict_frames(prediction.get(), shared.predictor.get(), frames.data(),
                                steps.data(), count, with.mask));
    }
  }
  state.SetItemsProcessed(state.iterations());
}

void load(benchmark::State& state) {
  const auto schema = make_schema();
  const auto model = make_model(schema.get(), CASD_PRESET_REFERENCE);
  std::size_t size = 0;
  check(casd_model_save_memory(nullptr, 0, &size, model.get()));
  std::vector<char> bytes(size);
  check(casd_model_save_memory(bytes.data(), size, nullptr, model.get()));
  for (auto _ : state)
    make<casd_model>([&](auto** out) { return casd_model_load_memory(out, bytes.data(), size); });
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(size));
}

void add(const std::string& name, const Case& with) {
  benchmark::RegisterBenchmark(("predict/" + name).c_str(),
                               [with](benchmark::State& state) { predict(state, with); })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

void add_concurrent(const std::string& name, const Case& with, int callers) {
  const auto shared = std::make_shared<const Shared>(with);
  benchmark::RegisterBenchmark(
      ("predict/" + name).c_str(),
      [=](benchmark::State& state) { predict_concurrently(state, *shared, with); })
      ->Threads(callers)
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

void add_sample(const std::string& name, const Case& with, bool fill_batch) {
  benchmark::RegisterBenchmark(
      ("predict/" + name).c_str(),
      [=](benchmark::State& state) { predict_sample(state, with, fill_batch); })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace

int main(int argc, char** argv) {
  for (const auto& [name, preset] : {std::make_pair("default", CASD_PRESET_DEFAULT),
                                     std::make_pair("reference", CASD_PRESET_REFERENCE)}) {
    const std::string of = name;
    add(of + "/one_sample/12_frames", {preset, 1, 12, CASD_ALL_MODALITIES, 1});
    add(of + "/one_sample/50_frames", {preset, 1, 50, CASD_ALL_MODALITIES, 1});
    add(of + "/one_sample/50_frames/language_only", {preset, 1, 50, 1, 1});
    add(of + "/one_sample/50_frames/2_threads", {preset, 1, 50, CASD_ALL_MODALITIES, 2});
    add(of + "/32_samples/50_frames", {preset, 32, 50, CASD_ALL_MODALITIES, 1});
    add(of + "/256_samples/50_frames", {preset, 256, 50, CASD_ALL_MODALITIES, 1});
    add(of + "/256_samples/50_frames/2_threads", {preset, 256, 50, CASD_ALL_MODALITIES, 2});
    add(of + "/32_samples/50_frames/2_threads", {preset, 32, 50, CASD_ALL_MODALITIES, 2});
    for (const int callers : {1, 2, 4})
      add_concurrent(of + "/one_sample/12_frames/callers", {preset, 1, 12, CASD_ALL_MODALITIES, 1},
                     callers);
    for (const int64_t steps : {1, 12}) {
      const std::string frames = "/one_sample/" + std::to_string(steps) + "_frames";
      const Case with{preset, 1, steps, CASD_ALL_MODALITIES, 1};
      add_sample(of + frames + "/through_a_batch", with, true);
      add_sample(of + frames + "/without_a_batch", with, false);
    }
  }
  benchmark::RegisterBenchmark("load/reference", load)->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
