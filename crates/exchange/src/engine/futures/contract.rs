//! The futures contracts: value, risk limit levels and mark price.

use rust_decimal::{Decimal, RoundingStrategy};

use super::position::{Position, Trade};
use super::{MarginMode, PositionSide, TAKER_FEE};
use crate::engine::Rejected;
use crate::engine::event::Side;
use crate::engine::market::{Market, check_price};
use crate::wire::wire_enum;

wire_enum! {
    /// Margin and settlement currency of a futures contract.
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum SettleCurrency {
        /// Tether: the linear contracts.
        "USDT" Usdt,
        /// Bitcoin, as the futures host calls it: the inverse contracts.
        "XBT" Xbt,
    }
}

impl SettleCurrency {
    /// Both currencies.
    pub(crate) const ALL: [Self; 2] = [Self::Usdt, Self::Xbt];

    /// Rounds an amount half to even: to 10 decimals in USDT, to 16 in XBT.
    ///
    /// Futures amounts are rounded only here: the result of every division is rounded before it is booked, so all sums
    /// of booked amounts are exact.
    pub(crate) fn round(self, amount: Decimal) -> Decimal {
        let scale = match self {
            Self::Usdt => 10,
            Self::Xbt => 16,
        };
        amount.round_dp(scale).normalize()
    }
}

/// A risk limit level: maintenance margin rate and maximum leverage for positions up to `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RiskLevel {
    /// Maximum position value, in the settlement currency.
    pub(crate) limit: i64,
    /// Maintenance margin rate, as a fraction of the cost.
    pub(crate) maintenance: Decimal,
    pub(crate) max_leverage: i64,
}

const fn level(limit: i64, per_mille: u32, max_leverage: i64) -> RiskLevel {
    RiskLevel {
        limit,
        maintenance: Decimal::from_parts(per_mille, 0, 0, false, 3),
        max_leverage,
    }
}

const LINEAR_LEVELS: &[RiskLevel] = &[
    level(500_000, 4, 125),
    level(2_000_000, 7, 75),
    level(10_000_000, 14, 35),
    level(50_000_000, 40, 10),
];

const INVERSE_LEVELS: &[RiskLevel] = &[
    level(20, 5, 100),
    level(100, 10, 50),
    level(400, 25, 20),
    level(1_000, 50, 10),
];

/// Maximum order size. Products with it fit into the 28 digits of a `Decimal`.
const MAX_CONTRACTS: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
/// Maximum price. As on KuCoin, it is also the bankruptcy price if no price is high enough.
const MAX_PRICE: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
/// Maximum mark price, below [`MAX_PRICE`] to leave room for the bankruptcy price of a long position.
///
/// The bankruptcy price may be above the mark price by the closing fee. It must be a valid price too, or closing would
/// leave a debt.
pub(crate) const MAX_MARK: Decimal = Decimal::from_parts(900_000, 0, 0, false, 0);

/// A contract, its mark price, and the account's positions in it. The index price equals the mark price.
#[derive(Debug, Clone)]
pub(crate) struct Contract {
    pub(crate) market: Market,
    pub(crate) settle: SettleCurrency,
    /// Contract size in base currency; of an inverse contract in USD and negative.
    multiplier: Decimal,
    pub(crate) mark: Decimal,
    pub(crate) levels: &'static [RiskLevel],
    /// The position in one-way mode, or the long leg in hedge mode.
    ///
    /// Its settings (margin mode, leverage, risk limit level) are those of the contract.
    pub(crate) position: Position,
    /// The short leg; `None` in one-way mode. Its settings equal those of the long leg.
    pub(crate) short_leg: Option<Position>,
}

