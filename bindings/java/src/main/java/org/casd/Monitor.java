package org.casd;

/**
 * Detects that the predictions no longer resemble the held-out samples of the calibration, for which
 * prediction sets, intervals and error rates hold. One thread at a time.
 */
public final class Monitor extends NativeObject {
  private Monitor(long pointer) {
    super("Monitor", pointer, CasdJNI::casd_monitor_destroy);
  }

  /**
   * Makes a monitor with the default options. The model may be closed afterwards.
   *
   * @param model a calibrated model
   * @return the monitor
   * @throws CasdException STATE if the model is not calibrated
   */
  public static Monitor create(Model model) {
    return create(model, null);
  }

  /**
   * Makes a monitor. The model may be closed afterwards.
   *
   * @param model a calibrated model
   * @param options null: the defaults
   * @return the monitor
   * @throws CasdException STATE if the model is not calibrated; INVALID_ARGUMENT if an option is out
   *     of range
   */
  public static Monitor create(Model model, MonitorOptions options) {
    long from = model.handle.acquire();
    try {
      return OptionStruct.withOptional(
          options, struct -> new Monitor(CasdJNI.casd_monitor_create(from, struct)));
    } finally {
      model.handle.release();
    }
  }

  /**
   * Tests the rows of a prediction, in their order.
   *
   * @param prediction a prediction of the same model, always under the same mask
   * @throws CasdException STATE if the prediction is empty; INVALID_ARGUMENT if it is of another
   *     model
   */
  public void add(Prediction prediction) {
    long pointer = handle.acquireExclusive();
    try {
      long rows = prediction.handle.acquireExclusive();
      try {
        CasdJNI.casd_monitor_add(pointer, rows);
      } finally {
        prediction.handle.releaseExclusive();
      }
    } finally {
      handle.releaseExclusive();
    }
  }

  /**
   * The present state.
   *
   * @return a copy
   */
  public MonitorState state() {
    long pointer = handle.acquireExclusive();
    long struct = CasdJNI.new_casd_monitor_state();
    try {
      CasdJNI.casd_monitor_state_init(struct);
      CasdJNI.casd_monitor_get_state(struct, pointer);
      return new MonitorState(struct);
    } finally {
      CasdJNI.delete_casd_monitor_state(struct);
      handle.releaseExclusive();
    }
  }
}
