//! Recovered frames: each topic gets its own, and each decodes with the decoder of its topic.

use kucoin_streams_pro::ProEvent;
use kucoin_streams_v1::{FuturesEvent, SpotEvent, V1Event};

use crate::bench::spot::{self, ACTIVE, DONE, FILLS, ORDERS};
use crate::bench::{Bench, Decoded, decode, ms, ns};

fn spot_event(topic: &str, frame: &str) -> SpotEvent {
    match decode(topic, frame) {
        Decoded::V1(V1Event::Spot(event)) => event,
        _ => panic!("{frame} is no spot event"),
    }
}

#[test]
fn all_topics_of_spot_fills_get_their_frames() {
    let old = "/spotMarket/tradeOrders";
    let matches = "/market/match:BTC-USDT,KCS-USDT";
    let topics = [
        ORDERS,
        old,
        "/spot/tradeFills",
        matches,
        "/market/match:ETH-USDT",
    ];
    let mut bench = Bench::started(&topics);
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0.1")]);
    bench.outage(10_000, 15_000);
    bench.on(FILLS, [spot::fill("o1", "21029373945659394", 12_000)]);
    bench.run_until(60_000);
    let frames = bench.frames();
    let of: Vec<_> = frames.iter().map(|(topic, _)| &**topic).collect();
    assert_eq!(of, topics[..4]);

    for (topic, frame) in &frames[..2] {
        let SpotEvent::Order(order) = spot_event(topic, frame) else {
            panic!()
        };
        let fill = order.fill().unwrap();
        assert_eq!(fill.trade_id, "21029373945659394");
        assert_eq!(fill.price.to_string(), "90000.10");
        assert_eq!(fill.time.unwrap().as_nanos(), ns(12_000));
        // The order is joined; its cumulative sizes are unknown, since it was not known before.
        assert_eq!(order.client_oid.as_deref(), Some("c-o1"));
        assert_eq!(order.order_time.unwrap().as_millis(), ms(-60_000));
        assert!(order.filled_size.is_none());
        // What only REST has is kept.
        assert_eq!(order.extra.get("fee").unwrap().as_str(), r#""9.00001""#);
        assert_eq!(order.extra.get("feeRate").unwrap().as_str(), r#""0.001""#);
    }
    let SpotEvent::TradeFill(fill) = spot_event(of[2], &frames[2].1) else {
        panic!()
    };
    assert_eq!(fill.trade_id, "21029373945659394");
    assert_eq!(fill.fee.unwrap().to_string(), "9.00001");
    assert_eq!(fill.time.unwrap().as_nanos(), ns(12_000));
    let SpotEvent::MarketMatch(trade) = spot_event(of[3], &frames[3].1) else {
        panic!()
    };
    // The own order was the maker and bought: the taker sold.
    assert_eq!(trade.maker_order_id.as_deref(), Some("o1"));
    assert_eq!(trade.taker_order_id.as_deref(), Some("other"));
    assert_eq!(trade.side.as_str(), "sell");
}

#[test]
fn topic_that_got_the_event_live_is_left_out() {
    let old = "/spotMarket/tradeOrders";
    let mut bench = Bench::started(&[ORDERS, old]);
    bench.on(ACTIVE, [spot::row("o1", "open", 3_000, "0.1")]);
    bench.run_until(10_000);
    bench.lose(&[]);
    bench.run_until(15_000);
    // One topic is live before the match, the other one after it.
    bench.go_live(&[ORDERS]);
    bench.live(ORDERS, &spot::matched("o1", "7", 15_100, "0.1"));
    bench.run_until(15_200);
    bench.go_live(&[old]);
    bench.on(FILLS, [spot::fill("o1", "7", 15_100)]);
    bench.run_until(60_000);
    let frames = bench.frames();
    let of: Vec<_> = frames
        .iter()
        .map(|(topic, frame)| (&**topic, frame.contains(r#""match""#)))
        .collect();
    assert_eq!(of, [(old, true)]);
}

#[test]
fn ended_order_has_its_amounts_and_no_time_of_the_event() {
    let mut bench = Bench::new(&[ORDERS]);
    bench.on(ACTIVE, [spot::row("o1", "open", -60_000, "0.2")]);
    bench.run_until(2_000);
    bench.outage(10_000, 15_000);
    bench.on(ACTIVE, [""; 0]);
    bench.on(DONE, [spot::row("o1", "canceled", -60_000, "0.2")]);
    bench.run_until(60_000);
    let frames = bench.frames();
    let SpotEvent::Order(order) = spot_event(ORDERS, &frames[0].1) else {
        panic!()
    };
    assert!(order.is_done());
    assert_eq!(order.filled_size.unwrap().to_string(), "0.2");
    assert_eq!(order.remain_size.unwrap().to_string(), "0.5");
    assert!(order.engine_time.is_none());
    assert_eq!(order.extra.get("opType").unwrap().as_str(), r#""DEAL""#);
    assert!(order.extra.get("lastUpdatedAt").is_none());
}

#[test]
fn stop_balance_position_and_pro_frames_decode() {
    let mut bench = Bench::started(&["/spotMarket/advancedOrders"]);
    bench.outage(10_000, 15_000);
    let row = format!(
        r#"{{"id":"s1","symbol":"BTC-USDT","status":"NEW","side":"sell","size":"1","price":"2","stop":"loss","stopPrice":"3","tradeType":"TRADE","createdAt":{},"relatedNo":"77"}}"#,
        ms(12_000)
    );
    bench.on("/api/v1/stop-order tradeType=TRADE stop=stop", [row]);
    bench.run_until(60_000);
    let frames = bench.frames();
    let SpotEvent::StopOrder(stop) = spot_event(&frames[0].0, &frames[0].1) else {
        panic!()
    };
    assert_eq!((&*stop.order_id, stop.kind.as_str()), ("s1", "open"));
    assert_eq!(stop.stop_price.unwrap().to_string(), "3");
    assert_eq!(stop.extra.get("relatedNo").unwrap().as_str(), r#""77""#);

    let mut bench = Bench::started(&["/contractMarket/tradeOrders"]);
    bench.outage(10_000, 15_000);
    let fill = format!(
        r#"{{"symbol":"XBTUSDTM","tradeId":"7","orderId":"f1","side":"buy","liquidity":"maker","price":"5","size":1,"fee":"0.05","orderType":"limit","tradeType":"adl","tradeTime":{},"subTradeType":null}}"#,
        ns(12_000)
    );
    bench.on("/api/v1/recentFills", [fill]);
    bench.run_until(60_000);
    let frames = bench.frames();
    let Decoded::V1(V1Event::Futures(FuturesEvent::Order(order))) =
        decode(&frames[0].0, &frames[0].1)
    else {
        panic!()
    };
    let fill = order.fill().unwrap();
    assert_eq!(
        (&*fill.trade_id, fill.time.unwrap().as_nanos()),
        ("7", ns(12_000))
    );
    assert_eq!(order.extra.get("subTradeType").unwrap().as_str(), "null");

    let topic = "execution?tradeType=SPOT";
    let mut bench = Bench::started(&[topic]);
    bench.outage(10_000, 15_000);
    bench.on(spot::LEDGER, [spot::booking("1", "o1", "7", 12_000)]);
    bench.on(FILLS, [spot::fill("o1", "7", 12_000)]);
    bench.run_until(60_000);
    let frames = bench.frames();
    let Decoded::Pro(ProEvent::Execution(execution)) = decode(topic, &frames[0].1) else {
        panic!()
    };
    assert_eq!(
        execution.fill().unwrap().fee.unwrap().to_string(),
        "9.00001"
    );
    assert_eq!(
        execution.extra.get("feeRate").unwrap().as_str(),
        r#""0.001""#
    );
}
