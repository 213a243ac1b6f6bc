//! An unpaired surrogate makes only its own field unreadable; the field is kept unchanged.

use kucoin_streams_core::{Event, Inbound, Protocol, Side, Topic};
use kucoin_streams_v1::{
    AnyFuturesTopic, Balances, FuturesMarginModes, FuturesOrders, FuturesPosition,
    FuturesPositions, FuturesSymbolPosition, OrderKind, SpotOrders, V1,
};

use crate::{decode, decoded, push, push_of};

/// JSON strings with unpaired surrogates.
const UNPAIRED: [&str; 6] = [
    r"gm \ud83d",
    r"\udc00",
    r"\uD83D\uD83D",
    r"\udc00\ud83d",
    r"\ud83d-\udc00",
    r"\ud83d\u0041",
];

#[test]
fn optional_field_stays_raw_and_others_are_decoded() {
    for text in UNPAIRED {
        let frame = push(
            SpotOrders,
            &format!(
                r#"{{"clientOid":"{text}","symbol":"KCS-USDT","orderId":"1","type":"match","matchPrice":"1.50","matchSize":"2","tradeId":"3","side":"buy"}}"#
            ),
        );
        let order = decoded(SpotOrders, &frame).event;
        assert_eq!(order.client_oid, None, "{text}");
        assert_eq!(
            order.extra.get("clientOid").unwrap().as_str(),
            format!("\"{text}\"")
        );
        assert_eq!((&*order.symbol, &order.side), ("KCS-USDT", &Side::Buy));
        assert_eq!(order.fill().unwrap().price.to_string(), "1.50");
        let written = serde_json::to_string(&order).unwrap();
        assert!(
            written.contains(&format!(r#""clientOid":"{text}""#)),
            "{written}"
        );
    }
}

#[test]
fn required_field_is_decoded_with_escape() {
    let decode_id = |id: &str| {
        let data = format!(
            r#"{{"symbol":"\udc00","orderId":"{id}","type":"match","matchPrice":"1","matchSize":"2","tradeId":"\ud83d"}}"#
        );
        decoded(SpotOrders, &push(SpotOrders, &data)).event
    };
    let order = decode_id(r"a\uD83D");
    assert_eq!((&*order.symbol, &*order.order_id), (r"\udc00", r"a\ud83d"));
    assert_eq!(order.fill().unwrap().trade_id, r"\ud83d");
    let written = serde_json::to_string(&order).unwrap();
    for raw in [
        r#""symbol":"\udc00""#,
        r#""orderId":"a\uD83D""#,
        r#""tradeId":"\ud83d""#,
    ] {
        assert!(written.contains(raw), "{written}");
    }
    assert_ne!(order.dedup_key(), decode_id(r"a\ud83e").dedup_key());
}

#[test]
fn enum_value_is_unknown_and_kept() {
    let data = r#"{"symbol":"A-B","orderId":"1","type":"open\ud83d","side":"\ud83d"}"#;
    let order = decoded(SpotOrders, &push(SpotOrders, data)).event;
    assert_eq!(order.kind, OrderKind::Unknown(r"open\ud83d".into()));
    assert_eq!(order.side, Side::Unknown("".into()));
    for (name, raw) in [("type", r#""open\ud83d""#), ("side", r#""\ud83d""#)] {
        assert_eq!(order.extra.get(name).unwrap().as_str(), raw);
    }
}

#[test]
fn object_key_is_decoded_with_escape() {
    let data = r#"{"currency":"KCS","total":"1","new\ud83d":{"\udc00":["\ud83d"]}}"#;
    let balance = decoded(Balances, &push(Balances, data)).event;
    assert_eq!(balance.currency, "KCS");
    let kept: Vec<_> = balance
        .extra
        .iter()
        .map(|(name, raw)| (name, raw.as_str()))
        .collect();
    assert_eq!(kept, [(r"new\ud83d", r#"{"\udc00":["\ud83d"]}"#)]);
    let modes = push(
        FuturesMarginModes,
        r#"{"XBT\ud83d":"CROSS","ETHUSDTM":"ISOLATED"}"#,
    );
    let modes = decoded(FuturesMarginModes, &modes).event.modes;
    assert_eq!(modes.len(), 2);
    assert!(modes.get("ETHUSDTM").is_some() && modes.get(r"XBT\ud83d").is_some());
}

#[test]
fn unreadable_envelope_fields_are_kept() {
    let data = r#"{"currency":"KCS","total":"1"}"#;
    let frame = format!(
        r#"{{"topic":"/account/balance","type":"message\ud83d","subject":"\udc00","id":"\ud83d","userId":"u\ud83d","channelType":"private\ud83d","\ud83d":1,"data":{data}}}"#
    );
    let push = decoded(Balances, &frame);
    assert_eq!(push.event.currency, "KCS");
    assert_eq!(
        (&push.subject, &push.id, &push.user_id),
        (&None, &None, &None)
    );
    let kept: Vec<_> = push.extra.iter().map(|(name, _)| name).collect();
    assert_eq!(
        kept,
        ["type", "subject", "id", "userId", "channelType", r"\ud83d"]
    );
    assert!(matches!(
        V1::classify(&frame),
        Ok(Inbound::Message { topic }) if topic == "/account/balance"
    ));
}

#[test]
fn event_with_unreadable_subject_keeps_all_fields() {
    let frame = push_of(
        FuturesPositions,
        r"position.change\ud83d",
        r#"{"symbol":"XBTUSDTM","currentQty":1}"#,
    );
    let FuturesPosition::Other(other) = decoded(FuturesPositions, &frame).event else {
        panic!("an unreadable subject must not be guessed");
    };
    assert_eq!(other.extra.get("currentQty").unwrap().as_str(), "1");
}

#[test]
fn topic_with_unreadable_symbol_is_decoded() {
    let data = r#"{"symbol":"XBTUSDTM","orderId":"1","type":"open"}"#;
    let frame = push(r"/contractMarket/tradeOrders:XBT\ud83d", data);
    let push = decoded(FuturesOrders, &frame);
    assert_eq!(push.event.symbol, "XBTUSDTM");
    assert_eq!(
        push.extra.get("topic").unwrap().as_str(),
        r#""/contractMarket/tradeOrders:XBT\ud83d""#
    );
    assert!(AnyFuturesTopic::from_pushed(&push.topic).is_some());
}

#[test]
fn unreadable_topic_without_match_is_a_frame_error() {
    let frame = push(r"/account/balance\ud83d", r#"{"currency":"KCS"}"#);
    assert_eq!(decode(Balances, &frame), Ok(None));
    assert!(V1::check(&frame).is_err());
    assert!(V1::check(&push(Balances, r#"{"currency":"K\ud83d"}"#)).is_ok());
}

#[test]
fn unreadable_symbol_may_be_the_requested_one() {
    let topic = FuturesSymbolPosition::new("XBTUSDTM").unwrap();
    let change = |pushed: &str, symbol: &str| {
        let data = format!(r#"{{"symbol":"{symbol}","currentQty":1}}"#);
        topic
            .decode(&push_of(pushed, "position.change", &data))
            .unwrap()
    };
    let all = "/contract/positionAll";
    assert_eq!(change(all, "ETHUSDTM"), None);
    let event = change(all, r"XBT\ud83d").unwrap().event;
    assert_eq!(event.symbol(), None);
    let event = change("/contract/position:XBTUSDTM", r"XBT\ud83d")
        .unwrap()
        .event;
    assert_eq!(event.symbol(), Some("XBTUSDTM"));
}
