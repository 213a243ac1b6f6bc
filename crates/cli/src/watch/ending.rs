//! The end of `watch`: writing the output, and the exit status.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::stop_reason::{StopFuture, StopReason};
use crate::exit::{CommandError, ExitStatus, Stderr};
use crate::output::{OutputEnd, Writer};

/// Time limit for closing the connections and printing what they received.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_millis(1_400);

/// Time limit for closing and for writing the output.
///
/// With the time for stderr and process exit, the end takes at most two seconds.
const END_TIMEOUT: Duration = Duration::from_millis(1_700);

/// Waits until everything is written, within the time limit that began at `began`; returns why the loop ended.
///
/// With `--count`, writing has no time limit until a stop is requested.
pub(super) async fn write_out(
    writer: &Writer,
    mut reason: StopReason,
    began: Instant,
    stop: Pin<&mut impl StopFuture>,
) -> StopReason {
    let mut deadline = began + END_TIMEOUT;
    if let StopReason::CountReached = reason {
        tokio::select! {
            () = writer.written() => {}
            stopped = stop => {
                reason = stopped;
                deadline = Instant::now() + END_TIMEOUT;
            }
        }
    }
    let _ = timeout_at(deadline, writer.written()).await;
    reason
}

/// Returns the number of events that could not be written, and reports it on stderr if it is not 0.
pub(super) fn report_unwritten(writer: &Writer, unprinted: u64, stderr: &Stderr) -> u64 {
    let unwritten = match writer.end() {
        None => writer.unwritten() + unprinted,
        // The reader closed the pipe, or the write error says that output is missing.
        Some(_) => 0,
    };
    if unwritten > 0 {
        stderr.line(&format!(
            "{unwritten} events received but not written: stdout is not read fast enough"
        ));
    }
    unwritten
}

/// Returns the outcome of the command; `has_failed` if stderr has an error already.
pub(super) fn outcome(
    reason: StopReason,
    writer: &Writer,
    has_failed: bool,
) -> Result<(), CommandError> {
    match (reason, writer.end()) {
        (StopReason::Finished(Err(failed)), _) => Err(failed),
        (_, Some(OutputEnd::Failed(error))) => Err(CommandError::cannot_write(error)),
        _ if has_failed => Err(CommandError::reported(ExitStatus::Other)),
        _ => Ok(()),
    }
}
