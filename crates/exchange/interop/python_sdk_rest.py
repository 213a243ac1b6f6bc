"""Reads the account with KuCoin's own Python SDK: spot, margin, futures and the unified account.

The arguments are the JSON file of `known_account` and the file to write the reads to, for `check_rest.py`.
"""

import json
import sys
from typing import get_type_hints

from kucoin_universal_sdk.api.client import DefaultClient
from kucoin_universal_sdk.model.client_option import ClientOptionBuilder
from kucoin_universal_sdk.model.transport_option import TransportOption

SYMBOLS = [{"symbol": symbol} for symbol in ("BTC-USDT", "ETH-USDT", "SOL-USDT", "KCS-USDT")]
CONTRACTS = [{"symbol": symbol} for symbol in ("XBTUSDTM", "ETHUSDTM", "XBTUSDM")]
OPEN = {"conditional": False, "open": True}
ENDED = {"conditional": False, "word": ["closed", "canceled"]}
UNTRIGGERED = {"conditional": True, "word": "untriggered"}

reads = []


def call(api, method, **params):
    """Returns the data of an answer with KuCoin's names."""
    function = getattr(api, method)
    request = get_type_hints(function).get("req")
    answer = function(request.from_dict(params)) if request else function(*([params] if params else []))
    data = json.loads(answer.to_json())
    raw = data.pop("common_response", {}).get("data")
    if raw and not data:
        sys.exit(f"{method}: the SDK cannot parse {str(raw)[:2000]}")
    return data["data"] if list(data) == ["data"] else data


def pages(api, method, by, **params):
    """Returns the items of all pages; `by` is the parameter that continues a list."""
    items, at = [], None
    while True:
        data = call(api, method, **params, **({by: at} if at else {}))
        page = data if isinstance(data, list) else data.get("items") or data.get("dataList") or []
        items += page
        if by is None or not page:
            return items
        at = (at or 1) + 1 if by != "lastId" else page[-1]["id"] if isinstance(data, list) else data["lastId"]


def add(method, shape, where, items, part=False):
    reads.append({"call": method, "shape": shape, "where": where, "part": part, "items": items})


def read(api, method, shape, where, by=None, each=({},), **params):
    """Adds a list of `api`, read once for each of the parameters in `each`."""
    items = [item for one in each for item in pages(api, method, by, **one, **params)]
    add(f"{method} {params or ''}", shape, where, items)


def read_spot(api, known, where, **params):
    read(api, "get_open_orders", "order", where | OPEN, each=SYMBOLS, **params)
    read(api, "get_closed_orders", "order", where | ENDED, "lastId", SYMBOLS, **params)
    read(api, "get_trade_history", "fill", where, "lastId", SYMBOLS, **params)
    orders = [order for order in known["orders"][where["account"]].values() if order["ci"] and "tD" not in order][-9:]
    ids = [{"symbol": order["s"], "orderId": order["oi"]} for order in orders]
    add("get_order_by_order_id", "order", where, [call(api, "get_order_by_order_id", **one) for one in ids], True)
    ids = [{"symbol": order["s"], "clientOid": order["ci"]} for order in orders]
    add("get_order_by_client_oid", "order", where, [call(api, "get_order_by_client_oid", **one) for one in ids], True)


def read_accounts(api):
    read(api, "get_spot_account_list", "account", {"account": ["FUNDING", "SPOT"]})
    accounts = call(api, "get_spot_account_list")
    details = [
        call(api, "get_spot_account_detail", accountId=account["id"]) | {"type": account["type"]}
        for account in accounts
    ]
    add("get_spot_account_detail", "account", {"account": ["FUNDING", "SPOT"]}, details)
    cross = call(api, "get_cross_margin_account", queryType="MARGIN_V2")["accounts"]
    add("get_cross_margin_account", "margin account", {"account": "CROSS"}, cross)
    assets = call(api, "get_isolated_margin_account", queryType="ISOLATED_V2")["assets"]
    isolated = [asset[side] | {"symbol": asset["symbol"]} for asset in assets for side in ("baseAsset", "quoteAsset")]
    add("get_isolated_margin_account", "isolated account", {"account": "ISOLATED"}, isolated)
    futures = [call(api, "get_futures_account", currency=currency) for currency in ("XBT", "USDT")]
    add("get_futures_account", "futures account", {"account": "FUTURES"}, futures)
    read(api, "get_futures_ledger", "futures ledger", {})
    read(api, "get_spot_ledger", "funding booking", {"account": "FUNDING"}, "currentPage", pageSize=10)
    read(api, "get_spot_hf_ledger", "booking", {"account": "SPOT"}, "lastId")
    read(api, "get_margin_hf_ledger", "booking", {"account": ["CROSS", "ISOLATED"]}, "lastId", limit=30)


