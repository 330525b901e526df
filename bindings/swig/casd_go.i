// Go: package capi, which only package casd (bindings/go) uses.
//
// Handles are uintptr, which the garbage collector does not follow. Slices are passed without a copy. A
// status is returned as *capi.Failure with the message of the same call, which the wrapper copies
// before it returns to Go: no other call on the thread can come between.
%module capi

%begin %{
#define _GNU_SOURCE // dladdr(), dl_iterate_phdr()
%}

%insert(cgo_comment_typedefs) %{
#cgo pkg-config: casd
#cgo CFLAGS: -std=gnu11 -O2
#cgo linux LDFLAGS: -ldl
%}

// Status: the text "7:message", empty for CASD_OK.
%typemap(gotype) casd_status "error"
%typemap(imtype) casd_status "string"
%typemap(out) casd_status {
  $result.p = NULL;
  $result.n = 0;
  if ($1 != CASD_OK) {
    const char *message = casd_last_error();
    size_t size = strlen(message) + 16;
    char *text = (char *)malloc(size);
    if (text) {
      $result.p = text;
      $result.n = snprintf(text, size, "%d:%s", (int)$1, message);
    } else {
      $result = Swig_AllocateString("2:", 2);
    }
  }
}
%typemap(goout) casd_status %{ $result = failure($1) %}
// As an argument, and as the state of a row, a status is a number.
%typemap(gotype) casd_status status "int32"
%typemap(imtype) casd_status status "int32"
%typemap(in) casd_status status "$1 = (casd_status)$input;"
%typemap(gotype) casd_status *status "*int32"
%typemap(imtype) casd_status *status "*int32"
%typemap(in) casd_status *status "$1 = (casd_status *)$input;"

// SWIG takes int for int32_t and uint for uint32_t, of 64 bits in Go, and drops the upper half.
%define CASD_NUMBER(C_TYPE, GO_TYPE)
%typemap(gotype) C_TYPE, const C_TYPE & "GO_TYPE"
%typemap(imtype) C_TYPE, const C_TYPE & "GO_TYPE"
%enddef
CASD_NUMBER(int32_t, int32)
CASD_NUMBER(uint32_t, uint32)
CASD_NUMBER(int64_t, int64)
CASD_NUMBER(uint64_t, uint64)
CASD_NUMBER(size_t, int)

// Where a function writes one number: a pointer to a Go variable.
%define CASD_OUTPUT(C_TYPE, GO_TYPE)
%typemap(gotype) C_TYPE * "*GO_TYPE"
%typemap(imtype) C_TYPE * "*GO_TYPE"
%typemap(in) C_TYPE * "$1 = (C_TYPE *)$input;"
%enddef
CASD_OUTPUT(int32_t, int32)
CASD_OUTPUT(int64_t, int64)
CASD_OUTPUT(size_t, int)
CASD_OUTPUT(double, float64)

// Handles.
%define CASD_HANDLE(TYPE)
%typemap(gotype) TYPE *, const TYPE * "uintptr"
%typemap(imtype) TYPE *, const TYPE * "uintptr"
%typemap(in) TYPE *, const TYPE * "$1 = ($1_ltype)$input;"
%typemap(gotype) TYPE ** "*uintptr"
%typemap(imtype) TYPE ** "*uintptr"
%typemap(in) TYPE ** "$1 = ($1_ltype)$input;"
%enddef
CASD_HANDLE(casd_schema)
CASD_HANDLE(casd_model)
CASD_HANDLE(casd_batch)
CASD_HANDLE(casd_predictor)
CASD_HANDLE(casd_prediction)
CASD_HANDLE(casd_dataset)
CASD_HANDLE(casd_trainer)
CASD_HANDLE(casd_report)
CASD_HANDLE(casd_monitor)

// Slices in place of an address and a count.
%define CASD_SLICE(ADDRESS, COUNT, GO_TYPE)
%typemap(gotype) (ADDRESS, COUNT) "[]GO_TYPE"
%typemap(imtype) (ADDRESS, COUNT) "[]GO_TYPE"
%typemap(in) (ADDRESS, COUNT) {
  $1 = ($1_ltype)$input.array;
  $2 = ($2_ltype)$input.len;
}
%enddef
CASD_SLICE(const void *data, size_t size, byte)
CASD_SLICE(void *buffer, size_t capacity, byte)
CASD_SLICE(char *buffer, size_t capacity, byte)
CASD_SLICE(float *buffer, size_t capacity, float32)
CASD_SLICE(const float *values, size_t value_count, float32)
CASD_SLICE(const float *values, size_t count, float32)
CASD_SLICE(const int64_t *indices, size_t count, int64)
CASD_SLICE(const int64_t *steps, int32_t modality_count, int64)
CASD_SLICE(const casd_field *fields, int32_t count, int32)

// Slices alone: the facade checks their length against the other arguments. The frames are addresses of
// pinned memory.
%typemap(gotype) const float *values "[]float32"
%typemap(in) const float *values "$1 = (float *)$input.array;"
%typemap(gotype) const float *const *frames "[]*float32"
%typemap(in) const float *const *frames "$1 = ($1_ltype)$input.array;"

// Texts that may be NULL: the empty string.
%typemap(in) const char *task, const char *checkpoint, const char *condition {
  $1 = NULL;
  if ($input.n > 0) {
    $1 = (char *)malloc((size_t)$input.n + 1);
    memcpy($1, $input.p, (size_t)$input.n);
    $1[$input.n] = 0;
  }
}
%typemap(freearg) const char *task, const char *checkpoint, const char *condition "free($1);"

