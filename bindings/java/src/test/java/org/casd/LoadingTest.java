package org.casd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finding, unpacking and loading the native library; most of it in processes of its own. */
class LoadingTest {
  private static final String FILE = System.mapLibraryName("casd_jni");

  @TempDir Path folder;

  /** Loads the library, trains if asked to, and prints the file or the error. */
  public static final class Program {
    public static void main(String[] arguments) {
      for (int i = 0; i < 2; ++i) { // the second attempt reports the same
        try {
          System.out.println("loaded " + Casd.load());
          System.out.println("objects " + Casd.liveObjects());
        } catch (UnsatisfiedLinkError e) {
          System.out.println("failed " + e.getMessage());
        }
      }
      if (arguments.length > 0) {
        try (Model model = Support.model();
            Trainer trainer = Trainer.create(model, new TrainerOptions().engine(EngineChoice.TORCH))) {
          System.out.println("trainer " + trainer.phase());
        } catch (CasdException e) {
          System.out.println("failed " + e.status() + " " + e.getMessage());
        }
      }
    }
  }

  private ProcessBuilder program(String... arguments) throws IOException {
    List<String> command = Support.java();
    command.addAll(command.size(), Arrays.asList(arguments).subList(0, options(arguments)));
    command.add(Program.class.getName());
    command.addAll(Arrays.asList(arguments).subList(options(arguments), arguments.length));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    environment.remove("CASD_PLUGIN_PATH");
    environment.remove(NativeLibrary.VARIABLE);
    environment.put("XDG_CACHE_HOME", folder.resolve("cache").toString());
    return builder;
  }

  private static int options(String[] arguments) {
    int count = 0;
    while (count < arguments.length && arguments[count].startsWith("-D")) {
      ++count;
    }
    return count;
  }

