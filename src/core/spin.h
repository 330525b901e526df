// Waits for a short time without sleeping.
#pragma once

#include <chrono>
#include <thread>

namespace casd {

/// About the time that a sleeping thread needs to wake up. Who waits that long before sleeping spends at
/// most twice the time of the better choice.
constexpr std::chrono::microseconds wake_up_time{50};

/// Waits until `ready()`, for wake_up_time at most. Leaves the core to other threads that want it.
/// `ready` must read atomic variables.
template <class Ready>
void spin_until(const Ready& ready) {
  const auto end = std::chrono::steady_clock::now() + wake_up_time;
  while (!ready() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

}  // namespace casd
