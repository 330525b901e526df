"""Starts the contenders, compares their results, and lets them take turns."""
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import model_file
from casd_library import Library

MODALITIES = [("language", 300), ("audio", 74), ("visual", 35)]
# name -> what the tables call it. Forms of the same library are one row: the faster of each case.
CONTENDERS = {
    "casd-cpu": "CASD",
    "onnx-standard": "ONNX Runtime", "onnx-contrib": "ONNX Runtime",
    "casd-torch": "LibTorch (C++)",
    "torch-compile": "torch.compile", "torch-transformer": "nn.TransformerEncoder",
}

class Process:
    """A worker; `call` raises with the worker's message."""

    def __init__(self, name, options):
        python = options.torch_python if name.startswith("torch-") else sys.executable
        script = pathlib.Path(__file__).with_name("worker.py")
        environment = dict(os.environ)
        if name.startswith("torch-"):
            environment.pop("PYTHONPATH")  # it has NumPy of its own
        self.errors = tempfile.TemporaryFile("w+")
        # The core that all share; tiny settings measure nothing and must not wait for it.
        cores = os.sched_getaffinity(0) if options.quick else {max(os.sched_getaffinity(0))}
        self.process = subprocess.Popen(
            [python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, cores))
        self.send({"name": name, "library": str(options.library), "modalities": MODALITIES,
                   "steps": options.steps,
                   "most_samples": max(options.batches + options.training)})

    def send(self, message):
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # call() reports why the process ended

    def call(self, action, **arguments):
        self.send({"action": action, **arguments})
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            lines = self.errors.read().strip().splitlines()
            raise RuntimeError(lines[-1] if lines else "the process ended")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
        self.errors.close()


def difference(ours, theirs):
    """Largest difference relative to the largest result."""
    largest = max(abs(each) for each in ours)
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / largest


class Comparison:
    def __init__(self, options):
        self.options = options
        self.result = {"settings": {"rounds": options.rounds, "seconds": options.seconds,
                                    "steps": options.steps, "batches": options.batches,
                                    "training": options.training, "sizes": options.sizes},
                       "machine": machine(), "absent": {}, "failures": [], "facts": {}, "times": [],
                       "cold": [], "control": []}
        self.processes = {}

    def start(self, name, size, model):
        """Loads the model and checks the results of each batch; None if the peer is not there."""
        process = None
        try:
            process = Process(name, self.options)
            facts = process.call("load", path=model, repetitions=2 if self.options.quick else 15)
        except (OSError, RuntimeError) as error:
            self.result["absent"][CONTENDERS[name]] = str(error)
            if process:
                process.close()
            return
        self.processes[size, name] = process
        self.result["facts"][f"{size} {name}"] = facts
        options = self.options
        expected = self.expected.setdefault(size, {})
        for samples in options.batches:
            answer = process.call("predict", samples=samples)
            for field in ("logits", "uncertainty"):
                ours = expected.setdefault((samples, field), answer[field])
                apart = difference(ours, answer[field])
                facts[f"difference {field} {samples}"] = apart
                if not apart <= options.tolerance:
                    self.result["failures"].append(
                        f"{name}, {size}, batch {samples}: {field} differ by {apart:.1e}")
            facts.setdefault("first", answer["first"])
            facts["library_bytes"] = answer["library_bytes"]
            facts[f"peak_bytes {samples}"] = answer["peak_bytes"]

    def measure(self, kind, size, samples, names):
        """All rounds of one case. Adds [round][name] -> times of the calls."""
        case = {"kind": kind, "size": size, "batch": samples, "rounds": []}
        for index in range(self.options.rounds):
            start = index % len(names)
            case["rounds"].append({
                name: self.processes[size, name].call(
                    "time", kind=kind, samples=samples, seconds=self.options.seconds, least=3)
                for name in names[start:] + names[:start]})
        self.result["times"].append(case)

    def measure_cold(self, size, samples, names):
        """All rounds with cold caches. Adds [round][name] -> times with cold and with warm caches."""
        calls = 1 if self.options.quick else 9
        case = {"size": size, "batch": samples, "rounds": []}
        for _ in range(self.options.rounds):
            case["rounds"].append({
                name: self.processes[size, name].call("time_cold", samples=samples, calls=calls)
                for name in names})
        self.result["cold"].append(case)

    def measure_control(self, size, samples):
        """All rounds of predictions by CASD in turns with products of matrices. Adds [round] -> times of both."""
        process = self.processes[size, "casd-cpu"]
        self.result["control"].append({"size": size, "batch": samples, "rounds": [
            process.call("time_with_control", samples=samples, seconds=2 * self.options.seconds)
            for _ in range(self.options.rounds)]})

    def run(self, folder):
        options = self.options
        wanted = [name for name in CONTENDERS
                  if not options.contenders or name in options.contenders.split(",")]
        self.expected = {}
        library = Library(options.library)
        for size in options.sizes:
            model = str(pathlib.Path(folder) / f"{size}.casd")
            library.make_model(model, size, MODALITIES,
                               model_file.inputs(MODALITIES, 8, options.steps))
            for name in wanted:
                self.start(name, size, model)
        if self.result["failures"]:
            return
        for size in options.sizes:
            names = [name for name in wanted if (size, name) in self.processes]
            for samples in options.batches:
                progress(f"prediction, {size}, batch {samples}")
                self.measure("predict", size, samples, names)
            single = min(options.batches)
            progress(f"prediction, {size}, batch {single}, cold caches and slowest calls")
            self.measure_cold(size, single, names)
            if "casd-cpu" in names:
                self.measure_control(size, single)
        for size in options.sizes:
            names = [name for name in wanted
                     if (size, name) in self.processes and name.startswith("casd-")]
            for samples in options.training:
                progress(f"training, {size}, batch {samples}")
                for name in names:
                    self.processes[size, name].call("train", samples=samples)
                self.measure("train", size, samples, names)


def progress(text):
    print(text, file=sys.stderr, flush=True)


def machine():
    name = platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":")[1].strip()
                break
    except OSError:
        pass
    return {"processor": name, "cores": os.cpu_count(), "load": os.getloadavg()[0]}


def run(options):
    comparison = Comparison(options)
    with tempfile.TemporaryDirectory() as folder:
        try:
            comparison.run(folder)
        finally:
            for process in comparison.processes.values():
                process.close()
    return comparison.result
