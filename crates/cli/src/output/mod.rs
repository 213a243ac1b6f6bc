//! What the commands write: one line a happening on stdout, for people or for programs; errors on stderr.

mod lines;
mod names;
mod ndjson;
mod portable;
mod pretty;
mod reader;
mod writer;

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;

use kucoin_streams::core::TimeFormat;
use kucoin_streams::{
    AnyEvent, Gap, GapReason, Lifecycle, LifecycleEvent, TopicLedger, Update, WsKey,
};

use crate::args::Format;
use crate::exit::Failed;
use crate::output::pretty::Pretty;

pub(crate) use lines::Lines;
pub(crate) use names::Names;
pub(crate) use ndjson::{Control, Line, PushLine};
pub(crate) use pretty::time_of_day;
pub(crate) use writer::{End, Mark, Writer};

/// The number of events that a gap accounts for.
pub(crate) fn missed_by(gap: &Gap) -> u64 {
    match gap.reason {
        GapReason::Overflowed { missed } => missed,
        GapReason::Undecodable { .. } => 1,
        _ => 0,
    }
}

/// Whether a topic is refused for another reason than that it is not found.
fn is_refused_otherwise(event: &LifecycleEvent) -> bool {
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

/// Formats happenings as lines and hands them to the thread that writes stdout; never waits for it.
pub(crate) struct Printer {
    lines: Lines,
    /// The events that `lines` account for.
    marks: Vec<Mark>,
    writer: Writer,
    full: bool,
    pretty: Option<Pretty>,
    names: Names,
    /// Why the command ends, and so why its connections close; `None` before it ends.
    why: Option<Cow<'static, str>>,
    /// The connections with a topic that was refused for another reason than that it is not found.
    refused_otherwise: HashSet<WsKey>,
}

impl Printer {
    /// `several`: of more than one connection, so that each line says of which.
    pub(crate) fn new(
        format: Format,
        times: TimeFormat,
        names: Names,
        several: bool,
    ) -> io::Result<Self> {
        Ok(Self {
            lines: Lines::new(times),
            marks: Vec::new(),
            writer: Writer::to_stdout()?,
            full: false,
            pretty: (format == Format::Pretty).then(|| Pretty::for_stdout(several)),
            names,
            why: None,
            refused_otherwise: HashSet::new(),
        })
    }

    /// Notes why the command ends, which is why its connections close.
    pub(crate) fn ends(&mut self, why: impl Into<Cow<'static, str>>) {
        self.why = Some(why.into());
    }

    /// Why a connection closes that did not fail. Before the command ends it does so only if all topics are refused.
    fn why(&self, ws_key: WsKey) -> &str {
        match (&self.why, ws_key) {
            (Some(why), _) => why,
            (None, _) if self.refused_otherwise.contains(&ws_key) => {
                "none of its topics is available"
            }
            (None, WsKey::SpotPrivateV1) => {
                "none of its topics is found; its token may come from a host of futures, see --rest-url"
            }
            (None, WsKey::FuturesPrivateV1) => {
                "none of its topics is found; its token may come from a host of spot, see --futures-rest-url"
            }
            (None, _) => "none of its topics is available",
        }
    }

    /// Says which topics of a connection are live at the start, to people only: programs read the responses.
    pub(crate) fn started(&mut self, ws_key: WsKey) {
        let line = self
            .pretty
            .as_mut()
            .and_then(|pretty| pretty.started(ws_key));
        if let Some(line) = line {
            self.lines.text(&line);
        }
    }

    /// Says what is watched, to people only.
    pub(crate) fn heading(&mut self, what: &str) {
        if let Some(pretty) = &self.pretty {
            self.lines.text(&pretty.heading(what));
        }
        self.flush();
    }

    pub(crate) fn update(&mut self, update: &Update<AnyEvent>) -> Result<(), Failed> {
        match &self.pretty {
            Some(pretty) => self.lines.text(&pretty.update(update)),
            None => self.lines.json(&self.names.of_update(update))?,
        }
        self.mark(1);
        if self.lines.are_enough() {
            self.flush();
        }
        Ok(())
    }

    /// Notes the number of events that the last line accounts for.
    fn mark(&mut self, events: u64) {
        let end = self.lines.bytes().len();
        self.marks.push(Mark { end, events });
    }

    pub(crate) fn gap(&mut self, ws_key: WsKey, gap: &Gap) -> Result<(), Failed> {
        let gap = self.names.of_gap(gap);
        let why = self.why(ws_key).to_owned();
        match &mut self.pretty {
            Some(pretty) => {
                if let Some(line) = pretty.gap(ws_key, &gap, &why) {
                    self.lines.text(&line);
                }
            }
            None => self.lines.json(&ndjson::gap(gap.clone(), &why))?,
        }
        self.mark(missed_by(&gap));
        Ok(())
    }

    pub(crate) fn lifecycle(&mut self, lifecycle: &Lifecycle) -> Result<(), Failed> {
        let lifecycle = self.names.of_lifecycle(lifecycle);
        if is_refused_otherwise(&lifecycle.event) {
            self.refused_otherwise.insert(lifecycle.ws_key);
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

    /// What became of every frame, topic by topic.
    pub(crate) fn stats(&mut self, ledgers: &[(WsKey, TopicLedger)]) -> Result<(), Failed> {
        if let Some(pretty) = &self.pretty {
            self.lines.text(&pretty.stats(ledgers, &self.names));
            return Ok(());
        }
        for (ws_key, ledger) in ledgers {
            let mut ledger = ledger.clone();
            ledger.topic = self.names.asked(&ledger.topic).to_owned();
            self.lines.json(&ndjson::stats(*ws_key, &ledger))?;
        }
        Ok(())
    }

    /// Hands all lines so far to the writing thread.
    pub(crate) fn flush(&mut self) {
        if !self.lines.bytes().is_empty() {
            self.full = !self.writer.push(self.lines.bytes(), &self.marks);
            self.lines.clear();
            self.marks.clear();
        }
    }

    /// Whether nothing more should be shown until there is [room](Self::room).
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Waits until there is room for more lines, and lets other tasks run even if there is. Cancel safe.
    pub(crate) async fn room(&mut self) {
        tokio::task::yield_now().await;
        self.writer.room().await;
        self.full = false;
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }
}
