#!/usr/bin/env python3
"""Signs 10,000 random requests with Hyperliquid's official Python SDK and with ours: every byte must agree.

Build first: cargo build --release --package qtp-exchange --features hyperliquid-wire --example hyperliquid_sign
Needs: pip install hyperliquid-python-sdk
"""

import json
import random
import subprocess
import sys

from project import TARGET, skip

try:
    from eth_account import Account
    from hyperliquid.utils import signing
except ImportError as missing:
    skip(f"hyperliquid signatures: {missing}")
    sys.exit(0)

COUNT = 10_000
SEED = 20_261_121
OURS = TARGET / "release" / "examples" / "hyperliquid_sign"
rng = random.Random(SEED)


def digits(n):
    return "0x" + "".join(rng.choice("0123456789abcdef") for _ in range(n))


def number():
    return signing.float_to_wire(round(rng.uniform(0, 10 ** rng.randint(0, 6)), rng.randint(0, 8)))


def order():
    limit = {"limit": {"tif": rng.choice(["Gtc", "Ioc", "Alo", "FrontendMarket"])}}
    trigger = {"trigger": {"isMarket": rng.random() < 0.5, "triggerPx": number(), "tpsl": rng.choice(["tp", "sl"])}}
    wire = {"a": rng.choice([rng.randint(0, 300), rng.randint(10_000, 10_400), rng.randint(110_000, 180_000)]),
            "b": rng.random() < 0.5, "p": number(), "s": number(), "r": rng.random() < 0.5,
            "t": rng.choice([limit, trigger])}
    if rng.random() < 0.6:
        wire["c"] = digits(32)
    return wire


def trading_action():
    asset, oid = rng.randint(0, 180_000), rng.randint(0, 2 ** rng.randint(1, 63))
    many = range(rng.choice([1, 1, 2, 3, 15, 16, 17]))
    placed = {"type": "order", "orders": [order() for _ in many],
              "grouping": rng.choice(["na", "normalTpsl", "positionTpsl"])}
    if rng.random() < 0.2:
        placed["builder"] = {"b": digits(40), "f": rng.randint(0, 100)}
    reference = rng.choice([oid, digits(32)])
    return rng.choice([
        placed, placed,
        {"type": "cancel", "cancels": [{"a": asset, "o": oid + i} for i in many]},
        {"type": "cancelByCloid", "cancels": [{"asset": asset, "cloid": digits(32)} for _ in many]},
        {"type": "modify", "oid": reference, "order": order()},
        {"type": "batchModify", "modifies": [{"oid": rng.choice([oid, digits(32)]), "order": order()} for _ in many]},
        {"type": "updateLeverage", "asset": asset, "isCross": rng.random() < 0.5, "leverage": rng.randint(1, 50)},
        {"type": "updateIsolatedMargin", "asset": asset, "isBuy": True, "ntli": rng.randint(-2**40, 2**40)},
        {"type": "scheduleCancel"} if rng.random() < 0.5 else {"type": "scheduleCancel", "time": rng.randint(0, 2**41)},
        {"type": "setReferrer", "code": rng.choice(["", "A" * 31, "B" * 32, "C" * 255, "D" * 256, "e\u00e9\u20ac\U0001f600\"\\\n"])},
        {"type": "vaultTransfer", "vaultAddress": digits(40), "isDeposit": True, "usd": rng.randint(0, 2**50)},
        {"type": "twapOrder", "twap": {"a": asset, "b": True, "s": number(), "r": False, "m": 30, "t": None}},
    ])


NONCE = [{"name": "nonce", "type": "uint64"}]
CHAIN = [{"name": "hyperliquidChain", "type": "string"}]
AGENT = CHAIN + [{"name": "agentAddress", "type": "address"}, {"name": "agentName", "type": "string"}] + NONCE
BUILDER = CHAIN + [{"name": "maxFeeRate", "type": "string"}, {"name": "builder", "type": "address"}] + NONCE


