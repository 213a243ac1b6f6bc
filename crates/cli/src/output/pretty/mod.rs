//! The pretty format: one line per event, in aligned columns.

mod account;
mod balances;
mod columns;
mod layout;
mod ledger;
mod lifecycle;
mod margin;
mod orders;
mod paint;
mod positions;
mod pro_v2;
mod settings;
mod state;
mod times;
mod trades;
mod width;

use kucoin_streams::v1::{
    self, FuturesEvent, FuturesPosition, FuturesWalletChange, MarginPosition, SpotEvent,
};
use kucoin_streams::{
    AnyEvent, Lifecycle, Origin, RecoveredItem, Timestamp, TopicDrift, TopicLedger, Update, WsKey,
};
use serde::Serialize;

pub(crate) use account::{margin_text, outcome_name, unexplained};
pub(crate) use columns::format_amount;
pub(crate) use layout::{shortened, wrapped};
pub(crate) use paint::{is_coloured, safe};
pub(crate) use width::terminal_size;

use super::{AccountLine, TopicAliases};
use layout::{Cell, cell, lay_out, padded};
use lifecycle::LifecycleLines;
use paint::{Painter, Style};
use state::StateRows;
use width::Width;

/// Minimum width of a terminal for times with milliseconds.
const MILLIS_COLUMNS: usize = 100;

/// Shown in place of a time that is not known.
const UNKNOWN_TIME: &str = "--:--:--.---";

/// Returns the width of the time, the gap after it, and the width of the label.
const fn head_columns(columns: Option<usize>) -> (usize, &'static str, usize) {
    match columns {
        None | Some(MILLIS_COLUMNS..) => ("23:11:57.836".len(), " ", 11),
        Some(_) => ("23:11:57".len(), "", 9),
    }
}

/// Width of the name of a connection, with the space after it.
const CONNECTION_WIDTH: usize = 8;

/// Content of one line.
#[derive(Debug)]
struct LineContent {
    /// Style of the label.
    style: Style,
    label: &'static str,
    /// Text that wraps; `None` if the line has only cells. The cells, if any, are on a line after the text.
    text: Option<(Style, String)>,
    cells: Vec<Cell>,
}

impl LineContent {
    fn new(style: Style, label: &'static str, cells: Vec<Cell>) -> Self {
        let text = None;
        Self {
            style,
            label,
            text,
            cells,
        }
    }

    /// Creates a line of text in its own style.
    fn text(style: Style, label: &'static str, text_style: Style, text: String) -> Self {
        Self {
            text: Some((text_style, text)),
            ..Self::new(style, label, Vec::new())
        }
    }

    fn with_cells(self, cells: Vec<Cell>) -> Self {
        Self { cells, ..self }
    }
}

/// Source of a line; its mark follows the time.
#[derive(Clone, Copy, Debug)]
enum LineSource {
    /// From a connection, or from this program.
    Live,
    /// An event that was missed, read over REST.
    Recovered,
    /// The current state, read over REST.
    State,
}

impl LineSource {
    const fn mark(self) -> (Style, &'static str) {
        match self {
            Self::Live => (Style::Plain, " "),
            Self::Recovered => (Style::Yellow, "~"),
            Self::State => (Style::Yellow, "="),
        }
    }
}

/// Explains the marks of [`LineSource`].
pub(crate) const MARKS: &str = "Over REST: = state, ~ missed event.";

/// Formats the lines of `watch`.
#[derive(Debug)]
pub(super) struct Pretty {
    painter: Painter,
    width: Width,
    /// `true` if each line shows its connection, because there are several.
    marked: bool,
    lifecycle: LifecycleLines,
    state: StateRows,
}

impl Pretty {
    pub(super) fn for_stdout(marked: bool) -> Self {
        Self {
            painter: Painter::for_stdout(),
            width: Width::Stdout,
            marked,
            lifecycle: LifecycleLines::default(),
            state: StateRows::default(),
        }
    }

    pub(super) fn heading(&self, what: &str, note: &str) -> String {
        let lines = wrapped(
            &format!("kucoin-streams watch: {what}"),
            self.width.columns(),
        );
        let text = lines.join("\n");
        let (title, rest) = text.split_at("kucoin-streams watch".len());
        let title = self.painter.paint(Style::Bold, title);
        let note = wrapped(note, self.width.columns()).into_iter();
        let note = note.map(|line| self.painter.paint(Style::Dim, &line));
        let note: Vec<String> = note.collect();
        format!("{title}{rest}\n{}\n", note.join("\n"))
    }

