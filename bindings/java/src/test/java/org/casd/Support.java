package org.casd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** What several tests use. */
final class Support {
  static final int LANGUAGE = 0;
  static final int AUDIO = 1;
  static final int VISUAL = 2;

  private Support() {}

  static Path build() {
    return folder("CASD_BUILD_DIR");
  }

  static Path source() {
    return folder("CASD_SOURCE_DIR");
  }

  private static Path folder(String variable) {
    String value = System.getenv(variable);
    assertTrue(value != null, "run bindings/java/test, which sets " + variable);
    return Paths.get(value);
  }

  /** Modalities of 3, 2 and 4 features. */
  static Schema schema() {
    return Schema.builder()
        .modality("language", 3)
        .modality("audio", 2)
        .modality("visual", 4)
        .outputs("negative", "positive")
        .build();
  }

  static Model model() {
    return Model.create(schema(), new ModelOptions().hidden(8).seed(7));
  }

  /** Frames of one sample for schema(). */
  static float[][] frames(long seed, int... steps) {
    int[] features = {3, 2, 4};
    Random random = new Random(seed);
    float[][] out = new float[3][];
    for (int i = 0; i < 3; ++i) {
      out[i] = new float[steps[i] * features[i]];
      for (int j = 0; j < out[i].length; ++j) {
        out[i][j] = random.nextFloat() * 2 - 1;
      }
    }
    return out;
  }

  /** The same frames in one array. */
  static float[] packed(float[][] frames) {
    int total = Arrays.stream(frames).mapToInt(f -> f == null ? 0 : f.length).sum();
    float[] out = new float[total];
    int at = 0;
    for (float[] f : frames) {
      if (f != null) {
        System.arraycopy(f, 0, out, at, f.length);
        at += f.length;
      }
    }
    return out;
  }

  /** Runs a program and returns its lines; it must succeed. */
  static List<String> run(Path folder, List<String> command) throws Exception {
    Process process = start(folder, command);
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), () -> String.join(" ", command) + "\n" + text);
    return Arrays.asList(text.split("\n"));
  }

  static Process start(Path folder, List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectErrorStream(true)
        .start();
  }

  /** The command line of another Java process with the classes of this one. */
  static List<String> java(String... arguments) {
    List<String> out = new ArrayList<>();
    out.add(Paths.get(System.getProperty("java.home"), "bin", "java").toString());
    out.add("-Xcheck:jni");
    out.add("-cp");
    out.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    out.addAll(Arrays.asList(arguments));
    return out;
  }

  /** Collects garbage until a condition holds; fails when that takes very long. */
  static void collectUntil(java.util.function.BooleanSupplier condition) throws Exception {
    for (int i = 0; i < 600 && !condition.getAsBoolean(); ++i) {
      System.gc();
      Thread.sleep(20);
    }
    assertTrue(condition.getAsBoolean(), "objects that were dropped are still alive");
  }

  static CasdException failure(Status status, org.junit.jupiter.api.function.Executable call) {
    CasdException e =
        org.junit.jupiter.api.Assertions.assertThrows(CasdException.class, call);
    assertEquals(status, e.status(), e::getMessage);
    return e;
  }
}
