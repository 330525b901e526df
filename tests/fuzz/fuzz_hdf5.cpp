// HDF5 files, through the plug-in's table that libcasd loads. HDF5 itself is not instrumented.
#include "core/error.h"
#include "core/platform.h"
#include "core/plugin.h"
#include "data/dataset.h"
#include "support/memory.h"
#include "support/memory_file.h"

#include <cstdio>
#include <cstdlib>

// Compressed data grow by up to a thousand times; HDF5 keeps caches of a few MiB.
constexpr std::size_t factor = 1100, constant = std::size_t{16} << 20;

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  casd::set_plugin_path(CASD_FUZZ_PLUGINS);
  try {
    casd::hdf5_plugin();
  } catch (const casd::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    std::exit(1);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const casd::fuzz::MemoryFile file(data, size);
  const casd::fuzz::MemoryUse memory;
  try {
    casd::read_hdf5(file.path(), casd::parse_task(nullptr));
  } catch (const casd::Error&) {
  }
  memory.require_bounded(size, factor, constant);
  return 0;
}
