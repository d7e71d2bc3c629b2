"""The official Python SDK, unmodified, against the venue: every call of Info and Exchange that makes sense here."""

import time
from decimal import Decimal

import eth_account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.error import ClientError, ServerError
from hyperliquid.utils.types import Cloid

from common import ADDRESS, KEY, OTHER, OTHER_KEY, Venue, check, equal, finish, near, wait_for

# Prices stand still unless the script moves them.
venue = Venue("--step", "--seed", "7", "--opens", "2024-03-01T00:00:00Z")
info = Info(venue.url)
wallet = eth_account.Account.from_key(KEY)
exchange = Exchange(wallet, venue.url)
other = Exchange(eth_account.Account.from_key(OTHER_KEY), venue.url)

FEE = Decimal("0.00045")


def statuses(answer):
    equal(answer["status"], "ok", f"answer {answer}")
    return answer["response"]["data"]["statuses"]


def status(answer):
    return statuses(answer)[0]


def state(address=ADDRESS):
    return info.user_state(address)


def position(coin="BTC", address=ADDRESS):
    found = [p["position"] for p in state(address)["assetPositions"] if p["position"]["coin"] == coin]
    return found[0] if found else None


def value():
    return Decimal(state()["marginSummary"]["accountValue"])


def tick(price):
    """A legal price near another one."""
    return float(f"{price:.5g}")


def metadata():
    meta = info.meta()
    names = [coin["name"] for coin in meta["universe"]]
    equal(names, ["BTC", "ETH", "SOL"], "universe")
    btc = meta["universe"][0]
    equal((btc["szDecimals"], btc["maxLeverage"]), (5, 40), "BTC's rules")
    tables = dict(meta["marginTables"])
    equal(tables[btc["marginTableId"]]["marginTiers"][0], {"lowerBound": "0.0", "maxLeverage": 40}, "first tier")
    spot = info.spot_meta()
    equal([pair["name"] for pair in spot["universe"]], ["PURR/USDC", "@1"], "pairs")
    equal(spot["tokens"][0]["name"], "USDC", "first token")
    both, contexts = info.meta_and_asset_ctxs()
    equal(both, meta, "meta of metaAndAssetCtxs")
    equal(len(contexts), 3, "contexts")
    for context in contexts:
        check(Decimal(context["markPx"]) > 0 and Decimal(context["dayNtlVlm"]) > 0, f"context {context}")
    equal(len(info.spot_meta_and_asset_ctxs()[1]), 2, "spot contexts")
    equal(info.perp_dexs(), [None], "exchanges")
    equal(info.name_to_asset("@1"), 10001, "number of a pair")


def market_data():
    mids = info.all_mids()
    equal(set(mids), {"BTC", "ETH", "SOL", "PURR/USDC", "@1"}, "mids")
    book = info.l2_snapshot("BTC")
    bids, asks = book["levels"]
    check(0 < len(bids) <= 20 and 0 < len(asks) <= 20, "20 levels at most")
    check(Decimal(bids[0]["px"]) < Decimal(mids["BTC"]) < Decimal(asks[0]["px"]), "mid lies inside the spread")
    near((Decimal(bids[0]["px"]) + Decimal(asks[0]["px"])) / 2, mids["BTC"], "mid")
    now = state()["time"]
    candles = info.candles_snapshot("BTC", "15m", now - 3_600_000 * 6, now)
    check(len(candles) >= 24, f"{len(candles)} candles of a quarter of an hour")
    for one, next_one in zip(candles, candles[1:]):
        equal(next_one["t"] - one["t"], 900_000, "step of candles")
        equal(one["T"], one["t"] + 899_999, "close time")
        check(Decimal(one["l"]) <= Decimal(one["o"]) <= Decimal(one["h"]), f"candle {one}")
    minutes = info.candles_snapshot("BTC", "1m", candles[2]["t"], candles[2]["T"])
    equal(len(minutes), 15, "minutes of a quarter")
    equal(max(Decimal(m["h"]) for m in minutes), Decimal(candles[2]["h"]), "high of minutes")
    near(sum(Decimal(m["v"]) for m in minutes), candles[2]["v"], "volume of minutes")
    rates = info.funding_history("BTC", now - 86_400_000)
    check(20 <= len(rates) <= 25, f"{len(rates)} rates of a day")
    check(all(rate["time"] % 3_600_000 == 0 for rate in rates), "paid at full hours")


