//! The command line of kucoin-streams: `watch` private streams, run the local `exchange`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod args;
mod demo;
mod exchange;
mod exit;
mod output;
mod signals;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::Status;

fn main() -> ExitCode {
    // clap prints usage errors itself, and ends with status 2 as we promise.
    let args = Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return exit::complain(&format!("cannot start: {error}"), Status::Other),
    };
    let outcome = runtime.block_on(async {
        // The loop of a command runs as a task: inside of `block_on` it would wake later.
        let command = tokio::spawn(run(args));
        match command.await {
            Ok(outcome) => outcome,
            Err(error) => Err(exit::Failed::other(format!(
                "stopped unexpectedly: {error}"
            ))),
        }
    });
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => exit::complain(&failed.message, failed.status),
    }
}

async fn run(args: Args) -> Result<(), exit::Failed> {
    match args.command {
        Command::Watch(args) => watch::run(args).await,
        Command::Exchange(args) => exchange::run(args).await,
    }
}
