//! Subscriptions fed by a test, and serialized items.

use kucoin_streams::{EndReason, GapReason, Timestamp, pro, test_util, v1};

#[test]
fn frames_become_updates_and_serialized_lines() {
    let (mut script, mut balances) = test_util::subscription(v1::Balances);
    script.set_received_at(Timestamp::from_nanos(1_752_400_000_000_000_001));
    assert!(script.frame(
        r#"{"topic":"/account/balance","type":"message","subject":"account.balance","id":"7","userId":"u","new":[1.0],
            "data":{"currency":"KCS","total":1.50}}"#,
    ));
    let update = balances.try_next().unwrap().unwrap();
    assert_eq!(update.currency, "KCS");
    assert_eq!(
        serde_json::to_string(&update).unwrap(),
        r#"{"kind":"update","wsKey":"spotPrivateV1","topic":"/account/balance","subject":"account.balance","id":"7","userId":"u","receivedAt":"1752400000000000001","epoch":1,"data":{"currency":"KCS","total":"1.50"},"envelope":{"new":[1.0]}}"#
    );
    assert!(!script.frame(r#"{"topic":"/spot/tradeFills","type":"message","data":{}}"#));
    assert!(balances.try_next().is_none());
    assert!(balances.end_reason().is_none());
}

#[test]
fn line_of_the_unified_connection_has_the_time_of_the_push() {
    let (mut script, mut orders) =
        test_util::subscription(pro::Orders::all(pro::TradeType::Unified));
    script.frame(r#"{"T":"orderAll.UNIFIED","P":1781200000000000001,"d":{"oi":"1","s":"BTC-USDT","S":"BUY","os":2}}"#);
    let update = orders.try_next().unwrap().unwrap();
    assert_eq!(
        serde_json::to_string(&update).unwrap(),
        r#"{"kind":"update","wsKey":"privateProV2","topic":"orderAll?tradeType=UNIFIED","pushedAt":"1781200000000000001","receivedAt":"0","epoch":1,"data":{"orderId":"1","status":"2","symbol":"BTC-USDT","side":"BUY"}}"#
    );
}

#[test]
fn v1_line_deserializes_to_its_event() {
    let (mut script, mut orders) = test_util::subscription(v1::FuturesPositions);
    script.frame(
        r#"{"topic":"/contract/positionAll","type":"message","subject":"position.adjustRiskLimit","data":{}}"#,
    );
    let update = orders.try_next().unwrap().unwrap();
    let line = serde_json::to_string(&update).unwrap();
    let read = v1::decode(&line).unwrap().unwrap().event;
    let position = v1::FuturesEvent::Position(update.into_event());
    assert_eq!(read, v1::V1Event::Futures(position));
}

#[tokio::test]
async fn gaps_are_delivered_in_order_and_the_end_last() {
    let (mut script, mut orders) = test_util::subscription(v1::SpotOrders);
    let json = r#"{"symbol":"KCS-USDT","orderId":"1","type":"open"}"#;
    let order: v1::SpotOrder = serde_json::from_str(json).unwrap();
    script.event(order.clone());
    script.frame(r#"{"topic":"/spotMarket/tradeOrdersV2","type":"message","data":{}}"#);
    let at = Timestamp::from_nanos(1);
    script.gap(GapReason::Live {
        last_event_at: None,
        last_heard_at: at,
        lost_at: at,
        live_at: at,
        epoch: 9,
    });
    script.event(order.clone());
    let handle = orders.handle();
    script.end(EndReason::SlowConsumer);

    let first = orders.next().await.unwrap().unwrap();
    assert_eq!((first.event(), first.epoch()), (&order, 1));
    let undecodable = orders.next().await.unwrap().unwrap_err();
    assert!(matches!(undecodable.reason, GapReason::Undecodable { .. }));
    let live = orders.next().await.unwrap().unwrap_err();
    assert_eq!(&*live.topics[0], "/spotMarket/tradeOrdersV2");
    assert_eq!(orders.next().await.unwrap().unwrap().epoch(), 9);
    assert_eq!(orders.end_reason(), None);
    assert!(orders.next().await.is_none() && orders.next().await.is_none());
    assert_eq!(orders.end_reason(), Some(EndReason::SlowConsumer));
    assert_eq!(handle.end_reason(), Some(EndReason::SlowConsumer));
}
