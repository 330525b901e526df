// The function table of the plug-in. Its functions have C types and turn every exception into a
// status and a message.
#include "core/error.h"
#include "core/plugin_torch.h"
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

struct casd_torch_network {
  ~casd_torch_network() {
    if (thread.exists())
      thread.run([this] { engine.reset(); });
    else
      engine.release();  // after fork(): the engine's threads exist in the parent only
  }
  casd::torch_engine::CallThread thread;
  std::unique_ptr<casd::torch_engine::TorchEngine> engine;
};

namespace {

using casd::torch_engine::StepInput;
using casd::torch_engine::TorchEngine;

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

at::Device device_of(const casd_torch_setup& setup) {
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

/// Runs body(engine) on the network's thread.
template <class Body>
casd_status call(casd_torch_network* network, casd_plugin_error* error, Body&& body) {
  return guard(error, [&] { network->thread.run([&] { body(*network->engine); }); });
}

casd_status create(casd_torch_network** network, const casd_torch_setup* setup,
                   casd_plugin_error* error) {
  return guard(error, [&] {
    auto made = std::make_unique<casd_torch_network>();
    made->thread.run([&] {
      casd::torch_engine::TorchEngineSetup to;
      to.device = device_of(*setup);
      to.threads = setup->threads;
      to.model = casd::parse_model(
          {static_cast<const std::uint8_t*>(setup->model), setup->model_size}, "the model");
      if (setup->options) to.training = *setup->options;
      if (setup->class_weights)
        to.class_weights.assign(setup->class_weights,
                                setup->class_weights + to.model->schema().outputs.size());
      made->engine = std::make_unique<TorchEngine>(to);
    });
    *network = made.release();
  });
}

void destroy(casd_torch_network* network) { delete network; }

casd_status encode(casd_torch_network* network, const casd_torch_batch* batch, float* nig,
                   casd_plugin_error* error) {
  return call(network, error, [&](const TorchEngine& engine) {
    const std::vector<at::Tensor> parts = engine.encode(
        casd::torch_engine::make_input(*batch, engine.layout().schema, engine.tensor_options()));
    const std::int64_t size = 4 * engine.layout().options.hidden;
    for (std::size_t m = 0; m < parts.size(); ++m) {
      if (!parts[m].defined()) continue;
      const at::Tensor rows = parts[m].to(at::kCPU, at::kFloat).contiguous();
      const float* from = rows.const_data_ptr<float>();
      for (std::int32_t r = 0; r < batch->modality[m].rows; ++r)
        std::copy_n(from + r * size, size,
                    nig + (std::int64_t{batch->modality[m].sample[r]} * batch->modalities +
                           static_cast<std::int64_t>(m)) *
                              size);
    }
  });
}

casd_status step(casd_torch_network* network, const casd_torch_step* input,
                 casd_torch_losses* losses, casd_plugin_error* error) {
  return call(network, error, [&](TorchEngine& engine) {
    StepInput to = casd::torch_engine::make_step(*input, engine.layout().schema,
                                                 engine.layout().options.hidden,
                                                 engine.class_weights(), engine.tensor_options());
    to.random.dropout = engine.dropout();
    *losses = engine.step(to, input->learning_rate);
  });
}

casd_status start_phase(casd_torch_network* network, casd_phase phase, casd_plugin_error* error) {
  return call(network, error, [&](TorchEngine& engine) { engine.start_phase(phase); });
}

casd_status read(casd_torch_network* network, std::int32_t what, float* values, std::int64_t count,
                 casd_plugin_error* error) {
  return call(network, error, [&](const TorchEngine& engine) {
    const std::vector<float> from = engine.read(what);
    casd::require(static_cast<std::int64_t>(from.size()) == count, "state ", what, " has ",
                  from.size(), " numbers, requested ", count);
    std::copy(from.begin(), from.end(), values);
  });
}

casd_status write(casd_torch_network* network, std::int32_t what, const float* values,
                  std::int64_t count, casd_plugin_error* error) {
  return call(network, error, [&](TorchEngine& engine) {
    engine.write(what, {values, static_cast<std::size_t>(count)});
  });
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const casd_torch_plugin* casd_torch_plugin_get(
    std::uint32_t version) {
  static const casd_torch_plugin table = {CASD_TORCH_PLUGIN_VERSION,
                                          sizeof(casd_torch_plugin),
                                          create,
                                          destroy,
                                          encode,
                                          step,
                                          start_phase,
                                          read,
                                          write};
  return version == CASD_TORCH_PLUGIN_VERSION ? &table : nullptr;
}
