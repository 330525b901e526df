/**
 * @file model.h
 * @brief Models: a network with its weights, normaliser and calibration. Create, load and save them.
 *
 * @code{.c}
 * casd_model_options options;
 * casd_model_options_init(&options, sizeof options);
 * options.hidden = 64;
 * options.seed = 7;
 * casd_model *model = NULL;
 * casd_model_create(&model, schema, &options);
 * ...train it...
 * casd_model_save(model, "mood.casd");
 * casd_model_destroy(model);
 * @endcode
 *
 * Models are immutable and can be shared by all threads. Training creates a new model. The file is a
 * safetensors file, which any reader of that format can open.
 */
#ifndef CASD_MODEL_H
#define CASD_MODEL_H

#include "schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief An immutable model. Any number of threads concurrently. @since 0.1 */
typedef struct casd_model casd_model;

/** @brief A named set of defaults for model and training. @since 0.1 */
typedef int32_t casd_recipe;

/** @brief The values of ::casd_recipe. @since 0.1 */
enum {
  CASD_RECIPE_EVIDENTIAL = 0, /**< Uncertainty trained by evidence. */
  CASD_RECIPE_PAPER = 1,      /**< As published in arXiv 2506.01490. */
  CASD_RECIPE_GROUNDED = 2    /**< `evidential`, with a linear path, trust and input guard that are
                                   fitted on held-out samples; the default. @since 0.2 */
};

/** @brief A named network size. @since 0.1 */
typedef int32_t casd_preset;

/** @brief The values of ::casd_preset. @since 0.1 */
enum {
  CASD_PRESET_DEFAULT = 0,  /**< 2 layers, 4 heads, feed-forward 2 * hidden. */
  CASD_PRESET_REFERENCE = 1 /**< 4 layers, 10 heads, feed-forward 4 * hidden. */
};

/**
 * @brief How the frames of a sequence are reduced to one vector.
 *
 * Which is better depends on the data: the last frame suits sequences that end with what matters
 * (attention reaches all frames from there), the mean suits repeated movements. With `auto`,
 * casd_trainer_fit() and casd_trainer_epoch() train the teacher with each on the same samples, and
 * keep the one whose predictions of held-out complete samples have the lower cross-entropy, each at
 * its best temperature, cross-fitted if they are few (regression: mean squared error). The trained
 * model has that pooling. Everything else is as if it had been chosen from the start, to the bit. The
 * teacher's phase takes twice as long.
 * @since 0.1
 */
typedef int32_t casd_pooling;

/** @brief The values of ::casd_pooling. @since 0.1 */
enum {
  CASD_POOLING_LAST = 0, /**< The last frame. */
  CASD_POOLING_MEAN = 1, /**< The mean of all frames. */
  CASD_POOLING_AUTO = 2  /**< Chosen by the training; the last frame without held-out labels, without
                              a teacher's phase, and with casd_train_step(). @since 0.2 */
};

/** @brief How missing modalities are handled. @since 0.1 */
typedef int32_t casd_absent_policy;

/** @brief The values of ::casd_absent_policy. @since 0.1 */
enum {
  CASD_ABSENT_EXCLUDED = 0, /**< It does not participate; its encoder does not run. */
  CASD_ABSENT_ZEROS = 1     /**< It participates as a sequence of zero vectors. */
};

/** @brief How modalities are weighted in the fusion; weights are normalised to sum 1. @since 0.1 */
typedef int32_t casd_fusion_weighting;

/** @brief The values of ::casd_fusion_weighting. @since 0.1 */
enum {
  CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM = 0, /**< By nu - 2. */
  CASD_WEIGHTS_DEGREES_OF_FREEDOM = 1,        /**< By nu. */
  CASD_WEIGHTS_PRECISION = 2,                 /**< By 1 / variance. */
  CASD_WEIGHTS_EQUAL = 3                      /**< Equal weights. */
};

/** @brief How the variance of the fused law is computed. @since 0.1 */
typedef int32_t casd_fused_variance;

/** @brief The values of ::casd_fused_variance; C the weights, V the variances. @since 0.1 */
enum {
  CASD_FUSED_VARIANCE_WEIGHTED = 0, /**< Sum of C^2 V: independent estimates, weighted sum. */
  CASD_FUSED_VARIANCE_MEAN = 1      /**< Mean of V. */
};

/**
 * @brief Sizes and rules of a network; the ranges are checked by casd_model_create().
 *
 * Fill it with casd_model_options_init() first. Fields are only ever appended.
 * @since 0.1
 */
