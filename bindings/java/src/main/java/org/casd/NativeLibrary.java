package org.casd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Finds, unpacks and loads the native library.
 *
 * <p>In this order: the folder or file that the system property casd.library.path names, the one
 * that the environment variable CASD_LIBRARY_PATH names, the jar. From the jar it is unpacked into
 * the user's cache folder, or where that fails into the folder for temporary files.
 */
final class NativeLibrary {
  /** The version of the C interface that the generated class was made from. */
  static final int ABI = 2;

  static final String PROPERTY = "casd.library.path";
  static final String VARIABLE = "CASD_LIBRARY_PATH";
  static final String PLUGIN_PROPERTY = "casd.plugin.path";

  private static final String FILE = System.mapLibraryName("casd_jni");

  private static volatile boolean loaded;
  private static String failure;
  private static Path origin;

  private NativeLibrary() {}

  /** Loads the library unless that was done. A failure is reported again by each call. */
  static void load() {
    if (!loaded) {
      loadOnce();
    }
  }

  /** The file that was loaded; for messages and tests. */
  static synchronized Path origin() {
    return origin;
  }

  private static synchronized void loadOnce() {
    if (loaded) {
      return;
    }
    if (failure == null) {
      try {
        find();
        loaded = true;
        return;
      } catch (LinkageError e) {
        failure = e.getMessage();
      }
    }
    throw new UnsatisfiedLinkError(failure);
  }

  private static void find() {
    String source = "the system property " + PROPERTY;
    String place = System.getProperty(PROPERTY);
    if (place == null || place.isEmpty()) {
      source = "the environment variable " + VARIABLE;
      place = System.getenv(VARIABLE);
    }
    if (place != null && !place.isEmpty()) {
      loadNamed(place, source);
    } else {
      loadFromJar();
    }
  }

  private static void loadNamed(String place, String source) {
    Path file;
    try {
      file = Paths.get(place).toAbsolutePath();
    } catch (InvalidPathException e) {
      throw new UnsatisfiedLinkError(source + " is no path: " + e.getMessage());
    }
    if (Files.isDirectory(file)) {
      file = file.resolve(FILE);
    }
    String remedy =
        source + " must name the folder of " + FILE + ", or the file itself; without it the library"
            + " in the jar is used";
    if (!Files.exists(file)) {
      throw new UnsatisfiedLinkError(file + ": no such file; " + remedy);
    }
    try {
      open(file);
    } catch (UnsatisfiedLinkError | IOException e) {
      throw new UnsatisfiedLinkError(
          file + " cannot be loaded: " + reason(e, file) + "; " + remedy);
    }
  }

