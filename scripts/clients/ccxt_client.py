"""ccxt's hyperliquid, unmodified, against the venue: fetches, orders, edits, cancels and streams, of swaps and spot."""

import asyncio
from decimal import Decimal

import ccxt
import ccxt.pro

from common import ADDRESS, KEY, Venue, check, equal, finish, near, wait_for

# Prices stand still unless the script moves them.
venue = Venue("--step", "--seed", "11", "--opens", "2024-03-01T00:00:00Z")
BTC, PURR = "BTC/USDC:USDC", "PURR/USDC"
SETTINGS = {"walletAddress": ADDRESS, "privateKey": KEY, "enableRateLimit": False}


def connect(module):
    exchange = module.hyperliquid(dict(SETTINGS))
    # ccxt signs for the test network only if it is told so; the hosts are then ours.
    exchange.options["sandboxMode"] = True
    exchange.urls["api"] = {"public": venue.url, "private": venue.url, "ws": {"public": venue.url.replace("http", "ws", 1) + "/ws"}}
    return exchange


swap = connect(ccxt)


def refused(kind, call, *args):
    try:
        call(*args)
    except kind:
        check(True, "refused")
    else:
        check(False, f"{call.__name__}{args} is not refused")


def metadata():
    markets = swap.load_markets()
    check({BTC, "ETH/USDC:USDC", PURR, "HYPE/USDC"} <= set(markets), f"markets {list(markets)}")
    btc = markets[BTC]
    equal((btc["swap"], btc["linear"], btc["precision"]["amount"]), (True, True, 0.00001), "BTC")
    equal(btc["limits"]["leverage"]["max"], 40, "leverage")
    equal((markets[PURR]["spot"], markets[PURR]["id"]), (True, "PURR/USDC"), "PURR")
    equal(swap.fetch_status()["status"], "ok", "status")
    equal(swap.fetch_time(), venue.info(type="exchangeStatus")["time"], "time")
    check("USDC" in swap.fetch_currencies(), "currencies")


def market_data():
    mark = venue.mark("BTC")
    ticker = swap.fetch_ticker(BTC)
    near(ticker["info"]["markPx"], mark, "mark")
    check({BTC, PURR} <= set(swap.fetch_tickers()), "tickers")
    book = swap.fetch_order_book(BTC)
    check(book["bids"][0][0] < float(mark) < book["asks"][0][0], "book")
    candles = swap.fetch_ohlcv(BTC, "5m", since=swap.fetch_time() - 20 * 300_000, limit=20)
    check(len(candles) >= 19 and all(b[0] - a[0] == 300_000 for a, b in zip(candles, candles[1:])), f"{len(candles)} candles")
    rates = swap.fetch_funding_rate_history(BTC, since=swap.fetch_time() - 86_400_000)
    check(20 <= len(rates) <= 25, "rates")
    check("fundingRate" in swap.fetch_funding_rate(BTC), "rate")
    check(BTC in swap.fetch_funding_rates([BTC]), "rates now")
    check(swap.fetch_open_interest(BTC)["openInterestAmount"] > 0, "open interest")
    check(BTC in swap.fetch_open_interests(), "open interests")
    fee = swap.fetch_trading_fee(BTC)
    equal((fee["taker"], fee["maker"]), (0.00045, 0.00015), "fee")


