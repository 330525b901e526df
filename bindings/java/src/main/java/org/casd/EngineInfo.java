package org.casd;

/**
 * An engine that can run the computation, see {@link Casd#engines()}.
 */
public final class EngineInfo {
  private final String name;
  private final Device device;
  private final boolean available;
  private final boolean trains;
  private final boolean concurrent;
  private final String reason;

  EngineInfo(
      String name,
      Device device,
      boolean available,
      boolean trains,
      boolean concurrent,
      String reason) {
    this.name = name;
    this.device = device;
    this.available = available;
    this.trains = trains;
    this.concurrent = concurrent;
    this.reason = reason;
  }

  /** Runs a function that fills the struct, and reads it. */
  static EngineInfo read(java.util.function.LongConsumer fill) {
    long struct = CasdJNI.new_casd_engine_info();
    try {
      CasdJNI.casd_engine_info_init(struct);
      fill.accept(struct);
      return new EngineInfo(
          CasdJNI.casd_engine_info_name_get(struct),
          Device.of(CasdJNI.casd_engine_info_device_get(struct)),
          CasdJNI.casd_engine_info_available_get(struct) != 0,
          CasdJNI.casd_engine_info_trains_get(struct) != 0,
          CasdJNI.casd_engine_info_concurrent_get(struct) != 0,
          CasdJNI.casd_engine_info_reason_get(struct));
    } finally {
      CasdJNI.delete_casd_engine_info(struct);
    }
  }

  /**
   * Its name: {@code cpu} is built in, {@code torch} is the plug-in {@code libcasd_torch}.
   *
   * @return the value
   */
  public String name() {
    return name;
  }

  /**
   * Where it computes.
   *
   * @return the value
   */
  public Device device() {
    return device;
  }

  /**
   * Whether it can be used here.
   *
   * @return the value
   */
  public boolean available() {
    return available;
  }

  /**
   * Whether it trains; else it only predicts.
   *
   * @return the value
   */
  public boolean trains() {
    return trains;
  }

  /**
   * Whether calls on one predictor run concurrently.
   *
   * @return the value
   */
  public boolean concurrent() {
    return concurrent;
  }

  /**
   * Why it is not available; empty if it is.
   *
   * @return the value
   */
  public String reason() {
    return reason;
  }

  /** All values as text. */
  @Override
  public String toString() {
    return "EngineInfo[name=" + name
        + ", device=" + device
        + ", available=" + available
        + ", trains=" + trains
        + ", concurrent=" + concurrent
        + ", reason=" + reason
        + "]";
  }
}
