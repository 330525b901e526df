"""The conditions under which libcasd is loaded, and what must happen then."""
import os
import pathlib
import re
import shutil
import subprocess

import languages

REASONS = {
    "absent": "cannot open shared object file: No such file or directory",
    "noexec": "failed to map segment from shared object",
}


class NotRun(Exception):
    """The scenario cannot be set up here, for the reason that it names."""


class Machine:
    """Runs probes, each with a home folder and a folder for temporary files of its own."""

    def __init__(self, build, scratch):
        self.build, self.scratch = build, scratch
        self.home, self.temporary = scratch / "home", scratch / "tmp"
        self.count = 0
        self.namespace = ["unshare", "--mount"] + ([] if os.getuid() == 0 else ["--map-root-user"])
        probe = scratch / "mount"
        probe.mkdir()
        try:
            done = subprocess.run([*self.namespace, "mount", "-t", "tmpfs", "none", probe],
                                  stderr=subprocess.PIPE, text=True)
            self.no_mounts = done.stderr.strip() if done.returncode else None
        except FileNotFoundError as error:
            self.no_mounts = str(error)

    def folder(self, name="app"):
        self.count += 1
        return self.scratch / f"{name}-{self.count}"

    def run(self, command, *arguments, environment=None, cwd=None, setup=None, user=None):
        """The probe's output. setup: shell commands with privileges, in a mount namespace."""
        for folder in self.home, self.temporary:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        variables = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.home),
                     "TMPDIR": str(self.temporary), "DOTNET_ROLL_FORWARD": "Major",
                     "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
                     **(environment or {})}
        command = [str(part).replace("=HOME", f"={variables['HOME']}")
                   .replace("=TMP", f"={self.temporary}") for part in [*command, *arguments]]
        if user is not None:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
        if setup:
            if self.no_mounts:
                raise NotRun("no mount namespace: " + self.no_mounts)
            command = [*self.namespace, "sh", "-euc", setup + '\nexec "$@"', "-", *command]
        done = subprocess.run(command, env=variables, cwd=cwd or self.scratch, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, encoding="utf-8", timeout=120)
        output = done.stdout.strip()
        # Java reports its options on the error stream where they come from a variable.
        output = "\n".join(line for line in output.split("\n") if not line.startswith("Picked up"))
        return done.returncode, output


def works(language, machine, command, *arguments, path=None, **how):
    code, output = machine.run(command, *(arguments or ["predict"]), **how)
    assert code == 0 and output.startswith("ok "), output
    if not arguments or arguments[0] == "child":
        result = output.split()[-1]
        expected = machine.expected(language)
        assert result == expected, f"{output} instead of {expected}"
    if path is not None:
        assert str(path) in output, f"{path} is not in {output}"
    return "works", None


def message(language, machine, command, *parts, arguments=("predict",), **how):
    code, output = machine.run(command, *arguments, **how)
    assert output.count("failed ") >= 1 and output.startswith("failed "), output
    assert code == 0, f"exit status {code}: {output}"
    for part in parts:
        assert re.search(part, output), f"'{part}' is not in: {output}"
    return "message", output[len("failed "):]


def expected(machine, language):
    """The result without any complication; it is the same in all languages."""
    results = machine.__dict__.setdefault("results", {})
    if language.name not in results:
        code, output = machine.run(language.install(machine.folder()), "predict")
        assert code == 0 and output.startswith("ok "), output
        results[language.name] = output.split()[-1]
        assert len(set(results.values())) == 1, results
    return results[language.name]


Machine.expected = expected


def ordinary(language, machine):
    return works(language, machine, language.install(machine.folder()))


def noexec_temporary(language, machine):
    command = language.install(machine.folder())
    setup = f"mount -t tmpfs -o noexec,mode=1777 none {machine.temporary}"
    return works(language, machine, command, setup=setup)


def noexec_everywhere(language, machine):
    """Java unpacks its library; the others load the installed one."""
    command = language.install(machine.folder())
    cache = machine.temporary / "cache"
    how = {"setup": f"mount -t tmpfs -o noexec,mode=1777 none {machine.temporary}",
           "environment": {"XDG_CACHE_HOME": str(cache)}}
    if language.name != "java":
        return works(language, machine, command, **how)
    return message(language, machine, command, re.escape(str(cache)), REASONS["noexec"], "noexec",
                   "Remedy: .*casd.library.path.*CASD_LIBRARY_PATH", **how)


def library_on_noexec(language, machine):
    folder = machine.folder("mounted")
    library = folder / language.library
    folder.mkdir()
    command = language.install(machine.folder())
    setup = (f"mount -t tmpfs -o noexec none {folder}; cp {language.native} {library}; "
             f"chmod 755 {folder} {library}")
    how = {"setup": setup, "environment": language.choose(library)}
    if language.name != "go":
        return message(language, machine, command, re.escape(str(library)), REASONS["noexec"],
                       "mounted with noexec", "CASD_LIBRARY_PATH", **how)
    # The dynamic loader ends a program that is linked with libcasd before the binding can say more.
    code, output = machine.run(command, "predict", **how)
    assert code == 127 and f"{language.library}: {REASONS['noexec']}" in output, output
    return "loader's message", output


def read_only_home(language, machine):
    command = language.install(machine.folder())
    setup = f"mount --bind {machine.home} {machine.home}; mount -o remount,bind,ro {machine.home}"
    return works(language, machine, command, setup=setup)


