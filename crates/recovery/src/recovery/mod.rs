//! The state machine: live events, gaps, replies and time in; queries and an ordered stream out.

mod episode;
mod merge;
mod queries;
mod report;
mod seen;
mod sweep;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_rest::{Query, QueryError, RawPage};
use kucoin_streams_session::{ClockReading, Gap, GapReason};

use crate::RecoverySettings;
use crate::books::{Book, Passed, Start, TopicIndex};
use crate::facts::{Change, EventFacts, Identity};
use crate::output::{Outage, RecoveryOutput};
use crate::topics::books_of;
use episode::{Episode, Held, Phase};
use queries::Queries;
pub use queries::QueryId;
pub(crate) use seen::Seen;

/// A last event older than this is no start of a window; the last frame of any kind is.
const MAX_QUIET: Duration = Duration::from_secs(24 * 3600);
/// If the wall clock goes ahead of the monotonic clock by more, the machine has slept.
const SLEEP: Duration = Duration::from_secs(30);
/// The longest time that a gap can wait in the queue of a subscription, as far as it is trusted.
const MAX_QUEUED: Duration = Duration::from_secs(60);

/// Recovers what the topics of one connection have missed. It does no I/O and reads no clock.
///
/// Feed it with every item of a subscription ([`on_event`](Self::on_event), [`on_gap`](Self::on_gap)), send the queries of
/// [`next_query`](Self::next_query) and pass their replies to [`on_reply`](Self::on_reply), call
/// [`on_timer`](Self::on_timer) at [`next_timer`](Self::next_timer), and read [`next_output`](Self::next_output) after each
/// of these.
///
/// After a gap, live events are held back until the gap is filled, so the output is in order: the gap, the recovered
/// events, the report, the live events. `U` is a live update, which is passed through unchanged.
#[derive(Debug)]
pub struct Recovery<U> {
    ws_key: WsKey,
    settings: RecoverySettings,
    topics: Vec<TopicState>,
    books: Vec<Box<dyn Book>>,
    seen: Seen,
    queries: Queries,
    episode: Option<Episode<U>>,
    outputs: VecDeque<RecoveryOutput<U>>,
    /// Exchange time less local time, in nanoseconds.
    clock_offset: i64,
    last_call: ClockReading,
    /// Local time before the machine slept, until the missed events are recovered.
    slept_at: Option<Timestamp>,
    /// The stream has ended before a recovery was reported.
    is_given_up: bool,
}

#[derive(Debug)]
pub(crate) struct TopicState {
    name: Arc<str>,
    /// Exchange time when the topic was first live, or the start of the window of an earlier run.
    first_live_at: Timestamp,
    /// Exchange time of the last event; `None` if there was none.
    last_event_at: Option<Timestamp>,
    /// Start of the window of a topic that KuCoin refuses, to be read once the topic is live.
    pending_from: Option<Timestamp>,
}

impl<U> Recovery<U> {
    /// Creates a recovery of topics that are live now.
    ///
    /// It begins with a snapshot, or with the events since an earlier run, as the settings say. `topics` are the names of the topics as they were
    /// subscribed, all of the connection `ws_key`. `clock_offset_ms` is how many milliseconds the exchange's clock is
    /// ahead of this machine's, 0 if unknown; it is measured at each recovery.
    pub fn new(
        settings: RecoverySettings,
        ws_key: WsKey,
        topics: impl IntoIterator<Item = Arc<str>>,
        now: ClockReading,
        clock_offset_ms: i64,
    ) -> Self {
        let clock_offset = clock_offset_ms.saturating_mul(1_000_000);
        let live_at = floor(shift(now.wall, clock_offset));
        // A time in the future is that of a wrong clock.
        let since = settings.since.map(|since| since.min(live_at));
        let since = since.map(|since| floor(since.checked_sub(settings.overlap).unwrap_or(since)));
        let first_live_at = since.unwrap_or(live_at);
        let topics: Vec<_> = topics
            .into_iter()
            .map(|name| TopicState {
                name,
                first_live_at,
                last_event_at: None,
                pending_from: None,
            })
            .collect();
        let names: Vec<_> = topics.iter().map(|topic| &*topic.name).collect();
        let books = books_of(&names, &settings);
        let mut seen = Seen::new(topics.len());
        (0..topics.len()).for_each(|topic| seen.begin(topic, first_live_at));
        let mut recovery = Self {
            ws_key,
            topics,
            books,
            seen,
            queries: Queries::default(),
            episode: None,
            outputs: VecDeque::new(),
            clock_offset,
            last_call: now,
            slept_at: None,
            is_given_up: false,
            settings,
        };
        let has_start = recovery.settings.snapshot || since.is_some();
        if has_start && !recovery.topics.is_empty() {
            let is_start = since.is_none();
            let mut episode = Episode::new(is_start, first_live_at, (now.monotonic, now.wall));
            episode.topics = (0..recovery.topics.len()).collect();
            recovery.episode = Some(episode);
            recovery.go_live(now, (now.monotonic, now.wall));
        }
        recovery
    }

