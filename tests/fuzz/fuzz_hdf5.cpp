// HDF5 files through the plug-in. The input's bytes choose groups, attributes, shapes, types, layouts
// and values; the file around them is written by HDF5 itself. HDF5's own parser is not tested: 1.10.8
// hangs on some files whose bytes were changed (dataset.h warns).
#include "core/error.h"
#include "core/platform.h"
#include "core/plugin.h"
#include "core/plugin_hdf5.h"
#include "data/dataset.h"
#include "data/readers.h"
#include "support/memory.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

// Compressed data grow by up to a thousand times; HDF5 keeps caches of a few MiB.
constexpr std::size_t factor = 1100, constant = std::size_t{16} << 20;

/// Writes one file in memory. Failing calls of HDF5 are ignored: the file lacks that part.
class Writer {
 public:
  Writer(FuzzedDataProvider& bytes, const std::string& path) : bytes_(bytes) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (bytes_.ConsumeBool()) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    file_ = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    if (file_ < 0) std::abort();
  }
  ~Writer() { H5Fclose(file_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Mostly a dataset of samples as the format has it, with a few parts replaced by others.
  void write() {
    const int modalities = bytes_.ConsumeIntegralInRange<int>(0, 3);
    std::vector<std::string> names;
    for (int m = 0; m < modalities; ++m)
      names.push_back(rarely() ? bytes_.ConsumeRandomLengthString(80) : "m" + std::to_string(m));
    if (!rarely()) attribute("modalities", names);
    if (bytes_.ConsumeBool())
      attribute("task",
                {bytes_.PickValueInArray({"regression", "classes", "multilabel", "other"})});
    if (bytes_.ConsumeBool()) attribute("classes", {"a", "b", "c"});
    if (bytes_.ConsumeBool()) attribute("outputs", {"x", bytes_.ConsumeRandomLengthString(70)});
    for (const std::string& name : names)
      if (rarely()) attribute(name + "_features", {"f", bytes_.ConsumeRandomLengthString(10)});
    const std::vector<std::string> splits = {"train", "valid", "z"};
    for (int s = bytes_.ConsumeIntegralInRange<int>(0, 3); s > 0; --s)
      write_split("/" + splits[static_cast<std::size_t>(s - 1)], names);
  }

 private:
  bool rarely() { return bytes_.ConsumeIntegralInRange<int>(0, 15) == 1; }

  void write_split(const std::string& split, const std::vector<std::string>& names) {
    if (rarely()) {
      H5Lcreate_soft(split.c_str(), file_, split.c_str(), H5P_DEFAULT, H5P_DEFAULT);
      return;
    }
    H5Gclose(H5Gcreate2(file_, split.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    const hsize_t samples = bytes_.ConsumeIntegralInRange<hsize_t>(0, 4);
    for (const std::string& name : names) {
      dataset(split + "/" + name, {samples, bytes_.ConsumeIntegralInRange<hsize_t>(0, 3), 2});
      dataset(split + "/" + name + "_length", {samples}, true);
    }
    dataset(split + "/label", {samples});
    if (bytes_.ConsumeBool()) dataset(split + "/group", {samples}, true);
  }

  void attribute(const std::string& name, const std::vector<std::string>& texts) {
    const bool is_variable = bytes_.ConsumeBool();
    const hid_t type = H5Tcopy(rarely() ? H5T_NATIVE_INT : H5T_C_S1);
    const std::size_t size = is_variable ? H5T_VARIABLE : 24;
    H5Tset_size(type, H5Tget_class(type) == H5T_STRING ? size : 4);
    const hsize_t count = texts.size();
    const hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr);
    const hid_t id = H5Acreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<const char*> pointers;
    std::vector<char> fixed(24 * (texts.size() + 1));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      pointers.push_back(texts[i].c_str());
      std::copy_n(texts[i].c_str(), std::min<std::size_t>(texts[i].size(), 24),
                  fixed.begin() + static_cast<std::ptrdiff_t>(24 * i));
    }
    if (H5Tget_class(type) == H5T_STRING && is_variable && count > 0)
      H5Awrite(id, type, pointers.data());
    else
      H5Awrite(id, type, fixed.data());
    H5Aclose(id);
    H5Sclose(space);
    H5Tclose(type);
  }

  void dataset(const std::string& name, std::vector<hsize_t> shape, bool whole = false) {
    if (rarely()) return;
    if (rarely()) shape.push_back(bytes_.ConsumeIntegralInRange<hsize_t>(0, 3));
    if (rarely()) shape.push_back(1);
    if (rarely())
      shape[bytes_.ConsumeIntegralInRange<std::size_t>(0, shape.size() - 1)] =
          bytes_.ConsumeIntegral<hsize_t>() >> bytes_.ConsumeIntegralInRange<int>(0, 63);
    const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_STD_I64LE,
                           H5T_STD_U8LE,   H5T_C_S1,       H5T_STD_REF_OBJ};
    const hid_t type = rarely() ? bytes_.PickValueInArray(types) : types[whole ? 2 : 0];
    hsize_t count = 1;
    for (const hsize_t side : shape)
      count = side > 4096 ? 0 : std::min<hsize_t>(4096, count * side);
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    if (bytes_.ConsumeBool()) {
      std::vector<hsize_t> chunk;
      for (const hsize_t side : shape) chunk.push_back(std::clamp<hsize_t>(side, 1, 64));
      H5Pset_chunk(layout, static_cast<int>(chunk.size()), chunk.data());
      if (bytes_.ConsumeBool()) H5Pset_deflate(layout, 9);
    }
    const hid_t id = H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    const H5T_class_t kind = H5Tget_class(type);
    if (id >= 0 && count > 0 && count < 4096 && (kind == H5T_FLOAT || kind == H5T_INTEGER)) {
      std::vector<double> values(count);
      for (double& value : values)
        value = rarely() ? bytes_.ConsumeFloatingPoint<double>()
                         : bytes_.ConsumeIntegralInRange<int>(0, 2);
      H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    }
    if (id >= 0) H5Dclose(id);
    H5Pclose(layout);
    H5Sclose(space);
  }

  FuzzedDataProvider& bytes_;
  hid_t file_;
};

std::string path_of_file() { return "/dev/shm/casd_fuzz_" + std::to_string(getpid()) + ".h5"; }

std::size_t file_size(const std::string& path) {
  std::ifstream file(path, std::ios::ate | std::ios::binary);
  return static_cast<std::size_t>(file.tellg());
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  casd::set_plugin_path(CASD_FUZZ_PLUGINS);
  try {
    casd::load_plugin(casd::plugin_kind<casd_hdf5_plugin, casd_hdf5_plugin_get_fn>(
        "hdf5", "casd_hdf5_plugin_get", CASD_HDF5_PLUGIN_VERSION, "HDF5 files"));
  } catch (const casd::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    std::exit(1);
  }
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  std::atexit([] { unlink(path_of_file().c_str()); });
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string path = path_of_file();
  FuzzedDataProvider bytes(data, size);
  const char* const tasks[] = {nullptr, "classes:a,b", "multilabel:x,y", "regression"};
  const char* const task = bytes.PickValueInArray(tasks);
  {
    Writer writer(bytes, path);
    writer.write();
  }
  const std::size_t written = file_size(path);
  const casd::fuzz::MemoryUse memory;
  try {
    casd::read_hdf5(path, casd::parse_task(task));
  } catch (const casd::Error& error) {
    if (error.status() == CASD_ERROR_INTERNAL) std::abort();
  }
  memory.require_bounded(written, factor, constant);
  return 0;
}
