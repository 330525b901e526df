#include "progress.h"

#include "common.h"
#include "terminal.h"

#include <cmath>
#include <cstdio>

namespace program {
namespace {

const char* phase_name(casd_phase phase) {
  return phase == CASD_PHASE_TEACHER ? "teacher" : phase == CASD_PHASE_STUDENT ? "student" : "done";
}

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

}  // namespace

Progress::Progress() : terminal_(stderr_is_terminal()) {}

int32_t Progress::report(const casd_train_progress* progress, void* user) {
  auto& self = *static_cast<Progress*>(user);
  if (self.terminal_)
    self.draw(*progress);
  else if (progress->step == progress->steps)
    self.print_epoch(*progress);
  return 0;  // Ctrl-C goes through casd_trainer_cancel()
}

void Progress::draw(const casd_train_progress& p) {
  constexpr double redraw_seconds = 0.1;
  constexpr int width = 24;
  if (p.step < p.steps && p.seconds - drawn_ < redraw_seconds) return;
  drawn_ = p.seconds;
  const double share = p.steps > 0 ? static_cast<double>(p.step) / static_cast<double>(p.steps) : 0;
  std::string bar(static_cast<std::size_t>(share * width), '=');
  bar.resize(width, ' ');
  std::fprintf(stderr, "\r\033[K%s %d/%d [%s] loss %.4f  best %s  %.0f samples/s  %s left",
               phase_name(p.phase), p.epoch + 1, p.epochs, bar.c_str(), p.loss,
               number(p.best_score, 2).c_str(), p.samples_per_second,
               duration(p.seconds_left).c_str());
  std::fflush(stderr);
  open_ = true;
}

void Progress::print_epoch(const casd_train_progress& p) {
  std::fprintf(stderr, "%s %d/%d  loss %.4f  score %s  best %s  %.0f samples/s  %s left\n",
               phase_name(p.phase), p.epoch + 1, p.epochs, p.loss, number(p.score, 2).c_str(),
               number(p.best_score, 2).c_str(), p.samples_per_second,
               duration(p.seconds_left).c_str());
}

void Progress::end() {
  if (open_) std::fprintf(stderr, "\n");
  open_ = false;
}

}  // namespace program
