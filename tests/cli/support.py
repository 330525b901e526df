"""Shared by the tests of the program `casd`."""
import csv
import fcntl
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import tempfile
import termios
import unittest

BUILD = pathlib.Path(os.environ["CASD_BUILD_DIR"])
PROGRAM = BUILD / "bin/casd"
TORCH = (BUILD / "lib/libcasd_torch.so").exists()
needs_torch = unittest.skipUnless(TORCH, "not there: libcasd_torch")
SMALL = [word for setting in ("teacher_epochs=1", "select_from=0", "hidden=8", "heads=2", "layers=1")
         for word in ("--set", setting)] + ["--threads", "1"]
MASKS = ["language", "audio", "visual", "language+audio", "language+visual", "audio+visual",
         "language+audio+visual"]


def casd(*words, **options):
    return subprocess.run([str(word) for word in (PROGRAM, *words)],
                          **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
                             **options})


def on_terminal(*words, columns, stream="stdout", **environment):
    """The program's output to `stream` if that is a terminal with this many columns, and its status."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: theirs}
    process = subprocess.Popen([str(word) for word in (PROGRAM, *words)],
                               env={**os.environ, "TERM": "xterm", **environment}, **streams)
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 4096):
            written += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return written.decode().replace("\r\n", "\n"), process.wait()


def rows_of(text):
    return list(csv.DictReader(text.splitlines()))


def write_moods(path, samples=60, split=True, label=True, classes=None, group=False):
    """A CSV of two modalities; the label is around zero and depends on the features."""
    head = ["sample", *(["split"] if split else []), *(["label"] if label else []),
            *(["group"] if group else []), "voice.a", "voice.b", "face.c"]
    rows = [",".join(head)]
    for sample in range(samples):
        mood = (sample * 37 % 61 - 30) / 10
        place = "valid" if sample % 3 == 0 else "train"
        word = str(mood) if classes is None else classes[mood > 0]
        for frame in range(1 + sample % 3):
            face = "" if sample % 5 == 0 else f"{mood * 2 + frame}"
            rows.append(",".join([f"s{sample}", *([place] if split else []), *([word] if label else []),
                                  *([f"g{sample % 7}"] if group else []), f"{mood + frame % 2}", f"{-mood}", face]))
    path.write_text("\n".join(rows) + "\n")
    return path


class InFolder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="casd-cli-"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def train(cls, name, data="synthetic", *words):
        """A small trained model."""
        model = cls.folder / name
        result = casd("train", data, "--output", model, "--epochs", "2", *SMALL, *words)
        if result.returncode != 0:
            raise AssertionError(result.stderr)
        return model

    def succeeds(self, *words, **options):
        result = casd(*words, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def fails(self, status, message, *words, **options):
        """Expects the status, a message on standard error and no standard output."""
        result = casd(*words, **options)
        self.assertEqual(result.returncode, status, (result.stdout or "") + (result.stderr or ""))
        self.assertIn(message, result.stderr)
        self.assertTrue(result.stderr.startswith("casd: ") or "\ncasd: " in result.stderr,
                        result.stderr)
        if result.stdout is not None:
            self.assertEqual(result.stdout, "")
        return result.stderr
