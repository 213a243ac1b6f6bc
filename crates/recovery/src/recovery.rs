//! The state machine: live events, gaps, replies and time in; queries and an ordered stream out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_rest::{Query, QueryError, RawPage};
use kucoin_streams_session::{ClockReading, Gap, GapReason};

use crate::books::{Asks, Book, Findings, Passed, RowState, Step, TopicIndex};
use crate::episode::{Episode, Held, Phase};
use crate::facts::EventFacts;
use crate::output::{
    LiveReport, MissingPart, MissingReason, Outage, RecoveredFrame, RecoveryOutput, RecoverySource,
    SnapshotRow, VanishedOrder,
};
use crate::queries::{Queries, QueryId};
use crate::seen::Seen;
use crate::topics::books_of;
use crate::{RecoverySettings, merge};

/// A last event older than this is no start of a window; the last frame of any kind is.
const MAX_QUIET: Duration = Duration::from_secs(24 * 3600);

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
}

#[derive(Debug)]
struct TopicState {
    name: Arc<str>,
    /// Exchange time when the topic was first live.
    first_live_at: Timestamp,
    /// Exchange time of the last event; `None` if there was none.
    last_event_at: Option<Timestamp>,
    /// KuCoin has refused the topic for good.
    is_ended: bool,
}

impl<U> Recovery<U> {
    /// Creates a recovery of topics that are live now. It begins with a snapshot, unless the settings say otherwise.
    ///
    /// `topics` are the names of the topics as they were subscribed, all of the connection `ws_key`. `clock_offset_ms` is how many
    /// milliseconds the exchange's clock is ahead of this machine's, 0 if unknown; it is measured at each recovery.
    pub fn new(
        settings: RecoverySettings,
        ws_key: WsKey,
        topics: impl IntoIterator<Item = Arc<str>>,
        now: ClockReading,
        clock_offset_ms: i64,
    ) -> Self {
        let clock_offset = clock_offset_ms.saturating_mul(1_000_000);
        let first_live_at = shift(now.wall, clock_offset);
        let topics: Vec<_> = topics
            .into_iter()
            .map(|name| TopicState {
                name,
                first_live_at,
                last_event_at: None,
                is_ended: false,
            })
            .collect();
        let names: Vec<_> = topics.iter().map(|topic| &*topic.name).collect();
        let books = books_of(&names, &settings);
        let mut recovery = Self {
            ws_key,
            topics,
            books,
            seen: Seen::default(),
            queries: Queries::default(),
            episode: None,
            outputs: VecDeque::new(),
            clock_offset,
            settings,
        };
        if recovery.settings.snapshot && !recovery.topics.is_empty() {
            let mut episode = Episode::new(true, first_live_at, (now.monotonic, now.wall));
            episode.topics = (0..recovery.topics.len()).collect();
            recovery.episode = Some(episode);
            recovery.wait(now.monotonic + recovery.settings.row_delay);
        }
        recovery
    }

    /// Takes a live event of a topic, by the name under which the topic was subscribed.
    ///
    /// `received_at` is its local receive time.
    pub fn on_event(
        &mut self,
        now: ClockReading,
        topic: &str,
        received_at: Timestamp,
        facts: EventFacts,
        update: U,
    ) {
        let Some(index) = self.index(topic) else {
            self.outputs.push_back(RecoveryOutput::Event(update));
            return;
        };
        let time = facts.time.unwrap_or(shift(received_at, self.clock_offset));
        let state = &mut self.topics[index];
        state.last_event_at = state.last_event_at.max(Some(time));
        for identity in facts.identities() {
            self.seen.insert(index, identity, time);
        }
        let holds = self
            .episode
            .as_ref()
            .is_some_and(|episode| episode.holds(index));
        let passed = match holds {
            true => Passed::Held,
            false => Passed::Delivered,
        };
        for book in &mut self.books {
            if book.topics().contains(&index) {
                book.observe(&facts, passed);
            }
        }
        let Some(episode) = self.episode.as_mut().filter(|_| holds) else {
            self.outputs.push_back(RecoveryOutput::Event(update));
            return self.prune();
        };
        let is_before_live = episode.down.contains(&index);
        episode.held.push(Held {
            topic: index,
            facts,
            time,
            is_before_live,
            update,
        });
        if episode.held.len() >= self.settings.max_held_events {
            self.report_early(now);
        }
    }

