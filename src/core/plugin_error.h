/* How a function of a plug-in's table reports an error: it returns a status and writes a message.
 * Plain C. */
#ifndef CASD_PLUGIN_ERROR_H
#define CASD_PLUGIN_ERROR_H

typedef struct casd_plugin_error {
  char message[1024]; /* UTF-8, zero-terminated */
} casd_plugin_error;

#endif