    /// Returns the lines of an item. Rows of the current state are printed with the next item of their connection.
    pub(super) fn item(
        &mut self,
        ws_key: WsKey,
        item: &RecoveredItem<AnyEvent>,
        why: &str,
    ) -> Vec<String> {
        if let RecoveredItem::Snapshot(row) = item {
            self.state.add(row);
            return Vec::new();
        }
        let state = self.state.take(ws_key).into_iter();
        let mut lines: Vec<String> = state
            .map(|(taken_at, content)| {
                self.line(Some(taken_at), LineSource::State, ws_key, content)
            })
            .collect();
        let contents = match item {
            RecoveredItem::Event(update) => {
                lines.push(self.update(update));
                return lines;
            }
            RecoveredItem::Gap(gap) => Vec::from_iter(self.lifecycle.gap(ws_key, gap, why)),
            RecoveredItem::Vanished(order) => vec![lifecycle::vanished(order)],
            RecoveredItem::Live(report) => {
                let room = self.text_room();
                self.lifecycle.report(report, now(), room)
            }
            _ => Vec::new(),
        };
        let contents = contents.into_iter();
        lines.extend(
            contents.map(|content| self.line(Some(now()), LineSource::Live, ws_key, content)),
        );
        lines
    }

    /// Returns the line of a row of the kept state; `is_state` if it is not a change.
    pub(super) fn account(&self, line: &AccountLine, is_state: bool) -> String {
        let source = match is_state {
            true => LineSource::State,
            false => LineSource::Live,
        };
        self.line(Some(now()), source, line.ws_key, account::content(line))
    }

    /// Returns the line that says that changes were dropped.
    pub(super) fn lagged(&self, missed: u64) -> String {
        let text = format!(
            "{missed} changes not shown: they came faster than they could be printed; the state follows"
        );
        self.painter.paint(Style::Yellow, &text)
    }

    fn update(&mut self, update: &Update<AnyEvent>) -> String {
        let (at, source) = match update.origin() {
            Origin::Recovered { .. } => {
                self.lifecycle.recovered(update.ws_key());
                (times::of(update.event()), LineSource::Recovered)
            }
            _ => (Some(update.received_at()), LineSource::Live),
        };
        self.line(at, source, update.ws_key(), event(update.event()))
    }

    /// Returns the line of a connection's live topics, after all topics are acknowledged or refused.
    pub(super) fn started(&mut self, ws_key: WsKey) -> Option<String> {
        let content = self.lifecycle.started(ws_key)?;
        Some(self.line(Some(now()), LineSource::Live, ws_key, content))
    }

    /// Returns the line of a lifecycle event; `None` if the event is not relevant for people.
    pub(super) fn lifecycle(&mut self, lifecycle: &Lifecycle, why: &str) -> Option<String> {
        let content = self.lifecycle.lifecycle(lifecycle, why)?;
        Some(self.line(
            Some(lifecycle.at),
            LineSource::Live,
            lifecycle.ws_key,
            content,
        ))
    }

    /// Returns the table of frame counters.
    pub(super) fn stats(&self, ledgers: &[(WsKey, TopicLedger)], aliases: &TopicAliases) -> String {
        ledger::table(ledgers, aliases, self.width.columns())
    }

    /// Returns the lines about how events of a topic differ from the known format.
    pub(super) fn drift(&self, topic: &str, drift: &TopicDrift) -> String {
        ledger::drift(topic, drift, self.width.columns())
    }

    /// Returns the room for the text of a line; `None` for no limit.
    fn text_room(&self) -> Option<usize> {
        let columns = self.width.columns();
        let (time, gap, label) = head_columns(columns);
        let connection = match self.marked {
            true => gap.len() + CONNECTION_WIDTH,
            false => 0,
        };
        let before = time + 1 + connection + gap.len() + label + 1;
        columns.map(|columns| columns.saturating_sub(before))
    }

