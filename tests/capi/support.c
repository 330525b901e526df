#include "support.h"

#include <casd/base.h>

#include <stdio.h>

int nothing_is_left(void **state) {
  const long long left = (long long)casd_live_objects();
  (void)state;
  if (left != 0) fprintf(stderr, "%lld objects were not destroyed\n", left);
  return left == 0 ? 0 : -1;
}
