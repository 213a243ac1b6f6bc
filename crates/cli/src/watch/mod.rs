//! `watch`: show the events of an account as they come.

mod access;
mod feed;
mod live;
mod plan;
mod stop;

use kucoin_streams::auth::rest::ConfigError;
use kucoin_streams::client::ClosedError;
use kucoin_streams::{BuildError, CloseReason, Config, Kucoin, WsKey};

use crate::args::{Format, WatchArgs};
use crate::demo::Demo;
use crate::exit::{Failed, Status, Stderr};
use crate::output::Printer;
use crate::signals::Signals;
use crate::watch::access::Access;
use crate::watch::live::{Terms, Watch};
use crate::watch::plan::{Plan, Wish};

pub(crate) async fn run(args: Box<WatchArgs>, stderr: Stderr) -> Result<(), Failed> {
    // What was asked for is checked before anything is started.
    let plan = Plan::new(&args.ws_key, &args.topic)?;
    let demo = match args.demo {
        true => Some(Demo::start().await?),
        false => None,
    };
    let access = Access::new(&args, demo.as_ref())?;
    access::check_hosts(&access.hosts, plan.wishes.iter().map(Wish::ws_key))?;
    let kucoin = Kucoin::builder()
        .credentials(access.credentials)
        .hosts(access.hosts)
        .pro_authentication(args.hosts.pro_auth.into())
        .config(Config::default().with_connect_timeout(args.connect_timeout))
        .proxy(access.proxy)
        .build()
        .map_err(cannot_build)?;
    let signals =
        Signals::listen().map_err(|error| Failed::because("cannot listen for signals", &error))?;
    let format = Format::or_by_terminal(args.format);
    let whose = match &demo {
        Some(_) => "a made-up account on an exchange inside of this program",
        None => "your account",
    };
    let heading = format!("{whose}, {}", plan.summary());
    let Plan { wishes, names } = plan;
    let mut printer = Printer::new(format, args.times.into(), names, wishes.len() > 1)
        .map_err(Failed::cannot_write)?;
    printer.heading(&heading);
    let terms = Terms {
        count: args.count,
        for_time: args.for_time,
        stats: args.stats,
    };
    Watch::new(kucoin, wishes, printer, stderr, terms)
        .run(demo.as_ref(), signals)
        .await
}

fn cannot_build(error: BuildError) -> Failed {
    match error {
        BuildError::Config(
            ConfigError::Proxy
            | ConfigError::PlaintextThroughProxy { .. }
            | ConfigError::Ipv6ThroughProxy { .. },
        ) => Failed::usage(format!("--proxy: {error}")),
        _ => Failed::other(error.to_string()),
    }
}

/// Turns the end of a connection into the end of the command.
fn ended(ws_key: WsKey, reason: &CloseReason) -> Result<(), Failed> {
    let CloseReason::Failed(failure) = reason else {
        return Ok(());
    };
    let closed = ClosedError::new(reason.clone());
    Err(Failed {
        status: match closed.is_refusal() {
            true => Status::Refused,
            false => Status::Other,
        },
        message: format!("{ws_key}: {failure}"),
    })
}
