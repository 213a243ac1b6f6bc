"""Compares what a client read over REST with what the account pushed.

The arguments are the JSON file of `known_account` and a file with the reads of the client: a JSON array of objects

    {"call": name, "shape": name in SHAPES, "where": filter of the expected rows, "part": bool, "items": [...]}

A read must have all expected rows and no others; a part may miss some. Prints one line of counts and exits with 0,
or prints the first differences and exits with 1.
"""

import json
import re
import sys
from collections import Counter
from decimal import Decimal, InvalidOperation

# Matches every value.
ANY = object()


def orders(known):
    words = {2: "open", 4: "open", 3: "closed", 5: "canceled", 6: "canceled", 0: "untriggered", 1: "triggered"}
    for account, pushes in known["orders"].items():
        for push in pushes.values():
            word, by_funds = words[int(push["os"])], push["qU"] == "QUOTECCY"
            # In V1, an order by funds ends canceled, even if it spent all funds.
            if account != "UNIFIED" and by_funds and word == "closed":
                word = "canceled"
            row = dict(account=account, trade=push.get("tT"), conditional=bool(push.get("tD")))
            row |= dict(word=word, open=word == "open", cut=word == "canceled", status=push["os"])
            row |= dict(clientOid=push["ci"], symbol=push["s"], side=push["S"], type=push["oT"], price=push["p"])
            row |= dict(size=push["q"], filled=push["fS"], remaining=push["rS"], canceled=push["cS"])
            row |= dict(fee=push["f"], feeCurrency=push["fC"], mode=push.get("mM"), time=push["O"])
            row |= dict(stopPrice=push.get("tP"), wasStop=push["oi"] in known["futuresStops"])
            # ccxt has its own word for status 6, the average price of market orders, and another unit of `filledSize`
            # for orders by funds.
            row |= dict(unifiedWord="closed" if push["os"] == 6 else word)
            row |= dict(limitPrice=push["p"] if push["oT"] == "LIMIT" else ANY)
            yield push["oi"], row | dict(baseFilled=ANY if by_funds else push["fS"])


def fills(known):
    for account, pushes in known["fills"].items():
        for push in pushes:
            trade = known["orders"][account].get(push["oi"], {}).get("tT")
            row = dict(account=account, trade=trade, symbol=push["s"], side=push["S"], type=push["oT"])
            row |= dict(price=push["p"], size=push["q"], liquidity=push["lR"], fee=push["f"], feeCurrency=push["fC"])
            yield f"{push['ti']} {push['oi']}", row | dict(time=push["E"])


def rounded_fills(known):
    """Returns the fills for clients in JavaScript, which rounds trade IDs above 2^53: two fills may have the same."""
    for key, row in fills(known):
        trade, order = key.split()
        yield f"{order} {row['price']} {row['size']} {row['time']}", row | dict(rounded=float(trade))


def account_of(wallet):
    return {"main": "FUNDING", "trade": "SPOT", "margin": "CROSS"}.get(wallet, "ISOLATED")


def balances(known):
    for wallet, currencies in known["balances"].items():
        for currency, amounts in currencies.items():
            # Currencies that were never held are not listed.
            if any(Decimal(amount) for amount in amounts.values()):
                yield f"{wallet} {currency}", dict(account=account_of(wallet), **amounts)
    latest = {push["c"]: push for push in known["wallets"]}
    for account, pushes in (("FUTURES", latest), ("UNIFIED", known["unified"])):
        for currency, push in pushes.items():
            row = dict(account=account, currency=currency, total=push["b"], available=push["a"], equity=push["e"])
            yield f"{account} {currency}", row | dict(hold=push["h"], debt=push.get("l"))


def bookings(known):
    for push in known["bookings"]:
        wallet, _, reason = push["relationEvent"].rpartition(".")
        # A hold changes no total balance.
        if reason == "hold":
            continue
        row = dict(account=account_of(wallet), reason=reason, currency=push["currency"], balance=push["total"])
        row |= change_of(Decimal(push["availableChange"]) + Decimal(push["holdChange"]))
        yield push["relationEventId"], row | dict(time=int(push["time"]))
    totals = {currency: Decimal(total) for currency, total in known["openingWallets"].items()}
    for push in known["wallets"]:
        change = Decimal(push["b"]) - totals[push["c"]]
        totals[push["c"]] += change
        if change != 0:
            row = dict(account="FUTURES", currency=push["c"], **change_of(change), time=push["U"])
            yield f"{push['c']} {push['b']}", row


def changes(known):
    latest = {push["c"]: push for push in known["wallets"]}
    for currency, push in latest.items():
        yield currency, dict(amount=Decimal(push["b"]) - Decimal(known["openingWallets"][currency]))


