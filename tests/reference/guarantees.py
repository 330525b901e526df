#!/usr/bin/env python3
"""Computes prediction sets, selective prediction, the monitor's test and scoring rules with NumPy and
SciPy, independently of src, and writes inputs and results to guarantees.json, which the unit tests
compare with.

    pip install numpy scipy && python3 tests/reference/guarantees.py
"""
import json
import math
import pathlib
from fractions import Fraction

import numpy as np
from scipy.optimize import minimize
from scipy.stats import beta, norm

MOST = 512  # numbers in a table


def floats(values):
    return [float(np.float32(v)) for v in values]


def stored(sorted_numbers, most=MOST):
    """The order statistics that a table keeps: (rank, number)."""
    n = len(sorted_numbers)
    size = min(n, most)
    ranks = [math.ceil(Fraction((j + 1) * n, size)) for j in range(size)]
    return [(rank, sorted_numbers[rank - 1]) for rank in ranks]


def conformal_threshold(scores, coverage):
    rank = max(math.ceil((len(scores) + 1) * Fraction(coverage)), 1)
    return next((score for r, score in stored(sorted(scores)) if r >= rank), None)


def conformal_cases(rng):
    cases = []
    for n in (1, 8, 9, 19, 40, 512, 513, 1300):
        scores = floats(rng.uniform(size=n))
        cases.append({"scores": scores, "thresholds": [
            [coverage, conformal_threshold(scores, coverage)]
            for coverage in ("0.5", "0.8", "0.9", "0.95", "0.99")]})
    return cases


def upper_limit(wrong, accepted, risk):
    """Clopper and Pearson: the largest rate that these counts do not refute at level `risk`."""
    return 1.0 if wrong == accepted else float(beta.ppf(1 - risk, wrong + 1, accepted - wrong))


def selective_level(decisions, rate, risk):
    n, risk = len(decisions), risk / 3
    first_errors = 1 if upper_limit(1, n, risk) <= rate else 0
    levels = []
    for e in sorted({e for e, _ in decisions}):
        accepted = sum(1 for other, _ in decisions if other <= e)
        wrong = sum(w for other, w in decisions if other <= e)
        levels.append((e, accepted, upper_limit(first_errors, accepted, risk) <= rate,
                       upper_limit(wrong, accepted, risk) <= rate))
    reached = []
    for start in (0, n / 4, n / 2):
        for e, accepted, tested, holds in levels:
            if accepted < start or not tested:
                continue
            if not holds:
                break
            reached.append(e)
    return max(reached, default=None)


def selective_cases(rng):
    cases = []
    for n, power in ((20, 2), (60, 3), (115, 1), (229, 2), (500, 3)):
        e = np.round(rng.uniform(size=n) ** power / 2, 3)  # some are equal
        wrong = rng.uniform(size=n) < e
        decisions = [(a, int(b)) for a, b in zip(floats(e), wrong)]
        cases.append({"decisions": decisions, "levels": [
            [rate, risk, selective_level(decisions, rate, risk)]
            for rate in (0.02, 0.05, 0.1, 0.2, 0.3) for risk in (0.04, 0.1)]})
    return cases


def stream_p_values(held_out, stream, random, most=MOST):
    """Each p-value by counting: which numbers, held out or seen before, lie in a higher gap between the
    stored order statistics, and which in the same one."""
    edges = [number for _, number in stored(sorted(held_out), most)]
    gap = lambda x: sum(1 for edge in edges if edge < x)
    seen = [gap(x) for x in held_out] + [len(edges)]  # one more rank: above all
    out = []
    for x, u in zip(stream, random):
        here = gap(x)
        higher = sum(1 for g in seen if g > here)
        out.append((higher + u * seen.count(here)) / len(seen))
        seen.append(here)
    return out


def capital(p_values):
    """The sum of the bets that begin at each of the p-values, each followed separately."""
    def gains(p):
        c = p - 0.5
        return np.array([1, 1 - 2 * c, 1 - c, 1 + c, 1 + 2 * c, 0.3 * p ** -0.7,
                         0.3 * (1 - p) ** -0.7, 1.5 - 6 * c * c, 12 * c * c])
    out, begun = [], []
    for p in p_values:
        begun = [0.99 * c + 0.01 * c.mean() for c in begun] + [np.full(9, 1 / 9)]
        begun = [c * gains(p) for c in begun]
        out.append(float(sum(c.sum() for c in begun)))
    return out


