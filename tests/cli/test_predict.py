"""`casd predict`, `eval` and `info`: tables, JSON, CSV, labels, splits, masks."""
import csv
import io
import json
import unittest

from support import MASKS, InFolder, casd, needs_torch, rows_of, write_moods


class Classes(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train("m.casd")

    def json_lines(self, *words):
        return [json.loads(line) for line in self.succeeds("predict", *words, "--json").splitlines()]

    @needs_torch
    def test_the_engines_agree_on_every_sample(self):
        # The model has linear maps and a guard, which CASD computes itself for an engine of a plug-in.
        answers = [self.json_lines(self.model, "synthetic", "--count", "9", "--engine", engine)
                   for engine in ("cpu", "torch")]
        self.assertEqual([len(rows) for rows in answers], [9, 9])
        for ours, theirs in zip(*answers):
            self.assertEqual(ours["sample"], theirs["sample"])
            for a, b in zip(ours["probabilities"].values(), theirs["probabilities"].values()):
                self.assertAlmostEqual(a, b, delta=1e-4)
            self.assertAlmostEqual(ours["uncertainty"] / theirs["uncertainty"], 1, delta=1e-3)

    def test_eval(self):
        text = self.succeeds("eval", self.model, "synthetic", "--split", "test")
        self.assertRegex(text, r"(?m)^condition +F1 % +mean uncertainty +accuracy %")
        for mask in MASKS:
            self.assertRegex(text, rf"(?m)^{mask.replace('+', '[+]')} +[\d.]+ ")
        report = json.loads(self.succeeds("eval", self.model, "synthetic", "--split", "test",
                                          "--json"))
        self.assertEqual(sorted(report), sorted(["conditions", "mean_incomplete_f1",
                                                 "pooled_auroc_uncertainty",
                                                 "pooled_auroc_confidence", "modalities",
                                                 "remarks"]))
        self.assertEqual(sorted(report["conditions"]), sorted(MASKS))
        self.assertEqual(sorted(report["modalities"]), ["audio", "language", "visual"])
        for numbers in report["conditions"].values():
            for key in ("f1", "accuracy", "ece", "uncertainty", "auroc_uncertainty",
                        "auroc_confidence"):
                self.assertIn(key, numbers)
        self.assertAlmostEqual(report["mean_incomplete_f1"],
                               sum(report["conditions"][mask]["f1"] for mask in MASKS[:6]) / 6)

    def test_eval_prefers_split_valid_to_test(self):
        self.assertIn("split valid: 200 samples", self.succeeds("eval", self.model, "synthetic"))

    def test_eval_of_some_modalities(self):
        report = json.loads(self.succeeds("eval", self.model, "synthetic", "--json", "--mask",
                                          "language,audio"))
        self.assertEqual(list(report["conditions"]), ["language", "audio", "language+audio"])
        everything = json.loads(self.succeeds("eval", self.model, "synthetic", "--json"))
        for name, numbers in report["conditions"].items():
            self.assertEqual(numbers, everything["conditions"][name])
        self.assertEqual(report["mean_incomplete_f1"],
                         (report["conditions"]["language"]["f1"] +
                          report["conditions"]["audio"]["f1"]) / 2)
        # The option does not consume the following arguments.
        self.succeeds("eval", "--mask", "audio", self.model, "synthetic")
        self.fails(2, "there are: language, audio, visual", "eval", self.model, "synthetic",
                   "--mask", "smell")

    def test_eval_explains_an_auroc_below_chance(self):
        model = self.train("unguarded.casd", "synthetic", "--set", "input_guard=0")
        report = json.loads(self.succeeds("eval", model, "synthetic", "--json"))
        text = self.succeeds("eval", model, "synthetic")
        below = [name for name, numbers in report["conditions"].items()
                 if numbers["auroc_uncertainty"] < 0.5]
        self.assertTrue(below, "train another model: this one does not show it")
        self.assertIn(f"the AUROC of the uncertainty is below 0.5 (worse than chance) for "
                      f"{', '.join(below)}: there, a large uncertainty does not indicate errors",
                      text)

    def test_predict_json(self):
        lines = self.json_lines(self.model, "synthetic", "--count", "3", "--mask", "language,audio")
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertEqual((line["status"], line["split"]), ("ok", "valid"))
            self.assertIn(line["label"], ("negative", "positive"))
            best = max(line["probabilities"], key=line["probabilities"].get)
            self.assertEqual(line["predicted"], best)
            self.assertAlmostEqual(sum(line["probabilities"].values()), 1, places=5)
            self.assertGreater(line["uncertainty"], 0)
            self.assertGreater(line["modalities"]["audio"]["variance"], 0)
            self.assertIsNone(line["modalities"]["visual"]["variance"])

    def test_predict_table(self):
        text = self.succeeds("predict", self.model, "synthetic", "--count", "3")
        self.assertIn("split valid: 200 samples", text)
        self.assertRegex(text, r"(?m)^sample +label +predicted +confidence +uncertainty +prediction set +"
                               r"probability negative +probability positive +variance language")
        self.assertRegex(text, r"(?m)^0 +(negative|positive) +(negative|positive) +0\.\d{3} ")
        self.assertNotIn(" split ", text.splitlines()[2])

    def test_predict_csv_reads_back_as_json(self):
        words = (self.model, "synthetic", "--count", "5", "--mask", "audio,visual")
        rows = rows_of(self.succeeds("predict", *words, "--csv"))
        lines = self.json_lines(*words)
        self.assertEqual(len(rows), 5)
        for row, line in zip(rows, lines):
            for key in ("sample", "split", "label", "status", "predicted"):
                self.assertEqual(row[key], line[key])
            for key in ("confidence", "uncertainty", "disagreement"):
                self.assertEqual(float(row[key]), line[key])
            for name, value in line["probabilities"].items():
                self.assertEqual(float(row[f"probability:{name}"]), value)
            for name, fields in line["modalities"].items():
                for field, value in fields.items():
                    cell = row[f"{field}:{name}"]
                    self.assertEqual(float(cell) if cell else None, value)

    def test_csv_quotes_special_characters(self):
        data = self.folder / "names.csv"
        names = ['a,b', 'say ""this""', "plain", "two\nlines"]
        columns = [f"{modality}.{i}" for modality, count in
                   (("language", 16), ("audio", 12), ("visual", 10)) for i in range(count)]
        data.write_text(",".join(["sample", *columns]) + "\n" + "".join(
            f'"{name}"' + ",1" * len(columns) + "\n" for name in names))
        result = casd("predict", self.model, data, "--csv")
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual([row["sample"] for row in rows], ['a,b', 'say "this"', "plain",
                                                           "two\nlines"])

    def test_splits(self):
        self.assertEqual(len(self.json_lines(self.model, "synthetic")), 200)
        lines = self.json_lines(self.model, "synthetic", "--split", "all")
        self.assertEqual([line["split"] for line in lines],
                         ["train"] * 600 + ["valid"] * 200 + ["test"] * 200)
        self.assertEqual(len(self.json_lines(self.model, "synthetic", "--split", "all", "--count",
                                             "700")), 700)
        text = self.succeeds("predict", self.model, "synthetic", "--split", "all", "--count", "601")
        self.assertIn("all splits (train, valid, test): 1000 samples", text)
        self.assertRegex(text, r"(?m)^sample +split +label ")
        self.assertRegex(casd("predict", self.model, "synthetic", "--csv").stderr,
                         r"^split valid: 200 samples\n$")
        self.fails(1, "split 'holdout'; its splits: train, valid, test", "predict", self.model,
                   "synthetic", "--split", "holdout")
        self.fails(1, "split 'holdout'", "eval", self.model, "synthetic", "--split", "holdout")

    def test_wrong_arguments(self):
        self.fails(2, "there are: language, audio, visual", "predict", self.model, "synthetic",
                   "--mask", "smell")
        self.fails(2, "--count", "predict", self.model, "synthetic", "--count", "-1")

    def test_info(self):
        text = self.succeeds("info", self.model)
        self.assertRegex(text, r"\d+ parameters, trained\n")
        self.assertIn("modality visual: 10 features", text)
        self.assertIn("language+audio=", text)
        info = json.loads(self.succeeds("info", self.model, "--json"))
        self.assertEqual(info["schema"]["outputs"], ["negative", "positive"])
        self.assertTrue(info["trained"])


class OwnData(InFolder):
    """A CSV with real labels around zero: regression by default, or classes by sign."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = write_moods(cls.folder / "moods.csv")
        cls.regression = cls.train("r.casd", cls.data)
        cls.classes = cls.train("c.casd", cls.data, "--task", "classes:negative,positive")

    def test_regression(self):
        report = json.loads(self.succeeds("eval", self.regression, self.data, "--json"))
        for numbers in report["conditions"].values():
            for key in ("mae", "correlation", "f1"):
                self.assertIn(key, numbers)
        line = json.loads(self.succeeds("predict", self.regression, self.data, "--count", "1",
                                        "--json"))
        self.assertEqual(line["sample"], "s0")
        self.assertEqual(line["label"], {"value": -3})
        self.assertIn("value", line["values"])
        self.assertNotIn("predicted", line)
        self.assertIsNone(line["modalities"]["face"]["variance"])
        row = rows_of(self.succeeds("predict", self.regression, self.data, "--count", "1",
                                    "--csv"))[0]
        self.assertEqual(float(row["label"]), -3)
        self.assertEqual(float(row["value:value"]), line["values"]["value"])

    def test_regression_explains_its_uncertainty(self):
        text = self.succeeds("eval", self.regression, self.data)
        self.assertRegex(text, r"(?m)^condition +mean absolute error +mean uncertainty ")
        report = json.loads(self.succeeds("eval", self.regression, self.data, "--json"))
        order = sorted(report["conditions"],
                       key=lambda name: report["conditions"][name]["uncertainty"])
        self.assertIn(f"conditions from the most to the least certain: {', '.join(order)}\n", text)
        lines = [json.loads(line) for line in
                 self.succeeds("predict", self.regression, self.data, "--json").splitlines()]
        lines.sort(key=lambda line: line["uncertainty"])
        names = [line["sample"] for line in lines]
        text = self.succeeds("predict", self.regression, self.data)
        self.assertRegex(text, r"(?m)^sample +label +predicted value +uncertainty ")
        self.assertIn(f"most certain samples: {', '.join(names[:5])}\n", text)
        self.assertIn(f"least certain samples: {', '.join(names[::-1][:5])}\n", text)
        self.assertIn("uncertainty: variance of the fused distribution", text)

    def test_classes_of_a_label_around_zero(self):
        self.assertIn("classes:negative,positive", self.succeeds("info", self.classes))
        self.assertIn("F1", self.succeeds("eval", self.classes, self.data))
        rows = rows_of(self.succeeds("predict", self.classes, self.data, "--csv"))
        self.assertEqual(rows[0]["label"], "negative")

    def test_unlabelled_data_without_a_split(self):
        plain = write_moods(self.folder / "plain.csv", split=False, label=False)
        for model in (self.regression, self.classes):
            result = casd("predict", model, plain, "--csv")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(len(rows_of(result.stdout)), 60)
            self.assertEqual(rows_of(result.stdout)[7]["label"], "")
            text = self.succeeds("predict", model, plain)
            self.assertNotIn(" label ", text)

    def test_samples_without_the_selected_modality(self):
        text = self.succeeds("predict", self.classes, self.data, "--mask", "face")
        self.assertIn("4 of 20 samples have none of the selected modalities", text)
        rows = rows_of(self.succeeds("predict", self.classes, self.data, "--mask", "face", "--csv"))
        empty = [row for row in rows if row["status"] == "empty"]
        self.assertEqual(len(empty), 4)
        self.assertEqual((empty[0]["predicted"], empty[0]["uncertainty"]), ("", ""))


    def test_data_without_a_modality(self):
        data = self.folder / "voice.csv"
        data.write_text("sample,voice.a,voice.b\ns0,1,2\n")
        row, = rows_of(self.succeeds("predict", self.classes, data, "--csv"))
        self.assertEqual((row["status"], row["weight:voice"], row["weight:face"]), ("ok", "1", ""))
        data.write_text("sample,voice.a,voice.b,smell.x\ns0,1,2,3\n")
        self.fails(1, "smell", "predict", self.classes, data, "--csv")

    def test_info_shows_the_feature_names(self):
        text = self.succeeds("info", self.regression)
        self.assertIn("modality voice: 2 features:\n  a, b\n", text)

    def test_standard_input(self):
        from_file = self.succeeds("predict", self.classes, self.data, "--csv")
        self.assertEqual(self.succeeds("predict", self.classes, "-", "--csv",
                                       input=self.data.read_text()), from_file)
        text = self.succeeds("eval", self.classes, "-", input=self.data.read_text())
        self.assertIn(" on standard input, split", text)

    def test_columns_are_matched_by_name(self):
        rows = [row.split(",") for row in self.data.read_text().splitlines()]
        order = [0, 1, 2, 5, 4, 3]
        data = self.folder / "other_order.csv"
        data.write_text("".join(",".join(row[i] for i in order) + "\n" for row in rows))
        self.assertEqual(self.succeeds("predict", self.classes, data, "--csv"),
                         self.succeeds("predict", self.classes, self.data, "--csv"))
        data.write_text(self.data.read_text().replace("voice.b", "voice.c"))
        self.fails(1, "'c'", "predict", self.classes, data)

    def test_eval_chooses_a_split(self):
        rows = self.data.read_text().replace(",valid,", ",SPLIT,")
        data = self.folder / "split.csv"
        for split, said in (("test", "split test: 20 samples"), ("train", "split train: 60 samples")):
            data.write_text(rows.replace("SPLIT", split))
            text = self.succeeds("eval", self.classes, data)
            self.assertIn(said, text)
            self.assertEqual("Remark: a model that was trained" in text, split == "train")
        data.write_text(rows.replace("SPLIT", "other"))
        self.fails(1, "choose one with --split: other, train", "eval", self.classes, data)

    def test_names_do_not_control_the_terminal(self):
        data = self.folder / "escape.csv"
        data.write_bytes(b"sample,voice.a,voice.b\n\x1b[31mred,1,2\n")
        text = self.succeeds("predict", self.classes, data)
        self.assertRegex(text, r"(?m)^\?\[31mred +negative|positive ")
        self.assertNotIn("\x1b", text)


class Labels(InFolder):
    def test_multilabel(self):
        data = self.folder / "labels.csv"
        data.write_text("sample,split,label:joy,label:fear,a.x\n" + "".join(
            f"s{i},{'valid' if i % 3 == 0 else 'train'},{i % 2},{i // 2 % 2},{i}\n"
            for i in range(24)))
        model = self.train("l.casd", data)
        line = json.loads(self.succeeds("predict", model, data, "--json").splitlines()[1])
        self.assertEqual((line["sample"], line["label"]), ("s3", {"joy": 1, "fear": 1}))
        row = rows_of(self.succeeds("predict", model, data, "--csv"))[1]
        self.assertEqual((row["label:joy"], row["label:fear"]), ("1", "1"))
        self.assertRegex(self.succeeds("predict", model, data), r"(?m)^s3 +joy[+]fear +0\.")
        self.assertIn("F1", self.succeeds("eval", model, data))


del InFolder

if __name__ == "__main__":
    unittest.main()
