//! Margin accounts as lines: debts, and how close they are to a liquidation.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{
    IsolatedMarginPosition, IsolatedMarginStatus, MarginDebtRatio, MarginStatus, MarginStatusChange,
};

use super::Told;
use super::columns::{labelled, name, percent, shown, shown_or_untold};
use super::paint::{Ink, Paint, safe};

/// From here on a debt ratio is red: where debts come near to all that there is, the account is liquidated.
const HIGH: Decimal = Decimal::from_parts(8, 0, 0, false, 1);
/// From here on it is yellow.
const RAISED: Decimal = Decimal::from_parts(6, 0, 0, false, 1);

pub(super) fn debt_ratio(paint: Paint, event: &MarginDebtRatio) -> Told {
    let ink = match event.debt_ratio {
        Some(ratio) if ratio >= HIGH => Ink::Red,
        Some(ratio) if ratio >= RAISED => Ink::Yellow,
        _ => Ink::Plain,
    };
    let ratio = event.debt_ratio.map_or_else(|| "?".to_owned(), percent);
    let ratio = paint.ink(ink, &format!("{ratio:<10}"));
    let debt = shown_or_untold(event.total_debt);
    let of_assets = event
        .total_asset
        .map_or_else(String::new, |asset| format!(" of {}", shown(asset)));
    let debts = event.debt_list.iter().flat_map(|debts| debts.iter());
    let debts: Vec<String> = debts
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(currency, amount)| format!("{} {}", shown(*amount), safe(currency)))
        .collect();
    let debts = paint.ink(Ink::Dim, &debts.join(", "));
    let text = format!("{ratio} debt {debt} BTC{of_assets}  {debts}");
    let sort_ink = match ink {
        Ink::Red => Ink::Alarm,
        _ => Ink::Cyan,
    };
    (sort_ink, "debt", text)
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
    (
        ink,
        "margin",
        format!("the cross-margin account: {}", safe(words)),
    )
}

pub(super) fn isolated(paint: Paint, position: &IsolatedMarginPosition) -> Told {
    let ink = match position.status {
        IsolatedMarginStatus::Liquidating => Ink::Alarm,
        IsolatedMarginStatus::Clear => Ink::Green,
        _ => Ink::Cyan,
    };
    let symbol = name(paint, position.symbol.as_deref().unwrap_or("?"));
    let reason = position
        .reason
        .as_ref()
        .map_or("", |reason| reason.as_str());
    let reason = paint.ink(Ink::Dim, &format!("{:<18}", safe(reason)));
    let assets = position
        .change_assets
        .iter()
        .flat_map(|assets| assets.iter());
    let assets: Vec<String> = assets
        .map(|(currency, asset)| {
            let parts = [
                Some(format!(
                    "{} {}",
                    safe(currency),
                    shown_or_untold(asset.total)
                )),
                labelled(paint, "hold", asset.hold),
                labelled(paint, "owed", asset.liability_principal),
                labelled(paint, "interest", asset.liability_interest),
            ];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        })
        .collect();
    let status = safe(position.status.as_str());
    let text = format!("{symbol} {status:<14} {reason} {}", assets.join(", "));
    (ink, "isolated", text)
}
