//! Sweeps: the steps of queries of a recovery, repeated until the records agree.

use std::time::Duration;

use kucoin_streams_core::Timestamp;
use kucoin_streams_rest::{Query, ServerTime};
use kucoin_streams_session::ClockReading;

use super::episode::{Episode, LATE_LIMIT, MAX_SWEEP, Phase};
use super::queries::Answer;
use super::shift;
use crate::Recovery;
use crate::books::{Ask, Asks, Findings, Reply, Start, Step, Sweep};
use crate::output::MissingReason;

/// The asker of the server time, which is no book.
const CLOCK: usize = usize::MAX;

impl<U> Recovery<U> {
    pub(crate) fn begin_sweep(&mut self, now: ClockReading) {
        let Some(episode) = &mut self.episode else {
            return;
        };
        episode.sweep += 1;
        let deadline = now.monotonic + MAX_SWEEP;
        let topics = &episode.topics;
        for book in &mut self.books {
            if book.topics().iter().any(|topic| topics.contains(topic)) {
                book.begin_sweep();
            }
        }
        match (episode.sweep, episode.late_sweeps) {
            (1, _) => {
                episode.phase = Phase::Clock { deadline };
                self.queries.begin_recovery();
                let query = Query::from(ServerTime::new());
                self.queries.ask(query, (CLOCK, Ask::State, 0));
            }
            (_, 0) => {
                self.queries.begin_sweep();
                self.ask(now, Step::ALL[0]);
            }
            _ => {
                self.queries.begin_late_sweep();
                self.ask(now, Step::ALL[0]);
            }
        }
    }

    /// Passes complete replies to their askers, and continues once all replies of the step are there.
    pub(crate) fn take_answers(&mut self, now: ClockReading, answers: Vec<Answer>) {
        for (reply, askers) in answers {
            for (book, ask, part) in askers {
                match self.books.get_mut(book) {
                    Some(book) => book.reply(&ask, part, &reply),
                    None => self.set_clock(now, &reply),
                }
            }
        }
        if !self.queries.is_idle() {
            return;
        }
        match self.episode.as_ref().map(|episode| episode.phase) {
            Some(Phase::Clock { .. }) => self.ask(now, Step::ALL[0]),
            Some(Phase::Sweeping { step, .. }) => self.advance(now, step),
            _ => {}
        }
    }

    /// Reads the exchange's clock, and with it the exchange time when the topics were live.
    fn set_clock(&mut self, now: ClockReading, reply: &Reply) {
        let row = reply.rows().next();
        let read = row.and_then(|(row, times)| Some((row.parse().ok()?, times)));
        let read = read.and_then(|(server, times)| Some((Timestamp::from_wire(server)?, times)));
        let Some((server, (sent_at, _))) = read else {
            return;
        };
        let sent_at = shift(sent_at, -self.clock_offset);
        let half = now.wall.duration_since(sent_at) / 2;
        let local = sent_at.checked_add(half).unwrap_or(sent_at);
        self.clock_offset = server.as_nanos().saturating_sub(local.as_nanos());
        if let Some(episode) = &mut self.episode {
            // The monotonic clock, since the wall clock may have been set in the meantime.
            let elapsed = now.monotonic.duration_since(episode.live_at.0);
            let exchange_now = shift(now.wall, self.clock_offset);
            episode.live_at_exchange = exchange_now.checked_sub(elapsed);
        }
    }

