//! Futures events lose no value of their frames.

use kucoin_streams_v1::{
    FuturesCrossLeverages, FuturesMarginModes, FuturesOrders, FuturesPositions, FuturesStopOrders,
    FuturesSymbolPosition, FuturesWallet,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{anything, check, decimal, id, object, of, time_of_day, with_arbitrary_values};
use crate::{push, push_of};

type Fields = Vec<(&'static str, BoxedStrategy<Value>)>;

fn decimals(names: &[&'static str]) -> Fields {
    names
        .iter()
        .map(|name| (*name, decimal().boxed()))
        .collect()
}

fn times(names: &[&'static str]) -> Fields {
    names
        .iter()
        .map(|name| (*name, time_of_day().boxed()))
        .collect()
}

fn order() -> impl Strategy<Value = Value> {
    let mut required = decimals(&["matchPrice", "matchSize"]);
    required.extend(["symbol", "orderId", "tradeId"].map(|name| (name, id().boxed())));
    let types = of(&["open", "match", "update", "filled", "canceled"]);
    required.push(("type", types.boxed()));
    let mut optional = decimals(&[
        "price",
        "size",
        "filledSize",
        "remainSize",
        "canceledSize",
        "allCanceledSize",
        "oldSize",
        "oldSize ",
    ]);
    optional.extend(times(&["orderTime", "ts"]));
    optional.push(("clientOid", id().boxed()));
    optional.push(("side", of(&["buy", "sell"]).boxed()));
    optional.push(("orderType", of(&["limit", "market"]).boxed()));
    optional.push(("liquidity", of(&["taker", "maker"]).boxed()));
    optional.push(("feeType", of(&["takerFee", "makerFee"]).boxed()));
    optional.push(("marginMode", of(&["CROSS", "ISOLATED", "cross"]).boxed()));
    optional.push(("positionSide", of(&["BOTH", "LONG", "SHORT"]).boxed()));
    optional.push((
        "tradeType",
        of(&["trade", "liquid", "adl", "settlement"]).boxed(),
    ));
    object(required, optional)
}

fn stop_order() -> impl Strategy<Value = Value> {
    let required = ["symbol", "orderId"]
        .map(|name| (name, id().boxed()))
        .to_vec();
    let mut optional = decimals(&["size", "orderPrice", "stopPrice"]);
    optional.extend(times(&["createdAt", "ts"]));
    optional.push((
        "type",
        of(&["open", "TRIGGERED", "triggered", "cancel"]).boxed(),
    ));
    optional.push(("stop", of(&["up", "down"]).boxed()));
    optional.push(("stopPriceType", of(&["TP", "MP", "IP"]).boxed()));
    optional.push((
        "triggerSuccess",
        any::<bool>().prop_map(Value::from).boxed(),
    ));
    optional.push(("error", id().boxed()));
    object(required, optional)
}

fn wallet() -> impl Strategy<Value = Value> {
    let mut optional = decimals(&[
        "walletBalance",
        "availableBalance",
        "availableMargin",
        "maxWithdrawAmount",
        "holdBalance",
        "equity",
        "totalCrossMargin",
        "crossPosMargin",
        "crossOrderMargin",
        "crossUnPnl",
        "isolatedPosMargin",
        "isolatedOrderMargin",
        "isolatedFundingFeeMargin",
        "isolatedUnPnl",
        "orderMargin",
        "withdrawHold",
    ]);
    optional.extend(times(&["timestamp"]));
    let version = any::<u64>().prop_map(|version| json!(version.to_string()));
    optional.push(("version", version.boxed()));
    object(vec![("currency", id().boxed())], optional)
}

fn position() -> impl Strategy<Value = Value> {
    let mut optional = decimals(&[
        "currentQty",
        "leverage",
        "realLeverage",
        "avgEntryPrice",
        "markPrice",
        "markValue",
        "liquidationPrice",
        "bankruptPrice",
        "unrealisedPnl",
        "unrealisedPnlPcnt",
        "unrealisedRoePcnt",
        "realisedPnl",
        "realisedGrossPnl",
        "realisedGrossCost",
        "realisedCost",
        "unrealisedCost",
        "currentCost",
        "currentComm",
        "posCost",
        "posInit",
        "posMargin",
        "posMaint",
        "posCross",
        "posComm",
        "posLoss",
        "posFunding",
        "maintMargin",
        "maintMarginReq",
        "riskLimit",
        "delevPercentage",
        "tax",
        "dealComm",
        "fundingFee",
        "aggRate",
        "qty",
        "fundingRate",
    ]);
    optional.extend(times(&[
        "openingTimestamp",
        "currentTimestamp",
        "fundingTime",
        "ts",
    ]));
    optional.extend(["symbol", "settleCurrency", "msg"].map(|name| (name, id().boxed())));
    let flags = ["crossMode", "isOpen", "autoDeposit", "success"];
    optional.extend(flags.map(|name| (name, any::<bool>().prop_map(Value::from).boxed())));
    optional.push(("riskLimitLevel", (0..20_u32).prop_map(Value::from).boxed()));
    optional.push(("marginMode", of(&["CROSS", "ISOLATED"]).boxed()));
    optional.push(("positionSide", of(&["BOTH", "LONG", "SHORT"]).boxed()));
    optional.push((
        "changeReason",
        of(&["positionChange", "markPriceChange"]).boxed(),
    ));
    object(vec![], optional)
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(texts)
}

const WALLET_SUBJECTS: &[&str] = &[
    "walletBalance.change",
    "orderMargin.change",
    "availableBalance.change",
    "withdrawHold.change",
    "other",
];
const POSITION_SUBJECTS: &[&str] = &[
    "position.change",
    "position.settlement",
    "position.adjustRiskLimit",
    "other",
];

/// Entries by contract, most of the usual type, some arbitrary.
fn config(usual: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    let value = prop_oneof![4 => usual, 1 => anything()];
    let members = prop::collection::vec(("[A-Z0-9]{0,12}", value), 0..6);
    members.prop_map(|members| Value::Object(Map::from_iter(members)))
}

proptest! {
    #[test]
    fn any_order_is_lossless(order in order()) {
        check(&FuturesOrders, &push(FuturesOrders, &order.to_string()));
    }

    #[test]
    fn any_stop_order_is_lossless(stop in stop_order()) {
        check(&FuturesStopOrders, &push(FuturesStopOrders, &stop.to_string()));
    }

    #[test]
    fn any_wallet_change_is_lossless(
        data in wallet(),
        subject in one_of(WALLET_SUBJECTS),
    ) {
        check(&FuturesWallet, &push_of(FuturesWallet, subject, &data.to_string()));
    }

    #[test]
    fn any_position_is_lossless(
        data in position(),
        subject in one_of(POSITION_SUBJECTS),
    ) {
        check(&FuturesPositions, &push_of(FuturesPositions, subject, &data.to_string()));
        let one = FuturesSymbolPosition::new("XBTUSDTM").unwrap();
        check(&one, &push_of(&one, subject, &data.to_string()));
    }

    #[test]
    fn any_margin_modes_are_lossless(
        data in config(one_of(&["CROSS", "ISOLATED", "isolated", "x"]).prop_map(Value::from)),
    ) {
        check(&FuturesMarginModes, &push(FuturesMarginModes, &data.to_string()));
    }

    #[test]
    fn any_leverages_are_lossless(
        data in config(object(vec![], decimals(&["leverage", "more"]))),
    ) {
        check(&FuturesCrossLeverages, &push(FuturesCrossLeverages, &data.to_string()));
    }

    #[test]
    fn order_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({"symbol": "A", "orderId": "1"})),
            &["side", "price", "size", "status", "clientOid", "ts", "orderTime", "oldSize", "oldSize ", "matchPrice", "matchSize", "tradeId", "feeType", "tradeType", "marginMode"],
        ),
        kind in one_of(&["open", "match", "update", "filled", "canceled", "amended"]),
    ) {
        let mut data = data;
        data["type"] = json!(kind);
        check(&FuturesOrders, &push(FuturesOrders, &data.to_string()));
    }

    #[test]
    fn stop_order_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({"symbol": "A", "orderId": "1"})),
            &["type", "side", "stop", "size", "orderPrice", "stopPrice", "stopPriceType", "triggerSuccess", "error", "createdAt", "ts", "marginMode", "positionSide"],
        ),
    ) {
        check(&FuturesStopOrders, &push(FuturesStopOrders, &data.to_string()));
    }

    #[test]
    fn wallet_change_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({"currency": "USDT"})),
            &["version", "timestamp", "equity", "walletBalance", "availableBalance", "holdBalance", "orderMargin", "withdrawHold"],
        ),
        subject in one_of(WALLET_SUBJECTS),
    ) {
        check(&FuturesWallet, &push_of(FuturesWallet, subject, &data.to_string()));
    }

    #[test]
    fn position_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({})),
            &["symbol", "currentQty", "changeReason", "crossMode", "riskLimitLevel", "leverage", "markPrice", "currentTimestamp", "fundingTime", "qty", "ts", "success", "msg", "positionSide", "marginMode"],
        ),
        subject in one_of(POSITION_SUBJECTS),
    ) {
        check(&FuturesPositions, &push_of(FuturesPositions, subject, &data.to_string()));
    }
}
