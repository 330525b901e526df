// Model files: no crash, bounded memory, and an accepted file saves to the same bytes.
#include "core/error.h"
#include "model/model_file.h"
#include "model/model_text.h"
#include "support/container.h"
#include "support/memory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const casd::fuzz::MemoryUse memory;
  casd::ModelPtr model;
  try {
    model = casd::parse_model({data, size}, "fuzz");
  } catch (const casd::Error&) {
  }
  memory.require_small_allocations(size);
  memory.require_bounded(size, casd::fuzz::reader_factor, casd::fuzz::reader_constant);
  if (!model) return 0;
  const casd::fuzz::Bytes read(data, data + size), written = casd::serialise_model(*model);
  if (written != read) casd::fuzz::differ("model", read, written);
  casd::model_info(*model);
  casd::parse_model(casd::serialise_model(model->with_user({})), "again");
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t capacity, unsigned seed) {
  return casd::fuzz::mutate_container(data, size, capacity, seed, casd::fuzz::with_model_checksum);
}
