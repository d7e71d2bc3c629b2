#!/usr/bin/env python3
"""Compares our release `backtest` with recorded runs of another backtester: trades, equity per candle, statistics.

The recorded runs state the signal of every candle, so no indicator can differ. Exit 1 on a difference.
Build first: cargo build --release --bin backtest
"""

import bisect
import csv
import json
import sys
from datetime import datetime, timezone

from project import DATA, WORK, backtest, near, skip

FOLDER = DATA / "backtest-golden"
TOLERANCE = 1e-9

# Their statistic, ours, and the factor that turns ours into theirs. Left out: Sharpe and Sortino, annualised by a rule
# of their own, and their profit factor, which weighs returns where ours weighs money.
STATISTICS = [
    ("Equity Final [$]", "final_equity", 1),
    ("Return [%]", "total_return", 100),
    ("# Trades", "round_trips", 1),
    ("Win Rate [%]", "win_rate", 100),
    ("Max. Drawdown [%]", "max_drawdown", -100),
    ("Commissions [$]", "fees", 1),
]


def percent(fraction):
    """How the command line takes a stop or take distance."""
    return f"{fraction * 100:g}"


def arguments(spec):
    """The command line that repeats a recorded run."""
    words = ["--cash", spec["cash"], "--fee-bps", f"{spec['commission'] * 10_000:g}", "--close-at-end"]
    words += ["--size-fraction", spec["size"], "--whole-units"] if spec["size"] < 1 else ["--size", spec["size"]]
    words += ["--long-only"] if spec["long_only"] else []
    words += ["--leverage", round(1 / spec["margin"])] if spec["margin"] < 1 else []
    words += ["--stop-pct", percent(spec["stop_pct"])] if spec["stop_pct"] else []
    words += ["--take-pct", percent(spec["take_pct"])] if spec["take_pct"] else []
    return words


def instant(text):
    """A time of the candle file or of our output, in UTC; finer than microseconds is cut."""
    head, dot, tail = text.replace("Z", "+00:00").partition(".")
    if dot:
        digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
        head += "." + digits[:6].ljust(6, "0") + tail[len(digits) :]
    time = datetime.fromisoformat(head)
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def candle_of(time, expected, opens):
    """The candle of a fill. What happened inside one is known, and stamped, at its close: the next one's open."""
    candle = bisect.bisect_right(opens, instant(time)) - 1
    return expected if instant(time) == opens[candle] and expected == candle - 1 else candle


def close_at_the_close(golden, last):
    """Moves the end of the last position from the last candle's open to its close.

    The other backtester fills its closing order at that open, which lies before the order. Ours fills at the close.
    """
    trade = max(golden["trades"], key=lambda trade: trade["ExitBar"])
    open_, close = float(last["Open"]), float(last["Close"])
    if trade["ExitBar"] != len(golden["equity"]) - 1 or trade["ExitPrice"] != open_:
        return
    fee = golden["spec"]["commission"] * abs(trade["Size"]) * (close - open_)
    change = trade["Size"] * (close - open_) - fee
    trade["ExitPrice"] = close
    trade["PnL"] += change
    golden["equity"][-1] += change
    statistics = golden["stats"]
    statistics["Equity Final [$]"] += change
    statistics["Return [%]"] += change / golden["spec"]["cash"] * 100
    if "Commissions [$]" in statistics:
        statistics["Commissions [$]"] += fee


def compare_trades(theirs, ours, opens):
    """One line for every figure that differs."""
    if len(theirs) != len(ours):
        yield f"{len(ours)} trades, not {len(theirs)}"
        return
    for number, (wanted, row) in enumerate(zip(theirs, ours), 1):
        sign = -1 if row["side"].lower() in ("sell", "short") else 1
        for name, value, expected in [
            ("size", sign * float(row["quantity"]), wanted["Size"]),
            ("entry candle", candle_of(row["entry_time"], wanted["EntryBar"], opens), wanted["EntryBar"]),
            ("exit candle", candle_of(row["exit_time"], wanted["ExitBar"], opens), wanted["ExitBar"]),
            ("entry price", float(row["entry_price"]), wanted["EntryPrice"]),
            ("exit price", float(row["exit_price"]), wanted["ExitPrice"]),
            ("net", float(row["net"]), wanted["PnL"]),
        ]:
            if not near(value, expected, TOLERANCE):
                yield f"trade {number} {name}: {value} not {expected}"


def compare_equity(theirs, ours):
    if len(theirs) != len(ours):
        yield f"{len(ours)} equity rows, not {len(theirs)}"
        return
    for candle, (wanted, row) in enumerate(zip(theirs, ours)):
        if not near(float(row["equity"]), wanted, TOLERANCE):
            yield f"equity at candle {candle}: {row['equity']} not {wanted}"


def compare_statistics(theirs, summary):
    for name, key, factor in STATISTICS:
        value = summary.get(key)
        if name in theirs and (value is None or not near(value * factor, theirs[name], 1e-6)):
            yield f"{key}: {value} not {theirs[name] / factor}"


def compare_run(path, candles, opens):
    golden = json.loads(path.read_text())
    close_at_the_close(golden, candles[-1])
    signals, trades, equity = (WORK / f"{path.stem}.{kind}.csv" for kind in ("signal", "trades", "equity"))
    with open(signals, "w", encoding="utf-8") as file:
        file.write("time,signal\n")
        file.writelines(f"{row['time']},{signal}\n" for row, signal in zip(candles, golden["signal"]))
    summary = backtest(
        *("--candles", FOLDER / "input.csv", "--strategy", "signal-file", "--param", f"file={signals}"),
        *arguments(golden["spec"]),
        *("--trades-csv", trades, "--equity-csv", equity),
    )
    ordered = sorted(golden["trades"], key=lambda trade: trade["EntryBar"])
    yield from compare_trades(ordered, read_csv(trades), opens)
    yield from compare_equity(golden["equity"], read_csv(equity))
    yield from compare_statistics(golden["stats"], summary)


def main():
    if not FOLDER.is_dir():
        skip(f"recorded runs: no folder {DATA.name} beside the repository")
        return
    WORK.mkdir(parents=True, exist_ok=True)
    candles = read_csv(FOLDER / "input.csv")
    opens = [instant(row["time"]) for row in candles]
    failures = 0
    for path in sorted(FOLDER.glob("*.json")):
        found = list(compare_run(path, candles, opens))
        failures += bool(found)
        print(f"{path.stem:<20} {f'{len(found)} differences' if found else 'equal'}")
        for line in found[:5]:
            print(f"    {line}")
    if failures:
        sys.exit(f"{failures} recorded runs differ")


if __name__ == "__main__":
    main()
