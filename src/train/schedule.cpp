#include "train/schedule.h"

#include <algorithm>
#include <cmath>

namespace casd {

double cosine_rate(double rate, double final_share, std::int64_t at, std::int64_t length) {
  const double pi = std::acos(-1.0);
  const double place = static_cast<double>(std::min(at, length)) / static_cast<double>(length);
  return rate * (final_share + (1 - final_share) * (1 + std::cos(pi * place)) / 2);
}

bool Selection::tell(double score, std::int32_t epoch, std::int32_t first) {
  if (epoch < first) return false;
  if (score > best) {
    best = score;
    best_epoch = epoch;
    waited = 0;
    return true;
  }
  ++waited;
  return false;
}

}  // namespace casd
