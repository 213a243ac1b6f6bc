//! Unique identifiers in KuCoin's formats.

use std::sync::Arc;

use super::event::Text;
use super::{Host, Wallet};
use crate::rng::Rng;

/// Generates the identifiers of one host.
#[derive(Debug)]
pub(crate) struct Ids {
    host: Host,
    rng: Rng,
    /// Machine part of spot order IDs.
    machine: u64,
    orders: u64,
    trades: u64,
    events: u64,
    accounts: u64,
}

const LOWER_ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Ids {
    pub(crate) fn new(host: Host, seed: u64) -> Self {
        let (mut rng, machine, orders, trades, events);
        match host {
            Host::Spot => {
                rng = Rng::new(seed ^ 0x1D5);
                machine = rng.next_u64() & 0xFF_FFFF_FFFF;
                orders = 0;
                trades = 20_000_000_000_000_000 + rng.below(1_000_000_000_000);
                events = 182_000_000_000_000 + rng.below(1_000_000_000);
            }
            Host::Futures => {
                rng = Rng::new(seed ^ 0xF07);
                machine = 0;
                orders = 306_258_654_000_000_000 + rng.below(1_000_000_000);
                trades = 1_918_285_000_000 + rng.below(1_000_000);
                events = 0;
            }
        }
        Self {
            host,
            rng,
            machine,
            orders,
            trades,
            events,
            accounts: 0,
        }
    }

    /// Returns an order ID. Spot: 24 hex digits of seconds, machine and counter. Futures: 18 decimal digits.
    pub(crate) fn order(&mut self, time_ms: u64) -> Text {
        let text = match self.host {
            Host::Spot => {
                self.orders += 1;
                let seconds = (time_ms / 1000) & 0xFFFF_FFFF;
                let counter = self.orders & 0xFF_FFFF;
                format!("{seconds:08x}{:010x}{counter:06x}", self.machine)
            }
            Host::Futures => {
                self.orders += 1 + self.rng.below(1 << 20);
                self.orders.to_string()
            }
        };
        Arc::from(text)
    }

    /// Returns the ID of another trader's spot order, with another machine part.
    pub(crate) fn counter_order(&mut self, time_ms: u64) -> Text {
        let seconds = (time_ms / 1000) & 0xFFFF_FFFF;
        let machine = self.machine ^ (1 + self.rng.below(0xFF_FFFF_FFFE));
        let counter = self.rng.below(0x100_0000);
        Arc::from(format!("{seconds:08x}{machine:010x}{counter:06x}"))
    }

    /// Returns a stop order ID. Spot: `vs` and 22 lower-case letters or digits, ending in a counter. Futures: like an
    /// order ID.
    pub(crate) fn stop_order(&mut self, time_ms: u64) -> Text {
        if self.host == Host::Futures {
            return self.order(time_ms);
        }
        self.orders += 1;
        let random = self.rng.text(LOWER_ALPHANUMERIC, 14);
        Arc::from(format!("vs{random}{:08x}", self.orders & 0xFFFF_FFFF))
    }

    /// Returns a trade ID: 17 decimal digits in spot, 13 in futures.
    pub(crate) fn trade(&mut self) -> Text {
        let steps = match self.host {
            Host::Spot => 4096,
            Host::Futures => 1000,
        };
        self.trades += 1 + self.rng.below(steps);
        Arc::from(self.trades.to_string())
    }

    /// Returns an event ID: 15 decimal digits in spot, 24 hex digits in futures.
    pub(crate) fn event(&mut self) -> Text {
        let text = match self.host {
            Host::Spot => {
                self.events += 1 + self.rng.below(1000);
                self.events.to_string()
            }
            Host::Futures => {
                self.events += 1;
                let random = self.rng.next_u64();
                format!("{random:016x}{:08x}", self.events & 0xFFFF_FFFF)
            }
        };
        Arc::from(text)
    }

    /// Returns an account ID: 24 hex digits for the funding account, decimal digits for the others.
    pub(crate) fn account(&mut self, wallet: Wallet, time_ms: u64) -> Text {
        self.accounts += 1;
        if wallet == Wallet::Main {
            let seconds = (time_ms / 1000) & 0xFFFF_FFFF;
            let (machine, counter) = (self.machine, self.accounts & 0xFF_FFFF);
            return Arc::from(format!("{seconds:08x}{machine:010x}{counter:06x}"));
        }
        Arc::from((173_414_580_000 + self.accounts).to_string())
    }

    /// Returns a typical `clientOid`: a version 4 UUID in spot, 20 letters in futures.
    pub(crate) fn client(&mut self) -> Text {
        Arc::from(match self.host {
            Host::Spot => self.rng.uuid(),
            Host::Futures => self.rng.text(LETTERS, 20),
        })
    }

    /// Returns the time at which an order was placed, in nanoseconds.
    ///
    /// The time of a futures order is in the previous millisecond, so that no event is older than its order.
    pub(crate) fn order_time_ns(&mut self, now_ms: u64) -> u64 {
        match self.host {
            Host::Spot => now_ms.saturating_mul(1_000_000),
            Host::Futures => {
                now_ms.saturating_sub(1).saturating_mul(1_000_000) + self.rng.below(1_000_000)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_730_805_502_661;

    #[test]
    fn ids_have_their_lengths_and_differ() {
        for (host, lengths) in [
            (Host::Spot, [24, 24, 17, 15, 36]),
            (Host::Futures, [18, 18, 13, 24, 20]),
        ] {
            let mut ids = Ids::new(host, 5);
            let mut all = || {
                [
                    ids.order(NOW),
                    ids.stop_order(NOW),
                    ids.trade(),
                    ids.event(),
                    ids.client(),
                ]
            };
            let (first, second) = (all(), all());
            for (index, length) in lengths.into_iter().enumerate() {
                assert_eq!((first[index].len(), second[index].len()), (length, length));
                assert_ne!(first[index], second[index]);
            }
            assert!(first[0] < second[0] && first[2] < second[2], "ids increase");
        }
        let mut spot = Ids::new(Host::Spot, 5);
        let (own, counter_order) = (spot.order(NOW), spot.counter_order(NOW));
        assert_eq!(counter_order.len(), 24);
        assert_ne!(counter_order[8..18], own[8..18], "another machine");
    }
}
