//! The loop of `watch`, from the first dial to the graceful end.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::time::Duration;

use kucoin_streams::{
    AnyEvent, Kucoin, Lifecycle, LifecycleEvent, LifecycleStream, RecoveredItem, RecoverySettings,
    WsKey,
};
use tokio::time::{Instant, timeout_at};

use super::by_connection;
use super::ending::{CLOSE_TIMEOUT, outcome, report_unwritten, write_out};
use super::feed::{ConnectionFeeds, FeedEvent};
use super::plan::PlannedConnection;
use super::stop_reason::{StopFuture, StopReason, wait_for_stop};
use crate::demo::Demo;
use crate::exit::{CommandError, ExitStatus, Stderr};
use crate::output::{Printer, event_count, time_of_day};
use crate::signals::Signals;

/// State of the loop.
pub(crate) struct WatchLoop {
    kucoin: Kucoin,
    /// Connections that are not opened yet.
    pending: VecDeque<PlannedConnection>,
    /// Connections that the user asked for; the command ends when any of them ends.
    requested: Vec<WsKey>,
    /// Connections that have or had a live topic.
    live: Vec<WsKey>,
    feeds: ConnectionFeeds,
    /// Received lifecycle events that are not printed yet.
    lifecycle_events: VecDeque<Lifecycle>,
    /// Failure of the first connection that failed before it was live; `None` if there is none.
    start_failure: Option<CommandError>,
    /// Exit status of the first connection that failed after it was live; its error is already on stderr.
    live_failure: Option<ExitStatus>,
    printer: Printer,
    stderr: Stderr,
    /// Number of printed events, live and recovered.
    printed: u64,
    /// Number of received events that were not printed in time.
    unprinted: u64,
    options: WatchOptions,
}

/// Options of the loop: recovery, when to end, and whether to print frame counters at the end.
#[derive(Clone)]
pub(crate) struct WatchOptions {
    /// `None` without recovery.
    pub(crate) recovery: Option<RecoverySettings>,
    pub(crate) count: Option<u64>,
    pub(crate) for_time: Option<Duration>,
    pub(crate) stats: bool,
}

/// Maximum number of events to process before checking for a stop.
const EVENTS_PER_CHECK: u64 = 1_024;

/// The next event of the loop.
enum LoopEvent {
    Feed(WsKey, FeedEvent),
    Lifecycle(Lifecycle),
    Nothing,
    Stop(StopReason),
}

impl WatchLoop {
    pub(crate) fn new(
        kucoin: Kucoin,
        planned: Vec<PlannedConnection>,
        printer: Printer,
        stderr: Stderr,
        options: WatchOptions,
    ) -> Self {
        let requested = planned.iter().filter(|planned| planned.is_requested());
        Self {
            kucoin,
            requested: requested.map(PlannedConnection::ws_key).collect(),
            pending: planned.into(),
            live: Vec::new(),
            feeds: ConnectionFeeds::default(),
            lifecycle_events: VecDeque::new(),
            start_failure: None,
            live_failure: None,
            printer,
            stderr,
            printed: 0,
            unprinted: 0,
            options,
        }
    }

    pub(crate) async fn run(
        mut self,
        demo: Option<&Demo>,
        signals: Signals,
    ) -> Result<(), CommandError> {
        let mut lifecycle = self.kucoin.lifecycle();
        let mut stop = pin!(wait_for_stop(
            demo,
            signals,
            self.options.for_time,
            self.printer.writer().clone()
        ));
        let reason = self.follow(&mut lifecycle, stop.as_mut()).await;
        let reason = reason.unwrap_or_else(|failed| StopReason::Finished(Err(failed)));
        let reason = self.finish(reason, &mut lifecycle, stop).await?;
        self.outcome(reason)
    }

    /// Prints events, gaps and lifecycle events until there is a reason to stop.
    ///
    /// Events are printed before lifecycle events that are ready at the same time, so a gap is printed before the
    /// `reconnected` that ends it.
    async fn follow(
        &mut self,
        lifecycle: &mut LifecycleStream,
        mut stop: Pin<&mut impl StopFuture>,
    ) -> Result<StopReason, CommandError> {
        // Only the first, so that wrong credentials cost one request.
        self.open_next();
        let mut seen: u64 = 0;
        loop {
            seen += 1;
            // If events arrive without a pause, nothing below waits, so check for a stop regularly.
            let next = if self.printer.is_full() || seen.is_multiple_of(EVENTS_PER_CHECK) {
                self.wait_for_room(stop.as_mut()).await
            } else if let Some((ws_key, event)) = self.feeds.try_next() {
                LoopEvent::Feed(ws_key, event)
            } else if let Some(event) = self.lifecycle_events.pop_front() {
                // All earlier events are printed.
                LoopEvent::Lifecycle(event)
            } else {
                self.wait(lifecycle, stop.as_mut()).await
            };
            match next {
                LoopEvent::Feed(ws_key, event) => {
                    if let Some(reason) = self.on_feed_event(ws_key, event, lifecycle)? {
                        return Ok(reason);
                    }
                }
                LoopEvent::Lifecycle(event) => self.print_lifecycle(&event)?,
                LoopEvent::Nothing => {}
                LoopEvent::Stop(reason) => return Ok(reason),
            }
        }
    }

