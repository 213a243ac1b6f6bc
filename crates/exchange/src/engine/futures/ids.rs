//! Identifiers in the shapes of the futures host, never the same twice.

use std::sync::Arc;

use super::super::event::Text;
use crate::rng::Rng;

#[derive(Debug)]
pub(crate) struct Ids {
    rng: Rng,
    orders: u64,
    trades: u64,
    events: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xF07);
        let orders = 306_258_654_000_000_000 + rng.below(1_000_000_000);
        let trades = 1_918_285_000_000 + rng.below(1_000_000);
        Self {
            rng,
            orders,
            trades,
            events: 0,
        }
    }

    /// 18 decimal digits.
    pub(crate) fn order(&mut self) -> Text {
        self.orders += 1 + self.rng.below(1 << 20);
        Arc::from(self.orders.to_string())
    }

    /// 13 decimal digits.
    pub(crate) fn trade(&mut self) -> Text {
        self.trades += 1 + self.rng.below(1000);
        Arc::from(self.trades.to_string())
    }

    /// 24 hexadecimal digits: the `id` of an envelope.
    pub(crate) fn event(&mut self) -> Text {
        self.events += 1;
        let random = self.rng.next_u64();
        Arc::from(format!("{random:016x}{:08x}", self.events & 0xFFFF_FFFF))
    }

    /// 20 letters, as many bots write their `clientOid`.
    pub(crate) fn client(&mut self) -> Text {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        Arc::from(self.rng.text(LETTERS, 20))
    }

    /// The part of a time below a millisecond, which order times have.
    pub(crate) fn nanoseconds(&mut self) -> u64 {
        self.rng.below(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_lengths_and_differ() {
        let mut ids = Ids::new(5);
        let (first, second) = (ids.order(), ids.order());
        assert_eq!((first.len(), second.len()), (18, 18));
        assert!(first < second);
        assert_eq!(ids.trade().len(), 13);
        assert!(ids.trade() < ids.trade());
        assert_eq!(ids.event().len(), 24);
        assert_ne!(ids.client(), ids.client());
    }
}
