//! The loop of `watch`: from the first dial to the orderly end.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use kucoin_streams::{Kucoin, Lifecycle, LifecycleEvent, LifecycleStream, WsKey};
use tokio::time::Sleep;

use super::feed::{Feeds, Happening};
use super::plan::Wish;
use crate::demo::Demo;
use crate::exit::{Failed, Status, keep_on};
use crate::output::Printer;
use crate::signals::Signals;

/// All that the loop needs.
pub(crate) struct Watch {
    kucoin: Kucoin,
    /// The connections that are not opened yet.
    wishes: VecDeque<Wish>,
    /// Those that were asked for by name: the command stands and falls with each.
    named: Vec<WsKey>,
    feeds: Feeds,
    /// Lifecycle events that came and are not shown yet.
    told: VecDeque<Lifecycle>,
    /// Why the first connection that failed did.
    failed: Option<Failed>,
    printer: Printer,
    shown: u64,
    terms: Terms,
}

/// When to end, and whether to account for it.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) count: Option<u64>,
    pub(crate) for_time: Option<Duration>,
    pub(crate) connect_timeout: Duration,
    pub(crate) stats: bool,
}

/// So many events are shown before anything else is looked at.
const AT_ONCE: u64 = 1_024;

/// Why the loop is left.
enum Left {
    /// Enough: the count or the time is reached, or the user asks to end.
    Enough,
    /// Nobody reads what is written.
    PipeClosed,
    /// A connection is over without which there is nothing to watch.
    Over(Result<(), Failed>),
}

/// What the loop sees next.
enum Next {
    Happening(WsKey, Happening),
    Told(Lifecycle),
    Nothing,
    Left(Left),
}

impl Watch {
    pub(crate) fn new(kucoin: Kucoin, wishes: Vec<Wish>, printer: Printer, terms: Terms) -> Self {
        let named = wishes.iter().filter(|wish| wish.is_named());
        Self {
            kucoin,
            named: named.map(Wish::ws_key).collect(),
            wishes: wishes.into(),
            feeds: Feeds::default(),
            told: VecDeque::new(),
            failed: None,
            printer,
            shown: 0,
            terms,
        }
    }

    pub(crate) async fn run(mut self, demo: Option<&Demo>, signals: Signals) -> Result<(), Failed> {
        let mut lifecycle = self.kucoin.lifecycle();
        let for_time = self.terms.for_time;
        let stop = async move {
            tokio::select! {
                ended = signals.asked_to_end() => {
                    ended.map_err(|error| Failed::other(format!("cannot listen for signals: {error}")))
                }
                () = after(for_time) => Ok(()),
            }
        };
        let cut = async {
            match demo {
                Some(demo) => demo.cut_once().await,
                None => pending().await,
            }
        };
        tokio::pin!(stop);
        tokio::pin!(cut);
        let left = tokio::select! {
            left = self.follow(&mut lifecycle, &mut stop) => {
                left.unwrap_or_else(|failed| Left::Over(Err(failed)))
            }
            () = &mut cut => Left::Enough,
        };
        self.kucoin.close().await;
        match left {
            Left::PipeClosed => Ok(()),
            Left::Enough => self.say_the_rest(&mut lifecycle),
            Left::Over(outcome) => {
                // What the other connections brought before the end.
                while !self.is_enough()
                    && let Some((ws_key, happening)) = self.feeds.try_next()
                {
                    self.show(ws_key, happening)?;
                }
                self.say_the_rest(&mut lifecycle)?;
                outcome
            }
        }
    }

    /// Shows events, gaps and what happens to the connections.
    ///
    /// Events come before lifecycle events that are there at the same time: a gap is queued before the
    /// reconnection that ends it is told, and so it is shown.
    async fn follow(
        &mut self,
        lifecycle: &mut LifecycleStream,
        stop: &mut (impl Future<Output = Result<(), Failed>> + Unpin),
    ) -> Result<Left, Failed> {
        let timeout = tokio::time::sleep(self.terms.connect_timeout);
        tokio::pin!(timeout);
        // The first alone: what is wrong with the credentials is found out by one request.
        self.open_next();
        let mut seen: u64 = 0;
        loop {
            seen += 1;
            if seen.is_multiple_of(AT_ONCE) {
                // In a flood nothing is ever awaited below, and the wish to end must be heard all the same.
                tokio::select! {
                    biased;
                    ended = &mut *stop => return ended.map(|()| Left::Enough),
                    () = &mut timeout, if self.is_awaited() => return Err(self.not_connected()),
                    () = tokio::task::yield_now() => {}
                }
            }
            let next = match self.feeds.try_next() {
                Some((ws_key, happening)) => Next::Happening(ws_key, happening),
                // No event that came before these is left.
                None => match self.told.pop_front() {
                    Some(event) => Next::Told(event),
                    None => self.wait(lifecycle, stop, timeout.as_mut()).await?,
                },
            };
            match next {
                Next::Happening(ws_key, happening) => {
                    if let Some(left) = self.take(ws_key, happening, lifecycle)? {
                        return Ok(left);
                    }
                }
                Next::Told(event) => {
                    if !keep_on(self.tell(&event))? {
                        return Ok(Left::PipeClosed);
                    }
                }
                Next::Nothing => {}
                Next::Left(left) => return Ok(left),
            }
        }
    }