def orders():
    mark = float(venue.mark("BTC"))
    near(swap.fetch_balance()["USDC"]["total"], 100_000, "balance")
    swap.set_leverage(10, BTC)
    swap.set_margin_mode("isolated", BTC, {"leverage": 5})
    swap.set_margin_mode("cross", BTC, {"leverage": 10})
    price = float(swap.price_to_precision(BTC, mark * 0.9))
    placed = swap.create_order(BTC, "limit", "buy", 0.01, price)
    order = swap.fetch_open_orders(BTC)[0]
    equal((order["id"], order["side"], order["price"], order["amount"]), (placed["id"], "buy", price, 0.01), "open order")
    equal(swap.fetch_order(placed["id"], BTC)["status"], "open", "status")
    edited = swap.edit_order(placed["id"], BTC, "limit", "buy", 0.02, float(swap.price_to_precision(BTC, mark * 0.85)))
    equal(swap.fetch_open_orders(BTC)[0]["amount"], 0.02, "edited")
    swap.cancel_order(edited["id"], BTC)
    equal(swap.fetch_open_orders(BTC), [], "cancelled")
    refused(ccxt.OrderNotFound, swap.cancel_order, edited["id"], BTC)
    refused(ccxt.OrderNotFound, swap.fetch_order, "5", BTC)
    cloid = "0x00000000000000000000000000000def"
    swap.create_order(BTC, "limit", "buy", 0.01, price, {"timeInForce": "Alo", "clientOrderId": cloid})
    equal(swap.fetch_order(cloid, BTC, {"clientOrderId": cloid})["clientOrderId"], cloid, "by client id")
    swap.cancel_order(None, BTC, {"clientOrderId": cloid})
    many = swap.create_orders([{"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": price}] * 2)
    equal(len(swap.fetch_open_orders()), 2, "batch")
    swap.cancel_orders([order["id"] for order in many], BTC)
    swap.create_order("ETH/USDC:USDC", "limit", "buy", 1, float(swap.price_to_precision("ETH/USDC:USDC", float(venue.mark("ETH")) * 0.8)))
    ids = [order["id"] for order in swap.fetch_open_orders()]
    swap.cancel_orders_for_symbols([{"symbol": "ETH/USDC:USDC", "id": ids[0]}])
    equal(swap.fetch_open_orders(), [], "all cancelled")
    refused(ccxt.InvalidOrder, swap.create_order, BTC, "limit", "buy", 0.0001, price)
    refused(ccxt.InsufficientFunds, swap.create_order, BTC, "limit", "buy", 900, price)
    refused(ccxt.InvalidOrder, swap.create_order, BTC, "limit", "buy", 0.01, price, {"reduceOnly": True})
    refused(ccxt.InvalidOrder, swap.create_order, BTC, "limit", "buy", 0.01, float(swap.price_to_precision(BTC, mark * 1.01)), {"timeInForce": "Alo"})
    refused(ccxt.InvalidOrder, swap.create_order, BTC, "limit", "buy", 0.01, price, {"timeInForce": "Ioc"})
    refused(ccxt.ExchangeError, swap.cancel_all_orders_after, 10_000)
    stop, dear = float(swap.price_to_precision(BTC, mark * 1.1)), float(swap.price_to_precision(BTC, mark * 1.2))
    waiting = [swap.create_trigger_order(BTC, "limit", "buy", 0.01, dear, stop)["id"],
               swap.create_stop_order(BTC, "market", "buy", 0.01, mark, stop)["id"],
               swap.create_limit_order(BTC, "buy", 0.01, price)["id"]]
    swap.edit_orders([{"id": waiting.pop(), "symbol": BTC, "type": "limit", "side": "buy", "amount": 0.03, "price": price}])
    open_orders = swap.fetch_open_orders(BTC)
    equal(sorted(order["amount"] for order in open_orders), [0.01, 0.01, 0.03], "triggers and a changed order")
    check(set(waiting) < {order["id"] for order in open_orders}, "triggers keep their ids")
    swap.cancel_orders([order["id"] for order in open_orders], BTC)
    refused(ccxt.ExchangeError, swap.create_vault, "name", "words", 100)
    statuses = {order["status"] for order in swap.fetch_orders(BTC)}
    check({"canceled", "rejected"} <= statuses, f"history {statuses}")
    check(len(swap.fetch_canceled_orders(BTC)) >= 2, "cancelled ones")