    /// Waits until stdout has room. Meanwhile events stay in the queues of the subscriptions.
    async fn wait_for_room(&mut self, stop: Pin<&mut impl StopFuture>) -> LoopEvent {
        tokio::select! {
            biased;
            reason = stop => LoopEvent::Stop(reason),
            (ws_key, event) = self.feeds.next_subscribed() => LoopEvent::Feed(ws_key, event),
            () = self.printer.room() => LoopEvent::Nothing,
        }
    }

    /// Waits for the next event, after queuing all lines for stdout.
    async fn wait(
        &mut self,
        lifecycle: &mut LifecycleStream,
        stop: Pin<&mut impl StopFuture>,
    ) -> LoopEvent {
        if let Some(event) = lifecycle.try_next() {
            // Printed after all earlier events
            self.lifecycle_events.push_back(event);
            return LoopEvent::Nothing;
        }
        self.printer.flush();
        tokio::select! {
            biased;
            reason = stop => LoopEvent::Stop(reason),
            (ws_key, event) = self.feeds.next() => LoopEvent::Feed(ws_key, event),
            event = lifecycle.next() => {
                self.lifecycle_events.extend(event);
                LoopEvent::Nothing
            }
        }
    }

    /// Handles an event of a connection; returns the reason if the loop must stop.
    fn on_feed_event(
        &mut self,
        ws_key: WsKey,
        event: FeedEvent,
        lifecycle: &mut LifecycleStream,
    ) -> Result<Option<StopReason>, CommandError> {
        match event {
            FeedEvent::Live => {
                // Print `open` and the responses before the first events.
                self.print_lifecycle_of(ws_key, lifecycle)?;
                self.printer.started(ws_key);
                self.open_all();
            }
            FeedEvent::Ended(outcome) => {
                self.print_lifecycle_of(ws_key, lifecycle)?;
                return Ok(self.on_connection_end(ws_key, outcome));
            }
            FeedEvent::Item(item) => {
                self.print(ws_key, &item)?;
                if self.is_enough() {
                    return Ok(Some(StopReason::CountReached));
                }
            }
        }
        Ok(None)
    }

    /// Handles the end of a connection; returns the reason if the loop must stop.
    fn on_connection_end(
        &mut self,
        ws_key: WsKey,
        outcome: Result<(), CommandError>,
    ) -> Option<StopReason> {
        let was_live = self.live.contains(&ws_key);
        let outcome = outcome.map_err(|failed| match was_live {
            true => failed.with_status(ExitStatus::Other),
            false => self.with_untried(failed),
        });
        let has_status = |status| matches!(&outcome, Err(failed) if failed.status == status);
        // If the credentials of the first connection are refused, do not open the others.
        let is_refused = has_status(ExitStatus::Refused) && !self.pending.is_empty();
        if self.requested.contains(&ws_key) || is_refused || has_status(ExitStatus::NotConnected) {
            return Some(StopReason::Finished(outcome));
        }
        self.record_failure(ws_key, outcome);
        self.open_all();
        self.feeds.have_ended().then(|| {
            let failed = match self.live_failure.take() {
                Some(status) => Some(CommandError::reported(status)),
                None => self.start_failure.take(),
            };
            StopReason::Finished(failed.map_or(Ok(()), Err))
        })
    }

    /// Adds the connections that were not opened to the error of the first connection.
    fn with_untried(&self, mut failed: CommandError) -> CommandError {
        if failed.status == ExitStatus::NotConnected && !self.pending.is_empty() {
            let untried = self.pending.iter();
            let untried: Vec<&str> = untried.map(|planned| planned.ws_key().as_str()).collect();
            failed.message.push_str(&format!(
                "; not tried: {}, opened only after the first connection",
                untried.join(", ")
            ));
        }
        failed
    }

    /// Records a failed connection. If it was live, also prints the error.
    fn record_failure(&mut self, ws_key: WsKey, outcome: Result<(), CommandError>) {
        let Err(failed) = outcome else {
            return;
        };
        if self.live.contains(&ws_key) {
            self.stderr.line(&failed.message);
            self.live_failure.get_or_insert(failed.status);
        } else {
            self.start_failure.get_or_insert(failed);
        }
    }

    fn print(&mut self, ws_key: WsKey, item: &RecoveredItem<AnyEvent>) -> Result<(), CommandError> {
        if let RecoveredItem::Event(_) = item {
            self.printed += 1;
        }
        self.printer.item(ws_key, item)
    }

