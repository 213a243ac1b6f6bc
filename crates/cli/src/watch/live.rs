//! The loop of `watch`: from the first dial to the orderly end.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::time::Duration;

use kucoin_streams::{Kucoin, Lifecycle, LifecycleEvent, LifecycleStream, WsKey};
use tokio::time::{Instant, timeout_at};

use super::feed::{Feeds, Happening};
use super::plan::Wish;
use super::stop::{Left, Stop, stop};
use crate::demo::Demo;
use crate::exit::{Failed, Status, Stderr};
use crate::output::{End, Printer, missed_by};
use crate::signals::Signals;

/// All that the loop needs.
pub(crate) struct Watch {
    kucoin: Kucoin,
    /// The connections that are not opened yet.
    wishes: VecDeque<Wish>,
    /// The connections that were asked for by name: the command ends with the first of them that ends.
    named: Vec<WsKey>,
    /// The connections of which a topic is live, or was.
    live: Vec<WsKey>,
    feeds: Feeds,
    /// Lifecycle events that came and are not shown yet.
    events: VecDeque<Lifecycle>,
    /// Why the first connection failed that was never live.
    failed: Option<Failed>,
    /// The status of the first connection that failed after it was live. Its error is on stderr already.
    lost: Option<Status>,
    printer: Printer,
    stderr: Stderr,
    /// The number of updates that were shown.
    shown: u64,
    /// The number of events that gaps counted instead.
    missed: u64,
    terms: Terms,
}

/// When to end, and whether to account for it.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) count: Option<u64>,
    pub(crate) for_time: Option<Duration>,
    pub(crate) stats: bool,
}

/// The number of events that are shown before anything else is looked at.
const AT_ONCE: u64 = 1_024;

/// The time to close the connections and to show what they received.
const CLOSE_WITHIN: Duration = Duration::from_millis(1_400);

/// The time for all of that and for writing it. With stderr and the end of the process it makes two seconds.
const END_WITHIN: Duration = Duration::from_millis(1_700);

/// What the loop sees next.
enum Next {
    Happening(WsKey, Happening),
    Lifecycle(Lifecycle),
    Nothing,
    Left(Left),
}

impl Watch {
    pub(crate) fn new(
        kucoin: Kucoin,
        wishes: Vec<Wish>,
        printer: Printer,
        stderr: Stderr,
        terms: Terms,
    ) -> Self {
        let named = wishes.iter().filter(|wish| wish.is_named());
        Self {
            kucoin,
            named: named.map(Wish::ws_key).collect(),
            wishes: wishes.into(),
            live: Vec::new(),
            feeds: Feeds::default(),
            events: VecDeque::new(),
            failed: None,
            lost: None,
            printer,
            stderr,
            shown: 0,
            missed: 0,
            terms,
        }
    }

    pub(crate) async fn run(mut self, demo: Option<&Demo>, signals: Signals) -> Result<(), Failed> {
        let mut lifecycle = self.kucoin.lifecycle();
        let mut stop = pin!(stop(
            demo,
            signals,
            self.terms.for_time,
            self.printer.writer().clone()
        ));
        let left = self.follow(&mut lifecycle, stop.as_mut()).await;
        let left = left.unwrap_or_else(|failed| Left::Over(Err(failed)));
        let left = self.finish(left, &mut lifecycle, stop).await?;
        self.outcome(left)
    }

    /// Shows events, gaps and what happens to the connections.
    ///
    /// Events come before lifecycle events that are there at the same time: a gap is queued before the
    /// reconnection that ends it is reported, and so it is shown.
    async fn follow(
        &mut self,
        lifecycle: &mut LifecycleStream,
        mut stop: Pin<&mut impl Stop>,
    ) -> Result<Left, Failed> {
        // The first alone: what is wrong with the credentials is found out by one request.
        self.open_next();
        let mut seen: u64 = 0;
        loop {
            seen += 1;
            // In a flood nothing is ever awaited below, and the wish to end must be heard all the same.
            let next = if self.printer.is_full() || seen.is_multiple_of(AT_ONCE) {
                self.wait_for_room(stop.as_mut()).await
            } else if let Some((ws_key, happening)) = self.feeds.try_next() {
                Next::Happening(ws_key, happening)
            } else if let Some(event) = self.events.pop_front() {
                // No event that came before this one is left.
                Next::Lifecycle(event)
            } else {
                self.wait(lifecycle, stop.as_mut()).await
            };
            match next {
                Next::Happening(ws_key, happening) => {
                    if let Some(left) = self.take(ws_key, happening, lifecycle)? {
                        return Ok(left);
                    }
                }
                Next::Lifecycle(event) => self.show_lifecycle(&event)?,
                Next::Nothing => {}
                Next::Left(left) => return Ok(left),
            }
        }
    }