typedef struct casd_model_options {
  uint32_t struct_size;               /**< sizeof of the caller's struct. */
  int32_t hidden;                     /**< Width d of all layers; 40; 1 to 4096. */
  int32_t layers;                     /**< Transformer layers per modality; 2; 1 to 64. */
  int32_t heads;                      /**< Attention heads; 4; must divide hidden. */
  int32_t feed_forward;               /**< Inner width; 0: factor * hidden; at most 65536. */
  int32_t feed_forward_factor;        /**< That factor; 2; 1 to 16. @since 0.2 */
  casd_pooling pooling;               /**< ::CASD_POOLING_AUTO. */
  casd_absent_policy absent;          /**< ::CASD_ABSENT_EXCLUDED. */
  casd_fusion_weighting weights;      /**< ::CASD_WEIGHTS_EXCESS_DEGREES_OF_FREEDOM. */
  casd_fused_variance fused_variance; /**< ::CASD_FUSED_VARIANCE_WEIGHTED. */
  int32_t max_steps;                  /**< Most frames of a sample; 512; 1 to 65536. */
  uint32_t reserved;                  /**< 0. @since 0.2 */
  double input_clip;                  /**< Standardised features are clipped to it; 5; 0: off. */
  double delta_min;                   /**< Least delta; 0.01; above 0. */
  double delta_max;                   /**< Most delta; 20; above delta_min. */
  double alpha_min;                   /**< Least alpha; 1.25; above 1. */
  double alpha_max;                   /**< Most alpha; 20; above alpha_min. */
  double beta_min;                    /**< Least beta; 0.2; above 0. */
  uint64_t seed;                      /**< Of the initial weights; 0. */
  int32_t linear;                     /**< 1: each modality has a linear map of its pooled frames,
                                           fitted after training; 1; 0 or 1. @since 0.2 */
  int32_t input_guard;                /**< 1: input unlike the training data raises the variance of
                                           its modality; 1; 0 or 1. @since 0.2 */
} casd_model_options;

/**
 * @brief Fills in the defaults (recipe `grounded`, preset `default`).
 * @param[out] options  The struct.
 * @param      size     `sizeof *options` as the caller sees it.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or smaller than the first release's.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_options_init(casd_model_options *options, size_t size);

/**
 * @brief Sets the fields in which a recipe differs: pooling, absent, weights, fused_variance,
 *        alpha_min, linear, input_guard.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT for NULL or an unknown recipe.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_options_use_recipe(casd_model_options *options,
                                                             casd_recipe recipe);

/**
 * @brief Sets the fields in which a preset differs: layers, heads, feed_forward,
 *        feed_forward_factor.
 *
 * The inner width follows `hidden`, whether that is set before or after this call.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT for NULL or an unknown preset.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_options_use_preset(casd_model_options *options,
                                                             casd_preset preset);

/**
 * @brief Sets one field by name from text, for example from a command line or a settings file.
 *
 * Enumerations by their lower-case name (`absent`, `zeros`).
 * @param options  The struct.
 * @param name     The field's name, e.g. "hidden".
 * @param value    e.g. "64" or "zeros".
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if no field has that name; ::CASD_ERROR_INVALID_ARGUMENT
 *         if NULL, not a number, out of range or an unknown enumeration name; the message lists the
 *         allowed values.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_options_set(casd_model_options *options, const char *name,
                                                      const char *value);

/** @brief The number of fields that casd_model_options_set() can set. @since 0.2 */
CASD_API int32_t CASD_CALL casd_model_options_count(void);

/** @brief The name of field `index`: static text; NULL if there is none. @since 0.2 */
CASD_API const char *CASD_CALL casd_model_options_name(int32_t index);

