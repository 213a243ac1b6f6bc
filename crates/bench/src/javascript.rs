//! CPU time per event of KuCoin's JavaScript SDK in Node, on the same server, compared with ours.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::contenders::{OURS, Target, connect};
use crate::control::Server;
use crate::cpu::{process_cpu, runtime};
use crate::frames::Kind;
use crate::report::{Table, figure, median};

/// The environment variable with the folder where the SDK is installed, set by `cargo xtask bench`.
pub const MODULES: &str = "NODE_PATH";

/// The name of its connection, which is in the URL that the server returns.
const NAME: &str = "javascript";

const ROUNDS: usize = 5;

/// Measures orders in batches; returns `None` if the SDK is not installed.
///
/// # Panics
/// Panics if the SDK does not connect.
#[allow(clippy::cast_precision_loss)]
pub fn table(server: &mut Server, events: u64) -> Option<Table> {
    std::env::var_os(MODULES)?;
    server.request(&format!("load {} {events}", Kind::Order.name()));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/node_sdk.cjs");
    let mut node = Command::new("node")
        .args([
            script,
            &format!("http://127.0.0.1:{}", server.port(false)),
            &events.to_string(),
        ])
        .env("NO_PROXY", "127.0.0.1")
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut lines = BufReader::new(node.stdout.take()?)
        .lines()
        .map_while(Result::ok);
    // The SDK may print other lines to standard output.
    assert!(
        lines.any(|line| line == "ready"),
        "the SDK does not connect"
    );
    let runtime = runtime(false);
    let target = Target::new(server, Kind::Order, false);
    let mut ours = connect(&runtime, &target, OURS).expect("this contender reads orders");
    let (mut theirs, mut own) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        server.send(&format!("push {NAME} batched"));
        let micros = lines.find_map(|line| line.split(' ').next()?.parse::<f64>().ok());
        theirs.push(micros.expect("the SDK prints its CPU time") * 1000.0 / events as f64);
        server.response();
        let before = process_cpu();
        server.send(&format!("push {} batched", ours.connection()));
        ours.run(&runtime, events);
        own.push((process_cpu() - before).as_nanos() as f64 / events as f64);
        server.response();
    }
    // Ignore errors: the process may have exited already.
    let _ = node.kill();
    let _ = node.wait();
    // The first round only warms up.
    let (theirs, own) = (median(&theirs[1..]), median(&own[1..]));
    let title = "CPU time of the client process, ns per event: orders, batched, plain";
    let mut table = Table::new(title, [Kind::Order.name()]);
    table.row("kucoin-universal-sdk 1.3.0 in Node", [figure(theirs)]);
    table.row(OURS, [figure(own)]);
    table.row("theirs / ours", [figure(theirs / own)]);
    Some(table)
}
