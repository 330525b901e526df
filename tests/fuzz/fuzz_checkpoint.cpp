// Checkpoints with their models: no crash, bounded memory, and an accepted file saves to the same bytes
// (format 2) or to a file with the same content (format 1).
#include "core/error.h"
#include "support/container.h"
#include "support/memory.h"
#include "train/checkpoint.h"

#include <optional>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const casd::fuzz::MemoryUse memory;
  std::optional<casd::Checkpoint> checkpoint;
  try {
    checkpoint = casd::parse_checkpoint({data, size}, "fuzz");
  } catch (const casd::Error&) {
  }
  memory.require_small_allocations(size);
  memory.require_bounded(size, casd::fuzz::reader_factor, casd::fuzz::reader_constant);
  if (!checkpoint) return 0;
  casd::fuzz::Bytes read(data, data + size), written = casd::serialise_checkpoint(*checkpoint);
  // Every accepted file has the version at the same offset.
  if (read[8 + sizeof "{\"__metadata__\":{\"casd.checkpoint\":\"" - 1] == '1')
    read = casd::serialise_checkpoint(casd::parse_checkpoint(written, "again"));
  if (written != read) casd::fuzz::differ("checkpoint", read, written);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t capacity, unsigned seed) {
  return casd::fuzz::mutate_container(data, size, capacity, seed,
                                      casd::fuzz::with_checkpoint_checksums);
}
