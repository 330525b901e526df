#include "engine/device_network.h"

#include "core/error.h"
#include "core/platform.h"
#include "core/plugin.h"
#include "model/model_file.h"

#include <vector>

namespace casd {
namespace {

void check(casd_status status, const casd_plugin_error& error) {
  if (status != CASD_OK) throw Error(status, error.message);
}

}  // namespace

DeviceNetwork::DeviceNetwork(const Model& model, casd_device device, std::int32_t device_index,
                             std::int32_t threads)
    : table_(torch_plugin()), process_(process_generation()) {
  const std::vector<std::uint8_t> bytes = serialise_model(model);
  casd_torch_setup setup{};
  setup.model = bytes.data();
  setup.model_size = bytes.size();
  setup.device = device;
  setup.device_index = device_index;
  setup.threads = threads;
  casd_plugin_error error{};
  check(table_.create(&network_, &setup, &error), error);
}

DeviceNetwork::~DeviceNetwork() {
  if (process_ == process_generation()) table_.destroy(network_);
}

void DeviceNetwork::encode(const casd_torch_batch& batch, float* nig) {
  if (process_ != process_generation())
    fail(CASD_ERROR_STATE,
         "after fork() the child cannot use the parent's device: create a new "
         "predictor on the CPU, or use the device in a new process");
  const std::lock_guard<std::mutex> lock(mutex_);
  casd_plugin_error error{};
  check(table_.encode(network_, &batch, nig, &error), error);
}

}  // namespace casd