  private static String output(ProcessBuilder builder) throws Exception {
    Process process = builder.start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), text);
    return text;
  }

  private static List<Path> files(Path root) throws IOException {
    if (!Files.exists(root)) {
      return new ArrayList<>();
    }
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile).collect(Collectors.toList());
    }
  }

  @Test
  void unpacksOnceIntoTheCache() throws Exception {
    String first = output(program());
    assertTrue(first.contains("loaded " + folder.resolve("cache").resolve("casd")), first);
    List<Path> unpacked = files(folder.resolve("cache"));
    assertEquals(1, unpacked.size(), unpacked.toString());
    assertEquals(FILE, unpacked.get(0).getFileName().toString());
    assertTrue(
        unpacked.get(0).getParent().getFileName().toString().startsWith("0.2.0-"),
        unpacked.toString());
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(unpacked.get(0).getParent())));
    Object before = Files.readAttributes(unpacked.get(0), "unix:ino,lastModifiedTime");
    output(program());
    assertEquals(before, Files.readAttributes(unpacked.get(0), "unix:ino,lastModifiedTime"));
    // A damaged copy is replaced.
    Files.write(unpacked.get(0), new byte[] {1, 2, 3});
    assertTrue(output(program()).contains("loaded " + unpacked.get(0)));
    assertEquals(1, files(folder.resolve("cache")).size());
  }

  @Test
  void severalProcessesUnpackAtOnce() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 6; ++i) {
      processes.add(program().start());
    }
    for (Process process : processes) {
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, process.waitFor(), text);
      assertTrue(text.contains("objects 0"), text);
    }
    assertEquals(1, files(folder.resolve("cache")).size());
  }

  @Test
  void fallsBackToTheTemporaryFolder() throws Exception {
    Files.write(folder.resolve("cache"), new byte[1]); // a file where the folder should be
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    String text = output(program("-Djava.io.tmpdir=" + temporary));
    assertTrue(text.contains("loaded " + temporary.resolve("casd-")), text);
  }

  @Test
  void reportsEveryFolderThatFailed() throws Exception {
    Files.write(folder.resolve("cache"), new byte[1]);
    Files.write(folder.resolve("tmp"), new byte[1]);
    String text = output(program("-Djava.io.tmpdir=" + folder.resolve("tmp")));
    assertEquals(2, text.split("failed the native library cannot be unpacked", -1).length - 1, text);
    assertTrue(text.contains(folder.resolve("cache") + "/casd"), text);
    assertTrue(text.contains(folder.resolve("tmp") + "/casd-"), text);
    assertTrue(text.contains("-Dcasd.library.path"), text);
  }

  @Test
  void aFolderThatOthersCanWriteIsNotUsed() throws Exception {
    Path cache = Files.createDirectories(folder.resolve("cache").resolve("casd"));
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    String text = output(program("-Djava.io.tmpdir=" + temporary));
    assertTrue(text.contains("loaded " + temporary), text);
    assertEquals(0, files(cache).size());
  }

  @Test
  void propertyAndVariableNameAFolderOrFile() throws Exception {
    Path libraries = Support.build().resolve("lib");
    String text = output(program("-Dcasd.library.path=" + libraries));
    assertTrue(text.contains("loaded " + libraries.resolve(FILE)), text);
    text = output(program("-Dcasd.library.path=" + libraries.resolve(FILE)));
    assertTrue(text.contains("loaded " + libraries.resolve(FILE)), text);
    ProcessBuilder builder = program();
    builder.environment().put(NativeLibrary.VARIABLE, libraries.toString());
    text = output(builder);
    assertTrue(text.contains("loaded " + libraries.resolve(FILE)), text);
    assertFalse(Files.exists(folder.resolve("cache")));

    // The property comes first; a wrong one is an error and no reason to use another library.
    builder = program("-Dcasd.library.path=" + folder);
    builder.environment().put(NativeLibrary.VARIABLE, libraries.toString());
    text = output(builder);
    assertTrue(text.contains("failed " + folder.resolve(FILE) + ": no such file"), text);
    assertTrue(text.contains("system property casd.library.path must name"), text);
  }

  @Test
  void pathsMayHaveAnyCharacters() throws Exception {
    assumeTrue(
        java.nio.charset.Charset.forName(System.getProperty("sun.jnu.encoding"))
            .newEncoder()
            .canEncode('語'),
        "not there: a locale whose file names can have any character");
    Path strange = Files.createDirectory(folder.resolve("größe 語"));
    Files.copy(Support.build().resolve("lib").resolve(FILE), strange.resolve(FILE));
    String text = output(program("-Dcasd.library.path=" + strange));
    assertTrue(text.contains("objects 0"), text);
  }

  @Test
  void pluginsAreFoundBesideTheLibraryOrByProperty() throws Exception {
    Path libraries = Support.build().resolve("lib");
    String text = output(program("-Dcasd.library.path=" + libraries, "train"));
    assertTrue(text.contains("trainer TEACHER"), text);
    text = output(program("-Dcasd.plugin.path=" + libraries, "train"));
    assertTrue(text.contains("trainer TEACHER"), text);
    // Without them: the library's message with the paths that were tried.
    text = output(program("train"));
    assertTrue(text.contains("failed UNAVAILABLE"), text);
    assertTrue(text.contains("libcasd_torch.so") && text.contains(folder.toString()), text);
  }

  @Test
  void anotherLibraryIsRejected() throws Exception {
    assertRejected("int nothing(void) { return 0; }", "not the native library of CASD's Java");
    String version =
        "unsigned long Java_org_casd_CasdJNI_casd_1version(void) { return %s; }\n"
            + "long long Java_org_casd_CasdJNI_casd_1abi_1version(void) { return %s; }\n"
            + "void *Java_org_casd_CasdJNI_casd_1version_1string(void *env) {\n"
            + "  return (*(void *(***)(void *, const char *))env)[167](env, \"0.3.4\");\n"
            + "}\n"; // NewStringUTF
    assertRejected(String.format(version, "100", "1"), "its ABI version is 1, this jar needs 2");
    assertRejected(String.format(version, "304", "2"), "its version is 0.3.4, this jar needs 0.2");
    assertRejected(null, "cannot be loaded: file too short");
  }

  private void assertRejected(String code, String expected) throws Exception {
    Path library = folder.resolve(FILE);
    if (code == null) {
      Files.write(library, "no library".getBytes(StandardCharsets.UTF_8));
    } else {
      Path source = folder.resolve("foreign.c");
      Files.write(source, code.getBytes(StandardCharsets.UTF_8));
      Support.run(
          folder,
          Arrays.asList("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString()));
    }
    String text = output(program("-Dcasd.library.path=" + folder));
    assertTrue(text.contains("failed " + library + " cannot be loaded: "), text);
    assertTrue(text.contains(expected), text);
    assertTrue(text.contains("the library in the jar is used"), text);
  }

  /** Two class loaders each load the classes and a native library of their own. */
  @Test
  void twoClassLoadersInOneProcess() throws Exception {
    URL classes =
        Paths.get(Casd.class.getProtectionDomain().getCodeSource().getLocation().toURI())
            .toUri()
            .toURL();
    Object[] versions = new Object[2];
    Class<?>[] types = new Class<?>[2];
    for (int i = 0; i < 2; ++i) {
      URLClassLoader loader =
          new URLClassLoader(new URL[] {classes}, ClassLoader.getPlatformClassLoader());
      types[i] = loader.loadClass("org.casd.Casd");
      versions[i] = types[i].getMethod("version").invoke(null);
      assertEquals(0L, types[i].getMethod("liveObjects").invoke(null));
      // The plug-in works in each, too.
      Object engines = types[i].getMethod("engines").invoke(null);
      assertTrue(engines.toString().contains("name=torch, device=CPU, available=true"));
    }
    assertNotSame(types[0], types[1]);
    assertNotSame(types[0], Casd.class);
    assertEquals(Casd.version(), versions[0]);
    assertEquals(Casd.version(), versions[1]);
    Path cache = Paths.get(System.getenv("XDG_CACHE_HOME"), "casd");
    try (Stream<Path> left = Files.list(cache)) {
      assertEquals(1, left.count(), "copies are left in " + cache);
    }
  }
}