    /// Takes a live event of a topic, by the name under which the topic was subscribed.
    ///
    /// `received_at` is its local receive time. An event whose recovered copy was yielded is dropped.
    pub fn on_event(
        &mut self,
        now: ClockReading,
        topic: &str,
        received_at: Timestamp,
        facts: EventFacts,
        update: U,
    ) {
        self.note_clock(now);
        let Some(index) = self.index(topic) else {
            self.outputs.push_back(RecoveryOutput::Event(update));
            return;
        };
        let received_at = shift(received_at, self.clock_offset);
        let time = facts.time.unwrap_or(received_at);
        let state = &mut self.topics[index];
        // A time in the future is wrong, and must not move the start of a window.
        let at = time.min(received_at);
        state.last_event_at = state.last_event_at.max(Some(at));
        let is_repeated = self.is_repeated(index, &facts);
        let ended = facts.end_if_open();
        let is_after_end = ended.is_some_and(|end| self.seen.has_identity(index, &end));
        for identity in facts.identities() {
            self.seen.insert(index, identity, time, false);
        }
        let passed = match &self.episode {
            Some(episode) if episode.holds(index) => Passed::Held,
            Some(episode) if episode.topics.contains(&index) => Passed::Late,
            _ => Passed::Delivered,
        };
        for book in &mut self.books {
            // KuCoin pushes some events several times, also an order's `open` after its end.
            if book.topics().contains(&index) && !is_after_end {
                book.observe(&facts, passed);
            }
        }
        if is_repeated {
            return;
        }
        let Some(episode) = self.episode.as_mut().filter(|_| passed == Passed::Held) else {
            self.outputs.push_back(RecoveryOutput::Event(update));
            return self.prune(index);
        };
        let is_before_live = episode.down.contains(&index);
        let hold_until = now.monotonic + self.settings.max_hold;
        episode.hold_until.get_or_insert(hold_until);
        episode.held.push(Held {
            topic: index,
            facts,
            time,
            is_before_live,
            update,
        });
        if episode.held.len() >= self.settings.max_held_events {
            match episode.phase {
                Phase::Down => self.release(),
                _ => self.report_early(now),
            }
        }
    }

