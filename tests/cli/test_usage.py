"""`casd`: help texts, wrong usage, and files of the wrong kind."""
import unittest

from support import InFolder, casd, needs_torch


class Usage(InFolder):
    def test_help(self):
        for words in ((), ("train",), ("calibrate",), ("eval",), ("predict",), ("info",)):
            text = self.succeeds(*words, "--help")
            self.assertIn(" ".join(["Usage: casd", *words]), text)
            self.assertIn("Example", text)
            self.assertTrue(text.endswith("\n"))
        self.assertRegex(self.succeeds("--version"), r"^casd \d+\.\d+\.\d+$")

    def test_help_describes_option_values(self):
        text = self.succeeds("train", "--help")
        self.assertRegex(text, r"--checkpoint FILE ")
        self.assertNotIn("older", text)  # folder
        self.assertIn("evidence_weight=1.0", text)
        self.assertIn("--mask NAMES", self.succeeds("eval", "--help"))

    def test_wrong_usage(self):
        out = self.folder / "never.casd"
        for message, words in (
                ("a command is needed: train, calibrate, eval, predict, info", ()),
                ("there is no command 'bake'; there are: train", ("bake",)),
                ("Did you mean 'train'?", ("trian", "synthetic")),
                ("Did you mean '--output'?", ("train", "synthetic", "--ouput", out)),
                ("Did you mean '--split'?", ("eval", out, "synthetic", "--spilt=valid")),
                ("there is no option '--hepl' before the command. Did you mean '--help'?", ("--hepl",)),
                ("Usage: casd eval [OPTIONS] MODEL DATA\n", ("eval",)),
                ("DATA", ("train",)),
                ("--output", ("train", "synthetic")),
                ("there is no option '--colour'\n", ("train", "synthetic", "-o", out, "--colour")),
                ("cake", ("train", "synthetic", "-o", out, "--recipe", "cake")),
                ("huge", ("train", "synthetic", "-o", out, "--preset", "huge")),
                ("--epochs", ("train", "synthetic", "-o", out, "--epochs", "0")),
                ("--threads: Value 0 not in range 1 to 256",
                 ("train", "synthetic", "-o", out, "--threads", "0")),
                ("no option 'colour'; there are: hidden=40",
                 ("train", "synthetic", "-o", out, "--set", "colour=red")),
                ("evidence_weight", ("train", "synthetic", "-o", out, "--set", "colour=red")),
                ("option=value", ("train", "synthetic", "-o", out, "--set", "hidden")),
                ("1 to 4096", ("train", "synthetic", "-o", out, "--set", "hidden=0")),
                ("cpu, cuda, cuda:N", ("train", "synthetic", "-o", out, "--device", "tpu")),
                ("synthetic:SEED", ("train", "synthetic:x", "-o", out)),
                ("task of the synthetic data", ("train", "synthetic", "-o", out, "--task",
                                                "classes:a,b")),
                ("--json excludes --csv", ("predict", out, "synthetic", "--json", "--csv")),
        ):
            with self.subTest(words=words):
                message = self.fails(2, message, *words)
                self.assertTrue(message.startswith("casd: "))
        self.assertFalse(out.exists())

    def test_unusable_files(self):
        broken = self.folder / "broken.casd"
        broken.write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
        text = self.folder / "text.csv"
        text.write_text("nothing,of,use\n1,2,3\n")
        for message, words in (
                ("no/such.casd", ("info", "no/such.casd")),
                ("broken.casd", ("info", broken)),
                ("broken.casd", ("eval", broken, "synthetic")),
                ("not a CASD model", ("info", text)),
                ("not a CASD model", ("eval", text, "synthetic")),
                ("not a CASD model", ("predict", text, "synthetic")),
                ("no/such.h5", ("train", "no/such.h5", "-o", self.folder / "x.casd")),
                ("text.csv, line 1", ("train", text, "-o", self.folder / "x.casd")),
        ):
            with self.subTest(words=words):
                self.fails(1, message, *words)
        self.assertFalse(list(self.folder.glob("x.casd*")))

    def test_other_file_types_get_a_hint(self):
        data = self.folder / "data.csv"
        for message, content in (
                ("workbook or an archive", b"PK\x03\x04\x14\0\x06\0"),
                ("UTF-16", "sample,split\n".encode("utf-16")),
                ("separated by semicolons", b"sample;split;label;a.x\ns0;train;good;1,5\n"),
                ("separated by tabs", b"sample\tsplit\tlabel\ta.x\n"),
                ("its splits: training, validation",
                 b"sample,split,label,a.x\ns0,training,a,1\ns1,validation,b,1\n")):
            data.write_bytes(content)
            with self.subTest(content=content):
                self.fails(1, message, "train", data, "-o", self.folder / "x.casd")
        self.assertFalse(list(self.folder.glob("x.casd*")))

    def test_messages_do_not_control_the_terminal(self):
        data = self.folder / "escape.csv"
        data.write_bytes(b"sample,\x1b]0;title\x07,a.x\ns0,1,1\n")
        message = self.fails(1, "?]0;title?", "train", data, "-o", self.folder / "x.casd")
        self.assertNotIn("\x1b", message)

    @needs_torch
    def test_an_unavailable_device(self):
        result = casd("train", "synthetic", "-o", self.folder / "x.casd", "--device", "cuda:99")
        self.assertEqual(result.returncode, 1)
        self.assertIn("CUDA", result.stderr)
        self.assertFalse(list(self.folder.glob("x.casd*")))


del InFolder

if __name__ == "__main__":
    unittest.main()
