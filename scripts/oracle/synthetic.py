#!/usr/bin/env python3
"""Writes N synthetic one-minute candles to a CSV file: the same file for the same seed.

Opens differ from the previous close, and a share of the candles has no volume while its price still moves: the two
things that tell a fill at the close from one at the next open, and a patient order from a lost or a doubled one.
"""

import argparse
import math
import random

START_MS = 1_700_000_040_000
STEP_MS = 60_000
VOLATILITY = 0.0008  # of one step, about 60 % a year


def write(path, rows, seed=1, idle=0.0):
    """`idle` is the chance that a run of candles without volume starts at a candle."""
    rng = random.Random(seed)
    price, idle_left = 30_000.0, 0
    with open(path, "w", encoding="utf-8") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        for row in range(rows):
            open_ = round(price * math.exp(rng.gauss(0, VOLATILITY / 4)), 2)
            close = round(open_ * math.exp(rng.gauss(0, VOLATILITY)), 2)
            high = round(max(open_, close) * (1 + abs(rng.gauss(0, VOLATILITY / 2))), 2)
            low = round(min(open_, close) * (1 - abs(rng.gauss(0, VOLATILITY / 2))), 2)
            if idle_left == 0 and rng.random() < idle:
                idle_left = rng.randint(1, 8)
            volume = 0.0 if idle_left else rng.lognormvariate(2, 1) + 0.0001
            idle_left = max(idle_left - 1, 0)
            file.write(f"{START_MS + STEP_MS * row},{open_:.2f},{high:.2f},{low:.2f},{close:.2f},{volume:.4f}\n")
            price = close


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("path")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--idle", type=float, default=0.0)
    options = parser.parse_args()
    write(options.path, options.rows, options.seed, options.idle)


if __name__ == "__main__":
    main()
