//! Bookings of the futures account and its closed positions, from fills, funding and reported states.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::engine::futures::{
    FuturesBalance, PositionSide, PositionState, SettleCurrency, opening_balance,
};
use crate::engine::{Fill, FundingEvent, Order, PositionChange, Side};

/// Why a futures balance changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BookingReason {
    /// A fill that only opened contracts.
    Open,
    /// A fill that closed contracts.
    Close,
    Funding,
    /// A deposit or withdrawal.
    Transfer,
}

/// One change of a futures balance.
#[derive(Debug, Clone)]
pub(crate) struct Booking {
    pub(crate) reason: BookingReason,
    pub(crate) currency: SettleCurrency,
    /// The contract; `None` for a transfer.
    pub(crate) symbol: Option<&'static str>,
    /// Signed change of the balance, with PnL and fee.
    pub(crate) amount: Decimal,
    pub(crate) fee: Decimal,
    /// Balance after the change.
    pub(crate) balance: Decimal,
    /// Equity after the change.
    pub(crate) equity: Decimal,
}

/// A closed position.
#[derive(Debug, Clone)]
pub(crate) struct ClosedPosition {
    /// State after the fill that closed the position.
    pub(crate) state: PositionState,
    /// Side that opened the position: buy for a long position.
    pub(crate) side: Side,
    pub(crate) max_size: u64,
    /// Price of the last fill.
    pub(crate) close_price: Decimal,
    /// Average price of all fills that closed contracts.
    pub(crate) average_close: Decimal,
    pub(crate) liquidated: bool,
}

/// Decimals of an average price.
const PRICE_SCALE: u32 = 10;

/// The fills that closed contracts of an open position.
#[derive(Debug, Default)]
struct Closing {
    max_size: u64,
    contracts: Decimal,
    /// Sum of contracts times price; in an inverse contract, of contracts divided by price.
    weighted: Decimal,
    last_price: Decimal,
}

/// Symbol and side of a position.
type PositionKey = (&'static str, PositionSide);

/// Latest states of the futures account, from which changes are derived.
#[derive(Debug)]
pub(super) struct FuturesStates {
    balances: [Decimal; 2],
    positions: BTreeMap<PositionKey, PositionState>,
    closing: BTreeMap<PositionKey, Closing>,
    /// Reason, contract and fee of the balance change that is reported next.
    booking: Option<(BookingReason, Option<&'static str>, Decimal)>,
}

impl FuturesStates {
    /// Creates the states of an account without activity.
    pub(super) fn new() -> Self {
        Self {
            balances: SettleCurrency::ALL.map(opening_balance),
            positions: BTreeMap::new(),
            closing: BTreeMap::new(),
            booking: None,
        }
    }

    /// Returns the last reported state of each position of a contract that was ever reported, the long leg first.
    pub(super) fn positions(&self, symbol: &str) -> impl Iterator<Item = &PositionState> {
        let positions = self.positions.values();
        positions.filter(move |position| position.symbol == symbol)
    }

    /// Applies a fill, which the engine reports before its position and balance.
    pub(super) fn filled(&mut self, order: &Order, fill: &Fill) {
        let side = order.terms.position_side().unwrap_or(PositionSide::Both);
        let position = self.positions.get(&(order.symbol, side));
        let quantity = position.map_or(Decimal::ZERO, |known| known.quantity.into());
        let closable = order.side.opposite().signed(quantity).max(Decimal::ZERO);
        let contracts = closable.min(fill.size);
        let reason = match contracts.is_zero() {
            true => BookingReason::Open,
            false => BookingReason::Close,
        };
        self.booking = Some((reason, Some(order.symbol), fill.fee));
        if let Some(position) = position.filter(|_| !contracts.is_zero()) {
            let closing = self.closing.entry((order.symbol, side)).or_default();
            closing.contracts += contracts;
            closing.last_price = fill.price;
            closing.weighted += match position.settle_currency {
                SettleCurrency::Usdt => contracts * fill.price,
                SettleCurrency::Xbt => contracts.checked_div(fill.price).unwrap_or_default(),
            };
        }
    }

    /// Applies a funding settlement, which the engine reports before its position and balance.
    pub(super) fn funded(&mut self, funding: &FundingEvent) {
        let booking = (BookingReason::Funding, Some(funding.symbol), Decimal::ZERO);
        // A fee of zero changes no balance.
        self.booking = (!funding.fee.is_zero()).then_some(booking);
    }

    /// Applies a reported position; returns the closed position if this report closed it.
    pub(super) fn reported(
        &mut self,
        change: PositionChange,
        state: PositionState,
    ) -> Option<ClosedPosition> {
        let size = state.quantity.unsigned_abs();
        let key = (state.symbol, state.position_side);
        let closing = self.closing.entry(key).or_default();
        closing.max_size = closing.max_size.max(size);
        let before = self.positions.insert(key, state.clone());
        let before = before.map_or(0, |before| before.quantity);
        if size != 0 {
            return None;
        }
        let closing = self.closing.remove(&key)?;
        (before != 0).then(|| ClosedPosition {
            side: match before > 0 {
                true => Side::Buy,
                false => Side::Sell,
            },
            max_size: closing.max_size,
            close_price: closing.last_price,
            average_close: closing.average(state.settle_currency),
            liquidated: change == PositionChange::Liquidation,
            state,
        })
    }

    /// Applies a reported balance; returns the booking that changed it.
    pub(super) fn booked(&mut self, wallet: &FuturesBalance) -> Option<Booking> {
        let known = &mut self.balances[wallet.currency as usize];
        let amount = wallet.balance - std::mem::replace(known, wallet.balance);
        let transfer = (BookingReason::Transfer, None, Decimal::ZERO);
        let (reason, symbol, fee) = self.booking.take().unwrap_or(transfer);
        (!amount.is_zero()).then_some(Booking {
            reason,
            currency: wallet.currency,
            symbol,
            amount,
            fee,
            balance: wallet.balance,
            equity: wallet.equity(),
        })
    }
}

impl Closing {
    fn average(&self, currency: SettleCurrency) -> Decimal {
        let average = match currency {
            SettleCurrency::Usdt => self.weighted.checked_div(self.contracts),
            SettleCurrency::Xbt => self.contracts.checked_div(self.weighted),
        };
        average
            .unwrap_or(self.last_price)
            .round_dp(PRICE_SCALE)
            .normalize()
    }
}
