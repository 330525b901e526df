"""The binary interface: abidiff against the stored description of the last release.

`python3 tests/abi/test_binary_interface.py --write` replaces the description; only a release does
that. The description is made from the public headers: a library with one empty definition for each
declared function, compiled with debug information. libcasd's own definitions include the same headers
and would not compile with other types; test_symbols.py compares its names. abidiff misses swapped
fields of the same type and changes between types of the same size: layout.c locks offsets and types.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STORED = HERE / "libcasd-0.2.abi"


def definitions():
    """The declared functions as empty definitions."""
    out = ["#include <casd/casd.h>"]
    for header in sorted((ROOT / "include/casd").glob("*.h")):
        code = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
        for declaration in re.findall(r"^CASD_API ([^;]*);", code, re.MULTILINE):
            result = declaration.split("CASD_CALL")[0].strip()
            body = "" if result == "void" else f"return ({result})0;"
            out.append(f"CASD_API {declaration} {{ {body} }}")
    return "\n".join(out) + "\n"


def describe(path):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "casd.c"
        source.write_text(definitions())
        subprocess.run(["cc", "-g", "-shared", "-fPIC", "-w", f"-I{ROOT}/include", "casd.c", "-o",
                        "libcasd.so.2"], check=True, cwd=folder)
        subprocess.run(["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs",
                        "--out-file", path, "libcasd.so.2"], check=True, cwd=folder)


class BinaryInterface(unittest.TestCase):
    def test_compiled_callers_keep_working(self):
        with tempfile.TemporaryDirectory() as folder:
            now = pathlib.Path(folder) / "now.abi"
            describe(now)
            # Without debug information there would be no types, and nothing to compare.
            self.assertIn("casd_model_options", now.read_text())
            done = subprocess.run(["abidiff", "--no-added-syms", "--suppressions",
                                   HERE / "abidiff.supp", STORED, now],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_no_struct_changed_its_layout(self):
        done = subprocess.run(["cc", "-std=c11", "-fsyntax-only", f"-I{ROOT}/include",
                               HERE / "layout.c"], stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        describe(STORED)
    else:
        unittest.main()
