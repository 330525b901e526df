// Progress of a training: a bar on a terminal, else a line an epoch. On stderr.
#pragma once

#include <casd/train.h>

#include <string>

namespace program {

class Progress {
 public:
  Progress();
  /// A casd_progress_callback; `user` is the Progress.
  static int32_t CASD_CALL report(const casd_train_progress* progress, void* user);
  /// Leaves the bar's line.
  void end();

 private:
  void draw(const casd_train_progress& p);
  void print_epoch(const casd_train_progress& p);

  const bool terminal_;
  bool open_ = false;  // the bar stands on the present line
  double drawn_ = -1;  // seconds at which it was drawn
};

}  // namespace program
