//! Topics of one symbol: only the data names the symbol, `T` does not.

use kucoin_streams_core::Topic;
use kucoin_streams_pro::{AnyProTopic, Orders, Positions, ProEvent, TradeType};

use crate::push;

const ORDER: &str = r#"{"oi":"1","s":"BTC-USDT"}"#;

#[test]
fn symbol_topic_decodes_its_symbol_only() {
    let orders = |symbol| Orders::symbol(TradeType::Unified, symbol).unwrap();
    let frame = push("order.UNIFIED", ORDER);
    let taken = orders("BTC-USDT").decode(&frame).unwrap().unwrap();
    assert_eq!(
        (taken.topic.as_str(), taken.event.symbol.as_str()),
        ("order.UNIFIED", "BTC-USDT")
    );
    assert_eq!(orders("ETH-USDT").decode(&frame), Ok(None));

    let positions = |symbol| Positions::symbol(TradeType::Futures, symbol).unwrap();
    let frame = push("position.FUTURES", r#"{"q":"1","s":"XBTUSDTM"}"#);
    assert!(positions("XBTUSDTM").decode(&frame).unwrap().is_some());
    assert_eq!(positions("ETHUSDTM").decode(&frame), Ok(None));
}

#[test]
fn data_before_the_topic_is_filtered_by_symbol() {
    let frame = format!(r#"{{"d":{ORDER},"P":1,"T":"order.UNIFIED"}}"#);
    for (symbol, expected) in [("BTC-USDT", true), ("ETH-USDT", false)] {
        let orders = Orders::symbol(TradeType::Unified, symbol).unwrap();
        assert_eq!(
            orders.decode(&frame).unwrap().is_some(),
            expected,
            "{symbol}"
        );
    }
}

#[test]
fn all_and_symbol_channels_decode_only_their_own_pushes() {
    let all = Orders::all(TradeType::Unified);
    let one = Orders::symbol(TradeType::Unified, "BTC-USDT").unwrap();
    let (of_all, of_one) = (
        push("orderAll.UNIFIED", ORDER),
        push("order.UNIFIED", ORDER),
    );
    assert!(all.decode(&of_all).unwrap().is_some());
    assert_eq!(all.decode(&of_one), Ok(None));
    assert!(one.decode(&of_one).unwrap().is_some());
    assert_eq!(one.decode(&of_all), Ok(None));
}

#[test]
fn several_symbols_in_one_subscription_are_decoded() {
    let topics: Vec<AnyProTopic> = ["BTC-USDT", "XBTUSDTM"]
        .map(|symbol| Orders::symbol(TradeType::Unified, symbol).unwrap().into())
        .to_vec();
    for (symbol, taken) in [("BTC-USDT", true), ("XBTUSDTM", true), ("KCS-USDT", false)] {
        let frame = push("order.UNIFIED", &format!(r#"{{"oi":"1","s":"{symbol}"}}"#));
        let push = topics.decode(&frame).unwrap();
        assert_eq!(push.is_some(), taken, "{symbol}");
        assert!(push.is_none_or(
            |push| matches!(push.event, ProEvent::Order(order) if order.symbol == symbol)
        ));
    }
}
