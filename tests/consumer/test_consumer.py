"""A user's project with an installation: through find_package and pkg-config, with the shared and the
static library, also after the installation was moved. The examples build against it."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["CASD_BUILD_DIR"])


def run(*command, **options):
    """The output of a command; a failure shows it."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} gave {done.returncode}:\n{done.stdout}")
    return done.stdout


class Installed(unittest.TestCase):
    """Tests of an installation made by `install`, which is moved before use."""

    @classmethod
    def install(cls, prefix):
        run("cmake", "--install", BUILD, "--prefix", prefix)

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="casd consumer "))
        cls.install(cls.folder / "first")
        cls.prefix = cls.folder / "moved"
        (cls.folder / "first").rename(cls.prefix)
        cls.libraries = next(cls.prefix.glob("lib*/**/casd.pc")).parents[1]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def build(self, source, name):
        build = self.folder / name
        run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", build)
        return build

    def test_find_package(self):
        build = self.build(SOURCE / "tests/consumer", "consumer")
        self.assertRegex(run(build / "consumer_c"), r"casd 0\.2\.\d+ predicts what it was trained on")
        self.assertIn("INVALID_ARGUMENT", run(build / "consumer_cpp"))

    def test_pkg_config(self):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.libraries / "pkgconfig")}
        program = self.folder / "by_pkg_config"
        run("sh", "-ec", f'eval cc -std=c99 -o "\'{program}\'" "{SOURCE}/tests/consumer/consumer.c" '
            "$(pkg-config --cflags --libs casd)", env=environment)
        # In a folder without plug-ins, and with none in the search path.
        environment["CASD_PLUGIN_PATH"] = str(self.folder / "nothing")
        self.assertIn("predicts what it was trained on", run(program, env=environment))


TRAIN = ("train", "synthetic", "--epochs", "1", "--set", "teacher_epochs=1", "--set", "hidden=8",
         "--set", "heads=2", "--set", "layers=1", "--threads", "1", "--output")


class Shared(Installed):
    def train(self, prefix, **environment):
        """Trains with the installed program and only these environment variables."""
        model = self.folder / "trained.casd"
        run(prefix / "bin/casd", *TRAIN, model, env={"PATH": os.environ["PATH"], **environment},
            cwd="/")
        self.assertTrue(model.exists())
        model.unlink()

    def test_an_installation_trains(self):
        self.train(self.prefix)

    @unittest.skipUnless((BUILD / "lib/libcasd_torch.so").exists(), "not there: libcasd_torch")
    def test_an_installation_with_libtorch_is_relocatable(self):
        made, moved = self.folder / "with libtorch", self.folder / "with libtorch, moved"
        run("cmake", "--install", BUILD, "--prefix", made)
        run("cmake", "--install", BUILD, "--prefix", made, "--component", "libtorch")
        made.rename(moved)
        copy = next(moved.glob("lib*/**/casd/libtorch_cpu.so"))
        loaded = run("ldd", copy.parents[1] / "libcasd_torch.so")
        self.assertIn(str(copy), loaded)  # the copy, not the LibTorch of the build
        self.train(moved)
        shutil.rmtree(moved)

    def test_installed_files(self):
        self.assertTrue((self.libraries / "libcasd.so.2").exists())
        for name in ("libcasd_torch.so", "libcasd_hdf5.so"):
            if (BUILD / "lib" / name).exists():
                self.assertTrue((self.libraries / name).exists(), name)
        headers = {path.name for path in (SOURCE / "include/casd").glob("*.h")}
        self.assertEqual({path.name for path in (self.prefix / "include/casd").iterdir()}, headers)

    def test_the_program_finds_its_library(self):
        self.assertIn("casd", run(self.prefix / "bin/casd", "--version"))

    def test_examples_build_alone(self):
        for folder in ("c", "cpp"):
            self.build(SOURCE / "examples" / folder, f"example_{folder}")


class Static(Installed):
    @classmethod
    def install(cls, prefix):
        build = cls.folder / "static"
        run("cmake", "-S", SOURCE, "-B", build, "-G", "Ninja", "-DCASD_STATIC=ON",
            "-DCMAKE_UNITY_BUILD=ON")
        run("cmake", "--build", build, "--target", "casd")
        run("cmake", "--install", build, "--prefix", prefix)

    def test_installed_files(self):
        self.assertTrue((self.libraries / "libcasd.a").exists())
        self.assertFalse(list(self.prefix.rglob("*.so*")))

    def test_a_program_trains_without_any_plugin(self):
        build = self.build(SOURCE / "examples/c", "example_c")
        empty = self.folder / "empty"
        empty.mkdir()
        output = run(build / "train", empty / "mood.casd", env={"PATH": os.environ["PATH"]},
                     cwd=empty)
        self.assertTrue((empty / "mood.casd").exists(), output)

    def test_no_dynamic_loading(self):
        undefined = run("nm", "--undefined-only", self.libraries / "libcasd.a")
        self.assertNotIn("dlopen", undefined)
        self.assertNotIn("dladdr", undefined)


del Installed  # otherwise unittest would run the base class

if __name__ == "__main__":
    unittest.main()
