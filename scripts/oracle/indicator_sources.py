#!/usr/bin/env python3
"""Compares our release `indicators` with Python libraries, and where none has a formula, with the formula written out.

Covers what neither TA-Lib nor the recorded .NET results cover. Exit 1 on a difference.
Build first: cargo build --release --bin indicators
Needs: pip install pandas-ta-classic ta finta tulipy
"""

import csv
import gzip
import itertools
import math
import subprocess
import sys

from project import DATA, ROOT, TARGET, WORK, skip

try:
    import numpy as np
    import pandas as pd
    import pandas_ta_classic as pta
    import ta
    import tulipy
    from finta import TA as finta
except ImportError as missing:
    skip(f"indicator sources: {missing}")
    sys.exit(0)

TOLERANCE = 1e-9
ROWS = 2000
SOURCE = DATA / "binance-1h" / "BTCUSDT_1h_20240416-20260416.csv.gz"


def candles():
    with gzip.open(SOURCE, "rt") as file:
        rows = list(itertools.islice(csv.DictReader(file), ROWS))
    frame = pd.DataFrame({name: [float(row[name]) for row in rows] for name in ("open", "high", "low", "close", "volume")})
    frame.index = pd.to_datetime([row["timestamp"] for row in rows], utc=True)
    path = WORK / "indicator-sources.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        writer.writerows([row[name] for name in ("timestamp", "open", "high", "low", "close", "volume")] for row in rows)
    return frame, path


def ours(path, specs):
    out = WORK / "indicator-sources-out.csv"
    command = [str(TARGET / "release" / "indicators"), "--candles", str(path), "--out", str(out)]
    for spec in specs:
        command += ["--indicator", spec]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}: {done.stderr.strip()}")
    with out.open() as file:
        rows = list(csv.reader(file))
    columns = {}
    for i, name in enumerate(rows[0]):
        columns.setdefault(name, np.array([float(row[i]) if row[i] else math.nan for row in rows[1:]])) if i else None
    return columns


def ewm(series, n):
    return series.ewm(span=n, adjust=False).mean()