    fn print_lifecycle(&mut self, event: &Lifecycle) -> Result<(), CommandError> {
        match event.event {
            LifecycleEvent::Open => self.open_all(),
            LifecycleEvent::Response { ok: true, .. } if !self.live.contains(&event.ws_key) => {
                self.live.push(event.ws_key);
            }
            _ => {}
        }
        self.printer.lifecycle(event)
    }

    /// Prints the lifecycle events of one connection; events of other connections wait.
    fn print_lifecycle_of(
        &mut self,
        ws_key: WsKey,
        lifecycle: &mut LifecycleStream,
    ) -> Result<(), CommandError> {
        self.lifecycle_events
            .extend(std::iter::from_fn(|| lifecycle.try_next()));
        let (of_key, of_others): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.lifecycle_events)
                .into_iter()
                .partition(|event| event.ws_key == ws_key);
        self.lifecycle_events = of_others;
        of_key
            .iter()
            .try_for_each(|event| self.print_lifecycle(event))
    }

    /// Closes the connections and writes what they received; returns why the loop ended.
    ///
    /// Closing and writing have time limits. With `--count`, writing has no time limit until a stop is requested.
    async fn finish(
        &mut self,
        reason: StopReason,
        lifecycle: &mut LifecycleStream,
        stop: Pin<&mut impl StopFuture>,
    ) -> Result<StopReason, CommandError> {
        let began = Instant::now();
        self.printer.set_close_reason(reason.close_reason());
        if let Ok(done) = timeout_at(began + CLOSE_TIMEOUT, self.close_and_drain(lifecycle)).await {
            done?;
        }
        self.print_rest(lifecycle)?;
        self.count_unprinted();
        Ok(write_out(self.printer.writer(), reason, began, stop).await)
    }

    /// Closes the connections and prints what they received.
    async fn close_and_drain(
        &mut self,
        lifecycle: &mut LifecycleStream,
    ) -> Result<(), CommandError> {
        self.pending.clear();
        let kucoin = self.kucoin.clone();
        let mut close = pin!(kucoin.close());
        let mut is_closed = false;
        let mut seen: u64 = 0;
        loop {
            let is_full = self.printer.is_full();
            let wants_more = !is_full && !self.is_enough();
            tokio::select! {
                biased;
                () = &mut close, if !is_closed => is_closed = true,
                () = self.printer.room(), if is_full => {}
                (ws_key, event) = self.feeds.next(), if wants_more => match event {
                    FeedEvent::Ended(outcome) => {
                        self.print_lifecycle_of(ws_key, lifecycle)?;
                        self.record_failure(ws_key, outcome);
                    }
                    FeedEvent::Item(item) => self.print(ws_key, &item)?,
                    FeedEvent::Live => {}
                },
                // After closing, everything received is ready, so nothing is left.
                () = std::future::ready(()), if is_closed && !is_full => return Ok(()),
            }
            seen += 1;
            if seen.is_multiple_of(EVENTS_PER_CHECK) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Prints the last lifecycle events, and the frame counters.
    fn print_rest(&mut self, lifecycle: &mut LifecycleStream) -> Result<(), CommandError> {
        self.lifecycle_events
            .extend(std::iter::from_fn(|| lifecycle.try_next()));
        for event in std::mem::take(&mut self.lifecycle_events) {
            self.printer.lifecycle(&event)?;
        }
        if self.options.stats {
            let drift = by_connection(self.kucoin.drift(), |drift| &drift.topic);
            self.printer.drift(&drift)?;
            self.printer.stats(&self.feeds.ledgers())?;
        }
        self.printer.flush();
        Ok(())
    }

    /// Returns the outcome of the command when everything is written or the time limit has passed.
    fn outcome(&mut self, reason: StopReason) -> Result<(), CommandError> {
        let unwritten = report_unwritten(self.printer.writer(), self.unprinted, &self.stderr);
        for (ws_key, from) in self.feeds.unrecovered() {
            self.stderr.line(&format!(
                "{ws_key}: stopped before the missed events were fetched; events from {} UTC to now may be missing",
                time_of_day(from)
            ));
        }
        let has_failed = unwritten > 0 || self.live_failure.is_some();
        outcome(reason, self.printer.writer(), has_failed)
    }

    /// Counts the events that were received, but not printed in time.
    fn count_unprinted(&mut self) {
        while !self.is_enough()
            && let Some((_, event)) = self.feeds.try_next()
        {
            if let FeedEvent::Item(item) = event {
                self.unprinted += event_count(&item);
            }
        }
    }

    fn open_next(&mut self) {
        if let Some(planned) = self.pending.pop_front() {
            let recovery = self.options.recovery.clone();
            self.feeds.add(planned.open(&self.kucoin, recovery));
        }
    }

    fn open_all(&mut self) {
        while !self.pending.is_empty() {
            self.open_next();
        }
    }

    fn is_enough(&self) -> bool {
        self.options
            .count
            .is_some_and(|count| self.printed >= count)
    }
}
