#!/usr/bin/env python3
"""How well several measures rank the errors within one set of modalities.

    bench/error_ranking.py LIBRARY DATA TASK MODEL...

LIBRARY: libcasd.so. MODEL...: models of one recipe with different seeds. For each set of modalities and
model prints nothing but the means over sets and models of the AUROC with which a measure separates the
wrong predictions of split valid from the right ones (0.5: chance):

* the uncertainty U_F and the error probability of the model;
* Laplace: the variance of the logits under a Laplace approximation of the last layer, fitted on the
  fused representations of split train, with the prior precision of largest evidence;
* held-out evidence: U_F with the variance of each modality replaced by a prediction of the squared
  distance of its location to that of all modalities, learned on the other four fifths of split valid
  (ridge regression of the logarithm on location and log variance), five folds;
* density: the Mahalanobis distance of the fused representation to the nearest class of split train;
* ensemble: the mutual information of class and model over all MODELs;
* ensemble error: 1 - the mean probability of the predicted class over all MODELs (of their decision).

Needs NumPy.
"""
import ctypes
import sys

import numpy as np

FIELD_PROBABILITIES, FIELD_UNCERTAINTY, FIELD_REPRESENTATION = 0, 4, 12
FIELD_VARIANCE, FIELD_WEIGHT = 7, 11


class Library:
    """The few functions of the C API that are needed."""

    def __init__(self, path):
        self.casd = ctypes.CDLL(path)
        self.casd.casd_last_error.restype = ctypes.c_char_p
        self.casd.casd_dataset_size.restype = ctypes.c_int64

    def call(self, name, *arguments):
        if getattr(self.casd, name)(*arguments) != 0:
            raise RuntimeError(f"{name}: {self.casd.casd_last_error().decode()}")

    def make(self, name, *arguments):
        handle = ctypes.c_void_p()
        self.call(name, ctypes.byref(handle), *arguments)
        return handle

    def read(self, dataset, split):
        """A batch of the split and its labels."""
        schema = self.make("casd_dataset_schema", dataset)
        batch = self.make("casd_batch_create", schema)
        count = self.casd.casd_dataset_size(dataset, split)
        self.call("casd_dataset_read", batch, dataset, split, None, ctypes.c_size_t(count))
        self.casd.casd_batch_target.restype = ctypes.POINTER(ctypes.c_float)
        labels = np.full(count, -1)
        for i in range(count):
            target = self.casd.casd_batch_target(batch, ctypes.c_int64(i))
            if target:
                labels[i] = int(target[0])
        return batch, labels

    def field(self, prediction, field):
        rows, columns = ctypes.c_int64(), ctypes.c_int64()
        self.call("casd_prediction_shape", ctypes.byref(rows), ctypes.byref(columns), prediction, field)
        out = np.empty((rows.value, columns.value), "f4")
        self.call("casd_prediction_copy", out.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(out.size),
                  None, prediction, field)
        return out.astype(float)


def auroc(score, wrong):
    """Mann-Whitney with half for ties; NaN without both kinds."""
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    ranks[order] = np.arange(1, len(score) + 1)
    for value in np.unique(score):
        ranks[score == value] = ranks[score == value].mean()
    bad = wrong.sum()
    if bad == 0 or bad == len(wrong):
        return np.nan
    return (ranks[wrong].sum() - bad * (bad + 1) / 2) / (bad * (len(wrong) - bad))


def laplace_variance(train, probabilities, held_out):
    """Variance of the difference of the two logits (of the largest class against the rest)."""
    p = probabilities.max(1)
    features = np.c_[train, np.ones(len(train))]
    hessian = (features * (p * (1 - p))[:, None]).T @ features
    values, vectors = np.linalg.eigh(hessian)
    values = np.maximum(values, 0)
    # The precision at which it equals effective parameters / sum of squares (MacKay), for unit weights.
    precision = 1.0
    for _ in range(50):
        precision = max((values / (values + precision)).sum() / len(values), 1e-3)
    turned = np.c_[held_out, np.ones(len(held_out))] @ vectors
    return (turned**2 / (values + precision)).sum(1)


def folds(count, number=5):
    """Pairs of the samples to learn from and those to predict."""
    parts = np.array_split(np.random.default_rng(0).permutation(count), number)
    for k, part in enumerate(parts):
        yield np.concatenate(parts[:k] + parts[k + 1:]), part


