"""KuCoin's own Python SDK against a local exchange: it connects, subscribes, and parses what it gets.

Takes the path of a file with the exchange's line of JSON. Ends with status 0 and one line of counts, or
with status 1 and the reason.
"""

import json
import sys
import threading
from decimal import Decimal

from kucoin_universal_sdk.api.client import DefaultClient
from kucoin_universal_sdk.model.client_option import ClientOptionBuilder
from kucoin_universal_sdk.model.transport_option import TransportOption
from kucoin_universal_sdk.model.websocket_option import WebSocketClientOption, WebSocketEvent

WANTED = {"ordersV1": 30, "ordersV2": 40, "balances": 30}
PATIENCE_SECONDS = 60

lock = threading.Lock()
enough = threading.Event()
counts = dict.fromkeys(WANTED, 0)
order_types = set()
problems = []


def count(kind):
    with lock:
        counts[kind] += 1
        seen_a_life = {"received", "open", "match"} <= order_types and order_types & {"filled", "canceled"}
        if seen_a_life and all(counts[kind] >= wanted for kind, wanted in WANTED.items()):
            enough.set()


def expect(condition, text):
    if not condition:
        problems.append(text)
        enough.set()


def on_order(kind, topic):
    def callback(got_topic, subject, order):
        expect(got_topic == topic and subject == "orderChange", f"order on {got_topic} {subject}")
        # The SDK's enums raise on strangers; reading .value says that they were filled in at all.
        change, status = order.type.value, order.status.value
        expect(order.side.value in ("buy", "sell") and status in ("new", "open", "match", "done"), status)
        expect(order.order_id and order.symbol and order.order_time > 10**12 and order.ts > 10**18, "identity")
        if change == "match":
            expect(Decimal(order.match_price) * Decimal(order.match_size) > 0, "match without price and size")
            expect(order.liquidity.value in ("maker", "taker") and order.trade_id, "match without trade")
        if kind == "ordersV2" and change != "received" and order.origin_size is not None:
            parts = (order.filled_size, order.remain_size, order.canceled_size)
            expect(sum(map(Decimal, parts)) == Decimal(order.origin_size), f"{parts} of {order.origin_size}")
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


def on_event(event, _, text):
    bad = (WebSocketEvent.EVENT_CALLBACK_ERROR, WebSocketEvent.EVENT_ERROR_RECEIVED, WebSocketEvent.EVENT_READ_BUFFER_FULL)
    expect(event not in bad, f"{event}: {text}")


def main():
    with open(sys.argv[1], encoding="utf-8") as address:
        exchange = json.load(address)
    option = (
        ClientOptionBuilder()
        .set_key(exchange["apiKey"])
        .set_secret(exchange["apiSecret"])
        .set_passphrase(exchange["apiPassphrase"])
        .set_spot_endpoint(exchange["restUrl"])
        .set_transport_option(TransportOption())
        .set_websocket_client_option(WebSocketClientOption(event_callback=on_event, reconnect=False))
        .build()
    )
    stream = DefaultClient(option).ws_service().new_spot_private_ws()
    stream.start()
    subscriptions = [
        stream.order_v1(on_order("ordersV1", "/spotMarket/tradeOrders")),
        stream.order_v2(on_order("ordersV2", "/spotMarket/tradeOrdersV2")),
        stream.account(on_balance),
    ]
    in_time = enough.wait(PATIENCE_SECONDS)
    for subscription in subscriptions:
        stream.unsubscribe(subscription)
    stream.stop()
    print(json.dumps({"sdk": "kucoin-universal-sdk (Python)", **counts, "orderTypes": sorted(order_types)}))
    if not in_time:
        problems.append(f"no {WANTED} in {PATIENCE_SECONDS} s")
    if problems:
        sys.exit("; ".join(map(str, problems[:5])))


main()
