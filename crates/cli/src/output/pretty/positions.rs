//! Lines of futures positions and funding fees.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{
    FuturesFundingSettlement, FuturesMarkPriceChange, FuturesPositionChange,
    FuturesPositionChangeReason, MarginMode, PositionSide,
};

use super::LineContent;
use super::columns::{
    format_amount, format_or_unknown, leg, name, percent, signed, size_and_price,
};
use super::layout::{Cell, Priority, cell};
use super::paint::{Style, safe};

/// A position of V1 or Pro V2.
pub(super) struct Position<'p> {
    pub(super) symbol: &'p str,
    /// Position size in contracts, negative for a short position.
    pub(super) size: Decimal,
    /// Position side in hedge mode: `LONG` or `SHORT`.
    pub(super) side: Option<&'p str>,
    pub(super) mode: Option<String>,
    pub(super) entry: Option<Decimal>,
    pub(super) mark: Option<Decimal>,
    pub(super) unrealised: Option<Decimal>,
    pub(super) settle_currency: &'p str,
    /// Unrealised profit divided by the margin.
    pub(super) return_on_margin: Option<Decimal>,
    pub(super) realised: Option<Decimal>,
    pub(super) leverage: Option<Decimal>,
    pub(super) liquidation: Option<Decimal>,
}

impl Position<'_> {
    pub(super) fn cells(&self) -> Vec<Cell> {
        let mut cells = vec![name(self.symbol), self.direction()];
        if self.size.is_zero() {
            cells.push(cell("").right(12, 8));
            cells.push(cell("").left(14, 10));
        } else {
            let size = format!("{} ct", format_amount(self.size.abs()));
            cells.extend(size_and_price(&size, &format_or_unknown(self.entry)));
            let mark = format!("mark {}", format_or_unknown(self.mark));
            cells.push(cell(mark).priority(Priority::Medium).wide_gap());
            cells.extend(self.profit());
        }
        cells.extend(self.realised.map(|realised| {
            let (style, amount) = signed(realised);
            let cell = cell("realised ").append(style, amount).wide_gap();
            match self.size.is_zero() {
                true => cell,
                false => cell.priority(Priority::Low),
            }
        }));
        let leverage = self.leverage.filter(|_| !self.size.is_zero());
        let leverage =
            leverage.map(|times| format!("{}x", format_amount(times.round_dp(2).normalize())));
        cells.extend(leverage.map(|times| cell(times).priority(Priority::Medium).wide_gap()));
        cells.extend(self.mode.as_ref().map(cell));
        let liquidation = self.liquidation;
        let liquidation = liquidation.filter(|price| !self.size.is_zero() && !price.is_zero());
        cells.extend(liquidation.map(|price| {
            let text = format!("liquidation {}", format_amount(price));
            Cell::of(Style::Yellow, text).wide_gap()
        }));
        cells
    }

    /// Returns long, short or flat; in hedge mode, a flat position shows its side.
    fn direction(&self) -> Cell {
        let side = self.side.filter(|side| !side.eq_ignore_ascii_case("BOTH"));
        let side = side.map(|side| safe(&side.to_lowercase()));
        let (style, text) = match (self.size.is_zero(), side) {
            (true, Some(side)) => (Style::Dim, format!("{side} flat")),
            (true, None) => (Style::Dim, "flat".to_owned()),
            (false, Some(side)) if side == "short" => (Style::Red, side),
            (false, Some(side)) => (Style::Green, side),
            (false, None) if self.size.is_sign_negative() => (Style::Red, "short".to_owned()),
            (false, None) => (Style::Green, "long".to_owned()),
        };
        Cell::of(style, text).left(5, 5)
    }

    /// Returns the unrealised profit, in the settlement currency and in percent of the margin.
    fn profit(&self) -> Vec<Cell> {
        let Some(profit) = self.unrealised else {
            return Vec::new();
        };
        let (style, amount) = signed(profit);
        let mut cells = vec![cell("unrealised ").append(style, amount).wide_gap()];
        if !self.settle_currency.is_empty() {
            cells.push(cell(safe(self.settle_currency)).priority(Priority::Lowest));
        }
        let return_on_margin = self
            .return_on_margin
            .map(|return_on_margin| format!("({})", percent(return_on_margin)));
        cells.extend(
            return_on_margin
                .map(|return_on_margin| cell(return_on_margin).priority(Priority::Lowest)),
        );
        cells
    }
}

