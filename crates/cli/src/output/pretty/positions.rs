//! Positions of the futures account and their funding, as lines.

use kucoin_streams::Decimal;
use kucoin_streams::v1::{
    FuturesFundingSettlement, FuturesMarkPriceChange, FuturesPositionChange,
    FuturesPositionChangeReason, MarginMode, PositionSide,
};

use super::Told;
use super::columns::{leg, name, percent, shown, shown_or_untold, signed, terms};
use super::layout::{Part, Rank, part};
use super::paint::{Ink, safe};

/// What a position's line shows, of either protocol.
pub(super) struct Position<'p> {
    pub(super) symbol: &'p str,
    /// Below zero if it is short.
    pub(super) size: Decimal,
    /// Long or short in hedge mode.
    pub(super) side: Option<&'p str>,
    pub(super) mode: Option<String>,
    pub(super) entry: Option<Decimal>,
    pub(super) mark: Option<Decimal>,
    pub(super) unrealised: Option<Decimal>,
    pub(super) settle_currency: &'p str,
    /// Profit as a fraction of the margin.
    pub(super) share: Option<Decimal>,
    pub(super) realised: Option<Decimal>,
    pub(super) leverage: Option<Decimal>,
    pub(super) liquidation: Option<Decimal>,
}

impl Position<'_> {
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = vec![name(self.symbol), self.direction()];
        if self.size.is_zero() {
            parts.push(part("").right(12, 8));
            parts.push(part("").left(14, 10));
        } else {
            let size = format!("{} ct", shown(self.size.abs()));
            parts.extend(terms(&size, &shown_or_untold(self.entry)));
            let mark = format!("mark {}", shown_or_untold(self.mark));
            parts.push(part(mark).rank(Rank::Detail).apart());
            parts.extend(self.profit());
        }
        parts.extend(self.realised.map(|realised| {
            let (ink, amount) = signed(realised);
            let part = part("realised ").and(ink, amount).apart();
            match self.size.is_zero() {
                true => part,
                false => part.rank(Rank::Minor),
            }
        }));
        let leverage = self.leverage.filter(|_| !self.size.is_zero());
        let leverage = leverage.map(|times| format!("{}x", shown(times.round_dp(2).normalize())));
        parts.extend(leverage.map(|times| part(times).rank(Rank::Detail).apart()));
        parts.extend(self.mode.as_ref().map(part));
        let liquidation = self.liquidation;
        let liquidation = liquidation.filter(|price| !self.size.is_zero() && !price.is_zero());
        parts.extend(liquidation.map(|price| {
            let text = format!("liquidation {}", shown(price));
            Part::of(Ink::Yellow, text).apart()
        }));
        parts
    }

    /// Long, short or flat; in hedge mode, which of the two is flat.
    fn direction(&self) -> Part {
        let side = self.side.filter(|side| !side.eq_ignore_ascii_case("BOTH"));
        let side = side.map(|side| safe(&side.to_lowercase()));
        let (ink, text) = match (self.size.is_zero(), side) {
            (true, Some(side)) => (Ink::Dim, format!("{side} flat")),
            (true, None) => (Ink::Dim, "flat".to_owned()),
            (false, Some(side)) if side == "short" => (Ink::Red, side),
            (false, Some(side)) => (Ink::Green, side),
            (false, None) if self.size.is_sign_negative() => (Ink::Red, "short".to_owned()),
            (false, None) => (Ink::Green, "long".to_owned()),
        };
        Part::of(ink, text).left(5, 5)
    }

    /// What is not realised, in the settle currency and of the margin.
    fn profit(&self) -> Vec<Part> {
        let Some(profit) = self.unrealised else {
            return Vec::new();
        };
        let (ink, amount) = signed(profit);
        let mut parts = vec![part("unrealised ").and(ink, amount).apart()];
        if !self.settle_currency.is_empty() {
            parts.push(part(safe(self.settle_currency)).rank(Rank::Delta));
        }
        let share = self.share.map(|share| format!("({})", percent(share)));
        parts.extend(share.map(|share| part(share).rank(Rank::Delta)));
        parts
    }
}

