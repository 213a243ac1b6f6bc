//! Margin accounts as lines: debts, and how close they are to a liquidation.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{
    IsolatedMarginPosition, IsolatedMarginStatus, MarginDebtRatio, MarginStatus, MarginStatusChange,
};

use super::Told;
use super::columns::{labelled, name, percent, shown, shown_or_untold};
use super::layout::{Part, Rank, part};
use super::paint::{Ink, safe};

/// From here on a debt ratio is red: where debts come near to all that there is, the account is liquidated.
const HIGH: Decimal = Decimal::from_parts(8, 0, 0, false, 1);
/// From here on it is yellow.
const RAISED: Decimal = Decimal::from_parts(6, 0, 0, false, 1);

pub(super) fn debt_ratio(event: &MarginDebtRatio) -> Told {
    let ink = match event.debt_ratio {
        Some(ratio) if ratio >= HIGH => Ink::Red,
        Some(ratio) if ratio >= RAISED => Ink::Yellow,
        _ => Ink::Plain,
    };
    let ratio = event.debt_ratio.map_or_else(|| "?".to_owned(), percent);
    let debts = event.debt_list.iter().flat_map(|debts| debts.iter());
    let debts: Vec<String> = debts
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(currency, amount)| format!("{} {}", shown(*amount), safe(currency)))
        .collect();
    let mut parts = vec![
        Part::of(ink, ratio).left(10, 0),
        part(format!("debt {} BTC", shown_or_untold(event.total_debt))),
    ];
    let asset = event.total_asset;
    parts.extend(asset.map(|asset| part(format!("of {}", shown(asset))).rank(Rank::Detail)));
    parts.push(Part::of(Ink::Dim, debts.join(", ")).words().apart());
    let sort_ink = match ink {
        Ink::Red => Ink::Alarm,
        _ => Ink::Cyan,
    };
    Told::new(sort_ink, "debt", parts)
}

pub(super) fn status(change: &MarginStatusChange) -> Told {
    let (ink, words) = match &change.status {
        MarginStatus::FrozenForLiquidation => (Ink::Alarm, "frozen for liquidation"),
        MarginStatus::UnfrozenFromLiquidation => (Ink::Green, "no longer frozen for liquidation"),
        MarginStatus::FrozenForRenewal => (Ink::Yellow, "frozen for a renewal of loans"),
        MarginStatus::UnfrozenFromRenewal => {
            (Ink::Green, "no longer frozen for a renewal of loans")
        }
        MarginStatus::Liability => (Ink::Alarm, "owes more than it has"),
        MarginStatus::LiabilityCleared => (Ink::Green, "no longer owes more than it has"),
        other => (Ink::Yellow, other.as_str()),
    };
    let text = format!("the cross-margin account: {}", safe(words));
    Told::words(ink, "margin", Ink::Plain, text)
}

pub(super) fn isolated(position: &IsolatedMarginPosition) -> Told {
    let ink = match position.status {
        IsolatedMarginStatus::Liquidating => Ink::Alarm,
        IsolatedMarginStatus::Clear => Ink::Green,
        _ => Ink::Cyan,
    };
    let reason = position
        .reason
        .as_ref()
        .map_or("", |reason| reason.as_str());
    let mut parts = vec![
        name(position.symbol.as_deref().unwrap_or("?")),
        part(safe(position.status.as_str())).left(14, 0),
        Part::of(Ink::Dim, safe(reason))
            .left(18, 0)
            .rank(Rank::Detail),
    ];
    let assets = position
        .change_assets
        .iter()
        .flat_map(|assets| assets.iter());
    for (at, (currency, asset)) in assets.enumerate() {
        if at > 0 {
            parts = parts_and_comma(parts);
        }
        let total = shown_or_untold(asset.total);
        parts.push(part(format!("{} {total}", safe(currency))).words());
        let amounts = [
            labelled("hold", asset.hold),
            labelled("owed", asset.liability_principal),
            labelled("interest", asset.liability_interest),
        ];
        parts.extend(amounts.into_iter().flatten());
    }
    Told::new(ink, "isolated", parts)
}

/// Ends the last part with a comma.
fn parts_and_comma(mut parts: Vec<Part>) -> Vec<Part> {
    let last = parts.pop().map(|last| last.and(Ink::Plain, ","));
    parts.extend(last);
    parts
}
