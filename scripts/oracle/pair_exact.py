#!/usr/bin/env python3
"""How far TA-Lib's BETA and CORREL are from exact fractions over recorded hours, and the window where most.

`qtp-indicators/tests/laws.rs` holds ours against the exact values of two of these windows.
Needs: pip install TA-Lib numpy mpmath
"""

import csv
import sys
from fractions import Fraction
from itertools import pairwise

from project import DATA, skip

try:
    import numpy as np
    import talib
    from mpmath import mp, mpf, sqrt
except ImportError as missing:
    skip(f"exact BETA and CORREL: {missing}")
    sys.exit(0)

SOURCE = DATA / "talib-golden" / "input.csv"
mp.dps = 50


def moments(x, y):
    """Count times the sums of squared deviations of both, and of their product, exactly."""
    n, (sx, sy) = len(x), (sum(x), sum(y))
    spread = n * sum(a * a for a in x) - sx * sx, n * sum(b * b for b in y) - sy * sy
    return *spread, n * sum(a * b for a, b in zip(x, y, strict=True)) - sx * sy


def number(fraction):
    return mpf(fraction.numerator) / fraction.denominator


def beta(x, y):
    xx, _, xy = moments([b / a - 1 for a, b in pairwise(x)], [b / a - 1 for a, b in pairwise(y)])
    return number(xy / xx) if xx else mpf(0)


def correl(x, y):
    xx, yy, xy = moments(x, y)
    return number(xy) / sqrt(number(xx * yy)) if xx * yy else mpf(0)


def main():
    if not SOURCE.exists():
        return skip(f"exact BETA and CORREL: no {SOURCE}")
    with open(SOURCE, newline="", encoding="utf-8") as file:
        rows = [(float(row["high"]), float(row["low"])) for row in csv.DictReader(file)]
    high, low = (np.array(column) for column in zip(*rows, strict=True))
    exact = [list(map(Fraction, column)) for column in (high, low)]
    for name, formula, more in [("BETA", beta, 1), ("CORREL", correl, 0)]:
        for period in (2, 3, 5):
            theirs, span = getattr(talib, name)(high, low, period), period + more
            worst = (0, 0, 0)
            for i in range(span - 1, len(rows)):
                true = formula(*(column[i + 1 - span : i + 1] for column in exact))
                worst = max(worst, (float(abs(mpf(theirs[i]) - true) / max(1, abs(true))), i, float(true)))
            off, i, true = worst
            print(f"{name}({period}): TA-Lib off by up to {off:.1e}, at {i}: {theirs[i]!r}, exactly {true!r}")
            print("   ", rows[i + 1 - span : i + 1])


main()
