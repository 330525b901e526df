// libcasd_hdf5: the HDF5 C library behind a small function table. Distributions build HDF5 without
// thread safety, so one mutex is held during every call into it.
#include "core/error.h"
#include "core/plugin_hdf5.h"

#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <vector>

struct casd_hdf5_file {
  hid_t id;
};

namespace {

using casd::Error;
using casd::fail;

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// Prevents HDF5 from printing its error stack; the innermost error becomes part of the message. The
/// stack is cleared at the end: it is per thread and holds identifiers, which HDF5 cannot close at
/// exit after the thread has ended.
class ErrorStackScope {
 public:
  ErrorStackScope() {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~ErrorStackScope() {
    H5Eset_auto2(H5E_DEFAULT, print_, data_);
    H5Eclear2(H5E_DEFAULT);
  }
  ErrorStackScope(const ErrorStackScope&) = delete;
  ErrorStackScope& operator=(const ErrorStackScope&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

std::string reason() {
  std::string out;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* entry, void* text) -> herr_t {
        if (n == 0 && entry->desc) *static_cast<std::string*>(text) = entry->desc;
        return 0;
      },
      &out);
  return out.empty() ? "unknown reason" : out;
}

/// Closes an HDF5 identifier at the end of the scope.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

template <class Body>
casd_status guard(casd_plugin_error* error, Body&& body) noexcept {
  const auto report = [&](const char* message) {
    if (!error) return;
    std::strncpy(error->message, message, sizeof error->message - 1);
    error->message[sizeof error->message - 1] = '\0';
  };
  try {
    const std::lock_guard<std::mutex> lock(library_mutex());
    const ErrorStackScope errors;
    body();
    return CASD_OK;
  } catch (const Error& e) {
    report(e.what());
    return e.status();
  } catch (const std::bad_alloc&) {
    report("out of memory");
    return CASD_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    report(e.what());
    return CASD_ERROR_INTERNAL;
  } catch (...) {
    report("unknown failure in libcasd_hdf5");
    return CASD_ERROR_INTERNAL;
  }
}

void copy_texts(const std::vector<std::string>& texts, char* buffer, size_t capacity,
                size_t* needed) {
  std::string flat;
  for (const std::string& text : texts) flat.append(text.c_str(), text.size() + 1);
  if (!texts.empty()) flat.push_back('\0');
  *needed = flat.size();
  if (buffer && capacity >= flat.size()) std::copy(flat.begin(), flat.end(), buffer);
}

casd_status open(casd_hdf5_file** file, const char* path, casd_plugin_error* error) {
  return guard(error, [&] {
    const hid_t id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (id < 0) fail(CASD_ERROR_FORMAT, "not a readable HDF5 file: ", reason());
    Id owner(id, H5Fclose);
    auto* opened = new casd_hdf5_file{id};
    H5Iinc_ref(id);  // a reference for the handle, because `owner` closes its own
    *file = opened;
  });
}

void close(casd_hdf5_file* file) {
  if (!file) return;
  guard(nullptr, [&] { H5Fclose(file->id); });
  delete file;
}

casd_status list(casd_hdf5_file* file, const char* group, char* buffer, size_t capacity,
                 size_t* needed, casd_plugin_error* error) {
  return guard(error, [&] {
    const Id id(H5Gopen2(file->id, group, H5P_DEFAULT), H5Gclose);
    if (id < 0) fail(CASD_ERROR_FORMAT, "there is no group ", group);
    H5G_info_t info;
    if (H5Gget_info(id, &info) < 0) fail(CASD_ERROR_FORMAT, group, ": ", reason());
    std::vector<std::string> names;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      const ssize_t size =
          H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT);
      if (size <= 0) continue;
      std::string name(static_cast<std::size_t>(size) + 1, '\0');
      H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, &name[0], name.size(),
                         H5P_DEFAULT);
      name.resize(static_cast<std::size_t>(size));
      const Id object(H5Oopen(id, name.c_str(), H5P_DEFAULT), H5Oclose);
      if (object >= 0 && H5Iget_type(object) == H5I_GROUP) names.push_back(name);
    }
    copy_texts(names, buffer, capacity, needed);
  });
}

/// The strings of an attribute, of fixed or variable length.
std::vector<std::string> read_texts(hid_t attribute, const char* name) {
  const Id type(H5Aget_type(attribute), H5Tclose);
  const Id space(H5Aget_space(attribute), H5Sclose);
  if (H5Tget_class(type) != H5T_STRING)
    fail(CASD_ERROR_FORMAT, "the attribute ", name, " is not a text");
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (count < 0 || count > 65536)
    fail(CASD_ERROR_FORMAT, "the attribute ", name, " has ", count, " texts, at most 65536 fit");
  std::vector<std::string> out;
  if (count == 0) return out;
  const auto rows = static_cast<std::size_t>(count);
  const Id memory(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_cset(memory, H5Tget_cset(type));
  if (H5Tis_variable_str(type) > 0) {
    H5Tset_size(memory, H5T_VARIABLE);
    std::vector<char*> texts(rows, nullptr);
    if (H5Aread(attribute, memory, texts.data()) < 0)
      fail(CASD_ERROR_FORMAT, "the attribute ", name, ": ", reason());
    for (const char* text : texts) out.emplace_back(text ? text : "");
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts.data());
    return out;
  }
  const std::size_t size = H5Tget_size(type);
  if (size == 0 || size > 65536)
    fail(CASD_ERROR_FORMAT, "the attribute ", name, " has texts of ", size, " bytes");
  H5Tset_size(memory, size + 1);  // includes the terminating zero
  std::vector<char> texts(rows * (size + 1), '\0');
  if (H5Aread(attribute, memory, texts.data()) < 0)
    fail(CASD_ERROR_FORMAT, "the attribute ", name, ": ", reason());
  for (std::size_t i = 0; i < rows; ++i) {
    out.emplace_back(texts.data() + i * (size + 1));
    while (!out.back().empty() && out.back().back() == ' ') out.back().pop_back();
  }
  return out;
}

