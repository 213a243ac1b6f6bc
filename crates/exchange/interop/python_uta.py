"""Tests the local exchange with the Pro V2 connection ("UTA") of KuCoin's own Python SDK: logs in, subscribes and
checks the pushes.

The argument is a file with the JSON line of the local exchange. Prints one line of counts and exits with 0, or
prints the reason and exits with 1.
"""

import json
import sys
import threading
from decimal import Decimal

from kucoin_universal_sdk.api.client import DefaultClient
from kucoin_universal_sdk.internal.infra.uta_push_ws_service import UtaPushWsService
from kucoin_universal_sdk.model.client_option import ClientOptionBuilder
from kucoin_universal_sdk.model.transport_option import TransportOption
from kucoin_universal_sdk.model.websocket_option import WebSocketClientOption, WebSocketEvent

WANTED = {"orderAll": 30, "order": 5, "execution": 15, "execution.lite": 15, "positionAll": 5, "balance": 30}
SYMBOL = "BTC-USDT"
TIMEOUT_SECONDS = 90

lock = threading.Lock()
enough = threading.Event()
counts = dict.fromkeys(WANTED, 0)
fills = {"execution": {}, "execution.lite": {}}
problems = []


def expect(condition, text):
    if not condition:
        problems.append(text)
        enough.set()


def count(channel):
    with lock:
        counts[channel] += 1
        if all(counts[kind] >= wanted for kind, wanted in WANTED.items()):
            enough.set()


def on(channel, check):
    def callback(event):
        topic = event["T"]
        # The SDK also calls the callbacks of `orderAll` with pushes of `order`.
        if f"{topic.removesuffix('.UNIFIED')}All" == channel:
            return
        expect(topic == f"{channel}.UNIFIED" and event["P"] > 10**18, f"{topic} at {event['P']}")
        check(event["d"])
        count(channel)

    return callback


def check_order(order):
    expect(order["oi"] and order["s"] and order["S"] in ("BUY", "SELL"), f"order without ID, symbol or side: {order}")
    expect(order["os"] in range(7) and order["O"] > 10**18 and order["U"] > 10**18, f"order without status or time: {order}")
    parts = sum(Decimal(order[part] or 0) for part in ("fS", "rS", "cS"))
    # The size of an order by funds is in the quote currency.
    expect(order["qU"] == "QUOTECCY" or parts == Decimal(order["q"]), f"{parts} is not {order['q']}")


def check_own_order(order):
    expect(order["s"] == SYMBOL, f"{order['s']} is not {SYMBOL}")
    check_order(order)


def check_execution(channel):
    def check(fill):
        terms = (Decimal(fill["p"]), Decimal(fill["q"]), fill["S"])
        with lock:
            fills[channel][fill["s"], str(fill["ti"])] = terms
        expect(terms[0] * terms[1] > 0 and fill["E"] > 10**18, f"execution without price, size or time: {fill}")
        expect(channel == "execution.lite" or (fill["fC"] and fill["f"] != ""), f"execution without fee: {fill}")

    return check


def check_position(position):
    Decimal(position["q"])
    expect(position["s"] and Decimal(position["eP"]) >= 0, f"position without entry price: {position}")


def check_balance(balance):
    # The total balance includes the margin of positions, so it is more than available plus hold.
    amounts = [Decimal(balance[part]) for part in ("b", "a", "h", "l")]
    expect(balance["c"] and min(amounts[1:]) >= 0, f"balance without amounts: {balance}")


def on_event(event, _, text):
    bad = (WebSocketEvent.EVENT_CALLBACK_ERROR, WebSocketEvent.EVENT_ERROR_RECEIVED, WebSocketEvent.EVENT_DISCONNECTED)
    expect(event not in bad or enough.is_set(), f"{event}: {text}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        exchange = json.load(file)
    # The SDK has no setting for this URL.
    UtaPushWsService.PRIVATE_ENDPOINT = exchange["proWsUrl"]
    option = (
        ClientOptionBuilder()
        .set_key(exchange["apiKey"])
        .set_secret(exchange["apiSecret"])
        .set_passphrase(exchange["apiPassphrase"])
        .set_transport_option(TransportOption())
        .set_websocket_client_option(WebSocketClientOption(event_callback=on_event, reconnect=False))
        .build()
    )
    stream = DefaultClient(option).ws_service().new_uta_private_ws()
    stream.start()
    subscriptions = [
        stream.order_all(on("orderAll", check_order)),
        stream.order(SYMBOL, on("order", check_own_order)),
        stream.execution(on("execution", check_execution("execution"))),
        stream.execution_lite("UNIFIED", on("execution.lite", check_execution("execution.lite"))),
        stream.position_all(on("positionAll", check_position)),
        stream.balance("UNIFIED", on("balance", check_balance)),
        stream.leverage(lambda event: None),
        stream.liquidation_warning(lambda event: None),
    ]
    in_time = enough.wait(TIMEOUT_SECONDS)
    for subscription in subscriptions:
        stream.unsubscribe(subscription)
    stream.stop()
    with lock:
        both = fills["execution"].keys() & fills["execution.lite"].keys()
        expect(both, "no fill was pushed on both channels")
        for fill in both:
            expect(fills["execution"][fill] == fills["execution.lite"][fill], f"{fill} differs between the channels")
    print(json.dumps({"sdk": "kucoin-universal-sdk (Python), UTA", **counts, "fillsOnBoth": len(both)}))
    if not in_time:
        problems.append(f"expected {WANTED} in {TIMEOUT_SECONDS} s, received {counts}")
    if problems:
        sys.exit("; ".join(map(str, problems[:5])))


main()
