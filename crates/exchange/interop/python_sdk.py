"""Tests the local exchange with KuCoin's own Python SDK: connects, subscribes and checks the pushes.

The argument is a file with the JSON line of the local exchange. Prints one line of counts and exits with 0, or
prints the reason and exits with 1.
"""

import json
import sys
import threading
from decimal import Decimal

from kucoin_universal_sdk.api.client import DefaultClient
from kucoin_universal_sdk.model.client_option import ClientOptionBuilder
from kucoin_universal_sdk.model.transport_option import TransportOption
from kucoin_universal_sdk.model.websocket_option import WebSocketClientOption, WebSocketEvent

WANTED = {
    "ordersV1": 30,
    "ordersV2": 40,
    "balances": 30,
    "futuresOrders": 20,
    "futuresSymbolOrders": 5,
    "positions": 10,
    "symbolPositions": 3,
    "wallet": 10,
}
CONTRACT = "XBTUSDTM"
TIMEOUT_SECONDS = 90

lock = threading.Lock()
enough = threading.Event()
counts = dict.fromkeys(WANTED, 0)
order_types = set()
futures_order_types = set()
versions = {}
problems = []


def is_complete(types):
    return {"open", "match"} <= types and types & {"filled", "canceled"}


def count(kind):
    with lock:
        counts[kind] += 1
        saw_all_types = "received" in order_types and is_complete(order_types) and is_complete(futures_order_types)
        if saw_all_types and all(counts[kind] >= wanted for kind, wanted in WANTED.items()):
            enough.set()


def expect(condition, text):
    if not condition:
        problems.append(text)
        enough.set()


def expect_order(order, parts, whole):
    # The SDK's enums raise on unknown values; reading .value checks that the field is not None.
    change, status = order.type.value, order.status.value
    expect(order.side.value in ("buy", "sell") and status in ("new", "open", "match", "done"), status)
    expect(order.order_id and order.symbol and order.order_time > 10**12 and order.ts > 10**18, "order without ID, symbol or time")
    if change == "match":
        expect(Decimal(order.match_price) * Decimal(order.match_size) > 0, "match without price and size")
        expect(order.liquidity.value in ("maker", "taker") and order.trade_id, "match without trade")
    if whole is not None and None not in parts:
        expect(sum(map(Decimal, parts)) == Decimal(whole), f"the sum of {parts} is not {whole}")
    return change


def on_order(kind, topic):
    def callback(got_topic, subject, order):
        expect(got_topic == topic and subject == "orderChange", f"order on {got_topic} {subject}")
        parts = (order.filled_size, order.remain_size, order.canceled_size) if kind == "ordersV2" else (None,)
        change = expect_order(order, parts, getattr(order, "origin_size", None))
        with lock:
            order_types.add(change)
        count(kind)

    return callback


def on_balance(topic, subject, balance):
    expect(topic == "/account/balance" and subject == "account.balance", f"balance on {topic} {subject}")
    total = Decimal(balance.available) + Decimal(balance.hold)
    expect(total == Decimal(balance.total), f"{balance.available} and {balance.hold} are not {balance.total}")
    expect(balance.relation_event and int(balance.time) > 10**12, "balance without reason or time")
    count("balances")


def on_futures_order(kind, topic, subject):
    def callback(got_topic, got_subject, order):
        expect((got_topic, got_subject) == (topic, subject), f"order on {got_topic} {got_subject}")
        change = expect_order(order, (None,), None)
        expect(order.order_time > 10**18, "the time of a futures order is not in nanoseconds")
        expect(order.margin_mode.value in ("ISOLATED", "CROSS"), "order without margin mode")
        with lock:
            futures_order_types.add(change)
        count(kind)

    return callback


def on_position(kind, topic):
    def callback(got_topic, subject, position):
        expect(got_topic == topic and subject.startswith("position."), f"position on {got_topic} {subject}")
        # A change of the mark price has no quantity.
        if subject == "position.change" and position.current_qty is not None:
            expect(position.symbol and position.settle_currency, "position without symbol or currency")
            expect(position.is_open == (position.current_qty != 0), f"open with {position.current_qty}")
            expect(position.margin_mode.value in ("ISOLATED", "CROSS"), "position without margin mode")
            count(kind)

    return callback


def on_wallet(topic, subject, wallet):
    expect(topic == "/contractAccount/wallet" and subject == "walletBalance.change", f"wallet on {topic} {subject}")
    profit = Decimal(wallet.cross_un_pnl) + Decimal(wallet.isolated_un_pnl)
    expect(Decimal(wallet.wallet_balance) + profit == Decimal(wallet.equity), f"equity {wallet.equity}")
    with lock:
        before = versions.get(wallet.currency, -1)
        versions[wallet.currency] = int(wallet.version)
    expect(int(wallet.version) > before, f"version {wallet.version} after {before}")
    count("wallet")


def on_event(event, _, text):
    bad = (WebSocketEvent.EVENT_CALLBACK_ERROR, WebSocketEvent.EVENT_ERROR_RECEIVED, WebSocketEvent.EVENT_READ_BUFFER_FULL)
    expect(event not in bad, f"{event}: {text}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        exchange = json.load(file)
    option = (
        ClientOptionBuilder()
        .set_key(exchange["apiKey"])
        .set_secret(exchange["apiSecret"])
        .set_passphrase(exchange["apiPassphrase"])
        .set_spot_endpoint(exchange["spotRestUrl"])
        .set_futures_endpoint(exchange["futuresRestUrl"])
        .set_transport_option(TransportOption())
        .set_websocket_client_option(WebSocketClientOption(event_callback=on_event, reconnect=False))
        .build()
    )
    service = DefaultClient(option).ws_service()
    spot, futures = service.new_spot_private_ws(), service.new_futures_private_ws()
    spot.start()
    futures.start()
    orders, positions = "/contractMarket/tradeOrders", "/contract/position"
    subscriptions = [
        (spot, spot.order_v1(on_order("ordersV1", "/spotMarket/tradeOrders"))),
        (spot, spot.order_v2(on_order("ordersV2", "/spotMarket/tradeOrdersV2"))),
        (spot, spot.account(on_balance)),
        (futures, futures.all_order(on_futures_order("futuresOrders", orders, "orderChange"))),
        (
            futures,
            futures.order(
                CONTRACT, on_futures_order("futuresSymbolOrders", f"{orders}:{CONTRACT}", "symbolOrderChange")
            ),
        ),
        (futures, futures.all_position(on_position("positions", f"{positions}All"))),
        (futures, futures.position(CONTRACT, on_position("symbolPositions", f"{positions}:{CONTRACT}"))),
        (futures, futures.balance(on_wallet)),
    ]
    in_time = enough.wait(TIMEOUT_SECONDS)
    for stream, subscription in subscriptions:
        stream.unsubscribe(subscription)
    spot.stop()
    futures.stop()
    types = {"orderTypes": sorted(order_types), "futuresOrderTypes": sorted(futures_order_types)}
    print(json.dumps({"sdk": "kucoin-universal-sdk (Python)", **counts, **types}))
    if not in_time:
        problems.append(f"expected {WANTED} in {TIMEOUT_SECONDS} s, received {counts}")
    if problems:
        sys.exit("; ".join(map(str, problems[:5])))


main()
