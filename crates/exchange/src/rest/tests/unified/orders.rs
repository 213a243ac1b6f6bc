//! Rows of orders and fills, and their pushes.

use std::collections::BTreeSet;

use super::*;
use crate::engine::{Direction, StopPriceType};

/// Keys of an order row, and of its push.
const ORDER: &[(&str, &str)] = &[
    ("orderId", "oi"),
    ("symbol", "s"),
    ("orderType", "oT"),
    ("side", "S"),
    ("size", "q"),
    ("price", "p"),
    ("timeInForce", "tIF"),
    ("orderTime", "O"),
    ("stp", "stp"),
    ("postOnly", "pO"),
    ("reduceOnly", "rO"),
    ("triggerDirection", "tD"),
    ("triggerPrice", "tP"),
    ("triggerPriceType", "tPT"),
    ("tpTriggerPrice", "pP"),
    ("tpTriggerPriceType", "pPT"),
    ("slTriggerPrice", "lP"),
    ("slTriggerPriceType", "lPT"),
    ("filledSize", "fS"),
    ("avgPrice", "aP"),
    ("fee", "f"),
    ("feeCurrency", "fC"),
    ("tax", "t"),
    ("triggerOrderId", "toi"),
    ("cancelReason", "cR"),
    ("cancelSize", "cS"),
    ("clientOid", "ci"),
    ("sizeUnit", "qU"),
    ("status", "os"),
];

const FILL: &[(&str, &str)] = &[
    ("orderId", "oi"),
    ("symbol", "s"),
    ("orderType", "oT"),
    ("side", "S"),
    ("tradeId", "ti"),
    ("size", "q"),
    ("price", "p"),
    ("executionTime", "E"),
    ("fee", "f"),
    ("feeCurrency", "fC"),
    ("liquidityRole", "lR"),
    ("fillType", "fT"),
];

#[test]
fn open_order_has_the_fields_of_kucoin() {
    let mut pushed = Pushed::new();
    let id = pushed.after(0, |engine| engine.limit(BUY_XBT, "60000", "3").unwrap());
    let row = pushed.get("unified/order/open-list?tradeType=FUTURES")["items"][0].clone();
    let (placed, updated) = (&row["orderTime"], &row["updatedTime"]);
    let expected = format!(
        r#"{{"pageNumber":1,"pageSize":50,"totalNum":1,"totalPage":1,"items":[{{"orderId":"{id}","symbol":"XBTUSDTM","orderType":"LIMIT","side":"BUY","size":"3","price":"60000","timeInForce":"GTC","tags":"","orderTime":{placed},"stp":"","cancelAfter":null,"postOnly":false,"reduceOnly":false,"triggerDirection":"","triggerPrice":"","triggerPriceType":"","tpTriggerPrice":"","tpTriggerPriceType":"","slTriggerPrice":"","slTriggerPriceType":"","filledSize":"0","avgPrice":"0","fee":"0","feeCurrency":"USDT","tax":"0","updatedTime":{updated},"triggerOrderId":"","cancelReason":"","cancelSize":"0","clientOid":"mine","sizeUnit":"UNIT","status":2}}],"tradeType":"FUTURES"}}"#
    );
    let text = pushed.text("unified/order/open-list?tradeType=FUTURES");
    assert_eq!(text.unwrap(), expected);
    let delay = updated.as_u64().unwrap() - placed.as_u64().unwrap();
    assert!((1..=21_000_000).contains(&delay), "{delay}");
}

