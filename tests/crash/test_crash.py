"""`casd train`, killed at every named point of writing a checkpoint or model and at random moments,
leaves the previous or the new file, and the same command then ends in the bits of a run that was
not disturbed. Ctrl-C leaves a checkpoint, too."""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

BUILD = pathlib.Path(os.environ["CASD_BUILD_DIR"])
PROGRAM = BUILD / "bin/casd"
SHIM = BUILD / "lib/libkill_at.so"
OPTIONS = ["--epochs", "3", "--threads", "1"] + [
    word for setting in ("teacher_epochs=1", "select_from=0", "hidden=8", "heads=2", "layers=1")
    for word in ("--set", setting)]
CHECKPOINTS = 6  # before the first epoch, then after each: two of the teacher, three of the student
POINTS = ("before_write", "half_write", "after_write", "before_sync", "after_sync", "before_rename",
          "after_rename")


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="casd-crash-"))
        cls.versions = {}
        for name in ("run.casd.checkpoint", "run.casd"):
            kept = cls.folder / f"versions of {name}"
            kept.mkdir()
            place = cls.folder / f"undisturbed {name}"
            place.mkdir()
            began = time.monotonic()
            done = cls.train(place, kill_file=name, keep=kept)
            cls.seconds = time.monotonic() - began
            if done.returncode != 0:
                raise AssertionError(done.stderr)
            count = len(list(kept.iterdir()))
            cls.versions[name] = [(kept / str(i + 1)).read_bytes() for i in range(count)]
        cls.model = cls.versions["run.casd"][-1]
        place = cls.folder / "older"
        place.mkdir()
        cls.train(place, seed=6)
        cls.older = (place / "run.casd").read_bytes()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @staticmethod
    def command(place, seed=5):
        return [str(PROGRAM), "train", "synthetic", "--output", str(place / "run.casd"),
                "--seed", str(seed), *OPTIONS]

    @classmethod
    def train(cls, place, seed=5, kill_file="", at="", occurrence=0, keep=""):
        environment = {**os.environ, "LD_PRELOAD": str(SHIM), "CASD_KILL_FILE": kill_file,
                       "CASD_KILL_AT": at, "CASD_KILL_TIME": str(occurrence)}
        if keep:
            environment["CASD_KEEP"] = str(keep)
        return subprocess.run(cls.command(place, seed), env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def place(self):
        """A fresh folder with an older model in it."""
        place = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        (place / "run.casd").write_bytes(self.older)
        return place

    def finish(self, place):
        """Run the same command, undisturbed: the result is the same, and no temporary file is left."""
        done = self.train(place)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((place / "run.casd").read_bytes(), self.model)
        self.assertEqual([path.name for path in place.iterdir()], ["run.casd"])
        shutil.rmtree(place)

    def assert_one_of(self, path, versions):
        bytes_there = path.read_bytes() if path.exists() else None
        self.assertIn(bytes_there, versions)

    def test_the_shim_records_every_version(self):
        self.assertEqual(len(self.versions["run.casd.checkpoint"]), CHECKPOINTS)
        self.assertEqual(len(self.versions["run.casd"]), 1)
        self.assertNotEqual(self.older, self.model)

    def test_killed_while_writing_a_checkpoint(self):
        versions = [None, *self.versions["run.casd.checkpoint"]]
        for at in POINTS:
            for occurrence in (1, CHECKPOINTS):
                with self.subTest(at=at, occurrence=occurrence):
                    place = self.place()
                    done = self.train(place, kill_file="run.casd.checkpoint", at=at,
                                      occurrence=occurrence)
                    self.assertEqual(done.returncode, -signal.SIGKILL)
                    expected = versions[occurrence if at == "after_rename" else occurrence - 1]
                    self.assert_one_of(place / "run.casd.checkpoint", [expected])
                    self.assertEqual((place / "run.casd").read_bytes(), self.older)
                    self.finish(place)

    def test_killed_while_writing_the_model(self):
        for at in POINTS:
            with self.subTest(at=at):
                place = self.place()
                done = self.train(place, kill_file="run.casd", at=at, occurrence=1)
                self.assertEqual(done.returncode, -signal.SIGKILL)
                expected = self.model if at == "after_rename" else self.older
                self.assertEqual((place / "run.casd").read_bytes(), expected)
                self.finish(place)

    def test_a_finished_checkpoint_belongs_to_its_data(self):
        place = self.place()
        self.train(place, kill_file="run.casd", at="before_write", occurrence=1)
        command = [word.replace("synthetic", "synthetic:7") for word in self.command(place)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not the dataset that the training began with", done.stderr)
        self.assertIn("--restart", done.stderr)
        self.assertEqual((place / "run.casd").read_bytes(), self.older)
        self.finish(place)

    def test_killed_at_random_moments(self):
        moments = random.Random(20)
        killed = 0
        for moment in range(20):
            with self.subTest(moment=moment):
                place = self.place()
                process = subprocess.Popen(self.command(place), stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                time.sleep(self.seconds * moments.uniform(0.2, 1.0))
                process.kill()
                killed += process.wait() == -signal.SIGKILL
                self.assert_one_of(place / "run.casd.checkpoint",
                                   [None, *self.versions["run.casd.checkpoint"]])
                self.assert_one_of(place / "run.casd", [self.older, self.model])
                self.finish(place)
        self.assertGreater(killed, 5, "the moments came too late")

    def test_interrupted_by_the_user(self):
        place = self.place()
        process = subprocess.Popen(self.command(place), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.startswith("teacher 1/2  loss"):
                break
        process.send_signal(signal.SIGINT)
        _, words = process.communicate()
        self.assertEqual(process.returncode, 1)
        self.assertIn("the same command resumes", words)
        self.assertTrue((place / "run.casd.checkpoint").exists())
        self.assertEqual((place / "run.casd").read_bytes(), self.older)
        self.finish(place)


if __name__ == "__main__":
    unittest.main()
