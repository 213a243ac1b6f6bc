//! What is wrong with a trade of V1 spot or margin, as a discrepancy.

use kucoin_streams_core::{Decimal, Text, Timestamp};

use super::report::{Discrepancy, Suspect, UnexplainedAmount};
use super::trade::{SpotTrade, TradeKey};
use crate::exact;

/// A trade as it is reported.
#[derive(Clone, Debug)]
pub(super) struct TradeRef {
    pub(super) key: TradeKey,
    pub(super) account: Option<Text>,
    pub(super) times: (Timestamp, Timestamp),
    pub(super) currency: Text,
}

/// Reports a trade that no fill explains; `is_own` if other pushes of its order were seen.
pub(super) fn unknown_trade(
    key: &TradeKey,
    trade: &SpotTrade,
    topic: &str,
    is_own: bool,
) -> Discrepancy {
    let amounts = trade.changes.iter();
    let amounts = amounts.map(|((account, currency), amount)| UnexplainedAmount {
        account: Some(account.clone()),
        currency: currency.clone(),
        amount: amount.normalize(),
    });
    let unknown = Suspect::UnknownTrade {
        symbol: key.1.clone(),
        order_id: key.3.clone(),
        trade_id: key.2.clone(),
    };
    let lost = lost_push(topic, trade.times);
    Discrepancy {
        ws_key: key.0,
        window: trade.times,
        amounts: amounts.collect(),
        suspects: match is_own {
            true => vec![lost, unknown],
            false => vec![unknown, lost],
        },
    }
}

pub(super) fn wrong_fee(trade: &TradeRef, expected: Decimal, got: Decimal) -> Discrepancy {
    let amount = exact::add(expected, -got).unwrap_or_default();
    Discrepancy {
        ws_key: trade.key.0,
        window: trade.times,
        amounts: vec![UnexplainedAmount {
            account: trade.account.clone(),
            currency: trade.currency.clone(),
            amount: amount.normalize(),
        }],
        suspects: vec![Suspect::WrongFee {
            symbol: trade.key.1.clone(),
            trade_id: trade.key.2.clone(),
            currency: trade.currency.clone(),
            expected: expected.normalize(),
            got: got.normalize(),
        }],
    }
}

pub(super) fn lost_push(topic: &str, times: (Timestamp, Timestamp)) -> Suspect {
    Suspect::LostPush {
        topic: Text::new(topic),
        after: times.0,
        before: times.1,
    }
}
