#!/usr/bin/env python3
"""Applies the licences, bans and sources of deny.toml to everything that Cargo.lock can pull in.

Stands in for cargo-deny where that is not installed. It knows the keys that our deny.toml uses, and refuses others.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KNOWN = {
    "graph": {"all-features"},
    "licenses": {"allow", "exceptions"},
    "bans": {"deny", "multiple-versions"},
    "sources": {"unknown-registry", "unknown-git"},
}


def satisfied(expression, allowed):
    """Whether a licence expression (SPDX, or the older form with slashes) can be met by the allowed licences."""
    tokens = re.findall(r"[()]|[^\s()/]+|/", expression)
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else None

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def atom():
        name = take()
        if name == "(":
            inner = alternatives()
            take()
            return inner
        if peek() == "WITH":
            name = f"{name} {take()} {take()}"
        return name in allowed

    def every():
        met = atom()
        while peek() == "AND":
            take()
            met = atom() and met
        return met

    def alternatives():
        met = every()
        while peek() in ("OR", "/"):
            take()
            met = every() or met
        return met

    return alternatives() and position == len(tokens)


def unknown_keys(rules):
    for section, keys in rules.items():
        for key in keys.keys() - KNOWN.get(section, set()):
            yield f"deny.toml: [{section}] {key} is not known to this script"


def faults(rules, packages, members):
    allowed = set(rules["licenses"]["allow"])
    exceptions = {entry["crate"]: set(entry["allow"]) for entry in rules["licenses"].get("exceptions", [])}
    banned = {entry["crate"] for entry in rules["bans"]["deny"]}
    names = {package["name"] for package in packages}
    yield from (f"exception for {name}, which is not used" for name in sorted(exceptions.keys() - names))
    for package in packages:
        name, title = package["name"], f"{package['name']} {package['version']}"
        if name in banned:
            yield f"{title} is banned"
        if not satisfied(package["license"] or "none", allowed | exceptions.get(name, set())):
            yield f"{title}: licence {package['license']}"
        if package["id"] not in members and not (package["source"] or "").startswith("registry+"):
            yield f"{title} does not come from the registry: {package['source'] or 'a path'}"


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
    found = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    wrong = [*unknown_keys(rules), *faults(rules, found["packages"], set(found["workspace_members"]))]
    for licence, count in Counter(package["license"] for package in found["packages"]).most_common():
        print(f"{count:>5}  {licence}")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(found['packages'])} packages: licences, bans and sources as deny.toml wants them")


if __name__ == "__main__":
    main()
