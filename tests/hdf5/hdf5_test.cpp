// HDF5 datasets through the plug-in: valid files, and each kind of invalid file. An error names the
// dataset, its property and the expected one.
#include "core/error.h"
#include "data/dataset.h"
#include "data/readers.h"
#include "support/allocations.h"

#include <gtest/gtest.h>

#include <hdf5.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace casd {
namespace {

using Sizes = std::vector<hsize_t>;

/// A file being written.
class Writer {
 public:
  explicit Writer(const std::string& path)
      : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
  ~Writer() { H5Fclose(file_); }

  void group(const std::string& name) {
    H5Gclose(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  }
  void floats(const std::string& name, const Sizes& shape, const Floats& values) {
    put(name, shape, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data());
  }
  void doubles(const std::string& name, const Sizes& shape, const std::vector<double>& values) {
    put(name, shape, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
  }
  void integers(const std::string& name, const Sizes& shape, const std::vector<int>& values) {
    put(name, shape, H5T_STD_I32LE, H5T_NATIVE_INT, values.data());
  }
  /// A root attribute; one string: a scalar, else a list.
  void texts(const std::string& name, const std::vector<const char*>& values) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const hsize_t count = values.size();
    const hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr);
    const hid_t id = H5Acreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(id, type, values.data());
    H5Aclose(id);
    H5Sclose(space);
    H5Tclose(type);
  }
  /// Compressed numbers of one byte each.
  void ones(const std::string& name, const Sizes& shape) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(layout, static_cast<int>(shape.size()), shape.data());
    H5Pset_deflate(layout, 9);
    const hid_t id =
        H5Dcreate2(file_, name.c_str(), H5T_STD_U8LE, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    const std::vector<unsigned char> values(
        static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)), 1);
    H5Dwrite(id, H5T_NATIVE_UCHAR, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(id);
    H5Pclose(layout);
    H5Sclose(space);
  }
  /// Declares a dataset and stores nothing in it.
  void declare(const std::string& name, const Sizes& shape) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    H5Dclose(H5Dcreate2(file_, name.c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT,
                        H5P_DEFAULT));
    H5Sclose(space);
  }
  /// Declares a dataset in chunks of 64 frames and stores the first one.
  void declare_chunks(const std::string& name, const Sizes& shape, bool compressed) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk[] = {1, 64, shape[2]}, start[] = {0, 0, 0};
    H5Pset_chunk(layout, 3, chunk);
    if (compressed) H5Pset_deflate(layout, 9);
    const hid_t id =
        H5Dcreate2(file_, name.c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    std::vector<float> values(64 * shape[2]);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sqrt(static_cast<float>(i));
    const hid_t memory = H5Screate_simple(3, chunk, nullptr);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, chunk, nullptr);
    H5Dwrite(id, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, values.data());
    H5Sclose(memory);
    H5Dclose(id);
    H5Pclose(layout);
    H5Sclose(space);
  }
  /// A list of texts of `size` bytes each, filled up with `fill`.
  void fixed_texts(const std::string& name, std::size_t size, char fill, H5T_str_t padding,
                   const std::vector<std::string>& values) {
    std::string bytes;
    for (std::string value : values) {
      value.resize(size, fill);
      bytes += value;
    }
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size);
    H5Tset_strpad(type, padding);
    const hsize_t count = values.size();
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    const hid_t id = H5Acreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(id, type, bytes.data());
    H5Aclose(id);
    H5Sclose(space);
    H5Tclose(type);
  }
  void remove(const std::string& name) { H5Ldelete(file_, name.c_str(), H5P_DEFAULT); }
  void remove_attribute(const std::string& name) { H5Adelete(file_, name.c_str()); }

 private:
  void put(const std::string& name, const Sizes& shape, hid_t type, hid_t memory,
           const void* values) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t id =
        H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(id);
    H5Sclose(space);
  }

  hid_t file_;
};

Floats counting(std::size_t count) {
  Floats out(count);
  std::iota(out.begin(), out.end(), 0.0f);
  return out;
}

