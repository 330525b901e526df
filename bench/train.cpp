// Measures a training step of the student on the CPU (all losses, backward, Adam) through the C API.
// Needs the plug-in libcasd_torch in the folder of libcasd.
#include "common.h"

#include <benchmark/benchmark.h>

namespace {

using namespace bench;

void step(benchmark::State& state, casd_preset preset, int64_t samples, int32_t threads) {
  const auto schema = make_schema();
  const auto model = make_model(schema.get(), preset);
  const auto batch = make_batch(schema.get(), samples, 50);
  const auto data =
      make<casd_dataset>([&](auto** out) { return casd_dataset_create(out, schema.get()); });
  check(casd_dataset_add(data.get(), "train", batch.get()));
  casd_trainer_options options;
  check(casd_trainer_options_init(&options, sizeof options));
  options.threads = threads;
  const auto trainer = make<casd_trainer>(
      [&](auto** out) { return casd_trainer_create(out, model.get(), &options); });
  check(casd_trainer_prepare(trainer.get(), data.get()));
  check(casd_trainer_set_phase(trainer.get(), CASD_PHASE_STUDENT));
  for (auto _ : state) check(casd_train_step(nullptr, trainer.get(), batch.get()));
  state.SetItemsProcessed(state.iterations() * samples);
}

void add(const char* name, casd_preset preset, int64_t samples, int32_t threads) {
  benchmark::RegisterBenchmark(
      name, [=](benchmark::State& state) { step(state, preset, samples, threads); })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  add("step/default/32_samples", CASD_PRESET_DEFAULT, 32, 1);
  add("step/default/128_samples", CASD_PRESET_DEFAULT, 128, 1);
  add("step/default/128_samples/2_threads", CASD_PRESET_DEFAULT, 128, 2);
  add("step/reference/32_samples", CASD_PRESET_REFERENCE, 32, 1);
  add("step/reference/128_samples", CASD_PRESET_REFERENCE, 128, 1);
  add("step/reference/128_samples/2_threads", CASD_PRESET_REFERENCE, 128, 2);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
