"""Starts a venue for one script and checks values, counting what was checked."""

import atexit
import json
import os
import subprocess
import sys
import time
import urllib.request
from decimal import Decimal

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
ADDRESS = "0x14791697260E4c9A71f18484C9f997B308e59325"
OTHER_KEY = "0x2222222222222222222222222222222222222222222222222222222222222222"
OTHER = "0x1563915e194D8CfBA1943570603F7606A3115508"

checked = 0


def check(ok, words):
    """Ends the script with words if something is not so."""
    global checked
    checked += 1
    if not ok:
        raise SystemExit(f"FAILED: {words}")


def equal(got, wanted, words):
    check(got == wanted, f"{words}: got {got!r}, wanted {wanted!r}")


def near(got, wanted, words, tolerance="0.000002"):
    got, wanted = Decimal(str(got)), Decimal(str(wanted))
    check(abs(got - wanted) <= Decimal(tolerance), f"{words}: got {got}, wanted {wanted}")


class Venue:
    """A venue of its own, ended with the script."""

    def __init__(self, *args):
        binary = os.environ["VENUE"]
        command = [binary, "--listen", "127.0.0.1:0", f"--account={ADDRESS}=100000", f"--account={OTHER}=100000", *args]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(self.stop)
        line = self.process.stdout.readline()
        check(line.startswith("venue at http://"), f"the venue did not start: {line!r}")
        self.url = line.split()[2].rstrip(",")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)

    def post(self, path, body):
        """Posts JSON; returns status and answer."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            try:
                return error.code, json.loads(text)
            except json.JSONDecodeError:
                return error.code, text

    def info(self, **body):
        status, answer = self.post("/info", body)
        equal(status, 200, f"info {body}")
        return answer

    def admin(self, path, **body):
        status, answer = self.post("/admin/" + path, body)
        equal(status, 200, f"admin {path} {body}: {answer}")
        return answer

    def mark(self, coin):
        return Decimal(self.info(type="activeAssetCtx", coin=coin)["ctx"]["markPx"])


def wait_for(condition, words, seconds=20):
    """Waits until something is so, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise SystemExit(f"FAILED: {words} did not come in {seconds} s")


def finish(name):
    print(f"{name}: {checked} checks")
    sys.exit(0)
