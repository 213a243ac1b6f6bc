//! What is unexplained in the balances of Pro V2, as discrepancies.

use std::collections::{BTreeMap, VecDeque};

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};

use super::coverage::{Coverage, Covered, Reports};
use super::matcher::Remainder;
use super::report::{Discrepancy, Suspect, UnexplainedAmount};
use super::unified_funds::CurrencyKey;
use crate::exact;

/// The remainder of one balance.
#[derive(Debug)]
pub(super) struct Unexplained {
    pub(super) account: Text,
    pub(super) currency: Text,
    pub(super) remainder: Remainder,
    /// Local receive time of the first push that is not explained.
    pub(super) since: Timestamp,
}

/// A fee with another rate than before.
#[derive(Debug)]
pub(super) struct OddFeeNote {
    pub(super) key: CurrencyKey,
    /// Remainder of the balance if the fee is wrong.
    pub(super) difference: Decimal,
    pub(super) suspect: Suspect,
}

/// Returns the discrepancy of all remainders of one window; `None` if nothing certain is left.
pub(super) fn report(
    ws_key: WsKey,
    mut unexplained: Vec<Unexplained>,
    odd_fees: &VecDeque<OddFeeNote>,
    coverage: &Coverage,
) -> Option<Discrepancy> {
    unexplained.retain(|left| fills_topic(ws_key, left, coverage).is_some());
    remove_transfers(&mut unexplained);
    let first = unexplained.first()?;
    let window = unexplained.iter().map(|left| left.remainder.times);
    let window = window.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    let suspects = suspects(ws_key, &unexplained, window, odd_fees, coverage);
    let amounts = unexplained.iter().map(|left| UnexplainedAmount {
        account: Some(left.account.clone()),
        currency: left.currency.clone(),
        amount: left.remainder.amount.normalize(),
    });
    debug_assert!(first.remainder.amount != Decimal::ZERO);
    Some(Discrepancy {
        ws_key,
        window,
        amounts: amounts.collect(),
        suspects,
    })
}

/// Returns the topic that reports all fills of the account; `None` if none was followed in time.
///
/// The outer `None` is "not followed"; the funding account has no fills.
fn fills_topic<'c>(
    ws_key: WsKey,
    left: &Unexplained,
    coverage: &'c Coverage,
) -> Option<Option<&'c Covered>> {
    if left.account == "FUNDING" {
        return Some(None);
    }
    let covered = |reports| {
        let covered = coverage.of(ws_key, reports, &left.account, None);
        covered.filter(|covered| covered.since <= left.since)
    };
    // Orders of classic accounts have no prices of fills.
    let orders = || covered(Reports::Orders).filter(|_| left.account == "UNIFIED");
    covered(Reports::Fills).or_else(orders).map(Some)
}

/// Removes what one account has lost and another one has got.
fn remove_transfers(unexplained: &mut Vec<Unexplained>) {
    let mut sums: BTreeMap<Text, Option<Decimal>> = BTreeMap::new();
    for left in unexplained.iter() {
        let sum = sums
            .entry(left.currency.clone())
            .or_insert(Some(Decimal::ZERO));
        *sum = sum.and_then(|sum| exact::add(sum, left.remainder.amount));
    }
    unexplained.retain(|left| sums.get(&left.currency) != Some(&Some(Decimal::ZERO)));
}

fn suspects(
    ws_key: WsKey,
    unexplained: &[Unexplained],
    window: (Timestamp, Timestamp),
    odd_fees: &VecDeque<OddFeeNote>,
    coverage: &Coverage,
) -> Vec<Suspect> {
    let odd = unexplained.iter().filter_map(|left| {
        let notes = odd_fees.iter().rev();
        let mut notes = notes.filter(|note| {
            note.key == (ws_key, left.account.clone(), left.currency.clone())
                && note.difference == left.remainder.amount
        });
        notes.next().map(|note| note.suspect.clone())
    });
    let mut suspects: Vec<_> = odd.collect();
    let lost = |topic: &Covered| Suspect::LostPush {
        topic: Text::new(&topic.topic),
        after: window.0,
        before: window.1,
    };
    let transfers = unexplained.iter().map(|left| Suspect::Transfer {
        account: left.account.clone(),
        currency: left.currency.clone(),
    });
    let is_trade = unexplained.len() > 1;
    let lacks_report = unexplained.iter().all(|left| left.remainder.lacks_report);
    let Some(first) = unexplained.first() else {
        return suspects;
    };
    let topic = match lacks_report {
        true => coverage.of(ws_key, Reports::Balances, &first.account, None),
        false => fills_topic(ws_key, first, coverage).flatten(),
    };
    let lost = topic.map(lost);
    match is_trade || lacks_report {
        true => {
            suspects.extend(lost);
            suspects.extend(transfers.filter(|_| !lacks_report));
        }
        false => {
            suspects.extend(transfers);
            suspects.extend(lost);
        }
    }
    suspects
}
