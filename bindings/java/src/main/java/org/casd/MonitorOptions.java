package org.casd;

/**
 * Options of a {@link Monitor}.
 *
 * <p>Belongs to one thread at a time.
 */
public final class MonitorOptions extends OptionStruct<MonitorOptions> {
  /** Creates the defaults. */
  public MonitorOptions() {
    super(
        CasdJNI::new_casd_monitor_options,
        CasdJNI::casd_monitor_options_init,
        CasdJNI::delete_casd_monitor_options);
  }

  /**
   * Without a change an alarm comes within n samples with a probability of at most n divided by
   * this; 1e6; 1 to 1e15.
   *
   * @return the value
   */
  public double samplesPerFalseAlarm() {
    return getDouble(CasdJNI::casd_monitor_options_samples_per_false_alarm_get);
  }

  /**
   * Sets samplesPerFalseAlarm: without a change an alarm comes within n samples with a
   * probability of at most n divided by this; 1e6; 1 to 1e15.
   *
   * @param samplesPerFalseAlarm the value; its range is checked where the options are used
   * @return this
   */
  public MonitorOptions samplesPerFalseAlarm(double samplesPerFalseAlarm) {
    return setDouble(CasdJNI::casd_monitor_options_samples_per_false_alarm_set, samplesPerFalseAlarm);
  }

  /**
   * First samples, which are not tested: they join the held-out ones; 0.
   *
   * @return the value
   */
  public long warmUp() {
    return getLong(CasdJNI::casd_monitor_options_warm_up_get);
  }

  /**
   * Sets warmUp: first samples, which are not tested: they join the held-out ones; 0.
   *
   * @param warmUp the value; its range is checked where the options are used
   * @return this
   */
  public MonitorOptions warmUp(long warmUp) {
    return setLong(CasdJNI::casd_monitor_options_warm_up_set, warmUp);
  }
}
