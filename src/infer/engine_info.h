// What can run the computation on this machine.
#pragma once

#include <casd/predict.h>

#include <cstdint>

namespace casd {

/// casd_engine_get_info(). Throws NOT_FOUND where the list ends.
casd_engine_info engine_info(std::int32_t index);

}  // namespace casd
