/**
 * @file evaluate.h
 * @brief Evaluation: metrics of a model and its uncertainty, under every set of modalities.
 *
 * @code{.c}
 * casd_report *report = NULL;
 * double f1;
 * casd_evaluate(&report, predictor, data, "valid", NULL, NULL, NULL);
 * casd_report_value(&f1, report, "language+audio", "f1");
 * puts(casd_report_json(report));
 * casd_report_destroy(report);
 * @endcode
 *
 * A *condition* is a set of modalities, written `language+audio`. Up to six modalities, all sets are
 * evaluated; above that, each modality alone, each one left out, and all. Metrics that need a target
 * ignore samples without one. Samples without a modality of the condition are skipped. A sample whose
 * prediction is not finite is counted in the condition's `failed` and left out of its other numbers.
 */
#ifndef CASD_EVALUATE_H
#define CASD_EVALUATE_H

#include "dataset.h"
#include "predict.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief The result of an evaluation. One thread at a time. @since 0.1 */
typedef struct casd_report casd_report;

/**
 * @brief Options of an evaluation. Initialise them with casd_evaluate_options_init().
 * @since 0.2
 */
typedef struct casd_evaluate_options {
  uint32_t struct_size;    /**< sizeof of the caller's struct. */
  casd_modality_mask mask; /**< ::CASD_ALL_MODALITIES: every condition of the modalities that the
                                dataset has; else only those whose modalities are all in it. */
} casd_evaluate_options;

/** @brief Fills in the defaults; errors as casd_model_options_init(). @since 0.2 */
CASD_API casd_status CASD_CALL casd_evaluate_options_init(casd_evaluate_options *options,
                                                          size_t size);

/**
 * @brief Progress callback of casd_evaluate(), on the calling thread.
 * @param done   Samples evaluated so far, under all conditions.
 * @param total  Samples in the split.
 * @param user   The pointer passed to casd_evaluate().
 * @return 0 to continue; any other value cancels: ::CASD_ERROR_CANCELLED.
 * @since 0.2
 */
typedef int32_t(CASD_CALL *casd_evaluate_callback)(int64_t done, int64_t total, void *user);

/**
 * @brief Evaluates a model on a split under every condition.
 * @param[out] report     Receives the result.
 * @param      predictor  Predictor of the model.
 * @param      dataset    Task and outputs of the model; modalities matched by name (schema.h).
 * @param      split      Name of the split.
 * @param      options    NULL: the defaults.
 * @param      progress   NULL, or called after every few hundred samples; may cancel.
 * @param      user       Passed to the callback.
 * @return ::CASD_OK; ::CASD_ERROR_NOT_FOUND if there is no such split; ::CASD_ERROR_INVALID_ARGUMENT
 *         if NULL, the schema does not match, the mask has bits beyond the model's modalities or
 *         names modalities that the dataset lacks, or a sample has too many frames;
 *         ::CASD_ERROR_CANCELLED; ::CASD_ERROR_DEVICE; ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1, in this form 0.2
 */
CASD_API casd_status CASD_CALL casd_evaluate(casd_report **report, casd_predictor *predictor,
                                             const casd_dataset *dataset, const char *split,
                                             const casd_evaluate_options *options,
                                             casd_evaluate_callback progress, void *user);

/** @brief Destroys a report; NULL is allowed. @since 0.1 */
CASD_API void CASD_CALL casd_report_destroy(casd_report *report);

/**
 * @brief The report as a JSON object.
 *
 * `{"conditions": {"language": {...}, "language+audio": {...}, ...}, "mean_incomplete_f1",
 * "pooled_auroc_uncertainty", "pooled_auroc_confidence"}`, with `modalities`, an object like
 * `conditions`, and `remarks`, an array; undefined numbers are null. Of a modality, means on complete
 * input: `degrees_of_freedom` (nu), `weight` (C), `variance` (V). A remark is a sentence
 * (docs/method.md 12).
 * @return UTF-8 text that belongs to the report; NULL for NULL.
 * @since 0.1
 */
CASD_API const char *CASD_CALL casd_report_json(const casd_report *report);

/**
 * @brief Remark `index`: a sentence on evidence and uncertainty of the model on the split.
 * @return UTF-8 text that belongs to the report; NULL if there is none.
 * @since 0.2
 */
CASD_API const char *CASD_CALL casd_report_remark(const casd_report *report, int32_t index);

/** @brief The number of conditions, all modalities last; -1 for NULL. @since 0.1 */
CASD_API int32_t CASD_CALL casd_report_condition_count(const casd_report *report);

/** @brief The name of condition `index`, such as "language+audio"; NULL if none. @since 0.1 */
CASD_API const char *CASD_CALL casd_report_condition(const casd_report *report, int32_t index);

/**
 * @brief One number of the report.
 *
 * Of a condition: `samples` (with a finite prediction), `failed` (without one), `uncertainty` (mean
 * U_F). Classes and multi-label: `f1` (weighted by share, %), `accuracy` (%), `ece` (expected
 * calibration error, 15 bins, %), `auroc_uncertainty` and `auroc_confidence` (how well U_F, or a low
 * confidence, separates wrong from right predictions; 0.5: by chance), `aurc` (mean error rate of the
 * most confident predictions, over all shares of them), `brier`, `nll` (scoring rules), `coverage` (%
 * of the sets that contain the true class), `set_size` (mean), `accepted` (% of the decisions, by the
 * predictor's `error_rate`), `accepted_errors` (% of these that are wrong). Regression: `mae`,
 * `correlation`, `f1` (%) of the sign if there are labels below and above zero, `nll`, `coverage` (%
 * of the intervals that contain the target), `interval_width` (mean of the finite ones). Without one:
 * `mean_incomplete_f1` (regression: also `mean_incomplete_mae`), `pooled_auroc_uncertainty`,
 * `pooled_auroc_confidence`. `linear_f1`, `linear_mae`: of the linear maps alone, NaN without them.
 * @param[out] value      Receives it; NaN if undefined.
 * @param      report     The report.
 * @param      condition  Its modalities joined by `+`, in any order; NULL for numbers without one.
 * @param      name       The number's name.
 * @return ::CASD_OK; ::CASD_ERROR_INVALID_ARGUMENT if NULL; ::CASD_ERROR_NOT_FOUND if there is no such
 *         condition or number (the message lists the existing ones);
 *         ::CASD_ERROR_OUT_OF_MEMORY.
 * @since 0.1
 */
CASD_API casd_status CASD_CALL casd_report_value(double *value, const casd_report *report,
                                                 const char *condition, const char *name);

#ifdef __cplusplus
}
#endif

#endif
