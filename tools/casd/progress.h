// Progress of a training on standard error: one line that is drawn again on a terminal, else a line
// per epoch.
#pragma once

#include <casd/train.h>

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

/// The line for a terminal of so many columns: at most `columns` - 1 characters. Parts are left out
/// in this order: speed, bar, best score (`best`; "": none yet), loss, percentage.
std::string progress_line(const casd_train_progress& p, const std::string& best, int columns);

}  // namespace program
