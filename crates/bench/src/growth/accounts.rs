//! Many accounts in one process: memory per idle connection, and CPU time per heartbeat.

use std::time::Duration;

use futures_util::future::join_all;
use kucoin_streams::client::{Config, DialLimiter};
use kucoin_streams::session;
use kucoin_streams::{Kucoin, Subscription, v1};

use crate::contenders::{Target, client};
use crate::control::Server;
use crate::cpu::{process_cpu, runtime};
use crate::frames::Kind;
use crate::report::{Table, figure};

/// Heartbeat interval. KuCoin's is 18 s; a short one gives more heartbeats to measure.
const INTERVAL: Duration = Duration::from_millis(500);
const NAME: &str = "accounts";

/// Connects each number of accounts, each with its own client and subscription, and measures heartbeats.
///
/// Call it first in a process, since reused memory is not counted.
#[allow(clippy::cast_precision_loss)]
pub fn table(server: &mut Server, counts: &[usize], listen: Duration) -> Table {
    let runtime = runtime(false);
    let title = format!(
        "Accounts in one process, each with a connection and a heartbeat every {INTERVAL:?}"
    );
    let mut table = Table::new(title, counts.iter().map(ToString::to_string));
    let target = Target::new(server, Kind::Order, false);
    let mut all = Vec::new();
    let base = resident();
    let (mut memory, mut beats) = (Vec::new(), Vec::new());
    for &count in counts {
        let more = (all.len()..count).map(|_| account(&target));
        all.extend(runtime.block_on(join_all(more)));
        let before = (process_cpu(), received(server));
        memory.push((resident().saturating_sub(base)) as f64 / 1024.0 / count as f64);
        std::thread::sleep(listen);
        let cpu = (process_cpu() - before.0).as_nanos() as f64 / 1000.0;
        beats.push(cpu / (received(server) - before.1).max(1) as f64);
    }
    table.row(
        "resident memory per account, in KiB",
        memory.into_iter().map(figure),
    );
    table.row(
        "CPU time per heartbeat and its answer, in µs",
        beats.into_iter().map(figure),
    );
    table
}

type Account = (Kucoin, Subscription<v1::SpotOrders>);

async fn account(target: &Target) -> Account {
    let mut settings = session::SessionConfig::default();
    settings.heartbeat.interval = INTERVAL;
    let dials = DialLimiter::new(100_000, Duration::from_secs(1));
    let config = Config::default().with_session(settings).with_dials(dials);
    let kucoin = client(target, NAME, config);
    let orders = kucoin.subscribe(v1::SpotOrders).await;
    (kucoin, orders.expect("the subscription is acknowledged"))
}

fn received(server: &mut Server) -> u64 {
    let count = server.request(&format!("received {NAME}"));
    count.parse().expect("the server responds with a number")
}

/// Returns the resident memory of this process in bytes.
pub(super) fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}
