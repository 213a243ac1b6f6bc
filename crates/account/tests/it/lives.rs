//! Random lives of the local exchange's engine: the kept orders are the engine's, whatever order the frames come in.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_account::{OrderOutcome, OrderPhase};
use kucoin_streams_core::Decimal;
use kucoin_streams_exchange::{Account, Exchange, TruthEntry};
use serde_json::Value;

use crate::support::Bench;

/// Events of a life.
const STEPS: usize = 250;

/// A small generator of random numbers, from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((bits ^ (bits >> 31)) % limit as u64).unwrap()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// What the frames of an order say together: read by a second reader, which shares no code with the book.
#[derive(Debug, Default, PartialEq)]
struct OrderTruth {
    filled: Decimal,
    value: Decimal,
    end: Option<&'static str>,
}

async fn live(seed: u64) -> (Exchange, Account) {
    let exchange = Exchange::builder()
        .seed(seed)
        .event_rate(0.0)
        .truth_capacity(100_000)
        .start()
        .await
        .unwrap();
    // The log of Pro V2 starts with this call.
    let _ = exchange.pro_truth();
    let account = exchange.account();
    for _ in 0..STEPS / 25 {
        account.step(25);
        account.futures().step(25);
    }
    (exchange, account)
}

fn number(data: &Value, name: &str) -> Decimal {
    match &data[name] {
        Value::String(text) if text.is_empty() => Decimal::ZERO,
        Value::String(text) => text.parse().unwrap(),
        Value::Null => Decimal::ZERO,
        other => other.to_string().parse().unwrap(),
    }
}

fn truth_of_v1(entries: &[TruthEntry]) -> BTreeMap<String, OrderTruth> {
    let topics = ["/spotMarket/tradeOrdersV2", "/contractMarket/tradeOrders"];
    let mut orders: BTreeMap<String, OrderTruth> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| topics.contains(&entry.topic)) {
        let data: Value = serde_json::from_str(entry.data()).unwrap();
        let order = orders
            .entry(data["orderId"].as_str().unwrap().into())
            .or_default();
        match data["type"].as_str().unwrap() {
            "match" => {
                order.filled += number(&data, "matchSize");
                order.value += number(&data, "matchSize") * number(&data, "matchPrice");
            }
            "filled" => order.end = Some("filled"),
            // A market buy by funds ends like this, though it is filled.
            "canceled" if !number(&data, "funds").is_zero() => order.end = Some("filled"),
            "canceled" if order.filled.is_zero() => order.end = Some("canceled"),
            "canceled" => order.end = Some("partly"),
            _ => {}
        }
    }
    orders
}

fn truth_of_pro(entries: &[TruthEntry]) -> BTreeMap<String, OrderTruth> {
    let mut orders: BTreeMap<String, OrderTruth> = BTreeMap::new();
    for entry in entries {
        let data: Value = serde_json::from_str(entry.data()).unwrap();
        let Some(order_id) = data["oi"].as_str().filter(|id| *id != "0") else {
            continue;
        };
        let order = orders.entry(order_id.into()).or_default();
        match entry.topic {
            "execution.UNIFIED" => {
                order.filled += number(&data, "q");
                order.value += number(&data, "q") * number(&data, "p");
            }
            "orderAll.UNIFIED" => match data["os"].as_i64().unwrap() {
                1 => order.end = Some("triggered"),
                3 => order.end = Some("filled"),
                5 => order.end = Some("canceled"),
                // A market buy by funds ends like this, though it is filled.
                6 if data["qU"] == "QUOTECCY" => order.end = Some("filled"),
                6 => order.end = Some("partly"),
                _ => {}
            },
            _ => {}
        }
    }
    orders
}

