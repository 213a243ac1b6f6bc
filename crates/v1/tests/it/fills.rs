//! Fills of events: each field has its wire value, and absent fields are `None`.

use kucoin_streams_core::{Decimal, Event, Fill, Liquidity, Side, Timestamp};
use kucoin_streams_v1::{FuturesOrders, MarketMatches, SpotOrders, SpotTradeFills, decode};

use crate::{decoded, push};

/// Returns a fill of the order `order` with the trade ID 7.
fn fill(symbol: &str, side: Side, price: &str, size: &str, nanos: i64) -> Fill {
    let dec = |digits: &str| digits.parse::<Decimal>().unwrap();
    let mut fill = Fill::new(symbol.into(), "7".into(), side, dec(price), dec(size));
    fill.order_id = Some("order".into());
    fill.time = Some(Timestamp::from_nanos(nanos));
    fill
}

#[test]
fn spot_match_is_a_fill_without_fee() {
    let frame = push(
        SpotOrders,
        r#"{"symbol":"KCS-USDT","orderId":"order","type":"match","side":"sell","price":"11","size":"9","filledSize":"3",
            "matchPrice":"11.190","matchSize":"0.75","tradeId":"7","liquidity":"maker","feeType":"makerFee",
            "ts":1752400031000000123}"#,
    );
    let mut expected = fill(
        "KCS-USDT",
        Side::Sell,
        "11.190",
        "0.75",
        1_752_400_031_000_000_123,
    );
    expected.liquidity = Some(Liquidity::Maker);
    let event = decoded(SpotOrders, &frame).event;
    assert_eq!(event.fill().as_ref(), Some(&expected));
    assert_eq!(event.fill().unwrap().price.to_string(), "11.190");
    assert_eq!(expected.key().to_string(), "KCS-USDT:7:order");
    // `V1Event` returns the same fill.
    let any = decode(&frame).unwrap().unwrap().event;
    assert_eq!(any.fill(), Some(expected));
}

#[test]
fn events_without_a_trade_have_no_fill() {
    for data in [
        r#"{"symbol":"A-B","orderId":"1","type":"open"}"#,
        r#"{"symbol":"A-B","orderId":"1","type":"filled","matchPrice":"1","matchSize":"1","tradeId":"7"}"#,
        r#"{"symbol":"A-B","orderId":"1","type":"match","matchPrice":"?","matchSize":"1","tradeId":"7"}"#,
    ] {
        let frame = push(SpotOrders, data);
        assert_eq!(decoded(SpotOrders, &frame).event.fill(), None, "{data}");
    }
    let frame = push("/account/balance", r#"{"currency":"KCS"}"#);
    assert_eq!(decode(&frame).unwrap().unwrap().event.fill(), None);
}

#[test]
fn futures_match_is_a_fill_in_contracts() {
    let frame = push(
        FuturesOrders,
        r#"{"symbol":"XBTUSDTM","orderId":"order","type":"match","side":"buy","matchPrice":"64000.1","matchSize":"3",
            "tradeId":"7","liquidity":"taker","feeType":"takerFee","ts":1752400031000000000}"#,
    );
    let mut expected = fill(
        "XBTUSDTM",
        Side::Buy,
        "64000.1",
        "3",
        1_752_400_031_000_000_000,
    );
    expected.liquidity = Some(Liquidity::Taker);
    assert_eq!(decoded(FuturesOrders, &frame).event.fill(), Some(expected));
}

#[test]
fn trade_fill_has_fee_and_no_liquidity() {
    let frame = push(
        SpotTradeFills,
        r#"{"symbol":"KCS-USDT","orderId":"order","tradeId":"7","side":"buy","orderType":"limit","price":8.36,
            "size":12345678901234567890.12345,"fee":0.00836,"feeCurrency":"KCS","feeRate":0.001,"time":1704103200123000000}"#,
    );
    let size = "12345678901234567890.12345";
    let mut expected = fill(
        "KCS-USDT",
        Side::Buy,
        "8.36",
        size,
        1_704_103_200_123_000_000,
    );
    expected.fee = Some("0.00836".parse().unwrap());
    expected.fee_currency = Some("KCS".into());
    assert_eq!(decoded(SpotTradeFills, &frame).event.fill(), Some(expected));
}

#[test]
fn market_match_is_a_fill_of_either_order() {
    let topic = MarketMatches::new("KCS-USDT").unwrap();
    let frame = push(
        &topic,
        r#"{"symbol":"KCS-USDT","tradeId":"7","side":"buy","price":"8.36","size":"2","takerOrderId":"order",
            "makerOrderId":"other","time":"1752400031000000123","type":"match"}"#,
    );
    let event = decoded(topic, &frame).event;
    let mut taker = fill(
        "KCS-USDT",
        Side::Buy,
        "8.36",
        "2",
        1_752_400_031_000_000_123,
    );
    taker.liquidity = Some(Liquidity::Taker);
    let mut maker = taker.clone();
    (maker.side, maker.liquidity) = (Side::Sell, Some(Liquidity::Maker));
    maker.order_id = Some("other".into());
    assert_eq!(event.fill_of("order"), Some(taker));
    assert_eq!(event.fill_of("other"), Some(maker));
    assert_eq!((event.fill_of("third"), event.fill()), (None, None));
}
