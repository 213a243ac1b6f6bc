//! Lines of lifecycle events and gaps: one line when a connection is lost, one when its topics are live again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kucoin_streams::core::{HumanDuration, with_code};
use kucoin_streams::{
    CloseReason, Gap, GapReason, Lifecycle, LifecycleEvent, LiveReport, MissingPart, Timestamp,
    VanishedOrder, WsKey,
};

use super::columns::{format_amount, id, name};
use super::layout::{Cell, cell, wrapped};
use super::paint::{Style, safe};
use super::{LineContent, time_of_day};

/// Maximum number of live topics listed by name at the start.
const MAX_LISTED: usize = 30;

/// Maximum number of terminal lines for the missing parts of each reason.
const MAX_MISSING_LINES: usize = 3;

/// State of each connection's lines, so that nothing is printed twice.
#[derive(Debug, Default)]
pub(super) struct LifecycleLines {
    connections: HashMap<WsKey, Connection>,
    /// Refused topics for which only one of the two reports has arrived, with the report that arrived.
    refused: HashSet<(String, RefusalReport)>,
}

/// The two reports of a refusal: a gap in the stream, and a lifecycle event. Only the first to arrive is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum RefusalReport {
    Gap,
    Exception,
}

#[derive(Debug, Default)]
struct Connection {
    /// Topics that are live at the start and not printed yet.
    live: Vec<String>,
    /// `true` if all topics were acknowledged or refused once.
    is_started: bool,
    /// Number of printed losses whose first `reconnect` event is still to come.
    losses: usize,
    /// `true` from a loss until its topics are reported as live.
    is_stale: bool,
    /// Number of recovered events since the last report.
    recovered: u64,
    /// What the last report named as missing.
    missing: Vec<String>,
}

impl LifecycleLines {
    /// Returns the line of the topics that are live, after all topics of a connection are answered.
    pub(super) fn started(&mut self, ws_key: WsKey) -> Option<LineContent> {
        let connection = self.connections.entry(ws_key).or_default();
        connection.is_started = true;
        let live = std::mem::take(&mut connection.live);
        let more = live.len().saturating_sub(MAX_LISTED);
        let mut text = live[..live.len() - more].join(", ");
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
        (!live.is_empty()).then(|| {
            let text = format!("live: {}", safe(&text));
            LineContent::text(Style::Green, "topics", Style::Dim, text)
        })
    }

    /// Returns the line of a gap; `None` if another line reports the gap.
    ///
    /// `why` is the reason why the command closes the connections.
    pub(super) fn gap(&mut self, ws_key: WsKey, gap: &Gap, why: &str) -> Option<LineContent> {
        let yellow = |label, text: String| {
            LineContent::text(Style::Alarm, label, Style::Yellow, safe(&text))
        };
        Some(match &gap.reason {
            GapReason::Lost { cause, .. } => {
                let connection = self.connections.entry(ws_key).or_default();
                connection.losses += 1;
                connection.is_stale = true;
                let topics = topics(&gap.topics);
                let text = format!("{ws_key}: {cause}; {topics} may miss events");
                yellow("lost", text)
            }
            GapReason::Live {
                lost_at, live_at, ..
            } => {
                self.connections.entry(ws_key).or_default().is_stale = false;
                let after = HumanDuration(live_at.duration_since(*lost_at));
                let window = gap.window().map_or_else(String::new, |(from, to)| {
                    format!(
                        "; events from {} to {} may be missing",
                        time_of_day(from),
                        time_of_day(to)
                    )
                });
                let topics = topics(&gap.topics);
                let text = format!("{ws_key}: {topics} live after {after}{window}");
                LineContent::text(Style::Green, "back", Style::Green, safe(&text))
            }
            GapReason::Undecodable { raw, .. } => {
                let content = yellow("gap", gap.to_string());
                content.with_cells(vec![Cell::of(Style::Dim, safe(raw)).shortenable()])
            }
            GapReason::Refused { .. } => {
                let mut already_printed = true;
                for topic in &*gap.topics {
                    already_printed &= self.already_printed(topic, RefusalReport::Exception);
                }
                if already_printed {
                    return None;
                }
                yellow("refused", gap.to_string())
            }
            GapReason::Closed {
                reason: CloseReason::Requested,
                ..
            } => yellow(
                "gap",
                format!("events of {} may be missing: {why}", topics(&gap.topics)),
            ),
            _ => yellow("gap", format!("events may be missing: {gap}")),
        })
    }