    /// Takes a gap of the subscription.
    pub fn on_gap(&mut self, now: ClockReading, gap: Gap) {
        self.note_clock(now);
        let indexes: Vec<_> = gap
            .topics
            .iter()
            .filter_map(|name| self.index(name))
            .collect();
        let outage = |last_event_at, lost_at, epoch| {
            Some(Outage {
                last_event_at,
                lost_at,
                epoch,
            })
        };
        match gap.reason {
            GapReason::Lost {
                last_heard_at,
                last_event_at,
                lost_at,
                ..
            } => {
                let outage = outage(last_event_at, lost_at, 0);
                self.lose(now, &indexes, last_heard_at, outage);
                self.outputs.push_back(RecoveryOutput::Gap(gap));
            }
            GapReason::Live {
                last_event_at,
                last_heard_at,
                lost_at,
                live_at,
                epoch,
            } => {
                let is_down = |episode: &Episode<U>| {
                    let mut topics = indexes.iter();
                    topics.any(|topic| episode.down.contains(topic))
                };
                if !self.episode.as_ref().is_some_and(is_down) {
                    let outage = outage(last_event_at, lost_at, 0);
                    self.lose(now, &indexes, last_heard_at, outage);
                }
                let queued = now.wall.duration_since(live_at).min(MAX_QUEUED);
                let monotonic = now.monotonic.checked_sub(queued);
                let live_at = (monotonic.unwrap_or(now.monotonic), live_at);
                self.note_live(now, &indexes, live_at, epoch);
            }
            GapReason::Refused { retrying, .. } => {
                for index in &indexes {
                    let start = self.window_start(*index, now.wall);
                    self.topics[*index].pending_from = retrying.then_some(start);
                }
                self.leave(now, &indexes);
                self.outputs.push_back(RecoveryOutput::Gap(gap));
            }
            GapReason::Closed { .. } => {
                self.give_up();
                self.outputs.push_back(RecoveryOutput::Gap(gap));
            }
            // An overflow or an undecodable frame: the topics are still live.
            _ => {
                self.outputs.push_back(RecoveryOutput::Gap(gap));
                self.lose(now, &indexes, now.wall, None);
                self.note_live(now, &indexes, (now.monotonic, now.wall), 0);
            }
        }
    }

    /// Returns the next query to send; the reply goes to [`on_reply`](Self::on_reply).
    ///
    /// Several queries may be awaited at the same time. A query counts in the rate limit: send it within the budget.
    pub fn next_query(&mut self, now: ClockReading) -> Option<(QueryId, Query)> {
        self.queries.next(shift(now.wall, self.clock_offset))
    }

    /// Takes the reply to a query. A reply to a query that was given up is ignored.
    pub fn on_reply(&mut self, now: ClockReading, id: QueryId, reply: Result<RawPage, QueryError>) {
        let exchange_now = shift(now.wall, self.clock_offset);
        let answers = self.queries.reply(exchange_now, id, reply);
        self.take_answers(now, answers);
    }

    /// Returns when [`on_timer`](Self::on_timer) is due; `None` if there is nothing to wait for.
    pub fn next_timer(&self) -> Option<Instant> {
        let episode = self.episode.as_ref()?;
        let due = match episode.phase {
            Phase::Down => None,
            Phase::Waiting { until } => Some(until),
            Phase::Clock { deadline } | Phase::Sweeping { deadline, .. } => Some(deadline),
        };
        [episode.hold_until, due].into_iter().flatten().min()
    }

    /// Continues with what is due.
    pub fn on_timer(&mut self, now: ClockReading) {
        self.note_clock(now);
        let is_due = |at: Instant| at <= now.monotonic;
        if let Some(episode) = &self.episode
            && episode.hold_until.is_some_and(is_due)
        {
            let report_at = episode.live_at.0 + self.settings.max_hold;
            match episode.phase {
                Phase::Down => self.release(),
                _ if is_due(report_at) => self.report_early(now),
                // The events were held back during an earlier outage.
                _ => {
                    self.release();
                    if let Some(episode) = &mut self.episode {
                        episode.hold_until = Some(report_at);
                    }
                }
            }
        }
        match self.episode.as_ref().map(|episode| episode.phase) {
            Some(Phase::Waiting { until }) if is_due(until) => self.begin_sweep(now),
            Some(Phase::Clock { deadline } | Phase::Sweeping { deadline, .. })
                if is_due(deadline) =>
            {
                let answers = self.queries.give_up();
                self.take_answers(now, answers);
            }
            _ => {}
        }
    }

    /// Ends the recovery because the stream has ended: events that were held back become outputs.
    pub fn finish(&mut self) {
        self.give_up();
    }

    /// Returns the next item of the stream, in order; `None` if nothing is ready.
    pub fn next_output(&mut self) -> Option<RecoveryOutput<U>> {
        self.outputs.pop_front()
    }

