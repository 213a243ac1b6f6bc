//! The symbols that are traded, their tick sizes, and a price that walks.

use rust_decimal::{Decimal, RoundingStrategy};

use super::Rejected;
use super::walk::walked;
use crate::rng::Rng;

/// A symbol and its price.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub(crate) symbol: &'static str,
    pub(crate) base: &'static str,
    pub(crate) quote: &'static str,
    pub(crate) base_increment: Decimal,
    pub(crate) price_increment: Decimal,
    /// The centre that the walk returns to.
    home: Decimal,
    pub(crate) last: Decimal,
}

/// No order may be worth more than this in its quote currency: with it every product of price,
/// size and fee rate fits the 28 digits of a `Decimal`, so that no sum is ever rounded.
pub(crate) const MAX_NOTIONAL: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// The markets of the demo account, with the tick sizes of the real ones.
pub(crate) fn markets() -> Vec<Market> {
    let market = |symbol, base, base_scale, price_scale, price: i64| Market {
        symbol,
        base,
        quote: "USDT",
        base_increment: Decimal::new(1, base_scale),
        price_increment: Decimal::new(1, price_scale),
        home: Decimal::new(price, price_scale),
        last: Decimal::new(price, price_scale),
    };
    vec![
        market("BTC-USDT", "BTC", 8, 1, 674_213),
        market("ETH-USDT", "ETH", 7, 2, 351_847),
        market("SOL-USDT", "SOL", 4, 2, 16_275),
        market("KCS-USDT", "KCS", 4, 3, 11_482),
    ]
}

impl Market {
    pub(crate) fn bid(&self) -> Decimal {
        self.last - self.price_increment
    }

    pub(crate) fn ask(&self) -> Decimal {
        self.last + self.price_increment
    }

    /// Moves the price by up to 0.05 %, back towards home when it strayed over 5 %.
    pub(crate) fn walk(&mut self, rng: &mut Rng) {
        self.last = walked(self.last, self.home, self.price_increment, rng);
    }

    /// `amount` worth of quote currency in base currency at `price`, rounded down to a valid size.
    pub(crate) fn size_for(&self, amount: Decimal, price: Decimal) -> Decimal {
        self.floor_size(amount.checked_div(price).unwrap_or_default())
    }

    pub(crate) fn floor_size(&self, size: Decimal) -> Decimal {
        size.round_dp_with_strategy(self.base_increment.scale(), RoundingStrategy::ToZero)
            .normalize()
    }

    pub(crate) fn floor_price(&self, price: Decimal) -> Decimal {
        price
            .round_dp_with_strategy(self.price_increment.scale(), RoundingStrategy::ToZero)
            .normalize()
    }

    pub(crate) fn check_size(&self, size: Decimal) -> Result<(), Rejected> {
        if size <= Decimal::ZERO || size.normalize().scale() > self.base_increment.scale() {
            return Err(Rejected::Size {
                size,
                increment: self.base_increment,
            });
        }
        Ok(())
    }

    pub(crate) fn check_price(&self, price: Decimal) -> Result<(), Rejected> {
        let on_tick = price.normalize().scale() <= self.price_increment.scale();
        if price <= Decimal::ZERO || price > MAX_NOTIONAL || !on_tick {
            return Err(Rejected::Price {
                price,
                increment: self.price_increment,
            });
        }
        Ok(())
    }

    pub(crate) fn check_notional(&self, price: Decimal, size: Decimal) -> Result<(), Rejected> {
        match price.checked_mul(size) {
            Some(notional) if notional <= MAX_NOTIONAL => Ok(()),
            _ => Err(Rejected::TooLarge {
                limit: MAX_NOTIONAL,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_markets_are_those_that_are_told() {
        let symbols: Vec<&str> = markets().iter().map(|market| market.symbol).collect();
        assert_eq!(symbols, crate::SYMBOLS);
    }

    #[test]
    fn a_walk_stays_on_ticks_and_near_home() {
        let mut rng = Rng::new(3);
        for mut market in markets() {
            for _ in 0..5_000 {
                market.walk(&mut rng);
                market.check_price(market.last).unwrap();
                assert!(market.bid() > Decimal::ZERO);
                let strayed = (market.last - market.home).abs();
                assert!(
                    strayed < market.home / Decimal::from(10),
                    "{} at {}",
                    market.symbol,
                    market.last
                );
            }
        }
    }
}
