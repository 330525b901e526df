// Finds and loads plug-ins: libcasd_torch and libcasd_hdf5.
#pragma once

#include "core/plugin_hdf5.h"
#include "core/plugin_torch.h"

#include <string>

namespace casd {

/// The folder that is looked into first ("" for none).
void set_plugin_path(const std::string& folder);

/// The plug-in's table, loaded at the first call. Looked for in the folder of set_plugin_path(), the
/// folders of CASD_PLUGIN_PATH, the folder of libcasd. Throws UNAVAILABLE naming each path tried
/// and why it did not do.
const casd_torch_plugin& torch_plugin();
const casd_hdf5_plugin& hdf5_plugin();

}  // namespace casd
