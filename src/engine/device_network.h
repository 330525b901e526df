// A model on a device, accessed through the function table of the torch plug-in.
#pragma once

#include "core/plugin_torch.h"
#include "model/model.h"

#include <casd/predict.h>

#include <cstdint>
#include <mutex>

namespace casd {

/// Any number of threads; calls run on the device one at a time. Not usable in the child after
/// fork(): there it fails with STATE, and its destructor does not access the device.
class DeviceNetwork {
 public:
  /// Throws UNAVAILABLE when the device or the plug-in is missing.
  DeviceNetwork(const Model& model, casd_device device, std::int32_t device_index,
                std::int32_t threads);
  ~DeviceNetwork();
  DeviceNetwork(const DeviceNetwork&) = delete;
  DeviceNetwork& operator=(const DeviceNetwork&) = delete;

  /// nig: [samples, modalities, 4, hidden]; rows of absent modalities are not written.
  void encode(const casd_torch_batch& batch, float* nig);

 private:
  const casd_torch_plugin& table_;
  const std::uint64_t process_;
  std::mutex mutex_;
  casd_torch_network* network_ = nullptr;
};

}  // namespace casd
