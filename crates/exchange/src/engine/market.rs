//! A market: tick size, size increment, and a price that follows a random walk.

use rust_decimal::{Decimal, RoundingStrategy};

use super::Rejected;
use super::event::Side;
use crate::rng::Rng;

/// A traded symbol and its last price.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub(crate) symbol: &'static str,
    pub(crate) base: &'static str,
    /// Quote currency; for a contract the settlement currency.
    pub(crate) quote: &'static str,
    pub(crate) size_increment: Decimal,
    pub(crate) tick: Decimal,
    /// Maximum size and price of an order.
    pub(crate) limits: (Decimal, Decimal),
    /// Price to which the random walk returns.
    pub(crate) anchor: Decimal,
    pub(crate) last: Decimal,
}

/// Maximum value of a spot order in its quote currency.
///
/// Every product of price, size and fee rate fits into the 28 digits of a `Decimal`, so no sum is rounded.
pub(crate) const MAX_NOTIONAL: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// Returns the spot markets, with the tick sizes of the real ones.
pub(crate) fn markets() -> Vec<Market> {
    let market = |symbol, base, base_scale, price_scale, price: i64| Market {
        symbol,
        base,
        quote: "USDT",
        size_increment: Decimal::new(1, base_scale),
        tick: Decimal::new(1, price_scale),
        limits: (Decimal::MAX, MAX_NOTIONAL),
        anchor: Decimal::new(price, price_scale),
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
        self.last - self.tick
    }

    pub(crate) fn ask(&self) -> Decimal {
        self.last + self.tick
    }

    /// Returns the best price for an order of this side.
    pub(crate) fn best_for(&self, side: Side) -> Decimal {
        match side {
            Side::Buy => self.ask(),
            Side::Sell => self.bid(),
        }
    }

    /// Moves the price randomly by up to 0.05 %, back towards the anchor if it is more than 5 % away.
    pub(crate) fn walk(&mut self, rng: &mut Rng) {
        let reach = self.last / Decimal::from(2_000);
        let ticks = (reach / self.tick).trunc().mantissa().max(1);
        let ticks = u64::try_from(ticks).unwrap_or(1);
        let step = Decimal::from(rng.between(0, ticks)) * self.tick;
        let band = self.anchor / Decimal::from(20);
        let up = if self.last > self.anchor + band {
            false
        } else if self.last < self.anchor - band {
            true
        } else {
            rng.chance(50)
        };
        self.last += if up { step } else { -step };
    }

    /// Converts an amount of quote currency to base currency at `price`, rounded down to a valid size.
    pub(crate) fn size_for(&self, amount: Decimal, price: Decimal) -> Decimal {
        self.floor_size(amount.checked_div(price).unwrap_or_default())
    }

    pub(crate) fn floor_size(&self, size: Decimal) -> Decimal {
        floor(size, self.size_increment)
    }

    pub(crate) fn floor_price(&self, price: Decimal) -> Decimal {
        floor(price, self.tick)
    }

    pub(crate) fn check_size(&self, size: Decimal) -> Result<(), Rejected> {
        if is_multiple(size, self.size_increment, self.limits.0) {
            Ok(())
        } else {
            Err(self.invalid_size(size))
        }
    }

    pub(crate) fn invalid_size(&self, size: Decimal) -> Rejected {
        Rejected::Size {
            size,
            increment: self.size_increment,
        }
    }

    pub(crate) fn check_price(&self, price: Decimal) -> Result<(), Rejected> {
        check_price(price, self.tick, self.limits.1)
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

pub(crate) fn check_price(
    price: Decimal,
    increment: Decimal,
    most: Decimal,
) -> Result<(), Rejected> {
    if is_multiple(price, increment, most) {
        Ok(())
    } else {
        Err(Rejected::Price { price, increment })
    }
}

/// Returns `true` if the amount is positive, at most `most`, and a multiple of the increment.
///
/// The increment is a power of ten.
fn is_multiple(amount: Decimal, increment: Decimal, most: Decimal) -> bool {
    let on_increment = amount.normalize().scale() <= increment.scale();
    amount > Decimal::ZERO && amount <= most && on_increment
}

fn floor(amount: Decimal, increment: Decimal) -> Decimal {
    amount
        .round_dp_with_strategy(increment.scale(), RoundingStrategy::ToZero)
        .normalize()
}

#[cfg(test)]
mod tests {
    use super::super::futures::contracts;
    use super::*;

    #[test]
    fn markets_match_the_public_symbol_lists() {
        let symbols: Vec<&str> = markets().iter().map(|market| market.symbol).collect();
        assert_eq!(symbols, crate::SYMBOLS);
        let contracts = contracts();
        let symbols: Vec<&str> = contracts.iter().map(|known| known.market.symbol).collect();
        assert_eq!(symbols, crate::CONTRACTS);
    }

    #[test]
    fn prices_stay_on_ticks_and_near_anchor() {
        let mut rng = Rng::new(3);
        let contracts = contracts().into_iter().map(|contract| contract.market);
        for mut market in markets().into_iter().chain(contracts) {
            for _ in 0..5_000 {
                market.walk(&mut rng);
                market.check_price(market.last).unwrap();
                let away = (market.last - market.anchor).abs();
                assert!(away < market.anchor / Decimal::from(10), "{market:?}");
            }
        }
    }
}