    /// Counts a recovered event, for the next report.
    pub(super) fn recovered(&mut self, ws_key: WsKey) {
        self.connections.entry(ws_key).or_default().recovered += 1;
    }

    /// Returns the lines of a report: one if everything was recovered, and one for each reason why a part is missing.
    ///
    /// `room` is the width of a text on a line; `None` for no limit.
    pub(super) fn report(
        &mut self,
        report: &LiveReport,
        now: Timestamp,
        room: Option<usize>,
    ) -> Vec<LineContent> {
        let connection = self.connections.entry(report.ws_key).or_default();
        connection.is_stale = false;
        let count = std::mem::take(&mut connection.recovered);
        let effort = format!(
            "in {} ({} requests)",
            HumanDuration(now.duration_since(report.live_at)),
            report.requests
        );
        let text = match (report.window, count) {
            _ if report.late => late(report, count),
            (None, _) => format!("state of {} read {effort}", topics(&report.topics)),
            (Some(_), 0) if report.is_complete() => {
                format!("no event was missed; checked {effort}")
            }
            (Some(_), 0) => format!("no event recovered {effort}"),
            (Some(_), _) => format!("{} recovered {effort}", events(count)),
        };
        let live = LineContent::text(Style::Green, "live", Style::Green, safe(&text));
        let mut missing = missing(&report.missing, room);
        if !missing.is_empty() && missing == connection.missing {
            missing = vec!["the same as before".to_owned()];
        } else {
            connection.missing.clone_from(&missing);
        }
        let missing = missing
            .iter()
            .map(|text| LineContent::text(Style::Alarm, "missing", Style::Yellow, safe(text)));
        std::iter::once(live).chain(missing).collect()
    }

    /// Returns `true` if the other report of a refusal was printed; otherwise records this report.
    fn already_printed(&mut self, topic: &str, other: RefusalReport) -> bool {
        let this = match other {
            RefusalReport::Gap => RefusalReport::Exception,
            RefusalReport::Exception => RefusalReport::Gap,
        };
        let already_printed = self.refused.remove(&(topic.to_owned(), other));
        if !already_printed {
            self.refused.insert((topic.to_owned(), this));
        }
        already_printed
    }

    /// Returns the line of a lifecycle event; `None` if the event is not relevant for people.
    ///
    /// `why` is the reason why the command closes the connections.
    pub(super) fn lifecycle(&mut self, lifecycle: &Lifecycle, why: &str) -> Option<LineContent> {
        let ws_key = lifecycle.ws_key;
        let connection = self.connections.entry(ws_key).or_default();
        let text_line = |style, label, text_style, text: String| {
            Some(LineContent::text(style, label, text_style, safe(&text)))
        };
        match &lifecycle.event {
            LifecycleEvent::Open => {
                let cells = vec![Cell::of(Style::Dim, ws_key.as_str())];
                Some(LineContent::new(Style::Green, "connected", cells))
            }
            LifecycleEvent::Response { topic, ok: true } if !connection.is_started => {
                connection.live.push(topic.clone());
                None
            }
            // The gap or the exception has the reason.
            LifecycleEvent::Response { .. } => None,
            LifecycleEvent::Authenticated => {
                let cells = vec![Cell::of(Style::Dim, "accepted")];
                Some(LineContent::new(Style::Dim, "login", cells))
            }
            LifecycleEvent::Reconnect { .. } if connection.losses > 0 => {
                connection.losses -= 1;
                None
            }
            LifecycleEvent::Reconnect {
                cause,
                attempt,
                delay,
            } => {
                let delay = HumanDuration(*delay);
                let text = format!("{ws_key}: {cause}; attempt {attempt} in {delay}");
                text_line(Style::Alarm, "reconnect", Style::Yellow, text)
            }
            LifecycleEvent::Reconnected {
                down_for,
                refused: 0,
            } if connection.is_stale => {
                let after = HumanDuration(*down_for);
                let text = format!("after {after}; reading over REST what was missed");
                text_line(Style::Green, "back", Style::Green, text)
            }
            // The gaps have the times and topics.
            LifecycleEvent::Reconnected { refused: 0, .. } => None,
            LifecycleEvent::Reconnected { down_for, refused } => {
                let after = HumanDuration(*down_for);
                let text = format!("{ws_key}: after {after}, {refused} topics refused");
                text_line(Style::Green, "reconnected", Style::Yellow, text)
            }
            LifecycleEvent::Rotated { took } => {
                let took = HumanDuration(*took);
                let text = format!("{ws_key}: replaced by a new connection in {took}");
                text_line(Style::Dim, "rotated", Style::Dim, text)
            }
            LifecycleEvent::Exception {
                topic,
                code,
                message,
                ..
            } => {
                if let Some(topic) = topic
                    && self.already_printed(topic, RefusalReport::Gap)
                {
                    return None;
                }
                let about = topic.as_deref().unwrap_or(ws_key.as_str());
                let text = format!("{about}: {}", with_code(message, code.as_deref()));
                text_line(Style::Red, "exception", Style::Red, text)
            }
            LifecycleEvent::Close { reason } => {
                let text = match reason {
                    CloseReason::Requested => format!("{ws_key}: {why}"),
                    // The exception before it has the cause.
                    CloseReason::Failed(_) => ws_key.to_string(),
                    reason => format!("{ws_key}: {reason}"),
                };
                text_line(Style::Dim, "closed", Style::Dim, text)
            }
            LifecycleEvent::Lagged { missed } => {
                let cells = vec![cell(format!("{missed} lifecycle events were not printed"))];
                Some(LineContent::new(Style::Red, "exception", cells))
            }
            _ => None,
        }
    }
}