class Hdf5 : public testing::Test {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }

  /// Three samples in train, one in valid; voice [N, 2, 3], face [N, 1, 2]; then `change`.
  void write(const std::function<void(Writer&)>& change = [](Writer&) {}) {
    Writer file(path_);
    file.texts("modalities", {"voice", "face"});
    file.texts("task", {"regression"});
    file.group("/train");
    file.floats("/train/voice", {3, 2, 3}, counting(18));
    file.integers("/train/voice_length", {3}, {2, 1, 0});
    file.doubles("/train/face", {3, 1, 2}, {1, 2, 3, 4, 5, 6});
    file.integers("/train/face_length", {3}, {1, 1, 1});
    file.doubles("/train/label", {3}, {-1.5, 0, 2});
    file.group("/valid");
    file.floats("/valid/voice", {1, 2, 3}, counting(6));
    file.integers("/valid/voice_length", {1}, {2});
    file.floats("/valid/face", {1, 1, 2}, counting(2));
    file.integers("/valid/face_length", {1}, {0});
    file.doubles("/valid/label", {1}, {1});
    change(file);
  }

  void rejected(const std::string& words, const std::function<void(Writer&)>& change,
                const char* task = nullptr, casd_status status = CASD_ERROR_FORMAT) {
    write(change);
    try {
      open_dataset(path_, task);
      ADD_FAILURE() << "taken, expected: " << words;
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), status) << e.what();
      EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find(path_), std::string::npos) << e.what();
    }
  }

  const std::string path_ = testing::TempDir() + "casd_hdf5_test.h5";
};

TEST_F(Hdf5, ReadsAllSplitsAndModalities) {
  write();
  const Dataset data = open_dataset(path_, nullptr);
  EXPECT_EQ(data.schema.task, CASD_TASK_REGRESSION);
  EXPECT_EQ(data.schema.modalities[0].features, 3);
  EXPECT_EQ(data.schema.modalities[1].name, "face");
  ASSERT_EQ(data.splits.size(), 2u);
  EXPECT_EQ(data.splits[0].name, "train");
  const auto& train = data.splits[0].samples;
  ASSERT_EQ(train.size(), 3u);
  EXPECT_EQ(train[0].frames[0], counting(6));
  EXPECT_EQ(train[1].frames[0], (Floats{6, 7, 8}));  // its own length
  EXPECT_EQ(train[2].given, 2u);                     // length 0: missing
  EXPECT_EQ(train[2].frames[1], (Floats{5, 6}));
  EXPECT_EQ(train[0].target, std::vector<float>{-1.5f});
  EXPECT_EQ(train[2].name, "2");
  EXPECT_EQ(data.splits[1].samples[0].given, 1u);
}

TEST_F(Hdf5, ASplitIsChosenAndAdded) {
  write();
  Dataset data = open_dataset(path_, OpenRequest{{}, "valid", {}});
  ASSERT_EQ(data.splits.size(), 1u);
  EXPECT_EQ(data.splits[0].samples.size(), 1u);
  EXPECT_THROW(open_dataset(path_, OpenRequest{{}, "test", {}}), Error);
  EXPECT_THROW(open_dataset(path_, OpenRequest{{}, {}, {{"voice", {0}}}}), Error);
  add_file(data, path_, "");
  ASSERT_EQ(data.splits.size(), 2u);
  EXPECT_EQ(data.splits[0].samples.size(), 2u);
  EXPECT_EQ(data.splits[0].samples[1].name, "1");
  EXPECT_EQ(data.splits[1].samples.size(), 3u);
}

TEST_F(Hdf5, NamesAndGroupsAreRead) {
  write([](Writer& file) {
    file.texts("voice_features", {"f0", "energy", "tone"});
    file.integers("/train/group", {3}, {7, -1, 7});
  });
  const Dataset data = open_dataset(path_, nullptr);
  EXPECT_EQ(data.schema.modalities[0].feature_names,
            (std::vector<std::string>{"f0", "energy", "tone"}));
  EXPECT_TRUE(data.schema.modalities[1].feature_names.empty());
  EXPECT_EQ(data.splits[0].samples[0].group, "7");
  EXPECT_EQ(data.splits[0].samples[1].group, "-1");
  EXPECT_EQ(data.splits[1].samples[0].group, "");
}

