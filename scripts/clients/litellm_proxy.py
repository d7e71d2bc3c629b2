#!/usr/bin/env python3
"""Our models and the bot behind a LiteLLM proxy on this machine: mocked answers and errors, and a scripted desk behind it.

The proxy answers `mock_*` models by itself and hands `desk` on to a server of this script, which calls tools for two rounds
and then decides from the prices of the prompt. Every run of the bot must end in orders that the answers speak for, or in
holds with their cause.
Build first: cargo build --release -p qtp-examples -p qtp-llm --features qtp-llm/openai,qtp-llm/gemini,qtp-llm/anthropic \\
    --bin bot --bin decisions --example ask
Needs: pip install 'litellm[proxy]', in the environment that LITELLM names the program of.
"""

import atexit
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from common import check, equal, finish, wait_for

BINARIES = Path(os.environ["BINARIES"])
KEY = "sk-local-0123456789abcdef0123456789abcdef"
FOLDER = Path(tempfile.mkdtemp(prefix="litellm-"))


def mock(answer, **more):
    return {"model": "openai/mock", "api_key": "x", "mock_response": answer, **more}


def function(name, arguments, call):
    return {"id": call, "type": "function", "function": {"name": name, "arguments": arguments}}


def config(upstream):
    """Mocks by name, as the proxy knows them."""
    models = {
        "plain": mock("The trend is up."),
        "caller": mock(" ", mock_tool_calls=[function("positions", "{}", "a"), function("candles", "", "b")]),
        "limited": mock("litellm.RateLimitError"),
        "broken": mock("litellm.InternalServerError"),
        "long": mock("litellm.ContextWindowExceededError"),
        "filtered": mock("Exception: content_filter_policy"),
        "overloaded": mock("Exception: mock_streaming_error"),
        "flaky": mock("litellm.RateLimitError"),
        "desk": {"model": "openai/desk", "api_key": "x", "api_base": upstream},
    }
    listed = [{"model_name": name, "litellm_params": value} for name, value in models.items()]
    routing = {"num_retries": 0, "disable_cooldowns": True, "fallbacks": [{"flaky": ["desk"]}]}
    return {"model_list": listed, "router_settings": routing, "litellm_settings": {"drop_params": False}}


