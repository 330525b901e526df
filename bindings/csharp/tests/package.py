"""Checks what a NuGet package holds: python3 package.py NUPKG RUNTIME_IDENTIFIER..."""
import re
import sys
import zipfile

# Where .NET looks for the libraries of a system, the first bytes of such a file, and what comes with it.
NATIVE = {
    "linux-x64": {"libcasd.so": b"\x7fELF"},
    "win-x64": {"casd.dll": b"MZ", "libstdc++-6.dll": b"MZ", "libgcc_s_seh-1.dll": b"MZ",
                "libwinpthread-1.dll": b"MZ"},
}


def needed(dll):
    """The names of the libraries that a DLL imports, among those of the compiler's runtime."""
    return set(re.findall(rb"lib[\w+-]+\.dll(?=\0)", dll))


def main(package, identifiers):
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
        content = {name: archive.read(name) for name in names}
    expected = {f"runtimes/{identifier}/native/{name}"
                for identifier in identifiers for name in NATIVE[identifier]}
    found = {name for name in names if name.startswith("runtimes/")}
    assert found == expected, f"{sorted(found)} instead of {sorted(expected)}"
    for identifier in identifiers:
        for name, start in NATIVE[identifier].items():
            file = content[f"runtimes/{identifier}/native/{name}"]
            assert file.startswith(start), f"{name} is no library for {identifier}"
            if name.endswith(".dll"):
                missing = {n.decode() for n in needed(file)} - set(NATIVE[identifier]) - {"libcasd.dll"}
                assert not missing, f"{name} needs {missing}"
    for target in "netstandard2.0", "netstandard2.1":
        assert f"lib/{target}/Casd.dll" in names and f"lib/{target}/Casd.xml" in names, target
    print(f"package: libcasd for {' and '.join(identifiers)}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
