//! Liquidation warnings and leverages.

use kucoin_streams_core::{Event as _, Topic};
use kucoin_streams_pro::{
    LiquidationWarnings, MarginMode, Market, ProEvent, TradeType, WarningType,
};

use crate::{dec, decode_data, decoded, nanos};

const RISK: &str = include_str!("../fixtures/risk.ndjson");

fn event(at: usize) -> ProEvent {
    decoded(RISK.lines().nth(at).unwrap()).event
}

#[test]
fn liquidation_warning_has_type_and_amounts() {
    use WarningType::{ForceLiquidation, LiquidationWarning, MarginCall, ReduceOnly};
    let types = [MarginCall, ReduceOnly, LiquidationWarning, ForceLiquidation];
    for (at, expected) in types.into_iter().enumerate() {
        let ProEvent::LiquidationWarning(warning) = event(at) else {
            panic!("a warning")
        };
        assert_eq!(warning.warning, expected);
        assert_eq!(warning.initial_margin, Some(dec("840.1")));
        assert_eq!(warning.maint_margin, Some(dec("812.75")));
        assert_eq!(warning.available_margin, Some(dec("160.02")));
        assert_eq!(
            warning.adjusted_equity,
            Some(dec("1000.12345678901234567890"))
        );
        assert_eq!(
            (warning.equity, warning.liability),
            (Some(dec("1200.5")), Some(dec("200.4")))
        );
        assert_eq!(
            warning.updated_at,
            nanos(1_781_200_002_990_000_000 + 1_000_000 * at as i64)
        );
        let written = serde_json::to_value(&warning).unwrap();
        assert_eq!(written["maintMargin"], "812.75");
        assert_eq!(written.get("marginMode"), None);
    }
}

#[test]
fn lw_and_risk_pushes_match_one_topic() {
    let warnings = LiquidationWarnings::new(TradeType::Unified).unwrap();
    let taken = RISK
        .lines()
        .filter(|frame| warnings.decode(frame).unwrap().is_some());
    assert_eq!(taken.count(), 3);
}

#[test]
fn warning_without_fields_is_decoded() {
    let ProEvent::LiquidationWarning(warning) = decode_data("lw.UNIFIED", "{}").unwrap() else {
        panic!("a warning")
    };
    assert_eq!(warning.warning.as_str(), "");
}

#[test]
fn leverage_has_a_contract_or_a_currency() {
    let ProEvent::Leverage(futures) = event(4) else {
        panic!("a leverage")
    };
    assert_eq!(
        (futures.symbol.as_deref(), futures.currency.clone()),
        (Some("XBTUSDTM"), None)
    );
    assert_eq!(futures.leverage, Some(dec("12.50")));
    assert_eq!(futures.margin_mode, Some(MarginMode::Cross));
    assert_eq!(futures.trade_type, Some(Market::Futures));
    let ProEvent::Leverage(margin) = event(5) else {
        panic!("a leverage")
    };
    assert_eq!(
        (margin.symbol.clone(), margin.currency.as_deref()),
        (None, Some("ETH"))
    );
    assert_eq!(margin.trade_type, Some(Market::Margin));
    let ProEvent::Leverage(classic) = event(6) else {
        panic!("a leverage")
    };
    assert_eq!(
        (classic.margin_mode.clone(), classic.trade_type.clone()),
        (None, None)
    );
}

#[test]
fn warnings_and_leverages_have_distinct_dedup_keys() {
    let all = RISK.lines().count();
    let mut keys: Vec<_> = (0..all).map(|at| event(at).dedup_key()).collect();
    let later = RISK
        .lines()
        .next()
        .unwrap()
        .replace("2990000000", "2999000000");
    keys.push(decoded(&later).event.dedup_key());
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all + 1);
}
