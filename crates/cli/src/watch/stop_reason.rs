//! The reasons to stop `watch`, and the wait for reasons that do not depend on the connections.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::time::Duration;

use kucoin_streams::core::HumanDuration;

use crate::demo::Demo;
use crate::exit::{CommandError, ExitStatus};
use crate::output::{OutputEnd, Writer};
use crate::signals::Signals;

/// Reason to stop the loop of `watch`.
pub(super) enum StopReason {
    /// `--count` updates were printed.
    CountReached,
    /// A signal was received, or the time of `--for` has elapsed; the text says which.
    Stopped(String),
    /// The reader of stdout closed the pipe.
    ReaderGone,
    /// No connection is left to watch, a required connection has ended, or stdout cannot be written.
    Finished(Result<(), CommandError>),
}

impl StopReason {
    /// Returns the reason to report for the connections that close because of this stop.
    pub(super) fn close_reason(&self) -> String {
        match self {
            Self::CountReached => "--count reached".to_owned(),
            Self::Stopped(why) => why.clone(),
            Self::ReaderGone => "stdout was closed by its reader".to_owned(),
            Self::Finished(Ok(())) => "no connection left to watch".to_owned(),
            Self::Finished(Err(failed)) if failed.message.is_empty() => {
                "the other connections failed".to_owned()
            }
            // stderr has the connection and the cause.
            Self::Finished(Err(failed)) if failed.status == ExitStatus::NotConnected => {
                "not connected in time".to_owned()
            }
            Self::Finished(Err(_)) => "the command failed".to_owned(),
        }
    }
}

/// A future that resolves when the loop must stop, independently of the connections.
pub(super) trait StopFuture: Future<Output = StopReason> + Send {}

impl<F: Future<Output = StopReason> + Send> StopFuture for F {}

/// Waits for a signal, the end of `--for`, or the end of stdout. In a demo, also cuts the connections once.
pub(super) async fn wait_for_stop(
    demo: Option<&Demo>,
    signals: Signals,
    for_time: Option<Duration>,
    stdout: Writer,
) -> StopReason {
    let cut = async {
        match demo {
            Some(demo) => demo.cut_once().await,
            None => pending::<Infallible>().await,
        }
    };
    let time = async {
        match for_time {
            Some(time) => {
                tokio::time::sleep(time).await;
                format!("stopped after {} (--for)", HumanDuration(time))
            }
            None => pending().await,
        }
    };
    tokio::select! {
        signal = signals.received() => match signal {
            Ok(signal) => StopReason::Stopped(format!("stopped by {signal}")),
            Err(error) => {
                StopReason::Finished(Err(CommandError::because("cannot listen for signals", &error)))
            }
        },
        why = time => StopReason::Stopped(why),
        end = stdout.ended() => match end {
            OutputEnd::ReaderGone => StopReason::ReaderGone,
            OutputEnd::Failed(error) => StopReason::Finished(Err(CommandError::cannot_write(error))),
        },
        never = cut => match never {},
    }
}
