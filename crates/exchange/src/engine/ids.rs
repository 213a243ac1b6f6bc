//! Identifiers in the shapes of the real ones, never the same twice.

use std::sync::Arc;

use super::Host;
use super::event::Text;
use crate::rng::Rng;

/// The identifiers of one host.
#[derive(Debug)]
pub(crate) struct Ids {
    host: Host,
    rng: Rng,
    /// The part of an order id that a real one takes from machine and process.
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

    /// Spot: 24 hexadecimal digits, which are seconds, machine and counter. Futures: 18 decimal digits.
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

    /// The id of another trader's order on the spot host: as ours, of another machine.
    pub(crate) fn counter_order(&mut self, time_ms: u64) -> Text {
        let seconds = (time_ms / 1000) & 0xFFFF_FFFF;
        let machine = self.machine ^ (1 + self.rng.below(0xFF_FFFF_FFFE));
        let counter = self.rng.below(0x100_0000);
        Arc::from(format!("{seconds:08x}{machine:010x}{counter:06x}"))
    }

    /// Spot: `vs` and 22 lower-case letters or digits, the counter at the end. Futures: as an order.
    pub(crate) fn stop_order(&mut self, time_ms: u64) -> Text {
        if self.host == Host::Futures {
            return self.order(time_ms);
        }
        self.orders += 1;
        let random = self.rng.text(LOWER_ALPHANUMERIC, 14);
        Arc::from(format!("vs{random}{:08x}", self.orders & 0xFFFF_FFFF))
    }

    /// 17 decimal digits in spot, 13 in futures.
    pub(crate) fn trade(&mut self) -> Text {
        let steps = match self.host {
            Host::Spot => 4096,
            Host::Futures => 1000,
        };
        self.trades += 1 + self.rng.below(steps);
        Arc::from(self.trades.to_string())
    }

    /// The id of an event: 15 decimal digits in spot, 24 hexadecimal ones in futures.
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

    pub(crate) fn account(&mut self) -> Text {
        self.accounts += 1;
        Arc::from((173_414_580_000 + self.accounts).to_string())
    }

    /// A `clientOid` as most bots write it: a version 4 UUID in spot, 20 letters in futures.
    pub(crate) fn client(&mut self) -> Text {
        Arc::from(match self.host {
            Host::Spot => self.rng.uuid(),
            Host::Futures => self.rng.text(LETTERS, 20),
        })
    }

    /// When an order was placed, in nanoseconds. Futures orders come in the millisecond before the engine takes them, so
    /// that no event is older than its order.
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
            assert!(first[0] < second[0] && first[2] < second[2], "they rise");
        }
        let mut spot = Ids::new(Host::Spot, 5);
        let (own, counter_order) = (spot.order(NOW), spot.counter_order(NOW));
        assert_eq!(counter_order.len(), 24);
        assert_ne!(counter_order[8..18], own[8..18], "another machine");
    }
}
