//! Output of the commands: one line per event on stdout, pretty or NDJSON.

mod account_line;
mod closed_pipe;
mod json_text;
mod line_buffer;
mod ndjson;
mod pretty;
mod topic_aliases;
mod writer;

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;

use kucoin_streams::core::TimeFormat;
use kucoin_streams::{
    AnyEvent, GapReason, Lifecycle, LifecycleEvent, RecoveredItem, TopicDrift, TopicLedger, WsKey,
};

use crate::args::Format;
use crate::exit::CommandError;
use crate::output::pretty::Pretty;

pub(crate) use account_line::{AccountFact, AccountLine, AccountLines};
pub(crate) use line_buffer::LineBuffer;
pub(crate) use ndjson::{ControlFrame, NdjsonLine, PushLine, drift};
pub(crate) use pretty::{
    MARKS, format_amount, is_coloured, margin_text, outcome_name, safe, short_name, shortened,
    terminal_size, time_of_day, unexplained, wrapped,
};
pub(crate) use topic_aliases::TopicAliases;
pub(crate) use writer::{EventMark, OutputEnd, Writer, write_fully};

/// Returns the number of events that an item reports: 1 for an event, and what a gap counts as missed.
pub(crate) fn event_count(item: &RecoveredItem<AnyEvent>) -> u64 {
    match item {
        RecoveredItem::Event(_) => 1,
        RecoveredItem::Gap(gap) => match gap.reason {
            GapReason::Overflowed { missed } => missed,
            GapReason::Undecodable { .. } => 1,
            _ => 0,
        },
        _ => 0,
    }
}

/// Returns `true` if a topic is refused for a reason other than `not found`.
fn is_other_refusal(event: &LifecycleEvent) -> bool {
    match event {
        LifecycleEvent::Exception {
            topic: Some(_),
            code,
            message,
            ..
        } => code.as_deref() != Some("404") || !message.contains("not found"),
        _ => false,
    }
}

/// Formats lines and queues them for the thread that writes stdout. Never waits for that thread.
pub(crate) struct Printer {
    lines: LineBuffer,
    /// Event counts of the lines in `lines`.
    marks: Vec<EventMark>,
    writer: Writer,
    is_full: bool,
    pretty: Option<Pretty>,
    aliases: TopicAliases,
    /// Reason why the command closes its connections; `None` before it closes them.
    close_reason: Option<Cow<'static, str>>,
    /// Connections with a topic that was refused for a reason other than `not found`.
    other_refusals: HashSet<WsKey>,
}

impl Printer {
    /// Creates a printer. If `several` connections are watched, each pretty line shows its connection.
    pub(crate) fn new(
        format: Format,
        times: TimeFormat,
        aliases: TopicAliases,
        several: bool,
    ) -> io::Result<Self> {
        Ok(Self {
            lines: LineBuffer::new(times),
            marks: Vec::new(),
            writer: Writer::to_stdout()?,
            is_full: false,
            pretty: (format == Format::Pretty).then(|| Pretty::for_stdout(several)),
            aliases,
            close_reason: None,
            other_refusals: HashSet::new(),
        })
    }

    /// Sets the reason why the command closes its connections.
    pub(crate) fn set_close_reason(&mut self, why: impl Into<Cow<'static, str>>) {
        self.close_reason = Some(why.into());
    }

    /// Returns the reason why a connection closes without a failure.
    ///
    /// The reason is that of the command, or that KuCoin refused all topics of the connection.
    fn why(&self, ws_key: WsKey) -> &str {
        match (&self.close_reason, ws_key) {
            (Some(why), _) => why,
            (None, _) if self.other_refusals.contains(&ws_key) => "none of its topics is available",
            (None, WsKey::SpotPrivateV1) => {
                "none of its topics was found; if its token is from a futures host, correct --rest-url"
            }
            (None, WsKey::FuturesPrivateV1) => {
                "none of its topics was found; if its token is from a spot host, correct --futures-rest-url"
            }
            (None, _) => "none of its topics is available",
        }
    }

    /// Prints the topics of a connection that are live at the start.
    ///
    /// Only pretty output has this line: NDJSON has `response` lines.
    pub(crate) fn started(&mut self, ws_key: WsKey) {
        let line = self
            .pretty
            .as_mut()
            .and_then(|pretty| pretty.started(ws_key));
        if let Some(line) = line {
            self.lines.text(&line);
        }
    }

