//! Time from the server's write to the consumer, and for ours also from the socket to the consumer.

mod blocking;

use std::time::{SystemTime, UNIX_EPOCH};

use kucoin_streams::client::Config;
use kucoin_streams::{Subscription, v1};
use tokio::runtime::Runtime;

use crate::contenders::{Target, client, fresh_name};
use crate::control::Server;
use crate::cpu::runtime;
use crate::events::{Order, Push};
use crate::frames::Kind;
use crate::report::{Table, figure};

/// Events per second, and the number of events for each reader.
pub type Rate = (u32, u64);

/// Rates of a normal, a busy and a very busy account.
pub const RATES: [Rate; 3] = [(100, 400), (1_000, 4_000), (20_000, 40_000)];
/// To check that everything works.
pub const QUICK: [Rate; 2] = [(1_000, 200), (20_000, 2_000)];

/// Number of rounds, in which the readers take turns.
const ROUNDS: u64 = 4;

/// Nanoseconds, one value per event.
type Samples = Vec<i64>;

/// Measures the latency of each event, and for ours also the time after the socket.
trait Reader {
    fn name(&self) -> &'static str;
    fn connection(&self) -> &str;
    fn read(&mut self, events: u64) -> (Samples, Samples);
}

/// Measures all readers at all rates.
pub fn tables(server: &mut Server, rates: &[Rate], secure: bool) -> Vec<Table> {
    let target = Target::new(server, Kind::Order, secure);
    let mut readers: Vec<Box<dyn Reader>> =
        vec![blocking::connect(&target), Ours::connect(&target)];
    let each = rates.iter().map(|&(rate, events)| {
        let piece = events / ROUNDS;
        server.request(&format!("load {} {piece}", Kind::Order.name()));
        let mut samples = vec![(Samples::new(), Samples::new()); readers.len()];
        for _ in 0..ROUNDS {
            for (reader, (all, inner)) in readers.iter_mut().zip(&mut samples) {
                server.send(&format!("push {} rate:{rate}", reader.connection()));
                let (latencies, hand_offs) = reader.read(piece);
                server.response();
                all.extend(latencies);
                inner.extend(hand_offs);
            }
        }
        let tls = if secure { "TLS" } else { "plain" };
        let title = format!(
            "Microseconds from the server's write to the consumer: {rate} per second, {tls}"
        );
        let heads = ["p50", "p90", "p99", "p99.9", "worst"].map(String::from);
        let mut table = Table::new(title, heads);
        for (reader, (all, inner)) in readers.iter().zip(samples) {
            table.row(reader.name(), quantiles(all));
            if !inner.is_empty() {
                table.row(
                    "  of which after the socket (received_at)",
                    quantiles(inner),
                );
            }
        }
        table
    });
    each.collect()
}

fn quantiles(mut samples: Samples) -> Vec<String> {
    samples.sort_unstable();
    let last = samples.len() - 1;
    let of = |per_mille: usize| samples[(samples.len() * per_mille / 1000).min(last)];
    #[allow(clippy::cast_precision_loss)]
    let micros = |nanos: i64| figure(nanos as f64 / 1000.0);
    [of(500), of(900), of(990), of(999), samples[last]]
        .map(micros)
        .into()
}

fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

/// Returns the time of the server's write.
fn stamp(frame: &[u8]) -> i64 {
    let push: Push<&str, Order<&str>> = sonic_rs::from_slice(frame).expect("the frame decodes");
    push.data.ts
}

struct Ours {
    connection: String,
    runtime: Runtime,
    subscription: Option<Subscription<v1::SpotOrders>>,
}

impl Ours {
    fn connect(target: &Target) -> Box<dyn Reader> {
        let (runtime, connection) = (runtime(false), fresh_name());
        let subscribed = runtime.block_on(async {
            let kucoin = client(target, &connection, Config::default());
            kucoin.subscribe(v1::SpotOrders).await
        });
        Box::new(Self {
            connection,
            runtime,
            subscription: Some(subscribed.expect("the subscription is acknowledged")),
        })
    }
}

impl Reader for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn connection(&self) -> &str {
        &self.connection
    }

    fn read(&mut self, events: u64) -> (Samples, Samples) {
        let mut orders = self
            .subscription
            .take()
            .expect("the previous run has ended");
        let reading = self.runtime.spawn(async move {
            let (mut samples, mut inner) = (Samples::new(), Samples::new());
            for _ in 0..events {
                let update = orders
                    .next()
                    .await
                    .expect("the stream is open")
                    .expect("the stream has no gap");
                let now = now();
                samples.push(now - update.engine_time.unwrap_or_default().as_nanos());
                inner.push(now - update.received_at().as_nanos());
            }
            (orders, samples, inner)
        });
        let (orders, samples, inner) = self
            .runtime
            .block_on(reading)
            .expect("the reading task ends");
        self.subscription = Some(orders);
        (samples, inner)
    }
}
