#!/usr/bin/env python3
"""The direction of dependencies: which crate may use which, and what must not reach a user of the light crates."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# A crate uses lower floors only; leaves of one floor never know each other.
ALLOWED = {
    "qtp-core": set(),
    "qtp-indicators": {"qtp-core"},
    "qtp-risk": {"qtp-core", "qtp-indicators"},
    "qtp-exchange": {"qtp-core", "qtp-indicators"},
    "qtp-llm": {"qtp-core", "qtp-indicators"},
    "qtp-store": {"qtp-core", "qtp-indicators"},
    "qtp-engine": {"qtp-core", "qtp-indicators", "qtp-exchange"},
}
# The engine sees the venues as an option only: who writes strategies pulls in no venue.
OPTIONAL = {("qtp-engine", "qtp-exchange")}
# Floor 5 may use everything and is never published.
UNPUBLISHED = {"qtp-examples", "qtp-benches"}

# What a user who only writes strategies must not compile: HTTP, TLS and SQL.
HEAVY = {"reqwest", "hyper", "sqlx", "tokio-tungstenite", "rustls", "axum", "libsqlite3-sys"}
LIGHT = [
    ["qtp-core"],
    ["qtp-indicators"],
    ["qtp-risk"],
    ["qtp-engine"],
    ["qtp-engine", "--features", "backtest"],
    ["qtp-engine", "--features", "live"],
]


def cargo(*words):
    done = subprocess.run(["cargo", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"cargo {' '.join(words)} failed")
    return done.stdout


def wrong_floors(packages):
    """Dependencies between our crates that the table does not allow. Tests may look anywhere but up."""
    ours = {package["name"] for package in packages}
    for package in packages:
        name = package["name"]
        if name in UNPUBLISHED:
            if package["publish"] != []:
                yield f"{name} must say `publish = false`"
            continue
        if name not in ALLOWED:
            yield f"{name} is not in the table of this script"
            continue
        for dependency in package["dependencies"]:
            other = dependency["name"]
            if other not in ours:
                continue
            if dependency["kind"] == "dev":
                # With a version, publishing would need the tests' crates first.
                if dependency["req"] != "*" or other in UNPUBLISHED:
                    yield f"{name}: the dev-dependency {other} must be by path alone, and a library"
            elif other not in ALLOWED[name]:
                yield f"{name} must not depend on {other}"
            elif (name, other) in OPTIONAL and not dependency["optional"]:
                yield f"{name}: {other} must be optional"


def heavy_crates():
    for choice in LIGHT:
        tree = cargo("tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", *choice)
        names = {line.split()[0] for line in tree.splitlines() if line.strip()}
        print(f"{' '.join(choice)}: {len(names) - 1} crates below it")
        for name in sorted(names & HEAVY):
            yield f"{' '.join(choice)} pulls in {name}"


def main():
    # `--locked` also finds a Cargo.lock that does not fit the manifests.
    packages = json.loads(cargo("metadata", "--format-version", "1", "--no-deps", "--locked"))["packages"]
    faults = [*wrong_floors(packages), *heavy_crates()]
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(packages)} crates keep to their floors")


if __name__ == "__main__":
    main()
