"""The allowed dependencies of modules (docs/architecture.md), checked on quoted and angle-bracket
includes."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"

# module -> modules that it may include, besides itself
ALLOWED = {
    "core": set(),
    "model": {"core"},
    "method": {"core", "model"},
    "data": {"core", "model"},
    "engine": {"core", "model", "method"},
    "cpu": {"core", "model", "method", "engine"},
    "torch": {"core", "model", "method", "engine"},
    "predict": {"core", "model", "method", "engine"},
    "eval": {"core", "model", "method", "data", "engine", "predict"},
    "train": {"core", "model", "method", "data", "engine", "predict", "eval"},
    "hdf5": {"core"},
    "capi": {"core", "model", "method", "data", "engine", "predict", "eval", "train"},
}
# public header -> modules that may include it; capi may include all
PUBLIC = {
    "base.h": set(ALLOWED),
    "schema.h": set(ALLOWED) - {"core", "hdf5"},
    "model.h": set(ALLOWED) - {"core", "hdf5"},
    "batch.h": set(ALLOWED) - {"core", "hdf5"},
    "dataset.h": {"data", "eval", "train"},
    "predict.h": {"engine", "cpu", "torch", "predict", "eval", "train"},
    "monitor.h": set(),
    "evaluate.h": {"eval", "train"},
    "calibrate.h": {"train"},
    "train.h": {"train"},
}
SYSTEM = {"windows.h", "dlfcn.h", "fcntl.h", "unistd.h", "io.h", "pthread.h", "signal.h"}
THIRD_PARTY = {  # header's first part -> modules that may use it
    "nlohmann": {"model", "train", "eval", "capi"},
    "ATen": {"torch"}, "c10": {"torch"}, "torch": {"torch"}, "hdf5.h": {"hdf5"},
    "hwy": {"cpu"},
}


def includes(path):
    """(bracket, name): `"` for quoted, `<` for angle-bracket includes."""
    return re.findall(r'^\s*#\s*include\s*(["<])([^">]+)[">]', path.read_text(), re.MULTILINE)


def files(folder):
    return [path for path in sorted(folder.rglob("*")) if path.suffix in (".h", ".cpp", ".c", ".cu")]


def module_of(path):
    return path.relative_to(SOURCE).parts[0]


class Architecture(unittest.TestCase):
    def test_every_folder_is_a_module(self):
        self.assertEqual({path.name for path in SOURCE.iterdir() if path.is_dir()}, set(ALLOWED))

    def test_modules_include_only_allowed_modules(self):
        for path in files(SOURCE):
            module = module_of(path)
            for bracket, name in includes(path):
                first = name.split("/")[0]
                with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                    if bracket == '"':
                        self.assertIn(first, ALLOWED[module] | {module})
                        self.assertTrue((SOURCE / name).exists(), "not from src/")
                    elif first in ALLOWED and (SOURCE / name).exists():
                        self.fail("a module's header in angle brackets")

    def test_public_headers_follow_the_dependencies(self):
        for path in files(SOURCE):
            module = module_of(path)
            for bracket, name in includes(path):
                if name.startswith("casd/") and module != "capi":
                    with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                        self.assertEqual(bracket, "<")
                        self.assertIn(module, PUBLIC[name.split("/")[1]])

    def test_third_party_headers_are_limited_to_modules(self):
        for path in files(SOURCE):
            for bracket, name in includes(path):
                first = name.split("/")[0]
                if bracket == "<" and first in THIRD_PARTY:
                    with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                        self.assertIn(module_of(path), THIRD_PARTY[first])

    def test_platform_files_call_the_operating_system(self):
        for path in files(SOURCE):
            for _, name in includes(path):
                if name in SYSTEM or name.startswith("sys/"):
                    with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                        self.assertRegex(path.relative_to(SOURCE).as_posix(), "^core/platform")

    def test_programs_use_the_public_api_only(self):
        for folder in ("tools", "examples", "bench", "tests/capi", "tests/consumer"):
            for path in files(ROOT / folder):
                if "godot_headers" in path.parts:
                    continue  # copied from another project
                for bracket, name in includes(path):
                    with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                        if bracket == '"':
                            self.assertTrue((path.parent / name).exists())
                        else:
                            self.assertNotIn(name.split("/")[0], ALLOWED)

    def test_public_headers_include_nothing_private(self):
        for path in files(ROOT / "include"):
            for bracket, name in includes(path):
                self.assertTrue(bracket == '"' or name in ("stddef.h", "stdint.h"), name)


if __name__ == "__main__":
    unittest.main()