def nobody():
    nothing = info.user_state("0x000000000000000000000000000000000000dead")
    equal(nothing["marginSummary"]["accountValue"], "0.0", "an unknown user has nothing")
    equal(nothing["assetPositions"], [], "no positions")
    equal(info.open_orders("0x000000000000000000000000000000000000dead"), [], "no orders")
    equal(info.user_role("0x000000000000000000000000000000000000dead"), {"role": "missing"}, "no role")
    stranger = eth_account.Account.create()
    answer = Exchange(stranger, venue.url).order("BTC", True, 0.001, 50_000, {"limit": {"tif": "Gtc"}})
    words = f"User or API Wallet {stranger.address.lower()} does not exist."
    equal(answer, {"status": "err", "response": words}, "a stranger's order")


def limit_orders():
    mark = venue.mark("BTC")
    low = tick(float(mark) * 0.9)
    oid = status(exchange.order("BTC", True, 0.01, low, {"limit": {"tif": "Gtc"}}))["resting"]["oid"]
    order = info.open_orders(ADDRESS)[0]
    equal((order["oid"], order["coin"], order["side"], Decimal(order["limitPx"]), order["sz"]),
          (oid, "BTC", "B", Decimal(str(low)), "0.01"), "open order")
    full = info.frontend_open_orders(ADDRESS)[0]
    equal((full["orderType"], full["tif"], full["isTrigger"], full["reduceOnly"]), ("Limit", "Gtc", False, False), "kind")
    asked = info.query_order_by_oid(ADDRESS, oid)
    equal((asked["status"], asked["order"]["status"]), ("order", "open"), "status of an open order")
    lower = tick(float(mark) * 0.85)
    new = status(exchange.modify_order(oid, "BTC", True, 0.02, lower, {"limit": {"tif": "Gtc"}}))["resting"]["oid"]
    check(new != oid, "a changed order has a new number")
    equal(info.query_order_by_oid(ADDRESS, oid)["order"]["status"], "canceled", "the old one is gone")
    equal(Decimal(info.open_orders(ADDRESS)[0]["limitPx"]), Decimal(str(lower)), "changed price")
    equal(status(exchange.cancel("BTC", new)), "success", "cancel")
    equal(info.open_orders(ADDRESS), [], "no order is left")
    gone = status(exchange.cancel("BTC", new))["error"]
    equal(gone, "Order was never placed, already canceled, or filled. asset=0", "second cancel")
    equal(info.query_order_by_oid(ADDRESS, 5), {"status": "unknownOid"}, "unknown order")

    cloid = Cloid.from_str("0x00000000000000000000000000000abc")
    placed = status(exchange.order("BTC", True, 0.01, low, {"limit": {"tif": "Alo"}}, cloid=cloid))["resting"]
    equal(placed["cloid"], cloid.to_raw(), "client id")
    equal(info.query_order_by_cloid(ADDRESS, cloid)["order"]["order"]["oid"], placed["oid"], "by client id")
    changed = exchange.modify_order(cloid, "BTC", True, 0.01, lower, {"limit": {"tif": "Alo"}}, cloid=cloid)
    equal(status(changed)["resting"]["cloid"], cloid.to_raw(), "changed by client id")
    equal(status(exchange.cancel_by_cloid("BTC", cloid)), "success", "cancel by client id")
    orders = [{"coin": coin, "is_buy": True, "sz": 0.1, "limit_px": tick(float(venue.mark(coin)) * 0.8),
               "order_type": {"limit": {"tif": "Gtc"}}, "reduce_only": False} for coin in ("BTC", "ETH")]
    named = [Cloid.from_int(number) for number in (1, 2)]
    statuses(exchange.bulk_orders([{**order, "cloid": cloid} for order, cloid in zip(orders, named)]))
    changes = [{"oid": cloid, "order": {**order, "sz": 0.2, "cloid": cloid}} for order, cloid in zip(orders, named)]
    equal(len(statuses(exchange.bulk_modify_orders_new(changes))), 2, "batch of changes")
    equal({o["sz"] for o in info.open_orders(ADDRESS)}, {"0.2"}, "both are changed")
    gone = statuses(exchange.bulk_cancel_by_cloid([{"coin": c, "cloid": cloid} for c, cloid in zip(("BTC", "ETH", "ETH"), named + named[1:])]))
    equal([s if isinstance(s, str) else "error" for s in gone], ["success", "success", "error"], "batch of cancels by client id")
    oids = [s["resting"]["oid"] for s in statuses(exchange.bulk_orders(orders))]
    equal(len(info.open_orders(ADDRESS)), 2, "orders of a batch")
    answer = exchange.bulk_cancel([{"coin": "BTC", "oid": oids[0]}, {"coin": "ETH", "oid": oids[1]}, {"coin": "ETH", "oid": 1}])
    equal([s if isinstance(s, str) else "error" for s in statuses(answer)], ["success", "success", "error"], "batch of cancels")


