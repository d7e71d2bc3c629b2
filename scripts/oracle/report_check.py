#!/usr/bin/env python3
"""Opens an HTML report in headless Chromium without a network and looks for the equity figure and the trades.

The report must be one self-contained file: what a script of it draws counts, what it would fetch is an error.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

from project import skip

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
HEADINGS = {"h1", "h2", "h3"}
DRAWN = {"path", "polyline", "line", "canvas"}


class Page(HTMLParser):
    """Counts what is drawn in a figure named after the equity, and the table rows under a heading about trades."""

    def __init__(self):
        super().__init__()
        self.open = []  # (tag, names) of the elements around the current one
        self.heading = ""
        self.equity_shapes = self.trade_rows = 0
        self.fetched = []

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        names = " ".join(attributes.get(name, "") for name in ("id", "class", "aria-label", "data-figure")).lower()
        around = " ".join(words for _, words in self.open) + " " + names
        self.equity_shapes += tag in DRAWN and "equity" in around
        if tag in HEADINGS:
            self.heading = ""
        about_trades = re.search("trades|round trips", self.heading.lower())
        self.trade_rows += tag == "tr" and bool(about_trades) and any(outer == "tbody" for outer, _ in self.open)
        source = attributes.get("href" if tag == "link" else "src", "")
        if tag != "a" and re.match(r"(https?:)?//", source):
            self.fetched.append(source)
        if tag not in VOID:
            self.open.append((tag, names))

    def handle_data(self, data):
        if any(outer in HEADINGS for outer, _ in self.open):
            self.heading += data

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        while any(outer == tag for outer, _ in self.open) and self.open.pop()[0] != tag:
            pass


def render(browser, report):
    """The document after its scripts ran, and what they complained about."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            # A proxy where nobody listens: every request fails at once.
            *("--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>"),
            *("--enable-logging=stderr", f"--user-data-dir={profile}", "--virtual-time-budget=5000", "--dump-dom"),
            report.resolve().as_uri(),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL
        )
    if done.returncode != 0:
        sys.exit(f"{browser} exited with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line and "Uncaught" in line]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--trades", type=int, default=1, help="the least number of trades that must be shown")
    options = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        skip("report in a browser: no Chromium")
        return

    document, complaints = render(browser, options.report)
    page = Page()
    page.feed(document)
    print(f"{options.report.name}: {page.equity_shapes} equity shapes, {page.trade_rows} rows of trades")
    faults = [f"fetches {source}" for source in page.fetched] + complaints
    if page.equity_shapes == 0:
        faults.append("no equity figure")
    if page.trade_rows < options.trades:
        faults.append(f"{page.trade_rows} rows of trades, at least {options.trades} wanted")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
