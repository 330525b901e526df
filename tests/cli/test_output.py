"""`casd`: lost output is a failure; tables and progress fit the terminal."""
import os
import re
import subprocess
import unittest

from support import MASKS, PROGRAM, SMALL, InFolder, casd, on_terminal, write_moods


class Output(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train("m.casd")
        cls.commands = (("--help",), ("--version",), ("train", "--help"), ("info", cls.model),
                        ("info", cls.model, "--json"), ("eval", cls.model, "synthetic"),
                        ("eval", cls.model, "synthetic", "--json"),
                        ("predict", cls.model, "synthetic"),
                        ("predict", cls.model, "synthetic", "--json"),
                        ("predict", cls.model, "synthetic", "--csv"))

    def test_a_full_disk_is_a_failure(self):
        for words in self.commands:
            with self.subTest(words=words), open("/dev/full", "w") as full:
                self.fails(1, "could not be written: No space left", *words, stdout=full)

    def test_a_closed_output_is_a_failure(self):
        for words in self.commands:
            with self.subTest(words=words):
                self.fails(1, "could not be written", *words, stdout=None,
                           preexec_fn=lambda: os.close(1))

    def test_a_closed_output_is_not_reused_by_a_file(self):
        model = self.folder / "closed.casd"
        self.fails(1, "could not be written", "train", "synthetic", "-o", model, "--epochs", "1",
                   *SMALL, stdout=None, preexec_fn=lambda: os.close(1))
        self.succeeds("info", model)
        self.assertEqual(casd("info", model, preexec_fn=lambda: os.close(2)).returncode, 0)

    def test_a_closed_pipe_is_not_an_error(self):
        for words in (("predict", self.model, "synthetic", "--json", "--split", "train"),
                      ("predict", self.model, "synthetic", "--csv", "--split", "train")):
            line = f"{PROGRAM} {' '.join(map(str, words))} | head -1; exit ${{PIPESTATUS[0]}}"
            result = subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
            self.assertEqual((result.returncode, result.stderr), (128 + 13, ""))  # SIGPIPE
            self.assertEqual(len(result.stdout.splitlines()), 1)

    def assert_fits(self, text, columns):
        for line in text.splitlines():
            self.assertLessEqual(len(line), columns, line)

    def test_the_results_of_a_training_fit_the_terminal(self):
        out = self.folder / "wide.casd"
        text, status = on_terminal("train", "synthetic", "-o", out, "--epochs", "1", *SMALL,
                                   columns=80)
        self.assertEqual(status, 0)
        self.assertIn("\nmodality  evidence nu  weight C  variance V  sigma_F\n", text)
        self.assert_fits(text.replace(str(out), "m"), 80)

    def test_tables_fit_the_terminal(self):
        for columns in (40, 60, 80, 200):
            for words in (("eval", self.model, "synthetic"),
                          ("predict", self.model, "synthetic", "--count", "3"),
                          ("info", self.model)):
                with self.subTest(columns=columns, words=words):
                    text, status = on_terminal(*words, columns=columns)
                    self.assertEqual(status, 0)
                    # Paths are not wrapped.
                    self.assert_fits(text.replace(str(self.model), "m"), columns)

    def test_80_columns_fit_the_eval_table(self):
        text, _ = on_terminal("eval", self.model, "synthetic", columns=80)
        self.assertNotIn("Too narrow", text)
        for mask in MASKS:
            self.assertRegex(text, rf"(?m)^{mask.replace('+', '[+]')}( +[\d.]+){{6}}$")

    def test_columns_are_left_out_from_the_right_and_named(self):
        text, _ = on_terminal("predict", self.model, "synthetic", "--count", "2", columns=40)
        self.assertIn("predicted confidence", text)
        words = " ".join(text.split())
        self.assertRegex(words, r"\(Too narrow for: .*variance language, .*weight visual.\)")
        wide, _ = on_terminal("predict", self.model, "synthetic", "--count", "2", columns=300)
        self.assertNotIn("Too narrow", wide)

    def test_long_names_are_shortened_in_the_middle(self):
        data = write_moods(self.folder / "long.csv", samples=6, classes=("bad", "good"))
        model = self.train("moods.casd", write_moods(self.folder / "moods.csv",
                                                     classes=("bad", "good")))
        names = ["interview_0017_of_the_second_day_part_3", "\u00e4\u00f6\u00fc" * 20]
        text = data.read_text()
        for number, name in enumerate(names):
            text = text.replace(f"\ns{number},", f"\n{name},")
        data.write_text(text)
        whole = self.succeeds("predict", model, data, "--split", "all")
        narrow, _ = on_terminal("predict", model, data, "--split", "all", columns=40)
        self.assert_fits(narrow.replace(str(model), "m").replace(str(data), "d"), 40)
        for name in names:
            self.assertIn(name, whole)
            self.assertNotIn(name, narrow)
            shown = next(line.split(" ")[0] for line in narrow.splitlines()
                         if line.startswith(name[:3]) and "..." in line)
            begin, end = shown.split("...")
            self.assertTrue(name.startswith(begin) and name.endswith(end), shown)

    def test_output_to_a_file_is_never_shortened(self):
        text = self.succeeds("predict", self.model, "synthetic", "--count", "2",
                             env={**os.environ, "COLUMNS": "40"})
        self.assertIn("variance language", text)
        self.assertIn("weight visual", text)
        self.assertNotIn("Too narrow", text)

    def test_headings_are_words(self):
        for text in (self.succeeds("predict", self.model, "synthetic", "--count", "1"),
                     self.succeeds("eval", self.model, "synthetic")):
            self.assertIn("uncertainty", text)
            self.assertIsNone(re.search(r"\b[UVC]\b", text), text)

    def drawn(self, columns, **environment):
        text, status = on_terminal("train", "synthetic", "-o", self.folder / "bar.casd", "--epochs",
                                   "1", "--restart", *SMALL, columns=columns, stream="stderr",
                                   **environment)
        self.assertEqual(status, 0, text)
        return re.findall(r"\r\x1b\[K([^\r\n]*)", text), text

    def test_progress_fits_the_terminal(self):
        for columns in (20, 40, 80, 120):
            lines, text = self.drawn(columns)
            self.assertTrue(lines)
            for line in lines:
                self.assertLess(len(line), columns)
                self.assertRegex(line, r"^(teacher 1/2|teacher 2/2|student 1/1)")
        lines, _ = self.drawn(40)
        self.assertRegex(lines[-1], r"^student 1/1 100 %  .*0:00 left$")
        lines, _ = self.drawn(120)
        self.assertRegex(lines[-1], r"^student 1/1 \[=+\] 100 %  loss [\d.]+  "
                                    r"best mean F1 % [\d.]+  \d+ samples/s  0:00 left$")

    def test_the_plan_fits_the_terminal(self):
        _, text = self.drawn(40)
        plan = text[:text.index("\r")].replace(str(self.folder / "bar.casd.checkpoint"), "c")
        self.assert_fits(plan, 40)

    def test_a_dumb_terminal_shows_a_line_per_epoch(self):
        lines, text = self.drawn(80, TERM="dumb")
        self.assertEqual(lines, [])
        self.assertRegex(text, r"\nstudent 1/1  loss [\d.]+  score: mean F1 % [\d.]+ \(best ")


del InFolder

if __name__ == "__main__":
    unittest.main()