def sum_changes(items):
    """Adds up the amounts of a ledger by currency; ccxt calls XBT BTC."""
    sums = Counter()
    for item in items:
        sign = -1 if item.get("direction") == "out" else 1
        sums[item["currency"].replace("BTC", "XBT")] += sign * Decimal(str(item["amount"]))
    return [dict(currency=currency, amount=str(amount)) for currency, amount in sums.items()]


def change_of(amount):
    return dict(amount=abs(amount), direction="out" if amount < 0 else "in")


def positions(known):
    latest = {push["s"]: push for push in known["positions"]}
    for push in known["positions"]:
        size = Decimal(push["q"])
        if size == 0 or push is latest[push["s"]]:
            row = dict(open=size != 0, size=size, contracts=abs(size), side="short" if size < 0 else "long")
            row |= dict(entry=push["eP"], mark=push["mP"], mode=push["mM"], leverage=push["l"], realized=push["rPL"])
            yield f"{push['s']} {push['O'] if size == 0 else ''}".strip(), row


def funding(known):
    for symbol, pushes in known["funding"].items():
        for push in pushes:
            row = dict(symbol=symbol, fee=push["fundingFee"], rate=push["fundingRate"], mark=push["markPrice"])
            yield f"{symbol} {push['fundingTime']}", row | dict(size=push["qty"], mode=push["marginMode"])


ORDER = "clientOid symbol side type price"
FUTURES_ORDER = f"{ORDER} filled=filledSize open=isActive cut=cancelExist"
CCXT_ORDER = "clientOid=clientOrderId symbol side type limitPrice=price"
FILL = "symbol side price size fee feeCurrency"
AMOUNTS = "total available hold debt=liability"
BOOKING = "currency amount direction"
POSITION = "mark=markPrice mode=marginMode"
# For each shape of a client's items: the kind of row, its key, and the names of its values, ours=theirs.
SHAPES = {
    "order": (orders, "{id}", f"{ORDER} fee feeCurrency filled=dealSize open=active cut=cancelExist time=createdAt"),
    "stop": (orders, "{id}", f"{ORDER} size stopPrice time=createdAt"),
    "futures order": (orders, "{id}", f"{FUTURES_ORDER} time=orderTime"),
    # JavaScript rounds a time in nanoseconds, perhaps to the next millisecond.
    "rounded futures order": (orders, "{id}", f"{FUTURES_ORDER} time=createdAt"),
    "unified order": (
        orders,
        "{orderId}",
        "clientOid symbol side type=orderType price size filled=filledSize canceled=cancelSize fee feeCurrency status"
        " time=orderTime stopPrice=triggerPrice",
    ),
    "ccxt order": (orders, "{id}", f"{CCXT_ORDER} fee=fee.cost filled word=status"),
    "ccxt futures order": (orders, "{id}", f"{CCXT_ORDER} filled word=status"),
    "ccxt unified order": (orders, "{id}", f"{CCXT_ORDER} fee=fee.cost baseFilled=filled unifiedWord=status"),
    "ccxt stop": (orders, "{id}", "symbol side type price size=amount stopPrice=triggerPrice"),
    "fill": (fills, "{tradeId} {orderId}", f"{FILL} liquidity type time=createdAt"),
    "rounded fill": (
        rounded_fills,
        "{orderId} {price} {size} {createdAt}",
        f"{FILL} liquidity rounded=tradeId type time=createdAt",
    ),
    "futures fill": (fills, "{tradeId} {orderId}", f"{FILL} liquidity type=orderType time=tradeTime"),
    "unified fill": (
        fills,
        "{tradeId} {orderId}",
        f"{FILL} liquidity=liquidityRole type=orderType time=executionTime",
    ),
    "ccxt fill": (
        fills,
        "{id} {order}",
        "symbol side type price size=amount liquidity=takerOrMaker fee=fee.cost feeCurrency=info.feeCurrency",
    ),
    "account": (balances, "{type} {currency}", "total=balance available hold=holds"),
    "margin account": (balances, "margin {currency}", AMOUNTS),
    "isolated account": (balances, "isolated_{symbol} {currency}", AMOUNTS),
    "futures account": (
        balances,
        "FUTURES {currency}",
        "total=marginBalance equity=accountEquity available=availableBalance hold=frozenFunds",
    ),
    "unified balance": (balances, "{account} {currency}", "total=balance available hold debt=liability"),
    "unified futures balance": (balances, "{account} {currency}", "total=balance available equity hold=locked"),
    "ccxt balance": (balances, "{account} {currency}", "total available=free hold=used"),
    "ccxt futures balance": (balances, "{account} {currency}", "equity=total available=free"),
    "ccxt unified balance": (balances, "{account} {currency}", "available=free hold=used"),
    "ccxt unified futures balance": (balances, "{account} {currency}", "available=free"),
    "booking": (bookings, "{id}", f"{BOOKING} balance time=createdAt"),
    "funding booking": (bookings, "{id}", f"{BOOKING} time=createdAt"),
    "unified booking": (bookings, "{id}", f"{BOOKING} time=ts"),
    "unified futures booking": (bookings, "{currency} {balance}", f"{BOOKING} time=ts"),
    "ccxt booking": (bookings, "{id}", BOOKING),
    "futures ledger": (changes, "{currency}", "amount"),
    "position": (
        positions,
        "{symbol}",
        f"{POSITION} size=currentQty entry=avgEntryPrice realized=realisedPnl leverage",
    ),
    "unified position": (positions, "{symbol}", f"{POSITION} size entry=entryPrice realized=realizedPnL leverage"),
    "ccxt position": (positions, "{symbol}", f"{POSITION} contracts side entry=entryPrice"),
    "closed position": (positions, "{symbol} {openTime}", "entry=openPrice mode=marginMode realized=pnl"),
    "unified closed position": (
        positions,
        "{symbol} {creationTime}",
        "entry=entryPrice mode=marginMode realized=realizedPnL",
    ),
    "ccxt closed position": (positions, "{symbol} {info[openTime]}", "entry=entryPrice realized=info.pnl"),
    "ccxt unified closed position": (
        positions,
        "{symbol} {info[creationTime]}",
        "entry=entryPrice realized=realizedPnl",
    ),
    "funding": (
        funding,
        "{symbol} {timePoint}",
        f"{POSITION} fee=funding rate=fundingRate size=positionQty",
    ),
    "unified funding": (funding, "{symbol} {settlementTime}", f"{POSITION} fee=fundingFee rate=fundingRate size"),
    "ccxt funding": (
        funding,
        "{symbol} {timestamp}",
        "fee=amount rate=fundingRate mark=markPrice size=positionQty",
    ),
}


