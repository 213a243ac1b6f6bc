//! What `watch` writes to stdout: one line a happening, for people or for programs.

mod ndjson;
mod paint;
mod pretty;
mod spot;
mod trouble;

use std::io::{self, BufWriter, Stdout, Write};

use kucoin_streams::v1::SpotEvent;
use kucoin_streams::{Gap, Lifecycle, Update, WsKey};

use crate::args::Format;
use crate::output::pretty::Pretty;

/// An update as it arrived.
pub(crate) type Arrived = Update<SpotEvent>;

/// Writes happenings in one of the formats. What is written shows at [`Printer::flush`].
pub(crate) struct Printer {
    out: BufWriter<Stdout>,
    pretty: Option<Pretty>,
}

impl Printer {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            pretty: (format == Format::Pretty).then(Pretty::for_stdout),
        }
    }

    /// Says what is watched, to people only.
    pub(crate) fn heading(&mut self, what: &str) -> io::Result<()> {
        if let Some(pretty) = &self.pretty {
            self.out.write_all(pretty.heading(what).as_bytes())?;
        }
        self.flush()
    }

    pub(crate) fn update(
        &mut self,
        ws_key: WsKey,
        topic: &str,
        update: &Arrived,
    ) -> io::Result<()> {
        match &self.pretty {
            Some(pretty) => writeln!(self.out, "{}", pretty.update(update)),
            None => ndjson::update(&mut self.out, ws_key, topic, update),
        }
    }

    pub(crate) fn gap(&mut self, ws_key: WsKey, gap: &Gap) -> io::Result<()> {
        match &self.pretty {
            Some(pretty) => writeln!(self.out, "{}", pretty.gap(gap)),
            None => ndjson::gap(&mut self.out, ws_key, gap),
        }
    }

    pub(crate) fn lifecycle(&mut self, lifecycle: &Lifecycle) -> io::Result<()> {
        match &self.pretty {
            Some(pretty) => pretty
                .lifecycle(lifecycle)
                .map_or(Ok(()), |line| writeln!(self.out, "{line}")),
            None => ndjson::lifecycle(&mut self.out, lifecycle),
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
