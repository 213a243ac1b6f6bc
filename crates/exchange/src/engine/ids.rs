//! Identifiers in the shapes of the real ones, never the same twice.

use std::sync::Arc;

use super::event::Text;
use crate::rng::Rng;

#[derive(Debug)]
pub(crate) struct Ids {
    rng: Rng,
    /// The part of an order id that a real one takes from machine and process.
    machine: u64,
    orders: u64,
    trades: u64,
    relations: u64,
    accounts: u64,
}

const LOWER_ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x1D5);
        let machine = rng.next_u64() & 0xFF_FFFF_FFFF;
        let trades = 20_000_000_000_000_000 + rng.below(1_000_000_000_000);
        let relations = 182_000_000_000_000 + rng.below(1_000_000_000);
        Self {
            rng,
            machine,
            orders: 0,
            trades,
            relations,
            accounts: 0,
        }
    }

    /// 24 hexadecimal digits: seconds, machine, counter.
    pub(crate) fn order(&mut self, time_ms: u64) -> Text {
        self.orders += 1;
        let seconds = (time_ms / 1000) & 0xFFFF_FFFF;
        Arc::from(format!(
            "{seconds:08x}{:010x}{:06x}",
            self.machine,
            self.orders & 0xFF_FFFF
        ))
    }

    /// An order id in the shape of ours that is of another machine: somebody else's order.
    pub(crate) fn stranger(&mut self, time_ms: u64) -> Text {
        let seconds = (time_ms / 1000) & 0xFFFF_FFFF;
        let machine = self.machine ^ (1 + self.rng.below(0xFF_FFFF_FFFE));
        let counter = self.rng.below(0x100_0000);
        Arc::from(format!("{seconds:08x}{machine:010x}{counter:06x}"))
    }

    /// `vs` and 22 lower-case letters or digits, the counter at the end.
    pub(crate) fn stop_order(&mut self) -> Text {
        self.orders += 1;
        let random = self.rng.text(LOWER_ALPHANUMERIC, 14);
        Arc::from(format!("vs{random}{:08x}", self.orders & 0xFFFF_FFFF))
    }

    pub(crate) fn trade(&mut self) -> Text {
        self.trades += 1 + self.rng.below(4096);
        Arc::from(self.trades.to_string())
    }

    pub(crate) fn relation(&mut self) -> Text {
        self.relations += 1 + self.rng.below(1000);
        Arc::from(self.relations.to_string())
    }

    pub(crate) fn account(&mut self) -> Text {
        self.accounts += 1;
        Arc::from((173_414_580_000 + self.accounts).to_string())
    }

    /// A version 4 UUID, as most clients use for `clientOid`.
    pub(crate) fn client(&mut self) -> Text {
        Arc::from(self.rng.uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_lengths_and_differ() {
        let mut ids = Ids::new(5);
        let (first, second) = (ids.order(1_730_805_502_661), ids.order(1_730_805_502_661));
        assert_eq!((first.len(), second.len()), (24, 24));
        assert_ne!(first, second);
        let stranger = ids.stranger(1_730_805_502_661);
        assert_eq!(stranger.len(), 24);
        assert_ne!(stranger[8..18], first[8..18], "a machine of its own");
        assert_eq!(ids.stop_order().len(), 24);
        assert_eq!(ids.client().len(), 36);
        assert!(ids.trade() < ids.trade());
    }
}
