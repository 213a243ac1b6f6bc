//! What the commands write to stdout: one line a happening, for people or for programs.

mod event;
mod lines;
mod names;
mod ndjson;
mod pretty;

use std::io;
use std::sync::Arc;

use kucoin_streams::wire::json::Extra;
use kucoin_streams::{Gap, Lifecycle, Text, Timestamp, TopicLedger, WsKey};

use crate::args::Format;
use crate::output::pretty::Pretty;

pub(crate) use event::Event;
pub(crate) use lines::Lines;
pub(crate) use names::Names;
pub(crate) use ndjson::{Control, Line, Update};

/// An event as it arrived, of whichever connection.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) ws_key: WsKey,
    /// The topic that was asked for.
    pub(crate) topic: Arc<str>,
    pub(crate) subject: Option<Text>,
    pub(crate) id: Option<Text>,
    pub(crate) user_id: Option<Text>,
    /// When the exchange pushed it, where the envelope says so.
    pub(crate) pushed_at: Option<Timestamp>,
    pub(crate) received_at: Timestamp,
    pub(crate) epoch: u64,
    pub(crate) event: Event,
    /// Fields of the envelope that this version does not know.
    pub(crate) envelope: Extra,
}

/// Writes happenings in one of the formats. What is written shows at [`Printer::flush`].
pub(crate) struct Printer {
    out: Lines,
    pretty: Option<Pretty>,
    names: Names,
}

impl Printer {
    /// `several`: of more than one connection, so that people are told which.
    pub(crate) fn new(format: Format, names: Names, several: bool) -> Self {
        Self {
            out: Lines::to_stdout(),
            pretty: (format == Format::Pretty).then(|| Pretty::for_stdout(several)),
            names,
        }
    }

    /// Says what is watched, to people only.
    pub(crate) fn heading(&mut self, what: &str) -> io::Result<()> {
        if let Some(pretty) = &self.pretty {
            self.out.text(&pretty.heading(what))?;
        }
        self.flush()
    }

    pub(crate) fn update(&mut self, arrived: &Arrived) -> io::Result<()> {
        match &self.pretty {
            Some(pretty) => self.out.text(&pretty.update(arrived)),
            None => {
                let topic = self.names.asked(&arrived.topic);
                self.out.json(&ndjson::update(arrived, topic))
            }
        }
    }

    pub(crate) fn gap(&mut self, ws_key: WsKey, gap: &Gap) -> io::Result<()> {
        let gap = self.names.of_gap(gap);
        match &self.pretty {
            Some(pretty) => self.out.text(&pretty.gap(ws_key, &gap)),
            None => ndjson::gap(ws_key, &gap).map_or(Ok(()), |line| self.out.json(&line)),
        }
    }

    pub(crate) fn lifecycle(&mut self, lifecycle: &Lifecycle) -> io::Result<()> {
        let lifecycle = self.names.of_lifecycle(lifecycle);
        match &self.pretty {
            Some(pretty) => pretty
                .lifecycle(&lifecycle)
                .map_or(Ok(()), |line| self.out.text(&line)),
            None => ndjson::lifecycle(&lifecycle).map_or(Ok(()), |line| self.out.json(&line)),
        }
    }

    /// What became of every frame, topic by topic.
    pub(crate) fn stats(&mut self, ledgers: &[(WsKey, TopicLedger)]) -> io::Result<()> {
        if self.pretty.is_some() {
            return self.out.text(&pretty::ledger::table(ledgers, &self.names));
        }
        for (ws_key, ledger) in ledgers {
            let mut ledger = ledger.clone();
            ledger.topic = self.names.asked(&ledger.topic).to_owned();
            self.out.json(&ndjson::stats(*ws_key, &ledger))?;
        }
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
