#!/usr/bin/env python3
"""Accuracy and uncertainty under corrupted input.

    bench/corrupted_input.py PROGRAM DATA MODEL...

Corrupts each modality of split valid of an HDF5 file in four ways: noise of one and of three standard
deviations (of the features in split train), all frames at the mean, every frame replaced by the first one. Prints
the accuracy of all modalities together, and the AUROC with which the variance of the corrupted modality
separates corrupted from clean samples, as the mean and each model's value. Needs h5py and NumPy.
"""
import csv
import io
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

NOISE = {"weak noise": 1, "noise": 3}  # in standard deviations
KINDS = (*NOISE, "mean", "frozen")


def statistics(train, modality):
    """Mean and standard deviation of each feature over the frames."""
    values, lengths = train[modality][()], train[modality + "_length"][()]
    frames = np.concatenate([values[i, :n] for i, n in enumerate(lengths) if n > 0])
    deviation = frames.std(0)
    return frames.mean(0), np.where(deviation < 1e-6, 1, deviation)


def corrupted(data, modality, kind):
    mean, deviation = statistics(data["train"], modality)
    values = data["valid"][modality][()].astype("f4")
    random = np.random.default_rng(5)
    for i, n in enumerate(data["valid"][modality + "_length"][()]):
        if n == 0:
            continue
        if kind in NOISE:
            values[i, :n] += NOISE[kind] * deviation * random.normal(size=values[i, :n].shape)
        elif kind == "mean":
            values[i, :n] = mean
        else:
            values[i, :n] = values[i, 0].copy()
    return values


def write(path, data, modality=None, kind=None):
    with h5py.File(path, "w") as out:
        out.attrs.update(data.attrs)
        for name in data["valid"]:
            out["valid/" + name] = (corrupted(data, modality, kind) if name == modality
                                    else data["valid"][name][()])


def predict(program, model, path):
    done = subprocess.run([program, "predict", model, path, "--split", "valid", "--csv"], text=True,
                          stdout=subprocess.PIPE, check=True)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def accuracy(rows):
    return 100 * np.mean([row["label"] == row["predicted"] for row in rows if row["label"]])


def auroc(clean, other):
    clean, other = np.array(clean)[None], np.array(other)[:, None]
    return (other > clean).mean() + (other == clean).mean() / 2


def variances(rows, modality):
    return [float(row["variance:" + modality]) for row in rows if row["variance:" + modality]]


def main():
    program, path, *models = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, h5py.File(path, "r") as data:
        file = str(pathlib.Path(folder) / "valid.h5")
        write(file, data)
        clean = [predict(program, model, file) for model in models]
        show = lambda values: f"{np.mean(values):.3f}  ({', '.join(f'{v:.2f}' for v in values)})"
        print("clean: accuracy %", show([accuracy(rows) for rows in clean]))
        names = [n for n in data["valid"] if n + "_length" in data["valid"]]
        for name in names:
            for kind in KINDS:
                write(file, data, name, kind)
                rows = [predict(program, model, file) for model in models]
                print(f"{name}, {kind}: accuracy %", show([accuracy(r) for r in rows]))
                print(f"{name}, {kind}: AUROC", show(
                    [auroc(variances(c, name), variances(r, name)) for c, r in zip(clean, rows)]))


if __name__ == "__main__":
    main()
