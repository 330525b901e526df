"""The kernels of the CPU engine on 64-bit ARM (NEON): cross-compiled, and run under user-mode
emulation, golden cases included."""
import os
import pathlib
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["CASD_BUILD_DIR"]) / "arm"
NEEDED = ("aarch64-linux-gnu-g++", "qemu-aarch64")


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return done.stdout


@unittest.skipUnless(all(map(shutil.which, NEEDED)), f"not there: {' or '.join(NEEDED)}")
class Arm(unittest.TestCase):
    def test_kernels_and_golden_cases(self):
        json = next(pathlib.Path(folder) for folder in ("/usr/include", "/usr/local/include")
                    if (pathlib.Path(folder) / "nlohmann/json.hpp").exists())
        # The cross compiler must not find other headers of that folder.
        (BUILD / "json").mkdir(parents=True, exist_ok=True)
        if not (BUILD / "json/nlohmann").exists():
            (BUILD / "json/nlohmann").symlink_to(json / "nlohmann")
        run("cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
            "-DCASD_WITH_TORCH=OFF", "-DCASD_WITH_HDF5=OFF", "-DCASD_BUILD_TOOLS=OFF",
            "-DCASD_BUILD_TESTS=ON", "-DCMAKE_UNITY_BUILD=ON", f"-DCASD_JSON_INCLUDE_DIR={BUILD}/json",
            f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/cmake/aarch64-linux-gnu.cmake")
        run("cmake", "--build", BUILD, "--target", "casd_unit_tests")
        output = run("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", BUILD / "bin/casd_unit_tests")
        self.assertIn("All/Linear.MatchesTheReferenceForAnySize/neon", output)


if __name__ == "__main__":
    unittest.main()
