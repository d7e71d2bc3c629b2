#!/usr/bin/env python3
"""Times TA-Lib's C code through its Python package and tables it beside our batch forms.

candles FILE: writes a million made candles, five columns of floats.
time FILE CRITERION OUT.json: times every function, reads ours from criterion's estimates, writes both.
table RUN.json...: prints medians over the runs in nanoseconds per candle, the slowest ratio first.
"""

import json
import math
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import talib
from talib import abstract

ROWS = 1_000_000


def candles(path):
    random = np.random.default_rng(7)
    close = 100 * np.exp(random.normal(0, 0.001, ROWS).cumsum())
    opened = np.r_[close[0], close[:-1]]
    high = np.maximum(opened, close) * (1 + abs(random.normal(0, 0.0004, ROWS)))
    low = np.minimum(opened, close) * (1 - abs(random.normal(0, 0.0004, ROWS)))
    np.concatenate([opened, high, low, close, random.lognormal(8, 1, ROWS)]).tofile(path)


def functions():
    for group, names in talib.get_function_groups().items():
        if not group.startswith("Pattern"):
            yield from names


def arguments(name, columns):
    for wanted in abstract.Function(name).info["input_names"].values():
        for column in wanted if isinstance(wanted, list) else [wanted]:
            # Our second series of MAVP is the volume.
            yield columns["volume" if column == "periods" else column]


def measure(path, criterion, out):
    table = np.fromfile(path).reshape(5, -1)
    columns = dict(zip(["open", "high", "low", "close", "volume"], table, strict=True))
    result = {}
    for name in functions():
        estimates = Path(criterion) / "batch" / f"talib.{name.lower()}" / "new" / "estimates.json"
        if not estimates.is_file():
            continue
        function, inputs, times = getattr(talib, name), list(arguments(name, columns)), []
        for _ in range(5):
            start = time.perf_counter()
            function(*inputs)
            times.append(time.perf_counter() - start)
        ours = json.loads(estimates.read_text())["median"]["point_estimate"]
        result[name] = (ours / table.shape[1], statistics.median(times) * 1e9 / table.shape[1])
    Path(out).write_text(json.dumps(result))


def print_table(paths):
    runs = [json.loads(Path(path).read_text()) for path in paths]
    rows = []
    for name in runs[0]:
        ours = statistics.median(run[name][0] for run in runs)
        theirs = statistics.median(run[name][1] for run in runs)
        rows.append((statistics.median(run[name][0] / run[name][1] for run in runs), name, ours, theirs))
    print("| function | ours, ns | TA-Lib C, ns | ratio |\n|---|---|---|---|")
    for ratio, name, ours, theirs in sorted(rows, reverse=True):
        print(f"| {name} | {ours:.2f} | {theirs:.2f} | {ratio:.2f} |")
    mean = math.exp(statistics.mean(math.log(row[0]) for row in rows))
    print(f"\nGeometric mean of the ratios {mean:.2f}; {sum(row[0] > 1.05 for row in rows)} of {len(rows)} over 1.05.")


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "candles":
        candles(*rest)
    elif command == "time":
        measure(*rest)
    else:
        print_table(rest)
