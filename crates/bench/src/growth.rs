//! Costs that grow with the number of symbols, of pending requests and of accounts, and the duration of a reconnect.

mod accounts;
mod acknowledgements;
mod kept;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use kucoin_streams::client::Config;
use kucoin_streams::{Kucoin, LifecycleEvent, Subscription, v1};
use tokio::runtime::Runtime;

pub use accounts::table as accounts;
pub use acknowledgements::table as acknowledgements;
pub use kept::tables as kept;

use crate::contenders::{Target, client, fresh_name, stream};
use crate::control::Server;
use crate::cpu::{process_cpu, runtime};
use crate::frames::{Kind, symbol};
use crate::report::{Table, figure, median};

type Symbols = Vec<v1::FuturesSymbolOrders>;

/// A client with a subscription to a number of symbols.
struct Subscribed {
    symbols: u32,
    connection: String,
    kucoin: Kucoin,
    all: Option<Subscription<Symbols>>,
    took: Duration,
}

/// Measures clients with each number of symbols, and the reconnect of a client with `reconnect` topics.
pub fn tables(server: &mut Server, counts: &[u32], reconnect: u32, events: u64) -> [Table; 2] {
    let runtime = runtime(false);
    // Requests are sent at KuCoin's rate limit, so all clients subscribe concurrently.
    let all = counts.iter().chain([&reconnect]);
    let all = all.map(|&symbols| subscribe(server, symbols));
    let mut clients = runtime.block_on(join_all(all));
    let last = clients.pop().expect("the list is not empty");
    let heads = counts.iter().map(ToString::to_string);
    let title = "CPU time per event in ns, by number of symbols: batched, plain";
    let mut table = Table::new(title, heads);
    let each = clients.iter_mut();
    let each = each.map(|client| figure(measure(server, &runtime, client, events)));
    table.row("ours, all in one subscription", each);
    [table, cut(server, &runtime, last)]
}

fn topic(number: u32) -> v1::FuturesSymbolOrders {
    v1::FuturesSymbolOrders::new(&symbol(number)).expect("the symbol is valid")
}

fn subscribe(server: &Server, symbols: u32) -> impl Future<Output = Subscribed> {
    let connection = fresh_name();
    let target = Target::new(server, Kind::SymbolOrder(symbols), false);
    async move {
        let kucoin = client(&target, &connection, Config::default());
        let began = Instant::now();
        let topics = (0..symbols).map(topic).collect::<Symbols>();
        let all = kucoin.subscribe(topics).await;
        Subscribed {
            symbols,
            connection,
            all: Some(all.expect("all subscriptions are acknowledged")),
            kucoin,
            took: began.elapsed(),
        }
    }
}

/// Returns the CPU time per event in nanoseconds, the median of three runs.
#[allow(clippy::cast_precision_loss)]
fn measure(server: &mut Server, runtime: &Runtime, client: &mut Subscribed, events: u64) -> f64 {
    // The same number of events for each symbol.
    let events = events - events % u64::from(client.symbols);
    server.request(&format!("load symbols:{} {events}", client.symbols));
    let each = (0..4).map(|_| {
        let mut all = client.all.take().expect("the previous run has ended");
        let before = process_cpu();
        server.send(&format!("push {} batched", client.connection));
        let reading = runtime.spawn(async move {
            stream(&mut all, events).await;
            all
        });
        client.all = Some(runtime.block_on(reading).expect("the reading task ends"));
        let cpu = process_cpu() - before;
        server.response();
        cpu.as_nanos() as f64 / events as f64
    });
    // The first run only warms up.
    median(&each.skip(1).collect::<Vec<_>>())
}

fn cut(server: &mut Server, runtime: &Runtime, client: Subscribed) -> Table {
    let mut lifecycle = client.kucoin.lifecycle();
    let began = Instant::now();
    server.request(&format!("cut {}", client.connection));
    runtime.block_on(async {
        loop {
            let event = lifecycle.next().await.expect("the client is open");
            if matches!(event.event, LifecycleEvent::Reconnected { .. }) {
                break;
            }
        }
    });
    let reconnect = began.elapsed();
    let messages = server.request(&format!("received {}", client.connection));
    let seconds = |time: Duration| figure(time.as_secs_f64());
    // The limit is 100 messages in 10 s; the first 100 are sent at once.
    let limit = f64::from(client.symbols.saturating_sub(1) / 100 * 10);
    let title = format!("Reconnect with {} topics", client.symbols);
    let mut table = Table::new(title, [String::new()]);
    table.row("first subscription, in s", [seconds(client.took)]);
    table.row(
        "from the cut until all topics are live again, in s",
        [seconds(reconnect)],
    );
    table.row(
        "minimum by the limit of 100 messages in 10 s, in s",
        [figure(limit)],
    );
    table.row("messages sent on the new connection", [messages]);
    table
}
