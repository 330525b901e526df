// The function table of the plug-in. Its functions have C types and turn every exception into a
// status and a message.
#include "core/error.h"
#include "engine/plugin_table.h"
#include "model/model_file.h"
#include "torch/aten_threads.h"
#include "torch/torch_engine.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

struct casd_engine {
  ~casd_engine() {
    if (thread.exists())
      thread.run([this] { engine.reset(); });
    else
      engine.release();  // after fork(): the engine's threads exist in the parent only
  }
  /// Calls run on a thread of the engine.
  casd::torch_engine::CallThread thread;
  std::unique_ptr<casd::torch_engine::TorchEngine> engine;
};

namespace {

using casd::StatePart;
using casd::TrainingPhase;
using casd::torch_engine::TorchEngine;
using casd::torch_engine::TorchEngineSetup;

void set_message(casd_plugin_error* error, const std::string& message) {
  if (!error) return;
  const std::size_t size = std::min(message.size(), sizeof error->message - 1);
  std::memcpy(error->message, message.data(), size);
  error->message[size] = '\0';
}

template <class Body>
casd_status guard(casd_plugin_error* error, Body&& body) noexcept {
  try {
    body();
    return CASD_OK;
  } catch (const casd::Error& e) {
    set_message(error, e.what());
    return e.status();
  } catch (const c10::OutOfMemoryError& e) {
    set_message(error,
                std::string("the device has too little memory: ") + e.what_without_backtrace());
    return CASD_ERROR_DEVICE;
  } catch (const c10::Error& e) {
    const std::string words = e.what_without_backtrace();
    // LibTorch's CPU allocator throws no specific type when memory runs out.
    if (words.find("DefaultCPUAllocator") != std::string::npos) {
      set_message(error, "out of memory: " + words);
      return CASD_ERROR_OUT_OF_MEMORY;
    }
    set_message(error, "LibTorch: " + words);
    return CASD_ERROR_DEVICE;
  } catch (const std::bad_alloc&) {
    set_message(error, "out of memory");
    return CASD_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    set_message(error, e.what());
    return CASD_ERROR_INTERNAL;
  } catch (...) {
    set_message(error, "unknown failure in libcasd_torch");
    return CASD_ERROR_INTERNAL;
  }
}

at::Device device_of(const casd_engine_setup& setup) {
  if (setup.device == CASD_DEVICE_CPU) return at::kCPU;
  const int count = at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
  if (count == 0) {
#ifdef CASD_WITH_CUDA
    casd::fail(CASD_ERROR_UNAVAILABLE, "there is no CUDA device: the driver shows none");
#else
    casd::fail(CASD_ERROR_UNAVAILABLE,
               "there is no CUDA device: this libcasd_torch was built without CUDA");
#endif
  }
  if (setup.device_index < 0 || setup.device_index >= count)
    casd::fail(CASD_ERROR_UNAVAILABLE, "there is no CUDA device ", setup.device_index,
               ", there are ", count);
  return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(setup.device_index));
}

/// Runs body(engine) on the engine's thread.
template <class Body>
casd_status call(casd_engine* engine, casd_plugin_error* error, Body&& body) {
  return guard(error, [&] { engine->thread.run([&] { body(*engine->engine); }); });
}

std::unique_ptr<casd_engine> make_engine(const TorchEngineSetup& setup) {
  auto made = std::make_unique<casd_engine>();
  made->thread.run([&] { made->engine = std::make_unique<TorchEngine>(setup); });
  return made;
}

casd_status create(casd_engine** engine, const casd_engine_setup* setup, casd_plugin_error* error) {
  return guard(error, [&] {
    TorchEngineSetup to;
    to.device = device_of(*setup);
    to.threads = setup->threads;
    to.model = casd::parse_model(
        {static_cast<const std::uint8_t*>(setup->model), setup->model_size}, "the model");
    if (setup->training)
      to.training = casd::copy_training_options<casd::TrainingOptions>(*setup->training);
    if (setup->class_weights)
      to.class_weights.assign(setup->class_weights,
                              setup->class_weights + to.model->schema().outputs.size());
    *engine = make_engine(to).release();
  });
}

void destroy(casd_engine* engine) { delete engine; }

