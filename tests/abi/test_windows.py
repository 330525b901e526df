"""libcasd compiles for Windows (mingw-w64) and exports the same functions there."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["CASD_BUILD_DIR"]) / "windows"
COMPILER = "x86_64-w64-mingw32-g++-posix"


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return done.stdout


@unittest.skipUnless(shutil.which(COMPILER), f"not there: {COMPILER}")
class Windows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        json = next(pathlib.Path(folder) for folder in ("/usr/include", "/usr/local/include")
                    if (pathlib.Path(folder) / "nlohmann/json.hpp").exists())
        # The cross compiler must not find other headers of that folder.
        (BUILD / "json").mkdir(parents=True, exist_ok=True)
        if not (BUILD / "json/nlohmann").exists():
            (BUILD / "json/nlohmann").symlink_to(json / "nlohmann")
        run("cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCASD_WITH_TORCH=OFF",
            "-DCASD_WITH_HDF5=OFF", "-DCASD_BUILD_TOOLS=OFF", f"-DCASD_JSON_INCLUDE_DIR={BUILD}/json",
            f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/cmake/mingw-w64.cmake")
        run("cmake", "--build", BUILD, "--target", "casd")

    def test_exports_match_the_allow_list(self):
        lines = (ROOT / "tests/abi/symbols.txt").read_text().splitlines()
        allowed = {line.split()[0] for line in lines if line and not line.startswith("#")}
        library = next(BUILD.rglob("libcasd*.dll"))
        table = run("x86_64-w64-mingw32-objdump", "-p", library)
        table = table[table.index("[Ordinal/Name Pointer] Table"):]
        self.assertEqual(set(re.findall(r"\]\s+(?:\+base\[[^\]]*\]\s+)?(?:\w+\s+)?(casd_\w+)$",
                                        table, re.MULTILINE)), allowed)
        self.assertNotIn("_Z", table.split("The Function Table")[0])


if __name__ == "__main__":
    unittest.main()
