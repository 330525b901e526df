// Measures a training step of the student on the CPU (all losses, backward, Adam) through the C API, with
// the built-in engine and with LibTorch (if libcasd_torch is in the folder of libcasd).
#include "common.h"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using namespace bench;

void step(benchmark::State& state, casd_engine_choice engine, casd_preset preset, int64_t samples,
          int32_t threads) {
  const auto schema = make_schema();
  const auto model = make_model(schema.get(), preset);
  const auto batch = make_batch(schema.get(), samples, 50);
  const auto data =
      make<casd_dataset>([&](auto** out) { return casd_dataset_create(out, schema.get()); });
  check(casd_dataset_add(data.get(), "train", batch.get()));
  casd_trainer_options options;
  check(casd_trainer_options_init(&options, sizeof options));
  options.threads = threads;
  options.engine = engine;
  const auto trainer = make<casd_trainer>(
      [&](auto** out) { return casd_trainer_create(out, model.get(), &options); });
  check(casd_trainer_prepare(trainer.get(), data.get()));
  check(casd_trainer_set_phase(trainer.get(), CASD_PHASE_STUDENT));
  for (auto _ : state) check(casd_train_step(nullptr, trainer.get(), batch.get()));
  state.SetItemsProcessed(state.iterations() * samples);
}

void add(casd_engine_choice engine, casd_preset preset, int64_t samples, int32_t threads) {
  std::string name = "step/";
  name += preset == CASD_PRESET_DEFAULT ? "default/" : "reference/";
  name += engine == CASD_ENGINE_CPU ? "cpu/" : "torch/";
  name += "samples:" + std::to_string(samples) + "/threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(
      name.c_str(), [=](benchmark::State& state) { step(state, engine, preset, samples, threads); })
      ->UseRealTime()
      ->MeasureProcessCPUTime()
      ->Unit(benchmark::kMillisecond);
}

bool has_torch() {
  casd_engine_info info;
  check(casd_engine_info_init(&info, sizeof info));
  for (int32_t i = 0; casd_engine_get_info(&info, i) == CASD_OK; ++i)
    if (std::string(info.name) == "torch" && info.device == CASD_DEVICE_CPU) return info.available;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const bool torch = has_torch();
  for (const casd_preset preset : {CASD_PRESET_DEFAULT, CASD_PRESET_REFERENCE})
    for (const int64_t samples : {1, 32, 128})
      for (const int32_t threads : {1, 2}) {
        if (threads > 1 && samples == 32) continue;
        add(CASD_ENGINE_CPU, preset, samples, threads);
        if (torch) add(CASD_ENGINE_TORCH, preset, samples, threads);
      }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