TEST_F(Hdf5, TextsOfFixedLengthAreRead) {
  // The last is what a writer makes that adds spaces to texts of another kind.
  for (const auto& [fill, padding] :
       {std::pair{' ', H5T_STR_SPACEPAD}, {'\0', H5T_STR_NULLPAD}, {' ', H5T_STR_NULLPAD}}) {
    write([&, fill = fill, padding = padding](Writer& file) {
      file.remove_attribute("modalities");
      file.fixed_texts("modalities", 6, fill, padding, {"voice", "face"});
      file.fixed_texts("voice_features", 8, fill, padding, {"f0", "the tone", "a b"});
    });
    const Dataset data = open_dataset(path_, nullptr);
    ASSERT_EQ(data.schema.modalities.size(), 2u);
    EXPECT_EQ(data.schema.modalities[0].name, "voice");
    EXPECT_EQ(data.schema.modalities[1].name, "face");
    EXPECT_EQ(data.schema.modalities[0].feature_names,
              (std::vector<std::string>{"f0", "the tone", "a b"}));
  }
}

TEST_F(Hdf5, OnlyGroupsAreSplits) {
  write([](Writer& file) { file.floats("/about", {2}, {1, 2}); });
  const Dataset data = open_dataset(path_, nullptr);
  ASSERT_EQ(data.splits.size(), 2u);
  EXPECT_EQ(data.splits[0].name, "train");
  EXPECT_EQ(data.splits[1].name, "valid");
}

TEST_F(Hdf5, InvalidNamesAndGroupsAreRejected) {
  rejected("voice_features has 2 names, expected 3", [](Writer& file) {
    file.texts("voice_features", {"f0", "energy"});
  });
  rejected("two features 'f0'", [](Writer& file) {
    file.texts("voice_features", {"f0", "energy", "f0"});
  });
  rejected("/train/group has shape [2], expected [3]", [](Writer& file) {
    file.integers("/train/group", {2}, {1, 2});
  });
  rejected("/train/group does not hold whole numbers", [](Writer& file) {
    file.doubles("/train/group", {3}, {1, 2, 3});
  });
}

