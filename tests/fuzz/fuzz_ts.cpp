// .ts files under each kind of task, with groups of channels.
#include "core/error.h"
#include "data/dataset.h"
#include "data/readers.h"
#include "support/memory.h"

#include <algorithm>
#include <cstdlib>
#include <string>

// Even a line of two bytes can be a sample, which needs a few allocations; it is also copied.
constexpr std::size_t factor = 160;
// A range of channels in the caller's text may name all of them.
constexpr std::size_t constant = casd::fuzz::reader_constant + 4 * 8 * casd::most_channels;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const char* const tasks[] = {nullptr, "regression", "classes:a,b", "multilabel:a"};
  if (size == 0) return 0;
  const std::uint8_t* const end = data + size;
  const std::uint8_t* const line_end = std::find(data + 1, end, '\n');
  const std::string groups(data + 1, line_end);
  const std::uint8_t* const text = line_end == end ? end : line_end + 1;
  const casd::fuzz::MemoryUse memory;
  try {
    const casd::OpenRequest request{
        casd::parse_task(tasks[data[0] % 4]), {}, casd::parse_channel_groups(groups.c_str())};
    const casd::Span<const std::uint8_t> bytes(text, static_cast<std::size_t>(end - text));
    casd::Dataset dataset = casd::read_ts(bytes, "fuzz", request.task, request.channels);
    const std::size_t samples = dataset.splits.at(0).samples.size();
    // A file is accepted by itself, and its samples fit its own schema.
    casd::add_splits(dataset, dataset, "fuzz");
    if (dataset.splits.size() != 1 || dataset.splits[0].samples.size() != 2 * samples) std::abort();
  } catch (const casd::Error&) {
  }
  memory.require_small_allocations(size);
  memory.require_bounded(size, factor, constant);
  return 0;
}
