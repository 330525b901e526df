/* A plug-in of another version: it has no table for any version. */
#include <stddef.h>
#include <stdint.h>

const void *casd_hdf5_plugin_get(uint32_t version);

const void *casd_hdf5_plugin_get(uint32_t version) {
  (void)version;
  return NULL;
}
