"""Percentiles of the times of calls."""
import statistics


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def tail(times):
    return percentile(times, 0.99) / statistics.median(times)


def tails(case, clock):
    """99th percentile as a multiple of the median, of predictions, of the control that takes turns with them,
    and the ratio of both: in each round, and over all calls, where a median that drifts between the rounds
    counts, too."""
    def row(ratios, all_calls):
        return {"ratio": statistics.median(ratios), "all": all_calls,
                "ratios": [percentile(ratios, 0.1), percentile(ratios, 0.9)]}

    ratios, all_calls = {}, {}
    for name in ("prediction", "control"):
        rounds = [each[name][clock] for each in case["rounds"]]
        ratios[name] = [tail(times) for times in rounds]
        all_calls[name] = tail([time for times in rounds for time in times])
    out = {name: row(ratios[name], all_calls[name]) for name in ratios}
    out["relative"] = row([one / other for one, other in zip(ratios["prediction"], ratios["control"])],
                          all_calls["prediction"] / all_calls["control"])
    return out
