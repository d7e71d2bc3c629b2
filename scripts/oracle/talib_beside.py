#!/usr/bin/env python3
"""Every function of TA-Lib's Python package beside `indicators --indicator talib.NAME(...)` on made and recorded candles.

Usage: talib_beside.py INDICATORS_BINARY. Values must agree to 1e-9 x max(1, |expected|), NaN and integers exactly.
Candles are chosen to be awkward too: flat stretches, ties, no volume, huge and tiny prices, one direction only, all the
digits that a float has. What is known to differ, and why, stands in qtp-indicators/README.md.
"""

import csv
import gzip
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
import talib
from talib import abstract

DATA = pathlib.Path(__file__).resolve().parents[3] / "shared/data"
COLUMNS = ["open", "high", "low", "close", "volume"]
TOLERANCE = 1e-9
BATCH = 40


def walk(seed, rows, start, step, decimals, volume=lambda random, n: random.lognormal(4, 1, n).round(4)):
    random = np.random.default_rng(seed)
    close = (start * np.exp(random.normal(0, step, rows).cumsum())).round(decimals)
    opened = np.r_[close[0], close[:-1]]
    high = (np.maximum(opened, close) * (1 + abs(random.normal(0, step / 2, rows)))).round(decimals)
    low = (np.minimum(opened, close) * (1 - abs(random.normal(0, step / 2, rows)))).round(decimals)
    floor = 10.0**-decimals
    columns = [np.maximum(column, floor) for column in (opened, high, low, close)]
    return dict(zip(COLUMNS, [*columns, volume(random, rows)], strict=True))


def flat(rows, price):
    return {name: np.full(rows, price) for name in COLUMNS[:4]} | {"volume": np.full(rows, 3.0)}


