//! Spot events lose no value of their frames.

use kucoin_streams_v1::{
    BalanceSnapshots, Balances, MarketMatches, SpotOrders, SpotStopOrders, SpotTradeFills,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{amount, check, id, object, of, time_of_day, to_json, with_arbitrary_values};
use crate::push;

fn order() -> impl Strategy<Value = Value> {
    let fill = ["matchPrice", "matchSize"].map(|name| (name, amount().boxed()));
    let sizes = [
        "price",
        "size",
        "originSize",
        "filledSize",
        "remainSize",
        "canceledSize",
        "funds",
        "originFunds",
        "remainFunds",
        "canceledFunds",
        "oldSize",
    ];
    let mut optional = sizes.map(|name| (name, amount().boxed())).to_vec();
    optional.extend(["orderTime", "ts", "pt"].map(|name| (name, time_of_day().boxed())));
    optional.push(("clientOid", id().boxed()));
    optional.push(("status", of(&["new", "open", "match", "done"]).boxed()));
    optional.push(("side", of(&["buy", "sell"]).boxed()));
    optional.push(("orderType", of(&["limit", "market"]).boxed()));
    optional.push(("liquidity", of(&["taker", "maker"]).boxed()));
    optional.push(("feeType", of(&["takerFee", "makerFee"]).boxed()));
    let mut required = fill.to_vec();
    required.extend(["symbol", "orderId", "tradeId"].map(|name| (name, id().boxed())));
    required.push((
        "type",
        of(&["received", "open", "match", "update", "filled", "canceled"]).boxed(),
    ));
    object(required, optional)
}

fn balance() -> impl Strategy<Value = Value> {
    let amounts = [
        "total",
        "available",
        "hold",
        "availableChange",
        "holdChange",
    ];
    let mut optional = amounts.map(|name| (name, amount().boxed())).to_vec();
    let context = object(
        vec![],
        ["symbol", "orderId", "tradeId"]
            .map(|name| (name, id().boxed()))
            .to_vec(),
    );
    optional.push(("relationContext", context.boxed()));
    optional.push((
        "relationEvent",
        of(&[
            "main.deposit",
            "trade_hf.setted",
            "isolated_A-B.hold",
            "other",
        ])
        .boxed(),
    ));
    optional.extend(["accountId", "relationEventId"].map(|name| (name, id().boxed())));
    optional.push(("time", time_of_day().boxed()));
    object(vec![("currency", id().boxed())], optional)
}

fn stop_order() -> impl Strategy<Value = Value> {
    let mut optional = ["size", "orderPrice", "stopPrice"]
        .map(|name| (name, amount().boxed()))
        .to_vec();
    optional.extend(["createdAt", "ts"].map(|name| (name, time_of_day().boxed())));
    let kinds = ["open", "triggered", "TRIGGERED", "cancel"];
    optional.push((
        "type",
        prop::sample::select(kinds.to_vec())
            .prop_map(Value::from)
            .boxed(),
    ));
    optional.push(("side", of(&["buy", "sell"]).boxed()));
    optional.push((
        "stop",
        of(&["loss", "entry", "l_l_o", "l_s_o", "e_l_o", "e_s_o", "tso"]).boxed(),
    ));
    optional.push((
        "tradeType",
        of(&["TRADE", "MARGIN_TRADE", "MARGIN_ISOLATED_TRADE"]).boxed(),
    ));
    optional.push((
        "triggerSuccess",
        any::<bool>().prop_map(Value::from).boxed(),
    ));
    optional.extend(["error", "orderType"].map(|name| (name, id().boxed())));
    let required = ["symbol", "orderId"].map(|name| (name, id().boxed()));
    object(required.to_vec(), optional)
}

fn market_match() -> impl Strategy<Value = Value> {
    let mut optional = ["price", "size"]
        .map(|name| (name, amount().boxed()))
        .to_vec();
    let ids = ["sequence", "takerOrderId", "makerOrderId", "type"];
    optional.extend(ids.map(|name| (name, id().boxed())));
    optional.push(("side", of(&["buy", "sell"]).boxed()));
    optional.push(("time", time_of_day().boxed()));
    let required = ["symbol", "tradeId"].map(|name| (name, id().boxed()));
    object(required.to_vec(), optional)
}

fn trade_fill() -> impl Strategy<Value = Value> {
    let amounts = ["price", "size", "fee", "feeRate"];
    let mut optional = amounts.map(|name| (name, amount().boxed())).to_vec();
    optional.push(("feeCurrency", id().boxed()));
    optional.push(("side", of(&["buy", "sell"]).boxed()));
    optional.push(("orderType", of(&["limit", "market"]).boxed()));
    optional.push(("time", time_of_day().boxed()));
    let required = ["symbol", "orderId", "tradeId"].map(|name| (name, id().boxed()));
    object(required.to_vec(), optional)
}

fn matches() -> MarketMatches {
    MarketMatches::new("A-B").unwrap()
}

proptest! {
    #[test]
    fn any_order_is_lossless(order in order()) {
        check(&SpotOrders, &push(SpotOrders, &to_json(&order)));
    }

    #[test]
    fn any_balance_is_lossless(balance in balance()) {
        check(&Balances, &push(Balances, &to_json(&balance)));
        check(&BalanceSnapshots, &push(BalanceSnapshots, &to_json(&balance)));
    }

    #[test]
    fn any_stop_order_is_lossless(stop in stop_order()) {
        check(&SpotStopOrders, &push(SpotStopOrders, &to_json(&stop)));
    }

    #[test]
    fn any_market_match_is_lossless(trade in market_match()) {
        check(&matches(), &push(matches(), &to_json(&trade)));
    }

    #[test]
    fn any_trade_fill_is_lossless(fill in trade_fill()) {
        check(&SpotTradeFills, &push(SpotTradeFills, &to_json(&fill)));
    }

    #[test]
    fn order_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({"symbol": "A-B", "orderId": "1", "type": "open"})),
            &["side", "price", "size", "status", "clientOid", "ts", "pt", "orderTime", "oldSize", "matchPrice", "feeType"],
        ),
    ) {
        check(&SpotOrders, &push(SpotOrders, &data.to_string()));
    }

    #[test]
    fn balance_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({"currency": "KCS"})),
            &["total", "hold", "time", "relationEvent", "relationContext", "accountId", "relationEventId"],
        ),
    ) {
        check(&Balances, &push(Balances, &data.to_string()));
    }

    #[test]
    fn stop_order_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({"symbol": "A-B", "orderId": "1"})),
            &["type", "side", "stop", "size", "orderPrice", "triggerSuccess", "error", "createdAt", "ts", "tradeType"],
        ),
    ) {
        check(&SpotStopOrders, &push(SpotStopOrders, &data.to_string()));
    }

    #[test]
    fn market_match_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({"symbol": "A-B", "tradeId": "1"})),
            &["sequence", "type", "side", "price", "size", "takerOrderId", "makerOrderId", "time"],
        ),
    ) {
        check(&matches(), &push(matches(), &data.to_string()));
    }

    #[test]
    fn trade_fill_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({"symbol": "A-B", "orderId": "1", "tradeId": "1"})),
            &["side", "orderType", "price", "size", "fee", "feeCurrency", "feeRate", "time"],
        ),
    ) {
        check(&SpotTradeFills, &push(SpotTradeFills, &data.to_string()));
    }
}
