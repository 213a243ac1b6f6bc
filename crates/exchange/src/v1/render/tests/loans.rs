//! Pushes of the margin accounts: debts and status.

use rust_decimal::Decimal;

use super::{all, engine, parse};
use crate::engine::{Side, Wallet};
use crate::fault::MarginStatusType;

#[test]
fn debt_ratio_has_totals_in_bitcoin_and_every_currency() {
    let mut engine = engine();
    engine.price("BTC-USDT", "70000");
    engine.price("ETH-USDT", "3500");
    engine
        .borrow(Wallet::Margin, "USDT", Decimal::from(7_000))
        .unwrap();
    let mut pushes = all(&mut engine);
    pushes.retain(|push| push.topic == "/margin/position");
    assert_eq!(pushes.len(), 1);
    assert_eq!(pushes[0].subject, "debt.ratio");
    // 1 BTC, 5 ETH at 3,500, and 27,000 USDT make 114,500 USDT; a coefficient of 0.95 takes 875.
    assert_eq!(
        pushes[0].data,
        "{\"debtRatio\":0.06160616,\"totalAsset\":1.63571428571428571429,\
         \"marginCoefficientTotalAsset\":\"1.62321428571428571429\",\"totalDebt\":\"0.1\",\
         \"assetList\":{\"BTC\":{\"total\":\"1\",\"available\":\"1\",\"hold\":\"0\"},\
         \"ETH\":{\"total\":\"5\",\"available\":\"5\",\"hold\":\"0\"},\
         \"USDT\":{\"total\":\"27000\",\"available\":\"27000\",\"hold\":\"0\"}},\
         \"debtList\":{\"BTC\":\"0\",\"ETH\":\"0\",\"USDT\":\"7000\"},\"timestamp\":1765465341363}"
    );
}

#[test]
fn status_has_type_and_time() {
    let kinds = [
        "FROZEN_FL",
        "UNFROZEN_FL",
        "FROZEN_RENEW",
        "UNFROZEN_RENEW",
        "LIABILITY",
        "UNLIABILITY",
    ];
    for (change, kind) in MarginStatusType::all().zip(kinds) {
        let mut engine = engine();
        engine.report_margin_status(change);
        let push = all(&mut engine).remove(0);
        assert_eq!(
            (push.topic, push.subject),
            ("/margin/position", "position.status")
        );
        let expected = format!("{{\"type\":\"{kind}\",\"timestamp\":1765465341363}}");
        assert_eq!(push.data, expected);
    }
}

#[test]
fn isolated_loan_has_its_symbol_and_both_currencies() {
    let mut engine = engine();
    let wallet = Wallet::Isolated("SOL-USDT");
    engine.borrow(wallet, "USDT", Decimal::from(500)).unwrap();
    engine.settle_interest();
    let place = (Some(wallet), "SOL-USDT", Side::Buy);
    engine.limit(place, "100", "1").unwrap();
    engine.repay(wallet, "USDT", Decimal::from(500)).unwrap();
    let mut pushes = all(&mut engine);
    pushes.retain(|push| push.topic == "/margin/isolatedPosition:SOL-USDT");
    let reported = pushes.iter().map(|push| {
        let data = parse(&push.data);
        [
            data["status"].to_string(),
            data["statusBizType"].to_string(),
        ]
        .join(" ")
    });
    assert_eq!(
        reported.collect::<Vec<_>>(),
        [
            "\"IN_BORROW\" \"USER_BORROW\"",
            "\"DEBT\" \"DEFAULT_DEBT\"",
            "\"DEBT\" \"DEFAULT_DEBT\"",
            "\"IN_REPAY\" \"USER_REPAY\"",
            "\"DEBT\" \"DEFAULT_DEBT\"",
        ]
    );
    assert_eq!(pushes[3].subject, "positionChange");
    assert_eq!(
        pushes[3].data,
        "{\"tag\":\"SOL-USDT\",\"status\":\"IN_REPAY\",\"statusBizType\":\"USER_REPAY\",\
         \"accumulatedPrincipal\":\"500\",\"changeAssets\":{\
         \"SOL\":{\"total\":\"10\",\"hold\":\"0\",\"liabilityPrincipal\":\"0\",\"liabilityInterest\":\"0\"},\
         \"USDT\":{\"total\":\"2500\",\"hold\":\"100.1\",\"liabilityPrincipal\":\"500\",\
         \"liabilityInterest\":\"0.005\"}},\"timestamp\":1765465341363}"
    );
    let last = &pushes[4].data;
    assert!(last.contains("\"liabilityPrincipal\":\"0.005\",\"liabilityInterest\":\"0\""));
}