TEST_F(Hdf5, WithoutATaskTheLabelsDetermineIt) {
  const auto task = [](Writer& file) { file.remove_attribute("task"); };
  const auto binary = [&](Writer& file) {
    task(file);
    file.remove("/train/label");
    file.remove("/valid/label");
    file.integers("/train/label", {3}, {0, 1, 1});
    file.doubles("/valid/label", {1}, {1});
  };
  write(task);
  EXPECT_EQ(open_dataset(path_, nullptr).schema.task, CASD_TASK_REGRESSION);
  write(binary);
  Dataset data = open_dataset(path_, nullptr);
  EXPECT_EQ(data.schema.task, CASD_TASK_CLASSES);
  EXPECT_EQ(data.schema.outputs, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(data.splits[0].samples[1].target, std::vector<float>{1});
  data = open_dataset(path_, "regression");
  EXPECT_EQ(data.schema.task, CASD_TASK_REGRESSION);
  EXPECT_EQ(data.schema.outputs, std::vector<std::string>{"value"});
  write([&](Writer& file) {
    binary(file);
    file.texts("classes", {"no", "yes"});
  });
  data = open_dataset(path_, nullptr);
  EXPECT_EQ(data.schema.outputs, (std::vector<std::string>{"no", "yes"}));
  data = open_dataset(path_, "regression");
  EXPECT_EQ(data.schema.outputs, std::vector<std::string>{"value"});
}

TEST_F(Hdf5, ClassesCanBeTheSignOfTheLabel) {
  write();
  const Dataset data = open_dataset(path_, "classes:negative,positive");
  const auto& train = data.splits[0].samples;
  EXPECT_EQ(train[0].target, std::vector<float>{0});
  EXPECT_TRUE(train[1].target.empty());  // zero has no class
  EXPECT_EQ(train[2].target, std::vector<float>{1});
}

TEST_F(Hdf5, OutputNamesAreReadFromTheFile) {
  write([](Writer& file) {
    file.remove_attribute("task");
    file.texts("task", {"classes"});
    file.texts("classes", {"calm", "angry", "sad"});
    file.remove("/train/label");
    file.doubles("/train/label", {3}, {2, 0, 1});
  });
  EXPECT_EQ(open_dataset(path_, nullptr).schema.outputs,
            (std::vector<std::string>{"calm", "angry", "sad"}));
  write([](Writer& file) {
    file.remove("/train/label");
    file.floats("/train/label", {3, 2}, {1, 0, 0, 0, 1, 1});
    file.remove("/valid/label");
    file.floats("/valid/label", {1, 2}, {1, 0});
  });
  const Dataset data = open_dataset(path_, "multilabel:happy,loud");
  EXPECT_EQ(data.schema.task, CASD_TASK_MULTILABEL);
  EXPECT_EQ(data.splits[0].samples[2].target, (std::vector<float>{1, 1}));
}

TEST_F(Hdf5, MissingPartsAreNamed) {
  rejected("the root attribute 'modalities' is missing",
           [](Writer& file) { file.remove_attribute("modalities"); });
  rejected("/train/voice is missing, expected [samples, steps, features]",
           [](Writer& file) { file.remove("/train/voice"); });
  rejected("/valid/face_length is missing, expected [1]",
           [](Writer& file) { file.remove("/valid/face_length"); });
  rejected("/train/label is missing, expected [samples] or [samples, outputs]",
           [](Writer& file) { file.remove("/train/label"); });
  rejected("expected one per split", [](Writer& file) {
    file.remove("/train");
    file.remove("/valid");
  });
}

TEST_F(Hdf5, InvalidShapesAreNamed) {
  rejected("/train/voice has shape [3, 6], expected [samples, steps, features]", [](Writer& file) {
    file.remove("/train/voice");
    file.floats("/train/voice", {3, 6}, counting(18));
  });
  rejected("/train/voice has shape [2, 2, 3], expected 3 samples as in /train/label",
           [](Writer& file) {
             file.remove("/train/voice");
             file.floats("/train/voice", {2, 2, 3}, counting(12));
           });
  rejected("/valid/voice has shape [1, 2, 4], expected 3 features as in the other splits",
           [](Writer& file) {
             file.remove("/valid/voice");
             file.floats("/valid/voice", {1, 2, 4}, counting(8));
           });
  rejected("/train/voice_length has shape [2], expected [3]", [](Writer& file) {
    file.remove("/train/voice_length");
    file.integers("/train/voice_length", {2}, {1, 1});
  });
  rejected("/train/label has shape [3, 1, 1], expected", [](Writer& file) {
    file.remove("/train/label");
    file.floats("/train/label", {3, 1, 1}, counting(3));
  });
}

TEST_F(Hdf5, DimensionsFarBeyondTheStoredBytesAreRejected) {
  rejected("/train/voice declares more values than its 0 stored bytes can contain",
           [](Writer& file) {
             file.remove("/train/voice");
             file.declare("/train/voice", {3, 1 << 20, 4});
           });
  // One of 1,536 chunks is stored. With compression it could contain the rest.
  for (const bool compressed : {false, true}) {
    write([&](Writer& file) {
      file.remove("/train/voice");
      file.declare_chunks("/train/voice", {3, 1 << 15, 3}, compressed);
    });
    if (compressed)
      EXPECT_EQ(open_dataset(path_, nullptr).splits[0].samples.size(), 3u);
    else
      EXPECT_THROW(open_dataset(path_, nullptr), Error);
  }
  rejected("/train/label declares", [](Writer& file) {
    file.remove("/train/label");
    file.declare("/train/label", {std::uint64_t{1} << 40});
  });
}

// The bound that dataset.h states, for samples of four bytes.
TEST_F(Hdf5, AllocationsAreSmall) {
  constexpr hsize_t count = 200000;
  {
    Writer writer(path_);
    writer.texts("modalities", {"m"});
    writer.group("/train");
    writer.ones("/train/m", {count, 1, 1});
    for (const char* name : {"/train/m_length", "/train/label", "/train/group"})
      writer.ones(name, {count});
  }
  const test::PeakMemory memory;
  EXPECT_EQ(open_dataset(path_, nullptr).splits[0].samples.size(), count);
  EXPECT_LE(memory.largest_allocation(), static_cast<long>(10 * 4 * count + (2u << 20)));
}

TEST_F(Hdf5, FewValuesThatWereNeverWrittenAreZero) {
  write([](Writer& file) {
    file.remove("/train/voice");
    file.declare("/train/voice", {3, 2, 3});
  });
  EXPECT_EQ(open_dataset(path_, nullptr).splits[0].samples[0].frames[0], Floats(6, 0.0f));
}

TEST_F(Hdf5, InvalidValuesAreNamed) {
  rejected("/train/voice_length[1] is 3, expected 0 to 2", [](Writer& file) {
    file.remove("/train/voice_length");
    file.integers("/train/voice_length", {3}, {2, 3, 0});
  });
  rejected("/train/face_length[0] is -1", [](Writer& file) {
    file.remove("/train/face_length");
    file.integers("/train/face_length", {3}, {-1, 1, 1});
  });
  rejected("/train/label[2] is nan, labels must be finite", [](Writer& file) {
    file.remove("/train/label");
    file.doubles("/train/label", {3}, {0, 1, std::numeric_limits<double>::quiet_NaN()});
  });
  rejected("/train/voice_length does not hold", [](Writer& file) {
    file.remove("/train/voice_length");
    file.doubles("/train/voice_length", {3}, {2, 1, 0});
  });
}

TEST_F(Hdf5, AMismatchedTaskIsAnArgumentError) {
  const auto nothing = [](Writer&) {};
  rejected("label", nothing, "multilabel:a,b", CASD_ERROR_INVALID_ARGUMENT);
  rejected("-1.5", nothing, "classes:a,b,c", CASD_ERROR_INVALID_ARGUMENT);
}

TEST_F(Hdf5, DamagedFilesAreRejected) {
  write();
  std::FILE* file = std::fopen(path_.c_str(), "r+b");
  ASSERT_NE(file, nullptr);
  std::fseek(file, 8, SEEK_SET);
  for (int i = 0; i < 200; ++i) std::fputc(0xff, file);
  std::fclose(file);
  try {
    open_dataset(path_, nullptr);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), CASD_ERROR_FORMAT);
    EXPECT_NE(std::string(e.what()).find("not a readable HDF5 file"), std::string::npos);
  }
}

