// CSV files under each kind of task.
#include "core/error.h"
#include "data/dataset.h"
#include "data/readers.h"
#include "support/memory.h"
#include "support/memory_file.h"

// Even a short line can be a sample, which needs a few allocations.
constexpr std::size_t factor = 100;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const char* const tasks[] = {nullptr, "regression", "classes:a,b", "multilabel:a,b"};
  const casd::fuzz::MemoryFile file(data + 1, size - 1);
  const casd::fuzz::MemoryUse memory;
  try {
    casd::open_dataset(file.path(), tasks[data[0] % 4]);
  } catch (const casd::Error&) {
  }
  memory.require_bounded(size, factor, casd::fuzz::reader_constant);
  return 0;
}