    /// Prints the summary of the watched connections, and a note. Only pretty output has these lines.
    pub(crate) fn heading(&mut self, what: &str, note: &str) {
        if let Some(pretty) = &self.pretty {
            self.lines.text(&pretty.heading(what, note));
        }
        self.flush();
    }

    /// Prints an item of a subscription.
    pub(crate) fn item(
        &mut self,
        ws_key: WsKey,
        item: &RecoveredItem<AnyEvent>,
    ) -> Result<(), CommandError> {
        let why = self.why(ws_key).to_owned();
        match (&mut self.pretty, &*self.aliases.item(item)) {
            (Some(pretty), item) => {
                for line in pretty.item(ws_key, item, &why) {
                    self.lines.text(&line);
                }
            }
            (None, RecoveredItem::Gap(gap)) => {
                self.lines.json(&ndjson::gap(Cow::Borrowed(gap), &why))?;
            }
            (None, item) => self.lines.json(item)?,
        }
        self.mark(event_count(item));
        if self.lines.should_write() {
            self.flush();
        }
        Ok(())
    }

    /// Records the number of events in the last line.
    fn mark(&mut self, events: u64) {
        let end = self.lines.bytes().len();
        self.marks.push(EventMark { end, events });
    }

    /// Prints a row or a change of the kept state; `is_state` if it is a row that has not changed.
    pub(crate) fn account(
        &mut self,
        line: &AccountLine,
        is_state: bool,
    ) -> Result<(), CommandError> {
        match &mut self.pretty {
            Some(pretty) => {
                let line = pretty.account(line, is_state);
                self.lines.text(&line);
            }
            None => self.lines.json(line)?,
        }
        self.mark(u64::from(!is_state));
        if self.lines.should_write() {
            self.flush();
        }
        Ok(())
    }

    /// Prints that changes were dropped, because they could not be printed fast enough.
    pub(crate) fn lagged(&mut self, missed: u64) -> Result<(), CommandError> {
        match &self.pretty {
            Some(pretty) => self.lines.text(&pretty.lagged(missed)),
            None => self.lines.json(&NdjsonLine::Lagged { missed })?,
        }
        Ok(())
    }

    pub(crate) fn lifecycle(&mut self, lifecycle: &Lifecycle) -> Result<(), CommandError> {
        let lifecycle = self.aliases.lifecycle(lifecycle);
        if is_other_refusal(&lifecycle.event) {
            self.other_refusals.insert(lifecycle.ws_key);
        }
        let why = self.why(lifecycle.ws_key).to_owned();
        match &mut self.pretty {
            Some(pretty) => {
                if let Some(line) = pretty.lifecycle(&lifecycle, &why) {
                    self.lines.text(&line);
                }
            }
            None => self.lines.json(&ndjson::lifecycle(lifecycle, &why))?,
        }
        Ok(())
    }

    /// Prints the frame counters of each topic.
    pub(crate) fn stats(&mut self, ledgers: &[(WsKey, TopicLedger)]) -> Result<(), CommandError> {
        if let Some(pretty) = &self.pretty {
            self.lines.text(&pretty.stats(ledgers, &self.aliases));
            return Ok(());
        }
        for (ws_key, ledger) in ledgers {
            let mut ledger = ledger.clone();
            ledger.topic = self.aliases.name(&ledger.topic).to_owned();
            self.lines.json(&ndjson::stats(*ws_key, &ledger))?;
        }
        Ok(())
    }

    /// Prints how the events of each topic differ from the known format; nothing if they do not.
    pub(crate) fn drift(&mut self, drift: &[(WsKey, TopicDrift)]) -> Result<(), CommandError> {
        for (ws_key, drift) in drift {
            let topic = self.aliases.name(&drift.topic);
            match &self.pretty {
                Some(pretty) => self.lines.text(&pretty.drift(topic, drift)),
                None => {
                    for line in ndjson::drift(Some(*ws_key), topic, drift) {
                        self.lines.json(&line)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Queues all lines so far for the writing thread.
    pub(crate) fn flush(&mut self) {
        if !self.lines.bytes().is_empty() {
            self.is_full = !self.writer.push(self.lines.bytes(), &self.marks);
            self.lines.clear();
            self.marks.clear();
        }
    }

    /// Returns `true` if the queue is full; the caller must then wait for [room](Self::room).
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Waits until the queue has room, and always yields to other tasks. Cancel safe.
    pub(crate) async fn room(&mut self) {
        tokio::task::yield_now().await;
        self.writer.room().await;
        self.is_full = false;
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }
}
