// The engines of this library and whether they are available.
#pragma once

#include <casd/predict.h>

#include <cstdint>

namespace casd {

/// casd_engine_get_info(). Throws NOT_FOUND past the end of the list.
casd_engine_info engine_info(std::int32_t index);

}  // namespace casd
