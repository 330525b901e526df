"""A process with one contender. Reads commands as lines of JSON and answers each with one
line.

Separate processes keep the peak memory of the contenders apart, and two LibTorch libraries of different
builds out of one process. Only one of them computes at any time.
"""
import json
import os
import pathlib
import statistics
import sys
import time

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import contenders  # noqa: E402
import model_file  # noqa: E402
import numpy as np  # noqa: E402


def memory(field):
    """VmRSS or VmHWM in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


def mapped_libraries():
    lines = pathlib.Path("/proc/self/maps").read_text().splitlines()
    paths = {os.path.realpath(line.split(maxsplit=5)[5]) for line in lines if ".so" in line}
    return {path for path in paths if os.path.isfile(path)}


def system_library(path):
    """Belongs to the C and C++ runtime or to Python."""
    name = os.path.basename(path)
    return name.split(".so")[0] in ("libc", "libm", "libdl", "libpthread", "librt", "libstdc++",
                                    "libgcc_s", "libutil") or "lib-dynload" in path


def timed(action, *arguments):
    wall, cpu = time.perf_counter(), time.process_time()
    action(*arguments)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def measure(call, seconds, least):
    """Wall and CPU time of single calls in seconds."""
    wall, cpu = [], []
    end = time.perf_counter() + seconds
    while len(wall) < least or time.perf_counter() < end:
        wall_start, cpu_start = time.perf_counter_ns(), time.process_time_ns()
        call()
        cpu.append((time.process_time_ns() - cpu_start) * 1e-9)
        wall.append((time.perf_counter_ns() - wall_start) * 1e-9)
    return {"wall": wall, "cpu": cpu}


CACHES = 64 << 20  # bytes; more than the caches of a core and the last one that it shares


def measure_cold(call, others, calls):
    """Times of calls before which other data took the place of all that the caches held, and of as many calls
    without that."""
    measure(call, 0, 3)
    warm = measure(call, 0, calls)
    cold = {"wall": [], "cpu": []}
    for _ in range(calls):
        others += 1
        time.perf_counter_ns(), time.process_time_ns()  # these and the interpreter are not measured
        for clock, times in measure(call, 0, 1).items():
            cold[clock] += times
    return {"warm": warm, "cold": cold}


class Worker:
    def __init__(self, name, library, modalities, steps, most_samples):
        self.contender = contenders.make(name, library)
        # Before memory is first measured: the inputs do not count.
        self.all_frames = model_file.inputs(modalities, most_samples, steps)
        self.calls = {}
        self.others = None
        self.control = None

    def frames(self, samples):
        return [each[:samples] for each in self.all_frames]

    def load(self, path, repetitions):
        if hasattr(self.contender, "prepare"):
            self.contender.prepare(path)
        self.base, self.libraries = memory("VmRSS"), mapped_libraries()
        start = timed(self.contender.start)
        times = [timed(self.contender.load, path) for _ in range(repetitions)]
        model = {clock: statistics.median(each[clock] for each in times) for clock in start}
        return {"start": start, "model": model}

    def predict(self, samples):
        call, outputs = self.contender.prediction(self.frames(samples))
        first = timed(call)
        self.calls["predict", samples] = call
        logits, uncertainty = outputs()
        new = [path for path in mapped_libraries() - self.libraries if not system_library(path)]
        return {"logits": logits, "uncertainty": uncertainty, "first": first,
                "library_bytes": sum(os.path.getsize(path) for path in new),
                "peak_bytes": memory("VmHWM") - self.base}

    def train(self, samples):
        self.calls["train", samples] = self.contender.training(self.frames(samples))
        self.calls["train", samples]()
        return {"peak_bytes": memory("VmHWM") - self.base}

    def time(self, kind, samples, seconds, least):
        return measure(self.calls[kind, samples], seconds, least)

    def time_cold(self, samples, calls):
        if self.others is None:
            self.others = np.zeros(CACHES, np.uint8)
        return measure_cold(self.calls["predict", samples], self.others, calls)

    def time_with_control(self, samples, seconds):
        """Times of predictions and, in turns with them, of products of matrices that take as long."""
        call = self.calls["predict", samples]
        if self.control is None:
            self.control = Control(min(measure(call, 0, 20)["wall"]))
        times = {"prediction": {"wall": [], "cpu": []}, "control": {"wall": [], "cpu": []}}
        end = time.perf_counter() + seconds
        while not times["control"]["wall"] or time.perf_counter() < end:
            for name, action in (("prediction", call), ("control", self.control)):
                for clock, each in measure(action, 0, 1).items():
                    times[name][clock] += each
        return times


class Control:
    """Products of matrices that stay in the first two caches: what the machine itself does to the times of a
    call that multiplies as fast as the core can."""

    def __init__(self, seconds):
        self.x = np.full((48, 48), 0.5, np.float32)
        self.out = np.empty_like(self.x)
        self.repetitions = range(50)
        best = min(timed(self)["wall"] for _ in range(50)) / 50
        self.repetitions = range(max(1, round(seconds / best)))

    def __call__(self):
        for _ in self.repetitions:
            np.matmul(self.x, self.x, self.out)


def main():
    # What libraries print must not reach the stream of the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    settings = json.loads(sys.stdin.readline())
    worker = Worker(**settings)
    for line in sys.stdin:
        command = json.loads(line)
        action = command.pop("action")
        try:
            answer = getattr(worker, action)(**command)
        except Exception as error:  # the parent reports it
            answer = {"error": f"{type(error).__name__}: {error}".strip()[:500]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