    /// Waits until stdout takes more. Meanwhile events wait in the queues of the subscriptions.
    async fn wait_for_room(&mut self, stop: Pin<&mut impl Stop>) -> Next {
        tokio::select! {
            biased;
            left = stop => Next::Left(left),
            (ws_key, happening) = self.feeds.next_subscribed() => Next::Happening(ws_key, happening),
            () = self.printer.room() => Next::Nothing,
        }
    }

    /// Waits for what comes next, and lets the reader see what there was.
    async fn wait(&mut self, lifecycle: &mut LifecycleStream, stop: Pin<&mut impl Stop>) -> Next {
        if let Some(event) = lifecycle.try_next() {
            // It is shown once no event is left that came before it.
            self.events.push_back(event);
            return Next::Nothing;
        }
        self.printer.flush();
        tokio::select! {
            biased;
            left = stop => Next::Left(left),
            (ws_key, happening) = self.feeds.next() => Next::Happening(ws_key, happening),
            event = lifecycle.next() => {
                self.events.extend(event);
                Next::Nothing
            }
        }
    }

    /// Takes what came of a connection; returns why to end, if it is a reason.
    fn take(
        &mut self,
        ws_key: WsKey,
        happening: Happening,
        lifecycle: &mut LifecycleStream,
    ) -> Result<Option<Left>, Failed> {
        match happening {
            Happening::Live => {
                // `open` and the answers of the server came before; the first events follow them.
                self.show_lifecycle_of(ws_key, lifecycle)?;
                self.printer.started(ws_key);
                self.open_all();
            }
            Happening::Over(outcome) => {
                self.show_lifecycle_of(ws_key, lifecycle)?;
                return Ok(self.over(ws_key, outcome));
            }
            item => {
                self.show(ws_key, item)?;
                if self.is_enough() {
                    return Ok(Some(Left::Counted));
                }
            }
        }
        Ok(None)
    }

    /// A connection has ended; returns why to end, if nothing is left that must be watched.
    fn over(&mut self, ws_key: WsKey, outcome: Result<(), Failed>) -> Option<Left> {
        let was_live = self.live.contains(&ws_key);
        let outcome = outcome.map_err(|failed| match was_live {
            true => failed.with_status(Status::Other),
            false => failed,
        });
        let has_status = |status| matches!(&outcome, Err(failed) if failed.status == status);
        // If the first is refused, so are the others: they are not even opened.
        let is_refused = has_status(Status::Refused) && !self.wishes.is_empty();
        if self.named.contains(&ws_key) || is_refused || has_status(Status::NotConnected) {
            return Some(Left::Over(outcome));
        }
        self.note_end(ws_key, outcome);
        self.open_all();
        self.feeds.are_over().then(|| {
            let failed = match self.lost.take() {
                Some(status) => Some(Failed::reported(status)),
                None => self.failed.take(),
            };
            Left::Over(failed.map_or(Ok(()), Err))
        })
    }

    /// Reports a connection that failed after it was live. One that was never live is left out.
    fn note_end(&mut self, ws_key: WsKey, outcome: Result<(), Failed>) {
        let Err(failed) = outcome else {
            return;
        };
        if self.live.contains(&ws_key) {
            self.stderr.line(&failed.message);
            self.lost.get_or_insert(failed.status);
        } else {
            self.failed.get_or_insert(failed);
        }
    }

    /// Shows an event or a gap.
    fn show(&mut self, ws_key: WsKey, happening: Happening) -> Result<(), Failed> {
        match happening {
            Happening::Arrived(arrived) => {
                self.shown += 1;
                self.printer.update(&arrived)
            }
            Happening::Gap(gap) => {
                self.missed += missed_by(&gap);
                self.printer.gap(ws_key, &gap)
            }
            Happening::Live | Happening::Over(_) => Ok(()),
        }
    }

    fn show_lifecycle(&mut self, event: &Lifecycle) -> Result<(), Failed> {
        match event.event {
            LifecycleEvent::Open => self.open_all(),
            LifecycleEvent::Response { ok: true, .. } if !self.live.contains(&event.ws_key) => {
                self.live.push(event.ws_key);
            }
            _ => {}
        }
        self.printer.lifecycle(event)
    }