def user_action(nonce):
    to, amount = digits(40), number()
    abstraction = rng.choice(["disabled", "unifiedAccount", "portfolioMargin"])
    return rng.choice([
        ({"type": "usdSend", "destination": to, "amount": amount, "time": nonce}, signing.USD_SEND_SIGN_TYPES, "UsdSend"),
        ({"type": "spotSend", "destination": to, "token": "PURR:" + digits(32), "amount": amount, "time": nonce},
         signing.SPOT_TRANSFER_SIGN_TYPES, "SpotSend"),
        ({"type": "withdraw3", "destination": to, "amount": amount, "time": nonce}, signing.WITHDRAW_SIGN_TYPES, "Withdraw"),
        ({"type": "usdClassTransfer", "amount": amount, "toPerp": rng.random() < 0.5, "nonce": nonce},
         signing.USD_CLASS_TRANSFER_SIGN_TYPES, "UsdClassTransfer"),
        ({"type": "sendAsset", "destination": to, "sourceDex": "", "destinationDex": "spot", "token": "USDC",
          "amount": amount, "fromSubAccount": "", "nonce": nonce}, signing.SEND_ASSET_SIGN_TYPES, "SendAsset"),
        ({"type": "approveAgent", "agentAddress": to, "agentName": rng.choice(["", "bot", "b\u00f6t"]), "nonce": nonce},
         AGENT, "ApproveAgent"),
        ({"type": "approveBuilderFee", "maxFeeRate": "0.01%", "builder": to, "nonce": nonce}, BUILDER, "ApproveBuilderFee"),
        ({"type": "userDexAbstraction", "user": to, "enabled": rng.random() < 0.5, "nonce": nonce},
         signing.USER_DEX_ABSTRACTION_SIGN_TYPES, "UserDexAbstraction"),
        ({"type": "userSetAbstraction", "user": to, "abstraction": abstraction, "nonce": nonce},
         signing.USER_SET_ABSTRACTION_SIGN_TYPES, "UserSetAbstraction"),
        ({"type": "tokenDelegate", "validator": to, "wei": rng.randint(0, 2**63), "isUndelegate": False, "nonce": nonce},
         signing.TOKEN_DELEGATE_TYPES, "TokenDelegate"),
        ({"type": "convertToMultiSigUser", "signers": json.dumps({"threshold": 1}), "nonce": nonce},
         signing.CONVERT_TO_MULTI_SIG_USER_SIGN_TYPES, "ConvertToMultiSigUser"),
    ])


def one():
    wallet, nonce, mainnet = Account.from_key(digits(64)), rng.randint(0, 2**42), rng.random() < 0.5
    request = {"key": "0x" + bytes(wallet.key).hex(), "mainnet": mainnet}
    if rng.random() < 0.8:
        action = trading_action()
        vault = digits(40) if rng.random() < 0.3 else None
        expires = rng.randint(0, 2**42) if rng.random() < 0.5 else None
        theirs = signing.sign_l1_action(wallet, action, vault, nonce, expires, mainnet)
        request |= {"kind": "l1", "action": action, "nonce": nonce, "vault": vault, "expires_after": expires}
    else:
        action, types, primary = user_action(nonce)
        theirs = signing.sign_user_signed_action(wallet, action, types, f"HyperliquidTransaction:{primary}", mainnet)
        request |= {"kind": "user", "action": action}
    return request, f'{int(theirs["r"], 16):064x}{int(theirs["s"], 16):064x}{theirs["v"]:02x}'


requests, expected = zip(*(one() for _ in range(COUNT)))
text = "\n".join(json.dumps(request, ensure_ascii=False) for request in requests) + "\n"
done = subprocess.run([str(OURS)], input=text, capture_output=True, text=True, check=False)
if done.returncode != 0:
    sys.exit(f"exit {done.returncode}: {done.stderr.strip()}")
lines = done.stdout.splitlines()
wrong = [i for i, (ours, theirs) in enumerate(zip(lines, expected, strict=False)) if ours != theirs]
if len(lines) != COUNT or wrong:
    first = json.dumps(requests[wrong[0]]["action"]) if wrong else "-"
    sys.exit(f"{len(lines)} of {COUNT} signatures, {len(wrong)} differ; the first is for {first}")
kinds = sorted({request["action"]["type"] for request in requests})
print(f"{COUNT} signatures equal the official SDK's, of {len(kinds)} kinds of action: {', '.join(kinds)}")