casd_status text_attribute(casd_hdf5_file* file, const char* name, char* buffer, size_t capacity,
                           size_t* needed, casd_plugin_error* error) {
  return guard(error, [&] {
    std::vector<std::string> texts;
    if (H5Aexists(file->id, name) > 0) {
      const Id attribute(H5Aopen(file->id, name, H5P_DEFAULT), H5Aclose);
      if (attribute < 0) fail(CASD_ERROR_FORMAT, "the attribute ", name, ": ", reason());
      texts = read_texts(attribute, name);
    }
    copy_texts(texts, buffer, capacity, needed);
  });
}

/// Whether every part of a path exists. HDF5 reports an error if a part in the middle is missing.
bool exists(hid_t file, const std::string& path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    if (H5Lexists(file, path.substr(0, at).c_str(), H5P_DEFAULT) <= 0) return false;
    if (at == std::string::npos) return true;
  }
}

/// Rejects dimensions far beyond what the file stores, before memory for them is allocated: a few
/// bytes can declare any number of values. Deflate compresses 1032 to 1 at most; values that were
/// never written take no storage.
void require_stored(hid_t id, const char* dataset, const hsize_t* sides, int rank) {
  const Id layout(H5Dget_create_plist(id), H5Pclose);
  const bool compressed = H5Pget_nfilters(layout) > 0;
  const double most_per_byte = compressed ? 1100 : 16;
  constexpr double most_unwritten = 65536;
  const hsize_t stored = H5Dget_storage_size(id);
  double count = 1;
  for (int i = 0; i < rank; ++i) count *= static_cast<double>(sides[i]);
  if (count > most_unwritten + most_per_byte * static_cast<double>(stored))
    fail(CASD_ERROR_FORMAT, dataset, " declares more values than its ", stored,
         " stored bytes can contain");
}

casd_status shape(casd_hdf5_file* file, const char* dataset, int32_t* rank, uint64_t* dims,
                  casd_plugin_error* error) {
  return guard(error, [&] {
    if (!exists(file->id, dataset)) {
      *rank = 0;
      return;
    }
    const Id id(H5Dopen2(file->id, dataset, H5P_DEFAULT), H5Dclose);
    if (id < 0) fail(CASD_ERROR_FORMAT, dataset, " is not a dataset");
    const Id space(H5Dget_space(id), H5Sclose);
    hsize_t sides[H5S_MAX_RANK];
    const int count = H5Sget_simple_extent_dims(space, sides, nullptr);
    if (count < 1 || count > 4)
      fail(CASD_ERROR_FORMAT, dataset, " has ", count, " dimensions, expected 1 to 4");
    require_stored(id, dataset, sides, count);
    std::copy(sides, sides + count, dims);
    *rank = count;
  });
}

template <class T>
void read(casd_hdf5_file* file, const char* dataset, hid_t memory, bool whole_numbers, T* values,
          uint64_t count) {
  const Id id(H5Dopen2(file->id, dataset, H5P_DEFAULT), H5Dclose);
  if (id < 0) fail(CASD_ERROR_FORMAT, dataset, ": ", reason());
  const Id type(H5Dget_type(id), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_INTEGER && (whole_numbers || kind != H5T_FLOAT))
    fail(CASD_ERROR_FORMAT, dataset, " does not hold ",
         whole_numbers ? "whole numbers" : "numbers");
  const Id space(H5Dget_space(id), H5Sclose);
  const hssize_t there = H5Sget_simple_extent_npoints(space);
  if (there < 0 || static_cast<uint64_t>(there) != count)
    fail(CASD_ERROR_INTERNAL, dataset, " has ", there, " numbers, expected ", count);
  if (H5Dread(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
    fail(CASD_ERROR_FORMAT, dataset, " cannot be read: ", reason());
}

casd_status read_float(casd_hdf5_file* file, const char* dataset, float* values, uint64_t count,
                       casd_plugin_error* error) {
  return guard(error, [&] { read(file, dataset, H5T_NATIVE_FLOAT, false, values, count); });
}

casd_status read_int64(casd_hdf5_file* file, const char* dataset, int64_t* values, uint64_t count,
                       casd_plugin_error* error) {
  return guard(error, [&] { read(file, dataset, H5T_NATIVE_INT64, true, values, count); });
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const casd_hdf5_plugin* casd_hdf5_plugin_get(
    uint32_t version) {
  static const casd_hdf5_plugin table = {CASD_HDF5_PLUGIN_VERSION,
                                         sizeof(casd_hdf5_plugin),
                                         open,
                                         close,
                                         list,
                                         text_attribute,
                                         shape,
                                         read_float,
                                         read_int64};
  return version == CASD_HDF5_PLUGIN_VERSION ? &table : nullptr;
}