/**
 * @brief One field as text, in the form of casd_model_options_set().
 * @param[out] buffer    Receives UTF-8 text and a terminating zero. NULL with capacity 0 queries
 *                       `needed`.
 * @param      capacity  Bytes in `buffer`.
 * @param[out] needed    Receives the required bytes with the terminating zero; may be NULL.
 * @param      options   The struct.
 * @param      name      The field's name.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if no field has that name; ::CASD_ERROR_INVALID_ARGUMENT
 *         if NULL; ::CASD_ERROR_BUFFER_TOO_SMALL (`needed` is set).
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_model_options_text(char *buffer, size_t capacity,
                                                       size_t *needed,
                                                       const casd_model_options *options,
                                                       const char *name);

/**
 * @brief Creates a model with random weights.
 *
 * Weights: U(-1/sqrt(n), 1/sqrt(n)) with n inputs per output; norms 1 and 0. The normaliser does not
 * change its input until casd_trainer_prepare() fits it. The same seed gives the same weights.
 * @param[out] model    Receives it.
 * @param      schema   At least one modality and one output (classes: two); copied.
 * @param      options  NULL: the defaults.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, the schema is not complete, or an
 *         option is out of range; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_create(casd_model **model, const casd_schema *schema,
                                                 const casd_model_options *options);

/**
 * @brief Loads a model file.
 *
 * The file is treated as untrusted input. Malformed files are rejected with ::CASD_ERROR_FORMAT.
 * @param[out] model  Receives it.
 * @param      path   UTF-8.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL; ::CASD_ERROR_IO if it cannot be read;
 *         ::CASD_ERROR_FORMAT if it is truncated, damaged or no model;
 *         ::CASD_ERROR_VERSION if it needs a newer library.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_load(casd_model **model, const char *path);

/**
 * @brief Loads a model from memory (a game's asset, a database field).
 *
 * The bytes are copied. Errors as casd_model_load(), without ::CASD_ERROR_IO.
 * @param[out] model  Receives it.
 * @param      data   The bytes of a model file.
 * @param      size   How many.
 * @return A status.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_load_memory(casd_model **model, const void *data,
                                                      size_t size);

/**
 * @brief Saves a model, replacing the file atomically: the path always has the old or the new file.
 *
 * A loaded model saves to the same bytes.
 * @param model  The model.
 * @param path   UTF-8.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL; ::CASD_ERROR_IO.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_save(const casd_model *model, const char *path);

/**
 * @brief Writes the bytes that casd_model_save() would write into memory.
 * @param[out] buffer    Receives them; NULL with capacity 0 queries `needed`.
 * @param      capacity  Bytes in `buffer`.
 * @param[out] needed    Receives the required bytes; may be NULL.
 * @param      model     The model.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL; ::CASD_ERROR_BUFFER_TOO_SMALL (`needed`
 *         is set); ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1, in this order 0.2
 */
CASD_API casd_status CASD_CALL casd_model_save_memory(void *buffer, size_t capacity, size_t *needed,
                                                      const casd_model *model);

/** @brief Releases a model. Objects created from it remain valid. NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_model_destroy(casd_model *model);

/**
 * @brief A copy of the model's schema; destroy it with casd_schema_destroy().
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_schema(casd_schema **schema, const casd_model *model);

/**
 * @brief The model's sizes and rules; `seed` is 0, as it is not kept.
 * @param[out] options  Receives them; initialise it with casd_model_options_init() first.
 * @param      model    The model.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL or not initialised.
 * @since 0.2
 */
CASD_API casd_status CASD_CALL casd_model_get_options(casd_model_options *options,
                                                      const casd_model *model);

/** @brief The number of learned parameters (normaliser not counted); -1 for NULL. @since 0.1 */
CASD_API int64_t CASD_CALL casd_model_parameter_count(const casd_model *model);

/**
 * @brief Everything about the model but its weights, as a JSON object.
 *
 * Keys: `schema`, `options`, `calibration` (when there is one), `user`, `parameters`, `trained`
 * (whether a normaliser was fitted).
 * @return UTF-8 text that belongs to the model; NULL for NULL.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_model_info(const casd_model *model);

/**
 * @brief The temperature that divides the logits if exactly these modalities participate.
 * @param[out] temperature  Receives it; 1 where none was fitted.
 * @param      model        The model.
 * @param      mask         ::CASD_ALL_MODALITIES or some of the schema's bits, not 0.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, 0 or beyond the schema.
 * @since 0.1, in this order 0.2
 */
CASD_API casd_status CASD_CALL casd_model_temperature(double *temperature, const casd_model *model,
                                                      casd_modality_mask mask);

/**
 * @brief A value that a user stored with the weights (for example the feature extractor).
 * @param model  The model.
 * @param key    Begins with "user.".
 * @return UTF-8 text that belongs to the model; NULL if there is none.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_model_user_value(const casd_model *model, const char *key);

/** @brief The number of user values; -1 for NULL. @since 0.2 */
CASD_API int32_t CASD_CALL casd_model_user_count(const casd_model *model);

/** @brief The key of user value `index`, which belongs to the model; NULL if none. @since 0.2 */
CASD_API const char *CASD_CALL casd_model_user_key(const casd_model *model, int32_t index);

/**
 * @brief Creates a model that differs by one user value and shares the weights.
 * @param[out] result  Receives it.
 * @param      model   The model.
 * @param      key     Begins with "user.", at most 256 bytes.
 * @param      value   UTF-8, at most 65536 bytes; NULL removes the key.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL, another prefix, too long or not UTF-8.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_model_with_user_value(casd_model **result,
                                                          const casd_model *model, const char *key,
                                                          const char *value);

#ifdef __cplusplus
}
#endif

#endif
