"""What the oracle scripts share: folders, the release binary, and how near two numbers must be."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "oracle"
# Recorded market data is too large for the repository. It stands beside it on the machines that have it.
DATA = ROOT.parent / "shared" / "data"
BACKTEST = TARGET / "release" / "backtest"


def backtest(*arguments):
    """The JSON summary of one run of our binary; ends the script if the run fails."""
    command = [str(BACKTEST), *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}: {' '.join(command)}\n{done.stderr.strip()}")
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"not one JSON document on standard output: {' '.join(command)}\n{done.stdout[:500]}")


def near(ours, theirs, relative):
    """Equal up to `relative`, and up to `relative` absolutely below one."""
    return ours is not None and abs(ours - theirs) <= relative * max(1.0, abs(ours), abs(theirs))


def skip(reason):
    print(f"skipped: {reason}")
