"""Reads the account with ccxt: V1 with separate spot and futures hosts, and the unified account.

The arguments are the JSON file of `known_account` and the file to write the reads to, for `check_rest.py`.
"""

import json
import sys

import ccxt

SYMBOLS = {name: name.replace("-", "/") for name in ("BTC-USDT", "ETH-USDT", "SOL-USDT", "KCS-USDT")}
CONTRACTS = {"XBTUSDTM": "BTC/USDT:USDT", "ETHUSDTM": "ETH/USDT:USDT", "XBTUSDM": "BTC/USD:BTC"}
OPEN = {"conditional": False, "open": True}
ENDED = {"conditional": False, "word": ["closed", "canceled"]}
UNTRIGGERED = {"conditional": True, "word": "untriggered"}
CURRENCIES = {"USDT": "USDT", "BTC": "XBT"}
# Account types of the unified API: the account, and its wallet; ccxt adds up the isolated accounts.
CLASSIC = {
    "funding": ("FUNDING", "main"),
    "spot": ("SPOT", "trade"),
    "cross": ("CROSS", "margin"),
    "isolated": ("ISOLATED", None),
}

reads = []


# ccxt would load markets over REST, which the local exchange does not serve.
def market(name, symbol):
    pair, _, settle = symbol.partition(":")
    base, quote = pair.split("/")
    contract = settle != ""
    return {
        **{"id": name, "symbol": symbol, "base": base, "quote": quote, "baseId": base, "quoteId": quote},
        **{"type": "swap" if contract else "spot", "spot": not contract, "swap": contract, "contract": contract},
        **{"settle": settle, "settleId": settle, "linear": settle == quote, "inverse": settle == base},
        **{"margin": False, "future": False, "option": False, "active": True, "contractSize": 1, "info": {}},
        **{"precision": {"amount": 1e-16, "price": 1e-8}, "limits": {"amount": {}, "price": {}, "cost": {}}},
    }


def client(kind, known, uta):
    exchange = kind({"apiKey": known["apiKey"], "secret": known["apiSecret"], "password": known["apiPassphrase"]})
    exchange.enableRateLimit = False
    exchange.enableLastJsonResponse = True
    exchange.number = str
    exchange.options["uta"] = uta
    for name, url in exchange.urls["api"].items():
        if isinstance(url, str):
            exchange.urls["api"][name] = known["futuresRestUrl" if name.startswith("futures") else "spotRestUrl"]
    exchange.set_markets([market(name, symbol) for name, symbol in {**SYMBOLS, **CONTRACTS}.items()])
    return exchange


def pages(exchange, fetch, by, **params):
    """Returns the items of all pages; `by` is the parameter that continues a list."""
    items, at = [], None
    while True:
        page = fetch(params={**params, **({by: at} if at else {})})
        items += page
        if by is None or not page:
            return items
        data = exchange.last_json_response["data"]
        at = (at or 1) + 1 if by != "lastId" else data[-1]["id"] if isinstance(data, list) else data["lastId"]


def add(method, shape, where, items, part=False):
    shape = shape if shape == "futures ledger" else f"ccxt {shape}"
    reads.append({"call": f"ccxt {method}", "shape": shape, "where": where, "part": part, "items": items})


def read(exchange, method, shape, where, by=None, each=(None,), **params):
    """Adds a list of ccxt, read once for each of the symbols in `each`."""
    items = []
    for symbol in each:
        fetch = getattr(exchange, method)
        items += pages(exchange, lambda params: fetch(*([symbol] if symbol else []), params=params), by, **params)
    for item in items:
        if item.get("symbol"):
            item["symbol"] = exchange.market(item["symbol"])["id"]
    add(f"{method} {params or ''}", shape, where, items)


def read_orders(exchange, known, shape, where, each, by, trigger, **params):
    """Adds the lists of orders and fills, and some orders by ID."""
    read(exchange, "fetch_open_orders", shape, where | OPEN, None, each, **params)
    read(exchange, "fetch_open_orders", "stop", where | UNTRIGGERED, None, each, **trigger, **params)
    read(exchange, "fetch_closed_orders", shape, where | ENDED, by, each, **params)
    read(exchange, "fetch_my_trades", "fill", where, by, each, **params)
    orders = known["orders"][where["account"]].values()
    orders = [order for order in orders if not order.get("tD") and order.get("tT") == where.get("trade")]
    names = exchange.markets_by_id
    found = [exchange.fetch_order(it["oi"], names[it["s"]][0]["symbol"], dict(params)) for it in orders[-9:]]
    found = [item | {"symbol": exchange.market(item["symbol"])["id"]} for item in found]
    add("fetch_order", shape, where, found, part=True)