def martingale_cases(rng):
    cases = []
    for n, most, shift in ((30, MOST, 0), (200, MOST, 1.5), (700, MOST, -0.7), (3, MOST, 0)):
        held_out = floats(rng.normal(size=n))
        stream = floats(np.concatenate([rng.normal(size=40), shift + rng.normal(size=60)]))
        random = [float(u) for u in rng.uniform(size=len(stream))]
        p = stream_p_values(held_out, stream, random, most)
        cases.append({"held_out": held_out, "stream": stream, "random": random, "p": p,
                      "capital": capital(p)})
    return cases


def kind_case(rng):
    counts, stream = [0, 3, 20, 77], [int(k) for k in rng.integers(0, 4, size=60)]
    random = [float(u) for u in rng.uniform(size=len(stream))]
    seen = [k for k, n in enumerate(counts) for _ in range(n)]
    p = []
    for k, u in zip(stream, random):
        seen.append(k)
        p.append((sum(1 for s in seen if s < k) + u * seen.count(k)) / len(seen))
    return {"counts": counts, "stream": stream, "random": random, "p": p}


def variance_cases(rng):
    cases = []
    for n, truth in ((300, (0.2, 0.5, 2.0)), (200, (0.5, 0.0, 1.0)), (50, (1.0, 0.0, 0.0))):
        term = rng.gamma(2, 1, size=(n, 2)) * (rng.uniform(size=(n, 2)) < 0.7)
        square = (truth[0] + term @ np.array(truth[1:])) * rng.normal(size=n) ** 2
        design = np.column_stack([np.ones(n), term])

        def objective(parameter):
            v = design @ parameter
            return np.mean(np.log(v) + square / v), np.mean(
                design * (1 / v - square / v ** 2)[:, None], axis=0)
        least = 1e-6 * square.mean()
        fits = [minimize(objective, start, jac=True, method="L-BFGS-B",
                         bounds=[(least, None), (0, None), (0, None)],
                         options={"ftol": 1e-15, "gtol": 1e-12, "maxiter": 5000})
                for start in ([1, 1, 1], [square.mean(), 0.1, 0.1], [least, 1, 1])]
        best = min(fits, key=lambda fit: fit.fun)
        cases.append({"square": square.tolist(), "term": term.reshape(-1).tolist(),
                      "objective": float(best.fun), "parameter": best.x.tolist()})
    return cases


def scoring_case(rng):
    n, k = 80, 3
    p = rng.dirichlet([1.2] * k, size=n)
    p[0] = [1, 0, 0]
    target = np.array([rng.choice(k, p=row) for row in p])
    target[0] = 1  # of probability 0
    confidence = np.round(p.max(axis=1), 2)  # some are equal
    wrong = p.argmax(axis=1) != target
    # Equal confidences: the mean over many orders.
    areas = []
    for _ in range(20000):
        order = np.lexsort((rng.uniform(size=n), -confidence))
        areas.append(np.mean(np.cumsum(wrong[order]) / np.arange(1, n + 1)))
    # And exactly: each of a group of equals carries the group's error rate.
    rate = np.array([wrong[confidence == c].mean() for c in confidence])[np.argsort(-confidence)]
    area = float(np.mean(np.cumsum(rate) / np.arange(1, n + 1)))
    assert abs(area - np.mean(areas)) < 5 * np.std(areas) / math.sqrt(len(areas))
    value, deviation = rng.normal(size=n), rng.gamma(2, 1, size=n)
    truth = value + deviation * rng.normal(size=n)
    return {"probability": p.reshape(-1).tolist(), "target": target.tolist(),
            "confidence": confidence.tolist(), "wrong": wrong.astype(int).tolist(),
            "risk_coverage_area": area,
            "brier": float(np.mean(((p - np.eye(k)[target]) ** 2).sum(axis=1))),
            "negative_log_likelihood": float(np.mean(-np.log(np.maximum(
                p[np.arange(n), target], np.finfo(np.float32).tiny)))),
            "value": value.tolist(), "deviation": deviation.tolist(), "truth": truth.tolist(),
            "normal_negative_log_likelihood": float(-norm.logpdf(truth, value, deviation).mean())}


def main():
    rng = np.random.default_rng(13)
    cases = {"conformal": conformal_cases(rng), "selective": selective_cases(rng),
             "martingale": martingale_cases(rng), "kinds": kind_case(rng),
             "variance": variance_cases(rng), "scoring": scoring_case(rng)}
    path = pathlib.Path(__file__).with_name("guarantees.json")
    path.write_text("{\n" + ",\n".join(
        f'"{name}": {json.dumps(case)}' for name, case in cases.items()) + "\n}\n")


if __name__ == "__main__":
    main()
