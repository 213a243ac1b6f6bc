//! Lines of margin accounts: debts, and how close they are to liquidation.

use kucoin_streams::Decimal;
use kucoin_streams::rest::IsolatedMarginRow;
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
    let debts = event.debt_list.iter().flat_map(|debts| debts.iter());
    let debts = debts.map(|(currency, amount)| (currency, *amount));
    debt(
        (event.debt_ratio, event.total_debt, event.total_asset),
        debts,
    )
}

/// Returns the line of the debt ratio, the total debt and the total assets in BTC, and the debts by currency.
pub(super) fn debt<'d>(
    (ratio, total, assets): (Option<Decimal>, Option<Decimal>, Option<Decimal>),
    debts: impl Iterator<Item = (&'d str, Decimal)>,
) -> LineContent {
    let style = match ratio {
        Some(ratio) if ratio >= HIGH => Style::Red,
        Some(ratio) if ratio >= RAISED => Style::Yellow,
        _ => Style::Plain,
    };
    let ratio = ratio.map_or_else(|| "?".to_owned(), percent);
    let debts: Vec<String> = debts
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(currency, amount)| format!("{} {}", format_amount(amount), safe(currency)))
        .collect();
    let mut cells = vec![
        cell("ratio ").append(style, ratio).left(14, 0),
        cell(format!("debt {} BTC", format_or_unknown(total))),
    ];
    cells.extend(
        assets.map(|asset| cell(format!("of {}", format_amount(asset))).priority(Priority::Medium)),
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
    let symbol = position.symbol.as_deref().unwrap_or("?");
    let cells = account(symbol, position.status.as_str(), reason);
    let assets = position
        .change_assets
        .iter()
        .flat_map(|assets| assets.iter());
    let assets = assets.map(|(currency, asset)| {
        let owed = [asset.liability_principal, asset.liability_interest];
        (currency, asset.total, asset.hold, owed)
    });
    LineContent::new(style, "isolated", with_assets(cells, assets))
}

/// Returns the line of the current state of an isolated-margin account.
pub(super) fn isolated_row(row: &IsolatedMarginRow) -> LineContent {
    let cells = account(&row.symbol, row.status.as_str(), "");
    let assets = row.base.iter().chain(&row.quote).map(|asset| {
        let owed = [asset.liability_principal, asset.liability_interest];
        (asset.currency.as_str(), asset.total, asset.hold, owed)
    });
    LineContent::new(Style::Cyan, "isolated", with_assets(cells, assets))
}

/// Returns symbol, status and reason of an isolated-margin account.
fn account(symbol: &str, status: &str, reason: &str) -> Vec<Cell> {
    vec![
        name(symbol),
        cell(safe(status)).left(14, 0),
        Cell::of(Style::Dim, safe(reason))
            .left(18, 0)
            .priority(Priority::Medium),
    ]
}

/// Currency, total balance, hold balance, and the owed principal and interest.
type Asset<'a> = (
    &'a str,
    Option<Decimal>,
    Option<Decimal>,
    [Option<Decimal>; 2],
);

/// Appends the assets of an isolated-margin account, separated by commas.
fn with_assets<'a>(mut cells: Vec<Cell>, assets: impl Iterator<Item = Asset<'a>>) -> Vec<Cell> {
    for (at, (currency, total, hold, [principal, interest])) in assets.enumerate() {
        if at > 0 {
            cells = with_comma(cells);
        }
        let total = format_or_unknown(total);
        cells.push(cell(format!("{} {total}", safe(currency))).shortenable());
        let amounts = [
            labelled("hold", hold),
            labelled("owed", principal),
            labelled("interest", interest),
        ];
        cells.extend(amounts.into_iter().flatten());
    }
    cells
}

/// Appends a comma to the last cell.
fn with_comma(mut cells: Vec<Cell>) -> Vec<Cell> {
    let last = cells.pop().map(|last| last.append(Style::Plain, ","));
    cells.extend(last);
    cells
}
