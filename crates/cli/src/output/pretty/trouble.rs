//! Lifecycle events and gaps as lines: of one loss one line when it happens, and one when it is over.

use std::collections::{HashMap, HashSet};

use kucoin_streams::core::{Rounded, with_code};
use kucoin_streams::{CloseReason, Gap, GapReason, Lifecycle, LifecycleEvent, WsKey};

use super::layout::{Part, part};
use super::paint::{Ink, safe};
use super::{Told, time_of_day};

/// Topics that are named at the start one by one.
const NAMED: usize = 30;

/// What was said of each connection, so that nothing is said twice.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    connections: HashMap<WsKey, Connection>,
    /// Topics of which one of the two items of a refusal was shown, and which.
    refused: HashSet<(String, Item)>,
}

/// A refusal is reported twice: in its place in the stream, and as a lifecycle event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Item {
    Gap,
    Exception,
}

#[derive(Debug, Default)]
struct Connection {
    /// Topics that were live at the start and are not shown yet.
    live: Vec<String>,
    /// Whether the start is over.
    is_started: bool,
    /// Losses that were shown, and of which the first attempt to reconnect is not reported yet.
    losses: usize,
}

impl Trouble {
    /// The topics that are live, once all of a connection are answered.
    pub(super) fn started(&mut self, ws_key: WsKey) -> Option<Told> {
        let connection = self.connections.entry(ws_key).or_default();
        connection.is_started = true;
        let live = std::mem::take(&mut connection.live);
        let more = live.len().saturating_sub(NAMED);
        let mut text = live[..live.len() - more].join(", ");
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
        (!live.is_empty()).then(|| {
            let text = format!("live: {}", safe(&text));
            Told::words(Ink::Green, "topics", Ink::Dim, text)
        })
    }

    /// `why` the command ends, if it does. `None` for what another line says.
    pub(super) fn gap(&mut self, ws_key: WsKey, gap: &Gap, why: &str) -> Option<Told> {
        let yellow = |sort, text: String| Told::words(Ink::Alarm, sort, Ink::Yellow, safe(&text));
        Some(match &gap.reason {
            GapReason::Lost { cause, .. } => {
                self.connections.entry(ws_key).or_default().losses += 1;
                let topics = topics(gap);
                let text = format!("{ws_key}: {cause}; {topics} may miss events");
                yellow("lost", text)
            }
            GapReason::Live {
                lost_at, live_at, ..
            } => {
                let after = Rounded(live_at.duration_since(*lost_at));
                let window = gap.window().map_or_else(String::new, |(from, to)| {
                    format!(
                        "; events of {} to {} may be missing",
                        time_of_day(from),
                        time_of_day(to)
                    )
                });
                let topics = topics(gap);
                let text = format!("{ws_key}: {topics} live after {after}{window}");
                Told::words(Ink::Green, "back", Ink::Green, safe(&text))
            }
            GapReason::Undecodable { raw, .. } => {
                let told = yellow("gap", gap.to_string());
                told.with(vec![Part::of(Ink::Dim, safe(raw)).words()])
            }
            GapReason::Refused { .. } => {
                let mut is_said = true;
                for topic in &*gap.topics {
                    is_said &= self.is_said(topic, Item::Exception);
                }
                if is_said {
                    return None;
                }
                yellow("refused", gap.to_string())
            }
            GapReason::Closed {
                reason: CloseReason::Requested,
                ..
            } => yellow(
                "gap",
                format!("events of {} may be missing: {why}", topics(gap)),
            ),
            _ => yellow("gap", format!("events may be missing: {gap}")),
        })
    }

    /// Whether the other item of a refusal was shown; if not, this one is.
    fn is_said(&mut self, topic: &str, other: Item) -> bool {
        let this = match other {
            Item::Gap => Item::Exception,
            Item::Exception => Item::Gap,
        };
        let is_said = self.refused.remove(&(topic.to_owned(), other));
        if !is_said {
            self.refused.insert((topic.to_owned(), this));
        }
        is_said
    }

    /// `why` the command ends, if it does. `None` for what people need not see.
    pub(super) fn lifecycle(&mut self, lifecycle: &Lifecycle, why: &str) -> Option<Told> {
        let ws_key = lifecycle.ws_key;
        let connection = self.connections.entry(ws_key).or_default();
        let words =
            |ink, sort, text_ink, text: String| Some(Told::words(ink, sort, text_ink, safe(&text)));
        match &lifecycle.event {
            LifecycleEvent::Open => {
                let parts = vec![Part::of(Ink::Dim, ws_key.as_str())];
                Some(Told::new(Ink::Green, "connected", parts))
            }
            LifecycleEvent::Response { topic, ok: true } if !connection.is_started => {
                connection.live.push(topic.clone());
                None
            }
            // The gap or the exception says more.
            LifecycleEvent::Response { .. } => None,
            LifecycleEvent::Authenticated => {
                let parts = vec![Part::of(Ink::Dim, "accepted")];
                Some(Told::new(Ink::Dim, "login", parts))
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
                let delay = Rounded(*delay);
                let text = format!("{ws_key}: {cause}; attempt {attempt} in {delay}");
                words(Ink::Alarm, "reconnect", Ink::Yellow, text)
            }
            // The gaps say since when, and of which topics.
            LifecycleEvent::Reconnected { refused: 0, .. } => None,
            LifecycleEvent::Reconnected { down_for, refused } => {
                let after = Rounded(*down_for);
                let text = format!("{ws_key}: after {after}, {refused} topics refused");
                words(Ink::Green, "reconnected", Ink::Yellow, text)
            }
            LifecycleEvent::Rotated { took } => {
                let took = Rounded(*took);
                let text = format!("{ws_key}: moved to a new connection in {took}");
                words(Ink::Dim, "rotated", Ink::Dim, text)
            }
            LifecycleEvent::Exception {
                topic,
                code,
                message,
                ..
            } => {
                if let Some(topic) = topic
                    && self.is_said(topic, Item::Gap)
                {
                    return None;
                }
                let about = topic.as_deref().unwrap_or(ws_key.as_str());
                let text = format!("{about}: {}", with_code(message, code.as_deref()));
                words(Ink::Red, "exception", Ink::Red, text)
            }
            LifecycleEvent::Close { reason } => {
                let text = match reason {
                    CloseReason::Requested => format!("{ws_key}: {why}"),
                    // The exception before it says why a connection failed.
                    CloseReason::Failed(_) => ws_key.to_string(),
                    reason => format!("{ws_key}: {reason}"),
                };
                words(Ink::Dim, "closed", Ink::Dim, text)
            }
            LifecycleEvent::Lagged { missed } => {
                let parts = vec![part(format!("{missed} lifecycle events were not shown"))];
                Some(Told::new(Ink::Red, "exception", parts))
            }
            _ => None,
        }
    }
}

/// The topic of a gap, or how many they are.
fn topics(gap: &Gap) -> String {
    match &*gap.topics {
        [topic] => topic.to_string(),
        topics => format!("{} topics", topics.len()),
    }
}
