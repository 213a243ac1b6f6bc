//! An order as Pro V2 sees it: one form for orders and conditional orders of spot, margin and
//! futures, made from the engine's events, with the state that each of them says.

mod futures;
mod spot;

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::streams::Part;
use crate::engine::futures::{Direction, MarginMode, StopPriceType};
use crate::engine::{Liquidity, Side, Text};

/// Decimals of an average price: rounded once, here, and only told.
const AVERAGE_SCALE: u32 = 20;

/// What an order has come to: `os` and `eT` together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A conditional order waits.
    Waiting,
    Triggered,
    Live,
    /// Part of it was cut off.
    Cut,
    PartlyFilled,
    Filled,
    Canceled,
}

/// Why the rest of an order was cancelled: `cR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    User,
    /// The market had no more for an order without a limit.
    NoMaker,
    RiskLimit,
    Liquidation,
    /// The order that should follow a trigger was not taken.
    Exception,
}

/// What of an order makes it a futures order.
#[derive(Debug, Clone, Copy)]
pub(super) struct FuturesTerms {
    pub(super) margin_mode: MarginMode,
    /// 0 of a conditional order, as on the wire.
    pub(super) leverage: Decimal,
}

/// What a conditional order waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition {
    pub(super) direction: Direction,
    pub(super) price: Decimal,
    pub(super) price_type: StopPriceType,
}

/// One execution.
#[derive(Debug, Clone)]
pub(super) struct Fill {
    pub(super) price: Decimal,
    pub(super) size: Decimal,
    pub(super) trade_id: Text,
    pub(super) liquidity: Liquidity,
    pub(super) fee: Decimal,
    /// The profit of what it closed; None outside of futures.
    pub(super) closed_pnl: Option<Decimal>,
    /// It closed a position that its margin did not cover any more.
    pub(super) liquidation: bool,
}

/// One change of an order.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// The classic account that it belongs to.
    pub(super) part: Part,
    pub(super) stage: Stage,
    pub(super) symbol: &'static str,
    pub(super) side: Side,
    pub(super) id: Text,
    pub(super) client_oid: Option<Text>,
    /// None for a market order.
    pub(super) price: Option<Decimal>,
    /// What `size`, `remain` and `canceled` are in: `BASECCY`, `QUOTECCY` or `UNIT`.
    pub(super) unit: &'static str,
    pub(super) size: Decimal,
    /// In base currency or contracts, also of an order by funds.
    pub(super) filled: Decimal,
    pub(super) remain: Decimal,
    pub(super) canceled: Decimal,
    pub(super) average_price: Decimal,
    pub(super) fee: Decimal,
    pub(super) fee_currency: &'static str,
    pub(super) fill: Option<Fill>,
    pub(super) reason: Option<Reason>,
    pub(super) condition: Option<Condition>,
    /// The conditional order that it comes from.
    pub(super) origin: Option<Text>,
    pub(super) futures: Option<FuturesTerms>,
    pub(super) created_ns: u64,
    pub(super) updated_ns: u64,
}

impl Order {
    /// What it was before anything happened to it.
    fn when_placed(self) -> Self {
        Self {
            filled: Decimal::ZERO,
            remain: self.size,
            canceled: Decimal::ZERO,
            average_price: Decimal::ZERO,
            fee: Decimal::ZERO,
            fill: None,
            reason: None,
            updated_ns: self.created_ns,
            ..self
        }
    }

    /// A conditional order that comes to this stage: nothing of it is ever filled, as that is told of
    /// the order that follows it.
    fn conditional(self, (stage, reason): (Stage, Option<Reason>)) -> Self {
        let canceled = stage == Stage::Canceled;
        let (remain, canceled) = if canceled {
            (Decimal::ZERO, self.size)
        } else {
            (self.size, Decimal::ZERO)
        };
        Self {
            stage,
            remain,
            canceled,
            reason,
            ..self
        }
    }

    /// Rounded to 20 decimals where the division does not end.
    fn average(filled_value: Decimal, filled: Decimal) -> Decimal {
        let average = filled_value.checked_div(filled).unwrap_or_default();
        average.round_dp(AVERAGE_SCALE)
    }
}

/// The id of an order in the unified account: 18 decimal digits, too many for a float. Those of spot, 24 characters in the
/// classic accounts, are made from the counter in them.
pub(crate) fn unified_id(id: &str) -> Cow<'_, str> {
    const FIRST: u64 = 385_168_432_000_000_000;
    const NOISE_BITS: u32 = 20;
    let counter = id.get(18..24).filter(|_| id.len() == 24);
    let Some(counter) = counter.and_then(|digits| u64::from_str_radix(digits, 16).ok()) else {
        return Cow::Borrowed(id);
    };
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let noise = id.bytes().fold(0xcbf2_9ce4_8422_2325, mix) >> (64 - NOISE_BITS);
    Cow::Owned((FIRST + (counter << NOISE_BITS) + noise).to_string())
}

/// The engine's clock ticks in milliseconds, the wire's in nanoseconds.
pub(super) fn nanoseconds(ms: u64) -> u64 {
    ms.saturating_mul(1_000_000)
}
