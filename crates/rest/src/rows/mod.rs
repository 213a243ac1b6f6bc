//! Row types: one entry of a reply each, lossless.
//!
//! Times are exact; amounts are exact decimals; IDs are text, even if KuCoin sends a number. Serialization writes KuCoin's
//! names.

pub mod account;
pub mod futures;
pub mod margin;
pub mod spot;
pub mod stop;
pub mod unified;
mod words;

pub use words::{MarginMode, OrderEnd, OrderType, PositionSide, TradeType};

use kucoin_streams_core::Decimal;
use kucoin_streams_decode::{Record, Scanner};

use spot::{LedgerDirection, LedgerTrade};

/// Returns the amount of a booking with its sign; `None` if the amount or its direction is unknown.
fn signed(amount: Option<Decimal>, direction: &LedgerDirection) -> Option<Decimal> {
    match direction {
        LedgerDirection::In => amount,
        LedgerDirection::Out => amount.map(|amount| -amount),
        LedgerDirection::Unknown(_) => None,
    }
}

/// Reads the context of a booking: JSON, empty, or (in 2022) JSON with single quotes.
fn ledger_trade(context: &str) -> Option<LedgerTrade> {
    let read = |context: &str| LedgerTrade::read(&mut Scanner::new(context)).ok();
    let trade = read(context).or_else(|| read(&context.replace('\'', "\"")))?;
    let is_named = trade.symbol.is_some() || trade.order_id.is_some() || trade.trade_id.is_some();
    is_named.then_some(trade)
}

#[cfg(test)]
mod classic_tests;
#[cfg(test)]
mod spot_tests;
#[cfg(test)]
mod test_support;