/// Returns the line of an order that is in no list any more.
pub(super) fn vanished(order: &VanishedOrder) -> LineContent {
    let filled = order.filled_size.map(format_amount);
    let cells = vec![
        name(&order.symbol),
        id(&order.order_id),
        cell(format!(
            "filled {} or more; in no list any more, reason unknown",
            filled.as_deref().unwrap_or("?")
        ))
        .short_form("in no list any more, reason unknown"),
    ];
    LineContent::new(Style::Alarm, "vanished", cells)
}

/// Returns a text for each reason why parts are missing, with as many parts as fit on [`MAX_MISSING_LINES`].
fn missing(parts: &[MissingPart], room: Option<usize>) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&MissingPart>)> = Vec::new();
    for part in parts {
        let reason = part.reason.to_string();
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, parts)) => parts.push(part),
            None => reasons.push((reason, vec![part])),
        }
    }
    let texts = reasons.into_iter().map(|(reason, mut parts)| {
        parts.sort_by(|part, other| part.topic.cmp(&other.topic));
        let text = |count: usize| {
            let more = match parts.len() - count {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{}{more}: {reason}", named(&parts[..count]))
        };
        let fits = |text: &String| wrapped(text, room).len() <= MAX_MISSING_LINES;
        let counts = (1..=parts.len()).rev();
        counts.map(text).find(fits).unwrap_or_else(|| text(1))
    });
    texts.collect()
}

/// Names parts, such as `fills, open orders of /spotMarket/tradeOrdersV2`.
fn named(parts: &[&MissingPart]) -> String {
    let of_topics = parts.chunk_by(|part, next| part.topic == next.topic);
    let of_topics = of_topics.map(|parts| {
        let whats: Vec<&str> = parts.iter().map(|part| part.what.as_str()).collect();
        format!("{} of {}", whats.join(", "), parts[0].topic)
    });
    of_topics.collect::<Vec<_>>().join("; ")
}

/// Returns what later attempts have found.
fn late(report: &LiveReport, count: u64) -> String {
    let done = match report.is_complete() {
        true => "nothing is missing any more",
        false => "still incomplete",
    };
    match count {
        0 => done.to_owned(),
        count => format!("{} recovered late; {done}", events(count)),
    }
}

fn events(count: u64) -> String {
    match count {
        1 => "1 event".to_owned(),
        count => format!("{count} events"),
    }
}

/// Returns the topic, or the number of topics if there are several.
fn topics(topics: &[Arc<str>]) -> String {
    match topics {
        [topic] => topic.to_string(),
        topics => format!("{} topics", topics.len()),
    }
}
