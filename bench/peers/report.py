"""Tables of a comparison."""
import json
import statistics

import whole_training
from percentiles import percentile, tails
from rounds import CONTENDERS

SHARED = 1.05  # wall time over CPU time, above which the core was shared


def clock_ratio(result):
    wall = cpu = 0
    for case in result["times"]:
        for each in case["rounds"]:
            for times in each.values():
                wall, cpu = wall + sum(times["wall"]), cpu + sum(times["cpu"])
    return wall / cpu if cpu else 1.0


def summary(case, clock):
    """name of the table -> figures a sample in microseconds, and the ratio to CASD."""
    rows = {}
    for name in case["rounds"][0]:
        calls = [t for each in case["rounds"] for t in each[name][clock]]
        # A contender and CASD are compared within each round.
        ratios = [statistics.median(each[name][clock]) /
                  statistics.median(each["casd-cpu"][clock]) for each in case["rounds"]]
        scale = 1e6 / case["batch"]
        row = {"form": name, "median": statistics.median(calls) * scale, "best": min(calls) * scale,
               "p99": percentile(calls, 0.99) * scale, "ratio": statistics.median(ratios),
               "ratios": [percentile(ratios, 0.1), percentile(ratios, 0.9)]}
        title = CONTENDERS[name]
        if title not in rows or row["ratio"] < rows[title]["ratio"]:
            rows[title] = row
    return rows


def titles():
    return list(dict.fromkeys(CONTENDERS.values()))


def figures(result, clock):
    return [{key: case[key] for key in ("kind", "size", "batch")} | {"rows": summary(case, clock)}
            for case in result["times"]]


def micro(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def speed_table(cases, absent):
    """Median of each contender, and its ratio to CASD."""
    columns = [f"{case['size']}, {case['batch']}" for case in cases]
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for title in titles():
        cells = []
        for case in cases:
            row = case["rows"].get(title)
            if not row:
                cells.append("not there" if title in absent else "")
            elif title == "CASD":
                cells.append(f"**{micro(row['median'])}**")
            else:
                cells.append(f"{micro(row['median'])} ({row['ratio']:.2f})")
        if any(cells):
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def detail_table(cases):
    lines = ["| case | contender | best | median | p99 | ratio (10th to 90th percentile of rounds) |",
             "|---|---|---:|---:|---:|---:|"]
    for case in cases:
        for row in case["rows"].values():
            low, high = row["ratios"]
            lines.append(f"| {case['kind']}, {case['size']}, {case['batch']} | {row['form']} | "
                         f"{micro(row['best'])} | {micro(row['median'])} | {micro(row['p99'])} | "
                         f"{row['ratio']:.2f} ({low:.2f} to {high:.2f}) |")
    return lines


def cold_ratios(case, clock):
    """name of the table -> (median with cold caches in microseconds, ratio to warm ones)."""
    rows = {}
    for name in case["rounds"][0]:
        median = statistics.median(t for each in case["rounds"] for t in each[name]["cold"][clock])
        ratio = statistics.median(statistics.median(each[name]["cold"][clock]) /
                                  statistics.median(each[name]["warm"][clock])
                                  for each in case["rounds"])
        row = (median * 1e6 / case["batch"], ratio)
        title = CONTENDERS[name]
        rows[title] = min(rows.get(title, row), row)
    return rows


def cold_table(cases):
    lines = ["| | " + " | ".join(f"{case['size']}, {case['batch']}" for case in cases) + " |",
             "|---|" + "---:|" * len(cases)]
    for title in titles():
        cells = [f"{micro(case['rows'][title][0])} ({case['rows'][title][1]:.2f})"
                 if title in case["rows"] else "" for case in cases]
        if any(cells):
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def tail_table(cases):
    names = {"prediction": "CASD", "control": "matrix products that take as long",
             "relative": "CASD relative to these"}
    lines = ["| | of its round (10th to 90th percentile of rounds) | of all |", "|---|---:|---:|"]
    for case in cases:
        for name, tail in case["tails"].items():
            low, high = tail["ratios"]
            lines.append(f"| {case['size']}, {case['batch']}: {names[name]} | "
                         f"{tail['ratio']:.2f} ({low:.2f} to {high:.2f}) | {tail['all']:.2f} |")
    return lines


def fact_table(result, clock):
    batches = result["settings"]["batches"]
    columns = ["contender", "libraries, MB", "start, ms", "load a model, ms", "first call, ms",
               "memory, MB, batch " + " / ".join(map(str, batches)), "largest difference"]
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]
    for key, facts in result["facts"].items():
        apart = max(value for name, value in facts.items() if name.startswith("difference"))
        cells = [key, f"{facts['library_bytes'] / 1e6:.1f}", f"{facts['start'][clock] * 1e3:.1f}",
                 f"{facts['model'][clock] * 1e3:.2f}", f"{facts['first'][clock] * 1e3:.2f}",
                 " / ".join(f"{facts[f'peak_bytes {each}'] / 1e6:.0f}" for each in batches),
                 f"{apart:.0e}"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def markdown(result):
    ratio = clock_ratio(result)
    clock = result["clock"] = "cpu" if ratio > SHARED else "wall"
    machine, settings = result["machine"], result["settings"]
    lines = [f"{machine['processor']}, {machine['cores']} cores, load {machine['load']:.1f}; one "
             f"thread; {settings['steps']} frames a sample; {settings['rounds']} rounds of "
             f"{settings['seconds']:g} s.", ""]
    if result["failures"]:
        return "\n".join(lines + ["The results differ; nothing was measured:", ""] +
                         [f"* {each}" for each in result["failures"]]) + "\n"
    if clock == "cpu":
        lines += [f"The core was shared: wall time was {ratio:.2f} times CPU time. All times are CPU "
                  "time.", ""]
    else:
        lines += [f"The core was not shared (wall time / CPU time: {ratio:.2f}). All times are wall "
                  "time.", ""]
    cases = figures(result, clock)
    result["figures"] = cases
    for kind, title in (("predict", "Prediction"), ("train", "Training step")):
        chosen = [case for case in cases if case["kind"] == kind]
        if chosen:
            absent = result["absent"] if kind == "predict" else {}
            lines += [f"{title}: median microseconds a sample (ratio to CASD), by size and batch", ""]
            lines += speed_table(chosen, absent) + [""]
    for case in result["cold"]:
        case["rows"] = cold_ratios(case, clock)
    if result["cold"]:
        lines += ["Prediction with cold caches: median microseconds a sample (ratio to warm caches)", ""]
        lines += cold_table(result["cold"]) + [""]
    for case in result["control"]:
        case["tails"] = tails(case, clock)
    if result["control"]:
        lines += ["The slowest of a hundred predictions: time as a multiple of the median", ""]
        lines += tail_table(result["control"]) + [""]
    lines += ["Loading, memory above that before the library was loaded, and agreement with CASD", ""]
    lines += fact_table(result, clock) + [""]
    if "whole_training" in result:
        lines += whole_training.table(result["whole_training"]) + [""]
    lines += ["Microseconds a sample", ""] + detail_table(cases) + [""]
    for title, reason in result["absent"].items():
        lines.append(f"{title}: not there ({reason})")
    return "\n".join(lines).rstrip() + "\n"


def as_json(result):
    """Settings and figures, without the times of single calls."""
    result = dict(result)
    del result["times"]
    for key in ("cold", "control"):
        result[key] = [{name: value for name, value in case.items() if name != "rounds"}
                       for case in result[key]]
    return json.dumps(result, indent=1)
