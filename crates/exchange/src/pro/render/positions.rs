//! Positions: `position` and `positionAll`, in one form for both kinds of account.

use crate::CONTRACTS;
use crate::engine::futures::FuturesPosition;
use crate::json::Object;
use crate::pro::order::nanoseconds;

/// The id of the position in the first contract; each contract keeps its own for ever.
const FIRST_ID: u64 = 20_000_000_000_081_572;

pub(in crate::pro) fn position(position: &FuturesPosition) -> String {
    let place = CONTRACTS.iter().position(|known| *known == position.symbol);
    let id = FIRST_ID + place.unwrap_or(CONTRACTS.len()) as u64;
    let margin = position.isolated.as_ref();
    let margin = margin.map_or(position.initial_margin, |own| own.margin);
    Object::new()
        .string("pi", &id.to_string())
        .word("s", position.symbol)
        .word("mM", position.margin_mode.as_str())
        .number_text("q", position.quantity)
        .decimal("eP", position.average_entry)
        .decimal("pV", position.mark_value)
        .decimal("mP", position.mark_price)
        .decimal("lP", position.liquidation_price)
        .decimal("bP", position.bankruptcy_price)
        .decimal("l", position.leverage)
        .decimal("uPL", position.unrealised_pnl)
        .decimal("rPL", position.realised_pnl())
        .decimal("iM", position.initial_margin)
        .decimal("mmr", position.maintenance_rate)
        .decimal("mtM", position.maintenance_margin)
        .decimal("pM", margin)
        .decimal("r", position.risk_ratio)
        .decimal("adl", position.deleverage)
        .bare("U", nanoseconds(position.time_ms))
        .bare("O", nanoseconds(position.opened_ms))
        .end()
}
