//! Unpaired surrogates and unusual numbers: each field is read exactly or kept raw, and no event is lost.

use kucoin_streams_core::{Inbound, Protocol, Timestamp, Topic};
use kucoin_streams_pro::{AnyProTopic, OrderStatus, Orders, ProEvent, ProV2, TradeType};

use crate::{decoded, order, push};

#[track_caller]
fn decode_data(data: &str) -> kucoin_streams_pro::Order {
    order(decoded(&push("orderAll.UNIFIED", data)).event).unwrap()
}

#[test]
fn unpaired_surrogate_stays_raw_in_its_field() {
    for half in [r"cut \ud83d", r"\udc00", r"\ud83d\ud83d", r"\ud83d \udc00"] {
        let order = decode_data(&format!(
            r#"{{"oi":"1","ci":"{half}","os":3,"s":"XBTUSDTM","S":"BUY","key\ud83d":1,"U":1765000000123456789}}"#
        ));
        assert_eq!((order.client_oid, &*order.order_id), (None, "1"), "{half}");
        assert_eq!(order.status, OrderStatus::Filled);
        let kept: Vec<_> = order
            .extra
            .iter()
            .map(|(name, raw)| (name, raw.as_str()))
            .collect();
        let raw = format!("\"{half}\"");
        assert_eq!(kept, [(r"key\ud83d", "1"), ("ci", &*raw)], "{half}");
    }
}

#[test]
fn required_field_keeps_the_surrogate_escape() {
    let order = decode_data(r#"{"oi":"a\uD83D","s":"\udc00","os":2}"#);
    assert_eq!((&*order.order_id, &*order.symbol), (r"a\ud83d", r"\udc00"));
    let written = serde_json::to_string(&order).unwrap();
    assert!(
        written.contains(r#""orderId":"a\uD83D""#) && written.contains(r#""symbol":"\udc00""#),
        "{written}"
    );
}

#[test]
fn unreadable_symbol_is_not_filtered_out() {
    let topic = Orders::symbol(TradeType::Unified, "XBTUSDTM").unwrap();
    let of = |symbol: &str| {
        let data = format!(r#"{{"oi":"1","s":"{symbol}","os":2}}"#);
        topic.decode(&push("order.UNIFIED", &data)).unwrap()
    };
    assert!(of("ETHUSDTM").is_none());
    assert!(of(r"XBT\ud83d").is_some());
}

#[test]
fn unreadable_topic_is_a_broken_frame() {
    let frame = push(r"orderAll.UNIFIED\ud83d", r#"{"oi":"1","s":"A-B"}"#);
    assert!(matches!(
        ProV2::classify(&frame),
        Ok(Inbound::Message { .. })
    ));
    let orders: AnyProTopic = "orderAll?tradeType=UNIFIED".parse().unwrap();
    assert_eq!(orders.decode(&frame), Ok(None));
    // `decode` only needs the channel at the beginning of the topic.
    let topic = decoded(&frame).extra.get("T").unwrap().to_string();
    assert_eq!(topic, r#""orderAll.UNIFIED\ud83d""#);
    assert!(ProV2::check(&frame).is_err());
}

#[test]
fn numbers_with_exponents_are_read() {
    let frame = r#"{"T":"orderAll.UNIFIED","P":1.765E18,"d":{"oi":1,"os":"3","s":"币安人生USDTM","S":"BUY","p":1E-7,"q":1e2,"f":"Infinity","ti":12345678901234567890123,"U":1.765000000123456789E18,"O":1.5}}"#;
    let push = decoded(frame);
    let nanos = |nanos| Some(Timestamp::from_nanos(nanos));
    assert_eq!(push.pushed_at, nanos(1_765_000_000_000_000_000));
    let ProEvent::Order(order) = push.event else {
        panic!("not an order");
    };
    assert_eq!((&*order.order_id, &*order.symbol), ("1", "币安人生USDTM"));
    assert_eq!(
        order.trade_id().map(|id| &**id),
        Some("12345678901234567890123")
    );
    assert_eq!(order.size.unwrap().to_string(), "100");
    assert_eq!(order.updated_at, nanos(1_765_000_000_123_456_789));
    assert_eq!((order.fee, order.created_at), (None, None));
    let kept: Vec<_> = order.extra.iter().map(|(_, raw)| raw.as_str()).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept.contains(&"\"Infinity\"") && kept.contains(&"1.5"));
}
