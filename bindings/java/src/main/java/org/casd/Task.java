package org.casd;

/** What the outputs of a model mean. */
public enum Task {
  /** One real number per output. */
  REGRESSION(CasdNativeConstants.CASD_TASK_REGRESSION),
  /** Exactly one of the outputs (2 or more) is true. */
  CLASSES(CasdNativeConstants.CASD_TASK_CLASSES),
  /** Each output is true or false on its own. */
  MULTILABEL(CasdNativeConstants.CASD_TASK_MULTILABEL);

  private static final Task[] ALL = values();

  final int value;

  Task(int value) {
    this.value = value;
  }

  static Task of(int value) {
    for (Task item : ALL) {
      if (item.value == value) {
        return item;
      }
    }
    throw new IllegalStateException("unknown Task " + value);
  }
}
