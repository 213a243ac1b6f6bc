//! Measures the offset of the exchange's clock now and then, for latencies.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use kucoin_streams_core::{ClockOffset, DynConnectionSource, WsKey};

/// Time between two measurements.
const INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Maximum time of a measurement: a slower one would be too inexact.
const TIMEOUT: Duration = Duration::from_secs(2);

type Measuring = Pin<Box<dyn Future<Output = Option<ClockOffset>> + Send>>;

/// Measurement of the exchange's clock: in progress, or waiting for the next one.
///
/// It costs one REST request every five minutes, for all connections of an account together.
#[derive(Default)]
pub(super) struct ClockTimer {
    /// Time of the next measurement; `None` before the first is wanted.
    due: Option<Instant>,
    measuring: Option<Measuring>,
}

impl ClockTimer {
    /// Starts the measurements now, unless they are started.
    pub(super) fn start(&mut self, now: Instant) {
        self.due.get_or_insert(now);
    }

    /// Returns the time of the next measurement.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Starts a measurement if it is due.
    pub(super) fn on_timer(
        &mut self,
        now: Instant,
        source: &Arc<dyn DynConnectionSource>,
        ws_key: WsKey,
    ) {
        if self.due.is_some_and(|due| due <= now) {
            self.due = Some(now + INTERVAL);
            let source = Arc::clone(source);
            self.measuring = Some(Box::pin(async move {
                let measured = source.clock_offset_boxed(ws_key);
                tokio::time::timeout(TIMEOUT, measured).await.ok().flatten()
            }));
        }
    }

    /// Returns a new measurement if there is one.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Option<ClockOffset> {
        match self.measuring.as_mut()?.as_mut().poll(context) {
            Poll::Ready(measured) => {
                self.measuring = None;
                measured
            }
            Poll::Pending => None,
        }
    }
}
