//! Why `watch` ends, and what ends it whatever the connections do.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::time::Duration;

use kucoin_streams::core::Rounded;

use crate::demo::Demo;
use crate::exit::{Failed, Status};
use crate::output::{End, Writer};
use crate::signals::Signals;

/// Why the loop of `watch` ends.
pub(super) enum Left {
    /// All updates of `--count` were shown.
    Counted,
    /// A signal came, or the time of `--for` has passed: which of them.
    Stopped(String),
    /// The reader of stdout is gone.
    ReaderGone,
    /// Nothing that must be watched is left, or stdout cannot be written.
    Over(Result<(), Failed>),
}

impl Left {
    /// Why connections close that did not fail.
    pub(super) fn why(&self) -> String {
        match self {
            Self::Counted => "the updates of --count were shown".to_owned(),
            Self::Stopped(why) => why.clone(),
            Self::ReaderGone => "the reader of stdout is gone".to_owned(),
            Self::Over(Ok(())) => "nothing is left to watch".to_owned(),
            Self::Over(Err(failed)) if failed.message.is_empty() => {
                "the other connections failed".to_owned()
            }
            // stderr says of which connection, and the cause.
            Self::Over(Err(failed)) if failed.status == Status::NotConnected => {
                "not connected in time".to_owned()
            }
            Self::Over(Err(_)) => "the command failed".to_owned(),
        }
    }
}

/// Resolves when the loop must end whatever the connections do.
pub(super) trait Stop: Future<Output = Left> + Send {}

impl<F: Future<Output = Left> + Send> Stop for F {}

/// Waits for a signal, the time of `--for`, or the end of stdout. Meanwhile it cuts the connections of the demo once.
pub(super) async fn stop(
    demo: Option<&Demo>,
    signals: Signals,
    for_time: Option<Duration>,
    stdout: Writer,
) -> Left {
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
                format!("the {} of --for have passed", Rounded(time))
            }
            None => pending().await,
        }
    };
    tokio::select! {
        signal = signals.asked_to_end() => match signal {
            Ok(signal) => Left::Stopped(format!("stopped by {signal}")),
            Err(error) => {
                Left::Over(Err(Failed::because("cannot listen for signals", &error)))
            }
        },
        why = time => Left::Stopped(why),
        end = stdout.ended() => match end {
            End::ReaderGone => Left::ReaderGone,
            End::Failed(error) => Left::Over(Err(Failed::cannot_write(error))),
        },
        never = cut => match never {},
    }
}