def get(item, path):
    for name in path.split("."):
        item = (item or {}).get(name)
    return item


def comparable(value):
    """Returns a number or text in comparable form: nothing is 0, and a time in nanoseconds is cut to milliseconds."""
    try:
        value = Decimal(str(value or 0))
    except InvalidOperation:
        return str(value).lower()
    return value // 1_000_000 if value > 10**18 else value


def same(value, wanted):
    if wanted is ANY:
        return True
    # A client that reads a JSON number as floating point has the nearest value.
    if float in (type(value), type(wanted)):
        return float(value) == float(wanted)
    return comparable(value) == comparable(wanted)


def without_nanoseconds(key):
    return re.sub(r" (\d{13})\d{6}$", r" \1", key)


def differences(known, read):
    kind, key_of, names = SHAPES[read["shape"]]
    names = dict((name.split("=") * 2)[:2] for name in names.split())
    where = read["where"].items()
    expected = {}
    for key, row in kind(known):
        if all(row.get(name) in (value if isinstance(value, list) else [value]) for name, value in where):
            expected[without_nanoseconds(key)] = row
    rows = sum_changes(read["items"]) if kind is changes else read["items"]
    if read["where"].get("open") and kind is positions:
        # Closed positions are listed, too.
        rows = [row for row in rows if Decimal(str(get(row, names.get("size") or names["contracts"])))]
    items = {without_nanoseconds(key_of.format_map(item)): item for item in rows}
    if not items or len(items) != len(rows):
        yield f"{len(rows)} items with {len(items)} keys"
    yield from (f"unexpected: {items[key]}" for key in items.keys() - expected.keys())
    if not read.get("part"):
        yield from (f"missing {key}: {expected[key]}" for key in expected.keys() - items.keys())
    for key in items.keys() & expected.keys():
        for name, theirs in names.items():
            value, wanted = get(items[key], theirs), expected[key][name]
            if not same(value, wanted):
                yield f"{key}: {theirs} is {value}, expected {wanted}"


def main():
    known, reads = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
    counts, problems = Counter(), []
    for read in reads:
        counts[SHAPES[read["shape"]][0].__name__.removeprefix("rounded_")] += len(read["items"])
        problems += [f"{read['call']}: {problem}" for problem in list(differences(known, read))[:3]]
    print(json.dumps({"reads": len(reads), **counts}))
    if problems:
        sys.exit("\n".join(problems))


main()
