// Includes Highway with the settings of this project. A file that is compiled once for every target
// defines HWY_TARGET_INCLUDE as its own path and then includes this header first.
#include "cpu/highway_settings.h"

#include <hwy/foreach_target.h>
#include <hwy/highway.h>
