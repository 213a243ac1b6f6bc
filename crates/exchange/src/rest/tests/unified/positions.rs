//! Rows of positions and funding.

use super::*;

const POSITION: &[(&str, &str)] = &[
    ("symbol", "s"),
    ("id", "pi"),
    ("marginMode", "mM"),
    ("size", "q"),
    ("entryPrice", "eP"),
    ("positionValue", "pV"),
    ("positionMargin", "pM"),
    ("markPrice", "mP"),
    ("leverage", "l"),
    ("unrealizedPnL", "uPL"),
    ("realizedPnL", "rPL"),
    ("initialMargin", "iM"),
    ("mmr", "mmr"),
    ("maintenanceMargin", "mtM"),
    ("liquidationPrice", "lP"),
    ("riskRatio", "r"),
    ("adlPercentage", "adl"),
    ("creationTime", "O"),
    ("updateTime", "U"),
];

fn trade(
    pushed: &mut Pushed,
    target: (Option<Wallet>, &'static str, Side),
    price: &str,
    size: &str,
) {
    let id = pushed.after(5, |engine| engine.limit(target, price, size).unwrap());
    pushed.after(5, |engine| engine.fill(&id, size));
}

#[test]
fn open_positions_are_as_last_pushed() {
    let mut pushed = Pushed::busy(800);
    let mut rows = 0;
    for _ in 0..200 {
        pushed.after(3, Engine::step);
        let mut last = pushed.last_by("positionAll.UNIFIED", "s");
        last.retain(|_, push| push["q"] != "0");
        let list = pushed.get("unified/position/open-list");
        for row in list.as_array().unwrap() {
            let push = last.remove(&text(&row["symbol"])).unwrap();
            same(row, &push, POSITION);
            rows += 1;
        }
        assert!(last.is_empty(), "pushed and not listed: {last:?}");
    }
    assert!(rows > 100, "{rows}");
}

#[test]
fn open_list_is_an_array_of_pages() {
    let mut pushed = Pushed::new();
    assert_eq!(
        pushed.get("unified/position/open-list"),
        Value::Array(vec![])
    );
    let contracts = ["XBTUSDTM", "ETHUSDTM", "XBTUSDM"];
    for symbol in contracts {
        pushed.after(1, |engine| {
            engine
                .market_order((None, symbol, Side::Buy), "10")
                .unwrap()
        });
    }
    let list = "unified/position/open-list";
    assert_eq!(pushed.column(list, "symbol"), contracts);
    for (query, expected) in [
        ("symbol=ETHUSDTM", &contracts[1..2]),
        ("pageSize=2", &contracts[..2]),
        ("pageSize=2&pageNumber=2", &contracts[2..]),
        ("pageSize=2&pageNumber=3", &[]),
    ] {
        assert_eq!(
            pushed.column(&format!("{list}?{query}"), "symbol"),
            expected
        );
    }
}

#[test]
fn closed_position_has_its_sizes_prices_and_results() {
    let mut pushed = Pushed::new();
    trade(&mut pushed, BUY_XBT, "67400", "10");
    let opened = pushed.account.now_ms * 1_000_000;
    trade(&mut pushed, SELL_XBT, "67500", "4");
    assert!(pushed.column("position/history", "closeId").is_empty());
    // 6 close the long position, 9 open a short one.
    trade(&mut pushed, SELL_XBT, "67600", "15");
    let closed = pushed.account.now_ms * 1_000_000;
    let data = pushed.get("position/history");
    let (id, last) = (&data["items"][0]["closeId"], &data["lastId"]);
    assert_ne!(*id, *last.to_string());
    // Profit 0.4 and 1.2; maker fees of 0.02 % of 674, 270 and 405.6.
    let expected = format!(
        r#"{{"lastId":{last},"items":[{{"symbol":"XBTUSDTM","closeId":{id},"marginMode":"CROSS","side":"LONG","entryPrice":"67400","closePrice":"67600","maxSize":"10","avgClosePrice":"67560","leverage":"10","realizedPnL":"1.33008","fee":"0.26992","tax":"0","fundingFee":"0","closingTime":{closed},"creationTime":{opened}}}]}}"#
    );
    assert_eq!(pushed.text("position/history").unwrap(), expected);
    trade(&mut pushed, BUY_XBT, "67000", "9");
    let rows = pushed.get("position/history?symbol=XBTUSDTM&pageSize=1");
    let short = &rows["items"][0];
    assert_eq!(
        ["side", "maxSize", "entryPrice", "avgClosePrice"].map(|key| text(&short[key])),
        ["SHORT", "9", "67600", "67000"]
    );
    let next = format!("position/history?lastId={}", rows["lastId"]);
    assert_eq!(pushed.column(&next, "side"), ["LONG"]);
    assert!(
        pushed
            .column("position/history?symbol=ETHUSDTM", "side")
            .is_empty()
    );
}

#[test]
fn average_close_price_of_an_inverse_contract_is_by_value() {
    let mut pushed = Pushed::new();
    let side = |side| (None, "XBTUSDM", side);
    trade(&mut pushed, side(Side::Buy), "60000", "200");
    trade(&mut pushed, side(Side::Sell), "70000", "100");
    trade(&mut pushed, side(Side::Sell), "80000", "100");
    let row = pushed.get("position/history")["items"][0].clone();
    // 200 / (100 / 70000 + 100 / 80000)
    assert_eq!(
        (&row["avgClosePrice"], &row["closePrice"]),
        (&"74666.6666666667".into(), &"80000".into())
    );
    let engine = &pushed.account.engine;
    let balance = engine.futures_wallet(crate::SettleCurrency::Xbt).balance;
    assert_eq!(amount(&row["realizedPnL"]), balance - decimal("0.5"));
}

#[test]
fn closed_positions_sum_up_to_the_balance() {
    let mut pushed = Pushed::busy(4_000);
    let mut results: BTreeMap<String, Decimal> = BTreeMap::new();
    let mut rows = pushed.all("position/history");
    assert!(rows.len() > 10, "{}", rows.len());
    rows.extend(
        pushed
            .get("unified/position/open-list")
            .as_array()
            .cloned()
            .unwrap(),
    );
    for row in rows {
        let symbol = text(&row["symbol"]);
        let currency = if symbol == "XBTUSDM" { "XBT" } else { "USDT" };
        *results.entry(currency.to_owned()).or_default() += amount(&row["realizedPnL"]);
    }
    let bookings = pushed.get("account/ledger?accountType=FUTURES&businessType=TRANSFER");
    for row in bookings.as_array().unwrap() {
        let sign = if row["direction"] == "IN" {
            Decimal::ONE
        } else {
            -Decimal::ONE
        };
        *results.get_mut(&text(&row["currency"])).unwrap() += sign * amount(&row["amount"]);
    }
    for (currency, opening) in [
        (crate::SettleCurrency::Usdt, "20000"),
        (crate::SettleCurrency::Xbt, "0.5"),
    ] {
        let now = pushed.account.engine.futures_wallet(currency).balance;
        let result = results.remove(currency.as_str()).unwrap_or_default();
        assert_eq!(decimal(opening) + result, now);
    }
}

#[test]
fn funding_row_is_the_settled_fee() {
    let mut pushed = Pushed::new();
    let eth = (None, "ETHUSDTM", Side::Sell);
    pushed.after(1, |engine| engine.market_order(eth, "100").unwrap());
    let before = pushed
        .account
        .engine
        .futures_wallet(crate::SettleCurrency::Usdt)
        .balance;
    pushed.after(1, |engine| {
        engine
            .settle_funding("ETHUSDTM", decimal("0.0001"))
            .unwrap()
    });
    let after = pushed
        .account
        .engine
        .futures_wallet(crate::SettleCurrency::Usdt)
        .balance;
    let now = pushed.account.now_ms;
    let data = pushed.get("position/funding-history");
    let expected = format!(
        r#"{{"lastId":{},"items":[{{"symbol":"ETHUSDTM","marginMode":"ISOLATED","fundingRate":"0.0001","markPrice":"3518.32","size":"-100","positionValue":"-3518.32","fundingFee":"{}","settleCurrency":"USDT","settlementTime":{now}}}]}}"#,
        data["lastId"],
        (after - before).normalize()
    );
    assert_eq!(pushed.text("position/funding-history").unwrap(), expected);
    let other = "position/funding-history?symbol=XBTUSDTM";
    assert!(pushed.column(other, "symbol").is_empty());
}

#[test]
fn margin_modes_are_the_current_ones() {
    let mut pushed = Pushed::new();
    let cross = crate::MarginMode::Cross;
    pushed.after(1, |engine| {
        engine.set_margin_mode("ETHUSDTM", cross).unwrap()
    });
    let now = pushed.account.now_ms;
    let expected =
        format!(r#"{{"ts":{now},"items":[{{"symbol":"ETHUSDTM","marginMode":"CROSS"}}]}}"#);
    let one = pushed.text("unified/position/margin-mode?symbol=ETHUSDTM");
    assert_eq!(one.unwrap(), expected);
    let all = pushed.column("unified/position/margin-mode", "marginMode");
    assert_eq!(all, ["CROSS", "CROSS", "ISOLATED"]);
}
