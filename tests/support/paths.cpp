#include "support/paths.h"

namespace casd::test {

std::string source_folder() { return CASD_SOURCE_DIR; }

std::string wrong_plugins_folder() { return CASD_WRONG_PLUGINS; }

}  // namespace casd::test