pub(super) fn change(change: &FuturesPositionChange) -> Told {
    let position = Position {
        symbol: change.symbol.as_deref().unwrap_or("?"),
        size: change.quantity,
        side: change.position_side.as_ref().map(PositionSide::as_str),
        mode: mode(change),
        entry: change.average_entry_price,
        mark: change.mark_price,
        unrealised: change.unrealised_pnl,
        settle_currency: change.settle_currency.as_deref().unwrap_or_default(),
        share: change.unrealised_roe_fraction,
        realised: change.realised_pnl,
        // The leverage that was set; the one that there is moves with the price.
        leverage: change.leverage.or(change.real_leverage),
        liquidation: change.liquidation_price,
    };
    let mut parts = position.parts();
    let (ink, reason) = reason(change.reason.as_ref());
    parts.extend(reason.map(Part::apart));
    Told::new(ink, "position", parts)
}

/// The margin mode in small letters.
fn mode(change: &FuturesPositionChange) -> Option<String> {
    match (&change.margin_mode, change.cross_mode) {
        (Some(mode), _) => Some(safe(&mode.as_str().to_lowercase())),
        (None, Some(true)) => Some("cross".to_owned()),
        (None, Some(false)) => Some("isolated".to_owned()),
        (None, None) => None,
    }
}

/// Why it changed, where that is more than a trade; what the user did not ask for stands out.
fn reason(reason: Option<&FuturesPositionChangeReason>) -> (Ink, Option<Part>) {
    let alarm = |text| (Ink::Alarm, Some(Part::of(Ink::Red, text)));
    match reason {
        None | Some(FuturesPositionChangeReason::PositionChange) => (Ink::Blue, None),
        Some(FuturesPositionChangeReason::Liquidation) => alarm("LIQUIDATION"),
        Some(FuturesPositionChangeReason::AutoDeleveraging) => alarm("DELEVERAGING"),
        Some(other) => {
            let reason = Part::of(Ink::Dim, safe(other.as_str()));
            (Ink::Blue, Some(reason.rank(Rank::Detail).words()))
        }
    }
}

pub(super) fn mark_price(patch: &FuturesMarkPriceChange) -> Told {
    let symbol = safe(patch.symbol.as_deref().unwrap_or("?"));
    let dim = |text: String| Part::of(Ink::Dim, text);
    let mut parts = vec![dim(symbol).left(10, 8)];
    parts.extend(leg(
        patch.position_side.as_ref().map(PositionSide::as_str),
        patch.margin_mode.as_ref().map(MarginMode::as_str),
    ));
    parts.push(dim(shown_or_untold(patch.mark_price)));
    let profit = patch.unrealised_pnl;
    parts.extend(profit.map(|profit| dim(format!("unrealised {}", shown(profit))).apart()));
    Told::new(Ink::Dim, "mark", parts)
}

pub(super) fn funding(settlement: &FuturesFundingSettlement) -> Told {
    let mut parts = vec![name(settlement.symbol.as_deref().unwrap_or("?"))];
    parts.extend(leg(
        settlement.position_side.as_ref().map(PositionSide::as_str),
        settlement.margin_mode.as_ref().map(MarginMode::as_str),
    ));
    let currency = safe(settlement.settle_currency.as_deref().unwrap_or_default());
    parts.push(match settlement.funding_fee {
        None => part("fee not told"),
        Some(fee) => {
            let (ink, verb) = match fee {
                fee if fee.is_zero() => (Ink::Plain, "nothing due,"),
                fee if fee.is_sign_negative() => (Ink::Red, "paid"),
                _ => (Ink::Green, "received"),
            };
            Part::of(ink, format!("{verb} {} {currency}", shown(fee.abs())))
        }
    });
    let rate = settlement.funding_rate;
    let rate = rate.map(|rate| format!("rate {}", exact_percent(rate)));
    parts.extend(rate.map(|rate| part(rate).rank(Rank::Detail).apart()));
    let on = format!(
        "on {} ct at {}",
        shown_or_untold(settlement.quantity),
        shown_or_untold(settlement.mark_price)
    );
    parts.push(part(on).rank(Rank::Minor).apart());
    Told::new(Ink::Blue, "funding", parts)
}

/// Funding rates are small: every digit counts.
fn exact_percent(fraction: Decimal) -> String {
    match fraction.checked_mul(Decimal::ONE_HUNDRED) {
        Some(percent) => format!("{} %", shown(percent.normalize())),
        None => shown(fraction),
    }
}
