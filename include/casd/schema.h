/**
 * @file schema.h
 * @brief The inputs and outputs of a model: modalities, task and names of the outputs.
 *
 * @code{.c}
 * casd_schema *schema = NULL;
 * casd_schema_create(&schema);
 * casd_schema_add_modality(schema, "language", 300);
 * casd_schema_add_modality(schema, "audio", 74);
 * casd_schema_set_task(schema, CASD_TASK_CLASSES);
 * casd_schema_add_output(schema, "negative");
 * casd_schema_add_output(schema, "positive");
 * ...
 * casd_schema_destroy(schema);
 * @endcode
 *
 * Objects that are created from a schema copy it, so it can be changed or destroyed at any time.
 *
 * ### How data is matched with a model
 *
 * Modalities are matched by name. A batch or dataset can have another order of modalities than the
 * model, and it can lack modalities, which are then missing in its samples. Modalities that the model
 * does not have are an error that names them. If both sides have feature names
 * (casd_schema_set_feature_name()), features are matched by name, in any order of columns; missing and
 * unknown names are an error that names them. Otherwise features are matched by position, and their
 * number must be equal. Where targets are used (training, evaluation), task and outputs must be equal,
 * in the same order. The same rules apply between a batch and a dataset. Masks always refer to the
 * modalities of the model.
 */
#ifndef CASD_SCHEMA_H
#define CASD_SCHEMA_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Modalities, task and outputs. Used by one thread at a time. @since 0.1 */
typedef struct casd_schema casd_schema;

/**
 * @brief What the outputs mean.
 * @since 0.1
 */
typedef int32_t casd_task;

/** @brief The values of ::casd_task. @since 0.1 */
enum {
  CASD_TASK_REGRESSION = 0, /**< One real number per output. */
  CASD_TASK_CLASSES = 1,    /**< Exactly one of the outputs (2 or more) is true. */
  CASD_TASK_MULTILABEL = 2  /**< Each output is true or false on its own. */
};

/**
 * @brief A set of modalities: bit i is modality i of the schema.
 *
 * Find i with casd_schema_modality_index(). Bits beyond the schema are an error, except in
 * ::CASD_ALL_MODALITIES.
 * @since 0.1
 */
typedef uint32_t casd_modality_mask;

/** @brief Every modality of the schema, however many there are. @since 0.1 */
#define CASD_ALL_MODALITIES 0xFFFFFFFFu

/** @brief The most modalities a schema can have. @since 0.1 */
#define CASD_MAX_MODALITIES 32

/**
 * @brief Creates an empty schema with the task ::CASD_TASK_CLASSES.
 * @param[out] schema  Receives it; destroy it with casd_schema_destroy().
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if `schema` is NULL.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_schema_create(casd_schema **schema);

/** @brief Destroys a schema; NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_schema_destroy(casd_schema *schema);

/**
 * @brief Adds a modality; the first one added has index 0, and so on.
 * @param schema    The schema.
 * @param name      UTF-8, 1 to 64 bytes, unique: letters, digits, `_` and `-` (and any character
 *                  above ASCII).
 * @param features  Numbers in one frame, 1 to 65536.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if a value is NULL or out of range, the name is
 *         in use, or there are ::CASD_MAX_MODALITIES already.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_schema_add_modality(casd_schema *schema, const char *name,
                                                        int32_t features);

/**
 * @brief Sets the meaning of the outputs.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT for NULL or an unknown task.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_schema_set_task(casd_schema *schema, casd_task task);

/**
 * @brief Adds an output: a class, a label or a quantity.
 * @param schema  The schema.
 * @param name    UTF-8, 1 to 64 bytes, unique among the outputs; no control characters.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, empty, too long, in use, or there are
 *         4096 outputs already.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_schema_add_output(casd_schema *schema, const char *name);

/**
 * @brief Names one feature of a modality.
 *
 * Names are optional. If both a model and its data have them, features are matched by name, in any
 * order of columns; otherwise by position. Name all features of a modality or none: matching a
 * modality with names for only some of its features against other names is an error.
 * @param schema    The schema.
 * @param modality  Index of the modality.
 * @param feature   Index of the feature, 0 to features - 1.
 * @param name      UTF-8, 1 to 256 bytes, unique in its modality, no control characters; NULL
 *                  removes the names of all features of the modality (`feature` is then ignored).
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if `schema` is NULL, an index is out of range, or
 *         the name is empty, too long, not UTF-8 or in use; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_schema_set_feature_name(casd_schema *schema, int32_t modality,
                                                            int32_t feature, const char *name);

/**
 * @brief The name of a feature; NULL if it has none or there is no such feature.
 *
 * The text belongs to the schema and is valid until it is changed or destroyed.
 * @since 0.2
 */
CASD_API const char *CASD_CALL casd_schema_feature_name(const casd_schema *schema, int32_t modality,
                                                        int32_t feature);

/** @brief The number of modalities; -1 for NULL. @since 0.1 */
CASD_API int32_t CASD_CALL casd_schema_modality_count(const casd_schema *schema);

/**
 * @brief The name of modality `index`; NULL if there is none.
 *
 * The text belongs to the schema and is valid until it is changed or destroyed.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_schema_modality_name(const casd_schema *schema, int32_t index);

/** @brief The numbers in a frame of modality `index`; -1 if there is none. @since 0.1 */
CASD_API int32_t CASD_CALL casd_schema_modality_features(const casd_schema *schema, int32_t index);

/**
 * @brief Finds a modality by name.
 * @param[out] index   Receives its index, which is also its bit in a ::casd_modality_mask.
 * @param      schema  The schema.
 * @param      name    Its name.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if an argument is NULL; ::CASD_ERROR_NOT_FOUND if
 *         no modality has that name; the message lists the names that exist.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_schema_modality_index(int32_t *index, const casd_schema *schema,
                                                          const char *name);

/** @brief The task; -1 for NULL. @since 0.1 */
CASD_API casd_task CASD_CALL casd_schema_task(const casd_schema *schema);

/** @brief The number of outputs; -1 for NULL. @since 0.1 */
CASD_API int32_t CASD_CALL casd_schema_output_count(const casd_schema *schema);

/** @brief The name of output `index`, as casd_schema_modality_name(). @since 0.1 */
CASD_API const char *CASD_CALL casd_schema_output_name(const casd_schema *schema, int32_t index);

/** @brief Finds an output by name, as casd_schema_modality_index(). @since 0.1 */
CASD_API casd_status CASD_CALL casd_schema_output_index(int32_t *index, const casd_schema *schema,
                                                        const char *name);

#ifdef __cplusplus
}
#endif

#endif