def positions():
    before = swap.fetch_balance()["USDC"]["total"]
    mark = venue.mark("BTC")
    filled = swap.create_order(BTC, "market", "buy", 0.1, float(mark))
    held = swap.fetch_position(BTC)
    equal((held["side"], held["contracts"], held["leverage"], held["marginMode"]), ("long", 0.1, 10, "cross"), "position")
    ask = Decimal(str(swap.fetch_order_book(BTC)["asks"][0][0]))
    near(held["entryPrice"], ask, "bought at the best ask")
    near(held["notional"], mark / 10, "value")
    near(held["unrealizedPnl"], (mark - ask) / 10, "profit")
    near(held["initialMargin"], mark / 100, "margin")
    trade = swap.fetch_my_trades(BTC)[-1]
    equal((trade["order"], trade["side"], trade["takerOrMaker"]), (filled["id"], "buy", "taker"), "trade")
    # The client has itself approved as a builder for a basis point, which is part of the fee. (Its own sum counts it twice.)
    rate = Decimal("0.00055")
    near(trade["info"]["fee"], ask / 10 * rate, "fee")
    near(trade["info"]["builderFee"], ask / 10 * Decimal("0.0001"), "the client's part")
    near(swap.fetch_balance()["USDC"]["total"], Decimal(str(before)) - ask / 10 * rate + (mark - ask) / 10, "balance", "0.00001")
    low, high = (float(swap.price_to_precision(BTC, float(mark) * share)) for share in (0.9, 1.1))
    stop = swap.create_order(BTC, "market", "sell", 0.1, float(mark), {"stopLossPrice": low, "reduceOnly": True})
    target = swap.create_order(BTC, "limit", "sell", 0.1, high, {"takeProfitPrice": high, "reduceOnly": True})
    kinds = {order["id"]: order["triggerPrice"] for order in swap.fetch_open_orders(BTC)}
    equal(kinds, {stop["id"]: low, target["id"]: high}, "exits")
    venue.admin("market", coin="BTC", move="-0.12")
    wait_for(lambda: venue.admin("step", seconds=1) and not swap.fetch_positions([BTC]), "the stop fires")
    equal(swap.fetch_open_orders(BTC), [], "no exit outlives its position")
    closed = {order["id"]: order["status"] for order in swap.fetch_orders(BTC)}
    equal((closed[stop["id"]], closed[target["id"]]), ("closed", "canceled"), "ends of the exits")
    check(any(order["id"] == stop["id"] for order in swap.fetch_closed_orders(BTC)), "closed orders")
    mark = float(venue.mark("BTC"))
    price = float(swap.price_to_precision(BTC, mark * 1.01))
    swap.create_order(BTC, "limit", "buy", 0.01, price, {
        "stopLoss": {"triggerPrice": float(swap.price_to_precision(BTC, mark * 0.9)), "type": "market"},
        "takeProfit": {"triggerPrice": float(swap.price_to_precision(BTC, mark * 1.2)), "type": "market"}})
    equal(len(swap.fetch_open_orders(BTC)), 2, "a bracket's exits")
    swap.create_order(BTC, "market", "sell", 0.01, mark, {"reduceOnly": True})
    equal((swap.fetch_open_orders(BTC), swap.fetch_positions([BTC])), ([], []), "flat")
    swap.set_margin_mode("isolated", BTC, {"leverage": 5})
    swap.create_order(BTC, "market", "buy", 0.01, mark)
    margin = swap.fetch_position(BTC)["collateral"]
    swap.add_margin(BTC, 5)
    near(swap.fetch_position(BTC)["collateral"], margin + 5, "more margin")
    swap.reduce_margin(BTC, 5)
    swap.create_order(BTC, "market", "sell", 0.01, mark, {"reduceOnly": True})
    equal(swap.fetch_positions(), [], "flat again")


def money():
    swap.transfer("USDC", 1000, "swap", "spot")
    near(swap.fetch_balance({"type": "spot"})["USDC"]["free"], 1000, "spot balance")
    price = float(venue.mark("PURR/USDC"))
    swap.create_order(PURR, "market", "buy", 1000, price)
    near(swap.fetch_balance({"type": "spot"})["PURR"]["total"], 999.3, "coins less the fee")
    sell = swap.create_order(PURR, "limit", "sell", 500, float(swap.price_to_precision(PURR, price * 1.2)))
    near(swap.fetch_balance({"type": "spot"})["PURR"]["used"], 500, "locked coins")
    swap.cancel_order(sell["id"], PURR)
    refused(ccxt.InsufficientFunds, swap.create_order, PURR, "limit", "sell", 5000, float(swap.price_to_precision(PURR, price * 1.2)))
    trade = swap.fetch_my_trades(PURR)[-1]
    equal(trade["fee"]["currency"], "PURR", "fee in coins")
    swap.withdraw("USDC", 20, ADDRESS)
    check(len(swap.fetch_ledger()) >= 3, "ledger")
    equal(swap.fetch_deposits()[0]["amount"], 100_000, "deposit")
    equal(swap.fetch_withdrawals()[0]["amount"], 19, "withdrawal less its fee")
    refused(ccxt.InsufficientFunds, swap.withdraw, "USDC", 10**9, ADDRESS)