    fn line(
        &self,
        at: Option<Timestamp>,
        source: LineSource,
        ws_key: WsKey,
        content: LineContent,
    ) -> String {
        let columns = self.width.columns();
        let mut time = at.map_or_else(|| UNKNOWN_TIME.to_owned(), time_of_day);
        // The mark takes the first column of the gap after the time.
        let (time_width, gap, label_width) = head_columns(columns);
        time.truncate(time_width);
        let connection = match self.marked {
            true => format!("{gap}{:<CONNECTION_WIDTH$}", short_name(ws_key)),
            false => String::new(),
        };
        let label = padded(content.label, label_width);
        let before = time.len() + 1 + connection.len() + gap.len() + label.len() + 1;
        let room = columns.map(|columns| columns.saturating_sub(before));
        let (mark_style, mark) = source.mark();
        let head = [
            self.painter.paint(Style::Dim, &time),
            self.painter.paint(mark_style, mark),
            self.painter.paint(Style::Dim, &connection),
        ]
        .concat();
        let label = self.painter.paint(content.style, &label);
        let mut lines = Vec::new();
        if let Some((style, text)) = &content.text {
            let wrapped = wrapped(text, room).into_iter();
            lines.extend(wrapped.map(|text| self.painter.paint(*style, &text)));
        }
        if !content.cells.is_empty() || lines.is_empty() {
            lines.extend(lay_out(content.cells, columns, before, self.painter));
        }
        let indented = format!("\n{}", " ".repeat(before));
        let line = format!("{head}{gap}{label} {}", lines.join(&indented));
        line.trim_end().to_owned()
    }
}

fn now() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

/// Returns the short name of a connection.
pub(crate) fn short_name(ws_key: WsKey) -> &'static str {
    match ws_key {
        WsKey::SpotPrivateV1 => "spot",
        WsKey::FuturesPrivateV1 => "futures",
        WsKey::PrivateProV2 => "pro",
        other => other.as_str(),
    }
}

fn event(event: &AnyEvent) -> LineContent {
    match event {
        AnyEvent::V1(v1::V1Event::Spot(event)) => spot(event),
        AnyEvent::V1(v1::V1Event::Futures(event)) => futures(event),
        AnyEvent::Pro(event) => pro_v2::event(event),
        other => unknown(other),
    }
}

fn spot(event: &SpotEvent) -> LineContent {
    match event {
        SpotEvent::Order(order) => orders::spot(order),
        SpotEvent::StopOrder(stop) => orders::spot_stop(stop),
        SpotEvent::Balance(balance) => balances::spot(balance),
        SpotEvent::MarketMatch(trade) => trades::market_match(trade),
        SpotEvent::TradeFill(fill) => trades::spot_fill(fill),
        SpotEvent::MarginPosition(MarginPosition::DebtRatio(ratio)) => margin::debt_ratio(ratio),
        SpotEvent::MarginPosition(MarginPosition::Status(change)) => margin::status(change),
        SpotEvent::IsolatedMarginPosition(position) => margin::isolated(position),
        other => unknown(other),
    }
}

fn futures(event: &FuturesEvent) -> LineContent {
    match event {
        FuturesEvent::Order(order) => orders::futures(order),
        FuturesEvent::StopOrder(stop) => orders::futures_stop(stop),
        FuturesEvent::Wallet(FuturesWalletChange::Other(other)) => unknown(other),
        FuturesEvent::Wallet(change) => balances::futures(change),
        FuturesEvent::Position(FuturesPosition::Change(change)) => positions::change(change),
        FuturesEvent::Position(FuturesPosition::MarkPrice(patch)) => positions::mark_price(patch),
        FuturesEvent::Position(FuturesPosition::Settlement(settlement)) => {
            positions::funding(settlement)
        }
        FuturesEvent::Position(FuturesPosition::RiskLimit(adjustment)) => {
            settings::risk_limit(adjustment)
        }
        FuturesEvent::MarginMode(change) => settings::margin_modes(change),
        FuturesEvent::CrossLeverage(change) => settings::leverages(change),
        other => unknown(other),
    }
}

/// Returns the line of an unknown event, which shows the event's JSON.
fn unknown(event: &impl Serialize) -> LineContent {
    let text = serde_json::to_string(event).unwrap_or_default();
    LineContent::new(Style::Plain, "event", vec![cell(safe(&text)).shortenable()])
}

/// Formats the time of day in UTC, with milliseconds.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    let millis = at.as_millis().rem_euclid(24 * 60 * 60 * 1_000);
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!(
        "{:02}:{:02}:{seconds:02}.{millis:03}",
        minutes / 60,
        minutes % 60
    )
}

#[cfg(test)]
mod tests;
