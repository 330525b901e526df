"""Prediction sets, intervals, abstention and the monitor of `casd predict` and `eval`."""
import json
import unittest

from support import MASKS, InFolder, casd, rows_of, write_moods


class Classes(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train("m.casd")

    def lines(self, *words):
        text = self.succeeds("predict", self.model, "synthetic", "--split", "test", "--json", *words)
        return [json.loads(line) for line in text.splitlines()]

    def test_sets_grow_with_the_coverage(self):
        sizes = []
        for coverage in ("0.5", "0.9", "0.999"):
            lines = self.lines("--coverage", coverage)
            covered = sum(line["member"][line["label"]] for line in lines) / len(lines)
            self.assertGreater(covered, float(coverage) - 0.12)
            sizes.append(sum(sum(line["member"].values()) for line in lines))
        self.assertLess(sizes[0], sizes[1])
        self.assertLess(sizes[1], sizes[2])
        for line in lines:
            self.assertAlmostEqual(line["error_probability"], 1 - line["confidence"], places=5)
            self.assertGreaterEqual(line["uncertainty_percentile"], 0)
            self.assertLessEqual(line["uncertainty_percentile"], 100)

    def test_the_table_shows_sets_and_decisions(self):
        words = ("predict", self.model, "synthetic", "--split", "test")
        text = self.succeeds(*words)
        self.assertRegex(text, r"(?m)^sample .* prediction set ")
        self.assertNotIn("decision", text.split("\n\n")[1].splitlines()[0])
        text = self.succeeds(*words, "--max-error", "0.0001")
        self.assertRegex(text, r"(?m)^sample +label +predicted +decision ")
        self.assertRegex(text, r"(?m)^0 .* abstain ")
        self.assertNotRegex(text, r"(?m)^\d+ .* use ")

    def test_csv_has_the_same_numbers(self):
        lines = self.lines("--count", "3")
        rows = rows_of(self.succeeds("predict", self.model, "synthetic", "--split", "test",
                                     "--count", "3", "--csv"))
        for row, line in zip(rows, lines):
            for key in ("error_probability", "uncertainty_percentile", "abstain"):
                self.assertEqual(float(row[key]), line[key])
            for name, member in line["member"].items():
                self.assertEqual(float(row[f"member:{name}"]), member)

    def test_eval_reports_coverage_and_scoring_rules(self):
        words = ("eval", self.model, "synthetic", "--split", "valid")
        report = json.loads(self.succeeds(*words, "--json", "--coverage", "0.8"))
        for mask in MASKS:
            numbers = report["conditions"][mask]
            self.assertAlmostEqual(numbers["coverage"], 80, delta=5)
            for key in ("set_size", "aurc", "brier", "nll"):
                self.assertGreater(numbers[key], 0)
            self.assertEqual(numbers["accepted"], 100)
            self.assertAlmostEqual(numbers["accepted_errors"], 100 - numbers["accuracy"])
        self.assertRegex(self.succeeds(*words).replace("\n", " "),
                         r"Prediction sets contain the truth for [\d.]+ to [\d.]+ % of the samples, "
                         r"mean size [\d.]+ to [\d.]+\.")
        strict = json.loads(self.succeeds(*words, "--json", "--max-error", "0.25"))
        for mask in MASKS:
            numbers = strict["conditions"][mask]
            if numbers["accepted"] > 0:
                self.assertLess(numbers["accepted_errors"], 25)

    def test_the_monitor_notices_other_modalities(self):
        words = ("predict", self.model, "synthetic", "--csv", "--monitor")
        self.assertIn("monitor: no sign of a change in 200 samples",
                      casd(*words, "--split", "test").stderr)
        message = casd(*words, "--split", "all", "--mask", "audio").stderr
        self.assertRegex(message, r"monitor: \d+ alarms? in 1000 samples, .* which modalities are there")

    def test_wrong_values(self):
        words = ("predict", self.model, "synthetic")
        self.fails(1, "coverage", *words, "--coverage", "1")
        self.fails(1, "coverage", *words, "--coverage", "0")
        self.fails(1, "error_rate", *words, "--max-error", "-0.1")
        self.fails(2, "--coverage", *words, "--coverage", "much")


class Regression(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = write_moods(cls.folder / "moods.csv", samples=150)
        cls.model = cls.train("r.casd", cls.data)

    def test_intervals(self):
        line, *_ = [json.loads(text) for text in self.succeeds(
            "predict", self.model, self.data, "--json").splitlines()]
        self.assertLess(line["lower"]["value"], line["values"]["value"])
        self.assertGreater(line["upper"]["value"], line["values"]["value"])
        self.assertGreater(line["standard_deviation"]["value"], 0)
        self.assertNotIn("abstain", line)
        self.assertRegex(self.succeeds("predict", self.model, self.data),
                         r"(?m)^sample .* lower value +upper value ")
        report = json.loads(self.succeeds("eval", self.model, self.data, "--json"))
        for numbers in report["conditions"].values():
            self.assertGreaterEqual(numbers["coverage"], 80)
            self.assertGreater(numbers["interval_width"], 0)

    def test_an_error_rate_needs_classes(self):
        self.fails(1, "regression", "predict", self.model, self.data, "--max-error", "0.1")


if __name__ == "__main__":
    unittest.main()
