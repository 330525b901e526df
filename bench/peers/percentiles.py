"""Percentiles of the times of calls."""
import statistics


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def tails(case, clock):
    """99th percentile as a multiple of the median: within each round, as other ratios, and over all calls,
    where a median that drifts between the rounds counts, too."""
    out = {}
    for name in case["rounds"][0]:
        ratios = [percentile(each[name][clock], 0.99) / statistics.median(each[name][clock])
                  for each in case["rounds"]]
        calls = [t for each in case["rounds"] for t in each[name][clock]]
        out[name] = {"ratio": statistics.median(ratios),
                     "ratios": [percentile(ratios, 0.1), percentile(ratios, 0.9)],
                     "all": percentile(calls, 0.99) / statistics.median(calls)}
    return out
