"""libcasd compiles for Windows (mingw-w64), exports the same functions there, and trains and predicts."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["CASD_BUILD_DIR"]) / "windows"
COMPILER = "x86_64-w64-mingw32-g++-posix"
# The folder that Debian and Ubuntu install it to is not in PATH.
WINE = shutil.which("wine64", path=os.environ["PATH"] + ":/usr/lib/wine")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
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
            "-DCASD_WITH_HDF5=OFF", "-DCASD_BUILD_TOOLS=OFF", "-DCMAKE_UNITY_BUILD=ON",
            f"-DCASD_JSON_INCLUDE_DIR={BUILD}/json",
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

    @unittest.skipUnless(WINE, "not there: wine64")
    def test_a_program_trains_and_predicts_in_a_folder_with_nothing_but_the_library(self):
        # Wine's server may write until it ends, a few seconds after the last program.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = pathlib.Path(name) / "empty"
            folder.mkdir()
            shutil.copy(next(BUILD.rglob("libcasd.dll")), folder)
            for runtime in ("libstdc++-6.dll", "libgcc_s_seh-1.dll", "libwinpthread-1.dll"):
                shutil.copy(run(COMPILER, f"-print-file-name={runtime}").strip(), folder)
            for example in ("train", "predict"):
                run(COMPILER.replace("g++", "gcc"), "-std=c99", f"-I{ROOT}/include",
                    ROOT / f"examples/c/{example}.c", "-o", folder / f"{example}.exe",
                    folder / "libcasd.dll", "-lm")
            there = dict(cwd=folder, timeout=600, env={"PATH": os.environ["PATH"], "HOME": name,
                                                       "WINEPREFIX": f"{name}/prefix",
                                                       "WINEDEBUG": "-all"})
            try:  # in some containers Wine cannot
                run(WINE, "wineboot", "--init", **there)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                self.skipTest(f"not there: a Wine that starts ({error})")
            output = run(WINE, "./train.exe", "mood.casd", **there)
            self.assertTrue((folder / "mood.casd").exists(), output)
            windows = run(WINE, "./predict.exe", "mood.casd", **there)
            # The same file gives the same numbers here.
            library = pathlib.Path(os.environ["CASD_BUILD_DIR"]) / "lib"
            run("cc", "-std=c99", f"-I{ROOT}/include", ROOT / "examples/c/predict.c", "-o",
                folder / "predict", f"-L{library}", "-lcasd", f"-Wl,-rpath,{library}", "-lm")
            number = r"\d+\.\d+"
            expected = run(folder / "predict", "mood.casd", cwd=folder)
            self.assertGreaterEqual(len(re.findall(number, expected)), 5, expected)
            self.assertEqual(re.sub(number, "", windows).split(), re.sub(number, "", expected).split())
            for a, b in zip(re.findall(number, windows), re.findall(number, expected)):
                self.assertAlmostEqual(float(a), float(b), delta=0.002)


if __name__ == "__main__":
    unittest.main()