/// Returns the contracts, with the multipliers and tick sizes of the real ones.
pub(crate) fn contracts() -> Vec<Contract> {
    let contract = |symbol, base, multiplier: Decimal, price: Decimal, (mode, leverage)| {
        let (settle, levels) = match multiplier.is_sign_negative() {
            false => (SettleCurrency::Usdt, LINEAR_LEVELS),
            true => (SettleCurrency::Xbt, INVERSE_LEVELS),
        };
        Contract {
            market: Market {
                symbol,
                base,
                quote: settle.as_str(),
                size_increment: Decimal::ONE,
                tick: Decimal::new(1, price.scale()),
                limits: (MAX_CONTRACTS, MAX_PRICE),
                anchor: price,
                last: price,
            },
            settle,
            multiplier,
            mark: price,
            levels,
            position: Position::new(settle, mode, leverage),
            short_leg: None,
        }
    };
    let (linear_xbt, linear_eth) = (Decimal::new(1, 3), Decimal::new(1, 2));
    vec![
        contract(
            "XBTUSDTM",
            "XBT",
            linear_xbt,
            Decimal::new(674_187, 1),
            (MarginMode::Cross, 10),
        ),
        contract(
            "ETHUSDTM",
            "ETH",
            linear_eth,
            Decimal::new(351_832, 2),
            (MarginMode::Isolated, 8),
        ),
        contract(
            "XBTUSDM",
            "XBT",
            Decimal::NEGATIVE_ONE,
            Decimal::new(674_093, 1),
            (MarginMode::Isolated, 5),
        ),
    ]
}

impl Contract {
    /// Replaces the position by a long and a short leg, without changing the settings.
    pub(crate) fn with_legs(mut self) -> Self {
        let mut short_leg = self.position.clone();
        short_leg.side = PositionSide::Short;
        self.position.side = PositionSide::Long;
        self.short_leg = Some(short_leg);
        self
    }

    /// Returns the positions: one in one-way mode, or the long and the short leg.
    pub(crate) fn positions(&self) -> impl Iterator<Item = &Position> {
        std::iter::once(&self.position).chain(&self.short_leg)
    }

    pub(crate) fn positions_mut(&mut self) -> impl Iterator<Item = &mut Position> {
        std::iter::once(&mut self.position).chain(&mut self.short_leg)
    }

    /// Returns a position, whose side must be one of [`Contract::positions`].
    pub(crate) fn position_of(&self, side: PositionSide) -> &Position {
        let short = self.short_leg.as_ref();
        short.filter(|it| it.side == side).unwrap_or(&self.position)
    }

    pub(crate) fn position_of_mut(&mut self, side: PositionSide) -> &mut Position {
        let short = self.short_leg.as_mut();
        short
            .filter(|it| it.side == side)
            .unwrap_or(&mut self.position)
    }

    /// Returns `true` if any position is open.
    pub(crate) fn is_open(&self) -> bool {
        self.positions().any(Position::is_open)
    }

    fn is_inverse(&self) -> bool {
        self.multiplier.is_sign_negative()
    }

    /// Returns the value of `quantity` contracts at a price, in the settlement currency with KuCoin's sign.
    ///
    /// A long position has a positive value in a linear contract and a negative one in an inverse contract. In both,
    /// the profit is the current value minus the value at entry.
    pub(crate) fn value(&self, quantity: Decimal, price: Decimal) -> Decimal {
        let quantity = quantity * self.multiplier;
        if self.is_inverse() {
            let value = quantity.checked_div(price).unwrap_or_default();
            self.settle.round(value)
        } else {
            (quantity * price).normalize()
        }
    }

    /// Returns the price at which `quantity` contracts have this value; `None` if no positive price does.
    pub(crate) fn price_of(&self, quantity: Decimal, value: Decimal) -> Option<Decimal> {
        let quantity = quantity * self.multiplier;
        let price = if self.is_inverse() {
            quantity.checked_div(value)
        } else {
            value.checked_div(quantity)
        };
        price.filter(|price| *price > Decimal::ZERO)
    }

