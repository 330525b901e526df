#include "progress.h"

#include "common.h"
#include "terminal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace program {
namespace {

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "-";
  const long long whole = std::llround(seconds);
  char buffer[32];
  if (whole >= 3600)
    std::snprintf(buffer, sizeof buffer, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  else
    std::snprintf(buffer, sizeof buffer, "%lld:%02lld", whole / 60, whole % 60);
  return buffer;
}

std::string epoch_of(const casd_train_progress& p) {
  const char* phase = p.phase == CASD_PHASE_TEACHER ? "teacher " : "student ";
  return phase + std::to_string(p.epoch + 1) + "/" + std::to_string(p.epochs);
}

double share_of(const casd_train_progress& p) {
  return p.steps > 0 ? static_cast<double>(p.step) / static_cast<double>(p.steps) : 0;
}

}  // namespace

std::string progress_line(const casd_train_progress& p, const std::string& best, int columns) {
  constexpr std::size_t widest_bar = 24, narrowest_bar = 8, bar_frame = 3;
  const auto most = static_cast<std::size_t>(std::max(columns - 1, 1));
  struct Part {
    std::string text;
    int importance;  // the largest is the last to be left out
  };
  const std::string left = "  " + duration(p.seconds_left) + " left";
  const Part parts[] = {{epoch_of(p), 7},
                        {" " + std::string(narrowest_bar + bar_frame - 1, ' '), 2},
                        {" " + number(100 * share_of(p), 0) + " %", 5},
                        {"  loss " + number(p.loss, 4), 4},
                        {best.empty() ? "" : "  best " + best, 3},
                        {"  " + number(p.samples_per_second, 0) + " samples/s", 1},
                        {left, 6}};
  std::size_t used = 0;
  int least = 8;  // parts of at least this importance are shown
  for (int importance = 7; importance > 0; --importance) {
    const auto part = std::find_if(std::begin(parts), std::end(parts), [&](const Part& candidate) {
      return candidate.importance == importance;
    });
    if (used + part->text.size() > most) break;
    used += part->text.size();
    least = importance;
  }
  std::string line;
  for (const Part& part : parts) {
    if (part.importance < least) continue;
    if (part.importance != 2) {
      line += part.text;
      continue;
    }
    const std::size_t width = std::min(narrowest_bar + most - used, widest_bar);
    std::string bar(static_cast<std::size_t>(share_of(p) * static_cast<double>(width)), '=');
    bar.resize(width, ' ');
    line += " [" + bar + "]";
  }
  return line;
}

Progress::Progress(casd_task task) : task_(task), redraws_(can_redraw()) {}

int32_t Progress::report(const casd_train_progress* progress, void* user) {
  auto& self = *static_cast<Progress*>(user);
  if (progress->step == progress->steps) ++self.epochs_;
  if (self.redraws_)
    self.draw(*progress);
  else if (progress->step == progress->steps)
    self.print_epoch(*progress);
  return 0;  // Ctrl-C goes through casd_trainer_cancel()
}

std::string Progress::score_name(const casd_train_progress& p) const {
  if (task_ == CASD_TASK_REGRESSION) return "mean absolute error ";
  return p.phase == CASD_PHASE_TEACHER ? "F1 % " : "mean F1 % ";
}

std::string Progress::score(double value) const {
  // The library reports minus the error, so that larger is better.
  return task_ == CASD_TASK_REGRESSION ? number(-value, 3) : number(value, 2);
}

void Progress::draw(const casd_train_progress& p) {
  constexpr double redraw_seconds = 0.1;
  if (p.step < p.steps && p.seconds - drawn_ < redraw_seconds) return;
  drawn_ = p.seconds;
  // The width is read each time: the user may change it.
  std::fprintf(
      stderr, "\r\033[K%s",
      progress_line(p, std::isfinite(p.best_score) ? score_name(p) + score(p.best_score) : "",
                    error_columns())
          .c_str());
  std::fflush(stderr);
  open_ = true;
}

void Progress::print_epoch(const casd_train_progress& p) {
  std::string scores;
  if (std::isfinite(p.score) || std::isfinite(p.best_score))
    scores = "  score: " + score_name(p) + score(p.score) + " (best " + score(p.best_score) + ")";
  note(epoch_of(p) + "  loss " + number(p.loss, 4) + scores + "  " +
       number(p.samples_per_second, 0) + " samples/s  " + duration(p.seconds_left) + " left");
}

void Progress::end() {
  if (open_) std::fprintf(stderr, "\n");
  open_ = false;
}

WorkLine::WorkLine(const char* work) : work_(work), redraws_(can_redraw()) {}

WorkLine::~WorkLine() {
  if (open_) std::fprintf(stderr, "\r\033[K");
}

int32_t WorkLine::report(int64_t done, int64_t total, void* user) {
  auto& self = *static_cast<WorkLine*>(user);
  const auto now = std::chrono::steady_clock::now();
  if (!self.redraws_ || total <= 0) return 0;
  if (self.open_ && done < total && now - self.drawn_ < std::chrono::milliseconds(100)) return 0;
  self.drawn_ = now;
  constexpr std::size_t widest_bar = 24;
  const std::string before = self.work_ + " [", after = "] 100 %";
  const std::size_t most = static_cast<std::size_t>(std::max(error_columns() - 1, 1));
  const std::size_t frame = before.size() + after.size();
  const std::size_t width = most > frame ? std::min(widest_bar, most - frame) : 0;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  std::string bar(static_cast<std::size_t>(share * static_cast<double>(width)), '=');
  bar.resize(width, ' ');
  const std::string line = before + bar + "] " + number(std::floor(100 * share), 0) + " %";
  std::fprintf(stderr, "\r\033[K%s", line.substr(0, most).c_str());
  std::fflush(stderr);
  self.open_ = true;
  return 0;
}

}  // namespace program