casd_status encode(casd_engine* engine, const casd_engine_sequence* sequences, std::int64_t count,
                   casd_plugin_error* error) {
  return call(engine, error, [&](TorchEngine& torch) {
    torch.encode({sequences, static_cast<std::size_t>(count)});
  });
}

casd_status bind(casd_engine* engine, const casd_engine_samples* samples,
                 casd_plugin_error* error) {
  return call(engine, error, [&](TorchEngine& torch) {
    const auto count = static_cast<std::size_t>(samples->samples);
    casd::InputTable table;
    table.resize(samples->samples, samples->modalities);
    const casd_engine_frames* frames = samples->frames;
    for (std::int64_t i = 0; i < samples->samples; ++i) {
      table.given(i) = samples->given[i];
      for (std::int32_t m = 0; m < samples->modalities; ++m, ++frames)
        table.frames(i, m) = {frames->values, frames->steps};
    }
    const auto columns = static_cast<std::size_t>(torch.layout().schema.target_columns());
    torch.bind({table, {samples->target, count * columns}, {samples->labelled, count}});
  });
}

casd_status set_teacher_outputs(casd_engine* engine, const float* location,
                                const float* uncertainty, const float* logits,
                                casd_plugin_error* error) {
  return call(engine, error, [&](TorchEngine& torch) {
    const std::size_t count = torch.bound_samples();
    const std::size_t hidden = count * static_cast<std::size_t>(torch.layout().options.hidden);
    const std::size_t outputs =
        count * static_cast<std::size_t>(torch.layout().schema.logit_count());
    torch.set_teacher_outputs({location, hidden}, {uncertainty, hidden}, {logits, outputs});
  });
}

casd_status begin_phase(casd_engine* engine, std::int32_t phase, casd_plugin_error* error) {
  return call(engine, error,
              [&](TorchEngine& torch) { torch.begin_phase(static_cast<TrainingPhase>(phase)); });
}

casd_status accumulate(casd_engine* engine, const casd_engine_step* step,
                       casd_plugin_error* error) {
  return call(engine, error, [&](TorchEngine& torch) {
    casd::StepRequest request;
    request.phase = static_cast<TrainingPhase>(step->phase);
    request.seed = step->seed;
    request.step = step->step;
    request.first_row = step->first_row;
    request.rows = {step->rows, static_cast<std::size_t>(step->row_count)};
    request.batch = {step->batch_samples, step->batch_targets, step->batch_pairs,
                     step->batch_present};
    torch.accumulate(request);
  });
}

casd_status apply(casd_engine* engine, double learning_rate, casd_engine_losses* losses,
                  casd_plugin_error* error) {
  return call(engine, error,
              [&](TorchEngine& torch) { *losses = torch.finish_step(learning_rate); });
}

casd_status read(casd_engine* engine, std::int32_t part, float* values, std::int64_t count,
                 casd_plugin_error* error) {
  return call(engine, error, [&](const TorchEngine& torch) {
    const std::vector<float> from = torch.read(static_cast<StatePart>(part));
    casd::require(static_cast<std::int64_t>(from.size()) == count, "state ", part, " has ",
                  from.size(), " numbers, requested ", count);
    std::copy(from.begin(), from.end(), values);
  });
}

casd_status write(casd_engine* engine, std::int32_t part, const float* values, std::int64_t count,
                  casd_plugin_error* error) {
  return call(engine, error, [&](TorchEngine& torch) {
    torch.write(static_cast<StatePart>(part), {values, static_cast<std::size_t>(count)});
  });
}

casd_status snapshot(casd_engine* engine, casd_engine** copy, casd_plugin_error* error) {
  return call(engine, error, [&](const TorchEngine& torch) {
    *copy = make_engine(torch.inference_setup()).release();
  });
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const casd_engine_plugin* casd_engine_plugin_get(
    std::uint32_t version) {
  static const casd_engine_plugin table = {CASD_ENGINE_PLUGIN_VERSION,
                                           sizeof(casd_engine_plugin),
                                           create,
                                           destroy,
                                           encode,
                                           bind,
                                           set_teacher_outputs,
                                           begin_phase,
                                           accumulate,
                                           apply,
                                           read,
                                           write,
                                           snapshot};
  return version == CASD_ENGINE_PLUGIN_VERSION ? &table : nullptr;
}