#[test]
fn fill_has_the_fields_of_kucoin() {
    let mut pushed = Pushed::new();
    let id = pushed.after(0, |engine| engine.limit(BUY_XBT, "60000", "3").unwrap());
    pushed.after(7, |engine| engine.fill(&id, "2"));
    let list = "unified/order/execution?tradeType=FUTURES";
    let data = pushed.get(list);
    let (trade, last) = (&data["items"][0]["tradeId"], &data["lastId"]);
    let time = (NOW + 7) * 1_000_000;
    let expected = format!(
        r#"{{"tradeType":"FUTURES","lastId":{last},"items":[{{"orderId":"{id}","symbol":"XBTUSDTM","orderType":"LIMIT","side":"BUY","tradeId":{trade},"size":"2","price":"60000","value":"120","executionTime":{time},"fee":"0.024","feeCurrency":"USDT","tax":"","liquidityRole":"MAKER","fillType":"NORMAL"}}]}}"#
    );
    assert_eq!(pushed.text(list).unwrap(), expected);
    let empty = pushed.text("unified/order/execution?tradeType=FUTURES&side=SELL");
    let expected = r#"{"tradeType":"FUTURES","lastId":null,"items":[]}"#;
    assert_eq!(empty.as_deref(), Ok(expected));
}

