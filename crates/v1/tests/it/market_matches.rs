//! Trades of markets: own orders, symbol lists, exact numbers.

use kucoin_streams_core::{Event, Liquidity, Side, Timestamp, Topic};
use kucoin_streams_v1::{MarketMatch, MarketMatches};

use crate::{decode, decoded, line, push};

const MATCHES: &str = include_str!("../fixtures/market_matches.ndjson");

fn market_match(symbol: &str, number: usize) -> MarketMatch {
    let topic = MarketMatches::new(symbol).unwrap();
    decoded(topic, line(MATCHES, number)).event
}

#[test]
fn own_fill_is_found_by_taker_or_maker_order_id() {
    let trade = market_match("KCS-USDT", 1);
    let (maker, taker) = ("66a1b2c3d4e5f60718293a01", "66a1b2c3d4e5f60718293b77");
    assert_eq!(trade.liquidity_of(maker), Some(Liquidity::Maker));
    assert_eq!(trade.liquidity_of(taker), Some(Liquidity::Taker));
    assert!(trade.is_of(maker) && trade.is_of(taker));
    assert!(!trade.is_of("66a1b2c3d4e5f60718293a02"));
    assert!(!market_match("PEPE-USDT", 3).is_of(""));
}

#[test]
fn time_string_keeps_all_nanoseconds() {
    assert_eq!(
        market_match("KCS-USDT", 1).time,
        Some(Timestamp::from_nanos(1_752_400_031_000_000_123))
    );
    assert_eq!(
        market_match("BTC-USDT", 2).time,
        Some(Timestamp::from_nanos(1_583_412_075_901_234_567))
    );
}

#[test]
fn amounts_and_ids_may_be_strings_or_numbers() {
    let (text, number) = (market_match("KCS-USDT", 1), market_match("PEPE-USDT", 3));
    assert_eq!((&text.side, &number.side), (&Side::Sell, &Side::Buy));
    assert_eq!(text.size.map(|size| size.to_string()).unwrap(), "0.7500");
    assert_eq!(number.size.map(|size| size.to_string()).unwrap(), "1000000");
    assert_eq!(
        number.price.map(|price| price.to_string()).unwrap(),
        "0.00001099"
    );
    assert_eq!(number.trade_id, "8812345678901399");
    assert!(text.extra.is_empty() && number.extra.is_empty());
}

#[test]
fn symbol_list_decodes_each_symbol() {
    let listed = MarketMatches::new("BTC-USDT,KCS-USDT").unwrap();
    assert_eq!(listed.symbol(), "BTC-USDT,KCS-USDT");
    let requests = listed.requests();
    let paths: Vec<_> = requests.iter().map(|request| request.as_str()).collect();
    assert_eq!(paths, ["/market/match:BTC-USDT,KCS-USDT"]);
    let push = decoded(listed.clone(), line(MATCHES, 1));
    assert_eq!(push.topic, "/market/match:KCS-USDT");
    assert_eq!(
        decoded(listed.clone(), line(MATCHES, 2)).event.symbol,
        "BTC-USDT"
    );
    assert_eq!(decode(listed, line(MATCHES, 3)), Ok(None));
}

#[test]
fn lower_case_symbol_error_suggests_upper_case() {
    let error = MarketMatches::new("btc-usdt").unwrap_err().to_string();
    assert!(error.contains("`BTC-USDT`"), "{error}");
}

#[test]
fn symbol_list_accepts_up_to_100_symbols() {
    let list = |count| vec!["KCS-USDT"; count].join(",");
    assert!(MarketMatches::new(&list(100)).is_ok());
    let error = MarketMatches::new(&list(101)).unwrap_err().to_string();
    assert!(
        error.contains("101 symbols") && error.contains("100"),
        "{error}"
    );
    for wrong in ["", "KCS-USDT,", "KCS-USDT, BTC-USDT", "KCS-USDT,XBTUSDTM"] {
        assert!(MarketMatches::new(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn trade_without_price_or_size_is_decoded() {
    let topic = MarketMatches::new("A-B").unwrap();
    let frame = push(
        &topic,
        r#"{"symbol":"A-B","tradeId":"7","price":"","size":null}"#,
    );
    let trade = decoded(topic, &frame).event;
    assert_eq!(
        (trade.price, trade.size, trade.side.as_str()),
        (None, None, "")
    );
}

#[test]
fn only_repeated_trade_has_same_dedup_key() {
    let topic = MarketMatches::new("A-B,C-D").unwrap();
    let dedup_key = |symbol: &str, data: &str| {
        let frame = push(format!("/market/match:{symbol}"), data);
        decoded(topic.clone(), &frame).event.dedup_key()
    };
    let once = dedup_key("A-B", r#"{"symbol":"A-B","tradeId":"7","price":"1.0"}"#);
    let again = dedup_key("A-B", r#"{"tradeId":7,"symbol":"A-B","price":1}"#);
    assert_eq!(once, again);
    assert_ne!(once, dedup_key("A-B", r#"{"symbol":"A-B","tradeId":"8"}"#));
    assert_ne!(once, dedup_key("C-D", r#"{"symbol":"C-D","tradeId":"7"}"#));
}
