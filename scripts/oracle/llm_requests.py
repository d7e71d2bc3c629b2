#!/usr/bin/env python3
"""Compares the requests of our model adapters with those of the providers' own Python clients, for the same calls.

Both are recorded by a server on this machine; path, authentication and body must be equal. Exit 1 on a difference.
Two things are brought to one form first. Google's client leaves some names in snake case, which protobuf's JSON takes as well
as camel case. Anthropic's client has a newer version of the API and sends its key as a bearer token; ours asks for the
version that it was written for, which takes the key in `x-api-key`.
Build first: cargo build --release --package qtp-llm --all-features --example ask
Needs: pip install openai google-genai anthropic
"""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from project import ROOT, TARGET, skip

try:
    import anthropic
    import openai
    from google import genai
    from google.genai import types
except ImportError as missing:
    skip(f"requests of models: {missing}")
    sys.exit(0)

KEY = "a-key-of-nobody"
SCHEMA = {
    "type": "object",
    "properties": {"action": {"type": "string", "enum": ["buy", "hold"]}, "stop": {"type": ["number", "null"]}},
    "required": ["action", "stop"],
    "additionalProperties": False,
}
PARAMETERS = {
    "type": "object",
    "properties": {"asset": {"type": "string"}, "rows": {"type": "integer"}},
    "required": ["asset"],
    "additionalProperties": False,
}
SYSTEM, USER, DESCRIPTION = "You decide.", "BTC is at 100. What now?", "Closed candles."
ARGUMENTS, RESULT = {"asset": "BTC"}, {"candles": [["t", "1"]]}

REPLIES = {
    "completions": {
        "id": "1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
    },
    "generateContent": {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP", "index": 0}],
    },
    "messages": {
        "id": "1", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "ok"}],
        "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
    },
}


SPELLINGS = {
    "thinking_level": "thinkingLevel",
    "thinking_budget": "thinkingBudget",
    "parameters_json_schema": "parametersJsonSchema",
}


