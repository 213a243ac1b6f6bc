//! The contracts that are traded: what one is worth, its ticks and limits, and prices that walk.

use rust_decimal::{Decimal, RoundingStrategy};

use super::super::walk::walked;
use super::super::{Rejected, Side};
use crate::rng::Rng;

/// The currency in which a futures contract is margined and settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SettleCurrency {
    /// Tether: the linear contracts.
    Usdt,
    /// Bitcoin under the name that the futures host gives it: the inverse contracts.
    Xbt,
}

impl SettleCurrency {
    /// The wire's word: `USDT` or `XBT`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usdt => "USDT",
            Self::Xbt => "XBT",
        }
    }

    /// The one place where amounts of money are rounded: to 10 decimals in USDT and 16 in XBT, half
    /// to even. Whatever a division made goes through here before the ledger sees it, so that every
    /// sum of ledger entries is exact.
    pub(crate) fn round(self, amount: Decimal) -> Decimal {
        let scale = match self {
            Self::Usdt => 10,
            Self::Xbt => 16,
        };
        amount.round_dp(scale).normalize()
    }
}

/// A step of the risk limit: positions worth up to `limit` need this much maintenance margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RiskLevel {
    /// In the settlement currency.
    pub(crate) limit: i64,
    /// A part of the position's cost.
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

/// No order may have more contracts: with it every product fits the 28 digits of a `Decimal`.
pub(crate) const MAX_CONTRACTS: i64 = 1_000_000;
/// The greatest price, which also stands for a bankruptcy that no price reaches, as KuCoin writes it.
pub(crate) const MAX_PRICE: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
/// The greatest mark price. A long position may be bankrupt above its mark, by the fee of closing it, and that is to be a
/// price, too: else closing it would leave a debt.
pub(crate) const MAX_MARK: Decimal = Decimal::from_parts(900_000, 0, 0, false, 0);

/// A contract, its last price and its mark price. The index price is the mark price: no basis.
#[derive(Debug, Clone)]
pub(crate) struct Contract {
    pub(crate) symbol: &'static str,
    pub(crate) settle: SettleCurrency,
    /// What one contract is of the base currency; of an inverse one, in USD and negative.
    multiplier: Decimal,
    pub(crate) tick: Decimal,
    home: Decimal,
    pub(crate) last: Decimal,
    pub(crate) mark: Decimal,
    pub(crate) levels: &'static [RiskLevel],
}

/// The contracts of the demo account, with the multipliers and ticks of the real ones.
pub(crate) fn contracts() -> Vec<Contract> {
    let contract = |symbol, settle, multiplier, price: Decimal, levels| Contract {
        symbol,
        settle,
        multiplier,
        tick: Decimal::new(1, price.scale()),
        home: price,
        last: price,
        mark: price,
        levels,
    };
    vec![
        contract(
            "XBTUSDTM",
            SettleCurrency::Usdt,
            Decimal::new(1, 3),
            Decimal::new(674_187, 1),
            LINEAR_LEVELS,
        ),
        contract(
            "ETHUSDTM",
            SettleCurrency::Usdt,
            Decimal::new(1, 2),
            Decimal::new(351_832, 2),
            LINEAR_LEVELS,
        ),
        contract(
            "XBTUSDM",
            SettleCurrency::Xbt,
            Decimal::NEGATIVE_ONE,
            Decimal::new(674_093, 1),
            INVERSE_LEVELS,
        ),
    ]
}

impl Contract {
    pub(crate) fn is_inverse(&self) -> bool {
        self.multiplier.is_sign_negative()
    }

    /// What so many contracts are worth at a price, in the settlement currency and with KuCoin's
    /// sign: a long position is worth more than zero in a linear contract and less in an inverse one.
    /// Of every contract the profit is the value now less the value at entry.
    pub(crate) fn value(&self, quantity: i64, price: Decimal) -> Decimal {
        let quantity = Decimal::from(quantity) * self.multiplier;
        if self.is_inverse() {
            let value = quantity.checked_div(price).unwrap_or_default();
            self.settle.round(value)
        } else {
            (quantity * price).normalize()
        }
    }

    /// The price at which so many contracts are worth this much; none when no price makes it so.
    pub(crate) fn price_of(&self, quantity: i64, value: Decimal) -> Option<Decimal> {
        let quantity = Decimal::from(quantity) * self.multiplier;
        let price = if self.is_inverse() {
            quantity.checked_div(value)
        } else {
            value.checked_div(quantity)
        };
        price.filter(|price| *price > Decimal::ZERO)
    }

