//! What grows with the number of symbols, of acknowledgements under way, and of accounts; and how long a reconnect
//! with many topics takes.

mod accounts;
mod acknowledgements;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use kucoin_streams::client::Config;
use kucoin_streams::{Kucoin, LifecycleEvent, Subscription, v1};
use tokio::runtime::Runtime;

pub use accounts::table as accounts;
pub use acknowledgements::table as acknowledgements;

use crate::contenders::{Loopback, Target, client, fresh_name, stream};
use crate::control::Server;
use crate::cpu::{process_cpu, runtime};
use crate::frames::{Kind, symbol};
use crate::report::{Table, figure, median};
use crate::tally::Tally;

type Symbols = Vec<v1::FuturesSymbolOrders>;

/// A client that is subscribed to so many symbols.
struct Subscribed {
    symbols: u32,
    connection: String,
    kucoin: Kucoin,
    all: Option<Subscription<Symbols>>,
    took: Duration,
}

/// Measures with so many symbols each; the last of `reconnect` topics is cut and must come back.
pub fn tables(server: &mut Server, counts: &[u32], reconnect: u32, events: u64) -> [Table; 2] {
    let runtime = runtime(false);
    // The pace of requests is KuCoin's, so they are subscribed side by side.
    let all = counts.iter().chain([&reconnect]);
    let all = all.map(|&symbols| subscribe(server, symbols));
    let mut clients = runtime.block_on(join_all(all));
    let last = clients.pop().expect("there is one to cut");
    let heads = counts.iter().map(ToString::to_string);
    let title = "CPU ns per event, by subscribed symbols: batched, plain";
    let mut table = Table::new(title, heads);
    let one: Vec<_> = clients
        .iter_mut()
        .map(|client| figure(in_one(server, &runtime, client, events)))
        .collect();
    table.row("ours, all in one subscription", one);
    let many: Vec<_> = clients
        .into_iter()
        .map(|client| figure(in_many(server, &runtime, client, events)))
        .collect();
    table.row("ours, a subscription and a task for each", many);
    [table, cut(server, &runtime, last)]
}

fn topic(number: u32) -> v1::FuturesSymbolOrders {
    v1::FuturesSymbolOrders::new(&symbol(number)).expect("it is a symbol")
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
            all: Some(all.expect("all are acknowledged")),
            kucoin,
            took: began.elapsed(),
        }
    }
}

/// Median of three turns.
fn in_one(server: &mut Server, runtime: &Runtime, client: &mut Subscribed, events: u64) -> f64 {
    turns(
        server,
        client.symbols,
        &client.connection,
        events,
        |events| {
            let mut all = client.all.take().expect("it is given back");
            let reading = runtime.spawn(async move {
                let tally = stream(&mut all, events).await;
                (all, tally)
            });
            let (all, tally) = runtime.block_on(reading).expect("it reads to the end");
            client.all = Some(all);
            tally
        },
    )
}

fn in_many(server: &mut Server, runtime: &Runtime, mut client: Subscribed, events: u64) -> f64 {
    let each = (0..client.symbols).map(|number| client.kucoin.subscribe(topic(number)));
    let each = runtime.block_on(join_all(each)).into_iter();
    let mut each: Vec<_> = each.map(|one| one.expect("it is shared")).collect();
    client.all = None;
    let share = u64::from(client.symbols);
    turns(
        server,
        client.symbols,
        &client.connection,
        events,
        |events| {
            let readers = each.drain(..).map(|mut one| {
                runtime.spawn(async move {
                    let tally = stream(&mut one, events / share).await;
                    (one, tally)
                })
            });
            let read = runtime.block_on(join_all(readers.collect::<Vec<_>>()));
            let mut sum = Tally::default();
            for reader in read {
                let (one, tally) = reader.expect("it reads to the end");
                each.push(one);
                sum.events += tally.events;
            }
            sum
        },
    )
}

#[allow(clippy::cast_precision_loss)]
fn turns(
    server: &mut Server,
    symbols: u32,
    connection: &str,
    events: u64,
    mut read: impl FnMut(u64) -> Tally,
) -> f64 {
    // As many of each symbol.
    let events = events - events % u64::from(symbols);
    server.ask(&format!("load symbols:{symbols} {events}"));
    let each = (0..4).map(|_| {
        let before = process_cpu();
        server.tell(&format!("push {connection} batched"));
        let tally = read(events);
        let cpu = process_cpu() - before;
        server.answer();
        assert_eq!(tally.events, events, "some are lost");
        cpu.as_nanos() as f64 / events as f64
    });
    // The first only warms up.
    median(&each.skip(1).collect::<Vec<_>>())
}

fn cut(server: &mut Server, runtime: &Runtime, client: Subscribed) -> Table {
    let mut lifecycle = client.kucoin.lifecycle();
    let began = Instant::now();
    server.ask(&format!("cut {}", client.connection));
    runtime.block_on(async {
        loop {
            let event = lifecycle.next().await.expect("the client stands");
            if matches!(event.event, LifecycleEvent::Reconnected { .. }) {
                break;
            }
        }
    });
    let back = began.elapsed();
    let messages = server.ask(&format!("received {}", client.connection));
    let seconds = |time: Duration| figure(time.as_secs_f64());
    // A hundred messages in ten seconds: the first hundred go at once.
    let limit = f64::from(client.symbols.saturating_sub(1) / 100 * 10);
    let title = format!("Reconnect with {} topics", client.symbols);
    let mut table = Table::new(title, [String::new()]);
    table.row("seconds to subscribe at first", [seconds(client.took)]);
    table.row(
        "seconds from the cut until all are live again",
        [seconds(back)],
    );
    table.row(
        "seconds that the pace of 100 messages in 10 s asks for",
        [figure(limit)],
    );
    table.row("messages sent on the new connection", [messages]);
    table
}
