/**
 * @file base.h
 * @brief Status values, errors, log and versions, used by all other headers.
 *
 * Every function that can fail returns a ::casd_status. On failure it does not write its outputs, and
 * the caller has nothing to release. casd_last_error() then returns a description of the error with
 * the value and the allowed range.
 *
 * @code{.c}
 * casd_model *model = NULL;
 * if (casd_model_load(&model, "mood.casd") != CASD_OK) {
 *   fprintf(stderr, "%s\n", casd_last_error());
 *   return 1;
 * }
 * @endcode
 *
 * ### Threads
 *
 * | object | can be used by |
 * |---|---|
 * | casd_model, casd_predictor | any number of threads concurrently |
 * | casd_schema, casd_batch, casd_dataset, casd_prediction, casd_trainer, casd_report | one thread at a time, any thread |
 * | casd_trainer_cancel(), casd_trainer_progress() | any thread, also while another thread trains; cancel also from a signal handler |
 * | casd_last_error() | each thread has its own |
 * | casd_set_log(), casd_log_poll(), casd_set_parallel_for(), casd_set_plugin_path() | any thread, at any time |
 *
 * Several threads can *read* a dataset concurrently as long as no thread adds to it.
 *
 * After fork() the child can use and destroy all objects that it inherits, if no other thread was
 * inside a function of the library at the time of the fork. Objects that use LibTorch are an exception:
 * functions of a trainer return ::CASD_ERROR_STATE in the child, and the child must not use or destroy
 * a predictor on a device.
 */
#ifndef CASD_BASE_H
#define CASD_BASE_H

#include <stddef.h>
#include <stdint.h>

/**
 * @def CASD_CALL
 * @brief The calling convention of every function and callback.
 * @since 0.1
 */
#if defined(_WIN32)
#define CASD_CALL __cdecl
#else
#define CASD_CALL
#endif

/**
 * @def CASD_API
 * @brief Marks exported functions. Define `CASD_STATIC` before including a header to link a static
 *        libcasd on Windows.
 * @since 0.1
 */
#if defined(_WIN32) && defined(CASD_STATIC)
#define CASD_API
#elif defined(_WIN32) && defined(CASD_BUILDING)
#define CASD_API __declspec(dllexport)
#elif defined(_WIN32)
#define CASD_API __declspec(dllimport)
#elif defined(__GNUC__)
#define CASD_API __attribute__((visibility("default")))
#else
#define CASD_API
#endif

#define CASD_VERSION_MAJOR 0 /**< Major version of these headers. @since 0.1 */
#define CASD_VERSION_MINOR 2 /**< Minor version of these headers. @since 0.1 */
#define CASD_VERSION_PATCH 0 /**< Patch version of these headers. @since 0.1 */

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief The result of a call. The values never change; new ones may be added.
 * @since 0.1
 */
typedef int32_t casd_status;

/** @brief The values of ::casd_status. @since 0.1 */
enum {
  CASD_OK = 0,                     /**< Success. */
  CASD_ERROR_INVALID_ARGUMENT = 1, /**< An argument is NULL, out of range or does not match. */
  CASD_ERROR_OUT_OF_MEMORY = 2,    /**< Memory ran out. */
  CASD_ERROR_IO = 3,               /**< A file could not be read or written. */
  CASD_ERROR_FORMAT = 4,           /**< The bytes are not a valid file of the expected kind. */
  CASD_ERROR_VERSION = 5,          /**< The file was written by a newer library. */
  CASD_ERROR_UNAVAILABLE = 6,      /**< A plug-in, device or build option is missing. */
  CASD_ERROR_STATE = 7,            /**< The call is not allowed in the object's current state. */
  CASD_ERROR_CANCELLED = 8,        /**< A callback or casd_trainer_cancel() stopped the call. */
  CASD_ERROR_NUMERIC = 9,          /**< A loss or a result is not finite. */
  CASD_ERROR_DEVICE = 10,          /**< The device failed, or has too little memory. */
  CASD_ERROR_INTERNAL = 11,        /**< A bug in the library: please report it. */
  CASD_ERROR_NOT_FOUND = 12,       /**< There is no item of that name or index. @since 0.2 */
  CASD_ERROR_BUFFER_TOO_SMALL = 13 /**< The caller's buffer is too small; `needed` is the required
                                        size. @since 0.2 */
};