def illegal_orders():
    mark = float(venue.mark("BTC"))
    gtc, ioc, alo = ({"limit": {"tif": tif}} for tif in ("Gtc", "Ioc", "Alo"))

    def refused(words, *args, **kwargs):
        equal(status(exchange.order(*args, **kwargs))["error"], words + " asset=0", f"error of {args}")

    refused("Price must be divisible by tick size.", "BTC", True, 0.01, round(mark * 0.9) + 0.5, gtc)
    refused("Order must have minimum value of $10.", "BTC", True, 0.0001, tick(mark * 0.9), gtc)
    refused("Order has zero size.", "BTC", True, 0, tick(mark), gtc)
    refused("Order has invalid size.", "BTC", True, 0.0000001, tick(mark), gtc)
    refused("Insufficient margin to place order.", "BTC", True, 1000, tick(mark * 0.99), gtc)
    refused("Reduce only order would increase position.", "BTC", True, 0.01, tick(mark * 0.9), gtc, reduce_only=True)
    refused("Order could not immediately match against any resting orders.", "BTC", True, 0.01, tick(mark * 0.9), ioc)
    refused("Order price cannot be more than 80% away from the reference price", "BTC", True, 0.01, tick(mark * 0.1), gtc)
    bid, ask = (level[0]["px"].removesuffix(".0") for level in info.l2_snapshot("BTC")["levels"])
    refused(f"Post only order would have immediately matched, bbo was {bid}@{ask}.", "BTC", True, 0.01, tick(mark * 1.01), alo)
    stop = {"trigger": {"triggerPx": tick(mark * 1.1), "isMarket": True, "tpsl": "sl"}}
    refused("Invalid TP/SL price.", "BTC", False, 0.01, tick(mark * 1.05), stop)
    batch = [{"coin": "BTC", "is_buy": True, "sz": size, "limit_px": tick(mark * 0.9), "order_type": gtc,
              "reduce_only": False} for size in (0.01, 0)]
    equal(len(statuses(exchange.bulk_orders(batch))), 1, "one error for a payload that is wrong in itself")
    equal(info.open_orders(ADDRESS), [], "nothing of it was placed")
    rejected = [o["status"] for o in info.historical_orders(ADDRESS)]
    for word in ("tickRejected", "minTradeNtlRejected", "perpMarginRejected", "reduceOnlyRejected", "iocCancelRejected",
                 "badAloPxRejected", "badTriggerPxRejected"):
        check(word in rejected, f"{word} is in the history")
    check("leverage" in exchange.update_leverage(41, "BTC")["response"].lower(), "leverage above the maximum")
    code, text = venue.post("/exchange", {"action": {"type": "order"}, "nonce": 1})
    equal((code, text), (422, "Failed to deserialize the JSON body into the target type"), "a body without a signature")
    equal(venue.post("/info", {"type": "nothing", "user": ADDRESS})[0], 422, "unknown type")
    try:
        info.post("/info", {"type": "l2Book"})
        check(False, "a book without a coin is refused")
    except ClientError as error:
        equal(error.status_code, 422, "status of a request without its field")


def market_orders():
    equal(exchange.update_leverage(10, "BTC")["response"], {"type": "default"}, "leverage")
    before, mark = value(), venue.mark("BTC")
    filled = status(exchange.market_open("BTC", True, 0.1))["filled"]
    equal(filled["totalSz"], "0.1", "filled size")
    price = Decimal(filled["avgPx"])
    near(price, info.l2_snapshot("BTC")["levels"][1][0]["px"], "bought at the best ask")
    held = position()
    equal((held["szi"], held["leverage"]), ("0.1", {"type": "cross", "value": 10}), "position")
    near(held["entryPx"], price, "entry")
    near(held["positionValue"], mark / 10, "position value = size * mark")
    near(held["unrealizedPnl"], (mark - price) / 10, "profit = size * (mark - entry)")
    near(held["marginUsed"], mark / 100, "margin = value / leverage")
    fee = price / 10 * FEE
    near(value(), before - fee + (mark - price) / 10, "account value after fee and spread")
    account = state()
    margin = account["marginSummary"]
    near(Decimal(margin["totalRawUsd"]) + mark / 10, margin["accountValue"], "raw USD + position = value")
    near(account["withdrawable"], Decimal(margin["accountValue"]) - mark / 100, "withdrawable")
    fill = info.user_fills(ADDRESS)[0]
    equal((fill["coin"], fill["side"], fill["dir"], fill["startPosition"], fill["closedPnl"], fill["crossed"],
           fill["feeToken"]), ("BTC", "B", "Open Long", "0.0", "0.0", True, "USDC"), "fill")
    near(fill["fee"], fee, "fee of a taker")
    equal(fill["oid"], filled["oid"], "order of the fill")

    venue.admin("market", coin="BTC", move="0.02")
    now = venue.mark("BTC")
    near(position()["unrealizedPnl"], (now - price) / 10, "profit after a rise")
    near(Decimal(position()["returnOnEquity"]), (now - price) / (price / 10), "return on equity", "0.00001")
    before = value()
    closed = status(exchange.market_close("BTC", sz=0.04))["filled"]
    out = Decimal(closed["avgPx"])
    fill = info.user_fills(ADDRESS)[0]
    equal((fill["dir"], fill["startPosition"]), ("Close Long", "0.1"), "close of a part")
    near(fill["closedPnl"], (out - price) * Decimal("0.04"), "closed profit, without fee")
    near(position()["entryPx"], price, "entry is unchanged")
    near(value(), before - out * Decimal("0.04") * FEE + (out - now) * Decimal("0.04"), "value after a close")
    flipped = status(exchange.order("BTC", False, 0.1, tick(float(now) * 0.97), {"limit": {"tif": "Ioc"}}))["filled"]
    fill = info.user_fills(ADDRESS)[0]
    equal((fill["dir"], position()["szi"]), ("Long > Short", "-0.04"), "flip")
    near(position()["entryPx"], flipped["avgPx"], "entry after a flip")
    check(Decimal(position()["liquidationPx"]) > now, "a short is liquidated above")
    exchange.market_close("BTC")
    equal(position(), None, "flat")
    trades = info.user_fills_by_time(ADDRESS, 0, aggregate_by_time=True)
    equal(len({t["oid"] for t in trades}), len(trades), "one entry an order")


