//! Balance changes on both balance topics.

use super::Push;
use crate::engine::{BalanceEvent, Reason, Wallet};
use crate::json::Object;
use crate::v1::topics;

/// Every change goes out on both topics; only the first tells which trade it belongs to.
pub(super) fn pushes(change: &BalanceEvent) -> Vec<Push> {
    let snapshot = balance(change, NO_CONTEXT);
    let push = Push::private(
        topics::BALANCE,
        "account.balance",
        balance(change, &context(change)),
    );
    vec![
        push.with_id(&change.relation_event_id),
        Push::private(
            topics::BALANCE_SNAPSHOT,
            "account.snapshotBalance",
            snapshot,
        ),
    ]
}

const NO_CONTEXT: &str = "{}";

fn context(change: &BalanceEvent) -> String {
    match &change.context {
        None => NO_CONTEXT.to_owned(),
        Some(context) => Object::new()
            .word("symbol", context.symbol)
            .string("orderId", &context.order_id)
            .maybe_string("tradeId", context.trade_id.as_deref())
            .end(),
    }
}

fn balance(change: &BalanceEvent, context: &str) -> String {
    Object::new()
        .string("accountId", &change.account_id)
        .string("currency", &change.currency)
        .decimal("total", change.available + change.hold)
        .decimal("available", change.available)
        .decimal("hold", change.hold)
        .decimal("availableChange", change.available_change)
        .decimal("holdChange", change.hold_change)
        .json("relationContext", context)
        .string("relationEvent", &relation_event(change))
        .string("relationEventId", &change.relation_event_id)
        .string("time", &change.time_ms.to_string())
        .end()
}

/// Account and reason in one: `trade.hold`, `isolated_BTC-USDT.transfer`.
fn relation_event(change: &BalanceEvent) -> String {
    let reason = match (change.wallet, change.reason) {
        (Wallet::Main, Reason::Deposit) => "deposit",
        (_, Reason::Transfer) => "transfer",
        (_, Reason::Hold) => "hold",
        // The wire spells it so.
        (_, Reason::Settled) => "setted",
        // The wire has no word for loans.
        (_, Reason::Deposit | Reason::Borrow | Reason::Repay) => "other",
    };
    format!("{}.{reason}", change.wallet)
}
