//! The command line of kucoin-streams: `watch` private streams, `decode` captured frames, run the local `exchange`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod args;
mod decode;
mod demo;
mod exchange;
mod exit;
mod help;
mod output;
mod signals;
mod watch;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::Failed;

fn main() -> ExitCode {
    // clap prints usage errors itself, and ends with status 2 as we promise.
    let outcome = match Args::parse().command {
        Command::Watch(args) => on_runtime(watch::run(args)),
        Command::Decode(args) => decode::run(&args),
        Command::Exchange(args) => on_runtime(exchange::run(args)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => exit::complain(&failed.message, failed.status),
    }
}

fn on_runtime(
    command: impl Future<Output = Result<(), Failed>> + Send + 'static,
) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::other(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        // The loop of a command runs as a task: inside of `block_on` it would wake later.
        match tokio::spawn(command).await {
            Ok(outcome) => outcome,
            Err(error) => Err(Failed::other(format!("stopped unexpectedly: {error}"))),
        }
    });
    runtime.shutdown_background();
    outcome
}