def one_form(value):
    """The same value with one spelling of each name."""
    if isinstance(value, list):
        return [one_form(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "anthropic-version" in value:
        key = value.get("authorization", "").removeprefix("Bearer ") or value.get("x-api-key")
        return {"x-api-key": key}
    return {SPELLINGS.get(name, name): one_form(item) for name, item in value.items()}


class Recorder(BaseHTTPRequestHandler):
    seen = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        names = ("authorization", "x-goog-api-key", "x-api-key", "anthropic-version")
        headers = {name: self.headers[name] for name in names if self.headers[name]}
        self.seen.append((self.path, one_form(headers), one_form(body)))
        reply = json.dumps(next(value for name, value in REPLIES.items() if name.lower() in self.path.lower()))
        # The other two clients read a stream only when they are asked for its pieces.
        streamed = "alt=sse" in self.path
        data = (f"data: {reply}\n\n" if streamed else reply).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if streamed else "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def recorded(call):
    Recorder.seen.clear()
    call()
    if len(Recorder.seen) != 1:
        sys.exit(f"{len(Recorder.seen)} requests instead of one")
    return Recorder.seen[0]


def ours(provider, model, base, request):
    """Asks with our adapter; `stream` in the request is a setting of ours and no part of it."""
    command = [str(TARGET / "release" / "examples" / "ask"), provider, model, base]
    environment = {**os.environ, "API_KEY": KEY, **({"STREAM": "1"} if request.pop("stream", False) else {})}
    text = json.dumps(request)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    if done.returncode != 0:
        sys.exit(f"ask: exit {done.returncode}: {done.stderr.strip()}")


def request(**more):
    plain = {"messages": [{"system": SYSTEM}, {"user": USER}], "max_tokens": 500}
    return {**plain, **more}


TOOLS = [{"name": "candles", "description": DESCRIPTION, "parameters": PARAMETERS}]
LOOP = [
    {"system": SYSTEM},
    {"user": USER},
    {"assistant": {"text": "", "calls": [{"id": "call_1", "name": "candles", "arguments": json.dumps(ARGUMENTS)}]}},
    {"tool": {"call": "call_1", "name": "candles", "content": json.dumps(RESULT)}},
]
SHAPED = {"schema": {"name": "answer", "schema": SCHEMA}}
WORDS, PROBLEM = "Let me look.", "asset: no \"DOGE\""
# Two rounds: one with words and two calls of which one fails, one with a call more.
ROUNDS = [
    {"system": SYSTEM},
    {"user": USER},
    {
        "assistant": {
            "text": WORDS,
            "calls": [
                {"id": "call_1", "name": "candles", "arguments": json.dumps(ARGUMENTS)},
                {"id": "call_2", "name": "candles", "arguments": json.dumps({"asset": "DOGE", "rows": 3})},
            ],
        }
    },
    {"tool": {"call": "call_1", "name": "candles", "content": json.dumps(RESULT)}},
    {"tool": {"call": "call_2", "name": "candles", "content": PROBLEM, "failed": True}},
    {"assistant": {"text": "", "calls": [{"id": "call_3", "name": "candles", "arguments": json.dumps(ARGUMENTS)}]}},
    {"tool": {"call": "call_3", "name": "candles", "content": json.dumps(RESULT)}},
    {"assistant": {"text": "Buy, trust me."}},
    {"user": "Answer again, with JSON."},
]


def openai_cases(base):
    client = openai.OpenAI(base_url=base + "/v1", api_key=KEY)
    create = client.chat.completions.create
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}]
    shape = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
    function = {"name": "candles", "description": DESCRIPTION, "parameters": PARAMETERS}
    tools = [{"type": "function", "function": function}]
    called = {"id": "call_1", "type": "function", "function": {"name": "candles", "arguments": json.dumps(ARGUMENTS)}}
    loop = messages + [
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps(RESULT)},
    ]
    limit = {"model": "m", "max_completion_tokens": 500}
    yield "openai", request(temperature=0.5, seed=7), lambda: create(messages=messages, temperature=0.5, seed=7, **limit)
    yield "openai", request(format="object"), lambda: create(
        messages=messages, response_format={"type": "json_object"}, **limit
    )
    yield "openai", request(format=SHAPED, effort="low"), lambda: create(
        messages=messages, response_format=shape, reasoning_effort="low", **limit
    )
    yield "openai", request(messages=LOOP, tools=TOOLS), lambda: create(
        messages=loop, tools=tools, tool_choice="auto", **limit
    )
    yield "openai", request(messages=LOOP, tools=TOOLS, final_round=True), lambda: create(
        messages=loop, tools=tools, tool_choice="none", **limit
    )
    calls = [
        {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
        for call in ROUNDS[2]["assistant"]["calls"]
    ]
    third = {**calls[0], "id": "call_3"}
    rounds = messages + [
        {"role": "assistant", "content": WORDS, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps(RESULT)},
        {"role": "tool", "tool_call_id": "call_2", "content": PROBLEM},
        {"role": "assistant", "content": None, "tool_calls": [third]},
        {"role": "tool", "tool_call_id": "call_3", "content": json.dumps(RESULT)},
        {"role": "assistant", "content": "Buy, trust me."},
        {"role": "user", "content": "Answer again, with JSON."},
    ]
    yield "openai", request(messages=ROUNDS, tools=TOOLS, format=SHAPED, temperature=0.0), lambda: create(
        messages=rounds, tools=tools, tool_choice="auto", response_format=shape, temperature=0.0, **limit
    )
    yield "openai", request(stream=True, effort="minimal", seed=0), lambda: create(
        messages=messages, stream=True, stream_options={"include_usage": True}, reasoning_effort="minimal", seed=0, **limit
    )
    router = {"provider": {"require_parameters": True}, "reasoning": {"effort": "high"}}
    yield "openrouter", request(format=SHAPED, effort="high"), lambda: create(
        model="m", max_tokens=500, messages=messages, response_format=shape, extra_body=router
    )


def gemini_cases(base):
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=base, api_version="v1beta"))

    def create(contents=USER, model="m", **config):
        settings = types.GenerateContentConfig(system_instruction=SYSTEM, max_output_tokens=500, **config)
        client.models.generate_content(model=model, contents=contents, config=settings)

    declared = types.FunctionDeclaration(name="candles", description=DESCRIPTION, parameters_json_schema=PARAMETERS)
    tools = [types.Tool(function_declarations=[declared])]
    call = types.FunctionCall(id="call_1", name="candles", args=ARGUMENTS)
    result = types.FunctionResponse(id="call_1", name="candles", response=RESULT)
    loop = [
        types.Content(role="user", parts=[types.Part(text=USER)]),
        types.Content(role="model", parts=[types.Part(function_call=call)]),
        types.Content(role="user", parts=[types.Part(function_response=result)]),
    ]
    shape = {"response_mime_type": "application/json", "response_json_schema": SCHEMA}
    text, part, content = (lambda words: types.Part(text=words)), types.Part, types.Content
    other = types.FunctionCall(id="call_2", name="candles", args={"asset": "DOGE", "rows": 3})
    failed = types.FunctionResponse(id="call_2", name="candles", response={"error": PROBLEM})
    third = types.FunctionCall(id="call_3", name="candles", args=ARGUMENTS)
    answered = types.FunctionResponse(id="call_3", name="candles", response=RESULT)
    rounds = [
        content(role="user", parts=[text(USER)]),
        content(role="model", parts=[text(WORDS), part(function_call=call), part(function_call=other)]),
        content(role="user", parts=[part(function_response=result), part(function_response=failed)]),
        content(role="model", parts=[part(function_call=third)]),
        content(role="user", parts=[part(function_response=answered)]),
        content(role="model", parts=[text("Buy, trust me.")]),
        content(role="user", parts=[text("Answer again, with JSON.")]),
    ]

    def stream(**config):
        settings = types.GenerateContentConfig(system_instruction=SYSTEM, max_output_tokens=500, **config)
        list(client.models.generate_content_stream(model="m", contents=USER, config=settings))

    def mode(name):
        return types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode=name))

    off = types.AutomaticFunctionCallingConfig(disable=True)
    level = types.ThinkingConfig(thinking_level="LOW")
    yield "gemini", request(temperature=0.5, seed=7), lambda: create(temperature=0.5, seed=7)
    yield "gemini", request(format="object"), lambda: create(response_mime_type="application/json")
    yield "gemini", request(format=SHAPED, effort="low"), lambda: create(thinking_config=level, **shape)
    yield "gemini", request(messages=LOOP, tools=TOOLS), lambda: create(
        loop, tools=tools, tool_config=mode("AUTO"), automatic_function_calling=off
    )
    yield "gemini", request(messages=LOOP, tools=TOOLS, final_round=True), lambda: create(
        loop, tools=tools, tool_config=mode("NONE"), automatic_function_calling=off
    )
    yield "gemini", request(messages=ROUNDS, tools=TOOLS, format=SHAPED, temperature=0.0), lambda: create(
        rounds, tools=tools, tool_config=mode("AUTO"), automatic_function_calling=off, temperature=0.0, **shape
    )
    yield "gemini", request(stream=True, seed=0), lambda: stream(seed=0)
    # Models before the third count their thoughts in tokens.
    budget = types.ThinkingConfig(thinking_budget=8192)
    yield "gemini:gemini-2.5-flash", request(effort="medium"), lambda: create(model="gemini-2.5-flash", thinking_config=budget)


