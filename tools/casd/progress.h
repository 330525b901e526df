// Progress on standard error. Of a training: one line that is drawn again on a terminal, else a line
// per epoch. Of other work: a line that is drawn again on a terminal, and removed at the end.
#pragma once

#include <casd/train.h>

#include <chrono>
#include <string>

namespace program {

class Progress {
 public:
  explicit Progress(casd_task task);
  /// A casd_progress_callback; `user` is the Progress.
  static int32_t CASD_CALL report(const casd_train_progress* progress, void* user);
  /// Ends the line that is drawn, so that other text can follow.
  void end();
  /// How many epochs are over.
  int epochs() const { return epochs_; }

 private:
  void draw(const casd_train_progress& p);
  void print_epoch(const casd_train_progress& p);
  /// "mean F1 % " or "mean absolute error ", and the value as text.
  std::string score_name(const casd_train_progress& p) const;
  std::string score(double value) const;

  const casd_task task_;
  const bool redraws_;
  int epochs_ = 0;
  bool open_ = false;  // a line is drawn and not ended
  double drawn_ = -1;  // seconds at which it was drawn
};

/// "calibrating [======            ] 25 %". Nothing where standard error is no terminal.
class WorkLine {
 public:
  explicit WorkLine(const char* work);
  ~WorkLine();
  WorkLine(const WorkLine&) = delete;
  WorkLine& operator=(const WorkLine&) = delete;
  /// A casd_calibrate_callback and casd_evaluate_callback; `user` is the WorkLine.
  static int32_t CASD_CALL report(int64_t done, int64_t total, void* user);

 private:
  const std::string work_;
  const bool redraws_;
  bool open_ = false;
  std::chrono::steady_clock::time_point drawn_;
};

/// The line for a terminal of so many columns: at most `columns` - 1 characters. Parts are left out
/// in this order: speed, bar, best score (`best`; "": none yet), loss, percentage.
std::string progress_line(const casd_train_progress& p, const std::string& best, int columns);

}  // namespace program
