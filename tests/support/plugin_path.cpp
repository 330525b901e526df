// Test programs that link libcasd's modules find the plug-ins of their build, however they are run.
#include <cstdlib>

namespace {

#ifdef _WIN32
const int set = _putenv_s("CASD_PLUGIN_PATH", CASD_PLUGIN_FOLDER);
#else
const int set = setenv("CASD_PLUGIN_PATH", CASD_PLUGIN_FOLDER, 0);
#endif

}  // namespace