def maker_orders():
    price = venue.mark("ETH")
    limit = tick(float(price) * 0.99)
    oid = status(exchange.order("ETH", True, 1, limit, {"limit": {"tif": "Alo"}}))["resting"]["oid"]
    venue.admin("market", coin="ETH", move="-0.02")
    fill = info.user_fills(ADDRESS)[0]
    equal((fill["oid"], fill["crossed"], Decimal(fill["px"])), (oid, False, Decimal(str(limit))), "a maker's fill")
    near(fill["fee"], Decimal(str(limit)) * Decimal("0.00015"), "fee of a maker")
    equal(info.query_order_by_oid(ADDRESS, oid)["order"]["status"], "filled", "filled")
    exchange.market_close("ETH")


def triggers():
    price = venue.mark("BTC")
    exchange.market_open("BTC", True, 0.1)
    level = tick(float(price) * 0.95)
    kind = {"trigger": {"triggerPx": level, "isMarket": True, "tpsl": "sl"}}
    oid = status(exchange.order("BTC", False, 0.1, tick(level * 0.9), kind, reduce_only=True))["resting"]["oid"]
    order = info.frontend_open_orders(ADDRESS)[0]
    equal((order["orderType"], order["isTrigger"], Decimal(order["triggerPx"]), order["triggerCondition"]),
          ("Stop Market", True, Decimal(str(level)), f"Price below {level:g}" if level < 1e5 else order["triggerCondition"]), "stop")
    venue.admin("market", coin="BTC", price=str(tick(float(price) * 0.96)))
    check(position() is not None, "the stop waits")
    venue.admin("market", coin="BTC", price=str(tick(float(price) * 0.94)))
    wait_for(lambda: position() is None or venue.admin("step", seconds=1) and position() is None, "the stop fires")
    fill = info.user_fills(ADDRESS)[0]
    equal((fill["oid"], fill["dir"]), (oid, "Close Long"), "fill of the stop")

    price = float(venue.mark("BTC"))

    def bracket(grouping_size, entry):
        return [
            {"coin": "BTC", "is_buy": True, "sz": grouping_size, "limit_px": tick(entry), "order_type": {"limit": {"tif": "Gtc"}},
             "reduce_only": False},
            {"coin": "BTC", "is_buy": False, "sz": grouping_size, "limit_px": tick(price * 1.1),
             "order_type": {"trigger": {"triggerPx": tick(price * 1.1), "isMarket": True, "tpsl": "tp"}}, "reduce_only": True},
            {"coin": "BTC", "is_buy": False, "sz": grouping_size, "limit_px": tick(price * 0.8),
             "order_type": {"trigger": {"triggerPx": tick(price * 0.9), "isMarket": True, "tpsl": "sl"}}, "reduce_only": True},
        ]

    waiting = statuses(exchange.bulk_orders(bracket(0.02, price * 0.95), grouping="normalTpsl"))
    equal(waiting[1:], ["waitingForFill", "waitingForFill"], "children of a resting parent")
    parent = info.frontend_open_orders(ADDRESS)
    equal((len(parent), len(parent[0]["children"])), (1, 2), "children stand inside their parent")
    exchange.cancel("BTC", waiting[0]["resting"]["oid"])
    equal(info.frontend_open_orders(ADDRESS), [], "children die with their parent")
    placed = statuses(exchange.bulk_orders(bracket(0.02, price * 1.01), grouping="normalTpsl"))
    equal((placed[0]["filled"]["totalSz"], placed[1:]), ("0.02", ["waitingForTrigger"] * 2), "children of a filled parent")
    equal(len(info.frontend_open_orders(ADDRESS)), 2, "both exits wait")
    venue.admin("market", coin="BTC", price=str(tick(price * 1.11)))
    wait_for(lambda: venue.admin("step", seconds=1) and position() is None, "the target fires")
    equal(info.frontend_open_orders(ADDRESS), [], "one exit cancels the other")
    ended = {o["order"]["orderType"]: o["status"] for o in info.historical_orders(ADDRESS)[:2]}
    check("Take Profit Market" in ended and ended["Take Profit Market"] == "filled", f"target is filled: {ended}")

    # The trap: a partly filled parent that is cancelled takes its children with it.
    price = float(venue.mark("BTC"))
    venue.admin("faults", fault=[{"on": "exchange:order", "do": "fill_then_cancel", "amount": "0.5"}])
    statuses(exchange.bulk_orders(bracket(0.02, price * 1.01), grouping="normalTpsl"))
    equal(position()["szi"], "0.01", "half of the parent")
    equal(info.frontend_open_orders(ADDRESS), [], "no stop protects it")
    venue.admin("faults", clear=True)

    exits = bracket(0, price)[1:]
    equal(statuses(exchange.bulk_orders(exits, grouping="positionTpsl")), ["waitingForTrigger"] * 2, "position's exits")
    order = info.frontend_open_orders(ADDRESS)[0]
    equal((order["isPositionTpsl"], order["sz"]), (True, "0.0"), "tied to the position")
    exchange.market_open("BTC", True, 0.03)
    venue.admin("market", coin="BTC", price=str(tick(price * 0.89)))
    wait_for(lambda: venue.admin("step", seconds=1) and position() is None, "the stop closes the whole position")
    equal(info.user_fills(ADDRESS)[0]["startPosition"], "0.04", "it had grown with the position")
    equal(info.open_orders(ADDRESS), [], "no exit outlives it")


