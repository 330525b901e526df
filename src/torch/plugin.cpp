// The table of the plug-in: C in, C out; whatever is thrown becomes a status and a text.
#include "core/error.h"
#include "core/plugin_torch.h"
#include "model/model_file.h"
#include "torch/session.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstring>
#include <new>

struct casd_torch_network {
  explicit casd_torch_network(const casd::torch_plugin::SessionSetup& setup) : session(setup) {}
  casd::torch_plugin::Session session;
};

namespace {

using casd::torch_plugin::Input;
using casd::torch_plugin::ModalityInput;
using casd::torch_plugin::Session;
using casd::torch_plugin::StepInput;

void tell(casd_plugin_error* error, const std::string& message) {
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
    tell(error, e.what());
    return e.status();
  } catch (const c10::OutOfMemoryError& e) {
    tell(error, std::string("the device has too little memory: ") + e.what_without_backtrace());
    return CASD_ERROR_DEVICE;
  } catch (const c10::Error& e) {
    const std::string words = e.what_without_backtrace();
    // What LibTorch's CPU allocator throws has no type of its own.
    if (words.find("DefaultCPUAllocator") != std::string::npos) {
      tell(error, "out of memory: " + words);
      return CASD_ERROR_OUT_OF_MEMORY;
    }
    tell(error, "LibTorch: " + words);
    return CASD_ERROR_DEVICE;
  } catch (const std::bad_alloc&) {
    tell(error, "out of memory");
    return CASD_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    tell(error, e.what());
    return CASD_ERROR_INTERNAL;
  } catch (...) {
    tell(error, "unknown failure in libcasd_torch");
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

/// A copy on the session's device of a caller's array; on the CPU the array itself.
template <class T>
at::Tensor array(const T* values, at::IntArrayRef shape, at::ScalarType type,
                 const at::TensorOptions& wanted) {
  return at::from_blob(const_cast<T*>(values), shape, at::TensorOptions().dtype(type)).to(wanted);
}

Input make_input(const casd_torch_batch& batch, const Session& session) {
  const at::TensorOptions real = session.tensor_options();
  const at::TensorOptions whole_numbers = real.dtype(at::kLong);
  Input input;
  input.samples = batch.samples;
  for (std::int32_t m = 0; m < batch.modalities; ++m) {
    const casd_torch_modality& from = batch.modality[m];
    ModalityInput to;
    if (from.rows > 0) {
      const std::int64_t features =
          session.network().schema().modalities[static_cast<std::size_t>(m)].features;
      to.sample = array(from.sample, {from.rows}, at::kInt, whole_numbers);
      to.length = array(from.length, {from.rows}, at::kInt, whole_numbers);
      to.frames = array(from.frames, {from.rows, from.steps, features}, at::kFloat, real);
      to.ragged = std::any_of(from.length, from.length + from.rows,
                              [&](std::int32_t length) { return length != from.steps; });
      to.whole = from.rows == batch.samples;
    }
    input.modalities.push_back(std::move(to));
  }
  return input;
}

StepInput make_step(const casd_torch_step& from, const Session& session) {
  const at::TensorOptions real = session.tensor_options();
  const casd::Schema& schema = session.network().schema();
  StepInput to;
  to.phase = from.phase;
  to.input = make_input(*from.input, session);
  if (from.complete) to.complete = make_input(*from.complete, session);
  const std::int64_t samples = to.input.samples;
  to.targets.values = array(from.target, {samples, schema.target_columns()}, at::kFloat, real);
  to.targets.labelled = array(from.labelled, {samples}, at::kByte, real);
  if (schema.task == CASD_TASK_CLASSES) {
    // Samples without a class get class 0 and weight 0.
    to.targets.values = (to.targets.values.squeeze(1) * to.targets.labelled).to(at::kLong);
    to.targets.class_weights = session.class_weights();
  }
  if (from.teacher_location) {
    const std::int64_t d = session.network().options().hidden;
    to.taught.location = array(from.teacher_location, {samples, d}, at::kFloat, real);
    to.taught.uncertainty = array(from.teacher_uncertainty, {samples, d}, at::kFloat, real);
    to.taught.logits =
        array(from.teacher_logits, {samples, schema.logit_count()}, at::kFloat, real);
  }
  to.learning_rate = from.learning_rate;
  return to;
}

casd_status create(casd_torch_network** network, const casd_torch_setup* setup,
                   casd_plugin_error* error) {
  return guard(error, [&] {
    casd::torch_plugin::SessionSetup to;
    to.device = device_of(*setup);
    to.threads = setup->threads;
    at::set_num_threads(setup->threads);
    to.model = casd::parse_model(
        {static_cast<const std::uint8_t*>(setup->model), setup->model_size}, "the model");
    if (setup->options) to.training = *setup->options;
    if (setup->class_weights)
      to.class_weights.assign(setup->class_weights,
                              setup->class_weights + to.model->schema().outputs.size());
    *network = new casd_torch_network(to);
  });
}

void destroy(casd_torch_network* network) { delete network; }

casd_status encode(casd_torch_network* network, const casd_torch_batch* batch, float* nig,
                   casd_plugin_error* error) {
  return guard(error, [&] {
    const Session& session = network->session;
    at::set_num_threads(session.threads());
    const std::vector<at::Tensor> parts = session.encode(make_input(*batch, session));
    const std::int64_t size = 4 * session.network().options().hidden;
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
  return guard(error, [&] {
    Session& session = network->session;
    at::set_num_threads(session.threads());
    StepInput to = make_step(*input, session);
    to.chance.dropout = session.dropout();
    to.chance.seed = input->seed;
    to.chance.step = input->step;
    *losses = session.step(to);
  });
}

casd_status start_phase(casd_torch_network* network, casd_phase phase, casd_plugin_error* error) {
  return guard(error, [&] { network->session.start_phase(phase); });
}

casd_status read(casd_torch_network* network, std::int32_t what, float* values, std::int64_t count,
                 casd_plugin_error* error) {
  return guard(error, [&] {
    const std::vector<float> from = network->session.read(what);
    casd::require(static_cast<std::int64_t>(from.size()) == count, "state ", what, " has ",
                  from.size(), " numbers, asked for ", count);
    std::copy(from.begin(), from.end(), values);
  });
}

casd_status write(casd_torch_network* network, std::int32_t what, const float* values,
                  std::int64_t count, casd_plugin_error* error) {
  return guard(error, [&] {
    network->session.write(what, {values, static_cast<std::size_t>(count)});
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
