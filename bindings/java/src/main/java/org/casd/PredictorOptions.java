package org.casd;

/**
 * Where and how a model runs.
 *
 * <p>Belongs to one thread at a time.
 */
public final class PredictorOptions extends OptionStruct<PredictorOptions> {
  /** Creates the defaults. */
  public PredictorOptions() {
    super(
        CasdJNI::new_casd_predictor_options,
        CasdJNI::casd_predictor_options_init,
        CasdJNI::delete_casd_predictor_options);
  }

  /**
   * Device of the computation; CPU.
   *
   * @return the value
   */
  public Device device() {
    return Device.of(getInt(CasdJNI::casd_predictor_options_device_get));
  }

  /**
   * Sets device: device of the computation; CPU.
   *
   * @param device the value; its range is checked where the options are used
   * @return this
   */
  public PredictorOptions device(Device device) {
    return setInt(CasdJNI::casd_predictor_options_device_set, device.value);
  }

  /**
   * Which GPU; 0.
   *
   * @return the value
   */
  public int deviceIndex() {
    return getInt(CasdJNI::casd_predictor_options_device_index_get);
  }

  /**
   * Sets deviceIndex: which GPU; 0.
   *
   * @param deviceIndex the value; its range is checked where the options are used
   * @return this
   */
  public PredictorOptions deviceIndex(int deviceIndex) {
    return setInt(CasdJNI::casd_predictor_options_device_index_set, deviceIndex);
  }

  /**
   * Engine that computes; AUTO.
   *
   * @return the value
   */
  public EngineChoice engine() {
    return EngineChoice.of(getInt(CasdJNI::casd_predictor_options_engine_get));
  }

  /**
   * Sets engine: engine that computes; AUTO.
   *
   * @param engine the value
   * @return this
   */
  public PredictorOptions engine(EngineChoice engine) {
    return setInt(CasdJNI::casd_predictor_options_engine_set, engine.value);
  }

  /**
   * Threads that share the work of one call on the CPU; 1; 1 to 256. Does not change the result.
   *
   * @return the value
   */
  public int threads() {
    return getInt(CasdJNI::casd_predictor_options_threads_get);
  }

  /**
   * Sets threads: threads that share the work of one call on the CPU; 1; 1 to 256. Does not change
   * the result.
   *
   * @param threads the value; its range is checked where the options are used
   * @return this
   */
  public PredictorOptions threads(int threads) {
    return setInt(CasdJNI::casd_predictor_options_threads_set, threads);
  }

  /**
   * What is done with a sample that is left without a modality; ERROR.
   *
   * @return the value
   */
  public OnEmpty onEmpty() {
    return OnEmpty.of(getInt(CasdJNI::casd_predictor_options_on_empty_get));
  }

  /**
   * Sets onEmpty: what is done with a sample that is left without a modality; ERROR.
   *
   * @param onEmpty the value; its range is checked where the options are used
   * @return this
   */
  public PredictorOptions onEmpty(OnEmpty onEmpty) {
    return setInt(CasdJNI::casd_predictor_options_on_empty_set, onEmpty.value);
  }

  /**
   * Probability that prediction sets and intervals contain the truth; 0.9; above 0, below 1.
   *
   * @return the value
   */
  public double coverage() {
    return getDouble(CasdJNI::casd_predictor_options_coverage_get);
  }

  /**
   * Sets coverage: probability that prediction sets and intervals contain the truth; 0.9; above 0,
   * below 1.
   *
   * @param coverage the value; its range is checked where the options are used
   * @return this
   */
  public PredictorOptions coverage(double coverage) {
    return setDouble(CasdJNI::casd_predictor_options_coverage_set, coverage);
  }

  /**
   * Above 0: {@link Field#ABSTAIN} is 1 where a decision should be left to others, so that at most
   * this share of the other ones is wrong. Needs a calibrated model; not for a regression; 0: off.
   *
   * @return the value
   */
  public double errorRate() {
    return getDouble(CasdJNI::casd_predictor_options_error_rate_get);
  }

  /**
   * Sets errorRate: above 0 the field {@link Field#ABSTAIN} marks decisions that should be left to
   * others; 0: off.
   *
   * @param errorRate the value; its range is checked where the options are used
   * @return this
   */
  public PredictorOptions errorRate(double errorRate) {
    return setDouble(CasdJNI::casd_predictor_options_error_rate_set, errorRate);
  }
}