def anthropic_cases(base):
    client = anthropic.Anthropic(base_url=base, api_key=KEY)

    def create(messages=None, **more):
        messages = messages or [{"role": "user", "content": USER}]
        client.messages.create(model="m", max_tokens=500, system=SYSTEM, messages=messages, **more)

    tools = [{"name": "candles", "description": DESCRIPTION, "input_schema": PARAMETERS}]
    call = {"type": "tool_use", "id": "call_1", "name": "candles", "input": ARGUMENTS}
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": json.dumps(RESULT)}
    loop = [
        {"role": "user", "content": USER},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    shape = {"format": {"type": "json_schema", "schema": SCHEMA}}
    yield "anthropic", request(), lambda: create()
    yield "anthropic", request(format=SHAPED, effort="low"), lambda: create(output_config={**shape, "effort": "low"})
    yield "anthropic", request(messages=LOOP, tools=TOOLS), lambda: create(loop, tools=tools, tool_choice={"type": "auto"})
    yield "anthropic", request(messages=LOOP, tools=TOOLS, final_round=True), lambda: create(
        loop, tools=tools, tool_choice={"type": "none"}
    )
    other = {"type": "tool_use", "id": "call_2", "name": "candles", "input": {"asset": "DOGE", "rows": 3}}
    failed = {"type": "tool_result", "tool_use_id": "call_2", "content": PROBLEM, "is_error": True}
    rounds = [
        {"role": "user", "content": USER},
        {"role": "assistant", "content": [{"type": "text", "text": WORDS}, call, other]},
        {"role": "user", "content": [result, failed]},
        {"role": "assistant", "content": [{**call, "id": "call_3"}]},
        {"role": "user", "content": [{**result, "tool_use_id": "call_3"}]},
        {"role": "assistant", "content": "Buy, trust me."},
        {"role": "user", "content": "Answer again, with JSON."},
    ]
    yield "anthropic", request(messages=ROUNDS, tools=TOOLS, format=SHAPED), lambda: create(
        rounds, tools=tools, tool_choice={"type": "auto"}, output_config=shape
    )
    yield "anthropic", request(stream=True), lambda: create(stream=True)


def main():
    server = HTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    bases = {"openai": "/v1", "openrouter": "/v1", "gemini": "/v1beta", "anthropic": "/v1"}
    compared, different = 0, 0
    for cases in (openai_cases, gemini_cases, anthropic_cases):
        for spec, question, theirs in cases(base):
            provider, _, model = spec.partition(":")
            expected = recorded(theirs)
            found = recorded(lambda: ours(provider, model or "m", base + bases[provider], question))
            compared += 1
            if expected != found:
                different += 1
                print(f"{provider}: theirs {json.dumps(expected)}\n{provider}: ours   {json.dumps(found)}")
    server.shutdown()
    print(f"requests of models: {compared} calls of three clients, {different} different")
    return 1 if different or compared < 22 else 0


if __name__ == "__main__":
    sys.exit(main())