/**
 * @brief The message of this thread's last failed call.
 *
 * It does not change until the next failed call of the same thread.
 * @return UTF-8 text, "" before any failure, never NULL. Do not free it.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_last_error(void);

/**
 * @brief Copies the message of this thread's last failed call.
 *
 * For callers that cannot keep a pointer (garbage-collected hosts).
 * @param[out] buffer    Receives the text and a terminating zero. NULL with capacity 0 queries
 *                       `needed`.
 * @param      capacity  Bytes in `buffer`.
 * @param[out] needed    Receives the required bytes with the terminating zero; may be NULL.
 * @return ::CASD_OK; ::CASD_ERROR_BUFFER_TOO_SMALL, which changes neither the buffer nor the message;
 *         ::CASD_ERROR_INVALID_ARGUMENT if both pointers are NULL.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_last_error_copy(char *buffer, size_t capacity, size_t *needed);

/**
 * @brief The name of a status, such as "INVALID_ARGUMENT".
 * @return Static text; "UNKNOWN" for any other value.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_status_name(casd_status status);

/**
 * @brief The library's version as major * 10000 + minor * 100 + patch.
 * @since 0.1
 */
CASD_API uint32_t CASD_CALL casd_version(void);

/**
 * @brief The library's version as text, such as "0.2.0".
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_version_string(void);

/**
 * @brief The version of the binary interface; it changes when compiled callers become incompatible.
 *
 * It is the number in the shared library's name (`libcasd.so.2`).
 * @since 0.1
 */
CASD_API uint32_t CASD_CALL casd_abi_version(void);

/**
 * @brief How the library was built, as a JSON object.
 *
 * Keys: `version`, `abi`, `compiler`, `build_type`, `system`, `engine` (the CPU engine in use).
 * @return Static UTF-8 text.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_build_info(void);

/**
 * @brief How serious a log message is.
 * @since 0.1
 */
typedef int32_t casd_log_level;

/** @brief The values of ::casd_log_level, least serious first. @since 0.1 */
enum {
  CASD_LOG_DEBUG = 0,   /**< Details for debugging the library. */
  CASD_LOG_INFO = 1,    /**< Normal operation. */
  CASD_LOG_WARNING = 2, /**< The call continues, but its result may not be as intended. */
  CASD_LOG_ERROR = 3,   /**< A failure that no status can report. */
  CASD_LOG_OFF = 4      /**< As a threshold: no messages. */
};

/**
 * @brief Receives log messages.
 *
 * Called on the thread whose call of the library caused the message, concurrently if several threads
 * call the library. The library holds no lock during the callback, so it may call any function of the
 * library. Messages that such calls cause are not passed to the callback, but they can be polled.
 * @param level    One of ::CASD_LOG_DEBUG to ::CASD_LOG_ERROR.
 * @param message  UTF-8 text without a trailing newline, valid during the call.
 * @param user     The pointer passed to casd_set_log().
 * @since 0.1
 */
typedef void(CASD_CALL *casd_log_callback)(casd_log_level level, const char *message, void *user);

/**
 * @brief Sets the callback that receives log messages, and their lowest level.
 *
 * Can be called before any other function. By default warnings and errors are written to stderr. The
 * library never writes to stdout.
 *
 * When this function returns, the previous callback is not running and is not called again: its code
 * and its `user` can be released. The function waits for running callbacks, so do not call it while
 * holding a lock that the callback needs. Called inside the callback, it does not wait for the
 * callback's call on the same thread. It also does not wait for callbacks on other threads that are
 * inside casd_set_log() at the same time, because these wait too; they finish with the old `user`.
 * @param callback  Receives the messages; NULL: stderr, or only casd_log_poll() once that is used.
 * @param level     The lowest level that is reported, also by casd_log_poll().
 * @param user      Passed to the callback unchanged.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT for an unknown level.
 * @par Threads Any thread, at any time.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_set_log(casd_log_callback callback, casd_log_level level,
                                            void *user);

/**
 * @brief Removes the oldest log message from a queue and returns it, for hosts that cannot use
 *        callbacks.
 *
 * The first call starts the queue. It then receives the messages of the level set by casd_set_log(),
 * by default warnings and errors; without a callback they are no longer written to stderr. Call this
 * function once at the start, and then regularly until it returns -1. A call with `buffer` NULL stops
 * the queue and discards its messages.
 *
 * The queue holds 256 messages. When it is full the oldest is dropped, and the next call returns a
 * warning with the number of dropped messages.
 * @param[out] buffer    Receives the message in UTF-8 with a terminating zero. A longer message is
 *                       truncated between two characters. "" if there is none. May be NULL.
 * @param      capacity  Bytes in `buffer`; 512 are enough for nearly all messages. With 0 no message
 *                       is removed.
 * @return The message's level, ::CASD_LOG_DEBUG to ::CASD_LOG_ERROR; -1 if there is no message.
 * @par Threads Any thread, at any time, also inside a callback. Each message is returned once.
 * @since 0.2
 */