pub(super) fn change(change: &FuturesPositionChange) -> LineContent {
    let position = Position {
        symbol: change.symbol.as_deref().unwrap_or("?"),
        size: change.quantity,
        side: change.position_side.as_ref().map(PositionSide::as_str),
        mode: mode(change),
        entry: change.average_entry_price,
        mark: change.mark_price,
        unrealised: change.unrealised_pnl,
        settle_currency: change.settle_currency.as_deref().unwrap_or_default(),
        return_on_margin: change.unrealised_roe_fraction,
        realised: change.realised_pnl,
        // The configured leverage; the effective one changes with the price.
        leverage: change.leverage.or(change.real_leverage),
        liquidation: change.liquidation_price,
    };
    let mut cells = position.cells();
    let (style, reason) = reason(change.reason.as_ref());
    cells.extend(reason.map(Cell::wide_gap));
    LineContent::new(style, "position", cells)
}

/// Returns the margin mode in lower case.
fn mode(change: &FuturesPositionChange) -> Option<String> {
    match (&change.margin_mode, change.cross_mode) {
        (Some(mode), _) => Some(safe(&mode.as_str().to_lowercase())),
        (None, Some(true)) => Some("cross".to_owned()),
        (None, Some(false)) => Some("isolated".to_owned()),
        (None, None) => None,
    }
}

/// Returns the reason of a position change, unless it is a trade. Forced changes are highlighted.
fn reason(reason: Option<&FuturesPositionChangeReason>) -> (Style, Option<Cell>) {
    let alarm = |text| (Style::Alarm, Some(Cell::of(Style::Red, text)));
    match reason {
        None | Some(FuturesPositionChangeReason::PositionChange) => (Style::Blue, None),
        Some(FuturesPositionChangeReason::Liquidation) => alarm("LIQUIDATION"),
        Some(FuturesPositionChangeReason::AutoDeleveraging) => alarm("DELEVERAGING"),
        Some(other) => {
            let reason = Cell::of(Style::Dim, safe(other.as_str()));
            (
                Style::Blue,
                Some(reason.priority(Priority::Medium).shortenable()),
            )
        }
    }
}

pub(super) fn mark_price(patch: &FuturesMarkPriceChange) -> LineContent {
    let symbol = safe(patch.symbol.as_deref().unwrap_or("?"));
    let dim = |text: String| Cell::of(Style::Dim, text);
    let mut cells = vec![dim(symbol).left(10, 8)];
    cells.extend(leg(
        patch.position_side.as_ref().map(PositionSide::as_str),
        patch.margin_mode.as_ref().map(MarginMode::as_str),
    ));
    cells.push(dim(format_or_unknown(patch.mark_price)));
    let profit = patch.unrealised_pnl;
    cells.extend(
        profit.map(|profit| dim(format!("unrealised {}", format_amount(profit))).wide_gap()),
    );
    LineContent::new(Style::Dim, "mark", cells)
}

pub(super) fn funding(settlement: &FuturesFundingSettlement) -> LineContent {
    let mut cells = vec![name(settlement.symbol.as_deref().unwrap_or("?"))];
    cells.extend(leg(
        settlement.position_side.as_ref().map(PositionSide::as_str),
        settlement.margin_mode.as_ref().map(MarginMode::as_str),
    ));
    let currency = safe(settlement.settle_currency.as_deref().unwrap_or_default());
    cells.push(match settlement.funding_fee {
        None => cell("fee unknown"),
        Some(fee) => {
            let (style, verb) = match fee {
                fee if fee.is_zero() => (Style::Plain, "no fee:"),
                fee if fee.is_sign_negative() => (Style::Red, "paid"),
                _ => (Style::Green, "received"),
            };
            Cell::of(
                style,
                format!("{verb} {} {currency}", format_amount(fee.abs())),
            )
        }
    });
    let rate = settlement.funding_rate;
    let rate = rate.map(|rate| format!("rate {}", exact_percent(rate)));
    cells.extend(rate.map(|rate| cell(rate).priority(Priority::Medium).wide_gap()));
    let on = format!(
        "on {} ct at {}",
        format_or_unknown(settlement.quantity),
        format_or_unknown(settlement.mark_price)
    );
    cells.push(cell(on).priority(Priority::Low).wide_gap());
    LineContent::new(Style::Blue, "funding", cells)
}

/// Formats a funding rate in percent with all digits, because it is small.
fn exact_percent(fraction: Decimal) -> String {
    match fraction.checked_mul(Decimal::ONE_HUNDRED) {
        Some(percent) => format!("{} %", format_amount(percent.normalize())),
        None => format_amount(fraction),
    }
}
