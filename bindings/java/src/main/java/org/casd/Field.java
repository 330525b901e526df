package org.casd;

/**
 * A table of results: one row per sample, with the number of columns in brackets.
 *
 * <p>Columns per modality are NaN for a modality that takes no part (with the model option {@link
 * AbsentPolicy#ZEROS} every modality takes part). The fused law is a Student's t. Variances compare
 * inputs of one model: their level is the model's own. The split into aleatoric and epistemic is
 * fixed by a regulariser alone: compare it across inputs, do not read it in absolute terms.
 */
public enum Field {
  /** [outputs] calibrated; classes: sum 1; labels: each 0 to 1. Not for a regression. */
  PROBABILITIES(CasdNativeConstants.CASD_FIELD_PROBABILITIES),
  /** [outputs]; multi-label: [2 outputs], (negative, positive). */
  LOGITS(CasdNativeConstants.CASD_FIELD_LOGITS),
  /** [outputs] regression: in the targets' units. For a regression only. */
  VALUE(CasdNativeConstants.CASD_FIELD_VALUE),
  /**
   * [1] classes: largest probability; multi-label: mean of the larger of each pair; regression: NaN
   * until calibrated.
   */
  CONFIDENCE(CasdNativeConstants.CASD_FIELD_CONFIDENCE),
  /** [1] variance of the fused law. */
  UNCERTAINTY(CasdNativeConstants.CASD_FIELD_UNCERTAINTY),
  /** [1] weighted spread of the modalities' locations. */
  DISAGREEMENT(CasdNativeConstants.CASD_FIELD_DISAGREEMENT),
  /** [modalities] variance of each modality, the primary uncertainty. */
  MODALITY_VARIANCE(CasdNativeConstants.CASD_FIELD_MODALITY_VARIANCE),
  /** [modalities] aleatoric part: beta / (alpha - 1). */
  MODALITY_ALEATORIC(CasdNativeConstants.CASD_FIELD_MODALITY_ALEATORIC),
  /** [modalities] epistemic part: aleatoric / delta. */
  MODALITY_EPISTEMIC(CasdNativeConstants.CASD_FIELD_MODALITY_EPISTEMIC),
  /** [modalities] nu = 2 alpha. */
  MODALITY_DEGREES_OF_FREEDOM(CasdNativeConstants.CASD_FIELD_MODALITY_DEGREES_OF_FREEDOM),
  /** [modalities] weight in the fusion, sum 1. */
  MODALITY_WEIGHT(CasdNativeConstants.CASD_FIELD_MODALITY_WEIGHT),
  /** [hidden] location of the fused law. */
  REPRESENTATION(CasdNativeConstants.CASD_FIELD_REPRESENTATION),
  /** [hidden] scale of the fused law. */
  SCALE(CasdNativeConstants.CASD_FIELD_SCALE),
  /** [hidden] degrees of freedom of the fused law. */
  DEGREES_OF_FREEDOM(CasdNativeConstants.CASD_FIELD_DEGREES_OF_FREEDOM),
  /** [modalities] factor of the variance by the input guard; 1: input like the training data. */
  MODALITY_GUARD(CasdNativeConstants.CASD_FIELD_MODALITY_GUARD),
  /** Classes: [1]; multi-label: [outputs], of each label. Not for a regression. */
  ERROR_PROBABILITY(CasdNativeConstants.CASD_FIELD_ERROR_PROBABILITY),
  /**
   * Classes: [outputs], 1: member; multi-label: [2 outputs], (negative, positive). Contains the truth
   * with the probability {@link PredictorOptions#coverage()}; NaN for a model that is not calibrated.
   */
  PREDICTION_SET(CasdNativeConstants.CASD_FIELD_PREDICTION_SET),
  /** [outputs] regression: standard deviation of the value. */
  STANDARD_DEVIATION(CasdNativeConstants.CASD_FIELD_STANDARD_DEVIATION),
  /** [2 outputs] regression: (lower, upper), contains the truth as {@link #PREDICTION_SET}. */
  INTERVAL(CasdNativeConstants.CASD_FIELD_INTERVAL),
  /** [1] percentage of the held-out samples whose uncertainty is at most that of the row. */
  UNCERTAINTY_PERCENTILE(CasdNativeConstants.CASD_FIELD_UNCERTAINTY_PERCENTILE),
  /** Classes: [1]; multi-label: [outputs]; 1: do not use the decision. Not for a regression. */
  ABSTAIN(CasdNativeConstants.CASD_FIELD_ABSTAIN);

  private static final Field[] ALL = values();

  final int value;

  Field(int value) {
    this.value = value;
  }

  static Field of(int value) {
    for (Field item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown Field " + value);
  }
}
