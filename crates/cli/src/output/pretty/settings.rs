//! Settings of contracts, as lines: risk limits, margin modes, leverages.

use kucoin_streams::v1::{
    FuturesCrossLeverageChange, FuturesMarginModeChange, FuturesRiskLimitAdjustment,
};
use kucoin_streams::wire::json::Extra;

use super::Told;
use super::columns::{name, shown, shown_or_untold};
use super::paint::{Ink, Paint, safe};

pub(super) fn risk_limit(paint: Paint, adjustment: &FuturesRiskLimitAdjustment) -> Told {
    let symbol = name(paint, adjustment.symbol.as_deref().unwrap_or("?"));
    let level = adjustment
        .risk_limit_level
        .map_or_else(String::new, |level| format!("level {level}"));
    let outcome = match adjustment.success {
        Some(true) => paint.ink(Ink::Green, "set"),
        Some(false) => paint.ink(Ink::Red, "refused"),
        None => "changed".to_owned(),
    };
    let message = safe(adjustment.message.as_deref().unwrap_or_default());
    let text = format!("{symbol} {outcome} {level} {message}");
    (Ink::Blue, "risk limit", text)
}

pub(super) fn margin_modes(paint: Paint, change: &FuturesMarginModeChange) -> Told {
    let known = change
        .modes
        .iter()
        .map(|(symbol, mode)| setting(paint, symbol, &safe(mode.as_str())));
    let strange = strange(paint, &change.extra, |symbol| {
        change.modes.get(symbol).is_some()
    });
    let text = known.chain(strange).collect::<Vec<_>>().join(", ");
    (Ink::Blue, "margin mode", text)
}

pub(super) fn leverages(paint: Paint, change: &FuturesCrossLeverageChange) -> Told {
    let known = change.leverages.iter().map(|(symbol, of_symbol)| {
        let leverage = match of_symbol.leverage {
            Some(leverage) => format!("{}x", shown(leverage.normalize())),
            None => shown_or_untold(None),
        };
        setting(paint, symbol, &leverage)
    });
    let strange = strange(paint, &change.extra, |symbol| {
        change.leverages.get(symbol).is_some()
    });
    let text = known.chain(strange).collect::<Vec<_>>().join(", ");
    (Ink::Blue, "leverage", text)
}

fn setting(paint: Paint, symbol: &str, value: &str) -> String {
    format!("{} {value}", paint.ink(Ink::Bold, &safe(symbol)))
}

/// What could not be read, as it came.
fn strange<'e>(
    paint: Paint,
    extra: &'e Extra,
    is_known: impl Fn(&str) -> bool + 'e,
) -> impl Iterator<Item = String> + 'e {
    extra
        .iter()
        .filter(move |(symbol, _)| !is_known(symbol))
        .map(move |(symbol, raw)| setting(paint, symbol, &safe(raw.as_str())))
}