#[test]
fn orders_are_as_last_pushed() {
    let mut pushed = Pushed::busy(3_000);
    let mut last = pushed.last_by("orderAll.UNIFIED", "oi");
    let mut seen = BTreeSet::new();
    for target in targets() {
        for filter in ["NORMAL", "ADVANCED"] {
            let target = format!("{target}&orderFilter={filter}");
            let open = pushed.get(&format!("unified/order/open-list?{target}&pageSize=200"));
            assert_eq!(open["totalPage"].as_u64().unwrap().max(1), 1);
            for row in open["items"].as_array().unwrap() {
                let push = last.remove(&text(&row["orderId"])).unwrap();
                same(row, &push, ORDER);
                assert!([0, 2, 4].contains(&row["status"].as_u64().unwrap()));
                assert!(row["updatedTime"].as_u64() >= push["U"].as_u64());
                seen.insert(format!("open {}", row["status"]));
            }
            for row in pushed.all(&format!("unified/order/history?{target}")) {
                let push = last.remove(&text(&row["orderId"])).unwrap();
                same(&row, &push, ORDER);
                same(&row, &push, &[("updatedTime", "U")]);
                let filled = row["status"] == 3;
                assert_eq!(row.get("tradeId"), filled.then_some(&push["ti"]));
                seen.insert(format!("ended {}", row["status"]));
                let detail = pushed.get(&format!(
                    "unified/order/detail?{target}&symbol={}&orderId={}",
                    text(&row["symbol"]),
                    text(&row["orderId"])
                ));
                let mut detail = detail.as_object().unwrap().clone();
                assert!(detail.remove("tradeType").is_some());
                assert_eq!(Value::Object(detail), row);
            }
        }
    }
    assert!(last.is_empty(), "pushed and not listed: {last:?}");
    let expected = [
        "ended 1", "ended 3", "ended 5", "ended 6", "open 0", "open 2", "open 4",
    ];
    assert_eq!(seen.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn fills_are_as_pushed_and_sum_up_to_their_orders() {
    let mut pushed = Pushed::busy(3_000);
    let key = |data: &Value, keys: [&str; 3]| keys.map(|key| text(&data[key]));
    let pushes = pushed.on("execution.UNIFIED");
    let mut pushes: BTreeMap<_, Value> = pushes
        .map(|data| (key(data, ["s", "ti", "oi"]), data.clone()))
        .collect();
    assert!(pushes.len() > 500, "{}", pushes.len());
    let mut sums: BTreeMap<String, [Decimal; 2]> = BTreeMap::new();
    for target in targets() {
        for row in pushed.all(&format!("unified/order/execution?{target}")) {
            let push = pushes.remove(&key(&row, ["symbol", "tradeId", "orderId"]));
            same(&row, &push.unwrap(), FILL);
            let sum = sums.entry(text(&row["orderId"])).or_default();
            sum[0] += amount(&row["size"]);
            sum[1] += amount(&row["fee"]);
        }
    }
    assert!(pushes.is_empty(), "pushed and not listed: {pushes:?}");
    let orders = pushed.last_by("orderAll.UNIFIED", "oi");
    for (order_id, push) in orders {
        let [filled, fee] = sums.remove(&order_id).unwrap_or_default();
        assert_eq!((filled, fee), (amount(&push["fS"]), amount(&push["f"])));
    }
    assert!(sums.is_empty(), "fills without an order: {sums:?}");
}

#[test]
fn liquidation_is_a_fill_without_an_order() {
    let mut pushed = Pushed::new();
    let eth = (None, "ETHUSDTM", Side::Buy);
    let id = pushed.after(1, |engine| engine.limit(eth, "3500", "100").unwrap());
    pushed.after(1, |engine| engine.fill(&id, "100"));
    pushed.after(1, |engine| engine.mark("ETHUSDTM", "3076.5"));
    let list = "unified/order/execution?tradeType=FUTURES&fillType=LIQUID";
    let row = pushed.get(list)["items"][0].clone();
    let push = pushed.on("execution.UNIFIED").last().unwrap();
    same(&row, push, FILL);
    assert_eq!(
        (&row["orderId"], &row["orderType"]),
        (&"0".into(), &"".into())
    );
    let history = "unified/order/history?tradeType=FUTURES";
    assert_eq!(pushed.column(history, "orderId"), [&*id]);
    let normal = "unified/order/execution?tradeType=FUTURES&fillType=NORMAL";
    assert_eq!(pushed.column(normal, "orderId"), [&*id]);
}

#[test]
fn triggered_order_names_its_conditional_order() {
    for (target, symbol) in [(BUY_XBT, "XBTUSDTM"), (BUY_BTC, "BTC-USDT")] {
        let mut pushed = Pushed::new();
        let trade_type = if target.0.is_some() {
            "SPOT"
        } else {
            "FUTURES"
        };
        let list = |name: &str, filter: &str| {
            format!(
                "unified/order/{name}?tradeType={trade_type}&symbol={symbol}&orderFilter={filter}"
            )
        };
        let trigger = (Direction::Up, StopPriceType::Trade, "70000");
        let stop = pushed.after(1, |engine| {
            engine.stop(target, trigger, Some("60000"), "1").unwrap()
        });
        let parent = crate::pro::unified_id(&stop).into_owned();
        assert_eq!(
            pushed.column(&list("open-list", "CONDITION"), "orderId"),
            [&*parent]
        );
        assert!(
            pushed
                .column(&list("open-list", "NORMAL"), "orderId")
                .is_empty()
        );
        pushed.after(1, |engine| {
            let host = target.0.map_or(Host::Futures, |_| Host::Spot);
            engine.set_price(host, symbol, decimal("70000")).unwrap();
        });
        let child = pushed.get(&list("open-list", "NORMAL"))["items"][0].clone();
        assert_eq!(
            (&child["triggerOrderId"], &child["status"]),
            (&parent.clone().into(), &2.into())
        );
        let ended = pushed.get(&list("history", "ADVANCED"))["items"][0].clone();
        assert_eq!(
            (&ended["orderId"], &ended["status"]),
            (&parent.into(), &1.into())
        );
        assert_eq!(ended["triggerPrice"], "70000");
    }
}

#[test]
fn order_is_found_by_its_client_oid() {
    let mut pushed = Pushed::new();
    let id = pushed.after(1, |engine| engine.limit(BUY_XBT, "60000", "3").unwrap());
    let detail = "unified/order/detail?tradeType=FUTURES&symbol=XBTUSDTM";
    let found = pushed.get(&format!("{detail}&clientOid=mine"));
    assert_eq!(
        (&found["orderId"], &found["tradeType"]),
        (&(&*id).into(), &"FUTURES".into())
    );
    for other in ["clientOid=other", "orderId=1", "orderId=1&clientOid=mine"] {
        assert_eq!(
            pushed.get(&format!("{detail}&{other}")),
            Value::Null,
            "{other}"
        );
    }
    let other = "unified/order/detail?tradeType=FUTURES&symbol=ETHUSDTM&clientOid=mine";
    assert_eq!(pushed.get(other), Value::Null);
}
