//! Positions of the futures account and their funding, as lines.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{
    FuturesFundingSettlement, FuturesMarkPriceChange, FuturesPositionChange,
    FuturesPositionChangeReason, MarginMode, PositionSide,
};

use super::Told;
use super::columns::{name, percent, shown, shown_or_untold, signed, terms};
use super::paint::{Ink, Paint, safe};

pub(super) fn change(paint: Paint, position: &FuturesPositionChange) -> Told {
    let symbol = name(paint, position.symbol.as_deref().unwrap_or("?"));
    let (ink, direction) = match position.direction() {
        Some(PositionSide::Long) => (Ink::Green, "long"),
        Some(_) => (Ink::Red, "short"),
        None => (Ink::Dim, "flat"),
    };
    let direction = paint.ink(ink, &format!("{direction:<5}"));
    let what = match position.is_flat() {
        true => format!("{:<27}", ""),
        false => terms(
            &format!("{} ct", shown(position.quantity.abs())),
            &shown_or_untold(position.average_entry_price),
        ),
    };
    let mut parts = vec![what];
    if !position.is_flat() {
        let mark = shown_or_untold(position.mark_price);
        parts.push(format!("mark {mark}"));
        parts.extend(profit(paint, position));
    }
    if let Some(realised) = position.realised_pnl {
        parts.push(format!("realised {}", signed(paint, realised)));
    }
    if !position.is_flat() {
        parts.extend(leverage(position));
        let liquidation = position.liquidation_price.filter(|price| !price.is_zero());
        let liquidation = liquidation.map(|price| format!("liquidation {}", shown(price)));
        parts.extend(liquidation.map(|text| paint.ink(Ink::Yellow, &text)));
    }
    let (ink, reason) = reason(paint, position.reason.as_ref());
    parts.extend(reason);
    let text = format!("{symbol} {direction} {}", parts.join("  "));
    (ink, "position", text)
}

/// What is not realised, in the settle currency and of what was put in.
fn profit(paint: Paint, position: &FuturesPositionChange) -> Option<String> {
    let profit = position.unrealised_pnl?;
    let settle_currency = position.settle_currency.as_deref().unwrap_or_default();
    let share = position
        .unrealised_roe_fraction
        .map_or_else(String::new, |share| format!(" ({})", percent(share)));
    let text = format!(
        "unrealised {} {}{share}",
        signed(paint, profit),
        safe(settle_currency)
    );
    Some(text)
}

fn leverage(position: &FuturesPositionChange) -> Option<String> {
    // The leverage that was set; the one that there is moves with the price.
    let leverage = position.leverage.or(position.real_leverage);
    let leverage = leverage.map(|times| format!("{}x", shown(times.round_dp(2).normalize())));
    let mode = match (&position.margin_mode, position.cross_mode) {
        (Some(MarginMode::Cross), _) | (None, Some(true)) => Some("cross".to_owned()),
        (Some(MarginMode::Isolated), _) | (None, Some(false)) => Some("isolated".to_owned()),
        (Some(other), _) => Some(safe(other.as_str())),
        (None, None) => None,
    };
    let told: Vec<String> = [leverage, mode].into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(" "))
}

/// Why it changed, where that is more than a trade; what the user did not ask for stands out.
fn reason(paint: Paint, reason: Option<&FuturesPositionChangeReason>) -> (Ink, Option<String>) {
    let alarm = |text| (Ink::Alarm, Some(paint.ink(Ink::Red, text)));
    match reason {
        None | Some(FuturesPositionChangeReason::PositionChange) => (Ink::Blue, None),
        Some(FuturesPositionChangeReason::Liquidation) => alarm("LIQUIDATION"),
        Some(FuturesPositionChangeReason::AutoDeleveraging) => alarm("DELEVERAGING"),
        Some(other) => (Ink::Blue, Some(paint.ink(Ink::Dim, &safe(other.as_str())))),
    }
}

pub(super) fn mark_price(paint: Paint, patch: &FuturesMarkPriceChange) -> Told {
    let symbol = safe(patch.symbol.as_deref().unwrap_or("?"));
    let price = shown_or_untold(patch.mark_price);
    let profit = patch.unrealised_pnl.map_or_else(String::new, |profit| {
        format!("  unrealised {}", shown(profit))
    });
    let text = format!("{symbol:<10} {price}{profit}");
    (Ink::Dim, "mark", paint.ink(Ink::Dim, &text))
}

pub(super) fn funding(paint: Paint, settlement: &FuturesFundingSettlement) -> Told {
    let symbol = name(paint, settlement.symbol.as_deref().unwrap_or("?"));
    let currency = safe(settlement.settle_currency.as_deref().unwrap_or_default());
    let fee = match settlement.funding_fee {
        None => "fee not told".to_owned(),
        Some(fee) => {
            let (ink, verb) = match fee {
                fee if fee.is_zero() => (Ink::Plain, "nothing due,"),
                fee if fee.is_sign_negative() => (Ink::Red, "paid"),
                _ => (Ink::Green, "received"),
            };
            paint.ink(ink, &format!("{verb} {} {currency}", shown(fee.abs())))
        }
    };
    let rate = settlement.funding_rate.map_or_else(String::new, |rate| {
        format!("  rate {}", exact_percent(rate))
    });
    let on = format!(
        "  on {} ct at {}",
        shown_or_untold(settlement.quantity),
        shown_or_untold(settlement.mark_price)
    );
    (Ink::Blue, "funding", format!("{symbol} {fee}{rate}{on}"))
}

/// Funding rates are small: every digit counts.
fn exact_percent(fraction: Decimal) -> String {
    match fraction.checked_mul(Decimal::ONE_HUNDRED) {
        Some(percent) => format!("{} %", shown(percent.normalize())),
        None => shown(fraction),
    }
}