def margin():
    equal(exchange.update_leverage(5, "SOL", is_cross=False)["status"], "ok", "isolated")
    price = venue.mark("SOL")
    exchange.market_open("SOL", True, 10)
    held = position("SOL")
    equal((held["leverage"]["type"], held["leverage"]["value"]), ("isolated", 5), "isolated position")
    entry = Decimal(held["entryPx"])
    near(held["marginUsed"], entry * 10 / 5 + (price - entry) * 10, "margin and profit of an isolated position")
    equal(exchange.update_isolated_margin(10, "SOL")["status"], "ok", "more margin")
    more = position("SOL")
    near(Decimal(more["marginUsed"]) - Decimal(held["marginUsed"]), 10, "added margin")
    near(Decimal(more["leverage"]["rawUsd"]) - Decimal(held["leverage"]["rawUsd"]), 10, "raw USD")
    check(Decimal(more["liquidationPx"]) < Decimal(held["liquidationPx"]), "further from liquidation")
    equal(exchange.update_leverage(5, "SOL", is_cross=True)["response"],
          "Cannot switch leverage type with open position.", "mode of an open position")
    equal(exchange.update_isolated_margin(-10, "SOL")["status"], "ok", "less margin")
    exchange.market_close("SOL")
    equal(exchange.update_isolated_margin(1, "SOL")["status"], "err", "no position, no margin")


