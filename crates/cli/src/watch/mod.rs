//! `watch`: show the events of an account as they come.

mod live;
mod plan;

use std::collections::HashMap;

use kucoin_streams::client::ClosedError;
use kucoin_streams::{CloseReason, Kucoin};

use crate::args::{Format, WatchArgs};
use crate::demo::Demo;
use crate::exit::{Failed, Status};
use crate::output::Printer;
use crate::signals::Signals;
use crate::watch::live::Watch;
use crate::watch::plan::Plan;

pub(crate) async fn run(args: Box<WatchArgs>) -> Result<(), Failed> {
    // What was asked for is checked before anything is started.
    let topics = plan::topics(&args.ws_key, &args.topic)?;
    let demo = match args.demo {
        true => Some(Demo::start().await?),
        false => None,
    };
    let Plan { credentials, hosts } = Plan::new(&args, demo.as_ref())?;
    let kucoin = Kucoin::builder()
        .credentials(credentials)
        .hosts(hosts)
        .build()
        .map_err(|error| Failed::other(error.to_string()))?;
    let signals = Signals::listen()
        .map_err(|error| Failed::other(format!("cannot listen for signals: {error}")))?;
    let mut printer = Printer::new(Format::or_by_terminal(args.format));
    let heading = match &demo {
        Some(_) => "a made-up account on an exchange inside of this program".to_owned(),
        None => format!("your account, {}", plan::names(&topics)),
    };
    if !keep_on(printer.heading(&heading))? {
        return Ok(());
    }
    let watch = Watch {
        kucoin,
        topics,
        asked: HashMap::new(),
        printer,
        count: args.count,
        for_time: args.for_time,
        connect_timeout: args.connect_timeout,
    };
    watch.run(demo.as_ref(), signals).await
}

/// Turns the end of a connection into the end of the command.
fn ended(reason: &CloseReason) -> Result<(), Failed> {
    let CloseReason::Failed(failure) = reason else {
        return Ok(());
    };
    let closed = ClosedError {
        reason: reason.clone(),
    };
    let code = failure
        .code
        .as_ref()
        .map_or_else(String::new, |code| format!(" (code {code})"));
    Err(Failed {
        status: match closed.is_refusal() {
            true => Status::Refused,
            false => Status::Other,
        },
        message: format!("{failure}{code}"),
    })
}

/// True to go on; false where the reader has closed the pipe.
fn keep_on(written: std::io::Result<()>) -> Result<bool, Failed> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if crate::exit::is_closed_pipe(&error) => Ok(false),
        Err(error) => Err(Failed::other(format!("cannot write: {error}"))),
    }
}