    /// Returns `true` if [`next_output`](Self::next_output) returns an item.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// Returns `true` from a gap until its report, also if the stream has ended before the report.
    ///
    /// Live events may be held back meanwhile.
    pub fn is_recovering(&self) -> bool {
        let episode = self.episode.as_ref();
        self.is_given_up || episode.is_some_and(|episode| !episode.is_reported())
    }

    fn index(&self, topic: &str) -> Option<TopicIndex> {
        self.topics.iter().position(|state| &*state.name == topic)
    }

    /// Notes a sleep of the machine: what the connection seems to have heard after it may be older.
    fn note_clock(&mut self, now: ClockReading) {
        let last = std::mem::replace(&mut self.last_call, now);
        let awake = now.monotonic.saturating_duration_since(last.monotonic);
        if now.wall.duration_since(last.wall) > awake + SLEEP {
            self.slept_at.get_or_insert(last.wall);
        }
    }

    /// Returns `true` if recovered copies of everything that the event reports were yielded.
    fn is_repeated(&self, topic: TopicIndex, facts: &EventFacts) -> bool {
        let was_recovered =
            |identity: &Identity| identity.is_exact() && self.seen.was_recovered(topic, identity);
        let identities: Vec<_> = facts.identities().collect();
        match facts.change {
            // One of the two orders of a trade is not an own one.
            Change::Trade(..) => identities.iter().any(was_recovered),
            _ => !identities.is_empty() && identities.iter().all(was_recovered),
        }
    }

    /// Starts a recovery of these topics, or adds them to the recovery in progress, which starts over.
    fn lose(
        &mut self,
        now: ClockReading,
        topics: &[TopicIndex],
        last_heard_at: Timestamp,
        outage: Option<Outage>,
    ) {
        if topics.is_empty() {
            return;
        }
        let local = (now.monotonic, now.wall);
        let before = self.episode.take();
        let start = match &before {
            Some(before) if !before.is_reported() => Start::Again,
            Some(before) if !before.missing.is_empty() => Start::TakeOver,
            _ => Start::New,
        };
        let mut episode = match before {
            Some(before) if start == Start::Again => before,
            before => {
                let mut episode = Episode::new(false, shift(now.wall, self.clock_offset), local);
                // What was found is delivered, but the window of these topics is not complete.
                let incomplete = before.filter(|before| !before.missing.is_empty());
                episode.topics = incomplete.map(|before| before.topics).unwrap_or_default();
                episode
            }
        };
        for topic in topics {
            let mut start = self.window_start(*topic, last_heard_at);
            if let Some(pending) = self.topics[*topic].pending_from.take() {
                start = start.min(pending);
            }
            if episode.topics.contains(topic) {
                start = start.min(self.seen.start(*topic));
            }
            self.seen.begin(*topic, start);
        }
        episode.topics.extend(topics);
        episode.down.extend(topics);
        let starts = episode.topics.iter().map(|topic| self.seen.start(*topic));
        episode.from = starts.min().unwrap_or(episode.from);
        // A first snapshot that is not complete starts over, and now there is a window of missed events too.
        episode.is_start = false;
        if let Some(outage) = outage {
            let known = episode.outage.get_or_insert(outage);
            let earliest = known.last_event_at.min(outage.last_event_at);
            known.last_event_at = earliest.or(known.last_event_at).or(outage.last_event_at);
            known.lost_at = known.lost_at.min(outage.lost_at);
        }
        for held in &mut episode.held {
            held.is_before_live = true;
        }
        if episode.held.is_empty() {
            episode.hold_until = None;
        }
        episode.phase = Phase::Down;
        episode.live_at_exchange = None;
        episode.sweep = 0;
        self.episode = Some(episode);
        self.queries.begin_recovery();
        self.books.iter_mut().for_each(|book| book.begin(start));
    }

    /// Returns the start of the window of a topic: its last event, less the overlap, but not before it was first live.
    fn window_start(&self, topic: TopicIndex, last_heard_at: Timestamp) -> Timestamp {
        let state = &self.topics[topic];
        let heard = self
            .slept_at
            .map_or(last_heard_at, |at| at.min(last_heard_at));
        let heard = shift(heard, self.clock_offset);
        let last = state.last_event_at.unwrap_or(state.first_live_at);
        let last = match heard.duration_since(last) > MAX_QUIET {
            true => heard,
            false => last,
        };
        let start = last.checked_sub(self.settings.overlap).unwrap_or(last);
        floor(start).max(state.first_live_at)
    }