def funding():
    exchange.market_open("BTC", True, 0.1)
    venue.admin("market", coin="BTC", funding="0.0001")
    start = state()["time"]
    hour = (start // 3_600_000 + 1) * 3_600_000
    before = value()
    venue.admin("step", seconds=(hour - start) / 1000 + 1)
    paid = info.user_funding_history(ADDRESS, start)
    equal(len(paid), 1, "one payment")
    delta = paid[0]["delta"]
    equal((paid[0]["time"], delta["coin"], delta["szi"]), (hour, "BTC", "0.1"), "payment")
    rate = info.funding_history("BTC", hour, hour)[0]["fundingRate"]
    equal(delta["fundingRate"], rate, "the rate of everybody")
    check(Decimal(delta["usdc"]) * Decimal(rate) < 0, "a long pays a positive rate")
    near(position()["cumFunding"]["allTime"], -Decimal(delta["usdc"]), "sum of funding")
    check(before != value(), "value moved")
    exchange.market_close("BTC")


def money():
    start = Decimal(state()["withdrawable"])
    exchange.usd_class_transfer(1000, False)
    balance = {b["coin"]: Decimal(b["total"]) for b in info.spot_user_state(ADDRESS)["balances"]}
    near(balance["USDC"], 1000, "spot balance")
    near(state()["withdrawable"], start - 1000, "perpetuals' balance")
    there = Decimal(state(OTHER)["marginSummary"]["accountValue"])
    equal(exchange.usd_transfer(100, OTHER)["status"], "ok", "transfer")
    near(state(OTHER)["marginSummary"]["accountValue"], there + 100, "received")
    equal(exchange.usd_transfer(10**9, OTHER)["response"], "Insufficient balance for withdrawal.", "too much")
    equal(exchange.withdraw_from_bridge(50, ADDRESS)["status"], "ok", "withdrawal")
    near(state()["withdrawable"], start - 1150, "after the withdrawal")
    kinds = [line["delta"]["type"] for line in info.user_non_funding_ledger_updates(ADDRESS, 0)]
    equal(kinds, ["deposit", "accountClassTransfer", "internalTransfer", "withdraw"], "ledger")

    price = venue.mark("PURR/USDC")
    bought = status(exchange.order("PURR/USDC", True, 1000, tick(float(price) * 1.02), {"limit": {"tif": "Ioc"}}))["filled"]
    balances = {b["coin"]: b for b in info.spot_user_state(ADDRESS)["balances"]}
    near(balances["PURR"]["total"], Decimal(1000) * (1 - Decimal("0.0007")), "coins less the fee in coins")
    near(balances["USDC"]["total"], 1000 - Decimal(bought["avgPx"]) * 1000, "dollars spent")
    fill = info.user_fills(ADDRESS)[0]
    equal((fill["coin"], fill["dir"], fill["feeToken"], fill["fee"]), ("PURR/USDC", "Buy", "PURR", "0.7"), "spot fill")
    short = status(exchange.order("PURR/USDC", False, 5000, tick(float(price) * 1.1), {"limit": {"tif": "Gtc"}}))["error"]
    equal(short, "Insufficient spot balance asset=10000", "more than there is")
    words = "Reduce only order would increase position. asset=10000"
    for is_buy in (True, False):
        answer = exchange.order("PURR/USDC", is_buy, 500, tick(float(price)), {"limit": {"tif": "Ioc"}}, reduce_only=True)
        equal(status(answer)["error"], words, "spot has no positions to reduce")
    oid = status(exchange.order("PURR/USDC", False, 500, tick(float(price) * 1.1), {"limit": {"tif": "Gtc"}}))["resting"]["oid"]
    equal([b["hold"] for b in info.spot_user_state(ADDRESS)["balances"] if b["coin"] == "PURR"], ["500.0"], "locked coins")
    exchange.cancel("PURR/USDC", oid)
    token = next(t for t in info.spot_meta()["tokens"] if t["name"] == "PURR")
    equal(exchange.spot_transfer(100, OTHER, f"PURR:{token['tokenId']}")["status"], "ok", "spot transfer")
    theirs = {b["coin"]: b["total"] for b in info.spot_user_state(OTHER)["balances"]}
    equal(theirs["PURR"], "100.0", "received coins")
    equal(exchange.send_asset(ADDRESS, "spot", "", "USDC", 10)["status"], "ok", "spot to perpetuals")
    sold = status(exchange.order("PURR/USDC", False, 800, tick(float(price) * 0.98), {"limit": {"tif": "Ioc"}}))["filled"]
    equal(sold["totalSz"], "800.0", "sold")
    equal(info.user_fills(ADDRESS)[0]["feeToken"], "USDC", "a sale pays in dollars")


def agents():
    answer, key = exchange.approve_agent("probe")
    equal(answer["status"], "ok", "agent")
    agent = eth_account.Account.from_key(key)
    equal(info.user_role(agent.address), {"role": "agent", "data": {"user": ADDRESS.lower()}}, "role of an agent")
    equal(info.extra_agents(ADDRESS)[0]["name"], "probe", "named agents")
    by_agent = Exchange(agent, venue.url, account_address=ADDRESS)
    oid = status(by_agent.order("BTC", True, 0.01, tick(float(venue.mark("BTC")) * 0.9), {"limit": {"tif": "Gtc"}}))["resting"]["oid"]
    equal(info.open_orders(ADDRESS)[0]["oid"], oid, "an agent trades for its master")
    equal(by_agent.usd_transfer(1, OTHER)["response"],
          f"Must deposit before performing actions. User: {agent.address.lower()}", "an agent moves no money")
    exchange.cancel("BTC", oid)
    equal(info.user_role(ADDRESS), {"role": "user"}, "role of a user")
    equal(exchange.approve_builder_fee(OTHER, "0.01%")["status"], "ok", "builder")
    filled = exchange.market_open("BTC", True, 0.01, builder={"b": OTHER, "f": 10})
    fill = info.user_fills(ADDRESS)[0]
    volume = Decimal(fill["px"]) * Decimal(fill["sz"])
    near(fill["builderFee"], volume * Decimal("0.0001"), "fee of the builder")
    near(fill["fee"], volume * Decimal("0.00055"), "fee with that of the builder")
    equal(status(filled)["filled"]["totalSz"], "0.01", "filled")
    exchange.market_close("BTC")
    equal(exchange.set_referrer("ABC")["status"], "ok", "referrer")
    equal(info.query_referral_state(ADDRESS)["referredBy"]["code"], "ABC", "referral")


def the_rest():
    answer = exchange.schedule_cancel(int(time.time() * 1000) + 10_000)
    check(answer["response"].startswith("Cannot set scheduled cancel time until enough volume traded. Required: $1000000."),
          f"scheduled cancel: {answer}")
    check(answer["response"].endswith("."), "with the traded volume")
    check("until enough volume traded" in exchange.create_sub_account("x")["response"], "sub-account")
    equal(info.query_sub_accounts(ADDRESS), None, "no sub-accounts")
    limits = info.user_rate_limit(ADDRESS)
    check(limits["nRequestsUsed"] > 50 and limits["nRequestsCap"] > 10_000, f"budget {limits}")
    near(limits["nRequestsCap"], 10_000 + int(Decimal(limits["cumVlm"])), "one request a dollar")
    fees = info.user_fees(ADDRESS)
    equal((fees["userCrossRate"], fees["userAddRate"]), ("0.00045", "0.00015"), "fees")
    equal(len(fees["dailyUserVlm"]), 15, "days of volume")
    portfolio = dict(info.portfolio(ADDRESS))
    near(portfolio["day"]["accountValueHistory"][-1][1], value(), "portfolio")
    for call in (info.user_staking_delegations, info.user_staking_rewards, info.delegator_history, info.user_twap_slice_fills,
                 info.user_vault_equities):
        equal(call(ADDRESS), [], f"nothing of {call.__name__}")
    equal(info.user_staking_summary(ADDRESS)["delegated"], "0.0", "staking")
    equal(info.query_user_to_multi_sig_signers(ADDRESS), None, "signers")
    equal(info.query_user_abstraction_state(ADDRESS), "default", "abstraction")
    equal(info.query_user_dex_abstraction_state(ADDRESS), False, "abstraction of exchanges")
    check("startTimeSeconds" in info.query_perp_deploy_auction_status(), "auction")
    equal(info.query_spot_deploy_auction_status(ADDRESS)["states"], [], "spot deploys")
    # What is not offered says so.
    for call in (lambda: exchange.convert_to_multi_sig_user([OTHER], 1), lambda: exchange.multi_sig(OTHER, {"type": "noop"}, [], 1),
                 exchange.c_signer_unjail_self, exchange.c_validator_unregister, lambda: exchange.spot_deploy_register_spot(1, 0),
                 lambda: exchange.perp_deploy_set_oracle("dex", {"X": "1"}, [], {}), lambda: exchange.gossip_priority_bid(0, "1.2.3.4", 5)):
        answer = call()
        check(answer["status"] == "err" and "is not offered on this venue" in answer["response"], f"{answer}")
    equal(exchange.sub_account_transfer(OTHER, True, 10)["status"], "err", "not a sub-account")
    equal(exchange.user_dex_abstraction(ADDRESS, False)["status"], "ok", "abstraction of exchanges by the user")
    equal(exchange.agent_set_abstraction("u")["status"], "err", "no unified accounts")
    equal(exchange.noop(int(time.time() * 1000) + 50)["status"], "ok", "noop")
    equal(exchange.use_big_blocks(True)["status"], "ok", "blocks")
    equal(exchange.agent_enable_dex_abstraction()["status"], "ok", "abstraction by an agent")
    equal(exchange.user_set_abstraction(ADDRESS, "disabled")["status"], "ok", "abstraction by the user")
    equal(exchange.vault_usd_transfer(OTHER, True, 5)["status"], "err", "no vaults")
    equal(exchange.token_delegate(OTHER, 5, False)["status"], "err", "no staking")
    exchange.set_expires_after(int(time.time() * 1000) - 1000)
    equal(exchange.update_leverage(5, "BTC")["response"], "Action already expired", "expired")
    exchange.set_expires_after(int(time.time() * 1000) + 60_000)
    equal(exchange.update_leverage(5, "BTC")["status"], "ok", "in time")
    exchange.set_expires_after(None)


def streams():
    got = {}

    def into(name):
        return lambda message: got.setdefault(name, []).append(message["data"])

    subscriptions = [
        {"type": "allMids"}, {"type": "l2Book", "coin": "BTC"}, {"type": "trades", "coin": "BTC"},
        {"type": "candle", "coin": "BTC", "interval": "1m"}, {"type": "bbo", "coin": "BTC"},
        {"type": "activeAssetCtx", "coin": "BTC"}, {"type": "activeAssetCtx", "coin": "@1"},
        {"type": "activeAssetData", "user": ADDRESS, "coin": "BTC"}, {"type": "orderUpdates", "user": ADDRESS},
        {"type": "userFills", "user": ADDRESS}, {"type": "userEvents", "user": ADDRESS},
        {"type": "userFundings", "user": ADDRESS}, {"type": "userNonFundingLedgerUpdates", "user": ADDRESS},
        {"type": "webData2", "user": ADDRESS},
    ]
    wait_for(lambda: info.ws_manager.ws_ready, "the socket")
    ids = [info.subscribe(dict(s), into(s["type"] + s.get("coin", ""))) for s in subscriptions]
    wait_for(lambda: "webData2" in got, "the last snapshot")
    check(got["userFills"][0]["isSnapshot"] and got["userFills"][0]["fills"], "snapshot of fills")
    before = len(got["tradesBTC"])
    venue.admin("step", seconds=120)
    wait_for(lambda: len(got["tradesBTC"]) > before and len(got["candleBTC"]) > 2, "trades and candles")
    trade = got["tradesBTC"][-1][-1]
    check(trade["side"] in "AB" and len(trade["users"]) == 2 and Decimal(trade["px"]) > 0, f"trade {trade}")
    last = got["candleBTC"][-1]
    equal((last["s"], last["i"]), ("BTC", "1m"), "candle")
    equal(got["allMids"][-1]["mids"]["BTC"], info.all_mids()["BTC"], "mids")
    levels = info.l2_snapshot("BTC")["levels"]
    wait_for(lambda: got["l2BookBTC"][-1]["levels"] == levels, "the book")
    equal([b["px"] for b in got["bboBTC"][-1]["bbo"]], [side[0]["px"] for side in levels], "best prices")
    low = tick(float(venue.mark("BTC")) * 0.9)
    oid = status(exchange.order("BTC", True, 0.01, low, {"limit": {"tif": "Gtc"}}))["resting"]["oid"]
    exchange.cancel("BTC", oid)
    words = lambda: [(u["order"]["oid"], u["status"]) for batch in got.get("orderUpdates", []) for u in batch]
    wait_for(lambda: (oid, "canceled") in words(), "updates of an order")
    equal([w for w in words() if w[0] == oid], [(oid, "open"), (oid, "canceled")], "life of an order")
    filled = status(exchange.market_open("BTC", True, 0.01))["filled"]["oid"]
    wait_for(lambda: any(f["oid"] == filled for m in got["userFills"] for f in m["fills"]), "the fill")
    wait_for(lambda: any(f["oid"] == filled for m in got["userEvents"] for f in m.get("fills", [])), "the event")
    wait_for(lambda: (filled, "filled") in words(), "filled")
    equal(got["userFills"][-1]["user"].lower(), ADDRESS.lower(), "user of the fills")
    exchange.market_close("BTC")
    exchange.usd_class_transfer(1, False)
    wait_for(lambda: not got["userNonFundingLedgerUpdates"][-1].get("isSnapshot"), "the ledger")
    check(info.unsubscribe({"type": "trades", "coin": "BTC"}, ids[2]), "unsubscribe")
    info.disconnect_websocket()


def liquidation():
    venue.admin("fund", user=OTHER, amount="1000")
    other.update_leverage(40, "BTC")
    worth = Decimal(info.user_state(OTHER)["marginSummary"]["accountValue"])
    size = round(float(worth * 30 / venue.mark("BTC")), 3)
    check("filled" in status(other.market_open("BTC", True, size, slippage=0.1)), "a large position")
    level = Decimal(position("BTC", OTHER)["liquidationPx"])
    venue.admin("market", coin="BTC", price=str(tick(float(level) * 0.999)))
    equal(position("BTC", OTHER), None, "liquidated")
    fill = info.user_fills(OTHER)[0]
    equal((fill["dir"], fill["liquidation"]["liquidatedUser"].lower()), ("Liquidated Cross Long", OTHER.lower()), "fill")


for part in (metadata, market_data, nobody, limit_orders, illegal_orders, market_orders, maker_orders, triggers, margin,
             funding, money, agents, the_rest, streams, liquidation):
    try:
        part()
    except (ClientError, ServerError) as error:
        raise SystemExit(f"FAILED: {part.__name__}: {error}") from error
finish("hyperliquid-python-sdk")
