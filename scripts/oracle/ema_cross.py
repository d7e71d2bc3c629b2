#!/usr/bin/env python3
"""Independent backtest of the EMA cross strategy, to check the engine's answer against.

It shares no code with the crates and needs the standard library only. Money is exact (Decimal, prices taken from
their text); the averages are floats. Rules:

- An EMA is seeded with the mean of its first n closes, then moves by 2/(n+1) of the distance to each close.
- At a close with both averages known: fast > slow wants +size, fast < slow wants -size, equal changes nothing.
- A market order fills at the next candle's open. Candles without volume fill nothing: the order waits, and is replaced
  or withdrawn if the target changes meanwhile.
- Every fill pays the fee in basis points of its notional. The last position stays open, marked at the last close.
"""

import argparse
import csv
import gzip
import json
from decimal import Decimal

TIME_NAMES = ("timestamp", "time", "date", "datetime", "ts", "ts_ms", "timestamp_ms", "open_time", "open_time_ms", "")


def read_candles(path):
    """Rows (time, open, high, low, close, volume) as text, whatever the header's case and order."""
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rt", newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        header = [name.strip().lower() for name in next(rows)]
        time = next(header.index(name) for name in TIME_NAMES if name in header)
        columns = [time] + [header.index(name) for name in ("open", "high", "low", "close", "volume")]
        return [[row[column] for column in columns] for row in rows]


def ema(values, period):
    """The average after each value, None while it warms up."""
    result = [None] * min(period - 1, len(values))
    if len(values) < period:
        return result
    level = sum(values[:period]) / period
    result.append(level)
    weight = 2 / (period + 1)
    for value in values[period:]:
        level += weight * (value - level)
        result.append(level)
    return result


def run(candles, fast=12, slow=26, size="1", cash="10000", fee_bps="0"):
    """The backtest; a dictionary of results."""
    size, fee_rate = Decimal(size), Decimal(fee_bps) / 10_000
    start = balance = Decimal(cash)
    closes = [float(candle[4]) for candle in candles]
    fast_line, slow_line = ema(closes, fast), ema(closes, slow)

    target = position = fees = Decimal(0)
    fills = round_trips = 0
    peak, max_drawdown = float(start), 0.0
    for index, (_, open_, _, _, _, volume) in enumerate(candles):
        # Earlier closes set the target: what is missing is the order that waits.
        quantity = target - position
        if quantity and Decimal(volume) > 0:
            price = Decimal(open_)
            fee = abs(quantity) * price * fee_rate
            # From one side to the other: the closed trip ends here.
            round_trips += position != 0
            balance -= quantity * price + fee
            position = target
            fees += fee
            fills += 1

        equity = float(balance) + float(position) * closes[index]
        peak = max(peak, equity)
        max_drawdown = max(max_drawdown, (peak - equity) / peak)

        if fast_line[index] is not None and slow_line[index] is not None:
            if fast_line[index] > slow_line[index]:
                target = size
            elif fast_line[index] < slow_line[index]:
                target = -size

    last = Decimal(candles[-1][4])
    return {
        "candles": len(candles),
        "fills": fills,
        "fees": float(fees),
        "final_equity": float(balance + position * last),
        "round_trips": round_trips,
        "max_drawdown": max_drawdown,
        "buy_and_hold_from_first_open": float(last / Decimal(candles[0][1]) - 1),
        "buy_and_hold_from_first_close": float(last / Decimal(candles[0][4]) - 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("candles", help="candle CSV, plain or gzip")
    parser.add_argument("--fast", type=int, default=12)
    parser.add_argument("--slow", type=int, default=26)
    parser.add_argument("--size", default="1")
    parser.add_argument("--cash", default="10000")
    parser.add_argument("--fee-bps", default="0")
    options = vars(parser.parse_args())
    print(json.dumps(run(read_candles(options.pop("candles")), **options), indent=2))


if __name__ == "__main__":
    main()
