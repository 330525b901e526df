/**
 * @file base.h
 * @brief Status values, errors, log, versions: what every other header builds on.
 *
 * Every function that can fail returns a ::casd_status. On failure its outputs are untouched and
 * nothing has to be cleaned up; casd_last_error() tells what was wrong, in words, with the value
 * and the allowed range.
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
 * | object | may be used by |
 * |---|---|
 * | casd_model, casd_predictor | any number of threads at once |
 * | casd_schema, casd_batch, casd_dataset, casd_prediction, casd_trainer, casd_report | one thread at a time, any thread |
 * | casd_trainer_cancel(), casd_trainer_progress() | any thread, while another one trains; cancel also from a signal handler |
 * | casd_last_error() | each thread has its own |
 * | casd_set_log(), casd_log_poll(), casd_set_parallel_for(), casd_set_plugin_path() | any thread, at any time |
 *
 * A dataset may be *read* by several threads at once as long as no thread adds to it.
 *
 * After fork() the child may use and destroy all objects that it inherits, if at the time of the fork
 * no other thread was inside a function of the library. Excepted is what uses LibTorch: a trainer reports
 * ::CASD_ERROR_STATE there, and a predictor on a device must be left alone.
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
 * @brief Marks what the library exports. Define `CASD_STATIC` before including when linking a
 *        static libcasd on Windows.
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
 * @brief What became of a call. The values never change; new ones may be added.
 * @since 0.1
 */
typedef int32_t casd_status;

/** @brief The values of ::casd_status. @since 0.1 */
enum {
  CASD_OK = 0,                     /**< It worked. */
  CASD_ERROR_INVALID_ARGUMENT = 1, /**< An argument is NULL, out of range or does not fit. */
  CASD_ERROR_OUT_OF_MEMORY = 2,    /**< Memory ran out. */
  CASD_ERROR_IO = 3,               /**< A file could not be read or written. */
  CASD_ERROR_FORMAT = 4,           /**< The bytes are not a valid file of the expected kind. */
  CASD_ERROR_VERSION = 5,          /**< A valid file, but made by a newer library. */
  CASD_ERROR_UNAVAILABLE = 6,      /**< A plug-in, device or build option is missing. */
  CASD_ERROR_STATE = 7,            /**< The right call at the wrong time. */
  CASD_ERROR_CANCELLED = 8,        /**< A callback or casd_trainer_cancel() stopped it. */
  CASD_ERROR_NUMERIC = 9,          /**< A loss or a result is not finite. */
  CASD_ERROR_DEVICE = 10,          /**< The device failed, or has too little memory. */
  CASD_ERROR_INTERNAL = 11,        /**< A defect of the library: please report it. */
  CASD_ERROR_NOT_FOUND = 12,       /**< There is no item of that name or index. @since 0.2 */
  CASD_ERROR_BUFFER_TOO_SMALL = 13 /**< The caller's buffer is too small; `needed` says how large
                                        it must be. @since 0.2 */
};

/**
 * @brief The message of this thread's last failed call.
 *
 * It stays as it is until the next failed call of the same thread.
 * @return UTF-8 text, "" before any failure, never NULL. Do not free it.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_last_error(void);

/**
 * @brief Copies the message of this thread's last failed call.
 *
 * For callers that cannot hold on to a pointer (garbage-collected hosts).
 * @param[out] buffer    Receives the text and its final zero; NULL with capacity 0 only asks for
 *                       `needed`.
 * @param      capacity  Bytes in `buffer`.
 * @param[out] needed    Receives the bytes needed with the final zero; may be NULL.
 * @return ::CASD_OK; ::CASD_ERROR_BUFFER_TOO_SMALL, which leaves both the buffer and the message
 *         itself untouched; ::CASD_ERROR_INVALID_ARGUMENT if both pointers are NULL.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_last_error_copy(char *buffer, size_t capacity, size_t *needed);

/**
 * @brief The name of a status, such as "INVALID_ARGUMENT".
 * @return Static text; "UNKNOWN" for a value this library does not know.
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
 * @brief The version of the binary interface; it changes when a compiled caller would break.
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
  CASD_LOG_DEBUG = 0,   /**< For those who debug the library. */
  CASD_LOG_INFO = 1,    /**< What it is doing. */
  CASD_LOG_WARNING = 2, /**< It goes on, but you may not like the result. */
  CASD_LOG_ERROR = 3,   /**< Something failed that no status can report. */
  CASD_LOG_OFF = 4      /**< As a threshold: nothing at all. */
};

/**
 * @brief Receives log messages.
 *
 * Called on the thread whose call of the library caused the message, on several threads at once if
 * they do. The library holds no lock meanwhile, so the callback may call any of its functions.
 * Messages that such calls cause are not passed to the callback again, but they can be polled.
 * @param level    One of ::CASD_LOG_DEBUG to ::CASD_LOG_ERROR.
 * @param message  UTF-8 text without a final newline, valid during the call.
 * @param user     What was given to casd_set_log().
 * @since 0.1
 */
typedef void(CASD_CALL *casd_log_callback)(casd_log_level level, const char *message, void *user);

