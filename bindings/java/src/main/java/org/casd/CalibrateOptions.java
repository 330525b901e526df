package org.casd;

/**
 * Options of {@link Model#calibrate(Dataset, String, CalibrateOptions,
 * CalibrationListener)}.
 *
 * <p>Belongs to one thread at a time.
 */
public final class CalibrateOptions extends OptionStruct<CalibrateOptions> {
  /** Creates the defaults. */
  public CalibrateOptions() {
    super(
        CasdJNI::new_casd_calibrate_options,
        CasdJNI::casd_calibrate_options_init,
        CasdJNI::delete_casd_calibrate_options);
  }

  /**
   * Whether linear maps and input guard are also fitted again, on split train; false.
   *
   * @return the value
   */
  public boolean fitMaps() {
    return getInt(CasdJNI::casd_calibrate_options_fit_maps_get) != 0;
  }

  /**
   * Sets fitMaps: whether linear maps and input guard are also fitted again, on split train. Maps that
   * were never fitted are fitted in both cases if there is a split train.
   *
   * @param fitMaps the value
   * @return this
   */
  public CalibrateOptions fitMaps(boolean fitMaps) {
    return setInt(CasdJNI::casd_calibrate_options_fit_maps_set, fitMaps ? 1 : 0);
  }

  /**
   * Whether the maps weigh classes by N / (K N_k); true.
   *
   * @return the value
   */
  public boolean balanceClasses() {
    return getInt(CasdJNI::casd_calibrate_options_balance_classes_get) != 0;
  }

  /**
   * Sets balanceClasses: whether the maps weigh classes by N / (K N_k), or equally.
   *
   * @param balanceClasses the value
   * @return this
   */
  public CalibrateOptions balanceClasses(boolean balanceClasses) {
    return setInt(CasdJNI::casd_calibrate_options_balance_classes_set, balanceClasses ? 1 : 0);
  }

  /**
   * Threads on the CPU; 1.
   *
   * @return the value
   */
  public int threads() {
    return getInt(CasdJNI::casd_calibrate_options_threads_get);
  }

  /**
   * Sets threads: 1 to 256; does not change the result.
   *
   * @param threads the value; its range is checked where the options are used
   * @return this
   */
  public CalibrateOptions threads(int threads) {
    return setInt(CasdJNI::casd_calibrate_options_threads_set, threads);
  }
}