    /// Shows the lifecycle events of one connection; those of others wait for their events.
    fn show_lifecycle_of(
        &mut self,
        ws_key: WsKey,
        lifecycle: &mut LifecycleStream,
    ) -> Result<(), Failed> {
        self.events
            .extend(std::iter::from_fn(|| lifecycle.try_next()));
        let (of_it, of_others): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.events)
            .into_iter()
            .partition(|event| event.ws_key == ws_key);
        self.events = of_others;
        of_it
            .iter()
            .try_for_each(|event| self.show_lifecycle(event))
    }

    /// Closes the connections and writes what they received, as far as there is time; returns why the loop ended.
    ///
    /// The updates of `--count` have all the time that their reader takes, until the command is to stop.
    async fn finish(
        &mut self,
        left: Left,
        lifecycle: &mut LifecycleStream,
        stop: Pin<&mut impl Stop>,
    ) -> Result<Left, Failed> {
        let began = Instant::now();
        self.printer.ends(left.why());
        if let Ok(done) = timeout_at(began + CLOSE_WITHIN, self.close_and_drain(lifecycle)).await {
            done?;
        }
        self.show_rest(lifecycle)?;
        let mut left = left;
        let mut deadline = began + END_WITHIN;
        let written = self.printer.writer().written();
        if let Left::Counted = left {
            tokio::select! {
                () = written => {}
                stopped = stop => {
                    left = stopped;
                    deadline = Instant::now() + END_WITHIN;
                }
            }
        }
        let _ = timeout_at(deadline, self.printer.writer().written()).await;
        Ok(left)
    }

    /// Closes the connections and shows what they received until then.
    async fn close_and_drain(&mut self, lifecycle: &mut LifecycleStream) -> Result<(), Failed> {
        self.wishes.clear();
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
                (ws_key, happening) = self.feeds.next(), if wants_more => match happening {
                    Happening::Over(outcome) => {
                        self.show_lifecycle_of(ws_key, lifecycle)?;
                        self.note_end(ws_key, outcome);
                    }
                    item => self.show(ws_key, item)?,
                },
                // Whatever a closed connection has received is ready at once.
                () = std::future::ready(()), if is_closed && !is_full => return Ok(()),
            }
            seen += 1;
            if seen.is_multiple_of(AT_ONCE) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Shows the lifecycle events of the end, and what became of every frame.
    fn show_rest(&mut self, lifecycle: &mut LifecycleStream) -> Result<(), Failed> {
        self.events
            .extend(std::iter::from_fn(|| lifecycle.try_next()));
        for event in std::mem::take(&mut self.events) {
            self.printer.lifecycle(&event)?;
        }
        if self.terms.stats {
            self.printer.stats(&self.feeds.ledgers())?;
        }
        self.printer.flush();
        Ok(())
    }

    /// The outcome of the command, once everything is written or the time is up.
    fn outcome(&mut self, left: Left) -> Result<(), Failed> {
        let end = self.printer.writer().end();
        let unwritten = match end {
            None => self.unwritten(),
            // The reader has enough, or the error says that the output is incomplete.
            Some(_) => 0,
        };
        if unwritten > 0 {
            self.stderr.line(&format!(
                "{unwritten} events received but not written: stdout is not read fast enough"
            ));
        }
        match (left, end) {
            (Left::Over(Err(failed)), _) => Err(failed),
            (_, Some(End::Failed(error))) => Err(Failed::cannot_write(error)),
            _ if unwritten > 0 || self.lost.is_some() => Err(Failed::reported(Status::Other)),
            _ => Ok(()),
        }
    }

    /// The number of events that were received, should be shown and are not written.
    fn unwritten(&self) -> u64 {
        if self.is_enough() {
            return self.printer.writer().unwritten();
        }
        let missed: u64 = self
            .feeds
            .ledgers()
            .iter()
            .map(|(_, ledger)| ledger.queued + ledger.overflowed + ledger.undecodable)
            .sum();
        self.printer.writer().unwritten() + missed.saturating_sub(self.missed)
    }

    fn open_next(&mut self) {
        if let Some(wish) = self.wishes.pop_front() {
            self.feeds.add(wish.open(&self.kucoin));
        }
    }

    fn open_all(&mut self) {
        while !self.wishes.is_empty() {
            self.open_next();
        }
    }

    fn is_enough(&self) -> bool {
        self.terms.count.is_some_and(|count| self.shown >= count)
    }
}
