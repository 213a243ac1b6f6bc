//! A trader with random orders on the account of the local exchange.

use kucoin_streams_exchange::{Account, Decimal, Direction, Side, StopKind, StopPriceType};
use kucoin_streams_tests::rng::Rng;

/// The market that a trader uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Market {
    Spot,
    Futures,
}

/// A trader that places, fills, reduces and cancels orders at random.
pub(crate) struct Trader {
    account: Account,
    market: Market,
    open: Vec<String>,
    stops: Vec<String>,
    /// Number of orders placed.
    pub(crate) placed: usize,
}

const SPOT: [(&str, i64, i64); 2] = [("KCS-USDT", 8, 10), ("SOL-USDT", 100, 1)];

impl Trader {
    pub(crate) fn new(account: Account, market: Market) -> Self {
        Self {
            account,
            market,
            open: Vec::new(),
            stops: Vec::new(),
            placed: 0,
        }
    }

    /// Does one random thing; what the exchange rejects is ignored.
    pub(crate) fn act(&mut self, rng: &mut Rng) {
        match rng.below(12) {
            0..=2 => self.place(rng, false),
            3..=4 => self.place(rng, true),
            5..=7 => self.fill(rng),
            8 => self.cancel(rng),
            9 => self.reduce(rng),
            10 => self.stop(rng),
            _ => self.cancel_stop(rng),
        }
    }

    fn place(&mut self, rng: &mut Rng, is_market: bool) {
        let side = *rng.pick(&[Side::Buy, Side::Sell]);
        let placed = match self.market {
            Market::Spot => {
                let (symbol, price, size) = *rng.pick(&SPOT);
                let size = Decimal::from(size * (1 + rng.below(3) as i64));
                match is_market {
                    true => self.account.place_market(symbol, side, size),
                    // Far from the market, so that the order rests.
                    false => {
                        let price = if side == Side::Buy {
                            price / 2
                        } else {
                            price * 3
                        };
                        self.account
                            .place_limit(symbol, side, Decimal::from(price), size)
                    }
                }
            }
            Market::Futures => {
                let futures = self.account.futures();
                let size = 1 + rng.below(3) as i64;
                match is_market {
                    true => futures.place_market("XBTUSDTM", side, size),
                    false => {
                        let price = if side == Side::Buy { 40_000 } else { 200_000 };
                        futures.place_limit("XBTUSDTM", side, Decimal::from(price), size)
                    }
                }
            }
        };
        if let Ok(id) = placed {
            self.placed += 1;
            if !is_market {
                self.open.push(id);
            }
        }
    }

    fn fill(&mut self, rng: &mut Rng) {
        if self.open.is_empty() {
            return;
        }
        let index = rng.below(self.open.len());
        let id = &self.open[index];
        let filled = match self.market {
            Market::Spot => self.account.fill(id, Decimal::ONE),
            Market::Futures => self.account.futures().fill(id, 1),
        };
        if filled.is_err() {
            self.open.swap_remove(index);
        }
    }

    fn cancel(&mut self, rng: &mut Rng) {
        if self.open.is_empty() {
            return;
        }
        let id = self.open.swap_remove(rng.below(self.open.len()));
        let _ = match self.market {
            Market::Spot => self.account.cancel(&id),
            Market::Futures => self.account.futures().cancel(&id),
        };
    }

    fn reduce(&mut self, rng: &mut Rng) {
        if self.open.is_empty() {
            return;
        }
        let id = &self.open[rng.below(self.open.len())];
        let _ = match self.market {
            Market::Spot => self.account.reduce(id, Decimal::ONE),
            Market::Futures => self.account.futures().reduce(id, 1),
        };
    }

    fn stop(&mut self, rng: &mut Rng) {
        let stop = match self.market {
            Market::Spot => {
                let (symbol, price, size) = *rng.pick(&SPOT);
                let prices = (Decimal::from(price) / Decimal::from(4), None);
                let kind = (Side::Sell, StopKind::Loss);
                self.account
                    .place_stop(symbol, kind, prices, Decimal::from(size))
            }
            Market::Futures => {
                let terms = (Side::Sell, Direction::Down, StopPriceType::Trade);
                let prices = (Decimal::from(20_000), None);
                self.account
                    .futures()
                    .place_stop("XBTUSDTM", terms, prices, 1)
            }
        };
        self.stops.extend(stop);
    }

    fn cancel_stop(&mut self, rng: &mut Rng) {
        if self.stops.is_empty() {
            return;
        }
        let id = self.stops.swap_remove(rng.below(self.stops.len()));
        let _ = match self.market {
            Market::Spot => self.account.cancel_stop(&id),
            Market::Futures => self.account.futures().cancel_stop(&id),
        };
    }
}
