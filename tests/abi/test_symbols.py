"""Exports and dependencies of libcasd and its plug-ins: exactly the symbols of tests/abi/symbols.txt
and the linker scripts, no symbol of LibTorch, HDF5 or C++, and a size of at most two megabytes."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LIBRARIES = pathlib.Path(os.environ["CASD_BUILD_DIR"]) / "lib"
LIBCASD = LIBRARIES / "libcasd.so"
MOST_BYTES = 2 * 1024 * 1024
RUNTIME = {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6", "libpthread.so.0",
           "libdl.so.2", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def exported(library):
    return [line.split()[-1].split("@")[0]
            for line in output("nm", "--dynamic", "--defined-only", library).splitlines()]


def allowed():
    """name -> version that introduced it"""
    lines = (HERE / "symbols.txt").read_text().splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


class Symbols(unittest.TestCase):
    def test_exports_match_the_allow_list(self):
        self.assertEqual(sorted(exported(LIBCASD)), sorted(allowed()))

    def test_headers_match_the_allow_list(self):
        declared = {}
        for header in (HERE.parents[1] / "include/casd").glob("*.h"):
            text = header.read_text()
            for found in re.finditer(r"(?:\*/\s*)CASD_API[^;]*?CASD_CALL\s+(casd_\w+)\(", text):
                comment = text[text.rindex("/**", 0, found.start()):found.start()]
                declared[found[1]] = comment + found[0][:found[0].index("CASD_API")]
        self.assertEqual(sorted(declared), sorted(allowed()))
        for name, since in allowed().items():
            self.assertRegex(declared[name], rf"@since {re.escape(since)}\b", name)

    def test_needs_only_the_runtime_libraries(self):
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "--dynamic", LIBCASD)))
        self.assertLessEqual(needed, RUNTIME)

    def test_soname(self):
        dynamic = output("readelf", "--dynamic", LIBCASD)
        self.assertIn("[libcasd.so.2]", dynamic)

    def test_size(self):
        with tempfile.TemporaryDirectory() as folder:
            stripped = pathlib.Path(folder) / "libcasd.so"
            output("strip", "-o", stripped, LIBCASD)
            self.assertLessEqual(stripped.stat().st_size, MOST_BYTES)

    def test_plugins_export_one_function(self):
        for name, function in (("torch", "engine"), ("hdf5", "hdf5")):
            library = LIBRARIES / f"libcasd_{name}.so"
            if library.exists():
                self.assertEqual(exported(library), [f"casd_{function}_plugin_get"])


if __name__ == "__main__":
    unittest.main()
