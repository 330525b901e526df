"""`casd train`: its output, checkpoints, restarting, and files that it must not overwrite."""
import os
import pathlib
import random
import resource
import signal
import subprocess
import unittest

from support import PROGRAM, SMALL, InFolder, casd, needs_torch, write_moods

OLD_CHECKPOINT = pathlib.Path(__file__).resolve().parents[1] / "data/trainer_v2.checkpoint"


class Train(InFolder):
    def setUp(self):
        self.out = self.folder / f"{self.id().split('.')[-1]}.casd"
        self.checkpoint = self.folder / (self.out.name + ".checkpoint")

    def command(self, data="synthetic", *words):
        return ("train", data, "-o", self.out, *SMALL, "--epochs", "2", *words)

    def assert_nothing_written(self):
        self.assertFalse(self.out.exists())
        self.assertFalse(self.checkpoint.exists())

    def interrupted(self, *words, checkpoint=None):
        """A training stopped by Ctrl-C after its first epoch, with its checkpoint."""
        words = ("train", "synthetic", "-o", self.out, *SMALL, "--epochs", "200", *words)
        process = subprocess.Popen([str(word) for word in (PROGRAM, *words)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.startswith("teacher 1/2"):
                break
        process.send_signal(signal.SIGINT)
        message = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(), 1)
        self.assertIn("stopped; the same command resumes from", message)
        self.assertTrue((checkpoint or self.checkpoint).exists())
        return words

    def test_progress_is_a_line_per_epoch(self):
        result = casd(*self.command())
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [line for line in result.stderr.splitlines() if " loss " in line]
        self.assertEqual([line.split("  ")[0] for line in lines],
                         ["teacher 1/2", "teacher 2/2", "student 1/2", "student 2/2"])
        for line in lines:
            self.assertRegex(line, r"loss [\d.]+  score: (mean )?F1 % [\d.-]+ \(best [\d.-]+\)  "
                                   r"\d+ samples/s  .* left")
        self.assertRegex(result.stdout, rf"^saved {self.out}: \d+ parameters, pooling (last|mean)\n")
        self.assertFalse(self.checkpoint.exists())

    def test_it_ends_with_the_table_of_split_valid(self):
        output = self.succeeds(*self.command())
        self.assertIn("on split valid: 200 samples (selected and calibrated on them: slightly "
                      "optimistic)\n", output)
        table = output[output.index("\ncondition"):output.index("\n\nmean F1")]
        self.assertIn(table, self.succeeds("eval", self.out, "synthetic", "--split", "valid"))
        self.assertRegex(output, r"\n(Remark: .* alone is ahead of all|No single modality and not the "
                                 r"linear model alone is ahead of all) modalities together")

    def test_evidence_and_remarks_follow_the_table(self):
        result = casd(*self.command())
        self.assertEqual(result.returncode, 0, result.stderr)
        table = result.stdout[result.stdout.index("\nmodality  evidence nu  weight C  variance V  "
                                                  "sigma_F\n"):].splitlines()[2:]
        for row, name in zip(table, ("language", "audio", "visual")):
            self.assertRegex(row, rf"^{name} +\d+\.\d +0\.\d\d +\d+\.\d\d +\d+\.\d\d$")
        self.assertRegex(table[3], r"^all +- +- +- +\d+\.\d\d$")
        self.assertTrue(table[4].startswith("Remark: too few steps: teacher 10 (at least 120), "
                                            "student 20 (at least 160);"), table[4])
        # A remark is printed once, with the results.
        self.assertEqual(result.stdout.count("too few steps"), 1)
        self.assertNotIn("too few steps", result.stderr)
        self.assertEqual([remark for remark in table[4:] if not remark.startswith("Remark: ")], [])
        result = casd(*self.command()[:3], "/dev/stdout", *self.command()[4:], text=False)
        self.assertIn(b"Remark: too few steps", result.stderr)

    def test_one_modality_has_no_row_for_all(self):
        data = self.folder / "single.csv"
        data.write_text("sample,label,a.x\n" + "".join(f"s{i},{i % 2},{i}\n" for i in range(40)))
        output = self.succeeds(*self.command(data))
        self.assertRegex(output, r"\na  +\d")
        self.assertNotIn("\nall ", output)

    def test_a_modality_that_is_ahead_is_named(self):
        """One modality tells the class; what the other one tells is wrong in split valid."""
        rows = ["split,sample,label,mood.a,noise.a,noise.b"]
        random.seed(4)
        for split, count in (("train", 80), ("valid", 400)):
            for i in range(count):
                label = ("low", "high")[i % 2]
                noise = [random.gauss(0, 1) for _ in range(2)]
                shift = 3 if split == "train" else -1.5
                noise = [n + shift * (2 * (i % 2) - 1) for n in noise]
                rows.append(f"{split},{i},{label},{2 * (i % 2) - 1 + random.gauss(0, 0.7):.3f},"
                            f"{noise[0]:.3f},{noise[1]:.3f}")
        data = self.folder / "noise.csv"
        data.write_text("\n".join(rows) + "\n")
        output = self.succeeds("train", data, "-o", self.out, "--recipe", "evidential", "--set",
                               "hidden=16", "--restart")
        self.assertRegex(output, r"\nRemark: mood alone is ahead of all modalities together")

    def test_the_same_seed_gives_the_same_bytes(self):
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            self.succeeds("train", "synthetic", "-o", self.folder / name, "--epochs", "1",
                          "--seed", seed, *SMALL)
        a, b, c = ((self.folder / name).read_bytes() for name in "abc")
        self.assertEqual(a, b)
        self.assertNotEqual(a, c)

    def test_the_plan(self):
        text = casd(*self.command()).stderr
        self.assertLess(text.index("task:"), text.index("teacher 1/2  loss"))
        for line in ("data: synthetic",
                     "task: classes negative, positive (that of the synthetic data)",
                     "modalities: language (16 features), audio (12), visual (10)",
                     "samples: train 600, valid 200, test 200",
                     "labels in train: negative 308, positive 292",
                     "labels in valid: negative 106, positive 94",
                     "training: batch size 64 (auto), teacher at most 1 epoch with pooling last, and the "
                     "same with mean, student at most 2 epochs, 10 steps per epoch: at most 40 steps"):
            self.assertIn(line + "\n", text)
        self.assertRegex(text, r"\nscore: mean F1 % on valid")
        self.assertIn(str(self.checkpoint), text)

    def test_automatic_settings_are_printed(self):
        process = subprocess.Popen([str(PROGRAM), "train", "synthetic", "-o", self.out],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        text = ""
        while "training: " not in text:
            text = process.stderr.readline()
        process.kill()
        process.stderr.close()
        process.wait()
        self.assertEqual(text, "training: batch size 64 (auto), teacher at most 24 epochs (auto) with "
                               "pooling last, and the same with mean, student at most 32 epochs "
                               "(auto), 10 steps per epoch: at most 800 steps\n")
        self.assertIn("batch size 100, ", casd(*self.command("synthetic", "--set",
                                                             "batch_size=100")).stderr)

    def test_the_plan_explains_the_task(self):
        moods = write_moods(self.folder / "moods.csv")
        text = casd(*self.command(moods)).stderr
        self.assertIn("task: regression of value (inferred from the labels)\n", text)
        self.assertIn("labels in train: 40 numbers\n", text)
        text = casd(*self.command(moods, "--task", "classes:bad,good", "--restart")).stderr
        self.assertIn("task: classes bad, good (given with --task)\n", text)
        self.assertIn("1 without a label", text)  # a mood of zero has no class

    def test_a_class_that_valid_lacks_is_a_warning(self):
        data = self.folder / "lacking.csv"
        data.write_text("sample,split,label,a.x\n" + "".join(
            f"s{i},{'valid' if i > 8 else 'train'},{'sad' if i % 2 and i < 9 else 'glad'},{i}\n"
            for i in range(12)))
        self.assertIn("warning: split valid has no sample of class 'sad'",
                      casd(*self.command(data)).stderr)

    def test_the_plan_counts_missing_modalities(self):
        moods = write_moods(self.folder / "moods_missing.csv")
        self.assertIn("face (1; missing in 8 samples of train)", casd(*self.command(moods)).stderr)

    def test_a_part_of_train_is_held_out(self):
        data = write_moods(self.folder / "whole.csv", split=False, classes=("bad", "good"))
        text = casd(*self.command(data)).stderr
        self.assertRegex(text, r"held out: 12 of 60 samples of train as valid, as the data has no "
                               r"split valid \(--valid 0.20, seed 0\)\n")
        self.assertIn("samples: train 48, valid 12\n", text)
        self.assertIn("labels in valid: bad 6, good 6", text)
        self.assertIn("temperatures", self.succeeds("info", self.out))  # calibrated
        first = self.out.read_bytes()
        self.succeeds(*self.command(data))
        self.assertEqual(self.out.read_bytes(), first)
        self.assertRegex(casd(*self.command(data, "--seed", "3")).stderr, r"held out: .* seed 3\)\n")

    def test_how_much_is_held_out(self):
        data = write_moods(self.folder / "share.csv", split=False, classes=("bad", "good"))
        text = casd(*self.command(data, "--valid", "0.3")).stderr
        self.assertIn("held out: 18 of 60 samples", text)
        text = casd(*self.command(data, "--valid", "0")).stderr
        self.assertIn("held out: nothing (--valid 0)\n", text)
        self.assertIn("score: none", text)
        # The library holds out nothing either.
        self.assertNotIn("F1", text)
        self.assertIn("teacher at most 1 epoch, student", text)
        text = casd(*self.command(data, "--set", "hold_out=0.3")).stderr
        self.assertIn("held out: 18 of 60 samples", text)
        self.fails(2, "--valid", *self.command(data, "--valid", "1"))
        text = casd(*self.command("synthetic", "--valid", "0.3")).stderr
        self.assertIn("--valid is not used: the data has a split valid\n", text)
        self.assertIn("samples: train 600, valid 200", text)

    def test_groups_stay_together(self):
        data = write_moods(self.folder / "groups.csv", split=False, classes=("bad", "good"),
                           group=True)
        self.assertRegex(casd(*self.command(data)).stderr, r"held out: \d+ of 60 .*whole groups")

    def test_too_little_to_hold_out(self):
        data = self.folder / "little.csv"
        data.write_text("sample,label,a.x\ns0,glad,1\ns1,sad,2\n")
        self.fails(1, "--valid: ", *self.command(data, "--valid", "0.5"))
        self.assert_nothing_written()
        text = casd(*self.command(data)).stderr
        self.assertIn("held out: nothing: ", text)
        self.assertTrue(self.out.exists())

    def test_standard_input(self):
        data = write_moods(self.folder / "piped.csv", classes=("bad", "good"))
        self.succeeds(*self.command(data))
        from_file = self.out.read_bytes()
        self.succeeds(*self.command("-"), input=data.read_text())
        self.assertEqual(self.out.read_bytes(), from_file)
        self.fails(1, "standard input", *self.command("-"), input="")
        self.fails(1, "standard input, line 1", *self.command("-"), input="a,b\n1,2\n")
        self.fails(1, "standard input could not be read", *self.command("-"),
                   preexec_fn=lambda: os.close(0))

    def test_a_column_of_0_and_1_means_classes(self):
        data = self.folder / "binary.csv"
        data.write_text("sample,label,a.x\n" + "".join(f"s{i},{i % 2},{i}\n" for i in range(20)))
        self.assertIn("task: classes 0, 1 (inferred from the labels)\n",
                      casd(*self.command(data)).stderr)
        self.assertIn("task: regression of value (given with --task)\n",
                      casd(*self.command(data, "--task", "regression")).stderr)

    def test_a_class_that_train_lacks_is_a_warning(self):
        data = self.folder / "lacking_train.csv"
        data.write_text("sample,split,label,a.x\n" + "".join(
            f"s{i},{'valid' if i > 8 else 'train'},{'sad' if i > 9 else 'glad'},{i}\n"
            for i in range(12)))
        self.assertIn("warning: split train has no sample of class 'sad'",
                      casd(*self.command(data)).stderr)

    def test_rejected_data_leaves_no_checkpoint(self):
        data = self.folder / "rejected.csv"
        good = write_moods(self.folder / "good.csv", classes=("bad", "good"))
        for text in ("sample,split,label,a.x\ns0,test,good,1\ns1,test,bad,2\n",   # no split train
                     "sample,split,label,a.x\ns0,train,good,\ns1,train,bad,\n",   # no frame at all
                     "sample,split,label,a.x\ns0,train,good,1\ns0,train,bad,2\n"):  # two labels
            data.write_text(text)
            with self.subTest(text=text):
                self.fails(1, "casd: ", *self.command(data))
                self.assert_nothing_written()
        self.succeeds(*self.command(good))

    def test_data_rejected_in_the_first_step_leaves_no_checkpoint(self):
        data = self.folder / "long.csv"
        data.write_text("sample,split,label,a.x\n" + "".join(
            f"s{i},{'valid' if i > 5 else 'train'},{'ab'[i % 2]},{t}\n" for i in range(8)
            for t in range(9)))
        self.fails(1, "at most 8", *self.command(data, "--set", "max_steps=8"))
        self.assert_nothing_written()
        self.succeeds(*self.command(data))

    def test_a_failure_in_the_first_epoch_leaves_no_checkpoint(self):
        self.interrupted()
        # Large enough for the checkpoint before the first epoch, which has no teacher yet.
        most = self.checkpoint.stat().st_size - 2000
        self.checkpoint.unlink()

        def limit_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        message = self.fails(1, "cannot be written", *self.command(), preexec_fn=limit_files)
        self.assertNotIn("is kept", message)
        self.assert_nothing_written()

    def test_another_command_rejects_the_checkpoint(self):
        first = self.interrupted()
        before = self.checkpoint.read_bytes()
        message = self.fails(1, "made with other options", *first, "--set", "dropout=0.1",
                             "--set", "layers=2")
        self.assertIn("layers is 1 there, 2 here; dropout is 0.4 there, 0.1 here.", message)
        self.assertIn("--restart", message)
        self.assertIn(str(self.checkpoint), message)
        self.assertEqual(self.checkpoint.read_bytes(), before)
        self.assertFalse(self.out.exists())

    def test_another_pooling_rejects_the_checkpoint(self):
        first = self.interrupted()  # while the second teacher is trained
        self.fails(1, "pooling is auto there, mean here", *first, "--set", "pooling=mean")
        words = [word if word != "200" else "2" for word in map(str, first)]
        self.succeeds(*words, "--restart", "--set", "pooling=mean")
        self.assertIn("pooling=mean", self.succeeds("info", self.out))

    def test_restart(self):
        first = self.interrupted()
        result = casd(*first, "--set", "dropout=0.1", "--epochs", "1", "--restart")
        self.assertEqual(result.returncode, 2)  # --epochs twice
        words = [word if word != "200" else "1" for word in map(str, first)]
        self.fails(1, "epochs is 200 there, 1 here", *words)
        self.succeeds(*words, "--restart")
        self.assertFalse(self.checkpoint.exists())
        restarted = self.out.read_bytes()
        self.succeeds(*words)
        self.assertEqual(self.out.read_bytes(), restarted)

    def test_another_number_of_threads_resumes(self):
        first = self.interrupted("--set", "threads=1")
        words = [word.replace("threads=1", "threads=2") for word in map(str, first)]
        process = subprocess.Popen([str(PROGRAM), *words], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.startswith("resuming"):
                break
        process.kill()
        process.stderr.close()
        process.wait()
        self.assertIn("its number of threads is kept: 1", line)

    @needs_torch
    def test_the_engine_is_chosen(self):
        words = ("train", "synthetic", *SMALL, "--epochs", "2")
        self.succeeds(*words, "-o", self.out, "--engine", "torch")
        self.fails(2, "--engine", *words, "-o", self.out, "--engine", "gpu")
        self.succeeds("predict", self.out, "synthetic", "--engine", "torch")
        self.succeeds("eval", self.out, "synthetic", "--engine", "cpu")

    def test_a_checkpoint_of_format_2_is_resumed(self):
        self.checkpoint.write_bytes(OLD_CHECKPOINT.read_bytes())
        result = casd("train", "synthetic:3", "-o", self.out, "--threads", "1", "--epochs",
                      "20", "--recipe", "evidential", "--set", "hold_out=0", "--set", "teacher_epochs=2", "--set", "hidden=4", "--set", "heads=1",
                      "--set", "layers=1", "--set", "feed_forward=4", "--set", "batch_size=32")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("resuming from", result.stderr)
        self.assertTrue(self.out.exists())

    def test_another_dataset_rejects_the_checkpoint(self):
        first = self.interrupted()
        message = self.fails(1, "not the dataset that the training began with",
                             *[word if word != "synthetic" else "synthetic:1" for word in first])
        self.assertIn("--restart", message)
        self.assertTrue(self.checkpoint.exists())

    def test_a_damaged_checkpoint(self):
        self.interrupted()
        content = bytearray(self.checkpoint.read_bytes())
        content[-100] ^= 1
        self.checkpoint.write_bytes(content)
        self.assertIn("--restart", self.fails(1, "checkpoint cannot be used", *self.command()))
        self.succeeds(*self.command("synthetic", "--restart"))

    def test_the_checkpoint_is_a_file(self):
        chosen = self.folder / "chosen.checkpoint"
        self.interrupted("--checkpoint", chosen, checkpoint=chosen)
        self.assertFalse(self.checkpoint.exists())
        self.fails(1, "is a folder; name a file", *self.command("synthetic", "--checkpoint",
                                                               self.folder))

    def test_other_files_are_not_overwritten(self):
        self.out.write_text("my notes\n")
        for words in (self.command(), self.command("synthetic", "--restart")):
            self.fails(1, "not a CASD model, so that it is not overwritten", *words)
        self.assertEqual(self.out.read_text(), "my notes\n")
        self.assertFalse(self.checkpoint.exists())
        self.out.unlink()
        self.out.touch()  # as mktemp makes them
        self.checkpoint.write_text("other notes\n")
        self.fails(1, "not a CASD checkpoint", *self.command("synthetic", "--restart"))
        self.assertEqual(self.checkpoint.read_text(), "other notes\n")
        self.checkpoint.unlink()
        self.succeeds(*self.command())
        self.succeeds(*self.command())  # a model may be replaced

    def test_the_data_is_not_overwritten(self):
        data = write_moods(self.folder / "both.csv")
        before = data.read_bytes()
        self.fails(1, "not a CASD model", "train", data, "-o", data, *SMALL)
        self.assertEqual(data.read_bytes(), before)

    def test_unwritable_paths(self):
        self.fails(1, "no/such/x.casd", "train", "synthetic", "-o", "no/such/x.casd")
        self.fails(1, "is a folder", "train", "synthetic", "-o", self.folder)
        elsewhere = self.folder / "elsewhere.checkpoint"
        self.fails(1, "no/such/x.casd", "train", "synthetic", "-o", "no/such/x.casd",
                   "--checkpoint", elsewhere)
        self.fails(1, "no/such/c", *self.command("synthetic", "--checkpoint", "no/such/c"))
        self.assert_nothing_written()
        self.assertFalse(elsewhere.exists())
        if os.geteuid() != 0:
            locked = self.folder / "locked"
            locked.mkdir(mode=0o555)
            self.fails(1, "not writable", "train", "synthetic", "-o", locked / "x.casd")


del InFolder

if __name__ == "__main__":
    unittest.main()
