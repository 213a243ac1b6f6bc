//! Fills of the account's own orders, on the topics that tell of nothing else.

use super::{Push, nanoseconds, order_type};
use crate::engine::{Fill, Liquidity, OrderEvent, Side};
use crate::json::Object;
use crate::v1::topics;

/// A fill goes out as a trade of its symbol, and with its fee.
pub(super) fn pushes(order: &OrderEvent, fill: &Fill) -> impl Iterator<Item = Push> {
    let own_match = topics::of_symbol(&topics::MATCHES, order.symbol)
        .map(|topic| Push::market(topic, "trade.l3match", trade(order, fill)));
    let with_fee = Push::private(
        topics::TRADE_FILLS,
        topics::TRADE_FILLS,
        with_fee(order, fill),
    );
    own_match.into_iter().chain([with_fee])
}

/// As the public tape tells it: the side is the taker's, all values are text.
fn trade(order: &OrderEvent, fill: &Fill) -> String {
    let (own, other) = (&order.order_id, &fill.counter_order_id);
    let (maker, taker, side) = match (fill.liquidity, order.side) {
        (Liquidity::Taker, side) => (other, own, side),
        (Liquidity::Maker, Side::Buy) => (own, other, Side::Sell),
        (Liquidity::Maker, Side::Sell) => (own, other, Side::Buy),
    };
    Object::new()
        .string("makerOrderId", maker)
        .decimal("price", fill.price)
        // Since 2023 the real one is the trade id too.
        .string("sequence", &fill.trade_id)
        .word("side", side.as_str())
        .decimal("size", fill.size)
        .word("symbol", order.symbol)
        .string("takerOrderId", taker)
        .string("time", &nanoseconds(order.engine_time_ms).to_string())
        .string("tradeId", &fill.trade_id)
        .word("type", "match")
        .end()
}

/// Amounts are JSON numbers on this topic.
fn with_fee(order: &OrderEvent, fill: &Fill) -> String {
    Object::new()
        .bare("fee", fill.fee.normalize())
        .word("feeCurrency", fill.fee_currency)
        .bare("feeRate", fill.fee_rate.normalize())
        .string("orderId", &order.order_id)
        .word("orderType", order_type(order))
        .bare("price", fill.price.normalize())
        .word("side", order.side.as_str())
        .bare("size", fill.size.normalize())
        .word("symbol", order.symbol)
        .bare("time", nanoseconds(order.engine_time_ms))
        .string("tradeId", &fill.trade_id)
        .end()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::engine::{Engine, Wallet};
    use crate::v1::render::pushes;

    const NOW: u64 = 1_765_465_341_363;

    fn value(text: &str) -> serde_json::Value {
        serde_json::from_str(text).unwrap()
    }

    /// The pushes on one topic, as whole frames.
    fn frames(engine: &mut Engine, topic: &str) -> Vec<serde_json::Value> {
        let events = engine.take_events();
        let pushes = events.iter().flat_map(|event| pushes(event, NOW));
        pushes
            .filter(|push| push.topic == topic)
            .map(|push| value(&push.frame("u1").0))
            .collect()
    }

    #[test]
    fn a_taker_fill_is_a_trade_of_its_symbol_that_names_nobody() {
        let mut engine = Engine::new(1, NOW);
        let place = (Wallet::Trade, "BTC-USDT", Side::Sell);
        let id = engine
            .place_market(NOW, place, Decimal::new(1, 2), None)
            .unwrap();
        let frames = frames(&mut engine, "/market/match:BTC-USDT");
        assert!(!frames.is_empty());
        for frame in frames {
            let keys: Vec<&String> = frame.as_object().unwrap().keys().collect();
            assert_eq!(keys.len(), 4, "{keys:?}");
            assert_eq!(frame["subject"], "trade.l3match");
            let data = &frame["data"];
            assert_eq!(
                (&data["side"], &data["type"]),
                (&"sell".into(), &"match".into())
            );
            assert_eq!(data["takerOrderId"], *id);
            assert_ne!(data["makerOrderId"], *id);
            assert_eq!(data["time"], "1765465341363000000");
            assert!(
                data.as_object()
                    .unwrap()
                    .values()
                    .all(serde_json::Value::is_string)
            );
        }
    }

    #[test]
    fn a_maker_fill_tells_the_side_of_the_taker() {
        let mut engine = Engine::new(1, NOW);
        let place = (Wallet::Trade, "ETH-USDT", Side::Buy);
        let (price, size) = (Decimal::from(3_000), Decimal::new(25, 2));
        let id = engine.place_limit(NOW, place, (price, size), None).unwrap();
        engine.fill_resting(NOW, &id, size).unwrap();
        let frames = frames(&mut engine, "/market/match:ETH-USDT");
        assert_eq!(frames.len(), 1);
        let data = &frames[0]["data"];
        assert_eq!(
            (&data["side"], &data["price"]),
            (&"sell".into(), &"3000".into())
        );
        assert_eq!(
            (&data["makerOrderId"], &data["size"]),
            (&(*id).into(), &"0.25".into())
        );
        assert_ne!(data["takerOrderId"], *id);
    }

    #[test]
    fn a_fill_tells_its_fee_in_numbers() {
        let mut engine = Engine::new(1, NOW);
        let place = (Wallet::Trade, "BTC-USDT", Side::Buy);
        let (price, size) = (Decimal::from(60_000), Decimal::new(12_345_678, 8));
        let id = engine.place_limit(NOW, place, (price, size), None).unwrap();
        engine.fill_resting(NOW, &id, size).unwrap();
        let events = engine.take_events();
        let pushes = events.iter().flat_map(|event| pushes(event, NOW));
        let fills: Vec<Push> = pushes
            .filter(|push| push.topic == topics::TRADE_FILLS)
            .collect();
        assert_eq!(fills.len(), 1);
        assert_eq!(fills[0].subject, "/spot/tradeFills");
        let trade_id = value(&fills[0].data)["tradeId"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            fills[0].data,
            format!(
                "{{\"fee\":5.92592544,\"feeCurrency\":\"USDT\",\"feeRate\":0.0008,\"orderId\":\"{id}\",\
                 \"orderType\":\"limit\",\"price\":60000,\"side\":\"buy\",\"size\":0.12345678,\
                 \"symbol\":\"BTC-USDT\",\"time\":1765465341363000000,\"tradeId\":\"{trade_id}\"}}"
            )
        );
    }
}
