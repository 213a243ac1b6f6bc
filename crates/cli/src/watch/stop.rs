//! Why `watch` ends, and what ends it whatever the connections do.

use std::future::{Future, pending};
use std::time::Duration;

use crate::demo::Demo;
use crate::exit::Failed;
use crate::output::{End, Writer};
use crate::signals::Signals;

/// Why the loop of `watch` ends.
pub(super) enum Left {
    /// All updates of `--count` were shown.
    Counted,
    /// A signal came, or the time of `--for` has passed.
    Stopped,
    /// The reader of stdout is gone.
    ReaderGone,
    /// Nothing that must be watched is left, or stdout cannot be written.
    Over(Result<(), Failed>),
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
            None => pending().await,
        }
    };
    let time = async {
        match for_time {
            Some(time) => tokio::time::sleep(time).await,
            None => pending().await,
        }
    };
    tokio::select! {
        signal = signals.asked_to_end() => match signal {
            Ok(()) => Left::Stopped,
            Err(error) => {
                Left::Over(Err(Failed::because("cannot listen for signals", &error)))
            }
        },
        () = time => Left::Stopped,
        end = stdout.ended() => match end {
            End::ReaderGone => Left::ReaderGone,
            End::Failed(error) => Left::Over(Err(Failed::cannot_write(error))),
        },
        () = cut => Left::Stopped,
    }
}
