#include "core/live_bytes.h"

#include <atomic>

namespace casd {
namespace {

std::atomic<std::int64_t> total{0};

}  // namespace

std::int64_t live_bytes() { return total.load(std::memory_order_relaxed); }

void add_live_bytes(std::int64_t bytes) { total.fetch_add(bytes, std::memory_order_relaxed); }

}  // namespace casd