CASD_API casd_log_level CASD_CALL casd_log_poll(char *buffer, size_t capacity);

/**
 * @brief Sets the folder that is searched first for plug-ins (`libcasd_torch`, `libcasd_hdf5`).
 *
 * The folders of the environment variable `CASD_PLUGIN_PATH` are searched next, then the folder of
 * libcasd itself. A plug-in is loaded by the first call that needs it and stays loaded.
 * @param folder  UTF-8 path; NULL or "": none.
 * @return ::CASD_OK or ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_set_plugin_path(const char *folder);

/**
 * @brief A function of the host that runs work of libcasd on the host's threads.
 *
 * It must call `body(context, index)` exactly once for each index in [0, count), on any threads and in
 * any order, also sequentially, and return when all these calls have returned. `body` must not be
 * called after that. `body` does not throw and does not call back into the host.
 *
 * Called on the thread that called libcasd, concurrently if several threads call libcasd.
 * @param body     The function to call.
 * @param context  Its first argument.
 * @param count    Number of calls to make, at least 1.
 * @param user     The pointer passed to casd_set_parallel_for().
 * @return 0 on success. With any other value the calling function of libcasd fails with
 *         ::CASD_ERROR_CANCELLED. If 0 is returned before all calls were made, it fails with
 *         ::CASD_ERROR_STATE.
 * @since 0.2
 */
typedef int32_t(CASD_CALL *casd_parallel_for)(void(CASD_CALL *body)(void *context, int32_t index),
                                              void *context, int32_t count, void *user);

/**
 * @brief Makes libcasd use threads of the host instead of its own, in the whole process.
 *
 * For hosts with a job system, such as game engines. It applies to the work that libcasd itself runs in
 * parallel: prediction on the CPU, evaluation, calibration, and in training the teacher's outputs and
 * the scores of an epoch. It does not apply to the plug-ins: LibTorch's training step and computations
 * on a device use LibTorch's threads. Results have the same bits.
 *
 * One call of the host function has at most min(`workers`, `threads`) indices, where `threads` is the
 * option of the predictor or trainer. With `threads` = 1 (the default of the predictor), or if the work
 * cannot be divided, the calling thread does all work and the host function is not called.
 *
 * When this function returns, the previous host function is not running and is not called again. It
 * waits for running calls, so do not call it while holding a lock that the host function needs. Called
 * inside the host function, it does not wait for calls of that function on the same thread; these
 * finish with the old function.
 * @param run      The host function; NULL: libcasd uses its own threads.
 * @param workers  Number of threads that the host provides, 1 to 256; ignored if `run` is NULL.
 * @param user     Passed to `run` unchanged.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if `workers` is out of range.
 * @par Threads Any thread, at any time.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_set_parallel_for(casd_parallel_for run, int32_t workers,
                                                     void *user);

/**
 * @brief The number of objects (schemas, models, batches, ...) that were not destroyed yet.
 *
 * For leak checks in tests: the number must be the same before and after.
 * @since 0.1
 */
CASD_API int64_t CASD_CALL casd_live_objects(void);

/**
 * @brief The number of bytes that live objects hold in large buffers.
 *
 * Includes the weights of models, the frames of batches and datasets, the tables of predictions and
 * scratch memory, by allocated size. Does not include names, texts, the objects themselves and memory
 * of LibTorch or HDF5. A buffer that several objects share counts once.
 *
 * For leak checks and memory displays: after all objects are destroyed it has its previous value.
 * While other threads work it includes their temporary buffers.
 * @par Threads Any thread, at any time.
 * @since 0.2
 */
CASD_API int64_t CASD_CALL casd_live_bytes(void);

#ifdef __cplusplus
}
#endif

#endif
