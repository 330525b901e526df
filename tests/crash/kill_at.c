/* Preloaded into a program, kills it at a named point of writing a file:
 *
 *   CASD_KILL_FILE   name of the file (its temporary one counts, too)
 *   CASD_KILL_AT     before_write, half_write, after_write, before_sync, after_sync, before_rename or
 *                    after_rename
 *   CASD_KILL_TIME   at which time that this point is reached, 1 for the first
 *   CASD_KEEP        a folder that gets every version of the file, as 1, 2, ... */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_ours(const char *path) {
  const char *name = getenv("CASD_KILL_FILE"), *last = strrchr(path, '/');
  size_t length;
  if (name == NULL) return 0;
  last = last != NULL ? last + 1 : path;
  if (strcmp(last, name) == 0) return 1;
  /* ".run.casd.casd-SYSTEM-RANDOM.tmp", but not that of "run.casd.checkpoint". */
  length = strlen(name);
  return last[0] == '.' && strncmp(last + 1, name, length) == 0 &&
         strncmp(last + 1 + length, ".casd-", 6) == 0;
}

static int is_ours_open(int file) {
  char link[64], path[PATH_MAX];
  ssize_t length;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

/* Whether this is the point and the time. */
static int is_now(const char *point) {
  static int times;
  const char *at = getenv("CASD_KILL_AT"), *time = getenv("CASD_KILL_TIME");
  return at != NULL && time != NULL && strcmp(at, point) == 0 && ++times == atoi(time);
}

static void kill_at(const char *point) {
  if (is_now(point)) raise(SIGKILL);
}

ssize_t write(int file, const void *bytes, size_t count) {
  ssize_t (*real)(int, const void *, size_t);
  ssize_t done;
  *(void **)&real = dlsym(RTLD_NEXT, "write");
  if (!is_ours_open(file)) return real(file, bytes, count);
  kill_at("before_write");
  if (is_now("half_write")) {
    done = real(file, bytes, count / 2);
    raise(SIGKILL);
    return done;
  }
  done = real(file, bytes, count);
  kill_at("after_write");
  return done;
}

int fsync(int file) {
  int (*real)(int);
  int status;
  *(void **)&real = dlsym(RTLD_NEXT, "fsync");
  if (!is_ours_open(file)) return real(file);
  kill_at("before_sync");
  status = real(file);
  kill_at("after_sync");
  return status;
}

int rename(const char *from, const char *to) {
  static int versions;
  const char *keep = getenv("CASD_KEEP");
  int (*real)(const char *, const char *);
  int status;
  *(void **)&real = dlsym(RTLD_NEXT, "rename");
  if (!is_ours(to)) return real(from, to);
  kill_at("before_rename");
  status = real(from, to);
  if (keep != NULL) { /* a file in place is never changed again: a link is a copy */
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%d", keep, ++versions);
    if (link(to, path) != 0) perror(path);
  }
  kill_at("after_rename");
  return status;
}
