package org.casd;

/** A named set of defaults for model and training. */
public enum Recipe {
  /** Uncertainty trained by evidence. */
  EVIDENTIAL(CasdNativeConstants.CASD_RECIPE_EVIDENTIAL),
  /** As published in arXiv 2506.01490. */
  PAPER(CasdNativeConstants.CASD_RECIPE_PAPER),
  /** EVIDENTIAL, corrected by held-out samples after the training; the default. */
  GROUNDED(CasdNativeConstants.CASD_RECIPE_GROUNDED);

  private static final Recipe[] ALL = values();

  final int value;

  Recipe(int value) {
    this.value = value;
  }

  static Recipe of(int value) {
    for (Recipe item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown Recipe " + value);
  }
}
