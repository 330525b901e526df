package org.casd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is committed fits together: generated code, Javadoc, native-image metadata, the guide. */
class ProjectTest {
  @TempDir Path folder;

  private static boolean onPath(String program) {
    return Stream.of(System.getenv("PATH").split(":"))
        .anyMatch(f -> Files.isExecutable(Paths.get(f, program)));
  }

  @Test
  void generatedCodeIsThatOfTheHeaders() throws Exception {
    if (!onPath("swig")) {
      System.out.println("not there: swig");
    }
    assumeTrue(onPath("swig"), "not there: swig");
    Support.run(
        Support.source(), Arrays.asList("bindings/swig/generate", "java", folder.toString()));
    List<Path> generated;
    try (Stream<Path> all = Files.walk(folder)) {
      generated = all.filter(Files::isRegularFile).collect(Collectors.toList());
    }
    assertEquals(3, generated.size(), generated.toString());
    for (Path file : generated) {
      Path committed = Support.source().resolve(folder.relativize(file));
      assertArrayEquals(
          Files.readAllLines(file).toArray(),
          Files.readAllLines(committed).toArray(),
          committed + " is not what bindings/swig/generate java writes");
    }
  }

  @Test
  void javadocIsCompleteAndCorrect() throws Exception {
    ToolProvider javadoc = ToolProvider.findFirst("javadoc").orElse(null);
    if (javadoc == null) {
      System.out.println("not there: javadoc");
    }
    assumeTrue(javadoc != null, "not there: javadoc");
    StringWriter log = new StringWriter();
    PrintWriter out = new PrintWriter(log);
    int status =
        javadoc.run(
            out,
            out,
            "-quiet",
            "-Xdoclint:all",
            "-Werror",
            "--release",
            "11",
            "-d",
            folder.toString(),
            "-sourcepath",
            Support.source().resolve("bindings/java/src/main/java").toString(),
            "org.casd");
    assertEquals(0, status, log::toString);
  }

  /** Classes and methods that native code finds by name are registered for GraalVM. */
  @Test
  void nativeImageMetadataNamesWhatNativeCodeFinds() throws Exception {
    String jni = resource("jni-config.json");
    Set<String> registered = new TreeSet<>();
    Matcher m = Pattern.compile("\"name\": *\"(org\\.casd\\.[A-Za-z]+)\"").matcher(jni);
    while (m.find()) {
      registered.add(m.group(1));
    }
    Set<String> used = new TreeSet<>();
    Path sources = Support.source().resolve("bindings/java/native");
    for (String file : new String[] {"jni_support.cpp", "jni_calls.cpp", "casd_wrap.cpp"}) {
      String text = new String(Files.readAllBytes(sources.resolve(file)), StandardCharsets.UTF_8);
      m = Pattern.compile("\"org/casd/([A-Za-z]+)\"").matcher(text);
      while (m.find()) {
        used.add("org.casd." + m.group(1));
      }
    }
    assertEquals(used, registered);
    assertTrue(jni.contains("java.lang.OutOfMemoryError"));
    m = Pattern.compile("\"name\": *\"onProgress\"").matcher(jni);
    assertTrue(m.find() && m.find());
    // The resource pattern matches the library in the jar.
    m = Pattern.compile("\"pattern\": *\"([^\"]+)\"").matcher(resource("resource-config.json"));
    assertTrue(m.find());
    String library =
        "org/casd/natives/" + NativeLibrary.platform() + "/" + System.mapLibraryName("casd_jni");
    assertTrue(library.matches(m.group(1).replace("\\\\", "\\")), m.group(1));
    assertNotNull(Casd.class.getResource("/" + library));
  }

  private static String resource(String name) throws Exception {
    String path = "/META-INF/native-image/org.casd/casd/" + name;
    try (InputStream in = Casd.class.getResourceAsStream(path)) {
      assertNotNull(in, path);
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** docs/java.md: each block of Java is the body of a program that compiles and runs. */
  @Test
  void theGuidesCodeRuns() throws Exception {
    String text =
        new String(
            Files.readAllBytes(Support.source().resolve("docs/java.md")), StandardCharsets.UTF_8);
    Matcher m = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(text);
    List<String> blocks = new ArrayList<>();
    while (m.find()) {
      blocks.add(m.group(1));
    }
    assertTrue(blocks.size() >= 4, "only " + blocks.size() + " blocks of Java");
    List<Path> sources = new ArrayList<>();
    for (int i = 0; i < blocks.size(); ++i) {
      String code =
          "import java.nio.file.*;\nimport java.util.*;\nimport java.util.concurrent.*;\n"
              + "import org.casd.*;\n\npublic class Guide" + i
              + " {\n  public static void main(String[] arguments) throws Exception {\n"
              + blocks.get(i) + "  }\n}\n";
      Path source = folder.resolve("Guide" + i + ".java");
      Files.write(source, code.getBytes(StandardCharsets.UTF_8));
      sources.add(source);
    }
    StringWriter log = new StringWriter();
    List<String> arguments =
        new ArrayList<>(
            Arrays.asList(
                "-Xlint:all", "-Werror", "--release", "11", "-d", folder.toString(), "-cp",
                classes()));
    sources.forEach(s -> arguments.add(s.toString()));
    int status =
        ToolProvider.findFirst("javac")
            .get()
            .run(
                new PrintWriter(log), new PrintWriter(log), arguments.toArray(new String[0]));
    assertEquals(0, status, log::toString);
    for (int i = 0; i < blocks.size(); ++i) { // in order: later ones use the files of earlier ones
      List<String> command = Support.java("Guide" + i);
      int at = command.indexOf("-cp") + 1;
      command.set(at, folder + ":" + command.get(at));
      List<String> lines = Support.run(folder, command);
      assertTrue(String.join("", lines).length() > 0, "block " + i + " prints nothing");
    }
  }

  private static String classes() throws Exception {
    return Paths.get(Casd.class.getProtectionDomain().getCodeSource().getLocation().toURI())
        .toString();
  }
}
