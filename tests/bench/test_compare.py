"""bench/compare runs with tiny settings, and its contenders compute the same results. No test of speed."""
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = pathlib.Path(os.environ["CASD_BUILD_DIR"]) / "lib" / "libcasd.so"
PACKAGES_NOT_THERE = 3

sys.path.insert(0, str(ROOT / "bench" / "peers"))
from percentiles import tails  # noqa: E402


class Tails(unittest.TestCase):
    def test_a_drifting_median_counts_in_the_ratio_of_all_calls_only(self):
        rounds = [{"prediction": {"wall": [scale * each for each in [1.0] * 198 + [1.25] * 2]},
                   "control": {"wall": [1.0] * 198 + [2.5] * 2}} for scale in (1, 1, 2)]
        found = tails({"rounds": rounds}, "wall")
        self.assertEqual(found["prediction"], {"ratio": 1.25, "ratios": [1.25, 1.25], "all": 2.0})
        self.assertEqual(found["control"], {"ratio": 2.5, "ratios": [2.5, 2.5], "all": 2.5})
        self.assertEqual(found["relative"], {"ratio": 0.5, "ratios": [0.5, 0.5], "all": 0.8})


class Compare(unittest.TestCase):
    def run_compare(self, *arguments):
        """(exit code, compare.json, compare.md)."""
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, str(ROOT / "bench" / "compare"), "--quick", "--library", str(LIBRARY),
                 "--output", folder, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True)
            if done.returncode == PACKAGES_NOT_THERE:
                print("not there: ONNX Runtime")
                self.skipTest("ONNX Runtime cannot be installed")
            files = [pathlib.Path(folder) / name for name in ("compare.json", "compare.md")]
            self.assertTrue(files[0].exists(), done.stderr)
            picture = pathlib.Path(folder) / "compare.svg"
            self.picture = xml.etree.ElementTree.parse(picture) if picture.exists() else None
            return done.returncode, json.loads(files[0].read_text()), files[1].read_text()

    def run_compare_failing(self, *arguments):
        """The error output."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "bench" / "compare"), "--quick", "--library", str(LIBRARY),
             *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def test_it_measures_contenders_that_agree(self):
        code, result, text = self.run_compare()
        self.assertEqual(result["failures"], [])
        self.assertEqual(code, 0)
        cases = {(case["kind"], case["size"], case["batch"]) for case in result["figures"]}
        self.assertEqual(cases, {(*each, batch) for each in (("predict", "default"),
                                                             ("predict", "reference"))
                                 for batch in (1, 3)} |
                         {("train", "default", 2), ("train", "reference", 2)})
        for case in result["figures"]:
            self.assertIn("CASD", case["rows"])
            if case["kind"] == "predict":
                self.assertIn("ONNX Runtime", case["rows"])
            for row in case["rows"].values():
                self.assertLessEqual(row["best"], row["median"])
                self.assertLessEqual(row["median"], row["p99"])
                self.assertTrue(row["ratio"] > 0 and math.isfinite(row["ratio"]))
        # Both forms as ONNX, with each batch.
        for size in ("default", "reference"):
            for form in ("standard", "contrib"):
                facts = result["facts"][f"{size} onnx-{form}"]
                for field in ("logits", "uncertainty"):
                    for batch in (1, 3):
                        self.assertLess(facts[f"difference {field} {batch}"], 2e-4)
        # With cold caches, and the machine's own tail: a single sample of each size.
        for size, cold, control in zip(("default", "reference"), result["cold"], result["control"],
                                       strict=True):
            self.assertEqual((cold["size"], cold["batch"]), (size, 1))
            for title in ("CASD", "ONNX Runtime"):
                self.assertTrue(all(math.isfinite(each) and each > 0 for each in cold["rows"][title]))
            self.assertEqual((control["size"], control["batch"]), (size, 1))
            for name in ("prediction", "control"):
                tail = control["tails"][name]
                self.assertGreaterEqual(min(tail["ratio"], tail["all"]), 1)
            self.assertGreater(control["tails"]["relative"]["ratio"], 0)
        self.assertIn("| ONNX Runtime |", text)
        bars = self.picture.findall(".//{*}rect")
        self.assertGreater(len(bars), sum(len(case["rows"]) for case in result["figures"]))

    def test_it_measures_whole_trainings(self):
        arguments = ("--contenders", "casd-cpu", "--sizes", "default", "--training", "",
                     "--whole-training", "synthetic", "--whole-rounds", "1", "--train-arguments",
                     "--epochs 1 --set teacher_epochs=1 --set hidden=8")
        code, result, text = self.run_compare(*arguments, "--reference", "sh -c 'exit 0'")
        self.assertEqual(code, 0)
        names = set(result["whole_training"])
        self.assertEqual(names - {"casd-torch"},
                         {"casd-cpu", "casd-cpu, evidential", "reference, evidential"})
        for name in names - {"reference, evidential"}:
            self.assertGreater(result["whole_training"][name][0], 0.01)
        self.assertIn("| casd-cpu, evidential |", text)
        self.assertIn("no such file", self.run_compare_failing(
            *arguments, "--reference", "sh -c 'echo no such file; exit 1'"))

    def test_it_measures_nothing_if_results_differ(self):
        code, result, text = self.run_compare("--tolerance", "-1", "--sizes", "default",
                                              "--contenders", "casd-cpu,onnx-standard")
        self.assertEqual(code, 1)
        self.assertIn("onnx-standard, default, batch 3: logits", "\n".join(result["failures"]))
        self.assertNotIn("figures", result)
        self.assertIsNone(self.picture)
        self.assertIn("nothing was measured", text)


if __name__ == "__main__":
    unittest.main()