/**
 * @brief Sets which log messages are passed on, and the callback that receives them.
 *
 * May be called before anything else. Without it warnings and errors go to stderr; nothing is
 * ever written to stdout.
 *
 * When this function returns, the callback set before is no longer running and is not called again:
 * its code and its `user` can be released. The function waits for that, so do not call it while
 * holding a lock that the callback needs. Called from within the callback it does not wait for the
 * callback's call on the same thread. It also does not wait for callbacks on other threads that are
 * inside casd_set_log() at the same time, as these wait too; they end with the old `user`.
 * @param callback  Receives the messages; NULL: stderr, or only casd_log_poll() once that is used.
 * @param level     The least serious level that is passed on, to casd_log_poll() too.
 * @param user      Passed to the callback unchanged.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT for an unknown level.
 * @par Threads Any thread, at any time.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_set_log(casd_log_callback callback, casd_log_level level,
                                            void *user);

/**
 * @brief Takes the oldest log message out of a queue, for hosts that cannot use callbacks.
 *
 * The first call starts the queue: from then on it receives the messages of the level that
 * casd_set_log() sets, by default warnings and errors, and without a callback they no longer go to
 * stderr. Call it once at the start and then regularly, until it returns -1. A call with `buffer`
 * NULL ends the queue and discards its messages.
 *
 * The queue holds 256 messages. When it is full the oldest is dropped, and the next call returns a
 * warning that says how many were dropped.
 * @param[out] buffer    Receives the message in UTF-8 with a final zero. A longer message is cut
 *                       between two characters. "" if there is none. May be NULL.
 * @param      capacity  Bytes in `buffer`; 512 hold nearly all messages. With 0 nothing is taken.
 * @return The message's level, ::CASD_LOG_DEBUG to ::CASD_LOG_ERROR; -1 if there is no message.
 * @par Threads Any thread, at any time, from within a callback too. Each message is returned once.
 * @since 0.2
 */
CASD_API casd_log_level CASD_CALL casd_log_poll(char *buffer, size_t capacity);

/**
 * @brief Names the folder in which plug-ins (`libcasd_torch`, `libcasd_hdf5`) are looked for first.
 *
 * After it come the folders of the environment variable `CASD_PLUGIN_PATH`, then the one that
 * libcasd itself lies in. A plug-in is loaded by the first call that needs it and stays loaded.
 * @param folder  UTF-8 path; NULL or "": none.
 * @return ::CASD_OK or ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_set_plugin_path(const char *folder);

/**
 * @brief A host's function that runs pieces of libcasd's work on the host's own threads.
 *
 * It calls `body(context, index)` exactly once for each index in [0, count), on any threads and in
 * any order, one after the other if need be, and returns when all these calls have returned. `body`
 * must not be called after that. `body` does not throw and does not call back into the host.
 *
 * Called on the thread that called libcasd, on several such threads at once if several call libcasd.
 * @param body     The function to call.
 * @param context  Its first argument.
 * @param count    How many calls are to be made, at least 1.
 * @param user     What was given to casd_set_parallel_for().
 * @return 0 on success. Any other value makes the function of libcasd that needed the work fail with
 *         ::CASD_ERROR_CANCELLED. Returning 0 with calls left out makes it fail with
 *         ::CASD_ERROR_STATE.
 * @since 0.2
 */
typedef int32_t(CASD_CALL *casd_parallel_for)(void(CASD_CALL *body)(void *context, int32_t index),
                                              void *context, int32_t count, void *user);

/**
 * @brief Makes libcasd use the host's threads in place of its own, in the whole process.
 *
 * For hosts with a job system, such as game engines. It concerns the work that libcasd itself shares
 * among threads: prediction on the CPU, evaluation, calibration, and the teacher's outputs and the
 * scores of an epoch in training. It does not concern the plug-ins: LibTorch's training step and
 * computations on a device use LibTorch's threads. Results are the same to the bit.
 *
 * One call of the host's function has at most min(`workers`, `threads`) indices, where `threads` is
 * the option of the predictor or trainer. With `threads` = 1 (the predictor's default), or where
 * there is only one piece of work, the calling thread does everything and the host's function is not
 * called.
 *
 * When this function returns, the function set before is no longer running and is not called again.
 * It waits for that, so do not call it while holding a lock that the host's function needs. Called
 * from within the host's function it does not wait for the calls of that function that are on the
 * same thread; these still end with the old function.
 * @param run      The host's function; NULL: libcasd's own threads again.
 * @param workers  How many threads the host has for it, 1 to 256; ignored if `run` is NULL.
 * @param user     Passed to `run` unchanged.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if `workers` is out of range.
 * @par Threads Any thread, at any time.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_set_parallel_for(casd_parallel_for run, int32_t workers,
                                                     void *user);

/**
 * @brief How many objects (schemas, models, batches, ...) exist that were not destroyed yet.
 *
 * For leak checks in tests: the same number before and after means that nothing was left behind.
 * @since 0.1
 */
CASD_API int64_t CASD_CALL casd_live_objects(void);

/**
 * @brief How many bytes the objects that exist hold in large buffers.
 *
 * Counted are the weights of models, the frames of batches and datasets, the tables of predictions
 * and scratch memory, at the size that is allocated. Not counted are names, texts, the objects
 * themselves and what LibTorch or HDF5 allocates. A buffer that several objects share counts once.
 *
 * For leak checks and for memory displays: after everything is destroyed it is what it was before.
 * While other threads work it includes their temporary buffers.
 * @par Threads Any thread, at any time.
 * @since 0.2
 */
CASD_API int64_t CASD_CALL casd_live_bytes(void);

#ifdef __cplusplus
}
#endif

#endif
