// CSV files under each kind of task.
#include "core/error.h"
#include "data/dataset.h"
#include "data/readers.h"
#include "support/memory.h"
#include "support/memory_file.h"

#include <algorithm>
#include <cstddef>

namespace {

/// Memory for samples and columns besides ten times the size, as dataset.h states it, with the most of
/// both that the text can have.
std::size_t constant_of(const char* text, std::size_t size) {
  const char* const end = text + size;
  const auto count = [&](const char* from, const char* to, char c) {
    return static_cast<std::size_t>(std::count(from, to, c));
  };
  const std::size_t samples = count(text, end, '\n') + count(text, end, '\r');
  std::size_t columns = 0;
  if (count(text, end, '"') > 0) {
    columns = count(text, end, ',');  // a quoted cell can contain line ends
  } else {
    const auto ends_line = [](char c) { return c == '\n' || c == '\r'; };
    for (const char* line = text; line != end;) {
      const char* const next = std::find_if(line, end, ends_line);
      columns = std::max(columns, count(line, next, ','));
      line = next == end ? end : next + 1;
    }
  }
  const std::size_t modalities = std::min<std::size_t>(columns, 32);
  return samples * (192 + 64 * modalities) + 64 * (columns + 1) + casd::fuzz::reader_constant;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const char* const tasks[] = {nullptr, "regression", "classes:a,b", "multilabel:a,b"};
  const casd::fuzz::MemoryFile file(data + 1, size - 1);
  const casd::fuzz::MemoryUse memory;
  try {
    casd::open_dataset(file.path(), tasks[data[0] % 4]);
  } catch (const casd::Error&) {
  }
  memory.require_small_allocations(size);
  memory.require_bounded(size, casd::fuzz::reader_factor,
                         constant_of(reinterpret_cast<const char*>(data), size));
  return 0;
}
