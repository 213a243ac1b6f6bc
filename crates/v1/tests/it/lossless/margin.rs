//! Margin events lose no value of their frames.

use kucoin_streams_v1::{IsolatedMarginPositions, MarginPositions};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{amount, check, object, of, time_of_day, to_json, with_arbitrary_values};
use crate::{push, push_of};

/// An object with currencies as keys.
fn by_currency(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[A-Z0-9]{1,8}", value, 0..4)
        .prop_map(|entries| Value::Object(Map::from_iter(entries)))
}

fn amounts(names: &[&'static str]) -> Vec<(&'static str, BoxedStrategy<Value>)> {
    names.iter().map(|name| (*name, amount().boxed())).collect()
}

fn cross() -> impl Strategy<Value = Value> {
    let mut optional = amounts(&[
        "debtRatio",
        "totalDebt",
        "totalAsset",
        "marginCoefficientTotalAsset",
    ]);
    let asset = object(vec![], amounts(&["total", "available", "hold"]));
    optional.push(("assetList", by_currency(asset).boxed()));
    optional.push(("debtList", by_currency(amount()).boxed()));
    optional.push((
        "type",
        of(&["FROZEN_FL", "UNFROZEN_RENEW", "LIABILITY"]).boxed(),
    ));
    optional.push(("timestamp", time_of_day().boxed()));
    object(vec![], optional)
}

fn isolated() -> impl Strategy<Value = Value> {
    let asset = amounts(&["total", "hold", "liabilityPrincipal", "liabilityInterest"]);
    let mut optional = amounts(&["accumulatedPrincipal"]);
    optional.push(("changeAssets", by_currency(object(vec![], asset)).boxed()));
    optional.push(("tag", of(&["BTC-USDT"]).boxed()));
    optional.push(("status", of(&["DEBT", "CLEAR", "IN_BORROW"]).boxed()));
    optional.push((
        "statusBizType",
        of(&["USER_BORROW", "DEFAULT_CLEAR"]).boxed(),
    ));
    optional.push(("timestamp", time_of_day().boxed()));
    object(vec![], optional)
}

fn subject() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["debt.ratio", "position.status", "debt.new"])
}

fn markets() -> IsolatedMarginPositions {
    IsolatedMarginPositions::new("A-B").unwrap()
}

proptest! {
    #[test]
    fn any_margin_position_is_lossless(data in cross(), subject in subject()) {
        check(&MarginPositions, &push_of(MarginPositions, subject, &to_json(&data)));
    }

    #[test]
    fn any_isolated_position_is_lossless(data in isolated()) {
        check(&markets(), &push(markets(), &to_json(&data)));
    }

    #[test]
    fn margin_position_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({})),
            &["debtRatio", "totalDebt", "totalAsset", "assetList", "debtList", "type", "timestamp"],
        ),
        subject in subject(),
    ) {
        check(&MarginPositions, &push_of(MarginPositions, subject, &data.to_string()));
    }

    #[test]
    fn isolated_position_with_arbitrary_values_is_lossless(
        data in with_arbitrary_values(
            Just(json!({})),
            &["tag", "status", "statusBizType", "accumulatedPrincipal", "changeAssets", "timestamp"],
        ),
    ) {
        check(&markets(), &push(markets(), &data.to_string()));
    }
}
