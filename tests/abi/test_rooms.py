"""Who may know whom (docs/architecture.md), read from the #include lines."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"

# room -> rooms that it may include, besides itself
KNOWS = {
    "core": set(),
    "model": {"core"},
    "data": {"core", "model"},
    "infer": {"core", "model"},
    "eval": {"core", "model", "data", "infer"},
    "train": {"core", "model", "data", "infer", "eval"},
    "torch": {"core", "model", "data", "infer", "eval", "train"},
    "hdf5": {"core"},
    "capi": {"core", "model", "data", "infer", "eval", "train"},
}
SYSTEM = {"windows.h", "dlfcn.h", "fcntl.h", "unistd.h", "io.h", "pthread.h", "signal.h"}
THIRD = {  # header's first part -> rooms that may use it
    "nlohmann": {"model", "train", "eval", "capi"},
    "ATen": {"torch"}, "c10": {"torch"}, "torch": {"torch"}, "hdf5.h": {"hdf5"},
}


def includes(path):
    return re.findall(r'^\s*#\s*include\s*(["<])([^">]+)[">]', path.read_text(), re.MULTILINE)


def files(folder):
    return [path for path in sorted(folder.rglob("*")) if path.suffix in (".h", ".cpp", ".c", ".cu")]


class Rooms(unittest.TestCase):
    def test_every_folder_is_a_room(self):
        self.assertEqual({path.name for path in SOURCE.iterdir() if path.is_dir()}, set(KNOWS))

    def test_rooms_know_only_whom_they_may(self):
        for path in files(SOURCE):
            room = path.relative_to(SOURCE).parts[0]
            for kind, name in includes(path):
                if kind == '"':
                    with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                        self.assertIn(name.split("/")[0], KNOWS[room] | {room})
                        self.assertTrue((SOURCE / name).exists(), "not from src/")

    def test_third_parties_stay_in_their_rooms(self):
        for path in files(SOURCE):
            room = path.relative_to(SOURCE).parts[0]
            for kind, name in includes(path):
                first = name.split("/")[0]
                if kind == "<" and first in THIRD:
                    with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                        self.assertIn(room, THIRD[first])

    def test_one_file_calls_the_operating_system(self):
        for path in files(SOURCE):
            for _, name in includes(path):
                if name in SYSTEM or name.startswith("sys/"):
                    self.assertEqual(path.relative_to(SOURCE).as_posix(), "core/platform.cpp", name)

    def test_programs_know_only_the_contract(self):
        for folder in ("tools", "examples", "bench", "tests/capi", "tests/consumer"):
            for path in files(ROOT / folder):
                for kind, name in includes(path):
                    with self.subTest(file=str(path.relative_to(ROOT)), include=name):
                        if kind == '"':
                            self.assertTrue((path.parent / name).exists())
                        else:
                            self.assertNotIn(name.split("/")[0], KNOWS)

    def test_the_contract_knows_nobody(self):
        for path in files(ROOT / "include"):
            for kind, name in includes(path):
                self.assertTrue(kind == '"' or name in ("stddef.h", "stdint.h"), name)


if __name__ == "__main__":
    unittest.main()
