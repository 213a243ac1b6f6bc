//! Lines of contract settings: risk limits, margin modes, leverages.

use kucoin_streams::core::Extra;
use kucoin_streams::v1::{
    FuturesCrossLeverageChange, FuturesMarginModeChange, FuturesRiskLimitAdjustment,
};

use super::LineContent;
use super::columns::{format_amount, format_or_unknown, name};
use super::layout::{Cell, cell};
use super::paint::{Style, safe};

pub(super) fn risk_limit(adjustment: &FuturesRiskLimitAdjustment) -> LineContent {
    let outcome = match adjustment.success {
        Some(true) => Cell::of(Style::Green, "set"),
        Some(false) => Cell::of(Style::Red, "refused"),
        None => cell("changed"),
    };
    let mut cells = vec![name(adjustment.symbol.as_deref().unwrap_or("?")), outcome];
    let level = adjustment.risk_limit_level;
    cells.extend(level.map(|level| cell(format!("level {level}"))));
    let message = safe(adjustment.message.as_deref().unwrap_or_default());
    cells.push(cell(message).shortenable());
    LineContent::new(Style::Blue, "risk limit", cells)
}

pub(super) fn margin_modes(change: &FuturesMarginModeChange) -> LineContent {
    let known = change
        .modes
        .iter()
        .map(|(symbol, mode)| (symbol, safe(mode.as_str())));
    let unparsed = unparsed(&change.extra, |symbol| change.modes.get(symbol).is_some());
    let cells = settings(known.chain(unparsed));
    LineContent::new(Style::Blue, "margin mode", cells)
}

pub(super) fn leverages(change: &FuturesCrossLeverageChange) -> LineContent {
    let known = change.leverages.iter().map(|(symbol, of_symbol)| {
        let leverage = match of_symbol.leverage {
            Some(leverage) => format!("{}x", format_amount(leverage.normalize())),
            None => format_or_unknown(None),
        };
        (symbol, leverage)
    });
    let unparsed = unparsed(&change.extra, |symbol| {
        change.leverages.get(symbol).is_some()
    });
    LineContent::new(Style::Blue, "leverage", settings(known.chain(unparsed)))
}

/// Returns symbols and their values, separated by commas.
pub(super) fn settings<'s>(settings: impl Iterator<Item = (&'s str, String)>) -> Vec<Cell> {
    let settings: Vec<_> = settings.collect();
    let last = settings.len().saturating_sub(1);
    let cells = settings.into_iter().enumerate();
    cells
        .map(|(at, (symbol, value))| {
            let comma = if at < last { "," } else { "" };
            let cell = Cell::of(Style::Bold, safe(symbol));
            cell.append(Style::Plain, format!(" {value}{comma}"))
                .shortenable()
        })
        .collect()
}

/// Returns the values that could not be parsed, as KuCoin sent them.
fn unparsed<'e>(
    extra: &'e Extra,
    is_known: impl Fn(&str) -> bool + 'e,
) -> impl Iterator<Item = (&'e str, String)> {
    extra
        .iter()
        .filter(move |(symbol, _)| !is_known(symbol))
        .map(|(symbol, raw)| (symbol, safe(raw.as_str())))
}