def sessions(f, rule):
    """Open, high, low and close of the session before, on every candle."""
    past = f.groupby(f.index.floor(rule)).agg(open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"))
    past["next_open"] = past["open"].shift(-1)
    return past.shift(1).reindex(f.index.floor(rule)).set_index(f.index)


def weighted(f, group):
    """Volume-weighted mean and deviation within groups, from the first candle of each on."""
    price = (f.high + f.low + f.close) / 3
    total = f.volume.groupby(group).cumsum()
    mean = (price * f.volume).groupby(group).cumsum() / total
    deviation = pd.Series(index=f.index, dtype=float)
    for _, part in f.groupby(group):
        p, w = price[part.index].to_numpy(), part.volume.to_numpy()
        for i in range(len(p)):
            m = np.average(p[: i + 1], weights=w[: i + 1])
            deviation[part.index[i]] = math.sqrt(np.average((p[: i + 1] - m) ** 2, weights=w[: i + 1]))
    return mean, deviation


def rolling_weighted(f, n):
    price, out = ((f.high + f.low + f.close) / 3).to_numpy(), []
    for i in range(len(f)):
        if i + 1 < n:
            out.append((math.nan, math.nan))
            continue
        p, w = price[i + 1 - n : i + 1], f.volume.to_numpy()[i + 1 - n : i + 1]
        m = np.average(p, weights=w)
        out.append((m, math.sqrt(np.average((p - m) ** 2, weights=w))))
    return np.array(out).T


def yang_zhang(f, n):
    o, c = np.log(f.open / f.close.shift(1)), np.log(f.close / f.open)
    u, d = np.log(f.high / f.open), np.log(f.low / f.open)
    shares = (u * (u - c) + d * (d - c)).where(o.notna())
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    inner = c.where(o.notna())
    return np.sqrt(o.rolling(n).var() + k * inner.rolling(n).var() + (1 - k) * shares.rolling(n).mean())


def fibonacci(f, n, share):
    out = []
    for i in range(len(f)):
        if i + 1 < n:
            out.append(math.nan)
            continue
        h, l = f.high.to_numpy()[i + 1 - n : i + 1], f.low.to_numpy()[i + 1 - n : i + 1]
        top, bottom = h.max(), l.min()
        up = np.flatnonzero(h == top)[-1] >= np.flatnonzero(l == bottom)[-1]
        end, start = (top, bottom) if up else (bottom, top)
        out.append(end + (start - end) * share)
    return np.array(out)


def demark(p):
    base = p.high + p.low + p.close
    return base + np.where(p.close < p.open, p.low, np.where(p.close > p.open, p.high, p.close))


def checks(f):
    """(column of ours, source, values, first row that counts, by whom)."""
    o, h, l, c, v = f.open, f.high, f.low, f.close, f.volume
    day, n = sessions(f, "D"), 20
    mean, deviation = weighted(f, f.index.floor("D"))
    rolled = rolling_weighted(f, n)
    squeeze = pta.squeeze(h, l, c, lazybear=True)
    qqe = pta.qqe(c)
    kst = ta.trend.KSTIndicator(c, 10, 15, 20, 30, 10, 10, 10, 15, 9)
    vigor = pta.rvgi(o, h, l, c, length=10)
    exits = pta.ce(h, l, c, length=22, multiplier=3.0)
    macd = ta.trend.MACD(c)
    tr = pd.concat([h - l, (h - c.shift(1)).abs(), (l - c.shift(1)).abs()], axis=1).max(axis=1)
    hl, co = np.log(h / l).where(c.shift(1).notna()), np.log(c / o)
    up, down = np.log(h / o), np.log(l / o)
    fib = finta.PIVOT_FIB(f)
    pp = (day.high + day.low + day.close) / 3
    wp = (day.high + day.low + 2 * day.next_open) / 4
    raw_emv = np.concatenate([[math.nan], tulipy.emv(h.to_numpy(), l.to_numpy(), v.to_numpy())])
    vosc = tulipy.vosc(v.to_numpy(), 14, 28)
    written, pandas_ta = "formula", "pandas-ta-classic"
    yield "vidya(14,14)", pta.vidya(c, length=14), 0, pandas_ta
    yield "swma", pta.swma(c, length=4), 0, pandas_ta
    yield "stc(10,23,50,0.5)", ta.trend.STCIndicator(c, 50, 23, 10, 3, 3).stc(), 1000, "ta"
    yield "squeeze.momentum", squeeze.iloc[:, 0], 0, pandas_ta
    yield "squeeze.state", squeeze.filter(like="ON").iloc[:, 0] - squeeze.filter(like="OFF").iloc[:, 0], 40, pandas_ta
    yield "kst.kst", kst.kst(), 53, "ta"
    yield "kst.signal", kst.kst_sig(), 53, "ta"
    yield "qqe.rsi", qqe.filter(like="RSI").iloc[:, 0], 400, pandas_ta
    yield "qqe.line", qqe.iloc[:, 0], 400, pandas_ta
    yield "qqe.direction", qqe.filter(like="QQEd").iloc[:, 0], 400, pandas_ta
    yield "rvgi(10).rvgi", vigor.filter(regex="^RVGI_").iloc[:, 0], 16, pandas_ta
    yield "rvgi(10).signal", vigor.filter(regex="^RVGIs").iloc[:, 0], 16, pandas_ta
    yield "chop(14)", pta.chop(h, l, c, length=14), 20, pandas_ta
    yield "chandelier(22,3).long", exits.iloc[:, 0], 400, pandas_ta
    yield "chandelier(22,3).short", exits.iloc[:, 1], 400, pandas_ta
    yield "volatility(20,close,252)", pta.hvol(c, length=20) / 100, 0, pandas_ta
    yield "volatility(20,parkinson)", np.sqrt((hl**2).rolling(n).mean() / (4 * math.log(2))), 0, written
    gk = (0.5 * hl**2 - (2 * math.log(2) - 1) * co**2).rolling(n).mean()
    yield "volatility(20,garman_klass)", np.sqrt(gk), 0, written
    rs = (up * (up - co) + down * (down - co)).where(c.shift(1).notna()).rolling(n).mean()
    yield "volatility(20,rogers_satchell)", np.sqrt(rs), 0, written
    yield "volatility(20,yang_zhang)", yang_zhang(f, n), 0, written
    yield "vwap_bands(day,2).vwap", mean, 0, written
    yield "vwap_bands(day,2).upper", mean + 2 * deviation, 0, written
    yield "vwap_bands(day,2).lower", mean - 2 * deviation, 0, written
    yield "vwap_rolling(20,2).vwap", ta.volume.VolumeWeightedAveragePrice(h, l, c, v, 20).volume_weighted_average_price(), 0, "ta"
    yield "vwap_rolling(20,2).upper", rolled[0] + 2 * rolled[1], 0, written
    yield "emv(14)", pd.Series(raw_emv).rolling(14).mean(), 0, "tulipy"
    yield "vosc(14,28)", np.concatenate([[math.nan] * 27, vosc]), 0, "tulipy"
    sequence = pta.td_seq(c).fillna(0)
    yield "td_setup", (sequence.iloc[:, 0] - sequence.iloc[:, 1]).where(sequence.max(axis=1) < 13), 4, pandas_ta
    # Not by Tulip itself, whose pi has eight digits.
    sine = pta.msw(c, 5, tulipy=False)
    yield "msw(5).sine", sine.iloc[:, 0], 0, pandas_ta
    yield "msw(5).lead", sine.iloc[:, 1], 0, pandas_ta
    yield "zscore(20,sample)", (c - c.rolling(n).mean()) / c.rolling(n).std(), 0, "pandas"
    yield "tv.ema(20)", ta.trend.EMAIndicator(c, 20).ema_indicator(), 0, "ta"
    yield "tv.macd.macd", macd.macd(), 0, "ta"
    yield "tv.macd.signal", macd.macd_signal(), 400, "ta"
    yield "tv.atr(14)", ta.volatility.AverageTrueRange(h, l, c, 14).average_true_range().where(np.arange(len(f)) > 12), 0, "ta"
    yield "tv.kc(20,2).upper", ewm(c, 20) + 2 * ewm(tr, 20), 0, "pandas"
    yield "tv.stdev(20,false)", c.rolling(n).std(), 0, "pandas"
    for level, share in ((0, 0.0), (236, 0.236), (618, 0.618), (1000, 1.0)):
        yield f"fib_retracement(50).level_{level}", fibonacci(f, 50, share), 0, written
    for name in ("pivot", "r1", "r2", "s1", "s2"):
        yield f"rolling_pivots_fibonacci(1).{name.replace('pivot', 'pp')}", fib[name], 1, "finta"
    for name, share in (("r1", 0.382), ("r2", 0.618), ("r3", 1.0), ("s1", -0.382), ("s3", -1.0)):
        yield f"pivots_fibonacci(day).{name}", pp + share * (day.high - day.low), 0, written
    for name, part in (("r1", 12), ("r2", 6), ("r3", 4), ("r4", 2), ("s1", -12), ("s4", -2)):
        yield f"pivots_camarilla(day).{name}", day.close + 1.1 / part * (day.high - day.low), 0, written
    yield "pivots_woodie(day).pp", wp, 24, written
    yield "pivots_woodie(day).r1", 2 * wp - day.low, 24, written
    yield "pivots_woodie(day).s3", day.low - 2 * (day.high - wp), 24, written
    yield "pivots_demark(day).pp", demark(day) / 4, 0, written
    yield "pivots_demark(day).r1", demark(day) / 2 - day.low, 0, written
    yield "pivots_demark(day).s1", demark(day) / 2 - day.high, 0, written


def main():
    if not SOURCE.is_file():
        skip(f"indicator sources: no candles at {SOURCE}")
        return 0
    frame, path = candles()
    table = [(name, np.asarray(values, dtype=float), first, who) for name, values, first, who in checks(frame)]
    columns = ours(path, list(dict.fromkeys(name for name, *_ in table)))
    failures = 0
    for name, theirs, first, who in table:
        mine = columns[name]
        rows = np.arange(len(theirs)) >= first
        # Ours must stand wherever theirs does, and agree.
        known = rows & ~np.isnan(theirs)
        error = np.abs(mine - theirs) / np.maximum(1.0, np.abs(theirs))
        bad = np.flatnonzero(known & ~(error <= TOLERANCE))
        if len(bad) or known.sum() < 100:
            failures += 1
            where = f"row {bad[0]}: {mine[bad[0]]!r} for {theirs[bad[0]]!r}, {len(bad)} rows" if len(bad) else "too few rows"
            print(f"DIFFERS {name} ({who}): {where}")
        else:
            print(f"{name} ({who}): {known.sum()} rows, worst {np.nanmax(error[known]):.1e}")
    print(f"{len(table)} columns, {failures} differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
