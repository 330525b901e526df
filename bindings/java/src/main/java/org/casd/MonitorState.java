package org.casd;

/** State of a {@link Monitor}. */
public final class MonitorState {
  private final boolean alarm;
  private final long samples;
  private final long alarms;
  private final long lastAlarm;
  private final MonitorSubject alarmSubject;
  private final int alarmModality;
  private final double evidence;
  private final MonitorSubject subject;
  private final int modality;

  /** Copies the struct. */
  MonitorState(long struct) {
    alarm = CasdJNI.casd_monitor_state_alarm_get(struct) != 0;
    samples = CasdJNI.casd_monitor_state_samples_get(struct);
    alarms = CasdJNI.casd_monitor_state_alarms_get(struct);
    lastAlarm = CasdJNI.casd_monitor_state_last_alarm_get(struct);
    alarmSubject = MonitorSubject.of(CasdJNI.casd_monitor_state_alarm_subject_get(struct));
    alarmModality = CasdJNI.casd_monitor_state_alarm_modality_get(struct);
    evidence = CasdJNI.casd_monitor_state_evidence_get(struct);
    subject = MonitorSubject.of(CasdJNI.casd_monitor_state_subject_get(struct));
    modality = CasdJNI.casd_monitor_state_modality_get(struct);
  }

  /**
   * Whether the last {@link Monitor#add(Prediction)} raised an alarm.
   *
   * @return the value
   */
  public boolean alarm() {
    return alarm;
  }

  /**
   * Samples so far, without rows that have no result.
   *
   * @return the value
   */
  public long samples() {
    return samples;
  }

  /**
   * Alarms so far. After each the test begins again.
   *
   * @return the value
   */
  public long alarms() {
    return alarms;
  }

  /**
   * The number of samples at the last alarm; 0: none yet.
   *
   * @return the value
   */
  public long lastAlarm() {
    return lastAlarm;
  }

  /**
   * What raised the last alarm.
   *
   * @return the value
   */
  public MonitorSubject alarmSubject() {
    return alarmSubject;
  }

  /**
   * Its modality, for the variance of one; else -1.
   *
   * @return the value
   */
  public int alarmModality() {
    return alarmModality;
  }

  /**
   * How close the next alarm is: 0 (no sign of a change) to 1, logarithmic.
   *
   * @return the value
   */
  public double evidence() {
    return evidence;
  }

  /**
   * What is closest to an alarm.
   *
   * @return the value
   */
  public MonitorSubject subject() {
    return subject;
  }

  /**
   * Its modality, for the variance of one; else -1.
   *
   * @return the value
   */
  public int modality() {
    return modality;
  }
}