/// Compares the kept orders with the truth; stop orders of V1 are not in the truth, except by their number.
fn check(bench: &mut Bench, truth: &BTreeMap<String, OrderTruth>, seed: u64) {
    bench.advance(10_000);
    let state = bench.state();
    assert_eq!(state.violations().next(), None, "seed {seed}");
    for (order_id, truth) in truth {
        let order = state
            .order(order_id)
            .unwrap_or_else(|| panic!("seed {seed}: {order_id}"));
        let end = order.outcome.map(|outcome| match outcome {
            OrderOutcome::Filled => "filled",
            OrderOutcome::PartlyFilled => "partly",
            OrderOutcome::Canceled => "canceled",
            OrderOutcome::Triggered => "triggered",
            _ => "other",
        });
        let kept = OrderTruth {
            filled: order.filled_size,
            value: order.filled_value.unwrap_or(Decimal::MAX),
            end,
        };
        assert_eq!(&kept, truth, "seed {seed}: {:?}", &*order);
    }
}

/// Doubles a tenth of the frames, and shuffles all of them.
fn disturbed(mut frames: Vec<TruthEntry>, random: &mut Random) -> Vec<TruthEntry> {
    let doubled: Vec<_> = frames
        .iter()
        .filter(|_| random.below(10) == 0)
        .cloned()
        .collect();
    frames.extend(doubled);
    random.shuffle(&mut frames);
    frames
}

const V1_ORDER_TOPICS: [&str; 4] = [
    "/spotMarket/tradeOrdersV2",
    "/spotMarket/advancedOrders",
    "/contractMarket/tradeOrders",
    "/contractMarket/advancedOrders",
];

#[tokio::test]
async fn kept_v1_orders_equal_the_engine_in_any_order_of_frames() {
    for seed in 0..8 {
        let (exchange, account) = live(seed).await;
        let entries = exchange.truth().snapshot();
        let truth = truth_of_v1(&entries);
        let wanted = |entry: &TruthEntry| V1_ORDER_TOPICS.contains(&entry.topic);
        let frames: Vec<_> = entries.into_iter().filter(wanted).collect();
        let mut open: BTreeSet<String> = account.open_orders().into_iter().collect();
        open.extend(account.open_stops());
        open.extend(account.futures().open_orders());
        open.extend(account.futures().open_stops());
        let shuffled = disturbed(frames.clone(), &mut Random(seed));
        for frames in [frames, shuffled] {
            let mut bench = Bench::new();
            for entry in &frames {
                bench.push(&entry.frame);
            }
            check(&mut bench, &truth, seed);
            let state = bench.state();
            let kept: BTreeSet<String> = state
                .open_orders()
                .map(|order| order.order_id.to_string())
                .collect();
            assert_eq!(kept, open, "seed {seed}");
        }
    }
}

#[tokio::test]
async fn kept_pro_orders_equal_the_engine_in_any_order_of_frames() {
    for seed in 0..8 {
        let (exchange, account) = live(seed).await;
        let entries = exchange.pro_truth().snapshot();
        let wanted = ["orderAll.UNIFIED", "execution.UNIFIED"];
        let frames: Vec<_> = entries
            .into_iter()
            .filter(|entry| wanted.contains(&entry.topic))
            .collect();
        let truth = truth_of_pro(&frames);
        let shuffled = disturbed(frames.clone(), &mut Random(seed));
        for frames in [frames, shuffled] {
            let mut bench = Bench::new();
            for entry in &frames {
                bench.push(&entry.frame);
            }
            check(&mut bench, &truth, seed);
            let state = bench.state();
            let open = state
                .open_orders()
                .filter(|order| order.phase == OrderPhase::Open);
            let open: BTreeSet<String> = open.map(|order| order.order_id.to_string()).collect();
            let unified =
                |ids: Vec<String>| ids.into_iter().map(|id| Account::unified_order_id(&id));
            let mut wanted: BTreeSet<String> = unified(account.open_orders()).collect();
            // A triggered futures order has its own ID in a unified account: it is a child of the stop order.
            wanted.extend(unified(account.futures().open_orders()).map(|id| {
                let order = state.order(&id).unwrap();
                order.children.first().map_or(id, ToString::to_string)
            }));
            assert_eq!(open, wanted, "seed {seed}");
        }
    }
}