def steps(seed, rows):
    """Long stretches without any change, and jumps between them."""
    random = np.random.default_rng(seed)
    close = np.repeat(random.integers(90, 110, rows // 25 + 1), 25)[:rows].astype(float)
    opened = np.r_[close[0], close[:-1]]
    volume = random.integers(0, 3, rows).astype(float)
    return dict(zip(COLUMNS, [opened, np.maximum(opened, close), np.minimum(opened, close), close, volume], strict=True))


def pauses(seed, candles):
    """Stretches in which nobody trades, put into a walk."""
    random = np.random.default_rng(seed)
    at, rows = 0, len(candles["close"])
    while at < rows:
        at += random.integers(20, 90)
        end = at + random.integers(2, 25)
        for name in COLUMNS[:4]:
            candles[name][at:end] = candles["close"][min(at, rows) - 1]
    return candles


def ramp(rows, sign):
    close = 1000.0 + sign * 0.25 * np.arange(rows)
    return {"open": close - sign * 0.25, "high": close + 0.5, "low": close - 0.5, "close": close, "volume": np.full(rows, 10.0)}


def recorded(path, rows, at=0):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as file:
        table = list(csv.DictReader(file))[at : at + rows]
    return {name: np.array([float(row[name] if name in row else row[name.capitalize()]) for row in table]) for name in COLUMNS}


def inputs():
    yield "walk", walk(1, 1500, 30000, 0.002, 2)
    yield "ties", walk(2, 1500, 10, 0.004, 1, lambda random, n: random.integers(0, 5, n).astype(float))
    yield "tiny prices", walk(3, 800, 3e-4, 0.01, 8)
    yield "huge prices", walk(4, 800, 4e8, 0.001, 0)
    yield "wild", walk(5, 800, 50, 0.1, 4)
    yield "no volume", walk(6, 600, 100, 0.01, 2, lambda _, n: np.zeros(n))
    yield "flat", flat(400, 123.4)
    yield "steps", steps(7, 1200)
    yield "pauses", pauses(9, walk(9, 1500, 100, 0.005, 2))
    yield "pauses, all digits", pauses(10, walk(10, 1500, 30000, 0.005, 15))
    yield "all digits", walk(11, 1500, 1.5e-4, 0.02, 20)
    yield "up", ramp(500, 1)
    yield "down", ramp(500, -1)
    yield "short", walk(8, 40, 100, 0.01, 2)
    if DATA.is_dir():
        yield "BTC 1m", recorded(DATA / "bitfinex/BTCUSD_1m_2019.csv.gz", 2000, 30000)
        yield "NVDA daily", recorded(DATA / "equities-daily/NVDA_2013-2023.csv", 2800)
        yield "EURUSD hourly", recorded(DATA / "backtesting-py/EURUSD.csv", 2000)
    else:
        print(f"skipped: recorded candles: no {DATA}")


def calls(rows):
    """The defaults of every function, and two draws of other parameters."""
    draw = random.Random(11)
    for name in talib.get_functions():
        defaults = dict(abstract.Function(name).info["parameters"])
        yield name, defaults
        for _ in range(2 if defaults else 0):
            yield name, {key: other(draw, key, value, rows) for key, value in defaults.items()}


def other(draw, key, value, rows):
    if key.endswith("matype"):
        return draw.randint(0, 13)
    if isinstance(value, int):
        return draw.choice([2, 3, 4, 7, 13, 21, 50, 2, 5, 9, min(200, rows // 3)])
    return round(value * draw.choice([0.5, 1.0, 1.5, 2.0]), 3) or draw.choice([0.0, 0.01])


def expected(name, parameters, candles):
    """TA-Lib's columns by name; none where it refuses the call."""
    function = abstract.Function(name)
    wanted = []
    for column in function.info["input_names"].values():
        # Our second series of MAVP is the volume.
        wanted += [column] if isinstance(column, str) else column
    arrays = [candles["volume" if column == "periods" else column] for column in wanted]
    try:
        found = getattr(talib, name)(*arrays, **parameters)
    except Exception as error:
        return str(error)
    found = found if isinstance(found, tuple | list) else [found]
    return dict(zip(function.info["output_names"], found, strict=True))


def write(path, candles):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["timestamp", *COLUMNS])
        for i, row in enumerate(zip(*(candles[name] for name in COLUMNS), strict=True)):
            out.writerow([1_700_000_000 + 3600 * i, *(np.format_float_positional(x, trim="-") for x in row)])


def computed(binary, path, specs, out):
    command = [binary, "--candles", path, "--out", out]
    for spec in specs:
        command += ["--indicator", spec]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[0]
    with open(out, newline="") as file:
        header, *rows = (row[1:] for row in csv.reader(file))
    return {name: np.array([float(cell) if cell else np.nan for cell in column]) for name, column in zip(header, zip(*rows))}


def difference(their, ours):
    their = their.astype(float)
    if their.shape != ours.shape:
        return f"{len(ours)} rows for {len(their)}"
    odd = np.flatnonzero(np.isnan(their) != np.isnan(ours))
    if odd.size:
        return f"row {odd[0]}: {ours[odd[0]]} for {their[odd[0]]} ({odd.size} rows where only one is NaN)"
    with np.errstate(invalid="ignore"):
        error = np.abs(ours - their) / np.maximum(1, np.abs(their))
    error[(ours == their) | (np.isnan(ours) & np.isnan(their))] = 0
    worst = int(np.nanargmax(error)) if len(error) else 0
    if error[worst] > TOLERANCE or np.isnan(error[worst]):
        return f"row {worst}: {ours[worst]!r} for {their[worst]!r}, {error[worst]:.1e}"
    return None


def compare(binary, label, candles, folder):
    path, out = f"{folder}/candles.csv", f"{folder}/out.csv"
    write(path, candles)
    checked, wrong = 0, []
    asked = {}
    for name, parameters in calls(len(candles["close"])):
        text = ",".join(f"{key}={value}" for key, value in parameters.items())
        asked[f"talib.{name.lower()}({text})"] = expected(name, parameters, candles)
    accepted = [spec for spec, their in asked.items() if isinstance(their, dict)]
    columns = {}
    for at in range(0, len(accepted), BATCH):
        part = accepted[at : at + BATCH]
        found = computed(binary, path, part, out)
        if isinstance(found, str):
            for spec in part:
                one = computed(binary, path, [spec], out)
                if isinstance(one, str):
                    wrong.append(f"{spec}: refused: {one}")
                else:
                    columns |= one
        else:
            columns |= found
    for spec in accepted:
        their = asked[spec]
        mine = {name.rsplit(".", 1)[1]: column for name, column in columns.items() if name.startswith(spec + ".")}
        if len(their) == 1 and spec in columns:
            mine = {next(iter(their)): columns[spec]}
        if not mine:
            continue
        for output, column in their.items():
            checked += 1
            found = difference(column, mine[output]) if output in mine else "no such column"
            if found:
                wrong.append(f"{spec}.{output}: {found}")
    refused = len(asked) - len(accepted)
    print(f"{label}: {checked} columns of {len(accepted)} calls, {refused} refused by TA-Lib, {len(wrong)} differ")
    return [f"{label}: {line}" for line in wrong]


def main(binary):
    with tempfile.TemporaryDirectory() as folder:
        wrong = [line for label, candles in inputs() for line in compare(binary, label, candles, folder)]
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
