package org.casd;

/**
 * A number that describes the evidence in training: a mean over samples. The first three are of one
 * modality on complete input, the others of a set of modalities.
 */
public enum TrainQuantity {
  /** The degrees of freedom of a modality, its evidence. */
  DEGREES_OF_FREEDOM(CasdNativeConstants.CASD_TRAIN_DEGREES_OF_FREEDOM),
  /** The weight of a modality in the fusion. */
  WEIGHT(CasdNativeConstants.CASD_TRAIN_WEIGHT),
  /** The variance of a modality. */
  VARIANCE(CasdNativeConstants.CASD_TRAIN_VARIANCE),
  /** The deviation that training samples with. */
  SCALE(CasdNativeConstants.CASD_TRAIN_SCALE),
  /** The uncertainty. */
  UNCERTAINTY(CasdNativeConstants.CASD_TRAIN_UNCERTAINTY),
  /** F1 in %; regression: minus the mean absolute error. */
  SCORE(CasdNativeConstants.CASD_TRAIN_SCORE);

  final int value;

  TrainQuantity(int value) {
    this.value = value;
  }
}
