//! Lines of margin accounts: debts, and how close they are to liquidation.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{
    IsolatedMarginPosition, IsolatedMarginStatus, MarginDebtRatio, MarginStatus, MarginStatusChange,
};

use super::LineContent;
use super::columns::{format_amount, format_or_unknown, labelled, name, percent};
use super::layout::{Cell, Priority, cell};
use super::paint::{Style, safe};

/// Debt ratio from which the line is red: close to liquidation.
const HIGH: Decimal = Decimal::from_parts(8, 0, 0, false, 1);
/// Debt ratio from which the line is yellow.
const RAISED: Decimal = Decimal::from_parts(6, 0, 0, false, 1);

pub(super) fn debt_ratio(event: &MarginDebtRatio) -> LineContent {
    let style = match event.debt_ratio {
        Some(ratio) if ratio >= HIGH => Style::Red,
        Some(ratio) if ratio >= RAISED => Style::Yellow,
        _ => Style::Plain,
    };
    let ratio = event.debt_ratio.map_or_else(|| "?".to_owned(), percent);
    let debts = event.debt_list.iter().flat_map(|debts| debts.iter());
    let debts: Vec<String> = debts
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(currency, amount)| format!("{} {}", format_amount(*amount), safe(currency)))
        .collect();
    let mut cells = vec![
        cell("ratio ").append(style, ratio).left(14, 0),
        cell(format!("debt {} BTC", format_or_unknown(event.total_debt))),
    ];
    let asset = event.total_asset;
    cells.extend(
        asset.map(|asset| cell(format!("of {}", format_amount(asset))).priority(Priority::Medium)),
    );
    cells.push(
        Cell::of(Style::Dim, debts.join(", "))
            .shortenable()
            .wide_gap(),
    );
    let label_style = match style {
        Style::Red => Style::Alarm,
        _ => Style::Cyan,
    };
    LineContent::new(label_style, "debt", cells)
}

pub(super) fn status(change: &MarginStatusChange) -> LineContent {
    let (style, words) = match &change.status {
        MarginStatus::FrozenForLiquidation => (Style::Alarm, "frozen for liquidation"),
        MarginStatus::UnfrozenFromLiquidation => (Style::Green, "no longer frozen for liquidation"),
        MarginStatus::FrozenForRenewal => (Style::Yellow, "frozen for a loan renewal"),
        MarginStatus::UnfrozenFromRenewal => (Style::Green, "no longer frozen for a loan renewal"),
        MarginStatus::Liability => (Style::Alarm, "liabilities exceed assets"),
        MarginStatus::LiabilityCleared => (Style::Green, "liabilities no longer exceed assets"),
        other => (Style::Yellow, other.as_str()),
    };
    let text = format!("cross margin account: {}", safe(words));
    LineContent::text(style, "margin", Style::Plain, text)
}

pub(super) fn isolated(position: &IsolatedMarginPosition) -> LineContent {
    let style = match position.status {
        IsolatedMarginStatus::Liquidating => Style::Alarm,
        IsolatedMarginStatus::Clear => Style::Green,
        _ => Style::Cyan,
    };
    let reason = position
        .reason
        .as_ref()
        .map_or("", |reason| reason.as_str());
    let mut cells = vec![
        name(position.symbol.as_deref().unwrap_or("?")),
        cell(safe(position.status.as_str())).left(14, 0),
        Cell::of(Style::Dim, safe(reason))
            .left(18, 0)
            .priority(Priority::Medium),
    ];
    let assets = position
        .change_assets
        .iter()
        .flat_map(|assets| assets.iter());
    for (at, (currency, asset)) in assets.enumerate() {
        if at > 0 {
            cells = with_comma(cells);
        }
        let total = format_or_unknown(asset.total);
        cells.push(cell(format!("{} {total}", safe(currency))).shortenable());
        let amounts = [
            labelled("hold", asset.hold),
            labelled("owed", asset.liability_principal),
            labelled("interest", asset.liability_interest),
        ];
        cells.extend(amounts.into_iter().flatten());
    }
    LineContent::new(style, "isolated", cells)
}

/// Appends a comma to the last cell.
fn with_comma(mut cells: Vec<Cell>) -> Vec<Cell> {
    let last = cells.pop().map(|last| last.append(Style::Plain, ","));
    cells.extend(last);
    cells
}