    fn note_live(
        &mut self,
        now: ClockReading,
        topics: &[TopicIndex],
        live_at: (Instant, Timestamp),
        epoch: u64,
    ) {
        let Some(episode) = &mut self.episode else {
            return;
        };
        for topic in topics {
            episode.down.remove(topic);
        }
        if let Some(outage) = &mut episode.outage {
            outage.epoch = epoch.max(outage.epoch);
        }
        if episode.phase == Phase::Down && episode.down.is_empty() {
            self.go_live(now, live_at);
        }
    }

    /// Waits for the first sweep: all topics are live.
    fn go_live(&mut self, now: ClockReading, live_at: (Instant, Timestamp)) {
        let hold_until = now.monotonic + self.settings.max_hold;
        let until = now.monotonic + self.settings.row_delay;
        if let Some(episode) = &mut self.episode {
            episode.live_at = live_at;
            episode.hold_until.get_or_insert(hold_until);
            episode.phase = Phase::Waiting { until };
        }
    }

    /// Takes topics that KuCoin refuses out of the recovery, and yields their events that were held back.
    fn leave(&mut self, now: ClockReading, topics: &[TopicIndex]) {
        let Some(episode) = &mut self.episode else {
            return;
        };
        for topic in topics {
            let was_in = episode.topics.remove(topic);
            let state = &mut self.topics[*topic];
            if let Some(pending) = state.pending_from.filter(|_| was_in) {
                state.pending_from = Some(pending.min(self.seen.start(*topic)));
            }
        }
        let held = std::mem::take(&mut episode.held);
        let (kept, released): (Vec<_>, Vec<_>) = held
            .into_iter()
            .partition(|held| episode.topics.contains(&held.topic));
        episode.held = kept;
        let is_over = episode.topics.is_empty();
        let events = released.into_iter();
        self.outputs
            .extend(events.map(|held| RecoveryOutput::Event(held.update)));
        match is_over {
            true => self.give_up(),
            false => self.note_live(now, topics, (now.monotonic, now.wall), 0),
        }
    }

    /// Yields the events that were held back.
    pub(crate) fn release(&mut self) {
        if let Some(episode) = &mut self.episode {
            episode.hold_until = None;
            episode.has_released |= !episode.held.is_empty();
            let held = episode.held.drain(..);
            self.outputs
                .extend(held.map(|held| RecoveryOutput::Event(held.update)));
        }
    }

    /// Ends the recovery and yields the events that were held back.
    fn give_up(&mut self) {
        self.release();
        let episode = self.episode.take();
        self.is_given_up |=
            episode.is_some_and(|episode| !episode.is_start && !episode.is_reported());
        self.queries.begin_sweep();
    }

    /// Drops identities of the topic that no later window can reach.
    fn prune(&mut self, topic: TopicIndex) {
        let state = &self.topics[topic];
        let last = state.last_event_at.unwrap_or(state.first_live_at);
        let mut oldest = last
            .checked_sub(2 * self.settings.overlap)
            .unwrap_or_default();
        let episode = self.episode.as_ref();
        if episode.is_some_and(|episode| episode.topics.contains(&topic)) {
            oldest = oldest.min(self.seen.start(topic));
        }
        if let Some(pending) = state.pending_from {
            oldest = oldest.min(pending);
        }
        self.seen.prune(topic, oldest);
    }
}

/// Rounds a time down to milliseconds, as KuCoin does with the times of fills.
fn floor(time: Timestamp) -> Timestamp {
    Timestamp::from_nanos(
        time.as_nanos()
            .saturating_sub(time.as_nanos().rem_euclid(1_000_000)),
    )
}

/// Adds nanoseconds to a time; the result stays within the range of a timestamp.
pub(crate) fn shift(time: Timestamp, nanos: i64) -> Timestamp {
    Timestamp::from_nanos(time.as_nanos().saturating_add(nanos))
}
