//! `watch`: prints the events of an account as they arrive.

mod account;
mod ending;
mod feed;
mod plan;
mod stop_reason;
mod watch_loop;

use kucoin_streams::client::ClosedError;
use kucoin_streams::{AnyTopic, CloseReason, WsKey};

use crate::access;
use crate::args::{Format, WatchArgs};
use crate::exit::{CommandError, ExitStatus, Stderr};
use crate::metrics_server;
use crate::output::{MARKS, Printer};
use crate::signals::Signals;
use crate::watch::plan::{Plan, PlannedConnection};
use crate::watch::watch_loop::{WatchLoop, WatchOptions};

pub(crate) async fn run(args: Box<WatchArgs>, stderr: Stderr) -> Result<(), CommandError> {
    if args.account {
        return account::run(&args, stderr).await;
    }
    // Usage errors first, before anything is started.
    let plan = Plan::new(&args.connection.ws_key, &args.topic)?;
    let ws_keys = plan.connections.iter().map(PlannedConnection::ws_key);
    let (kucoin, demo) = access::connect(&args.connection, ws_keys).await?;
    metrics_server::start(args.connection.metrics_addr, &kucoin, &stderr).await?;
    let signals = Signals::listen()
        .map_err(|error| CommandError::because("cannot listen for signals", &error))?;
    let format = Format::or_by_terminal(args.format);
    let heading = format!("{}, {}", whose_account(demo.is_some()), plan.summary());
    let Plan {
        connections,
        aliases,
    } = plan;
    let mut printer = Printer::new(format, args.times.into(), aliases, connections.len() > 1)
        .map_err(CommandError::cannot_write)?;
    let recovery = args.recovery();
    let note = match recovery {
        Some(_) => format!("Times are in UTC. {MARKS} Stop with Ctrl-C."),
        None => "Times are in UTC. Stop with Ctrl-C.".to_owned(),
    };
    printer.heading(&heading, &note);
    let options = WatchOptions {
        recovery,
        count: args.count,
        for_time: args.for_time,
        stats: args.stats,
    };
    WatchLoop::new(kucoin, connections, printer, stderr, options)
        .run(demo.as_ref(), signals)
        .await
}

fn whose_account(is_demo: bool) -> &'static str {
    match is_demo {
        true => "a demo account on a local exchange",
        false => "your account",
    }
}

/// Converts the end of a connection into the outcome of the command.
fn ended(ws_key: WsKey, reason: &CloseReason) -> Result<(), CommandError> {
    let CloseReason::Failed(failure) = reason else {
        return Ok(());
    };
    let closed = ClosedError::new(reason.clone());
    Err(CommandError {
        status: match closed.is_refusal() {
            true => ExitStatus::Refused,
            false => ExitStatus::Other,
        },
        message: format!("{ws_key}: {failure}"),
    })
}

/// Adds the connection of each topic, which is one of the topics that `watch` knows.
fn by_connection<T>(items: Vec<T>, topic: impl Fn(&T) -> &str) -> Vec<(WsKey, T)> {
    let with_key = |item: T| {
        let parsed: AnyTopic = topic(&item).parse().ok()?;
        Some((parsed.ws_key(), item))
    };
    items.into_iter().filter_map(with_key).collect()
}
