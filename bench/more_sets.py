#!/usr/bin/env python3
"""Two more real sets as .ts files, which no default was tuned for.

    bench/more_sets.py FOLDER

Needs numpy, scikit-learn and the unpacked package seglearn 1.2.5 (pip install --no-deps seglearn).
Writes NAME_TRAIN.ts and NAME_TEST.ts, and prints the accuracy in % of logistic regression on mean,
standard deviation and last of the frames, for each modality and for all:

    digits200, digits600     scikit-learn's handwritten digits, 200 or 600 to learn from; the rows of an
                             image are frames, its halves modalities: --modalities left=0-3,right=4-7
    watch100, watch300       seven exercises, windows of 100 frames of a smart watch, 100 or 300 to
                             learn from: --modalities accelerometer=0-2,gyroscope=3-5
    watch411                 the same, learned from half of the persons and tested on the others
"""
import argparse
import importlib.util
import pathlib

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

WINDOW, STRIDE = 100, 300


def write(path, samples):
    classes = sorted({label for _, label in samples})
    channels = samples[0][0].shape[1]
    with open(path, "w", encoding="ascii") as file:
        file.write(f"@problemName {path.stem}\n@timeStamps false\n@missing false\n@univariate false\n"
                   f"@dimensions {channels}\n@equalLength false\n"
                   f"@classLabel true {' '.join(classes)}\n@data\n")
        for frames, label in samples:
            rows = [",".join(f"{value:.5g}" for value in frames[:, c]) for c in range(channels)]
            file.write(":".join(rows) + ":" + label + "\n")


def pooled(samples, channels):
    return np.array([np.concatenate([f[:, channels].mean(0), f[:, channels].std(0), f[-1, channels]])
                     for f, _ in samples])


def accuracy(train, test, channels):
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    model.fit(pooled(train, channels), [label for _, label in train])
    return 100 * model.score(pooled(test, channels), [label for _, label in test])


def digits():
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    return [(data.images[i], str(data.target[i])) for i in order]


def windows():
    """(frames, label) and person of each window."""
    folder = pathlib.Path(importlib.util.find_spec("seglearn").origin).parent
    data = np.load(folder / "data/watch_dataset.npy", allow_pickle=True).item()
    out = []
    for frames, label, person in zip(data["X"], data["y"], data["subject"]):
        for first in range(0, len(frames) - WINDOW + 1, STRIDE):
            out.append(((frames[first:first + WINDOW], str(label)), person))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    images = digits()
    watch = windows()
    learned = [sample for sample, person in watch if person % 2 == 0]
    others = [sample for sample, person in watch if person % 2 == 1]
    mixed = learned + others
    mixed = [mixed[i] for i in np.random.default_rng(2).permutation(len(mixed))]
    for name, train, test in (("digits200", images[:200], images[800:]),
                              ("digits600", images[:600], images[800:]),
                              ("watch100", mixed[:100], mixed[300:]),
                              ("watch300", mixed[:300], mixed[300:]),
                              ("watch411", learned, others)):
        write(folder / f"{name}_TRAIN.ts", train)
        write(folder / f"{name}_TEST.ts", test)
        channels = train[0][0].shape[1]
        parts = [range(channels // 2), range(channels // 2, channels), range(channels)]
        print(name, *(f"{accuracy(train, test, list(part)):.1f}" for part in parts))


if __name__ == "__main__":
    main()
