package org.casd;

/**
 * What {@link Dataset#synthetic(SyntheticOptions)} makes.
 *
 * <p>Three modalities {@code language}, {@code audio} and {@code visual} see one hidden state
 * through
 * noise whose strength is drawn for each sample and modality and can be read back.
 *
 * <p>Belongs to one thread at a time.
 */
public final class SyntheticOptions extends OptionStruct<SyntheticOptions> {
  /** Creates the defaults. */
  public SyntheticOptions() {
    super(
        CasdJNI::new_casd_synthetic_options,
        CasdJNI::casd_synthetic_options_init,
        CasdJNI::delete_casd_synthetic_options);
  }

  /**
   * The task; CLASSES (negative, positive).
   *
   * @return the value
   */
  public Task task() {
    return Task.of(getInt(CasdJNI::casd_synthetic_options_task_get));
  }

  /**
   * Sets task: the task; CLASSES (negative, positive).
   *
   * @param task the value; its range is checked where the options are used
   * @return this
   */
  public SyntheticOptions task(Task task) {
    return setInt(CasdJNI::casd_synthetic_options_task_set, task.value);
  }

  /**
   * Samples of split train; 600; 1 to 1000000.
   *
   * @return the value
   */
  public int trainSamples() {
    return getInt(CasdJNI::casd_synthetic_options_train_samples_get);
  }

  /**
   * Sets trainSamples: samples of split train; 600; 1 to 1000000.
   *
   * @param trainSamples the value; its range is checked where the options are used
   * @return this
   */
  public SyntheticOptions trainSamples(int trainSamples) {
    return setInt(CasdJNI::casd_synthetic_options_train_samples_set, trainSamples);
  }

  /**
   * Samples of split valid; 200; 0 to 1000000.
   *
   * @return the value
   */
  public int validSamples() {
    return getInt(CasdJNI::casd_synthetic_options_valid_samples_get);
  }

  /**
   * Sets validSamples: samples of split valid; 200; 0 to 1000000.
   *
   * @param validSamples the value; its range is checked where the options are used
   * @return this
   */
  public SyntheticOptions validSamples(int validSamples) {
    return setInt(CasdJNI::casd_synthetic_options_valid_samples_set, validSamples);
  }

  /**
   * Samples of split test; 200; 0 to 1000000.
   *
   * @return the value
   */
  public int testSamples() {
    return getInt(CasdJNI::casd_synthetic_options_test_samples_get);
  }

  /**
   * Sets testSamples: samples of split test; 200; 0 to 1000000.
   *
   * @param testSamples the value; its range is checked where the options are used
   * @return this
   */
  public SyntheticOptions testSamples(int testSamples) {
    return setInt(CasdJNI::casd_synthetic_options_test_samples_set, testSamples);
  }

  /**
   * Frames: each sample and modality has 1 to this number; 12; 1 to 4096.
   *
   * @return the value
   */
  public int maxSteps() {
    return getInt(CasdJNI::casd_synthetic_options_max_steps_get);
  }

  /**
   * Sets maxSteps: frames: each sample and modality has 1 to this number; 12; 1 to 4096.
   *
   * @param maxSteps the value; its range is checked where the options are used
   * @return this
   */
  public SyntheticOptions maxSteps(int maxSteps) {
    return setInt(CasdJNI::casd_synthetic_options_max_steps_set, maxSteps);
  }

  /**
   * Chance that a modality is missing; 0; below 1. One always stays.
   *
   * @return the value
   */
  public double missingRate() {
    return getDouble(CasdJNI::casd_synthetic_options_missing_rate_get);
  }

  /**
   * Sets missingRate: chance that a modality is missing; 0; below 1. One always stays.
   *
   * @param missingRate the value; its range is checked where the options are used
   * @return this
   */
  public SyntheticOptions missingRate(double missingRate) {
    return setDouble(CasdJNI::casd_synthetic_options_missing_rate_set, missingRate);
  }

  /**
   * Seed, 64 bits without sign; 0.
   *
   * @return the value
   */
  public long seed() {
    return getLong(CasdJNI::casd_synthetic_options_seed_get);
  }

  /**
   * Sets seed: seed, 64 bits without sign; 0.
   *
   * @param seed the value; its range is checked where the options are used
   * @return this
   */
  public SyntheticOptions seed(long seed) {
    return setLong(CasdJNI::casd_synthetic_options_seed_set, seed);
  }
}