def read_balance(exchange, shape, where, wallet, **params):
    amounts = exchange.fetch_balance(params)
    rows = [{"account": wallet, "currency": code, **amounts[code]} for code in amounts["total"]]
    add(f"fetch_balance {params}", shape, where, rows)


def read_classic(known):
    spot = client(ccxt.kucoin, known, uta=False)
    kinds = {"SPOT": {"hf": True}, "CROSS": {"marginMode": "cross"}, "ISOLATED": {"marginMode": "isolated"}}
    for account, params in kinds.items():
        where = {"account": account}
        read_orders(spot, known, "order", where, SYMBOLS.values(), "lastId", {"trigger": True}, **params)
    read_balance(spot, "balance", {"account": "FUNDING"}, "main", type="main")
    read_balance(spot, "balance", {"account": "SPOT"}, "trade", type="trade")
    read(spot, "fetch_ledger", "booking", {"account": "FUNDING"}, "currentPage", pageSize=10)
    read(spot, "fetch_ledger", "booking", {"account": "SPOT"}, "lastId", hf=True)
    margin = {"account": ["CROSS", "ISOLATED"]}
    read(spot, "fetch_ledger", "booking", margin, "lastId", hf=True, marginMode="cross")


def read_futures(known):
    futures, account, each = client(ccxt.kucoinfutures, known, uta=False), {"account": "FUTURES"}, CONTRACTS.values()
    read_orders(futures, known, "futures order", account, each, "currentPage", {"trigger": True})
    # The answers have JSON numbers, which ccxt reads as floating point. It calls XBT BTC.
    amounts = {code: futures.fetch_balance({"code": code, "currency": id})[code] for code, id in CURRENCIES.items()}
    rows = [
        {"account": "FUTURES", "currency": id, **{name: float(amounts[code][name]) for name in ("free", "total")}}
        for code, id in CURRENCIES.items()
    ]
    add("fetch_balance", "futures balance", account, rows)
    read(futures, "fetch_positions", "position", {"open": True})
    read(futures, "fetch_positions_history", "closed position", {"open": False})
    read(futures, "fetch_funding_history", "funding", {}, None, each)
    read(futures, "fetch_ledger", "futures ledger", {})


def read_unified(known):
    unified, account = client(ccxt.kucoin, known, uta=True), {"account": "UNIFIED"}
    kinds = {"SPOT": (SYMBOLS, {}), "MARGIN": (SYMBOLS, {"marginMode": "cross"}), "FUTURES": (CONTRACTS, {})}
    for trade, (each, params) in kinds.items():
        where, trigger = account | {"trade": trade}, {"orderFilter": "ADVANCED"}
        read_orders(unified, known, "unified order", where, each.values(), "lastId", trigger, **params)
    # ccxt returns only one of BTC and XBT, and only the first currency of the futures account.
    where = account | {"currency": ["ETH", "SOL", "KCS", "USDT"]}
    amounts = unified.fetch_balance({"type": "unified"})
    rows = [{"account": "UNIFIED", "currency": code, **amounts[code]} for code in where["currency"]]
    add("fetch_balance unified", "unified balance", where, rows)
    futures = {"account": "FUTURES", "currency": "USDT"}
    read_balance(unified, "unified futures balance", futures, "FUTURES", type="swap")
    for kind, (where, wallet) in CLASSIC.items():
        if wallet:
            read_balance(unified, "unified balance", {"account": where}, wallet, type=kind)
        read(unified, "fetch_ledger", "booking", {"account": where}, "lastId", type=kind)
    settled = {"account": ["SPOT", "CROSS"], "reason": "setted"}
    read(unified, "fetch_ledger", "booking", settled, "lastId", businessType="SPOT_EXCHANGE")
    read(unified, "fetch_positions", "position", {"open": True})
    read(unified, "fetch_positions_history", "unified closed position", {"open": False}, "lastId", pageSize=20)
    read(unified, "fetch_funding_history", "funding", {}, "lastId", pageSize=3)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        known = json.load(file)
    read_classic(known)
    read_futures(known)
    read_unified(known)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(reads, file)


main()