    /// Waits for what comes next, and lets the reader see what there was.
    async fn wait(
        &mut self,
        lifecycle: &mut LifecycleStream,
        stop: &mut (impl Future<Output = Result<(), Failed>> + Unpin),
        timeout: Pin<&mut Sleep>,
    ) -> Result<Next, Failed> {
        if let Some(event) = lifecycle.try_next() {
            // It is shown once no event is left that came before it.
            self.told.push_back(event);
            return Ok(Next::Nothing);
        }
        if !keep_on(self.printer.flush())? {
            return Ok(Next::Left(Left::PipeClosed));
        }
        tokio::select! {
            biased;
            ended = stop => ended.map(|()| Next::Left(Left::Enough)),
            (ws_key, happening) = self.feeds.next() => Ok(Next::Happening(ws_key, happening)),
            event = lifecycle.next() => {
                self.told.extend(event);
                Ok(Next::Nothing)
            }
            () = timeout, if self.is_awaited() => Err(self.not_connected()),
        }
    }

    /// Takes what came of a connection; gives why to leave, where it is a reason.
    fn take(
        &mut self,
        ws_key: WsKey,
        happening: Happening,
        lifecycle: &mut LifecycleStream,
    ) -> Result<Option<Left>, Failed> {
        match happening {
            Happening::Live => {
                // That it is open, and what the server answered, was told before; its first events follow it.
                if !keep_on(self.tell_all_of(ws_key, lifecycle))? {
                    return Ok(Some(Left::PipeClosed));
                }
                self.open_all();
            }
            Happening::Over(outcome) => return Ok(self.over(ws_key, outcome)),
            item => {
                if !self.show(ws_key, item)? {
                    return Ok(Some(Left::PipeClosed));
                }
                if self.is_enough() {
                    return Ok(Some(Left::Enough));
                }
            }
        }
        Ok(None)
    }

    /// A connection is over; gives why to leave, where nothing that was wanted is left.
    fn over(&mut self, ws_key: WsKey, outcome: Result<(), Failed>) -> Option<Left> {
        let refused = matches!(&outcome, Err(failed) if failed.status == Status::Refused);
        // Where the first is refused, so are the others: they are not even opened.
        if self.named.contains(&ws_key) || (refused && !self.wishes.is_empty()) {
            return Some(Left::Over(outcome));
        }
        self.failed = self.failed.take().or(outcome.err());
        self.open_all();
        let outcome = || self.failed.take().map_or(Ok(()), Err);
        self.feeds.are_over().then(outcome).map(Left::Over)
    }

    /// Shows an event or a gap; false where nobody reads any more.
    fn show(&mut self, ws_key: WsKey, happening: Happening) -> Result<bool, Failed> {
        self.shown += u64::from(matches!(happening, Happening::Arrived(_)));
        keep_on(match happening {
            Happening::Arrived(arrived) => self.printer.update(&arrived),
            Happening::Gap(gap) => self.printer.gap(ws_key, &gap),
            Happening::Live | Happening::Over(_) => Ok(()),
        })
    }

    fn tell(&mut self, event: &Lifecycle) -> std::io::Result<()> {
        if event.event == LifecycleEvent::Open {
            self.open_all();
        }
        self.printer.lifecycle(event)
    }

    /// Shows what was told of one connection; what was told of others waits for their events.
    fn tell_all_of(
        &mut self,
        ws_key: WsKey,
        lifecycle: &mut LifecycleStream,
    ) -> std::io::Result<()> {
        self.told
            .extend(std::iter::from_fn(|| lifecycle.try_next()));
        let (of_it, of_others) = std::mem::take(&mut self.told)
            .into_iter()
            .partition(|event| event.ws_key == ws_key);
        self.told = of_others;
        let of_it: VecDeque<Lifecycle> = of_it;
        of_it.iter().try_for_each(|event| self.tell(event))
    }

    /// Shows what is told of the end, and what became of every frame.
    fn say_the_rest(&mut self, lifecycle: &mut LifecycleStream) -> Result<(), Failed> {
        self.told
            .extend(std::iter::from_fn(|| lifecycle.try_next()));
        for event in std::mem::take(&mut self.told) {
            keep_on(self.printer.lifecycle(&event))?;
        }
        if self.terms.stats {
            keep_on(self.printer.stats(&self.feeds.ledgers()))?;
        }
        keep_on(self.printer.flush())?;
        Ok(())
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

    /// Whether some connection has not been live yet.
    fn is_awaited(&self) -> bool {
        !self.wishes.is_empty() || self.feeds.awaited().next().is_some()
    }

    fn not_connected(&self) -> Failed {
        let awaited = self
            .feeds
            .awaited()
            .chain(self.wishes.iter().map(Wish::ws_key));
        let names: Vec<&str> = awaited.map(WsKey::as_str).collect();
        let names = names.join(", ");
        Failed {
            status: Status::NotConnected,
            message: format!(
                "not connected within {:?}: {names}",
                self.terms.connect_timeout
            ),
        }
    }
}

/// Resolves after a time, or never.
async fn after(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => pending().await,
    }
}
