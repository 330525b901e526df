"""`casd calibrate`: a calibration of a trained model on other samples."""
import json
import unittest

from support import InFolder, casd, on_terminal, write_moods


def calibration(test, model):
    return json.loads(test.succeeds("info", model, "--json"))["calibration"]


class Calibrate(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train("m.casd")

    def calibrate(self, name, data, *words, model=None):
        out = self.folder / name
        return out, self.succeeds("calibrate", model or self.model, data, "-o", out, *words)

    def test_the_table_shows_what_was_fitted(self):
        out, text = self.calibrate("other.casd", "synthetic:5", "--split", "test")
        self.assertIn(f"saved {out}: {self.model} calibrated on synthetic:5, split test: 200 samples",
                      text.replace("\n", " "))
        fitted = calibration(self, out)
        self.assertNotEqual(fitted, calibration(self, self.model))
        for m, name in enumerate(("language", "audio", "visual")):
            self.assertRegex(text, rf"(?m)^{name} +{fitted['trust'][m]:.3f} +{fitted['linear'][m]:.3f}$")
        row = next(line.split() for line in text.splitlines() if line.startswith("language+audio+visual"))
        self.assertEqual(row[1], f"{fitted['temperatures']['7']:.2f}")
        # The numbers are those of casd eval.
        for model, place in ((self.model, 2), (out, 3)):
            report = json.loads(self.succeeds("eval", model, "synthetic:5", "--split", "test", "--json"))
            numbers = report["conditions"]["language+audio+visual"]
            self.assertEqual([row[place], row[place + 2], row[place + 4]],
                             [f"{numbers['nll']:.3f}", f"{numbers['ece']:.1f}", f"{numbers['f1']:.1f}"])
        self.assertIn("slightly optimistic", text)

    def test_the_training_samples_give_the_training_s_calibration(self):
        out, _ = self.calibrate("same.casd", "synthetic", "--maps", "--threads", "2")
        self.assertEqual(out.read_bytes(), self.model.read_bytes())

    def test_progress_is_a_line_on_a_terminal(self):
        for columns in (30, 80):
            text, status = on_terminal("calibrate", self.model, "synthetic:5", "-o",
                                       self.folder / "line.casd", columns=columns, stream="stderr")
            self.assertEqual(status, 0, text)
            lines = text.split("\r\033[K")
            self.assertEqual((lines[0], lines[-1]), ("", ""))  # removed at the end
            self.assertEqual([line for line in lines if len(line) >= columns], [])
            whole = [line.split(" ")[0] for line in lines if line.endswith("=] 100 %")]
            self.assertEqual(whole, ["calibrating", "evaluating", "evaluating"])
        for words in (("calibrate", self.model, "synthetic", "-o", self.folder / "silent.casd"),
                      ("eval", self.model, "synthetic")):
            self.assertEqual(casd(*words).stderr, "")
        text, _ = on_terminal("eval", self.model, "synthetic", columns=80, stream="stderr")
        self.assertTrue(text.endswith("] 100 %\r\033[K"), text)

    def test_the_model_can_be_replaced(self):
        copy = self.folder / "copy.casd"
        copy.write_bytes(self.model.read_bytes())
        self.calibrate("copy.casd", "synthetic:5", model=copy)
        self.assertNotEqual(copy.read_bytes(), self.model.read_bytes())

    def test_the_model_can_go_to_a_pipe(self):
        result = casd("calibrate", self.model, "synthetic", "-o", "/dev/stdout", text=False)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout, self.model.read_bytes())
        self.assertIn(b"saved /dev/stdout", result.stderr)

    def test_data_without_a_split(self):
        data = write_moods(self.folder / "moods.csv", classes=("bad", "good"))
        model = self.train("moods.casd", data)
        data = write_moods(self.folder / "new.csv", classes=("bad", "good"), split=False)
        _, text = self.calibrate("new.casd", data, model=model)
        self.assertIn("split train: 60 samples", text.replace("\n", " "))
        self.assertIn("Remark: a model that was trained on these samples", text)

    def test_a_regression(self):
        data = write_moods(self.folder / "numbers.csv")
        model = self.train("numbers.casd", data)
        _, text = self.calibrate("r.casd", data, model=model)
        self.assertRegex(text, r"(?m)^condition +absolute error before +absolute error after +"
                               r"log loss before +log loss after$")
        self.assertNotIn("temperature", text)

    def test_errors(self):
        out = self.folder / "never.casd"
        data = write_moods(self.folder / "unlabelled.csv", label=False)
        other = self.folder / "other.txt"
        other.write_text("no model")
        for status, message, words in (
                (2, "--output", (self.model, "synthetic")),
                (2, "Did you mean '--maps'?", (self.model, "synthetic", "-o", out, "--map")),
                (1, "its splits: train, valid, test", (self.model, "synthetic", "-o", out, "--split", "x")),
                (1, "no/such.casd", ("no/such.casd", "synthetic", "-o", out)),
                (1, "not a CASD model", (other, "synthetic", "-o", out)),
                (1, "not overwritten", (self.model, "synthetic", "-o", other)),
                (1, "is a folder", (self.model, "synthetic", "-o", self.folder)),
                (1, "unknown modalities: 'voice', 'face'", (self.model, data, "-o", out)),
                (1, "no split 'train'", (self.model, "synthetic", "-o", out, "--split", "train", "--maps")),
        ):
            with self.subTest(words=words):
                self.fails(status, message, "calibrate", *words)
        self.assertFalse(out.exists())
        self.assertEqual(other.read_text(), "no model")


del InFolder

if __name__ == "__main__":
    unittest.main()
