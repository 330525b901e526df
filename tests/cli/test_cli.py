"""The program `casd` as a user meets it: words, tables, JSON, exit codes (0 done, 1 failed, 2 usage)."""
import json
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["CASD_BUILD_DIR"])
PROGRAM = BUILD / "bin/casd"
SMALL = [word for setting in ("teacher_epochs=1", "select_from=0", "hidden=8", "heads=2", "layers=1")
         for word in ("--set", setting)]
MASKS = ["language", "audio", "visual", "language+audio", "language+visual", "audio+visual",
         "language+audio+visual"]


def casd(*words, **options):
    return subprocess.run([str(word) for word in (PROGRAM, *words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **options)


class InFolder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="casd-cli-"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def done(self, *words, **options):
        result = casd(*words, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def refused(self, status, message, *words, **options):
        result = casd(*words, **options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertIn(message, result.stderr + result.stdout)
        self.assertEqual(result.stdout if status == 1 else "", "")


class Words(InFolder):
    def test_help_teaches(self):
        for words in ((), ("train",), ("eval",), ("predict",), ("info",)):
            text = self.done(*words, "--help")
            self.assertIn("Usage", text)
            self.assertIn("Example", text)
        self.assertRegex(self.done("--version"), r"^casd \d+\.\d+\.\d+$")

    def test_wrong_usage(self):
        out = self.folder / "never.casd"
        for message, words in (
                ("subcommand", ()),
                ("there is no command 'bake'; there are: train", ("bake",)),
                ("DATA", ("train",)),
                ("--output", ("train", "synthetic")),
                ("--colour", ("train", "synthetic", "-o", out, "--colour")),
                ("cake", ("train", "synthetic", "-o", out, "--recipe", "cake")),
                ("huge", ("train", "synthetic", "-o", out, "--preset", "huge")),
                ("--epochs", ("train", "synthetic", "-o", out, "--epochs", "0")),
                ("evidence_weight", ("train", "synthetic", "-o", out, "--set", "colour=red")),
                ("option=value", ("train", "synthetic", "-o", out, "--set", "hidden")),
                ("1 to 4096", ("train", "synthetic", "-o", out, "--set", "hidden=0")),
                ("cpu, cuda, cuda:N", ("train", "synthetic", "-o", out, "--device", "tpu")),
                ("synthetic:SEED", ("train", "synthetic:x", "-o", out)),
                ("synthetic set's task", ("train", "synthetic", "-o", out, "--task", "classes:a,b")),
        ):
            with self.subTest(words=words):
                self.refused(2, message, *words)
        self.assertFalse(out.exists())

    def test_failures(self):
        broken = self.folder / "broken.casd"
        broken.write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
        text = self.folder / "text.csv"
        text.write_text("nothing,of,use\n1,2,3\n")
        for message, words in (
                ("no/such.casd", ("info", "no/such.casd")),
                ("broken.casd", ("info", broken)),
                ("broken.casd", ("eval", broken, "synthetic")),
                ("no/such.h5", ("train", "no/such.h5", "-o", self.folder / "x.casd")),
                ("text.csv, line 1", ("train", text, "-o", self.folder / "x.casd")),
        ):
            with self.subTest(words=words):
                self.refused(1, message, *words)

    @unittest.skipUnless((BUILD / "lib/libcasd_torch.so").exists(), "not there: libcasd_torch")
    def test_failures_of_training(self):
        self.refused(1, "no/such/x.casd", "train", "synthetic", "-o", "no/such/x.casd")
        self.refused(1, "CUDA", "train", "synthetic", "-o", self.folder / "x.casd", "--device",
                     "cuda:99")
        self.assertFalse(list(self.folder.glob("x.casd*")))


@unittest.skipUnless((BUILD / "lib/libcasd_torch.so").exists(), "not there: libcasd_torch")
class Models(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.folder / "m.casd"
        cls.trained = casd("train", "synthetic", "--output", cls.model, "--epochs", "2", *SMALL)
        if cls.trained.returncode != 0:
            raise AssertionError(cls.trained.stderr)

    def test_progress_is_a_line_an_epoch(self):
        lines = self.trained.stderr.splitlines()
        self.assertEqual([line.split("  ")[0] for line in lines],
                         ["teacher 1/1", "student 1/2", "student 2/2"])
        for line in lines:
            self.assertRegex(line, r"loss [\d.]+  score [\d.-]+  best [\d.-]+  \d+ samples/s  .* left")
        self.assertRegex(self.trained.stdout, rf"^saved {self.model}: \d+ parameters\n$")

    def test_progress_is_a_bar_on_a_terminal(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([str(PROGRAM), "train", "synthetic", "-o",
                                    str(self.folder / "bar.casd"), "--epochs", "1", *SMALL],
                                   stderr=theirs, stdout=subprocess.DEVNULL)
        os.close(theirs)
        drawn = b""
        try:
            while chunk := os.read(ours, 4096):
                drawn += chunk
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        self.assertEqual(process.wait(), 0)
        self.assertIn(b"\r", drawn)
        self.assertRegex(drawn, rb"student 1/1 \[=+\] loss [\d.]+  best [\d.]+  \d+ samples/s  0:00 left")

    def test_the_same_seed_gives_the_same_bytes(self):
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            self.done("train", "synthetic", "-o", self.folder / name, "--epochs", "1", "--threads",
                      "1", "--seed", seed, *SMALL)
        a, b, c = ((self.folder / name).read_bytes() for name in "abc")
        self.assertEqual(a, b)
        self.assertNotEqual(a, c)

    def test_another_command_does_not_take_over_a_checkpoint(self):
        out, folder = self.folder / "kept.casd", self.folder / "kept"
        first = ("train", "synthetic", "-o", out, "--checkpoint", folder, "--epochs", "1", *SMALL)
        folder.mkdir()
        checkpoint = folder / "checkpoint"
        process = subprocess.Popen([str(word) for word in (PROGRAM, *first)],
                                   stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while not checkpoint.exists() and process.poll() is None:
            pass
        process.kill()
        process.wait()
        if not checkpoint.exists():
            self.skipTest("the training was faster than the test")
        self.refused(1, "other options", *first, "--set", "dropout=0.1")
        self.done(*first)
        self.assertFalse(checkpoint.exists())

    def test_eval(self):
        text = self.done("eval", self.model, "synthetic", "--split", "test")
        for mask in MASKS:
            self.assertRegex(text, rf"(?m)^{mask.replace('+', '[+]')} +[\d.]+ ")
        report = json.loads(self.done("eval", self.model, "synthetic", "--split", "test", "--json"))
        self.assertEqual(sorted(report), sorted(["conditions", "mean_incomplete_f1",
                                                 "pooled_auroc_uncertainty",
                                                 "pooled_auroc_confidence"]))
        self.assertEqual(sorted(report["conditions"]), sorted(MASKS))
        for numbers in report["conditions"].values():
            for key in ("f1", "accuracy", "ece", "uncertainty", "auroc_uncertainty",
                        "auroc_confidence"):
                self.assertIn(key, numbers)
        self.assertAlmostEqual(report["mean_incomplete_f1"],
                               sum(report["conditions"][mask]["f1"] for mask in MASKS[:6]) / 6)

    def test_predict(self):
        text = self.done("predict", self.model, "synthetic", "--count", "3", "--mask",
                         "language,audio")
        self.assertRegex(text.splitlines()[0], r"sample +negative +positive +confidence")
        lines = self.done("predict", self.model, "synthetic", "--count", "3", "--mask",
                          "language,audio", "--json").splitlines()
        self.assertEqual(len(lines), 3)
        for line in map(json.loads, lines):
            self.assertEqual(line["status"], "ok")
            self.assertAlmostEqual(sum(line["probabilities"].values()), 1, places=5)
            self.assertGreater(line["uncertainty"], 0)
            self.assertGreater(line["modalities"]["audio"]["variance"], 0)
            self.assertIsNone(line["modalities"]["visual"]["variance"])
        self.assertEqual(len(self.done("predict", self.model, "synthetic", "--json").splitlines()),
                         200)
        self.refused(2, "there are: language, audio, visual", "predict", self.model, "synthetic",
                     "--mask", "smell")
        self.refused(1, "holdout", "predict", self.model, "synthetic", "--split", "holdout")
        self.refused(2, "--count", "predict", self.model, "synthetic", "--count", "-1")

    def test_info(self):
        text = self.done("info", self.model)
        self.assertIn("modality visual: 10 features", text)
        self.assertIn("language+audio=", text)
        info = json.loads(self.done("info", self.model, "--json"))
        self.assertEqual(info["schema"]["outputs"], ["negative", "positive"])
        self.assertTrue(info["trained"])


@unittest.skipUnless((BUILD / "lib/libcasd_torch.so").exists(), "not there: libcasd_torch")
class OwnData(InFolder):
    """A CSV with real labels around zero: its own task is regression, classes by the sign."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = cls.folder / "mood.csv"
        rows = ["sample,split,label,voice.a,voice.b,face.c"]
        for sample in range(60):
            mood = (sample * 37 % 61 - 30) / 10
            split = "valid" if sample % 3 == 0 else "train"
            for frame in range(1 + sample % 3):
                face = "" if sample % 5 == 0 else f"{mood * 2 + frame}"
                rows.append(f"s{sample},{split},{mood},{mood + frame % 2},{-mood},{face}")
        cls.data.write_text("\n".join(rows) + "\n")

    def test_regression(self):
        model = self.folder / "r.casd"
        self.done("train", self.data, "-o", model, "--epochs", "2", *SMALL)
        report = json.loads(self.done("eval", model, self.data, "--json"))
        for numbers in report["conditions"].values():
            for key in ("mae", "correlation", "f1"):
                self.assertIn(key, numbers)
        line = json.loads(self.done("predict", model, self.data, "--count", "1", "--json"))
        self.assertEqual(line["sample"], "s0")
        self.assertIn("values", line)
        self.assertIsNone(line["modalities"]["face"]["variance"])

    def test_classes_of_a_label_around_zero(self):
        model = self.folder / "c.casd"
        self.done("train", self.data, "-o", model, "--task", "classes:negative,positive", "--epochs",
                  "2", *SMALL)
        self.assertIn("classes:negative,positive", self.done("info", model))
        self.assertIn("F1", self.done("eval", model, self.data))


del InFolder

if __name__ == "__main__":
    unittest.main()
