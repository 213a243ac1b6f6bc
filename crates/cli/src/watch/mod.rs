//! `watch`: prints the events of an account as they arrive.

mod access;
mod feed;
mod plan;
mod stop_reason;
mod watch_loop;

use kucoin_streams::auth::rest::ConfigError;
use kucoin_streams::client::ClosedError;
use kucoin_streams::{BuildError, CloseReason, Config, Kucoin, WsKey};

use crate::args::{Format, WatchArgs};
use crate::demo::Demo;
use crate::exit::{CommandError, ExitStatus, Stderr};
use crate::output::{MARKS, Printer};
use crate::signals::Signals;
use crate::watch::access::Access;
use crate::watch::plan::{Plan, PlannedConnection};
use crate::watch::watch_loop::{WatchLoop, WatchOptions};

pub(crate) async fn run(args: Box<WatchArgs>, stderr: Stderr) -> Result<(), CommandError> {
    // Usage errors first, before anything is started.
    let plan = Plan::new(&args.ws_key, &args.topic)?;
    let demo = match args.demo {
        true => Some(Demo::start().await?),
        false => None,
    };
    let access = Access::new(&args, demo.as_ref())?;
    access::check_hosts(
        &access.hosts,
        plan.connections.iter().map(PlannedConnection::ws_key),
    )?;
    let kucoin = Kucoin::builder()
        .credentials(access.credentials)
        .hosts(access.hosts)
        .pro_authentication(args.hosts.pro_auth.into())
        .config(Config::default().with_connect_timeout(args.connect_timeout))
        .proxy(access.proxy)
        .build()
        .map_err(cannot_build)?;
    let signals = Signals::listen()
        .map_err(|error| CommandError::because("cannot listen for signals", &error))?;
    let format = Format::or_by_terminal(args.format);
    let account = match &demo {
        Some(_) => "a demo account on a local exchange",
        None => "your account",
    };
    let heading = format!("{account}, {}", plan.summary());
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

fn cannot_build(error: BuildError) -> CommandError {
    match error {
        BuildError::Config(
            ConfigError::Proxy
            | ConfigError::PlaintextThroughProxy { .. }
            | ConfigError::Ipv6ThroughProxy { .. },
        ) => CommandError::usage(format!("--proxy: {error}")),
        _ => CommandError::other(error.to_string()),
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
