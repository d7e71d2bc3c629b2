#!/usr/bin/env python3
"""Times TA-Lib's C code through its Python package beside our batch forms, function by function in turn.

candles FILE: writes a million made candles, five columns of floats.
compare [--write PAGE] FILE COMMAND..: COMMAND is the bench `speed`; prints a Markdown table of nanoseconds per candle and
puts it between its marks in PAGE.

QTP_BENCH_ROUNDS (5) comparisons of each function, each the least of seven runs on either side in processor time; the table
has medians, of the ratio too. Ours writes into columns allocated before. The package allocates its output and looks for
leading NaN in the same call: the allocator hands it the memory of the call before, so that costs a few percent of the
cheapest functions.
"""

import math
import os
import statistics
import subprocess
import sys
import time

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
    wanted = os.environ.get("QTP_BENCH_ONLY", "").upper().split()
    for names in talib.get_function_groups().values():
        yield from (name for name in names if not wanted or name in wanted)


def arguments(name, columns):
    for wanted in abstract.Function(name).info["input_names"].values():
        for column in wanted if isinstance(wanted, list) else [wanted]:
            # Our second series of MAVP is the volume.
            yield columns["volume" if column == "periods" else column]


def theirs(name, columns):
    function, inputs, least = getattr(talib, name), list(arguments(name, columns)), math.inf
    for _ in range(7):
        start = time.thread_time()
        function(*inputs)
        least = min(least, time.thread_time() - start)
    return least * 1e9 / len(columns["close"])


def compare(path, *command):
    page = None
    if path == "--write":
        page, path, *command = command
    columns = np.fromfile(path).reshape(5, -1)
    columns = dict(zip(["open", "high", "low", "close", "volume"], columns, strict=True))
    names = list(functions())
    times = {name: [] for name in names}
    # numpy asks for huge pages where it allocates; so does the allocator of ours then.
    environment = os.environ | {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen([*command, path], **pipes) as ours:
        for _ in range(int(os.environ.get("QTP_BENCH_ROUNDS", "5"))):
            for name in names:
                print(f"talib.{name.lower()}", file=ours.stdin, flush=True)
                times[name].append((float(ours.stdout.readline()), theirs(name, columns)))
        ours.stdin.close()
    lines = list(table(times))
    print("\n".join(lines))
    if page:
        write(page, lines)


MARKS = ("<!-- table of scripts/bench-indicators -->", "<!-- end of the table -->")


def table(times):
    rows = []
    for name, pairs in times.items():
        ours, their = (statistics.median(side) for side in zip(*pairs, strict=True))
        rows.append((statistics.median(pair[0] / pair[1] for pair in pairs), name, ours, their))
    rows.sort(reverse=True)
    mean = math.exp(statistics.mean(math.log(row[0]) for row in rows))
    over = sum(row[0] > 1.05 for row in rows)
    yield f"Geometric mean of the ratios {mean:.2f}; {over} of {len(rows)} over 1.05."
    yield ""
    yield "| | ours | TA-Lib | ratio " * 3 + "|"
    yield "|---" * 12 + "|"
    height = -(-len(rows) // 3)
    for line in range(height):
        cells = (rows[k] for k in range(line, len(rows), height))
        yield "".join(f"| {name} | {ours:.2f} | {their:.2f} | {ratio:.2f} " for ratio, name, ours, their in cells) + "|"


def write(page, lines):
    with open(page, encoding="utf-8") as file:
        before, _, rest = file.read().partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    with open(page, "w", encoding="utf-8") as file:
        file.write("\n".join([before + MARKS[0], "", *lines, "", MARKS[1] + after]))


if __name__ == "__main__":
    {"candles": candles, "compare": compare}[sys.argv[1]](*sys.argv[2:])
