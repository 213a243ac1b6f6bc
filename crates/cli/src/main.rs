//! The command line of kucoin-streams: `watch` private streams, `decode` captured frames, run the local `exchange`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod args;
mod decode;
mod demo;
mod exchange;
mod exit;
mod help;
mod logs;
mod output;
mod signals;
mod watch;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::{Failed, Stderr};

fn main() -> ExitCode {
    // clap prints usage errors itself, and ends with status 2 as we promise.
    let Args { command, verbose } = Args::parse();
    match command {
        Command::Watch(args) => on_runtime(verbose, |stderr| watch::run(args, stderr)),
        Command::Exchange(args) if args.help_script => finish(exchange::help_script()),
        Command::Exchange(args) => on_runtime(verbose, |stderr| exchange::run(args, stderr)),
        Command::Decode(args) => finish(decode::run(&args)),
    }
}

/// Runs a command to its end. The process then ends although a thread may still wait in a write to stdout or stderr.
fn on_runtime<F>(verbosity: u8, command: impl FnOnce(Stderr) -> F) -> ExitCode
where
    F: Future<Output = Result<(), Failed>> + Send + 'static,
{
    let cannot_start = |error| without_runtime(&Failed::because("cannot start", &error));
    if let Err(error) = descriptors_are_left() {
        return cannot_start(error);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let (runtime, stderr) = match (runtime, Stderr::start()) {
        (Ok(runtime), Ok(stderr)) => (runtime, stderr),
        (Err(error), _) | (_, Err(error)) => return cannot_start(error),
    };
    logs::start(verbosity, &stderr);
    let command = command(stderr.clone());
    let code = runtime.block_on(async {
        // The loop of a command runs as a task: inside of `block_on` it would wake later.
        let outcome = tokio::spawn(command)
            .await
            .unwrap_or_else(|error| Err(Failed::other(format!("stopped unexpectedly: {error}"))));
        let code = match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(failed) => {
                if !failed.message.is_empty() {
                    stderr.line(&failed.message);
                }
                failed.code()
            }
        };
        stderr.written().await;
        code
    });
    runtime.shutdown_background();
    code
}

/// The file descriptors that a command opens at least, its first connection included.
#[cfg(unix)]
const DESCRIPTORS: usize = 16;

/// Fails if there are too few file descriptors: later the runtime panics, or a cause is hard to see.
#[cfg(unix)]
fn descriptors_are_left() -> std::io::Result<()> {
    let open = |_| std::fs::File::open("/");
    (0..DESCRIPTORS)
        .map(open)
        .collect::<std::io::Result<Vec<_>>>()
        .map(drop)
}

#[cfg(not(unix))]
fn descriptors_are_left() -> std::io::Result<()> {
    Ok(())
}

/// The end of a command that needs no runtime.
fn finish(outcome: Result<(), Failed>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => without_runtime(&failed),
    }
}

/// Reports a failure if no signal is handled, so that a write that blocks can be ended by one.
fn without_runtime(failed: &Failed) -> ExitCode {
    exit::complain(&failed.message);
    failed.code()
}