class Desk(BaseHTTPRequestHandler):
    """Looks at positions and candles, then at wider candles, then buys what is flat and closes what is held."""

    protocol_version = "HTTP/1.1"
    seen = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Desk.seen.append(body)
        rounds = sum(message["role"] == "assistant" for message in body["messages"])
        message, reason = {"role": "assistant", "content": None}, "tool_calls"
        asset = re.search(r"^## (\S+)", body["messages"][1]["content"], re.M).group(1)
        candles = {"asset": asset, "rows": 3}
        if body.get("tools") and rounds == 0:
            message["tool_calls"] = [
                function("candles", json.dumps(candles), f"call_{rounds}_a"),
                function("positions", "{}", f"call_{rounds}_b"),
            ]
        elif body.get("tools") and rounds == 1:
            wider = json.dumps({**candles, "timeframe": "15m"})
            message["tool_calls"] = [function("candles", wider, f"call_{rounds}_a")]
        else:
            message["content"], reason = decision(asset, body["messages"][1]["content"]), "stop"
        self.answer(body.get("stream"), message, reason)

    def answer(self, stream, message, reason):
        whole = {"id": "1", "object": "chat.completion", "created": 1, "model": "desk"}
        usage = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000}
        if stream:
            data = "".join(f"data: {chunk}\n\n" for chunk in [*chunks(whole, message, reason, usage), "[DONE]"])
            kind = "text/event-stream"
        else:
            choice = {"index": 0, "message": message, "finish_reason": reason}
            data, kind = json.dumps({**whole, "choices": [choice], "usage": usage}), "application/json"
        data = data.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def chunks(whole, message, reason, usage):
    whole = {**whole, "object": "chat.completion.chunk"}

    def chunk(delta, finish=None):
        return json.dumps({**whole, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield chunk({"role": "assistant", "content": ""})
    text = message["content"] or ""
    for start in range(0, len(text), 40):
        yield chunk({"content": text[start : start + 40]})
    for index, call in enumerate(message.get("tool_calls", [])):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        head = {"index": index, "id": call["id"], "type": "function", "function": {"name": name, "arguments": ""}}
        yield chunk({"tool_calls": [head]})
        for part in (arguments[:5], arguments[5:]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield chunk({}, reason)
    yield json.dumps({**whole, "choices": [], "usage": usage})


def decision(asset, prompt):
    price = float(re.search(r"^price: (\S+)", prompt, re.M).group(1))
    flat = re.search(r"^position: (\S+)", prompt, re.M).group(1) == "flat"
    exits = {"sl_price": round(price * 0.98, 1), "tp_price": round(price * 1.03, 1)} if flat else {}
    trade = {
        "asset": asset, "action": "buy" if flat else "close", "conviction": 0.6, "allocation_usd": None,
        "sl_price": None, "tp_price": None, **exits, "exit_plan": "", "rationale": "the script says so",
    }
    return json.dumps({"reasoning": "scripted", "trade_decisions": [trade]})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_proxy():
    desk = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=desk.serve_forever, daemon=True).start()
    path = FOLDER / "config.yaml"
    # JSON is YAML.
    path.write_text(json.dumps(config(f"http://127.0.0.1:{desk.server_port}/v1")))
    port = free_port()
    command = [os.environ["LITELLM"], "--config", str(path), "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "LITELLM_MASTER_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "*"}
    log = open(FOLDER / "proxy.log", "w")
    proxy = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    atexit.register(lambda: (proxy.terminate(), proxy.wait(20)))
    base = f"http://127.0.0.1:{port}"

    def alive():
        check(proxy.poll() is None, f"the proxy ended: {(FOLDER / 'proxy.log').read_text()[-2000:]}")
        try:
            return urllib.request.urlopen(base + "/health/liveliness", timeout=5).status == 200
        except OSError:
            return False

    wait_for(alive, "the proxy", 180)
    return base


def ask(base, provider, model, request, stream=False):
    """The reply, or the words of the error."""
    command = [str(BINARIES / "examples" / "ask"), provider, model, base]
    environment = {**os.environ, "API_KEY": KEY, **({"STREAM": "1"} if stream else {})}
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, env=environment)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def question(text="Which way?", **more):
    return {"messages": [{"system": "Be brief."}, {"user": text}], "max_tokens": 100, **more}


class Run:
    """One run of the bot over the synthetic market."""

    def __init__(self, base, model, duration="15m", chat="", llm="", spec=None):
        name = f"{model}-{len(list(FOLDER.iterdir()))}"
        self.folder, file = FOLDER / name, FOLDER / f"{name}.toml"
        settings = f'[llm]\n{llm}\n[llm.chat]\nbase_url = "{base}"\nbackoff_ms = 1\nattempts = 2\n{chat}\n'
        file.write_text(settings)
        command = [BINARIES / "bot", "--config", file, "--llm", spec or f"openai:{model}", "--assets", "BTC"]
        command += ["--duration", duration, "--speed", "max", "--fresh", "--runs", self.folder]
        environment = {**os.environ, "OPENAI_API_KEY": KEY}
        done = subprocess.run(map(str, command), capture_output=True, text=True, env=environment)
        check(done.returncode == 0, f"bot with {model}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        self.path = next(path.parent for path in self.folder.rglob("summary.json"))
        self.summary = json.loads((self.path / "summary.json").read_text())
        listed = subprocess.run(
            [str(BINARIES / "decisions"), "--all", "--json", "--run", str(self.path)], capture_output=True, text=True
        )
        self.decisions = json.loads(listed.stdout)

    def holds(self):
        """Cause of each hold."""
        results = [decision["outcome"]["result"] for decision in self.decisions]
        return [f"{hold['code']}: {hold['message']}" for result in results if (hold := result.get("hold"))]


def adapters(base):
    """The three protocols, all of which the proxy speaks."""
    protocols = [("openai", "/v1"), ("gemini", "/v1beta"), ("anthropic", "/v1")]
    for provider, path in protocols:
        reply = ask(base + path, provider, "plain", question())
        equal(reply["text"], "The trend is up.", f"{provider}: plain")
        equal(reply["finish"], "stop", f"{provider}: plain")
        check(reply["usage"]["prompt_tokens"] > 0, f"{provider}: usage {reply}")
    for provider in ("openai", "anthropic"):
        path = "/v1"
        reply = ask(base + path, provider, "plain", question(), stream=True)
        equal(reply["text"], "The trend is up.", f"{provider}: streamed")
        words = ask(base + path, provider, "limited", question())
        check("RateLimited" in words, f"{provider}: {words}")
    tools = [{"name": "positions", "description": "Positions.", "parameters": {"type": "object", "properties": {}}}]
    reply = ask(base + "/v1", "openai", "caller", question(tools=tools))
    equal([call["name"] for call in reply["calls"]], ["positions", "candles"], "mocked calls")
    equal(reply["finish"], "tool_calls", "mocked calls, which the proxy ends with `stop`")
    for model, words in [("broken", "500"), ("long", "400"), ("filtered", "content_filter_policy"), ("nobody", "400")]:
        found = ask(base + "/v1", "openai", model, question())
        check(isinstance(found, str) and words in found, f"{model}: {found}")


def trading(base):
    """Rounds of tools, streams, records and budgets."""
    address = base + "/v1"
    for stream in ("false", "true"):
        Desk.seen.clear()
        chat = f'tools = ["candles", "positions"]\nstream = {stream}'
        recording = FOLDER / f"replies-{stream}.jsonl"
        record = f'record = "{recording}"\nrecord_mode = "%s"'
        run = Run(address, "desk", "2h", chat, record % "record")
        equal(run.holds(), [], f"holds of the desk, stream {stream}")
        check(run.summary["fills"] >= 8, f"fills of the desk, stream {stream}: {run.summary['fills']}")
        calls = [len(decision["outcome"]["calls"]) for decision in run.decisions]
        check(set(calls) == {3}, f"calls a decision, stream {stream}: {calls}")
        equal(run.summary["models"]["prompt_tokens"], 900 * len(Desk.seen), "tokens of the prompts")
        asked = Desk.seen[0]
        equal(asked["response_format"]["json_schema"]["strict"], True, "the schema that came through")
        equal(len(asked["tools"]), 2, "the tools that came through")
        results = [message["tool_call_id"] for message in Desk.seen[2]["messages"] if message["role"] == "tool"]
        equal(results, ["call_0_a", "call_0_b", "call_1_a"], "results of the tools")
        before = len(Desk.seen)
        again = Run("http://127.0.0.1:1/v1", "desk", "2h", chat, record % "replay")
        equal(len(Desk.seen), before, "questions of a replay")
        for figure in ("orders", "fills", "final_equity"):
            equal(again.summary[figure], run.summary[figure], f"{figure} of a replay")
        equal((again.path / "trades.csv").read_text(), (run.path / "trades.csv").read_text(), "trades of a replay")
    capped = Run(address, "desk", "2h", "max_tokens = 500\ncandles = 5\n[llm.budget.run]\ntokens = 12000")
    check(any(hold.startswith("budget") for hold in capped.holds()), f"a used up budget: {capped.holds()}")
    used = capped.summary["models"]["prompt_tokens"] + capped.summary["models"]["completion_tokens"]
    check(0 < used <= 12000, f"tokens within the budget: {used}")
    fallen = Run(address, "flaky")
    equal(fallen.holds(), [], "holds of a model with a fallback at the proxy")


def failing(base):
    """Every mocked failure is a hold with its cause, whole and streamed."""
    causes = [
        ("plain", "invalid_output", "no complete JSON"),
        ("limited", "rate_limited", ""),
        ("broken", "call_failed", "internal server error"),
        ("long", "call_failed", "ontext"),
        ("filtered", "call_failed", "content_filter_policy"),
        ("overloaded", "call_failed", "529"),
        ("nobody", "call_failed", "Invalid model name"),
    ]
    for stream in ("false", "true"):
        for model, code, words in causes:
            run = Run(base + "/v1", model, chat=f"stream = {stream}")
            holds = run.holds()
            check(len(holds) == len(run.decisions) > 0, f"{model}, stream {stream}: {holds}")
            check(all(hold.startswith(code) and words in hold for hold in holds), f"{model}, stream {stream}: {holds}")
            equal(run.summary["orders"], 0, f"orders of {model}")
    # Calls without end are ended.
    run = Run(base + "/v1", "caller", chat='tools = ["positions", "candles"]\ntool_rounds = 2')
    check(all("no more tools" in hold for hold in run.holds()), f"caller: {run.holds()}")


def main():
    base = start_proxy()
    adapters(base)
    failing(base)
    trading(base)
    finish("bot behind a LiteLLM proxy")


if __name__ == "__main__":
    main()
