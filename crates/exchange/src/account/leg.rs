//! Commands on one leg of the futures account in hedge mode.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::FuturesAccount;
use crate::engine::futures::{PositionSide, PositionState};
use crate::engine::{Direction, NewOrder, NewStop, Rejected, Side, StopPriceType, Trigger};

/// A handle to one leg of every contract in hedge mode; cheap to clone. See [`FuturesAccount::leg`].
///
/// A buy opens or increases the long leg, a sell reduces or closes it; for the short leg it is the reverse. An order
/// cannot close more contracts than are open and not closed by other open orders, so a leg never changes its direction.
///
/// ```
/// use kucoin_streams_exchange::{Exchange, PositionSide, Side};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let exchange = Exchange::builder().hedge_mode(true).start().await?;
/// let futures = exchange.account().futures();
/// futures.leg(PositionSide::Long).place_market("XBTUSDTM", Side::Buy, 5)?;
/// futures.leg(PositionSide::Short).place_market("XBTUSDTM", Side::Sell, 3)?;
/// assert_eq!(futures.position_of("XBTUSDTM", PositionSide::Long)?.quantity, 5);
/// assert_eq!(futures.position_of("XBTUSDTM", PositionSide::Short)?.quantity, -3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FuturesLeg {
    account: FuturesAccount,
    side: PositionSide,
}

impl FuturesAccount {
    /// Returns a handle to the positions with this side: the long or the short legs in hedge mode.
    ///
    /// [`PositionSide::Both`] is the side of all positions in one-way mode. Commands on a side that does not exist in
    /// the account's position mode return [`Rejected::PositionSide`].
    #[must_use]
    pub fn leg(&self, side: PositionSide) -> FuturesLeg {
        FuturesLeg {
            account: self.clone(),
            side,
        }
    }
}

impl FuturesLeg {
    /// Returns the side of the leg.
    #[must_use]
    pub fn side(&self) -> PositionSide {
        self.side
    }

    /// Places a limit order that changes this leg, and returns its ID. See [`FuturesAccount::place_limit`].
    ///
    /// # Errors
    /// See [`FuturesAccount::place_limit`]; also returns an error if the order would close more contracts than are open
    /// and not closed by other open orders.
    pub fn place_limit(
        &self,
        symbol: &str,
        side: Side,
        price: Decimal,
        size: i64,
    ) -> Result<String, Rejected> {
        self.place(NewOrder {
            price: Some(price),
            ..order(symbol, side, size)
        })
    }

    /// Like [`FuturesLeg::place_limit`], with a `clientOid`.
    ///
    /// # Errors
    /// See [`FuturesLeg::place_limit`].
    pub fn place_limit_as(
        &self,
        client_oid: &str,
        symbol: &str,
        side: Side,
        price: Decimal,
        size: i64,
    ) -> Result<String, Rejected> {
        self.place(NewOrder {
            price: Some(price),
            client_oid: Some(Arc::from(client_oid)),
            ..order(symbol, side, size)
        })
    }

    /// Places a market order that changes this leg, and returns its ID. It fills at once.
    ///
    /// # Errors
    /// See [`FuturesLeg::place_limit`].
    pub fn place_market(&self, symbol: &str, side: Side, size: i64) -> Result<String, Rejected> {
        self.place(order(symbol, side, size))
    }

    /// Places a stop order, whose resulting order changes this leg; returns its ID.
    ///
    /// See [`FuturesAccount::place_stop`].
    ///
    /// # Errors
    /// See [`FuturesAccount::place_stop`]; whether the leg has enough contracts to close is also checked only when the
    /// stop order triggers.
    pub fn place_stop(
        &self,
        symbol: &str,
        terms: (Side, Direction, StopPriceType),
        prices: (Decimal, Option<Decimal>),
        size: i64,
    ) -> Result<String, Rejected> {
        self.stop(stop(symbol, terms, prices, size))
    }

    /// Like [`FuturesLeg::place_stop`], with a `clientOid`.
    ///
    /// # Errors
    /// See [`FuturesLeg::place_stop`].
    pub fn place_stop_as(
        &self,
        client_oid: &str,
        symbol: &str,
        terms: (Side, Direction, StopPriceType),
        prices: (Decimal, Option<Decimal>),
        size: i64,
    ) -> Result<String, Rejected> {
        self.stop(NewStop {
            client_oid: Some(Arc::from(client_oid)),
            ..stop(symbol, terms, prices, size)
        })
    }

    /// Turns automatic margin deposits to this leg on or off. See [`FuturesAccount::set_auto_deposit`].
    ///
    /// # Errors
    /// Returns an error if the leg is not open or not in isolated mode.
    pub fn set_auto_deposit(&self, symbol: &str, on: bool) -> Result<(), Rejected> {
        let leg = (symbol, self.side);
        self.account
            .act(|engine| engine.set_auto_deposit_on(leg, on))
    }

    /// Adds margin to this leg, in its settlement currency.
    ///
    /// # Errors
    /// Returns an error if the leg is not open or not in isolated mode, or the available margin is insufficient.
    pub fn add_margin(&self, symbol: &str, amount: Decimal) -> Result<(), Rejected> {
        let leg = (symbol, self.side);
        self.account.act(|engine| engine.add_margin_on(leg, amount))
    }

    /// Returns the current state of this leg, open or closed.
    ///
    /// # Errors
    /// See [`FuturesAccount::position_of`].
    pub fn position(&self, symbol: &str) -> Result<PositionState, Rejected> {
        self.account.position_of(symbol, self.side)
    }

    fn place(&self, new: NewOrder<'_>) -> Result<String, Rejected> {
        let new = NewOrder {
            position_side: self.side,
            ..new
        };
        let placed = self.account.act(|engine| engine.place(new));
        placed.map(|id| id.to_string())
    }

    fn stop(&self, new: NewStop<'_>) -> Result<String, Rejected> {
        let placed = self
            .account
            .act(|engine| engine.place_stop_on(self.side, new));
        placed.map(|id| id.to_string())
    }
}

fn order(symbol: &str, side: Side, size: i64) -> NewOrder<'_> {
    NewOrder::new(None, symbol, side, Decimal::from(size))
}

fn stop(
    symbol: &str,
    (side, direction, price_type): (Side, Direction, StopPriceType),
    (stop_price, order_price): (Decimal, Option<Decimal>),
    size: i64,
) -> NewStop<'_> {
    NewStop {
        wallet: None,
        symbol,
        side,
        trigger: Trigger {
            direction,
            price_type,
            price: stop_price,
        },
        order_price,
        size: Decimal::from(size),
        client_oid: None,
    }
}

impl fmt::Debug for FuturesLeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuturesLeg")
            .field("side", &self.side)
            .finish_non_exhaustive()
    }
}
