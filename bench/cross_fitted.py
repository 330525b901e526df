#!/usr/bin/env python3
"""Accuracy and calibration with what is fitted after training cross-fitted.

    bench/cross_fitted.py [--folds N] PROGRAM DATA MODEL...

Divides split valid of an HDF5 file into folds (default 5), whole videos together: the name of a video is a
sample's `id` without its last part, VIDEO_SEGMENT or VIDEO[SEGMENT]. For each model (classes) and fold it
calibrates on the other folds with `casd calibrate --maps` and predicts the fold under every set of
modalities. The predictions of all folds are scored together. Also prints the scores of the models as they
are, that is, fitted to the same samples. The epoch of the models was selected on valid in both cases.
Needs h5py and NumPy.

NLL: mean negative log-likelihood. AUROC: how well the error probability separates wrong from right
predictions, over all sets together. ECE: expected calibration error, 15 bins.
"""
import argparse
import csv
import io
import itertools
import pathlib
import subprocess
import tempfile

import h5py
import numpy as np


def videos(data):
    names = [name.decode() for name in data["valid/id"]]
    return np.array([name[:-1].rsplit("[", 1)[0] if name.endswith("]") else name.rsplit("_", 1)[0]
                     for name in names])


def folds_of(groups, count):
    """The fold of each sample: the largest videos first, each into the smallest fold."""
    names, sizes = np.unique(groups, return_counts=True)
    filled, fold = np.zeros(count, int), {}
    for i in np.argsort(-sizes, kind="stable"):
        fold[names[i]] = int(filled.argmin())
        filled[fold[names[i]]] += sizes[i]
    return np.array([fold[name] for name in groups])


def write(path, data, chosen, with_train):
    """The chosen samples as split valid."""
    with h5py.File(path, "w") as out:
        out.attrs.update(data.attrs)
        if with_train:
            data.copy("train", out)
        for name in data["valid"]:
            out["valid/" + name] = data["valid"][name][()][chosen]


def predict(program, model, path, mask):
    done = subprocess.run([program, "predict", model, path, "--csv", "--mask", mask, "--threads", "1"],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return [row for row in csv.DictReader(io.StringIO(done.stdout))
            if row["label"] and row["status"] == "ok"]


def weighted_f1(rows):
    total = 0
    for name in {row["label"] for row in rows}:
        hit = sum(row["label"] == name == row["predicted"] for row in rows)
        both = sum((row["label"] == name) + (row["predicted"] == name) for row in rows)
        total += sum(row["label"] == name for row in rows) * 2 * hit / both
    return 100 * total / len(rows)


def wrong(rows):
    return np.array([row["label"] != row["predicted"] for row in rows])


def numbers(rows, column):
    return np.array([float(row[column]) for row in rows])


def likelihood(rows):
    return np.mean([-np.log(max(float(row["probability:" + row["label"]]), 1e-12)) for row in rows])


def calibration_error(rows, bins=15):
    confidence, right = numbers(rows, "confidence"), ~wrong(rows)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    return 100 * sum(abs(confidence[bin_of == b].sum() - right[bin_of == b].sum())
                     for b in range(bins)) / len(rows)


def auroc(score, positive):
    high, low = score[positive][:, None], score[~positive][None]
    return (high > low).mean() + (high == low).mean() / 2


def scores(by_mask):
    """Of one model: rows of all samples under each mask, all modalities last."""
    *incomplete, complete = by_mask.values()
    pooled = [row for rows in by_mask.values() for row in rows]
    return {
        "F1 % complete": weighted_f1(complete),
        "F1 % mean of incomplete": np.mean([weighted_f1(rows) for rows in incomplete]),
        "NLL complete": likelihood(complete),
        "NLL mean of all sets": np.mean([likelihood(rows) for rows in by_mask.values()]),
        "AUROC of the error probability": auroc(numbers(pooled, "error_probability"), wrong(pooled)),
        "ECE % complete": calibration_error(complete),
        "ECE % mean of all sets": np.mean([calibration_error(rows) for rows in by_mask.values()]),
        "ECE % of all sets together": calibration_error(pooled),
    }


def show(title, of_models):
    print(title)
    for name in of_models[0]:
        values = [s[name] for s in of_models]
        digits = 1 if "%" in name else 3
        print(f"  {name + ':':32}{np.mean(values):.{digits}f} +- {np.std(values):.{digits}f}  ("
              + " ".join(f"{v:.{digits}f}" for v in values) + ")")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("program")
    parser.add_argument("data")
    parser.add_argument("models", nargs="+", metavar="model")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, h5py.File(args.data, "r") as data:
        groups = videos(data)
        fold = folds_of(groups, args.folds)
        print(f"{args.data}, split valid: {len(groups)} samples, {len(set(groups))} videos, folds of "
              + " ".join(str(n) for n in np.bincount(fold)))
        names = [name.decode() if isinstance(name, bytes) else name for name in data.attrs["modalities"]]
        masks = [",".join(names[m] for m in chosen) for size in range(1, len(names) + 1)
                 for chosen in itertools.combinations(range(len(names)), size)]
        cross, same = ([{mask: [] for mask in masks} for _ in args.models] for _ in range(2))
        others, file, calibrated = (str(pathlib.Path(folder) / name)
                                    for name in ("others.h5", "fold.h5", "fold.casd"))
        for held in range(args.folds):
            write(others, data, fold != held, True)
            write(file, data, fold == held, False)
            for i, model in enumerate(args.models):
                subprocess.run([args.program, "calibrate", model, others, "-o", calibrated, "--maps",
                                "--threads", "1"], stdout=subprocess.DEVNULL, check=True)
                for mask in masks:
                    cross[i][mask] += predict(args.program, calibrated, file, mask)
                    same[i][mask] += predict(args.program, model, file, mask)
        show("cross-fitted:", [scores(s) for s in cross])
        show("fitted to the same samples:", [scores(s) for s in same])


if __name__ == "__main__":
    main()
