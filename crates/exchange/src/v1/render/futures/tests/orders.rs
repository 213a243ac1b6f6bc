//! Orders, stop orders and liquidations as they are told.

use super::*;
use crate::engine::futures::{Direction, NewStop, StopPriceType};

#[test]
fn a_resting_order_is_cut_filled_in_parts_and_done() {
    let mut futures = futures();
    let new = order("XBTUSDTM", Side::Buy, Some(67_000), 13);
    let id = futures.place(new).unwrap();
    futures.reduce(&id, 3).unwrap();
    futures.fill_resting(&id, 4).unwrap();
    futures.fill_resting(&id, 6).unwrap();
    let orders = told(&mut futures, topics::ORDERS);
    let shape: Vec<(Value, Value, Value)> = orders
        .iter()
        .map(|(_, data)| {
            let data = parse(data);
            (
                data["type"].clone(),
                data["status"].clone(),
                data["remainSize"].clone(),
            )
        })
        .collect();
    let expected = [
        ("open", "open", "13"),
        ("update", "open", "10"),
        ("match", "open", "6"),
        ("match", "done", "0"),
        ("filled", "done", "0"),
    ];
    assert_eq!(
        shape,
        expected.map(|(kind, status, left)| (json!(kind), json!(status), json!(left)))
    );
    let time = parse(&orders[0].1)["orderTime"].as_u64().unwrap();
    assert_eq!(time / 1_000_000, NOW - 1);
    assert_eq!(
        orders[1].1,
        format!(
            "{{\"symbol\":\"XBTUSDTM\",\"orderType\":\"limit\",\"side\":\"buy\",\"canceledSize\":\"3\",\
             \"orderId\":\"{id}\",\"positionSide\":\"BOTH\",\"liquidity\":\"maker\",\"marginMode\":\"CROSS\",\
             \"type\":\"update\",\"oldSize\":\"13\",\"orderTime\":{time},\"size\":\"13\",\"filledSize\":\"0\",\
             \"price\":\"67000\",\"remainSize\":\"10\",\"clientOid\":\"mine\",\"tradeType\":\"trade\",\
             \"status\":\"open\",\"ts\":1765465341363000000}}"
        )
    );
    assert!(
        !keys(&orders[0].1).contains(&"orderType"),
        "{}",
        orders[0].1
    );
    let filled = parse(&orders[3].1);
    assert_eq!(
        (
            &filled["feeType"],
            &filled["matchSize"],
            &filled["matchPrice"]
        ),
        (&json!("makerFee"), &json!("6"), &json!("67000"))
    );
    assert!(!keys(&orders[4].1).contains(&"liquidity"));
}

#[test]
fn a_market_order_costs_zero_and_matches_as_a_taker() {
    let mut futures = futures();
    futures
        .place(order("ETHUSDTM", Side::Sell, None, 5))
        .unwrap();
    let orders = told(&mut futures, "/contractMarket/tradeOrders:ETHUSDTM");
    assert!(
        orders
            .iter()
            .all(|(subject, _)| *subject == "symbolOrderChange")
    );
    let (last, fills) = orders.split_last().unwrap();
    for (_, data) in fills {
        let data = parse(data);
        assert_eq!(data["type"], "match");
        assert_eq!(data["status"], "match");
        assert_eq!(data["liquidity"], "taker");
        assert_eq!(data["price"], "0");
        assert_eq!(data["orderType"], "market");
    }
    let last = parse(&last.1);
    assert_eq!(
        (&last["type"], &last["filledSize"], &last["marginMode"]),
        (&json!("filled"), &json!("5"), &json!("ISOLATED"))
    );
}

#[test]
fn a_stop_order_has_a_numeric_size_an_id_and_its_outcome() {
    let mut futures = futures();
    let stop = |order_price, size| NewStop {
        side: Side::Buy,
        direction: Direction::Up,
        price_type: StopPriceType::Index,
        stop_price: Decimal::from(3_600),
        order_price,
        size,
    };
    let limit = Some(Decimal::from(3_610));
    futures.place_stop("ETHUSDTM", stop(limit, 2)).unwrap();
    futures.place_stop("ETHUSDTM", stop(None, 100_000)).unwrap();
    let id = futures.place_stop("ETHUSDTM", stop(None, 1)).unwrap();
    futures.cancel_stop(&id).unwrap();
    futures
        .set_mark_price("ETHUSDTM", Decimal::from(3_600))
        .unwrap();
    let events = futures.take_events();
    let frames: Vec<Push> = events
        .iter()
        .flat_map(pushes)
        .filter(|push| push.topic == topics::STOP_ORDERS)
        .collect();
    let data: Vec<Value> = frames.iter().map(|push| parse(&push.data)).collect();
    let kinds: Vec<&Value> = data.iter().map(|data| &data["type"]).collect();
    assert_eq!(
        kinds,
        ["open", "open", "open", "cancel", "triggered", "triggered"]
    );
    assert_eq!(data[0]["size"], 2);
    assert_eq!(data[0]["orderPrice"], "3610");
    assert_eq!(data[0]["stopPriceType"], "IP");
    assert_eq!(data[0]["stop"], "up");
    assert!(!data[1].as_object().unwrap().contains_key("orderPrice"));
    assert_eq!(data[4]["triggerSuccess"], true);
    assert_eq!(data[5]["triggerSuccess"], false);
    assert!(data[5]["error"].as_str().unwrap().contains("risk limit"));
    let (frame, _) = frames[0].frame("u1");
    assert_eq!(parse(&frame)["id"].as_str().unwrap().len(), 24);
}

#[test]
fn a_liquidation_is_told_as_one() {
    let mut futures = futures();
    futures
        .place(order("ETHUSDTM", Side::Buy, None, 100))
        .unwrap();
    futures.take_events();
    futures
        .set_mark_price("ETHUSDTM", Decimal::from(2_000))
        .unwrap();
    let events = futures.take_events();
    let pushes: Vec<Push> = events.iter().flat_map(pushes).collect();
    let data = |topic: &str| -> Vec<Value> {
        let wanted = pushes.iter().filter(|push| push.topic == topic);
        wanted.map(|push| parse(&push.data)).collect()
    };
    let orders = data(topics::ORDERS);
    assert_eq!(orders.len(), 2);
    for (order, kind) in orders.iter().zip(["match", "filled"]) {
        assert_eq!(
            (&order["type"], &order["tradeType"]),
            (&json!(kind), &json!("liquid"))
        );
    }
    let position = data(topics::POSITIONS).pop().unwrap();
    assert_eq!(position["changeReason"], "liquidation");
    assert_eq!(position["isOpen"], false);
}
