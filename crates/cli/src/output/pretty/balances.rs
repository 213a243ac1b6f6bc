//! Balances, of spot accounts and of the futures account, as lines.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{Balance, FuturesWalletBalance, FuturesWalletChange};

use super::columns::{labelled, name, shown_or_untold, signed, signed_parts};
use super::paint::{Ink, Paint, safe};
use super::{Told, unknown};

pub(super) fn spot(paint: Paint, balance: &Balance) -> Told {
    let currency = name(paint, &balance.currency);
    let available = changed(paint, balance.available, balance.available_change);
    let hold = changed(paint, balance.hold, balance.hold_change);
    let reason = balance
        .relation_event
        .as_ref()
        .map_or_else(String::new, |event| safe(&event.to_string()));
    let reason = paint.ink(Ink::Dim, &format!("{reason:<24}"));
    let text = format!("{currency} {reason} available {available} hold {hold}");
    (Ink::Cyan, "balance", text)
}

/// An amount and by how much it changed, in columns.
fn changed(paint: Paint, amount: Option<Decimal>, change: Option<Decimal>) -> String {
    let (ink, change) = match change {
        Some(change) if !change.is_zero() => signed_parts(change),
        _ => (Ink::Plain, String::new()),
    };
    let amount = shown_or_untold(amount);
    format!("{amount:>18} {}", paint.ink(ink, &format!("{change:<17}")))
}

pub(super) fn futures(paint: Paint, change: &FuturesWalletChange) -> Told {
    let Some(currency) = change.currency() else {
        return unknown(change);
    };
    let amounts = match change {
        FuturesWalletChange::Balance(balance) => whole(paint, balance),
        FuturesWalletChange::OrderMargin(margin) => one("order margin", margin.order_margin),
        FuturesWalletChange::AvailableBalance(balance) => {
            let available = one("available", balance.available_balance);
            format!("{available} {}", one("hold", balance.hold_balance))
        }
        FuturesWalletChange::WithdrawHold(hold) => one("withdraw hold", hold.withdraw_hold),
        _ => return unknown(change),
    };
    (
        Ink::Cyan,
        "wallet",
        format!("{} {amounts}", name(paint, currency)),
    )
}

fn one(label: &str, amount: Option<Decimal>) -> String {
    format!("{label} {:>18}", shown_or_untold(amount))
}

/// Equity and what can be used, and of all else what is not zero.
fn whole(paint: Paint, balance: &FuturesWalletBalance) -> String {
    let profit = [
        ("cross profit", balance.cross_unrealised_pnl),
        ("isolated profit", balance.isolated_unrealised_pnl),
    ];
    let profit = profit.into_iter().filter_map(|(label, amount)| {
        let amount = amount.filter(|amount| !amount.is_zero())?;
        Some(format!(
            "{} {}",
            paint.ink(Ink::Dim, label),
            signed(paint, amount)
        ))
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
        .filter_map(|(label, amount)| labelled(paint, label, amount));
    let rest: Vec<String> = profit.chain(margins).collect();
    format!(
        "{} {}  {}",
        one("equity", balance.equity),
        one("available", balance.available_balance),
        rest.join("  ")
    )
}