def read_futures(futures):
    orders, account = futures.get_order_api(), {"account": "FUTURES"}
    read(orders, "get_order_list", "futures order", account | OPEN, "currentPage", status="active")
    # The SDK reads `stopPrice` as an integer, so it cannot read lists that have orders of triggered stop orders.
    types, never_stops = [{"type": "limit"}, {"type": "market"}], account | {"wasStop": False}
    read(orders, "get_order_list", "futures order", never_stops | ENDED, "currentPage", types, status="done")
    read(orders, "get_stop_order_list", "stop", account | UNTRIGGERED)
    read(orders, "get_recent_trade_history", "futures fill", account)
    read(orders, "get_trade_history", "futures fill", account, "currentPage", pageSize=30)
    positions = futures.get_positions_api()
    read(positions, "get_position_list", "position", {"open": True})
    read(positions, "get_positions_history", "closed position", {"open": False}, "pageId", limit=20)
    read(futures.get_funding_fees_api(), "get_private_funding_history", "funding", {}, each=CONTRACTS)


def read_unified(unified):
    orders, account = unified.get_order_api(), {"account": "UNIFIED"}
    for trade, each in (("SPOT", SYMBOLS), ("MARGIN", SYMBOLS), ("FUTURES", CONTRACTS)):
        where = account | {"trade": trade}
        lists = [
            ("get_open_order_list", "order", OPEN, "pageNumber", {"pageSize": 2}),
            ("get_open_order_list", "order", UNTRIGGERED, "pageNumber", {"orderFilter": "ADVANCED"}),
            ("get_order_history", "order", ENDED, "lastId", {}),
            ("get_trade_history", "fill", {}, "lastId", {}),
        ]
        for method, shape, which, by, params in lists:
            read(orders, method, f"unified {shape}", where | which, by, each, tradeType=trade, **params)
    positions = unified.get_positions_api()
    read(positions, "get_position_list", "unified position", {"open": True})
    read(positions, "get_positions_history", "unified closed position", {"open": False}, "lastId", pageSize=20)
    read(positions, "get_private_funding_fee_history", "unified funding", {}, "lastId", pageSize=3)
    api = unified.get_account_api()
    currencies = call(api, "get_account")["accounts"][0]["currencies"]
    add("get_account", "unified balance", account, [row | {"account": "UNIFIED"} for row in currencies])
    wallets = {"FUNDING": "main", "SPOT": "trade", "CROSS": "margin", "ISOLATED": "isolated", "FUTURES": "FUTURES"}
    for kind, wallet in wallets.items():
        rows = [
            row | {"account": f"{wallet}_{group['accountSubtype']}" if kind == "ISOLATED" else wallet}
            for group in call(api, "get_classic_account_balance", accountType=kind)["accounts"]
            for row in group["currencies"]
        ]
        shape = "unified futures" if kind == "FUTURES" else "unified"
        add(f"get_classic_account_balance {kind}", f"{shape} balance", {"account": kind}, rows)
        read(api, "get_account_ledger", f"{shape} booking", {"account": kind}, "lastId", accountType=kind)
    where = {"account": ["SPOT", "CROSS"], "reason": "setted"}
    settled = {"accountType": "UNIFIED", "businessType": "SPOT_EXCHANGE"}
    read(api, "get_account_ledger", "unified booking", where, "lastId", **settled)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        known = json.load(file)
    option = ClientOptionBuilder().set_key(known["apiKey"]).set_secret(known["apiSecret"])
    option.set_passphrase(known["apiPassphrase"]).set_transport_option(TransportOption())
    option.set_spot_endpoint(known["spotRestUrl"]).set_futures_endpoint(known["futuresRestUrl"])
    service = DefaultClient(option.build()).rest_service()
    spot, margin = service.get_spot_service().get_order_api(), service.get_margin_service().get_order_api()
    read_spot(spot, known, {"account": "SPOT"})
    read_spot(margin, known, {"account": "CROSS"}, tradeType="MARGIN_TRADE")
    read_spot(margin, known, {"account": "ISOLATED"}, tradeType="MARGIN_ISOLATED_TRADE")
    stops = {"SPOT": "TRADE", "CROSS": "MARGIN_TRADE", "ISOLATED": "MARGIN_ISOLATED_TRADE"}
    for account, trade in stops.items():
        where = UNTRIGGERED | {"account": account}
        read(spot, "get_stop_orders_list", "stop", where, "currentPage", SYMBOLS, tradeType=trade)
    read_accounts(service.get_account_service().get_account_api())
    read_futures(service.get_futures_service())
    read_unified(service.get_uta_service())
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(reads, file)


main()
