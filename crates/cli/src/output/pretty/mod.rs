//! The pretty form: aligned columns, a line a happening, read at a glance.

mod balances;
mod columns;
mod layout;
mod ledger;
mod margin;
mod orders;
mod paint;
mod positions;
mod settings;
mod trades;
mod trouble;
mod unified;
mod width;

use kucoin_streams::v1::{
    self, FuturesEvent, FuturesPosition, FuturesWalletChange, MarginPosition, SpotEvent,
};
use kucoin_streams::{AnyEvent, Gap, Lifecycle, Timestamp, TopicLedger, Update, WsKey};
use serde::Serialize;

use super::Names;
use layout::{Part, filled, folded, lay, part};
use paint::{Ink, Paint, safe};
use trouble::Trouble;
use width::Width;

/// Terminals of less columns have no room for milliseconds.
const WIDE: usize = 100;

/// How wide the column with the sort of happening is, in a wide terminal and in a narrow one.
const SORT: (usize, usize) = (11, 9);

/// What one line says.
#[derive(Debug)]
struct Told {
    /// The ink of the sort.
    ink: Ink,
    sort: &'static str,
    /// Words that are folded; parts of the last line, if any, follow them.
    words: Option<(Ink, String)>,
    parts: Vec<Part>,
}

impl Told {
    fn new(ink: Ink, sort: &'static str, parts: Vec<Part>) -> Self {
        let words = None;
        Self {
            ink,
            sort,
            words,
            parts,
        }
    }

    /// Words in an ink of their own.
    fn words(ink: Ink, sort: &'static str, text_ink: Ink, text: String) -> Self {
        Self {
            words: Some((text_ink, text)),
            ..Self::new(ink, sort, Vec::new())
        }
    }

    fn with(self, parts: Vec<Part>) -> Self {
        Self { parts, ..self }
    }
}

/// Lays out lines.
#[derive(Debug)]
pub(super) struct Pretty {
    paint: Paint,
    width: Width,
    /// Whether there are several connections, and each line is marked with its own.
    marked: bool,
    trouble: Trouble,
}

impl Pretty {
    pub(super) fn for_stdout(marked: bool) -> Self {
        Self {
            paint: Paint::for_stdout(),
            width: Width::OfStdout,
            marked,
            trouble: Trouble::default(),
        }
    }

    pub(super) fn heading(&self, what: &str) -> String {
        let lines = folded(
            &format!("kucoin-streams watch: {what}"),
            self.width.columns(),
        );
        let text = lines.join("\n");
        let (title, rest) = text.split_at("kucoin-streams watch".len());
        let title = self.paint.ink(Ink::Bold, title);
        let note = self.paint.ink(Ink::Dim, "Times are UTC. Stop with Ctrl-C.");
        format!("{title}{rest}\n{note}\n")
    }

    pub(super) fn update(&self, update: &Update<AnyEvent>) -> String {
        let told = event(update.event());
        self.line(update.received_at(), update.ws_key(), told)
    }

    /// Says which topics are live, once all of a connection are answered.
    pub(super) fn started(&mut self, ws_key: WsKey) -> Option<String> {
        let told = self.trouble.started(ws_key)?;
        Some(self.line(now(), ws_key, told))
    }

    /// `None` for what another line says.
    pub(super) fn gap(&mut self, ws_key: WsKey, gap: &Gap, why: &str) -> Option<String> {
        let told = self.trouble.gap(ws_key, gap, why)?;
        Some(self.line(now(), ws_key, told))
    }

    /// `None` for what people need not see.
    pub(super) fn lifecycle(&mut self, lifecycle: &Lifecycle, why: &str) -> Option<String> {
        let told = self.trouble.lifecycle(lifecycle, why)?;
        Some(self.line(lifecycle.at, lifecycle.ws_key, told))
    }

    /// What became of every frame, topic by topic.
    pub(super) fn stats(&self, ledgers: &[(WsKey, TopicLedger)], names: &Names) -> String {
        ledger::table(ledgers, names, self.width.columns())
    }

    fn line(&self, at: Timestamp, ws_key: WsKey, told: Told) -> String {
        let columns = self.width.columns();
        let mut head = time_of_day(at);
        let (blanks, sort) = match columns {
            None | Some(WIDE..) => ("  ", SORT.0),
            Some(_) => {
                head.truncate("23:11:57".len());
                (" ", SORT.1)
            }
        };
        if self.marked {
            head.push_str(&format!("{blanks}{:<7}", mark(ws_key)));
        }
        let sort = filled(told.sort, sort);
        let before = head.len() + blanks.len() + sort.len() + 1;
        let room = columns.map(|columns| columns.saturating_sub(before));
        let (head, sort) = (
            self.paint.ink(Ink::Dim, &head),
            self.paint.ink(told.ink, &sort),
        );
        let mut lines = Vec::new();
        if let Some((ink, text)) = &told.words {
            let folded = folded(text, room).into_iter();
            lines.extend(folded.map(|text| self.paint.ink(*ink, &text)));
        }
        if !told.parts.is_empty() || lines.is_empty() {
            lines.extend(lay(told.parts, columns, before, self.paint));
        }
        let indented = format!("\n{}", " ".repeat(before));
        let line = format!("{head}{blanks}{sort} {}", lines.join(&indented));
        line.trim_end().to_owned()
    }
}

fn now() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

/// A connection in a word.
fn mark(ws_key: WsKey) -> &'static str {
    match ws_key {
        WsKey::SpotPrivateV1 => "spot",
        WsKey::FuturesPrivateV1 => "futures",
        WsKey::PrivateProV2 => "pro",
        other => other.as_str(),
    }
}

fn event(event: &AnyEvent) -> Told {
    match event {
        AnyEvent::V1(v1::V1Event::Spot(event)) => spot(event),
        AnyEvent::V1(v1::V1Event::Futures(event)) => futures(event),
        AnyEvent::Pro(event) => unified::event(event),
        other => unknown(other),
    }
}

fn spot(event: &SpotEvent) -> Told {
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

fn futures(event: &FuturesEvent) -> Told {
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

/// What has no line of its own: all that it says.
fn unknown(event: &impl Serialize) -> Told {
    let text = serde_json::to_string(event).unwrap_or_default();
    Told::new(Ink::Plain, "event", vec![part(safe(&text)).words()])
}

/// The time of day in UTC, to the millisecond.
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
