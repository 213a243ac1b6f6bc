//! Balances, of spot accounts and of the futures account, as lines.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{Balance, FuturesWalletBalance, FuturesWalletChange};

use super::columns::{labelled, name, shown_or_untold, signed};
use super::layout::{Part, Rank, part};
use super::paint::{Ink, safe};
use super::{Told, unknown};

pub(super) fn spot(balance: &Balance) -> Told {
    let reason = balance
        .relation_event
        .as_ref()
        .map_or_else(String::new, |event| safe(&event.to_string()));
    let account = reason.split('.').next().unwrap_or_default().to_owned();
    let mut parts = vec![name(&balance.currency), account_part(reason).or(account)];
    parts.extend(changed(
        "available",
        balance.available,
        balance.available_change,
    ));
    parts.extend(changed("hold", balance.hold, balance.hold_change));
    Told::new(Ink::Cyan, "balance", parts)
}

/// Of which account a balance is, and why it changed if that is known. Never left out: accounts look alike without it.
pub(super) fn account_part(account: String) -> Part {
    Part::of(Ink::Dim, account).left(24, 14)
}

/// An amount and by how much it changed, in columns.
pub(super) fn changed(label: &str, amount: Option<Decimal>, change: Option<Decimal>) -> [Part; 3] {
    let (ink, change) = match change {
        Some(change) if !change.is_zero() => signed(change),
        _ => (Ink::Plain, String::new()),
    };
    [
        part(label),
        part(shown_or_untold(amount)).right(18, 10).bound(),
        Part::of(ink, change).left(17, 0).rank(Rank::Delta),
    ]
}

pub(super) fn futures(change: &FuturesWalletChange) -> Told {
    let Some(currency) = change.currency() else {
        return unknown(change);
    };
    let mut parts = vec![name(currency)];
    match change {
        FuturesWalletChange::Balance(balance) => parts.extend(whole(balance)),
        FuturesWalletChange::OrderMargin(margin) => {
            parts.extend(one("order margin", margin.order_margin));
        }
        FuturesWalletChange::AvailableBalance(balance) => {
            parts.extend(one("available", balance.available_balance));
            parts.extend(one("hold", balance.hold_balance));
        }
        FuturesWalletChange::WithdrawHold(hold) => {
            parts.extend(one("withdraw hold", hold.withdraw_hold));
        }
        _ => return unknown(change),
    }
    Told::new(Ink::Cyan, "wallet", parts)
}

fn one(label: &str, amount: Option<Decimal>) -> [Part; 2] {
    let amount = part(shown_or_untold(amount)).right(18, 10);
    [part(label), amount.bound()]
}

/// Equity and available balance, and of all else what is not zero.
fn whole(balance: &FuturesWalletBalance) -> impl Iterator<Item = Part> {
    let profit = [
        ("cross profit", balance.cross_unrealised_pnl),
        ("isolated profit", balance.isolated_unrealised_pnl),
    ];
    let profit = profit.into_iter().filter_map(|(label, amount)| {
        let (ink, amount) = signed(amount.filter(|amount| !amount.is_zero())?);
        let part = Part::of(Ink::Dim, label).and(Ink::Plain, " ");
        Some(part.and(ink, amount).rank(Rank::Minor))
    });
    let margins = [
        ("cross positions", balance.cross_position_margin),
        ("cross orders", balance.cross_order_margin),
        ("isolated positions", balance.isolated_position_margin),
        ("isolated orders", balance.isolated_order_margin),
        ("isolated funding", balance.isolated_funding_fee_margin),
        ("hold", balance.hold_balance),
    ];
    let margins = margins
        .into_iter()
        .filter_map(|(label, amount)| labelled(label, amount));
    let amounts = one("equity", balance.equity)
        .into_iter()
        .chain(one("available", balance.available_balance));
    amounts.chain(profit.chain(margins).map(Part::apart))
}