    /// Returns what the books need to know of the sweep in progress.
    fn sweep<'s>(&'s self, episode: &Episode<U>, uses_margin: bool) -> Sweep<'s> {
        let live_at = shift(episode.live_at.1, self.clock_offset);
        let topics = episode.topics.iter();
        let first_live_at = topics.map(|topic| self.topics[*topic].first_live_at).min();
        Sweep {
            window: episode.window(
                live_at,
                first_live_at.unwrap_or(live_at),
                self.settings.live_tolerance(),
            ),
            number: episode.sweep,
            uses_margin,
            seen: &self.seen,
        }
    }

    /// Asks for what a step needs, and continues with the next one if nothing is awaited.
    fn ask(&mut self, now: ClockReading, step: Step) {
        let Some(mut episode) = self.episode.take() else {
            return;
        };
        if let Phase::Clock { .. } = episode.phase {
            episode.to = shift(now.wall, self.clock_offset);
        }
        let deadline = match episode.phase {
            Phase::Clock { deadline } | Phase::Sweeping { deadline, .. } => deadline,
            _ => now.monotonic + MAX_SWEEP,
        };
        episode.phase = Phase::Sweeping { step, deadline };
        let mut books = std::mem::take(&mut self.books);
        let uses_margin = books.iter().any(|book| book.uses_margin());
        let sweep = self.sweep(&episode, uses_margin);
        let mut asks = Vec::new();
        for (index, book) in books.iter_mut().enumerate() {
            let topics = book.topics();
            if topics.iter().any(|topic| episode.topics.contains(topic)) {
                let mut of_book = Asks::default();
                book.ask(step, &sweep, &mut of_book);
                let of_book = of_book.into_queries().into_iter();
                asks.extend(of_book.map(|(query, ask, part)| (query, (index, ask, part))));
            }
        }
        // State is read again, even if an earlier step has read it as an index.
        if step == Step::State && episode.late_sweeps == 0 {
            asks.iter()
                .for_each(|(query, _)| self.queries.forget(query));
        }
        for (query, asker) in asks {
            if let Some(reply) = self.queries.ask(query, asker.clone()) {
                let (index, ask, part) = asker;
                books[index].reply(&ask, part, &reply);
            }
        }
        self.books = books;
        self.episode = Some(episode);
        if self.queries.is_idle() {
            self.advance(now, step);
        }
    }

    fn advance(&mut self, now: ClockReading, step: Step) {
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

    /// Returns what the books have found for the topics of the recovery.
    fn findings(&mut self) -> Findings {
        let mut all = Findings::default();
        let Some(episode) = self.episode.take() else {
            return all;
        };
        let mut books = std::mem::take(&mut self.books);
        let sweep = self.sweep(&episode, false);
        let is_in = |topic: &usize| episode.topics.contains(topic);
        for book in &mut books {
            if !book.topics().iter().any(is_in) {
                continue;
            }
            let findings = book.findings(&sweep);
            all.found.extend(findings.found);
            all.snapshots.extend(findings.snapshots);
            all.vanished.extend(findings.vanished);
            all.missing.extend(findings.missing);
            all.is_unsettled |= findings.is_unsettled;
        }
        for found in &mut all.found {
            found.frames.retain(|(topic, _)| is_in(topic));
        }
        all.found.retain(|found| !found.frames.is_empty());
        all.snapshots.retain(|row| is_in(&row.topic));
        all.vanished.retain(|order| is_in(&order.topic));
        all.missing.retain(|(topic, ..)| is_in(topic));
        self.books = books;
        self.episode = Some(episode);
        all
    }

    fn end_sweep(&mut self, now: ClockReading) {
        self.books.iter_mut().for_each(|book| book.end_sweep());
        let findings = self.findings();
        let Some(episode) = &mut self.episode else {
            return;
        };
        let mut missing = findings.missing.iter();
        let is_retryable = missing.any(|(.., reason)| reason.is_retryable());
        let is_unsettled = findings.is_unsettled || is_retryable;
        let [second, third] = self.settings.sweep_delays;
        let delay = match episode.sweep {
            1 if !episode.is_start || is_unsettled => Some(second),
            2 if is_unsettled => Some(third),
            _ => None,
        };
        if let Some(delay) = delay {
            let until = now.monotonic + delay;
            episode.phase = Phase::Waiting { until };
            return;
        }
        let next = self.settings.late_delays.get(episode.late_sweeps).copied();
        let next = next.filter(|delay| is_retryable && is_in_time(episode, now, *delay));
        self.report(now, findings, next.is_none());
        match next {
            Some(delay) => {
                if let Some(episode) = &mut self.episode {
                    episode.late_sweeps += 1;
                    let until = now.monotonic + delay;
                    episode.phase = Phase::Waiting { until };
                }
            }
            None => {
                self.episode = None;
                self.slept_at = None;
                // The rows are not needed any more.
                self.books
                    .iter_mut()
                    .for_each(|book| book.begin(Start::New));
            }
        }
    }

    /// Reports what was found until now, because live events cannot be held back any longer.
    pub(crate) fn report_early(&mut self, now: ClockReading) {
        let mut findings = self.findings();
        let topics = self.episode.iter().flat_map(|episode| &episode.topics);
        let topics: Vec<_> = topics.copied().collect();
        for topic in topics {
            if !findings.missing.iter().any(|(named, ..)| *named == topic) {
                let what = "replies of the REST API that did not come in time".to_owned();
                findings
                    .missing
                    .push((topic, what, MissingReason::Unreachable));
            }
        }
        // Absence is only known after two complete sweeps.
        findings.vanished.clear();
        self.report(now, findings, false);
    }
}

/// Returns `true` if an attempt after this delay is within the limit of late attempts.
fn is_in_time<U>(episode: &Episode<U>, now: ClockReading, delay: Duration) -> bool {
    let first = episode.reported_at.map_or(now.monotonic, |(at, _)| at);
    now.monotonic + delay <= first + LATE_LIMIT
}