def held_out_variance(location, variance, complete):
    """exp of what ridge regression predicts of log mean (location - complete)^2 on held-out folds."""
    target = np.log(((location - complete)**2).mean(1) + 1e-9)
    features = np.c_[location, np.log(variance)]
    out = np.empty(len(target))
    for learned, predicted in folds(len(target)):
        mean, deviation = features[learned].mean(0), features[learned].std(0) + 1e-9
        x = (features - mean) / deviation
        gram = x[learned].T @ x[learned] + len(learned) / 10 * np.eye(x.shape[1])
        slope = np.linalg.solve(gram, x[learned].T @ (target[learned] - target[learned].mean()))
        out[predicted] = np.exp(target[learned].mean() + x[predicted] @ slope)
    return out


def density_distance(train, labels, held_out):
    centred, means = [], []
    for label in np.unique(labels[labels >= 0]):
        part = train[labels == label]
        means.append(part.mean(0))
        centred.append(part - part.mean(0))
    covariance = np.cov(np.concatenate(centred).T) + 1e-3 * np.eye(train.shape[1])
    inverse = np.linalg.inv(covariance)
    return np.min([np.einsum("ij,jk,ik->i", held_out - m, inverse, held_out - m) for m in means], 0)


def entropy(p):
    return -(p * np.log(np.maximum(p, 1e-12))).sum(-1)


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    library = Library(sys.argv[1])
    dataset = library.make("casd_dataset_open", sys.argv[2].encode(), sys.argv[3].encode())
    schema = library.make("casd_dataset_schema", dataset)
    modalities = library.casd.casd_schema_modality_count(schema)
    train, train_labels = library.read(dataset, b"train")
    valid, labels = library.read(dataset, b"valid")
    known = labels >= 0
    results, probabilities = {}, {}
    for path in sys.argv[4:]:
        model = library.make("casd_model_load", path.encode())
        predictor = library.make("casd_predictor_create", model, None)
        prediction = library.make("casd_prediction_create")

        def fields(batch, mask, wanted):
            library.call("casd_predict", prediction, predictor, batch, ctypes.c_uint32(mask))
            return [library.field(prediction, field) for field in wanted]
        complete, = fields(valid, (1 << modalities) - 1, (FIELD_REPRESENTATION,))
        held_out = np.full((len(complete), modalities), np.nan)
        for m in range(modalities):
            location, variance = fields(valid, 1 << m, (FIELD_REPRESENTATION, FIELD_VARIANCE))
            rows = np.isfinite(location).all(1)
            held_out[rows, m] = held_out_variance(location[rows], variance[rows, m], complete[rows])
        for mask in range(1, 1 << modalities):
            train_p, train_mu = fields(train, mask, (FIELD_PROBABILITIES, FIELD_REPRESENTATION))
            p, uncertainty, mu, weight = fields(
                valid, mask,
                (FIELD_PROBABILITIES, FIELD_UNCERTAINTY, FIELD_REPRESENTATION, FIELD_WEIGHT))
            evidence = np.nansum(np.where(weight > 0, weight**2 * held_out, 0), 1)
            finite = np.isfinite(train_mu).all(1)
            usable = known & np.isfinite(mu).all(1)
            wrong = p[usable].argmax(1) != labels[usable]
            measures = {
                "uncertainty": uncertainty[usable, 0],
                "error probability": 1 - p[usable].max(1),
                "held-out evidence": evidence[usable],
                "Laplace": laplace_variance(train_mu[finite], train_p[finite], mu[usable]),
                "density": density_distance(train_mu[finite], train_labels[finite], mu[usable])}
            for name, measure in measures.items():
                results.setdefault(name, []).append(auroc(measure, wrong))
            probabilities.setdefault(mask, []).append(p)
    for stack in probabilities.values():
        stack = np.array(stack)
        mean = stack.mean(0)
        usable = known & np.isfinite(mean).all(1)
        information = entropy(mean) - entropy(stack).mean(0)
        for p in stack:
            wrong = p[usable].argmax(1) != labels[usable]
            results.setdefault("ensemble", []).append(auroc(information[usable], wrong))
            decided = p[usable].argmax(1)
            error = 1 - mean[usable][np.arange(usable.sum()), decided]
            results.setdefault("ensemble error", []).append(auroc(error, wrong))
    for name, values in results.items():
        print(f"{name:18} {np.nanmean(values):.3f}  ({np.nanmin(values):.2f} to {np.nanmax(values):.2f})")


if __name__ == "__main__":
    main()