/// The first half of a valid file, like an interrupted copy.
void truncate_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  in.close();
  std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
}

casd_status open_status(const std::string& path) {
  try {
    open_dataset(path, nullptr);
    return CASD_OK;
  } catch (const Error& e) {
    return e.status();
  }
}

// HDF5 keeps an error stack for each thread, which contains identifiers. If it is not cleared before
// the thread ends, HDF5 cannot close them and prints "infinite loop closing library" at exit.
TEST_F(Hdf5, ARejectedFileLeavesNoErrorAtExit) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  write();
  truncate_file(path_);
  const auto reject_in_a_thread_and_exit = [this] {
    casd_status status = CASD_OK;
    std::thread([&] { status = open_status(path_); }).join();
    std::exit(status == CASD_ERROR_FORMAT ? 0 : 1);
  };
  EXPECT_EXIT(reject_in_a_thread_and_exit(), testing::ExitedWithCode(0), "^$");
}

TEST_F(Hdf5, SeveralThreadsCanOpenConcurrently) {
  write();
  const std::string damaged = path_ + ".damaged";
  std::filesystem::copy_file(path_, damaged, std::filesystem::copy_options::overwrite_existing);
  truncate_file(damaged);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 25; ++round) {
        const bool good = (t + round) % 2 == 0;
        const casd_status status = open_status(good ? path_ : damaged);
        if (status != (good ? CASD_OK : CASD_ERROR_FORMAT)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  std::filesystem::remove(damaged);
}

}  // namespace
}  // namespace casd