// The size that the functions *_init() take.
%typemap(in, numinputs=0) size_t size "$1 = sizeof *arg1;"

// The facade polls in place of the callback.
%typemap(in, numinputs=0) (casd_progress_callback progress, void *user) {
  $1 = NULL;
  $2 = NULL;
}

// The facade has its own constants, and copies in place of addresses in the library's memory.
%rename("$ignore", %$isenumitem) "";
%ignore CASD_ALL_MODALITIES;
%ignore CASD_MAX_MODALITIES;
%ignore CASD_VERSION_MAJOR;
%ignore CASD_VERSION_MINOR;
%ignore CASD_VERSION_PATCH;
%ignore casd_last_error;
%ignore casd_last_error_copy;
%ignore casd_batch_frames;
%ignore casd_batch_target;
%ignore casd_prediction_data;
%ignore casd_evaluate;
%ignore casd_model_calibrate;

%include "casd.i"

%{
#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8, "the Go binding needs a 64-bit platform");

// watch[0]: set to 1 to cancel; watch[1]: done; watch[2]: total.
static int32_t CASD_CALL casd_go_watch(int64_t done, int64_t total, void *user) {
  int64_t *watch = (int64_t *)user;
  __atomic_store_n(&watch[1], done, __ATOMIC_RELAXED);
  __atomic_store_n(&watch[2], total, __ATOMIC_RELAXED);
  return (int32_t)__atomic_load_n(&watch[0], __ATOMIC_RELAXED);
}
%}

%inline %{
// casd_evaluate() with a callback that Go memory controls: no call from C into Go.
static casd_status casd_go_evaluate(casd_report **report, casd_predictor *predictor,
                                    const casd_dataset *dataset, const char *split,
                                    const casd_evaluate_options *options, int64_t *watch) {
  return casd_evaluate(report, predictor, dataset, split, options, casd_go_watch, watch);
}

static casd_status casd_go_calibrate(casd_model **result, const casd_model *model,
                                     const casd_dataset *dataset, const char *split,
                                     const casd_calibrate_options *options, int64_t *watch) {
  return casd_model_calibrate(result, model, dataset, split, options, casd_go_watch, watch);
}

// 1 and the frames if the sample has the modality and the buffer holds them, else 0.
static int32_t casd_go_batch_frames(float *buffer, size_t capacity, const casd_batch *batch,
                                    int64_t sample, int32_t modality, int32_t features) {
  const float *frames = casd_batch_frames(batch, sample, modality);
  const size_t count = frames ? (size_t)casd_batch_steps(batch, sample, modality) * (size_t)features : 0;
  if (!frames || count > capacity) return 0;
  memcpy(buffer, frames, count * sizeof *frames);
  return 1;
}

// 1 and the target, if the sample has one, else 0.
static int32_t casd_go_batch_target(float *buffer, size_t capacity, const casd_batch *batch,
                                    int64_t sample) {
  const float *target = casd_batch_target(batch, sample);
  if (!target) return 0;
  memcpy(buffer, target, capacity * sizeof *target);
  return 1;
}

static casd_status casd_go_without_user_value(casd_model **result, const casd_model *model,
                                              const char *key) {
  return casd_model_with_user_value(result, model, key, NULL);
}

static casd_status casd_go_set_log_level(casd_log_level level) { return casd_set_log(NULL, level, NULL); }

static void casd_go_log_stop(void) { casd_log_poll(NULL, 0); }

// The version that this package was compiled for.
static uint32_t casd_go_compiled_version(void) {
  return CASD_VERSION_MAJOR * 10000 + CASD_VERSION_MINOR * 100 + CASD_VERSION_PATCH;
}

#ifdef _WIN32
static int32_t casd_go_is_foreign(void) { return 0; }
#else
// Zero where another library has the name of libcasd: a program that is linked with libcasd starts
// nevertheless, as the dynamic loader looks functions up when they are first called.
#pragma weak casd_abi_version
static int32_t casd_go_is_foreign(void) { return casd_abi_version == NULL; }
#endif

#ifdef __linux__
#include <link.h>

static int casd_go_note_library(struct dl_phdr_info *info, size_t size, void *path) {
  const char *name = strrchr(info->dlpi_name, '/');
  (void)size;
  if (!name || strncmp(name, "/libcasd.", 9) != 0) return 0;
  snprintf((char *)path, 4096, "%s", info->dlpi_name);
  return 1;
}
#endif

// The file of the library in use, "" if the system does not tell it.
static const char *casd_go_library_path(void) {
#ifdef __linux__
  static char foreign[4096];
  if (casd_go_is_foreign()) {
    dl_iterate_phdr(casd_go_note_library, foreign);
    return foreign;
  }
#endif
#ifdef _WIN32
  static char path[32768];
  HMODULE module = NULL;
  path[0] = 0;
  if (GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                         (LPCSTR)(void *)casd_abi_version, &module))
    GetModuleFileNameA(module, path, sizeof path);
  return path;
#else
  Dl_info info;
  return dladdr((void *)casd_abi_version, &info) && info.dli_fname ? info.dli_fname : "";
#endif
}
%}

%insert(go_wrapper) %{
// Failure is a status other than CASD_OK and the message of the same call.
type Failure struct {
	Status  int32
	Message string
}

func (f *Failure) Error() string { return f.Message }

func failure(text string) error {
	if len(text) == 0 {
		return nil
	}
	text = swigCopyString(text)
	var status int32
	i := 0
	for ; i < len(text) && text[i] != ':'; i++ {
		status = status*10 + int32(text[i]-'0')
	}
	return &Failure{Status: status, Message: text[i+1:]}
}
%}