  private static void loadFromJar() {
    String resource = "natives/" + platform() + "/" + FILE;
    byte[] content;
    try (InputStream in = NativeLibrary.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new UnsatisfiedLinkError(
            "the jar has no native library for " + platform() + " (org/casd/" + resource
                + "); build " + FILE + " and name its folder with -D" + PROPERTY + " or "
                + VARIABLE);
      }
      content = in.readAllBytes();
    } catch (IOException e) {
      throw new UnsatisfiedLinkError("org/casd/" + resource + " cannot be read: " + e);
    }
    String key =
        CasdNativeConstants.CASD_VERSION_MAJOR + "." + CasdNativeConstants.CASD_VERSION_MINOR + "."
            + CasdNativeConstants.CASD_VERSION_PATCH + "-" + hash(content);
    StringBuilder attempts = new StringBuilder();
    for (Path base : bases()) {
      Path file = base.resolve(key).resolve(FILE);
      try {
        unpack(content, base, file);
        open(file);
        return;
      } catch (UnsatisfiedLinkError | IOException | SecurityException e) {
        attempts.append("\n  ").append(file).append(": ").append(reason(e, file));
      }
    }
    throw new UnsatisfiedLinkError(
        "the native library cannot be unpacked and loaded:" + attempts + "\nRemedy: take org/casd/"
            + resource + " out of the jar, put it into a folder on a file system that allows"
            + " execution, and name the folder with -D" + PROPERTY + " or " + VARIABLE);
  }

  /** Operating system and processor, as the folders of the jar are named. */
  static String platform() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String processor = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    if (system.startsWith("windows")) {
      system = "windows";
    } else if (system.startsWith("mac")) {
      system = "macos";
    }
    if (processor.equals("amd64")) {
      processor = "x86_64";
    } else if (processor.equals("arm64")) {
      processor = "aarch64";
    }
    return system + "-" + processor;
  }

  private static String hash(byte[] content) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
      StringBuilder out = new StringBuilder();
      for (int i = 0; i < 8; ++i) {
        out.append(String.format("%02x", digest[i]));
      }
      return out.toString();
    } catch (NoSuchAlgorithmException e) {
      throw new UnsatisfiedLinkError("this Java runtime has no SHA-256: " + e.getMessage());
    }
  }

  /** Folders to unpack into, best first. */
  private static List<Path> bases() {
    List<Path> out = new ArrayList<>();
    String cache = System.getenv("XDG_CACHE_HOME");
    if (platform().startsWith("windows")) {
      cache = System.getenv("LOCALAPPDATA");
    }
    try {
      if (cache != null && Paths.get(cache).isAbsolute()) {
        out.add(Paths.get(cache, "casd"));
      } else if (Paths.get(System.getProperty("user.home", "")).isAbsolute()) {
        out.add(Paths.get(System.getProperty("user.home"), ".cache", "casd"));
      }
    } catch (InvalidPathException e) {
      // The folder for temporary files remains.
    }
    String user = System.getProperty("user.name", "").replaceAll("[^A-Za-z0-9_.-]", "_");
    out.add(Paths.get(System.getProperty("java.io.tmpdir"), "casd-" + user).toAbsolutePath());
    return out;
  }

  /** Writes the file unless it is there. Several processes may do so at once. */
  private static void unpack(byte[] content, Path base, Path file) throws IOException {
    FileAttribute<?>[] mine = privateFolder(base);
    Files.createDirectories(base, mine);
    checkOwner(base);
    if (Files.isRegularFile(file) && Arrays.equals(Files.readAllBytes(file), content)) {
      return;
    }
    Files.createDirectories(file.getParent(), mine);
    Path part = Files.createTempFile(file.getParent(), "unpacking-", ".tmp");
    try {
      Files.write(part, content);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static FileAttribute<?>[] privateFolder(Path path) {
    if (!path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return new FileAttribute<?>[0];
    }
    return new FileAttribute<?>[] {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
    };
  }

  /** Rejects a folder into which another user may have put a library. */
  private static void checkOwner(Path base) throws IOException {
    if (!base.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return;
    }
    Set<PosixFilePermission> allowed = Files.getPosixFilePermissions(base);
    if (allowed.contains(PosixFilePermission.GROUP_WRITE)
        || allowed.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException("the folder " + base + " can be written by other users");
    }
    Path probe = Files.createTempFile(base, "owner-", ".tmp");
    try {
      if (!Files.getOwner(probe).equals(Files.getOwner(base))) {
        throw new IOException("the folder " + base + " belongs to another user");
      }
    } finally {
      Files.deleteIfExists(probe);
    }
  }

  /** Loads a file and checks that it is the library this class was built for. */
  private static void open(Path file) throws IOException {
    boolean copied = false;
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError e) {
      if (e.getMessage() == null || !e.getMessage().contains("another classloader")) {
        throw e;
      }
      // Java loads a file for one class loader only, so that this one gets a copy.
      loadCopy(file);
      copied = true;
    }
    checkVersion(file);
    origin = file;
    String plugins = System.getProperty(PLUGIN_PROPERTY);
    if (plugins != null && !plugins.isEmpty()) {
      CasdJNI.casd_set_plugin_path(plugins);
    } else if (copied) {
      CasdJNI.casd_set_plugin_path(file.getParent().toString());
    }
  }

  private static void loadCopy(Path file) throws IOException {
    IOException failure = null;
    for (Path base : bases()) {
      Path copy = null;
      try {
        Files.createDirectories(base, privateFolder(base));
        checkOwner(base);
        copy = Files.createTempFile(base, "copy-", FILE);
        Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        System.load(copy.toString());
        return;
      } catch (IOException e) {
        failure = e;
      } catch (UnsatisfiedLinkError e) {
        failure = new IOException(reason(e, copy));
      } finally {
        remove(copy);
      }
    }
    throw failure;
  }

  /** The loaded library does not need its file any more; Windows keeps it until the end. */
  private static void remove(Path copy) {
    if (copy == null) {
      return;
    }
    try {
      Files.deleteIfExists(copy);
    } catch (IOException e) {
      copy.toFile().deleteOnExit();
    }
  }

  private static void checkVersion(Path file) {
    long abi;
    try {
      abi = CasdJNI.casd_abi_version();
    } catch (UnsatisfiedLinkError e) {
      throw new UnsatisfiedLinkError("it is not the native library of CASD's Java binding");
    }
    String wanted =
        CasdNativeConstants.CASD_VERSION_MAJOR + "." + CasdNativeConstants.CASD_VERSION_MINOR;
    if (abi != ABI) {
      throw new UnsatisfiedLinkError(
          "its ABI version is " + abi + ", this jar needs " + ABI + " (CASD " + wanted + ")");
    }
    long version = CasdJNI.casd_version();
    if (version / 100
        != CasdNativeConstants.CASD_VERSION_MAJOR * 100 + CasdNativeConstants.CASD_VERSION_MINOR) {
      throw new UnsatisfiedLinkError(
          "its version is " + CasdJNI.casd_version_string() + ", this jar needs " + wanted);
    }
  }

  private static String reason(Throwable e, Path file) {
    String text = e.getMessage() == null ? e.toString() : e.getMessage();
    while (text.startsWith(file + ": ")) { // Java and the dynamic loader each put it before
      text = text.substring(file.toString().length() + 2);
    }
    if (!(e instanceof UnsatisfiedLinkError)) {
      text = e.getClass().getSimpleName() + ": " + text;
    }
    if (text.contains("failed to map segment")) {
      text += " (is the file system mounted with noexec?)";
    }
    return text;
  }
}
