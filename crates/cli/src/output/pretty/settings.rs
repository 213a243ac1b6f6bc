//! Settings of contracts, as lines: risk limits, margin modes, leverages.

use kucoin_streams::core::Extra;
use kucoin_streams::v1::{
    FuturesCrossLeverageChange, FuturesMarginModeChange, FuturesRiskLimitAdjustment,
};

use super::Told;
use super::columns::{name, shown, shown_or_untold};
use super::layout::{Part, part};
use super::paint::{Ink, safe};

pub(super) fn risk_limit(adjustment: &FuturesRiskLimitAdjustment) -> Told {
    let outcome = match adjustment.success {
        Some(true) => Part::of(Ink::Green, "set"),
        Some(false) => Part::of(Ink::Red, "refused"),
        None => part("changed"),
    };
    let mut parts = vec![name(adjustment.symbol.as_deref().unwrap_or("?")), outcome];
    let level = adjustment.risk_limit_level;
    parts.extend(level.map(|level| part(format!("level {level}"))));
    let message = safe(adjustment.message.as_deref().unwrap_or_default());
    parts.push(part(message).words());
    Told::new(Ink::Blue, "risk limit", parts)
}

pub(super) fn margin_modes(change: &FuturesMarginModeChange) -> Told {
    let known = change
        .modes
        .iter()
        .map(|(symbol, mode)| (symbol, safe(mode.as_str())));
    let strange = strange(&change.extra, |symbol| change.modes.get(symbol).is_some());
    let parts = settings(known.chain(strange));
    Told::new(Ink::Blue, "margin mode", parts)
}

pub(super) fn leverages(change: &FuturesCrossLeverageChange) -> Told {
    let known = change.leverages.iter().map(|(symbol, of_symbol)| {
        let leverage = match of_symbol.leverage {
            Some(leverage) => format!("{}x", shown(leverage.normalize())),
            None => shown_or_untold(None),
        };
        (symbol, leverage)
    });
    let strange = strange(&change.extra, |symbol| {
        change.leverages.get(symbol).is_some()
    });
    Told::new(Ink::Blue, "leverage", settings(known.chain(strange)))
}

/// Symbols and what is set of each, with commas between them.
fn settings<'s>(settings: impl Iterator<Item = (&'s str, String)>) -> Vec<Part> {
    let settings: Vec<_> = settings.collect();
    let last = settings.len().saturating_sub(1);
    let parts = settings.into_iter().enumerate();
    parts
        .map(|(at, (symbol, value))| {
            let comma = if at < last { "," } else { "" };
            let part = Part::of(Ink::Bold, safe(symbol));
            part.and(Ink::Plain, format!(" {value}{comma}")).words()
        })
        .collect()
}

/// What could not be read, as it came.
fn strange<'e>(
    extra: &'e Extra,
    is_known: impl Fn(&str) -> bool + 'e,
) -> impl Iterator<Item = (&'e str, String)> {
    extra
        .iter()
        .filter(move |(symbol, _)| !is_known(symbol))
        .map(|(symbol, raw)| (symbol, safe(raw.as_str())))
}