    /// A price on the tick at which a long position (or a short one) loses no more than at `price`.
    pub(crate) fn kind_price(&self, quantity: i64, price: Option<Decimal>) -> Decimal {
        let long = quantity > 0;
        let Some(price) = price else {
            return if long { Decimal::ZERO } else { MAX_PRICE };
        };
        let strategy = if long {
            RoundingStrategy::ToPositiveInfinity
        } else {
            RoundingStrategy::ToZero
        };
        let price = price.round_dp_with_strategy(self.tick.scale(), strategy);
        price.min(MAX_PRICE).normalize()
    }

    pub(crate) fn bid(&self) -> Decimal {
        self.last - self.tick
    }

    pub(crate) fn ask(&self) -> Decimal {
        self.last + self.tick
    }

    pub(crate) fn floor_price(&self, price: Decimal) -> Decimal {
        price
            .round_dp_with_strategy(self.tick.scale(), RoundingStrategy::ToZero)
            .normalize()
    }

    /// The price for which a new order's margin is reckoned: the worst that it may pay, or, of a
    /// sale, the best that it may get, as that makes the greater position.
    pub(crate) fn margin_price(&self, side: Side, price: Option<Decimal>, ticks: usize) -> Decimal {
        let worst = self.ask() + self.tick * Decimal::from(ticks);
        match (side, price) {
            (Side::Buy, Some(price)) => price,
            (Side::Buy, None) => worst,
            (Side::Sell, Some(price)) => price.max(self.bid()),
            (Side::Sell, None) => self.bid(),
        }
    }

    pub(crate) fn check_price(&self, price: Decimal) -> Result<(), Rejected> {
        self.check_on(price, self.tick, MAX_PRICE)
    }

    /// Mark prices have one decimal more than prices of orders.
    pub(crate) fn check_mark(&self, price: Decimal) -> Result<(), Rejected> {
        self.check_on(price, Decimal::new(1, self.tick.scale() + 1), MAX_MARK)
    }

    fn check_on(&self, price: Decimal, increment: Decimal, most: Decimal) -> Result<(), Rejected> {
        let on_tick = price.normalize().scale() <= increment.scale();
        if price <= Decimal::ZERO || price > most || !on_tick {
            return Err(Rejected::Price { price, increment });
        }
        Ok(())
    }

    pub(crate) fn check_size(size: i64) -> Result<(), Rejected> {
        if !(1..=MAX_CONTRACTS).contains(&size) {
            return Err(Rejected::Size {
                size: size.into(),
                increment: Decimal::ONE,
            });
        }
        Ok(())
    }

    /// Moves the last price by up to 0.05 %, back towards home when it strayed over 5 %.
    pub(crate) fn walk(&mut self, rng: &mut Rng) {
        self.last = walked(self.last, self.home, self.tick, rng);
    }

    /// Where the mark price goes next: a quarter of its way to the last price.
    pub(crate) fn next_mark(&self) -> Decimal {
        let next = self.mark + (self.last - self.mark) / Decimal::from(4);
        next.round_dp(self.tick.scale() + 1).normalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_are_those_that_are_told() {
        let symbols: Vec<&str> = contracts().iter().map(|contract| contract.symbol).collect();
        assert_eq!(symbols, crate::CONTRACTS);
    }

    #[test]
    fn a_linear_value_is_exact_and_an_inverse_one_is_rounded_once() {
        let all = contracts();
        assert_eq!(
            all[0].value(3, Decimal::new(674_187, 1)).to_string(),
            "202.2561"
        );
        assert_eq!(
            all[1].value(-2, Decimal::new(351_832, 2)).to_string(),
            "-70.3664"
        );
        // -100 USD / 67409.3
        let inverse = all[2].value(100, Decimal::new(674_093, 1));
        assert_eq!(inverse.to_string(), "-0.0014834748321077");
    }

    #[test]
    fn value_and_price_are_each_others_inverse() {
        for contract in contracts() {
            for quantity in [-7, 1, 250] {
                let value = contract.value(quantity, contract.last);
                let price = contract.price_of(quantity, value).unwrap();
                assert_eq!(price.round_dp(4).normalize(), contract.last.normalize());
                assert_eq!(contract.price_of(quantity, -value), None);
            }
        }
    }

    #[test]
    fn prices_stay_on_ticks_and_near_home() {
        let mut rng = Rng::new(3);
        for mut contract in contracts() {
            for _ in 0..5_000 {
                contract.walk(&mut rng);
                contract.mark = contract.next_mark();
                contract.check_price(contract.last).unwrap();
                contract.check_mark(contract.mark).unwrap();
                assert!((contract.last - contract.home).abs() < contract.home / Decimal::from(10));
            }
        }
    }
}