    /// Takes a gap of the subscription.
    pub fn on_gap(&mut self, now: ClockReading, gap: Gap) {
        let indexes: Vec<_> = gap
            .topics
            .iter()
            .filter_map(|name| self.index(name))
            .collect();
        match &gap.reason {
            GapReason::Lost {
                last_heard_at,
                last_event_at,
                lost_at,
                ..
            } => {
                let outage = (*last_event_at, *last_heard_at, *lost_at);
                self.lose(now, &indexes, outage);
                self.outputs.push_back(RecoveryOutput::Gap(gap));
            }
            GapReason::Live {
                last_event_at,
                last_heard_at,
                lost_at,
                live_at,
                epoch,
            } => {
                if !self.is_down(&indexes) {
                    self.lose(now, &indexes, (*last_event_at, *last_heard_at, *lost_at));
                }
                let (live_at, epoch) = ((now.monotonic, *live_at), *epoch);
                self.live(&indexes, live_at, epoch, now);
            }
            GapReason::Refused { retrying: true, .. } => {
                self.lose(now, &indexes, (None, now.wall, now.wall));
                self.outputs.push_back(RecoveryOutput::Gap(gap));
            }
            GapReason::Refused { .. } => {
                for index in &indexes {
                    self.topics[*index].is_ended = true;
                    self.release(*index);
                }
                self.outputs.push_back(RecoveryOutput::Gap(gap));
                self.drop_ended(now, &indexes);
            }
            GapReason::Closed { .. } => {
                self.give_up();
                self.outputs.push_back(RecoveryOutput::Gap(gap));
            }
            // An overflow or an undecodable frame: the topics are still live.
            _ => {
                self.outputs.push_back(RecoveryOutput::Gap(gap));
                self.lose(now, &indexes, (None, now.wall, now.wall));
                self.live(&indexes, (now.monotonic, now.wall), 0, now);
                if let Some(episode) = &mut self.episode
                    && episode.outage.is_some_and(|outage| outage.epoch == 0)
                {
                    episode.outage = None;
                }
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
        let Some((reply, askers)) = self.queries.reply(exchange_now, id, reply) else {
            return;
        };
        if self
            .episode
            .as_ref()
            .is_some_and(|episode| episode.phase == Phase::Clock)
        {
            if let Some((page, (sent_at, _))) = reply.pages.first() {
                self.set_clock(now, *sent_at, page);
            }
            return self.ask(now, Step::ALL[0]);
        }
        for (book, ask, part) in askers {
            self.books[book].reply(&ask, part, &reply);
        }
        self.advance(now);
    }

    /// Returns when [`on_timer`](Self::on_timer) is due; `None` if there is nothing to wait for.
    pub fn next_timer(&self) -> Option<Instant> {
        let episode = self.episode.as_ref()?;
        let cap = episode.live_at.0 + self.settings.max_hold;
        let cap = (!episode.is_reported && episode.phase != Phase::Down).then_some(cap);
        let wait = match episode.phase {
            Phase::Waiting { until } => Some(until),
            _ => None,
        };
        [cap, wait].into_iter().flatten().min()
    }

    /// Continues with what is due.
    pub fn on_timer(&mut self, now: ClockReading) {
        let Some(episode) = &self.episode else { return };
        let is_capped = now.monotonic >= episode.live_at.0 + self.settings.max_hold;
        if !episode.is_reported && episode.phase != Phase::Down && is_capped {
            self.report_early(now);
        }
        let phase = self.episode.as_ref().map(|episode| episode.phase);
        if let Some(Phase::Waiting { until }) = phase
            && until <= now.monotonic
        {
            self.begin_sweep(now);
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

    /// Returns `true` if a recovery is in progress, so live events may be held back.
    pub fn is_recovering(&self) -> bool {
        self.episode
            .as_ref()
            .is_some_and(|episode| !episode.is_reported)
    }

    fn index(&self, topic: &str) -> Option<TopicIndex> {
        self.topics.iter().position(|state| &*state.name == topic)
    }

    fn is_down(&self, topics: &[TopicIndex]) -> bool {
        let episode = self.episode.as_ref();
        episode.is_some_and(|episode| topics.iter().any(|topic| episode.down.contains(topic)))
    }

    /// Starts a recovery of these topics, or adds them to the recovery in progress, which starts over.
    fn lose(
        &mut self,
        now: ClockReading,
        topics: &[TopicIndex],
        (last_event_at, last_heard_at, lost_at): (Option<Timestamp>, Timestamp, Timestamp),
    ) {
        let starts = topics
            .iter()
            .map(|topic| self.window_start(*topic, last_heard_at));
        let Some(from) = starts.min() else { return };
        let local = (now.monotonic, now.wall);
        let before = self.episode.take();
        let mut episode = match before {
            // What was found is delivered, but the window is not complete.
            Some(before) if before.is_reported && !before.missing.is_empty() => {
                let mut episode = Episode::new(false, before.from.min(from), local);
                episode.topics = before.topics;
                episode
            }
            Some(before) if !before.is_reported => before,
            _ => Episode::new(false, from, local),
        };
        // A first snapshot that is not complete starts over, and now there is a window of missed events too.
        episode.is_start = false;
        episode.from = episode.from.min(from);
        episode.topics.extend(topics);
        episode.down.extend(topics);
        let outage = episode.outage.get_or_insert(Outage {
            last_event_at,
            lost_at,
            epoch: 0,
        });
        outage.last_event_at = outage.last_event_at.min(last_event_at).or(last_event_at);
        outage.lost_at = outage.lost_at.min(lost_at);
        for held in &mut episode.held {
            held.is_before_live = true;
        }
        episode.phase = Phase::Down;
        episode.sweep = 0;
        episode.late_sweeps = 0;
        self.episode = Some(episode);
        self.queries.begin_recovery();
        for book in &mut self.books {
            book.begin();
        }
    }

    /// Returns the start of the window of a topic: its last event, less the overlap, but not before it was first live.
    fn window_start(&self, topic: TopicIndex, last_heard_at: Timestamp) -> Timestamp {
        let state = &self.topics[topic];
        let heard = shift(last_heard_at, self.clock_offset);
        let last = state.last_event_at.unwrap_or(state.first_live_at);
        let last = match heard.duration_since(last) > MAX_QUIET {
            true => heard,
            false => last,
        };
        let start = last.checked_sub(self.settings.overlap).unwrap_or(last);
        start.max(state.first_live_at)
    }

    fn live(
        &mut self,
        topics: &[TopicIndex],
        live_at: (Instant, Timestamp),
        epoch: u64,
        now: ClockReading,
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
            episode.live_at = live_at;
            self.wait(now.monotonic + self.settings.row_delay);
        }
    }

    fn wait(&mut self, until: Instant) {
        if let Some(episode) = &mut self.episode {
            episode.phase = Phase::Waiting { until };
        }
    }

    fn begin_sweep(&mut self, now: ClockReading) {
        let Some(episode) = &mut self.episode else {
            return;
        };
        episode.sweep += 1;
        episode.phase = Phase::Clock;
        if episode.sweep == 1 {
            self.queries.begin_recovery();
        } else {
            self.queries.begin_sweep();
        }
        let topics = &episode.topics;
        let books = self.books.iter_mut();
        for book in books.filter(|book| book.topics().iter().any(|topic| topics.contains(topic))) {
            book.begin_sweep();
        }
        if episode.sweep > 1 {
            return self.ask(now, Step::ALL[0]);
        }
        let query = Query::from(kucoin_streams_rest::ServerTime::new());
        // The asker is not used: the reply sets the clock.
        if self
            .queries
            .ask(query, (usize::MAX, crate::books::Ask::State, 0))
            .is_some()
        {
            self.ask(now, Step::ALL[0]);
        }
    }

    fn set_clock(&mut self, now: ClockReading, sent_at: Timestamp, page: &RawPage) {
        let Some(server) = page.raw_rows().next().and_then(|row| row.parse().ok()) else {
            return;
        };
        let Some(server) = Timestamp::from_wire(server) else {
            return;
        };
        let sent_at = shift(sent_at, -self.clock_offset);
        let half = now.wall.duration_since(sent_at) / 2;
        let local = sent_at.checked_add(half).unwrap_or(sent_at);
        self.clock_offset = server.as_nanos().saturating_sub(local.as_nanos());
    }

    /// Asks for what a step needs, and continues with the next one if nothing is awaited.
    fn ask(&mut self, now: ClockReading, step: Step) {
        let exchange_now = shift(now.wall, self.clock_offset);
        let offset = self.clock_offset;
        let Some(episode) = &mut self.episode else {
            return;
        };
        if episode.phase == Phase::Clock {
            episode.to = exchange_now;
        }
        episode.phase = Phase::Sweeping(step);
        let window = episode.window(
            shift(episode.live_at.1, offset),
            self.settings.live_tolerance(),
        );
        let mut known = Vec::new();
        for (index, book) in self.books.iter_mut().enumerate() {
            if !book
                .topics()
                .iter()
                .any(|topic| episode.topics.contains(topic))
            {
                continue;
            }
            let mut asks = Asks::default();
            book.ask(step, window.as_ref(), &mut asks);
            for (query, ask, part) in asks.into_queries() {
                let asker = (index, ask.clone(), part);
                if let Some(reply) = self.queries.ask(query, asker) {
                    known.push((index, ask, part, reply));
                }
            }
        }
        for (book, ask, part, reply) in known {
            self.books[book].reply(&ask, part, &reply);
        }
        self.advance(now);
    }

    fn advance(&mut self, now: ClockReading) {
        let Some(Phase::Sweeping(step)) = self.episode.as_ref().map(|episode| episode.phase) else {
            return;
        };
        if !self.queries.is_idle() {
            return;
        }
        // State is read once, by the second sweep, unless the first one is the only one.
        let is_first = self
            .episode
            .as_ref()
            .is_some_and(|episode| episode.sweep == 1 && !episode.is_start);
        match Step::ALL.into_iter().find(|next| *next > step) {
            Some(Step::State) if is_first => self.end_sweep(now),
            Some(next) => self.ask(now, next),
            None => self.end_sweep(now),
        }
    }

    fn findings(&mut self) -> Findings {
        let mut all = Findings::default();
        let Some(episode) = &self.episode else {
            return all;
        };
        let window = episode.window(
            shift(episode.live_at.1, self.clock_offset),
            self.settings.live_tolerance(),
        );
        let topics = &episode.topics;
        for book in &mut self.books {
            if !book.topics().iter().any(|topic| topics.contains(topic)) {
                continue;
            }
            let mut findings = book.findings(window.as_ref(), self.seen.identities());
            for found in &mut findings.found {
                found.frames.retain(|(topic, _)| topics.contains(topic));
            }
            findings.found.retain(|found| !found.frames.is_empty());
            all.found.append(&mut findings.found);
            all.snapshots.extend(
                findings
                    .snapshots
                    .into_iter()
                    .filter(|row| topics.contains(&row.topic)),
            );
            all.vanished.extend(
                findings
                    .vanished
                    .into_iter()
                    .filter(|order| topics.contains(&order.topic)),
            );
            all.missing.extend(
                findings
                    .missing
                    .into_iter()
                    .filter(|part| topics.contains(&part.0)),
            );
            all.is_inconsistent |= findings.is_inconsistent;
        }
        all
    }

    fn end_sweep(&mut self, now: ClockReading) {
        self.books.iter_mut().for_each(|book| book.end_sweep());
        let findings = self.findings();
        let Some(episode) = &self.episode else { return };
        let is_retryable = findings
            .missing
            .iter()
            .any(|(_, _, reason)| reason.is_retryable());
        let unsettled = findings.is_inconsistent || is_retryable;
        let delay = match episode.sweep {
            1 if !episode.is_start || unsettled => Some(self.settings.sweep_delays[0]),
            2 if unsettled => Some(self.settings.sweep_delays[1]),
            _ => None,
        };
        match delay.filter(|_| !episode.is_reported) {
            Some(delay) => self.wait(now.monotonic + delay),
            None => self.report(now, findings, is_retryable),
        }
    }

    /// Reports what was found until now, because live events cannot be held back any longer.
    fn report_early(&mut self, now: ClockReading) {
        let mut findings = self.findings();
        let Some(episode) = &self.episode else { return };
        let unreported = |topic: &TopicIndex| {
            !findings
                .missing
                .iter()
                .any(|(missing, _, _)| missing == topic)
        };
        let parts: Vec<_> = episode
            .topics
            .iter()
            .filter(|topic| unreported(topic))
            .map(|topic| {
                let what = "replies of the REST API that did not come in time".to_owned();
                (*topic, what, MissingReason::Unreachable)
            })
            .collect();
        findings.missing.extend(parts);
        // Absence is only known after two complete sweeps.
        findings.vanished.clear();
        let phase = episode.phase;
        self.report(now, findings, true);
        // The sweep in progress goes on.
        if let Some(episode) = &mut self.episode {
            episode.phase = phase;
        }
    }

    /// Yields what was found, the report, and the events that were held back.
    fn report(&mut self, now: ClockReading, findings: Findings, is_retryable: bool) {
        let Some(mut episode) = self.episode.take() else {
            return;
        };
        let late = episode.is_reported;
        let held = std::mem::take(&mut episode.held);
        let late_delays = self.settings.late_delays;
        let has_found = !findings.found.is_empty() || !findings.vanished.is_empty();
        let next = late_delays
            .get(episode.late_sweeps)
            .filter(|_| is_retryable);
        let is_changed = has_found || findings.missing != episode.missing;
        for found in &findings.found {
            for (topic, _) in &found.frames {
                self.seen.insert(*topic, found.identity.clone(), found.time);
            }
        }
        let (before, after): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|held| held.is_before_live);
        let rows: Vec<RowState> = findings
            .snapshots
            .iter()
            .map(|row| row.state.clone())
            .collect();
        let is_shown = |held: &Held<U>| rows.iter().any(|row| held.is_older_than(row));
        for item in merge::merge(findings.found, before) {
            match item {
                merge::Merged::Live(held) if is_shown(&held) && episode.is_start => {}
                merge::Merged::Live(held) => {
                    self.outputs.push_back(RecoveryOutput::Event(held.update));
                }
                merge::Merged::Found(found) => {
                    for (topic, frame) in found.frames {
                        self.outputs
                            .push_back(RecoveryOutput::Recovered(RecoveredFrame {
                                topic: Arc::clone(&self.topics[topic].name),
                                frame,
                                source: RecoverySource {
                                    path: found.source,
                                    exact: found.exact,
                                    late,
                                },
                            }));
                    }
                }
            }
        }
        for order in findings.vanished {
            self.outputs
                .push_back(RecoveryOutput::Vanished(VanishedOrder {
                    ws_key: self.ws_key,
                    topic: Arc::clone(&self.topics[order.topic].name),
                    symbol: order.symbol,
                    order_id: order.order_id,
                    filled_size: order.filled,
                }));
        }
        for row in findings.snapshots {
            self.outputs
                .push_back(RecoveryOutput::Snapshot(SnapshotRow {
                    ws_key: self.ws_key,
                    topic: Arc::clone(&self.topics[row.topic].name),
                    source: row.source,
                    taken_at: row.taken_at,
                    data: row.data,
                }));
        }
        if !late || is_changed || next.is_none() {
            let names = episode
                .topics
                .iter()
                .map(|topic| Arc::clone(&self.topics[*topic].name));
            let missing = findings
                .missing
                .iter()
                .map(|(topic, what, reason)| MissingPart {
                    topic: Arc::clone(&self.topics[*topic].name),
                    what: what.clone(),
                    reason: reason.clone(),
                });
            self.outputs.push_back(RecoveryOutput::Live(LiveReport {
                ws_key: self.ws_key,
                topics: names.collect(),
                outage: episode.outage,
                window: (!episode.is_start).then_some((episode.from, episode.to)),
                live_at: episode.live_at.1,
                missing: missing.collect(),
                late,
                requests: self.queries.requests(),
                weight: self.queries.weight(),
            }));
        }
        for held in after {
            if !is_shown(&held) {
                self.outputs.push_back(RecoveryOutput::Event(held.update));
            }
        }
        for book in &mut self.books {
            book.commit();
        }
        episode.missing = findings.missing;
        episode.is_reported = true;
        match next {
            Some(delay) => {
                episode.late_sweeps += 1;
                episode.phase = Phase::Waiting {
                    until: now.monotonic + *delay,
                };
                self.episode = Some(episode);
            }
            // The rows are not needed any more.
            None => self.books.iter_mut().for_each(|book| book.begin()),
        }
    }

    /// Yields the events of a topic that were held back, in order.
    fn release(&mut self, topic: TopicIndex) {
        let Some(episode) = &mut self.episode else {
            return;
        };
        let (released, kept) = std::mem::take(&mut episode.held)
            .into_iter()
            .partition(|held| held.topic == topic);
        episode.held = kept;
        let released: Vec<Held<U>> = released;
        let updates = released
            .into_iter()
            .map(|held| RecoveryOutput::Event(held.update));
        self.outputs.extend(updates);
    }

    /// Takes topics that have ended out of the recovery.
    fn drop_ended(&mut self, now: ClockReading, topics: &[TopicIndex]) {
        let Some(episode) = &mut self.episode else {
            return;
        };
        for topic in topics {
            episode.topics.remove(topic);
        }
        let is_over = episode.topics.is_empty();
        if is_over {
            self.give_up();
        } else {
            let live_at = (now.monotonic, now.wall);
            self.live(topics, live_at, 0, now);
        }
    }

    /// Ends the recovery and yields the events that were held back.
    fn give_up(&mut self) {
        if let Some(episode) = self.episode.take() {
            let updates = episode
                .held
                .into_iter()
                .map(|held| RecoveryOutput::Event(held.update));
            self.outputs.extend(updates);
        }
        self.queries.begin_sweep();
    }

    /// Drops identities that no later window can reach.
    fn prune(&mut self) {
        let live = self.topics.iter().filter(|topic| !topic.is_ended);
        let starts = live.map(|topic| topic.last_event_at.unwrap_or(topic.first_live_at));
        let oldest = starts
            .chain(self.episode.as_ref().map(|episode| episode.from))
            .min();
        if let Some(oldest) =
            oldest.and_then(|oldest| oldest.checked_sub(2 * self.settings.overlap))
        {
            self.seen.prune(oldest);
        }
    }
}

/// Adds nanoseconds to a time; the result stays within the range of a timestamp.
fn shift(time: Timestamp, nanos: i64) -> Timestamp {
    Timestamp::from_nanos(time.as_nanos().saturating_add(nanos))
}