def non_ascii_path(language, machine):
    folder = machine.folder("casd \u00e4\u03b4\u65e5")
    command = language.install(folder)
    cache = folder / "\u00fc cache"
    path = cache if language.name == "java" else folder
    return works(language, machine, command, path=path, environment={"XDG_CACHE_HOME": str(cache)})


def missing_dependency(language, machine):
    """The plug-in without LibTorch: its run path names a folder that does not exist."""
    plugin = machine.build / "lib" / "libcasd_torch.so"
    if not plugin.exists():
        raise languages.NotThere(plugin.name)
    dynamic = languages.call("readelf", "--dynamic", "--wide", plugin)
    found = re.search(r"(?:RUNPATH|RPATH).*\[(.*)\]", dynamic)
    content = plugin.read_bytes()
    if found:
        old = found.group(1).encode()
        content = content.replace(old + b"\0", b"/absent".ljust(len(old), b"x") + b"\0")
    broken = machine.folder("plugins") / plugin.name
    broken.parent.mkdir()
    broken.write_bytes(content)
    return message(language, machine, language.install(machine.folder()), re.escape(str(broken)),
                   r"lib\w+\.so[.\d]*: " + REASONS["absent"], "LD_LIBRARY_PATH", arguments=["train"],
                   environment={"CASD_PLUGIN_PATH": str(broken.parent)})


def foreign_library(language, machine):
    folder = machine.folder("foreign")
    for name in "libcasd.so.2", "libcasd.so", "libcasd_jni.so":
        languages.compile_library("int casd_foreign(void) { return 0; }", folder / name,
                                  "-Wl,-soname," + name)
    how = {"environment": {"LD_LIBRARY_PATH": str(folder)}}
    command = language.install(machine.folder())
    if language.name != "go":
        return works(language, machine, command, **how)
    # A Go program is linked with libcasd, and the system's search comes first.
    return message(language, machine, command, re.escape(str(folder / language.library)),
                   "casd_abi_version", "LD_LIBRARY_PATH", **how)


def foreign_library_chosen(language, machine):
    library = machine.folder("chosen") / language.library
    languages.compile_library("int casd_foreign(void) { return 0; }", library)
    return message(language, machine, language.install(machine.folder()), re.escape(str(library)),
                   "casd_abi_version|not the native library", "LD_LIBRARY_PATH|CASD_LIBRARY_PATH",
                   environment=language.choose(library))


def older_libcasd(language, machine):
    library = machine.folder("old") / language.library
    library.parent.mkdir()
    language.old(library)
    return message(language, machine, language.install(machine.folder()), re.escape(str(library)),
                   "(ABI version|binary interface)( is)? 1", "needs 2", "LD_LIBRARY_PATH|CASD_LIBRARY_PATH",
                   environment=language.choose(library))


def two_versions(language, machine):
    folder = machine.folder()
    command = language.install(folder)
    arguments = language.two(folder, machine.folder())
    if arguments is None:
        raise NotRun("a Go program is linked with one libcasd")
    code, output = machine.run(command, *arguments)
    assert code == 0, output
    if language.name == "mono":
        # Mono's table of native libraries is one for the process.
        assert re.fullmatch(r"ok domain\nok two (\S+) and failed \S+libcasd.so.2 was loaded, but the "
                            r"process uses another libcasd already.*", output), output
        return "message", output.split("failed ")[1]
    versions = re.fullmatch(r"ok two (\S+) and (\S+)", output)
    assert versions and versions.group(1) != versions.group(2), output
    return "works", None


def child_process(language, machine):
    command = language.install(machine.folder())
    child = [*command, "predict"]
    if language.name in (".net", "mono"):
        child = [child[0], " ".join(f'"{part}"' for part in child[1:])]
    child = [str(part).replace("=HOME", f"={machine.home}").replace("=TMP", f"={machine.temporary}")
             for part in child]
    return works(language, machine, command, "child", *child)


def other_working_directory(language, machine):
    """Also one that has a foreign library of the same name."""
    folder = machine.folder("elsewhere")
    for name in "libcasd.so.2", "libcasd.so", "libcasd_jni.so":
        languages.compile_library("int casd_foreign(void) { return 0; }", folder / name)
    command = language.install(machine.folder())
    works(language, machine, command, cwd="/")
    return works(language, machine, command, cwd=folder)


def other_user(language, machine):
    """Without a home folder, and without rights on the installation."""
    if os.getuid() != 0:
        raise NotRun("needs root to change the user")
    command = language.install(machine.folder())
    setup = f"mount --bind {machine.temporary} {machine.temporary}; chmod 1777 {machine.temporary}"
    if language.name == ".net":
        # .NET lies in root's cache folder.
        runtime = machine.folder("dotnet")
        runtime.mkdir()
        setup += f"; mount --bind {language.dotnet} {runtime}"
        command[0] = runtime / "dotnet"
    return works(language, machine, command, user=65534, setup=setup,
                 environment={"HOME": "/nonexistent"})


SCENARIOS = {
    "as installed": ordinary,
    "folder for temporary files: noexec": noexec_temporary,
    "... and the cache folder, too": noexec_everywhere,
    "library on a file system with noexec": library_on_noexec,
    "read-only home folder": read_only_home,
    "non-ASCII path": non_ascii_path,
    "missing dependency of a plug-in": missing_dependency,
    "foreign library earlier in the path": foreign_library,
    "foreign library chosen": foreign_library_chosen,
    "older libcasd": older_libcasd,
    "two versions in one process": two_versions,
    "child process": child_process,
    "other working directory": other_working_directory,
    "other user, no home folder": other_user,
}
