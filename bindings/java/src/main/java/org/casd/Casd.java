package org.casd;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What concerns the native library as a whole. All methods may be called on any thread. */
public final class Casd {
  private Casd() {}

  /**
   * Loads the native library, which otherwise the first use does.
   *
   * @return the file that was loaded
   * @throws UnsatisfiedLinkError if it cannot be loaded or is of another version; the message names
   *     the file, the reason and the remedy
   */
  public static Path load() {
    NativeLibrary.load();
    return NativeLibrary.origin();
  }

  /**
   * The version of the native library.
   *
   * @return for example {@code 0.2.0}
   */
  public static String version() {
    NativeLibrary.load();
    return CasdJNI.casd_version_string();
  }

  /**
   * The version of the native library's binary interface.
   *
   * @return the number in the name of the C library ({@code libcasd.so.2})
   */
  public static int abiVersion() {
    NativeLibrary.load();
    return (int) CasdJNI.casd_abi_version();
  }

  /**
   * How the native library was built.
   *
   * @return a JSON object with {@code version}, {@code abi}, {@code compiler}, {@code build_type},
   *     {@code system} and {@code engine}
   */
  public static String buildInfo() {
    NativeLibrary.load();
    return CasdJNI.casd_build_info();
  }

  /**
   * Names the folder in which plug-ins ({@code libcasd_torch}, {@code libcasd_hdf5}) are looked for
   * first.
   *
   * <p>After it come the folders of the environment variable {@code CASD_PLUGIN_PATH}, then the one
   * from which the native library was loaded. The system property {@code casd.plugin.path} sets it
   * when the library is loaded. A plug-in is loaded by the first call that needs it and stays
   * loaded.
   *
   * @param folder the folder; null: none
   */
  public static void setPluginPath(Path folder) {
    NativeLibrary.load();
    CasdJNI.casd_set_plugin_path(folder == null ? null : folder.toString());
  }

  /**
   * Describes what can run the computation. Plug-ins are loaded to tell whether they work.
   *
   * @return the built-in engine, the plug-in on the CPU, the plug-in on CUDA
   */
  public static List<EngineInfo> engines() {
    NativeLibrary.load();
    List<EngineInfo> out = new ArrayList<>();
    try {
      while (true) {
        int index = out.size();
        out.add(EngineInfo.read(struct -> CasdJNI.casd_engine_get_info(struct, index)));
      }
    } catch (CasdException e) {
      if (e.status() != Status.NOT_FOUND) {
        throw e;
      }
      return out;
    }
  }

  /**
   * How many native objects exist, for leak checks in tests.
   *
   * @return the number of models, batches, predictions, ... that were not released yet
   */
  public static long liveObjects() {
    NativeLibrary.load();
    return CasdJNI.casd_live_objects();
  }

  /**
   * How many bytes the native objects hold in large buffers.
   *
   * @return the number of bytes
   */
  public static long liveBytes() {
    NativeLibrary.load();
    return CasdJNI.casd_live_bytes();
  }

  /**
   * Sets the least severe level of messages that go to the standard error stream, or to {@link
   * #pollLog()} once that was called. Before, it is WARNING.
   *
   * @param level the level; OFF: no message
   */
  public static void setLogLevel(LogLevel level) {
    NativeLibrary.load();
    CasdJNI.setLogLevel(level.value);
  }

  /**
   * Takes the oldest message out of the log's queue.
   *
   * <p>The first call starts the queue: from then on messages no longer go to the standard error
   * stream. Call it once at the start and then regularly, until it is empty. The queue holds 256
   * messages; when it is full the oldest is dropped, and a warning says how many were dropped.
   *
   * @return the message; empty if there is none
   */
  public static Optional<LogMessage> pollLog() {
    NativeLibrary.load();
    int[] level = new int[1];
    String text = CasdJNI.pollLog(level);
    return text == null
        ? Optional.empty()
        : Optional.of(new LogMessage(LogLevel.of(level[0]), text));
  }

  /** Ends the log's queue and discards its messages; they go to the standard error stream again. */
  public static void endLogQueue() {
    NativeLibrary.load();
    CasdJNI.pollLog(null);
  }
}