def funding():
    swap.create_order(BTC, "market", "sell", 0.1, float(venue.mark("BTC")))
    venue.admin("step", seconds=3601)
    paid = swap.fetch_funding_history(BTC)
    check(len(paid) >= 1 and paid[-1]["amount"] != 0, "funding")
    swap.create_order(BTC, "market", "buy", 0.1, float(venue.mark("BTC")), {"reduceOnly": True})


async def streams():
    pro = connect(ccxt.pro)
    await pro.load_markets()

    async def stepping():
        while True:
            await asyncio.sleep(0.2)
            await asyncio.to_thread(venue.admin, "step", seconds=2)

    clock = asyncio.create_task(stepping())
    try:
        wait = lambda call: asyncio.wait_for(call, 20)
        book = await wait(pro.watch_order_book(BTC))
        check(book["bids"][0][0] < book["asks"][0][0], "book")
        trades = await wait(pro.watch_trades(BTC))
        check(trades[0]["price"] > 0, "trades")
        candles = await wait(pro.watch_ohlcv(BTC, "1m"))
        check(len(candles[-1]) == 6, "candles")
        ticker = await wait(pro.watch_ticker(BTC))
        check(ticker["symbol"] == BTC, "ticker")
        check(len(await wait(pro.watch_tickers())) >= 5, "tickers")
        mark = float(venue.mark("BTC"))
        fills = asyncio.create_task(pro.watch_my_trades(BTC))
        updates = asyncio.create_task(pro.watch_orders(BTC))
        held = asyncio.create_task(pro.watch_positions([BTC]))
        await asyncio.sleep(1)
        order = await wait(pro.create_order_ws(BTC, "limit", "buy", 0.01, float(pro.price_to_precision(BTC, mark * 1.01))))
        check(order["id"] is not None, "order over the socket")
        check((await wait(updates))[0]["symbol"] == BTC, "update")
        check((await wait(fills))[-1]["symbol"] == BTC, "fill")
        check(isinstance(await wait(held), list), "positions")
        resting = await wait(pro.create_order_ws(BTC, "limit", "buy", 0.01, float(pro.price_to_precision(BTC, mark * 0.8))))
        edited = await wait(pro.edit_order_ws(resting["id"], BTC, "limit", "buy", 0.02, float(pro.price_to_precision(BTC, mark * 0.7))))
        await wait(pro.cancel_order_ws(edited["id"], BTC))
        equal(await pro.fetch_open_orders(BTC), [], "cancelled over the socket")
        both = await wait(pro.create_orders_ws([{"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01,
                                                 "price": float(pro.price_to_precision(BTC, mark * 0.8))}] * 2))
        await wait(pro.cancel_orders_ws([order["id"] for order in both], BTC))
        check((await wait(pro.create_market_order_ws(BTC, "buy", 0.01, mark)))["id"] is not None, "market order over the socket")
        check((await wait(pro.watch_balance({"type": "swap"})))["USDC"]["total"] > 0, "balance of swaps")
        check("USDC" in await wait(pro.watch_balance({"type": "spot"})), "balance of spot")
        check((await wait(pro.watch_trades(PURR)))[0]["symbol"] == PURR, "trades of spot")
        check((await wait(pro.watch_ticker(PURR)))["last"] > 0, "ticker of spot")
        await wait(pro.un_watch_order_book(BTC))
        await wait(pro.un_watch_ohlcv(BTC, "1m"))
        await wait(pro.un_watch_trades(BTC))
    finally:
        clock.cancel()
        await pro.close()


for part in (metadata, market_data, orders, positions, money, funding):
    part()
asyncio.run(streams())
finish("ccxt")
