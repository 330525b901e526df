// How long an answer takes on the CPU engine, through the C ABI: per preset, batch size, number of
// frames, modalities and threads. `items_per_second` counts samples.
#include "common.h"

#include <benchmark/benchmark.h>

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
  for (auto _ : state)
    check(casd_predict(prediction.get(), predictor.get(), batch.get(), with.mask));
  state.SetItemsProcessed(state.iterations() * with.samples);
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
    add(of + "/32_samples/50_frames/2_threads", {preset, 32, 50, CASD_ALL_MODALITIES, 2});
  }
  benchmark::RegisterBenchmark("load/reference", load)->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
