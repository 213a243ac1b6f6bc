//! Balances, positions, leverage and warnings: `balance`, `position`, `positionAll`, `leverage` and `lw`.

use rust_decimal::Decimal;

use crate::CONTRACTS;
use crate::engine::WalletEvent;
use crate::engine::futures::{MarginMode, PositionSide, PositionState};
use crate::fault::LiquidationLevel;
use crate::json::Object;
use crate::pro::account_state::Funds;
use crate::pro::order::nanoseconds;
use crate::pro::risk::Exposure;
use crate::pro::streams::AccountType;

/// Renders one currency of the unified account.
pub(in crate::pro) fn unified_balance(currency: &str, funds: &Funds, time_ms: u64) -> String {
    Object::new()
        .field("c", currency)
        .field("e", funds.equity())
        .field("b", funds.total)
        .field("a", funds.available)
        .field("h", funds.hold)
        .field("U", nanoseconds(time_ms))
        .field("l", funds.liability)
        .end()
}

/// Renders one currency of a classic account.
///
/// Only margin accounts have equity and debt. The time of the funding account is in milliseconds, as text.
pub(in crate::pro) fn classic_balance(
    account_type: AccountType,
    currency: &str,
    funds: &Funds,
    time_ms: u64,
) -> String {
    let owes = matches!(account_type, AccountType::Cross | AccountType::Isolated);
    let data = Object::new()
        .field("c", currency)
        .field("e", owes.then(|| funds.equity()))
        .field("b", funds.total)
        .field("a", funds.available)
        .field("h", funds.hold)
        .field("l", owes.then_some(funds.liability));
    match account_type {
        AccountType::Funding => data.field("U", time_ms.to_string()),
        _ => data.field("U", nanoseconds(time_ms)),
    }
    .end()
}

/// Renders the classic futures account in one settlement currency.
pub(in crate::pro) fn futures_balance(change: &WalletEvent) -> String {
    let wallet = &change.wallet;
    Object::new()
        .field("c", wallet.currency.as_str())
        .field("e", wallet.equity())
        .field("b", wallet.balance)
        .field("a", wallet.available())
        .field("h", wallet.hold)
        .field("U", nanoseconds(change.time_ms))
        .field("E", wallet.version)
        .field("tCM", wallet.total_cross_margin())
        .field("cPM", wallet.cross_position_margin)
        .field("cOM", wallet.cross_order_margin)
        .field("cUP", wallet.cross_unrealised_pnl)
        .field("iPM", wallet.isolated_position_margin)
        .field("iOM", wallet.isolated_order_margin)
        .field("iUP", wallet.isolated_unrealised_pnl)
        .field("iFF", wallet.isolated_funding_margin)
        .end()
}

/// Position ID of the first contract; each contract has its own constant ID.
const FIRST_ID: u64 = 20_000_000_000_081_572;

/// Returns the ID of a position. The legs of a contract have different IDs.
pub(crate) fn position_id(position: &PositionState) -> u64 {
    let mut contracts = CONTRACTS.iter();
    let place = contracts.position(|known| *known == position.symbol);
    let legs_before = match position.position_side {
        PositionSide::Both => 0,
        PositionSide::Long => 1,
        PositionSide::Short => 2,
    };
    let place = place.unwrap_or(CONTRACTS.len()) + legs_before * (CONTRACTS.len() + 1);
    FIRST_ID + place as u64
}

/// Returns `pM`: the margin of an isolated position, or the initial margin of a cross position.
pub(crate) fn position_margin(position: &PositionState) -> Decimal {
    let own = position.isolated.as_ref();
    own.map_or(position.initial_margin, |own| own.margin)
}

/// Renders a position; the unified and classic forms are equal. Only a leg in hedge mode has a position side.
pub(in crate::pro) fn position(position: &PositionState) -> String {
    Object::new()
        .field("pi", position_id(position).to_string())
        .field("s", position.symbol)
        .field("mM", position.margin_mode.as_str())
        .field("pS", position.position_side.of_leg())
        .field("q", position.quantity.to_string())
        .field("eP", position.average_entry)
        .field("pV", position.mark_value)
        .field("mP", position.mark_price)
        .field("lP", position.liquidation_price)
        .field("bP", position.bankruptcy_price)
        .field("l", position.leverage)
        .field("uPL", position.unrealised_pnl)
        .field("rPL", position.realised_pnl())
        .field("iM", position.initial_margin)
        .field("mmr", position.maintenance_rate)
        .field("mtM", position.maintenance_margin)
        .field("pM", position_margin(position))
        .field("r", position.risk_ratio)
        .field("adl", position.deleverage)
        .field("U", nanoseconds(position.time_ms))
        .field("O", nanoseconds(position.opened_ms))
        .end()
}

/// Renders a liquidation warning; amounts are in USDT.
pub(in crate::pro) fn warning(
    level: LiquidationLevel,
    exposure: &Exposure,
    time_ms: u64,
) -> String {
    Object::new()
        .field("eT", level.as_str())
        .field("r", exposure.ratio)
        .field("a", exposure.adjusted_equity)
        .field("iM", exposure.initial_margin)
        .field("mM", exposure.maintenance_margin)
        .field("aM", exposure.available_margin)
        .field("e", exposure.equity)
        .field("l", exposure.liability)
        .field("U", nanoseconds(time_ms))
        .end()
}

/// Renders the leverage of a contract, with two decimals; the unified form also has the margin mode.
pub(in crate::pro) fn leverage(
    symbol: &'static str,
    unified: Option<MarginMode>,
    leverage: Decimal,
) -> String {
    Object::new()
        .field("s", symbol)
        .field("l", format!("{leverage:.2}"))
        .field("mM", unified.map(MarginMode::as_str))
        .field("tT", unified.map(|_| "FUTURES"))
        .end()
}
