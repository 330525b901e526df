// The progress of work that consists of parts.
#pragma once

#include <cstddef>
#include <functional>

namespace casd {

/// Called with the share of the work that is done: 0 to 1, never less than before. What it throws ends
/// the work. Empty: nobody asks.
using WorkProgress = std::function<void(double)>;

/// The work of encoding a sample. The unit is about the time of pooling a sample's frames.
constexpr double encode_work = 40;

/// Reports that `done` of `count` equal steps are done; of no steps: nothing.
inline void report(const WorkProgress& progress, std::size_t done, std::size_t count) {
  if (progress && count > 0) progress(static_cast<double>(done) / static_cast<double>(count));
}

/// Divides the progress of a whole into that of its parts, one after the other.
class WorkParts {
 public:
  /// `total`: the sum of the parts' sizes, whole numbers. `whole` must outlive this object and its parts.
  WorkParts(const WorkProgress& whole, double total) : whole_(whole), total_(total) {}

  /// The progress of the next part; those before it count as done.
  WorkProgress next(double size) {
    const double first = begun_;
    begun_ += size;
    if (!whole_) return {};
    return [&whole = whole_, total = total_, first, size](double share) {
      whole((first + size * share) / total);
    };
  }

 private:
  const WorkProgress& whole_;
  const double total_;
  double begun_ = 0;
};

}  // namespace casd
