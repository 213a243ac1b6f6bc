//! A local exchange with random trades and losses, and the truth about its fills.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kucoin_streams_exchange::{Cut, Decimal, Effect, Exchange, RestFault, RestPool, Side};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::table::{Key, Row};

/// The topics whose log has the fills, and their field names: symbol, trade ID, order ID, side, price, size and time.
pub(crate) struct Source {
    topics: &'static [&'static str],
    names: [&'static str; 7],
}

pub(crate) const V1: Source = Source {
    topics: &["/spotMarket/tradeOrdersV2", "/contractMarket/tradeOrders"],
    names: [
        "symbol",
        "tradeId",
        "orderId",
        "side",
        "matchPrice",
        "matchSize",
        "ts",
    ],
};

pub(crate) const UNIFIED: Source = Source {
    topics: &["execution.UNIFIED"],
    names: ["s", "ti", "oi", "S", "p", "q", "E"],
};

/// What the market does.
const QUIET: u8 = 0;
const TRADES: u8 = 1;
const TRADES_WITH_LOSSES: u8 = 2;

/// A SplitMix64 generator: the same seed gives the same numbers.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    pub(crate) fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// An exchange that trades on a thread of its own.
pub(crate) struct Market {
    pub(crate) exchange: Arc<Exchange>,
    mode: Arc<AtomicU8>,
    is_done: Arc<AtomicBool>,
    trader: Option<JoinHandle<()>>,
    _runtime: Runtime,
}

impl Market {
    /// Starts a quiet exchange whose REST rows appear late.
    pub(crate) fn start(seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let builder = Exchange::builder()
            .seed(seed)
            .truth_capacity(1_000_000)
            .ping_interval(Duration::from_millis(300))
            .ping_timeout(Duration::from_millis(300))
            .rest_lag(Duration::ZERO, Duration::from_millis(900))
            .rest_quota(RestPool::Spot, 1_000_000)
            .rest_quota(RestPool::Futures, 1_000_000)
            .rest_quota(RestPool::Unified, 1_000_000);
        let exchange = Arc::new(runtime.block_on(builder.start()).unwrap());
        // The log of Pro V2 starts with the first call.
        let _ = exchange.pro_truth();
        let mode = Arc::new(AtomicU8::new(QUIET));
        let is_done = Arc::new(AtomicBool::new(false));
        let trader = thread::spawn({
            let (exchange, mode, is_done) = (exchange.clone(), mode.clone(), is_done.clone());
            move || trade(&exchange, seed, &mode, &is_done)
        });
        Self {
            exchange,
            mode,
            is_done,
            trader: Some(trader),
            _runtime: runtime,
        }
    }

    pub(crate) fn trade(&self) {
        self.mode.store(TRADES, Ordering::Relaxed);
    }

    pub(crate) fn trade_with_losses(&self) {
        self.mode.store(TRADES_WITH_LOSSES, Ordering::Relaxed);
    }

    /// Stops trading, and returns all fills.
    pub(crate) fn finish(&mut self, source: &Source) -> BTreeMap<Key, Row> {
        self.is_done.store(true, Ordering::Relaxed);
        if let Some(trader) = self.trader.take() {
            trader.join().unwrap();
        }
        let truth = match source.topics[0].starts_with('/') {
            true => self.exchange.truth(),
            false => self.exchange.pro_truth(),
        };
        let [symbol, trade, order, side, price, size, time] = source.names;
        let mut fills = BTreeMap::new();
        for topic in source.topics {
            for entry in truth.of_topic(topic) {
                let data: Value = serde_json::from_str(entry.data()).unwrap();
                // Other events of an order are no fills.
                if data.get("type").is_some_and(|kind| kind != "match") {
                    continue;
                }
                let text = |name: &str| match &data[name] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let row = Row {
                    side: text(side).to_lowercase(),
                    price: text(price),
                    size: text(size),
                    time_ns: text(time).parse().ok(),
                };
                let before = fills.insert((text(symbol), text(trade), text(order)), row);
                assert!(before.is_none(), "the truth has a fill twice");
            }
        }
        fills
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Relaxed);
    }
}

fn trade(exchange: &Exchange, seed: u64, mode: &AtomicU8, is_done: &AtomicBool) {
    let mut rng = Rng(seed);
    let (account, futures) = (exchange.account(), exchange.account().futures());
    while !is_done.load(Ordering::Relaxed) {
        thread::sleep(rng.millis(2, 40));
        let mode = mode.load(Ordering::Relaxed);
        if mode == QUIET {
            continue;
        }
        let side = [Side::Buy, Side::Sell][rng.below(2) as usize];
        let (symbol, unit) =
            [("KCS-USDT", 3), ("SOL-USDT", 4), ("BTC-USDT", 6)][rng.below(3) as usize];
        let size = Decimal::new(1 + rng.below(9_999) as i64, unit);
        // A rejection, such as an insufficient balance, is no fill.
        let _ = match rng.below(4) {
            0 => futures.place_market("XBTUSDTM", side, 1 + rng.below(3) as i64),
            1 => account.last_price(symbol).and_then(|price| {
                let order = account.place_limit(symbol, Side::Buy, price / Decimal::TWO, size)?;
                account.fill(&order, size / Decimal::TWO)?;
                account.cancel(&order)?;
                Ok(order)
            }),
            _ => account.place_market(symbol, side, size),
        };
        if mode == TRADES_WITH_LOSSES && rng.below(60) == 0 {
            let fault = match rng.below(4) {
                0 => Effect::Rest(RestFault::Close),
                1 => Effect::Rest(RestFault::ServerError { status: 503 }),
                2 => Effect::Rest(RestFault::Slow {
                    by: rng.millis(50, 500),
                }),
                _ => Effect::TokenSlow {
                    by: rng.millis(50, 500),
                },
            };
            exchange.inject(fault);
            exchange.inject(Effect::Cut(Cut::Reset));
        }
    }
}
