"""Whole trainings by the program: reading, epochs, checkpoints, calibration."""
import os
import pathlib
import shlex
import statistics
import subprocess
import tempfile


def commands(options, model):
    """name -> command. All with one thread."""
    program = options.library.resolve().parents[1] / "bin" / "casd"
    train = [str(program), "train", str(options.whole_training), "--output", model, "--threads", "1",
             "--restart", *shlex.split(options.train_arguments)]
    out = {"casd-cpu": [*train, "--engine", "cpu"]}
    if list(options.library.parent.glob("libcasd_torch.*")):
        out["casd-torch"] = [*train, "--engine", "torch"]
    if options.reference:
        out["casd-cpu, evidential"] = [*train, "--engine", "cpu", "--recipe", "evidential"]
        out["reference, evidential"] = shlex.split(options.reference)
    return out


def cpu_seconds(command):
    """CPU time on the core that all contenders share. Raises with what the program said."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    cores = {max(os.sched_getaffinity(0))}
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                 env=environment, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            said.seek(0)
            raise RuntimeError(f"{shlex.join(command)}: {said.read().strip()[-500:]}")
    return usage.ru_utime + usage.ru_stime


def run(options, progress):
    """name -> CPU time of each round in seconds."""
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        wanted = commands(options, str(pathlib.Path(folder) / "model.casd"))
        for round_index in range(options.whole_rounds):
            for name, command in wanted.items():
                progress(f"whole training {round_index + 1}, {name}")
                seconds.setdefault(name, []).append(cpu_seconds(command))
    return seconds


def table(seconds):
    """Markdown. Ratios are to the training of CASD's own engine with the same recipe, within a round."""
    lines = ["| whole training | CPU time, s | ratio to `casd-cpu` |", "|---|---:|---:|"]
    for name, times in seconds.items():
        own = seconds["casd-cpu, evidential" if name.endswith("evidential") else "casd-cpu"]
        ratio = statistics.median(a / b for a, b in zip(times, own, strict=True))
        lines.append(f"| {name} | {statistics.median(times):.1f} | {ratio:.2f} |")
    return lines
