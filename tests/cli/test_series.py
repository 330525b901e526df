"""Files of the UEA archive (.ts): `train --modalities --test`, `eval`, `predict`."""
import json
import os
import pathlib
import unittest

from support import SMALL, InFolder, casd, write_moods

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETS = pathlib.Path(os.environ.get("CASD_SETS", ROOT / "third_party/sets"))
GROUPS = ("--modalities", "accelerometer=0-1,gyroscope=2")


def write_series(path, samples=30, classes="still moving", channels=3):
    """Classes that differ in the mean of all channels; series of unequal length."""
    names = classes.split()
    lines = ["# made for a test", "@problemName Moves", f"@classLabel true {classes}", "@data"]
    for sample in range(samples):
        kind = sample % 2
        values = [",".join(str(kind + (sample * 7 + channel * 3 + t) % 5 / 10)
                           for t in range(2 + sample % 3)) for channel in range(channels)]
        lines.append(":".join([*values, names[kind]]))
    path.write_text("\n".join(lines) + "\n")
    return path


class Series(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = write_series(cls.folder / "Moves_TRAIN.ts")
        cls.test = write_series(cls.folder / "Moves_TEST.ts", 10)
        cls.model = cls.train("moves.casd", cls.data, *GROUPS)

    def command(self, *words, data=None):
        return ("train", data or self.data, "-o", self.folder / "out.casd", *SMALL, "--epochs", "1",
                "--restart", *words)

    def test_the_plan_and_the_table_of_test(self):
        result = casd(*self.command(*GROUPS, "--test", self.test))
        self.assertEqual(result.returncode, 0, result.stderr)
        for line in ("task: classes still, moving (from the file's header)",
                     "modalities: accelerometer (2 features), gyroscope (1)",
                     "samples: train 24, valid 6, test 10"):
            self.assertIn(line + "\n", result.stderr)
        self.assertIn(f"out.casd on {self.test}: 10 samples\n", result.stdout)
        for condition in ("accelerometer ", "gyroscope ", "accelerometer+gyroscope "):
            self.assertIn("\n" + condition, result.stdout)
        # The same numbers as those of a separate evaluation.
        table = result.stdout[result.stdout.index("\ncondition"):result.stdout.index("\nNo single")]
        self.assertIn(table, self.succeeds("eval", self.folder / "out.casd", self.test))

    def test_without_groups_all_channels_are_one_modality(self):
        self.assertIn("modalities: series (3 features)\n", casd(*self.command()).stderr)

    def test_the_model_keeps_its_groups(self):
        self.assertIn("user.modalities: accelerometer=0-1,gyroscope=2",
                      self.succeeds("info", self.model))
        for words in (("eval", self.model, self.test, "--json"),
                      ("predict", self.model, self.test, "--csv", "--split", "test")):
            self.assertEqual(self.succeeds(*words), self.succeeds(*words, *GROUPS))
            self.assertNotEqual(self.succeeds(*words), self.succeeds(
                *words, "--modalities", "accelerometer=2,1,gyroscope=0"))
        # The names of modalities and the counts of their features must be those of the model.
        self.fails(1, "unknown modalities: 'magnetometer'", "eval", self.model, self.test,
                   "--modalities", "magnetometer=0-2")
        self.fails(1, "'accelerometer': 1 features, expected 2", "predict", self.model, self.test,
                   "--modalities", "accelerometer=0,gyroscope=2")

    def test_eval_takes_the_split_from_the_files_name(self):
        self.assertIn("split test: 10 samples", self.succeeds("eval", self.model, self.test))
        self.assertIn("split train: 30 samples\nRemark", self.succeeds("eval", self.model, self.data))

    def test_labels_are_matched_by_name(self):
        turned = write_series(self.folder / "Turned_TEST.ts", 10)
        turned.write_text(turned.read_text().replace("true still moving", "true moving still"))
        one, two = (json.loads(self.succeeds("eval", self.model, file, "--json"))
                    for file in (self.test, turned))
        self.assertEqual(one["conditions"], two["conditions"])

    def test_wrong_modalities(self):
        for words, message in (("a=0-1,b=1", "channel 1 occurs twice, in 'a' and 'b'"),
                               ("a=0-3", "needs channel 3, the file has the channels 0 to 2"),
                               ("0-2", "'0-2' has no name"), ("a=x", "neither a channel nor a range")):
            self.fails(1, message, *self.command("--modalities", words))
        moods = write_moods(self.folder / "moods.csv")
        self.fails(1, ".ts files only", *self.command(*GROUPS, data=moods))
        for data in ("synthetic", "-"):
            self.fails(2, "--modalities needs a .ts file", *self.command(*GROUPS, data=data))

    def test_test_data_of_other_formats(self):
        moods = write_moods(self.folder / "all.csv", classes=("bad", "good"))
        later = write_moods(self.folder / "later.csv", 12, split=False, classes=("bad", "good"))
        result = casd(*self.command("--test", later, data=moods))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"{later}: 12 samples", result.stdout)
        self.fails(1, "there is no split 'test'; the file's splits: valid, train",
                   *self.command("--test", moods, data=later))
        self.fails(1, "unknown modalities: 'series'", *self.command("--test", self.test, data=moods))

    def test_wrong_test_files(self):
        self.fails(1, "has a split test", *self.command("--test", self.test, data="synthetic"))
        self.fails(1, "absent.ts",
                   *self.command("--test", self.folder / "absent.ts"))
        self.fails(1, "needs channel 2", *self.command(
            *GROUPS, "--test", write_series(self.folder / "Few_TEST.ts", channels=2)))
        self.fails(1, "--test needs a file for --output", "train", self.data, "-o", "/dev/stdout",
                   "--test", self.test)
        self.assertFalse((self.folder / "out.casd.checkpoint").exists())

    def test_damaged_files_name_the_line(self):
        damaged = self.folder / "Damaged_TRAIN.ts"
        damaged.write_text(self.data.read_text().replace("1.", "1;", 1))
        self.fails(1, "Damaged_TRAIN.ts, line 6: channel 0", *self.command(data=damaged))


@unittest.skipUnless(SETS.is_dir(), f"not there: {SETS} (scripts/fetch_sets)")
class Archive(InFolder):
    """BasicMotions and JapaneseVowels as they are published."""

    def test_basic_motions(self):
        result = casd("train", SETS / "BasicMotions_TRAIN.ts", "-o", self.folder / "a.casd", *SMALL,
                      "--epochs", "1", "--modalities", "accelerometer=0-2,gyroscope=3-5", "--test",
                      SETS / "BasicMotions_TEST.ts")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("task: classes Standing, Running, Walking, Badminton", result.stderr)
        self.assertIn("samples: train 32, valid 8, test 40\n", result.stderr)

    def test_japanese_vowels(self):
        result = casd("train", SETS / "JapaneseVowels_TRAIN.ts", "-o", self.folder / "b.casd", *SMALL,
                      "--epochs", "1", "--modalities", "low=0-3,middle=4-7,high=8-11", "--test",
                      SETS / "JapaneseVowels_TEST.ts")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("task: classes 1, 2, 3, 4, 5, 6, 7, 8, 9", result.stderr)
        self.assertIn("samples: train 216, valid 54, test 370\n", result.stderr)


if __name__ == "__main__":
    unittest.main()
