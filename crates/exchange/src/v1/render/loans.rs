//! Debts and status of the margin accounts.

use super::Push;
use crate::engine::Event;
use crate::engine::loans::{CrossMargin, CurrencyState, IsolatedLoan, LoanPhase};
use crate::json::{Object, Plain, Raw};
use crate::v1::topics;

pub(super) fn push(event: &Event) -> Option<Push> {
    let (topic, subject, data) = match event {
        Event::CrossMargin(cross) => (topics::MARGIN, "debt.ratio", debt_ratio(cross)),
        Event::CrossStatus(status) => {
            let data = Object::new()
                .field("type", status.change.as_str())
                .field("timestamp", status.time_ms)
                .end();
            (topics::MARGIN, "position.status", data)
        }
        Event::IsolatedLoan(loan) => {
            let topic = topics::of_symbol(topics::ISOLATED_MARGIN, loan.symbol)?;
            (topic, "positionChange", isolated(loan))
        }
        _ => return None,
    };
    Some(Push::private(topic, subject, data))
}

/// Renders `debt.ratio`, with sums in BTC. As at KuCoin, one total is a number and the other is text.
fn debt_ratio(cross: &CrossMargin) -> String {
    let assets = by_currency(&cross.currencies, |list, state| {
        let balance = Object::new()
            .field("total", state.balance.total())
            .field("available", state.balance.available)
            .field("hold", state.balance.hold)
            .end();
        list.field(state.currency, Raw(&balance))
    });
    let debts = by_currency(&cross.currencies, |list, state| {
        list.field(state.currency, state.debt.total())
    });
    Object::new()
        .field("debtRatio", Plain(cross.debt_ratio))
        .field("totalAsset", Plain(cross.total_asset))
        .field("marginCoefficientTotalAsset", cross.weighted_asset)
        .field("totalDebt", cross.total_debt)
        .field("assetList", Raw(&assets))
        .field("debtList", Raw(&debts))
        .field("timestamp", cross.time_ms)
        .end()
}

fn isolated(loan: &IsolatedLoan) -> String {
    let (status, cause) = match loan.phase {
        LoanPhase::Borrowing => ("IN_BORROW", "USER_BORROW"),
        LoanPhase::Repaying => ("IN_REPAY", "USER_REPAY"),
        LoanPhase::Owing => ("DEBT", "DEFAULT_DEBT"),
        LoanPhase::Clear => ("CLEAR", "DEFAULT_CLEAR"),
    };
    let assets = by_currency(&loan.currencies, |list, state| {
        let asset = Object::new()
            .field("total", state.balance.total())
            .field("hold", state.balance.hold)
            .field("liabilityPrincipal", state.debt.principal)
            .field("liabilityInterest", state.debt.interest)
            .end();
        list.field(state.currency, Raw(&asset))
    });
    Object::new()
        .field("tag", loan.symbol)
        .field("status", status)
        .field("statusBizType", cause)
        .field("accumulatedPrincipal", loan.principal)
        .field("changeAssets", Raw(&assets))
        .field("timestamp", loan.time_ms)
        .end()
}

fn by_currency(
    currencies: &[CurrencyState],
    add: impl Fn(Object, &CurrencyState) -> Object,
) -> String {
    currencies.iter().fold(Object::new(), add).end()
}
