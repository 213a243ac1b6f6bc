//! What is told of the account's risk and settings: `lw` and `leverage`.

use rust_decimal::Decimal;

use crate::engine::futures::MarginMode;
use crate::fault::LiquidationLevel;
use crate::json::Object;
use crate::pro::order::nanoseconds;
use crate::pro::risk::Exposure;

/// A warning; amounts are in USDT.
pub(in crate::pro) fn warning(
    level: LiquidationLevel,
    exposure: &Exposure,
    time_ms: u64,
) -> String {
    Object::new()
        .word("eT", level.as_str())
        .decimal("r", exposure.ratio)
        .decimal("a", exposure.adjusted_equity)
        .decimal("iM", exposure.initial_margin)
        .decimal("mM", exposure.maintenance_margin)
        .decimal("aM", exposure.available_margin)
        .decimal("e", exposure.equity)
        .decimal("l", exposure.liability)
        .bare("U", nanoseconds(time_ms))
        .end()
}

/// The leverage that counts in a contract, as the unified account tells it.
pub(in crate::pro) fn unified_leverage(
    symbol: &'static str,
    mode: MarginMode,
    leverage: Decimal,
) -> String {
    Object::new()
        .word("s", symbol)
        .string("l", &two_decimals(leverage))
        .word("mM", mode.as_str())
        .word("tT", "FUTURES")
        .end()
}

/// As the classic futures account tells it.
pub(in crate::pro) fn classic_leverage(symbol: &'static str, leverage: Decimal) -> String {
    Object::new()
        .word("s", symbol)
        .string("l", &two_decimals(leverage))
        .end()
}

/// A leverage is never finer.
fn two_decimals(leverage: Decimal) -> String {
    format!("{leverage:.2}")
}
