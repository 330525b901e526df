/* The table of libcasd_hdf5: plain C, no C++ type or exception crosses. Errors go into a caller's
 * text buffer. The plug-in exports one function: casd_hdf5_plugin_get(). */
#ifndef CASD_PLUGIN_HDF5_H
#define CASD_PLUGIN_HDF5_H

#include "core/plugin_error.h"

#include <casd/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CASD_HDF5_PLUGIN_VERSION 1u

typedef struct casd_hdf5_file casd_hdf5_file;

typedef struct casd_hdf5_plugin {
  uint32_t version; /* CASD_HDF5_PLUGIN_VERSION */
  uint32_t struct_size;
  casd_status (*open)(casd_hdf5_file **file, const char *path, casd_plugin_error *error);
  void (*close)(casd_hdf5_file *file);
  /* Names of the groups in a group ("/": the splits), one after the other, each zero-terminated, an
   * empty one at the end. `needed` is always set; too small a buffer is not an error, it stays
   * untouched. */
  casd_status (*list)(casd_hdf5_file *file, const char *group, char *buffer, size_t capacity,
                      size_t *needed, casd_plugin_error *error);
  /* A root attribute that is a text or an array of texts, in the form of list(). A missing one:
   * needed = 0 and OK. */
  casd_status (*text_attribute)(casd_hdf5_file *file, const char *name, char *buffer,
                                size_t capacity, size_t *needed, casd_plugin_error *error);
  /* rank 0: there is no such dataset. At most 4 dimensions, else FORMAT. */
  casd_status (*shape)(casd_hdf5_file *file, const char *dataset, int32_t *rank, uint64_t *dims,
                       casd_plugin_error *error);
  /* Any numeric dataset, converted; `count` must be the product of its dimensions. */
  casd_status (*read_float)(casd_hdf5_file *file, const char *dataset, float *values,
                            uint64_t count, casd_plugin_error *error);
  casd_status (*read_int64)(casd_hdf5_file *file, const char *dataset, int64_t *values,
                            uint64_t count, casd_plugin_error *error);
} casd_hdf5_plugin;

/* Exported as "casd_hdf5_plugin_get". Returns NULL when `version` is not its own. */
typedef const casd_hdf5_plugin *(*casd_hdf5_plugin_get_fn)(uint32_t version);

#ifdef __cplusplus
}
#endif

#endif
