"""Writes qtp-llm/tests/golden/calibration.json: Brier score, reliability curve and isotonic regression by scikit-learn.

Run it with any Python that has scikit-learn; the file is committed, so the tests need none.
"""

import json
import pathlib
import random

import sklearn
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss


def case(name, seed, count, distort):
    draw = random.Random(seed)
    stated = [round(draw.random(), 2) for _ in range(count)]
    happened = [int(draw.random() < distort(p)) for p in stated]
    observed, mean = calibration_curve(happened, stated, n_bins=10, strategy="uniform")
    fit = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(stated, happened)
    asked = [round(i * 0.037, 3) for i in range(28)]
    return {
        "name": name,
        "stated": stated,
        "happened": happened,
        "brier": brier_score_loss(happened, stated),
        "curve": [[m, o] for m, o in zip(mean, observed)],
        "asked": asked,
        "isotonic": [float(p) for p in fit.predict(asked)],
    }


cases = [
    case("calibrated", 1, 500, lambda p: p),
    case("overconfident", 2, 300, lambda p: 0.5 + (p - 0.5) * 0.4),
    case("wrong way round", 3, 200, lambda p: 1.0 - p),
    case("few", 4, 12, lambda p: p),
    case("knows nothing", 5, 250, lambda _: 0.55),
]
path = pathlib.Path(__file__).resolve().parents[2] / "qtp-llm/tests/golden/calibration.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps({"scikit_learn": sklearn.__version__, "cases": cases}, separators=(",", ":")) + "\n")
print(path, sklearn.__version__)
