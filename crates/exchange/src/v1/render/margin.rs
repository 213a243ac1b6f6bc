//! Debts and status of the margin accounts on their topics.

use super::Push;
use crate::engine::margin::{
    CrossMargin, CrossStatus, CurrencyState, IsolatedMargin, LoanPhase, MarginEvent,
};
use crate::json::Object;
use crate::v1::topics;

pub(super) fn push(event: &MarginEvent) -> Option<Push> {
    match event {
        MarginEvent::Cross(cross) => Some(Push::private(
            topics::MARGIN,
            "debt.ratio",
            debt_ratio(cross),
        )),
        MarginEvent::Status(change) => Some(Push::private(
            topics::MARGIN,
            "position.status",
            status(*change),
        )),
        MarginEvent::Isolated(isolated) => {
            let topic = topics::of_symbol(&topics::ISOLATED_MARGIN, isolated.symbol)?;
            Some(Push::private(topic, "positionChange", position(isolated)))
        }
    }
}

/// Sums are in BTC. One total is a number and the other is text, on the wire as here.
fn debt_ratio(cross: &CrossMargin) -> String {
    let assets = lists(&cross.currencies, |list, state| {
        let balance = Object::new()
            .decimal("total", state.balance.total())
            .decimal("available", state.balance.available)
            .decimal("hold", state.balance.hold)
            .end();
        list.json(state.currency, &balance)
    });
    let debts = lists(&cross.currencies, |list, state| {
        list.decimal(state.currency, state.debt.total())
    });
    Object::new()
        .bare("debtRatio", cross.debt_ratio.normalize())
        .bare("totalAsset", cross.total_asset.normalize())
        .decimal("marginCoefficientTotalAsset", cross.weighted_asset)
        .decimal("totalDebt", cross.total_debt)
        .json("assetList", &assets)
        .json("debtList", &debts)
        .bare("timestamp", cross.time_ms)
        .end()
}

fn status(status: CrossStatus) -> String {
    Object::new()
        .word("type", status.change.as_str())
        .bare("timestamp", status.time_ms)
        .end()
}

fn position(isolated: &IsolatedMargin) -> String {
    let (status, cause) = match isolated.phase {
        LoanPhase::Borrowing => ("IN_BORROW", "USER_BORROW"),
        LoanPhase::Repaying => ("IN_REPAY", "USER_REPAY"),
        LoanPhase::Owing => ("DEBT", "DEFAULT_DEBT"),
        LoanPhase::Clear => ("CLEAR", "DEFAULT_CLEAR"),
    };
    let assets = lists(&isolated.currencies, |list, state| {
        let asset = Object::new()
            .decimal("total", state.balance.total())
            .decimal("hold", state.balance.hold)
            .decimal("liabilityPrincipal", state.debt.principal)
            .decimal("liabilityInterest", state.debt.interest)
            .end();
        list.json(state.currency, &asset)
    });
    Object::new()
        .word("tag", isolated.symbol)
        .word("status", status)
        .word("statusBizType", cause)
        .decimal("accumulatedPrincipal", isolated.principal)
        .json("changeAssets", &assets)
        .bare("timestamp", isolated.time_ms)
        .end()
}

fn lists(currencies: &[CurrencyState], add: impl Fn(Object, &CurrencyState) -> Object) -> String {
    let list = Object::new();
    currencies.iter().fold(list, add).end()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::engine::{Engine, Side, Wallet};
    use crate::fault::MarginStatusType;
    use crate::v1::render::pushes;

    const NOW: u64 = 1_765_465_341_363;

    fn frames(engine: &mut Engine, topic: &str) -> Vec<Push> {
        let events = engine.take_events();
        let pushes = events.iter().flat_map(|event| pushes(event, NOW));
        pushes.filter(|push| push.topic == topic).collect()
    }

    #[test]
    fn a_debt_ratio_has_totals_in_bitcoin_and_every_currency() {
        let mut engine = Engine::new(1, NOW);
        engine
            .set_price(NOW, "BTC-USDT", Decimal::from(70_000))
            .unwrap();
        engine
            .set_price(NOW, "ETH-USDT", Decimal::from(3_500))
            .unwrap();
        engine
            .borrow(NOW, (Wallet::Margin, "USDT"), Decimal::from(7_000))
            .unwrap();
        let pushes = frames(&mut engine, "/margin/position");
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
    fn a_status_is_its_type_and_time() {
        let event = |change| {
            MarginEvent::Status(CrossStatus {
                change,
                time_ms: NOW,
            })
        };
        let kinds = [
            "FROZEN_FL",
            "UNFROZEN_FL",
            "FROZEN_RENEW",
            "UNFROZEN_RENEW",
            "LIABILITY",
            "UNLIABILITY",
        ];
        for (change, kind) in MarginStatusType::all().zip(kinds) {
            let push = push(&event(change)).unwrap();
            assert_eq!(
                (push.topic, push.subject),
                ("/margin/position", "position.status")
            );
            let expected = format!("{{\"type\":\"{kind}\",\"timestamp\":1765465341363}}");
            assert_eq!(push.data, expected);
        }
    }

    #[test]
    fn an_isolated_loan_tells_its_symbol_and_both_currencies() {
        let mut engine = Engine::new(1, NOW);
        let wallet = Wallet::Isolated("SOL-USDT");
        engine
            .borrow(NOW, (wallet, "USDT"), Decimal::from(500))
            .unwrap();
        engine.settle_interest(NOW);
        let place = (wallet, "SOL-USDT", Side::Buy);
        let order = (Decimal::from(100), Decimal::ONE);
        engine.place_limit(NOW, place, order, None).unwrap();
        engine
            .repay(NOW, (wallet, "USDT"), Decimal::from(500))
            .unwrap();
        let pushes = frames(&mut engine, "/margin/isolatedPosition:SOL-USDT");
        let told = pushes.iter().map(|push| {
            let data: serde_json::Value = serde_json::from_str(&push.data).unwrap();
            [
                data["status"].to_string(),
                data["statusBizType"].to_string(),
            ]
            .join(" ")
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
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
}
