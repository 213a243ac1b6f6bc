//! The command `kucoin-streams`: `watch` private streams, find problems with `doctor`, `decode` recorded frames, run the local `exchange`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod access;
mod args;
mod decode;
mod demo;
mod doctor;
mod exchange;
mod exit;
mod help;
mod logs;
mod metrics_server;
mod output;
mod signals;
mod top;
mod watch;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::exit::{CommandError, Stderr};

fn main() -> ExitCode {
    // clap prints usage errors and exits with status 2, as documented.
    let Args { command, verbose } = Args::parse();
    match command {
        Command::Watch(args) => on_runtime(verbose, |stderr| watch::run(args, stderr)),
        Command::Top(args) => on_runtime(verbose, |stderr| top::run(args, stderr)),
        Command::Doctor(args) => on_runtime(verbose, |stderr| doctor::run(args, stderr)),
        Command::Exchange(args) if args.help_script => finish(exchange::help_script()),
        Command::Exchange(args) => on_runtime(verbose, |stderr| exchange::run(args, stderr)),
        Command::Decode(args) => finish(decode::run(&args)),
    }
}

/// Runs a command on the async runtime.
///
/// The process exits afterwards, even if a thread is still blocked in a write to stdout or stderr.
fn on_runtime<F>(verbosity: u8, command: impl FnOnce(Stderr) -> F) -> ExitCode
where
    F: Future<Output = Result<(), CommandError>> + Send + 'static,
{
    let cannot_start = |error| print_failure(&CommandError::because("cannot start", &error));
    if let Err(error) = check_file_descriptors() {
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
        // As a task, because the thread of `block_on` is woken later than a worker.
        let outcome = tokio::spawn(command).await.unwrap_or_else(|error| {
            Err(CommandError::other(format!(
                "stopped unexpectedly: {error}"
            )))
        });
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

/// The minimum number of file descriptors that a command needs, including its first connection.
#[cfg(unix)]
const MIN_DESCRIPTORS: usize = 16;

/// Checks that enough file descriptors are available.
///
/// With too few, the runtime panics or errors are misleading.
#[cfg(unix)]
fn check_file_descriptors() -> std::io::Result<()> {
    let open = |_| std::fs::File::open("/");
    (0..MIN_DESCRIPTORS)
        .map(open)
        .collect::<std::io::Result<Vec<_>>>()
        .map(drop)
}

#[cfg(not(unix))]
fn check_file_descriptors() -> std::io::Result<()> {
    Ok(())
}

/// Returns the exit code of a command without a runtime.
fn finish(outcome: Result<(), CommandError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => print_failure(&failed),
    }
}

/// Prints a failure with a blocking write.
///
/// Signals are not handled yet at that time, so a signal still ends the process.
fn print_failure(failed: &CommandError) -> ExitCode {
    exit::print_error(&failed.message);
    failed.code()
}
