"""How the probe of each language is built and installed: a program with the binding and libcasd."""
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]


class NotThere(Exception):
    """Something that the tests need does not exist on this machine."""


def call(*command, **options):
    """Runs a command; its output, or an error with that output."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}")
    return done.stdout


def compile_library(source, file, *options):
    file.parent.mkdir(parents=True, exist_ok=True)
    call("cc", "-shared", "-fPIC", "-o", file, "-x", "c", *options, "-", input=source)


class Java:
    name = "java"
    library = "libcasd_jni.so"

    def __init__(self, build, scratch):
        self.native = build / "lib" / self.library
        classes = build / "java" / "classes"
        for path in self.native, classes:
            if not path.exists():
                raise NotThere(f"{path}: run bindings/java/test first")
        self.jar = scratch / "java" / "casd.jar"
        self.second_jar = scratch / "java" / "second.jar"
        self.jar.parent.mkdir()
        resource = "org/casd/natives/linux-x86_64/" + self.library
        call("jar", "cf", self.jar, "-C", classes, "org")
        patched = scratch / "java" / "patched"
        copy_with_other_version(self.native, patched / resource)
        shutil.copy(self.jar, self.second_jar)
        call("jar", "uf", self.second_jar, "-C", patched, resource)
        call("javac", "-cp", self.jar, "-d", self.jar.parent, HERE / "Probe.java")

    def install(self, folder):
        folder.mkdir(parents=True)
        shutil.copy(self.jar, folder)
        shutil.copy(self.jar.parent / "Probe.class", folder)
        options = os.environ.get("JAVA_TOOL_OPTIONS", "").split()
        # The home folder of Java is the one of the user's account, not HOME.
        return ["java", *options, "-Duser.home=HOME", "-Djava.io.tmpdir=TMP", "-cp",
                f"{folder}:{folder / 'casd.jar'}", "Probe"]

    def choose(self, library):
        return {"CASD_LIBRARY_PATH": str(library)}

    def two(self, folder, scratch):
        return ["two", self.jar, self.second_jar]

    def old(self, file):
        prefix = "long Java_org_casd_CasdJNI_casd_1"
        compile_library("void abort(void);\n" + prefix + "abi_1version(void) { return 1; }\n" +
                        prefix + "version(void) { abort(); }\n", file)


class CSharp:
    name = ".net"
    library = "libcasd.so.2"

    def __init__(self, build, scratch):
        self.native = build / "lib" / self.library
        self.binding = ROOT / "bindings" / "csharp"
        self.built = scratch / "csharp"
        if not (self.built / "Probe.exe").exists():
            call(self.binding / "build", self.built)
            script = ('cd "$1"; source ./toolchain; compile netstandard2.1 -r:"$2/netstandard2.1/Casd.dll" '
                      '-out:"$2/Probe.exe" "$3"; runtime_config "$2/Probe"; echo "$dotnet"')
            output = call("bash", "-euc", script, "-", self.binding, self.built, HERE / "Probe.cs")
            (self.built / "dotnet").write_text(output)
        self.dotnet = pathlib.Path((self.built / "dotnet").read_text().strip())

    def runtime(self):
        return [self.dotnet / "dotnet", "exec"]

    def install(self, folder):
        folder.mkdir(parents=True)
        native = folder / "runtimes" / "linux-x64" / "native"
        native.mkdir(parents=True)
        shutil.copy(self.native, native / "libcasd.so")
        for file in "Probe.exe", "Probe.runtimeconfig.json", "netstandard2.1/Casd.dll":
            shutil.copy(self.built / file, folder)
        return [*self.runtime(), folder / "Probe.exe"]

    def choose(self, library):
        return {"CASD_LIBRARY_PATH": str(library)}

    def two(self, folder, scratch):
        second = scratch / "second" / "libcasd.so.2"
        copy_with_other_version(self.native, second)
        return ["two", self.native, folder / "Casd.dll", second]

    def old(self, file):
        old_library(file)


class Mono(CSharp):
    name = "mono"

    def __init__(self, build, scratch):
        if not shutil.which("mono"):
            raise NotThere("mono")
        super().__init__(build, scratch)

    def runtime(self):
        return ["mono"]

    def install(self, folder):
        command = super().install(folder)
        script = 'cd "$1"; source ./toolchain; mono_facade "$2"'
        call("bash", "-euc", script, "-", self.binding, folder)
        return command


class Go:
    name = "go"
    library = "libcasd.so.2"

    def __init__(self, build, scratch):
        self.native = build / "lib" / self.library
        binding = ROOT / "bindings" / "go"
        module = scratch / "go"
        module.mkdir()
        shutil.copy(HERE / "probe.go", module)
        version = next(line for line in (binding / "go.mod").read_text().splitlines()
                       if line.startswith("go "))
        (module / "go.mod").write_text(f"module probe\n\n{version}\n\nrequire casd.org/casd v0.0.0\n\n"
                                       f"replace casd.org/casd => {binding}\n")
        (module / "casd.pc").write_text(
            f"Name: casd\nDescription: the library in the build folder\nVersion: 0.2.0\n"
            f"Cflags: -I{ROOT / 'include'}\nLibs: -L{build / 'lib'} -lcasd\n")
        environment = dict(os.environ, PKG_CONFIG_PATH=str(module), GOTOOLCHAIN="local", GOPROXY="off",
                           GOFLAGS="-mod=mod", CGO_LDFLAGS=f"-L{build / 'lib'} -Wl,-rpath,$ORIGIN")
        environment["PATH"] = call(binding / "fetch_go").strip() + ":" + environment["PATH"]
        call("go", "build", "-o", module / "probe", ".", cwd=module, env=environment)
        self.probe = module / "probe"

    def install(self, folder):
        folder.mkdir(parents=True)
        shutil.copy(self.probe, folder)
        shutil.copy(self.native, folder)
        return [folder / "probe"]

    def choose(self, library):
        return {"LD_LIBRARY_PATH": str(library.parent)}

    def two(self, folder, scratch):
        return None

    def old(self, file):
        old_library(file)


def old_library(file):
    """Every function of libcasd; those that are called although the ABI version differs abort."""
    symbols = (ROOT / "tests" / "abi" / "symbols.txt").read_text().splitlines()
    names = {line.split()[0] for line in symbols if line.startswith("casd_")} - {"casd_abi_version"}
    compile_library("unsigned casd_abi_version(void) { return 1; }\nvoid abort(void);\n" +
                    "".join(f"void {name}(void) {{ abort(); }}\n" for name in sorted(names)),
                    file, "-Wl,-soname,libcasd.so.2")


def copy_with_other_version(library, file):
    """A copy of libcasd that names itself 0.2.77 or so: the version has at most six characters."""
    file.parent.mkdir(parents=True, exist_ok=True)
    code = (ROOT / "CMakeLists.txt").read_text()
    version = code.split("project(casd VERSION ")[1].split()[0]
    other = version.rsplit(".", 1)[0] + ".7"
    if len(other) != len(version) or other == version:
        raise NotThere("another version of the same length")
    content = library.read_bytes()
    old = b"\0" + version.encode() + b"\0"
    if old not in content:
        raise NotThere(f"the version {version} in {library}")
    file.write_bytes(content.replace(old, b"\0" + other.encode() + b"\0"))


LANGUAGES = {"java": [Java], "csharp": [CSharp, Mono], "go": [Go]}