    /// Returns the price at which an open position has this value.
    ///
    /// The price is rounded to the tick, in the direction that does not increase the loss.
    pub(crate) fn price_at_value(&self, position: &Position, value: Decimal) -> Decimal {
        let long = position.quantity > Decimal::ZERO;
        let (strategy, never) = if long {
            (RoundingStrategy::ToPositiveInfinity, Decimal::ZERO)
        } else {
            (RoundingStrategy::ToZero, MAX_PRICE)
        };
        let price = self.price_of(position.quantity, value);
        let price = price.map_or(never, |price| {
            price.round_dp_with_strategy(self.market.tick.scale(), strategy)
        });
        price.min(MAX_PRICE).normalize()
    }

    /// Returns the price for the margin of a new order.
    ///
    /// This is the worst price for a buy and the best price for a sell, which gives the larger position.
    pub(crate) fn margin_price(&self, side: Side, price: Option<Decimal>, ticks: usize) -> Decimal {
        let market = &self.market;
        match (side, price) {
            (Side::Buy, Some(price)) => price,
            (Side::Buy, None) => market.ask() + market.tick * Decimal::from(ticks),
            (Side::Sell, price) => price.unwrap_or_default().max(market.bid()),
        }
    }

    /// Returns the margin of an order that opens `opening` contracts.
    pub(crate) fn order_margin(
        &self,
        opening: Decimal,
        price: Decimal,
        leverage: Decimal,
    ) -> Decimal {
        let value = self.value(opening, price).abs();
        self.settle.round(value / leverage + value * TAKER_FEE)
    }

    /// Checks a mark price, which may have one decimal more than an order price.
    pub(crate) fn check_mark(&self, price: Decimal) -> Result<(), Rejected> {
        let increment = Decimal::new(1, self.market.tick.scale() + 1);
        check_price(price, increment, MAX_MARK)
    }

    /// Returns the next mark price: a quarter of the way to the last price.
    pub(crate) fn next_mark(&self) -> Decimal {
        let next = self.mark + (self.market.last - self.mark) / Decimal::from(4);
        next.round_dp(self.market.tick.scale() + 1).normalize()
    }

    /// Returns the value of a position at the mark price.
    pub(crate) fn mark_value(&self, position: &Position) -> Decimal {
        self.value(position.quantity, self.mark)
    }

    pub(crate) fn unrealised(&self, position: &Position) -> Decimal {
        self.mark_value(position) - position.open_cost
    }

    pub(crate) fn maintenance_rate(&self) -> Decimal {
        self.levels[self.position.risk_level].maintenance
    }

    /// Applies a trade that only opens or only closes; returns the realised PnL before the fee.
    pub(crate) fn trade(&mut self, side: PositionSide, trade: Trade, price: Decimal) -> Decimal {
        let position = self.position_of_mut(side);
        let opens = position.closing(trade.quantity).is_zero();
        let profit = position.apply(trade);
        if opens {
            // Reported only; the position stores the cost. Three decimals more than the tick.
            let (quantity, cost) = (position.quantity, position.open_cost);
            let entry = self.price_of(quantity, cost).unwrap_or(price);
            let scale = self.market.tick.scale() + 3;
            self.position_of_mut(side).average_entry = entry.round_dp(scale).normalize();
        }
        profit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_value_is_exact_and_inverse_value_is_rounded_once() {
        let all = contracts();
        let value = |index: usize, quantity: i64| {
            let contract: &Contract = &all[index];
            let value = contract.value(Decimal::from(quantity), contract.market.last);
            value.to_string()
        };
        assert_eq!([value(0, 3), value(1, -2)], ["202.2561", "-70.3664"]);
        // -100 USD / 67409.3
        assert_eq!(value(2, 100), "-0.0014834748321077");
    }

    #[test]
    fn value_and_price_are_each_others_inverse() {
        for contract in contracts() {
            for quantity in [-7, 1, 250].map(Decimal::from) {
                let last = contract.market.last;
                let value = contract.value(quantity, last);
                let price = contract.price_of(quantity, value).unwrap();
                assert_eq!(price.round_dp(4).normalize(), last.normalize());
                assert_eq!(contract.price_of(quantity, -value), None);
            }
        }
    }
}
