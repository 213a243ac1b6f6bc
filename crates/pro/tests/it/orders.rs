//! Orders of unified and classic accounts, and unusual formats.

use kucoin_streams_core::{DecodeError, Event, Liquidity, Side};
use kucoin_streams_pro::{
    CancelReason, MarginMode, Market, Order, OrderEventType, OrderSource, OrderStatus, OrderType,
    PositionSide, SelfTradePrevention, SizeUnit, TimeInForce, TriggerDirection, TriggerPriceType,
};

use crate::{dec, decode_data, decoded, events, nanos, order};

const UNIFIED: &str = include_str!("../fixtures/orders.ndjson");
const CLASSIC: &str = include_str!("../fixtures/classic_orders.ndjson");

#[test]
fn order_goes_from_open_to_done() {
    let orders = events(UNIFIED, order);
    let states: Vec<_> = orders[..3]
        .iter()
        .map(|order| {
            (
                order.status.name(),
                order.event_type.clone().unwrap(),
                order.is_done(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            ("live", OrderEventType::Open, false),
            ("partialFilled", OrderEventType::Fill, false),
            ("partialCanceled", OrderEventType::Cancel, true),
        ]
    );
}

#[test]
fn wire_letters_have_long_names() {
    let orders = events(UNIFIED, order);
    let (open, filled, canceled) = (&orders[0], &orders[1], &orders[2]);
    assert_eq!(open.order_id, "412001700000000101");
    assert_eq!(open.client_oid.as_deref(), Some("grid-0042"));
    assert_eq!((open.symbol.as_str(), &open.side), ("BTC-USDT", &Side::Buy));
    assert_eq!(open.trade_type, Some(Market::Spot));
    assert_eq!(open.order_type, Some(OrderType::Limit));
    assert_eq!(open.order_source, Some(OrderSource::User));
    assert_eq!(open.size_unit, Some(SizeUnit::BaseCurrency));
    assert_eq!(open.time_in_force, Some(TimeInForce::GoodTillCanceled));
    assert_eq!(open.stp, Some(SelfTradePrevention::CancelNew));
    assert_eq!(
        (open.reduce_only, open.post_only),
        (Some(false), Some(false))
    );
    assert_eq!(open.limit_price(), Some(dec("61250.5")));
    assert_eq!(
        (open.size, open.remain_size),
        (Some(dec("0.002")), Some(dec("0.002")))
    );
    assert_eq!(open.created_at, nanos(1_781_200_000_000_123_456));
    assert_eq!(open.updated_at, nanos(1_781_200_000_001_123_457));
    assert_eq!(open.broker_tag.as_deref(), Some("broker7"));
    assert!(open.extra.is_empty());

    assert_eq!(filled.filled_size, Some(dec("0.0005")));
    assert_eq!(filled.avg_price, Some(dec("61250.4")));
    assert_eq!(
        (filled.fee, filled.tax),
        (Some(dec("0.0306252")), Some(dec("0")))
    );
    assert_eq!(filled.fee_currency.as_deref(), Some("USDT"));
    assert_eq!(filled.liquidity, Some(Liquidity::Maker));
    assert_eq!(canceled.cancel_reason, Some(CancelReason::User));
    assert_eq!(canceled.canceled_size, Some(dec("0.0015")));
}

#[test]
fn attached_take_profit_and_stop_loss_are_read() {
    let order = &events(UNIFIED, order)[3];
    assert_eq!(order.event_type, Some(OrderEventType::Update));
    let take_profit = (order.tp_trigger_price, order.tp_order_price);
    assert_eq!(take_profit, (Some(dec("66000")), Some(dec("65990"))));
    assert_eq!(order.tp_trigger_price_type, Some(TriggerPriceType::Mark));
    let stop_loss = (order.sl_trigger_price, order.sl_order_price);
    assert_eq!(stop_loss, (Some(dec("58000")), Some(dec("57990"))));
    assert_eq!(order.sl_trigger_price_type, Some(TriggerPriceType::Trade));
    assert_eq!(order.margin_mode, Some(MarginMode::Isolated));
    assert_eq!(order.position_side, Some(PositionSide::Long));
    assert_eq!(
        order.time_in_force,
        Some(TimeInForce::RetailPriceImprovement)
    );
    assert_eq!(order.trigger_price, None);
}

#[test]
fn keys_that_differ_by_case_are_fill_size_and_price() {
    let orders = events(UNIFIED, order);
    let fill = orders[1].fill().unwrap();
    assert_eq!((fill.price, fill.size), (dec("61250.4"), dec("0.0005")));
    assert_eq!(fill.trade_id, "91827364550001123");
    assert_eq!(orders[4].fill().unwrap().size, dec("310.5"));
    for without in [&orders[0], &orders[2]] {
        assert_eq!((without.fill(), without.trade_id()), (None, None));
    }
}

#[test]
fn classic_order_event_has_a_trade_id_but_no_fill() {
    let orders = events(CLASSIC, order);
    assert_eq!(orders[0].trade_id().unwrap().as_str(), "81726354009000123");
    assert_eq!(orders[1].trade_id().unwrap().as_str(), "81726354009000124");
    assert_eq!(
        (orders[0].fill(), orders[0].trade_type.clone()),
        (None, None)
    );
    assert_eq!(
        (orders[0].price, orders[0].limit_price()),
        (Some(dec("0")), None)
    );
    assert_eq!(orders[0].remain_size, Some(dec("0")));
}

#[test]
fn status_is_a_number_or_a_string() {
    let statuses: Vec<_> = events(CLASSIC, order)
        .into_iter()
        .map(|order| order.status)
        .collect();
    use OrderStatus::{Canceled, Filled, NotTriggered, Triggered};
    assert_eq!(
        statuses,
        [Filled, Filled, Canceled, NotTriggered, Filled, Triggered]
    );
    for status in ["2", "\"2\""] {
        let data = format!(r#"{{"oi":"1","s":"A-B","os":{status}}}"#);
        let order = order(decode_data("orderAll.SPOT", &data).unwrap()).unwrap();
        assert_eq!(order.status, OrderStatus::Live);
        assert_eq!(serde_json::to_value(&order).unwrap()["status"], "2");
    }
}

#[test]
fn cancel_reason_and_size_can_be_numbers() {
    let classic = &events(CLASSIC, order)[2];
    assert_eq!(
        classic.cancel_reason,
        Some(CancelReason::Unknown("11".into()))
    );
    let unified = &events(UNIFIED, order)[5];
    assert_eq!(unified.cancel_reason, Some(CancelReason::PostOnly));
    assert_eq!(unified.canceled_size, Some(dec("0")));
}

#[test]
fn classic_conditional_order_keeps_its_order_id() {
    let orders = events(CLASSIC, order);
    let (waiting, filled) = (&orders[3], &orders[4]);
    assert_eq!(waiting.order_id, filled.order_id);
    assert_eq!(waiting.trigger_direction, Some(TriggerDirection::Down));
    assert_eq!(waiting.trigger_price, Some(dec("59000.1")));
    assert_eq!(waiting.trigger_price_type, Some(TriggerPriceType::Index));
    assert_eq!(waiting.origin_order_id.as_deref(), Some("0"));
    assert_eq!(waiting.origin_order_id(), None);
    assert_eq!(
        (waiting.leverage, filled.leverage),
        (Some(dec("0")), Some(dec("75")))
    );
    assert_eq!(orders[5].trade_id(), None);
    assert!(filled.is_done() && !orders[5].is_done());
}

#[test]
fn unknown_enum_values_keep_their_text() {
    let order = &events(UNIFIED, order)[6];
    assert_eq!((order.status.name(), order.event_type.clone()), ("9", None));
    let written = serde_json::to_value(order).unwrap();
    for (name, text) in [
        ("status", "9"),
        ("cancelReason", "FROZEN_BY_MOON"),
        ("timeInForce", "GTX"),
        ("sizeUnit", "LOTS"),
        ("orderType", "PEGGED"),
    ] {
        assert_eq!(written[name], text, "{name}");
    }
}

#[test]
fn only_order_id_and_symbol_are_required() {
    assert!(decode_data("orderAll.UNIFIED", r#"{"oi":"1","s":"A-B"}"#).is_ok());
    let missing = |field| Err(DecodeError::Missing { field });
    assert_eq!(
        decode_data("orderAll.UNIFIED", r#"{"s":"A-B"}"#),
        missing("oi")
    );
    assert_eq!(
        decode_data("orderAll.UNIFIED", r#"{"oi":"1"}"#),
        missing("s")
    );
}

#[test]
fn unreadable_field_is_kept_under_its_long_name() {
    let event = decode_data(
        "orderAll.UNIFIED",
        r#"{"oi":"1","s":"A-B","p":["1"],"q":"2","os":true,"U":"soon","rO":"no","new":1.50}"#,
    );
    let order = order(event.unwrap()).unwrap();
    assert_eq!((order.price, order.size), (None, Some(dec("2"))));
    assert_eq!(order.extra.get("p").unwrap().as_str(), "[\"1\"]");
    let written = serde_json::to_string(&order).unwrap();
    for member in [
        r#""price":["1"]"#,
        r#""status":true"#,
        r#""updatedAt":"soon""#,
        r#""reduceOnly":"no""#,
        r#""new":1.50"#,
    ] {
        assert!(written.contains(member), "{member} in {written}");
    }
}

#[test]
fn dedup_key_is_the_same_on_both_order_channels() {
    let frame = UNIFIED.lines().nth(1).unwrap();
    let of_symbol = frame
        .replace("orderAll.", "order.")
        .replace("\"0.0005\"", "\"0.00050\"");
    assert_eq!(
        decoded(&of_symbol).event.dedup_key(),
        decoded(frame).event.dedup_key()
    );

    let mut keys: Vec<_> = events(UNIFIED, order)
        .iter()
        .map(Order::dedup_key)
        .collect();
    keys.extend(events(CLASSIC, order).iter().map(Order::dedup_key));
    for (from, to) in [
        ("\"fS\":\"0.0005\"", "\"fS\":\"0.0006\""),
        ("\"rS\":\"0.0015\"", "\"rS\":\"0.0014\""),
        ("\"os\":4", "\"os\":3"),
        ("\"eT\":\"FILL\"", "\"eT\":\"MATCH\""),
        ("\"oi\":\"4", "\"oi\":\"5"),
        ("\"U\":1781200000950", "\"U\":1781200000951"),
    ] {
        let other = frame.replace(from, to);
        assert_ne!(other, frame, "{from}");
        keys.push(order(decoded(&other).event).unwrap().dedup_key());
    }
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all);
}
