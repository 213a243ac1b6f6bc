//! The list of events: gaps, connection events, contradictions, log lines; the latest first.

use std::cmp::Reverse;

use kucoin_streams::core::HumanDuration;
use kucoin_streams::{AccountState, Timestamp};

use super::palette::Tone;
use super::table::{Table, TableColumn, TableRow, TextCell};
use crate::output::{short_name, time_of_day, unexplained, wrapped};
use crate::top::gaps::GapEntry;
use crate::top::view::View;

const COLUMNS: &[TableColumn] = &[
    TableColumn::left("", 0),
    TableColumn::left("SOURCE", 0),
    TableColumn::left("EVENT", 0),
];

/// Columns before the text: mark, time and source.
const BEFORE_TEXT: u16 = 19;

struct EventLine {
    at: Timestamp,
    source: &'static str,
    tone: Tone,
    text: String,
}

pub(super) fn table(view: &View, columns: u16) -> Table {
    let room = usize::from(columns.saturating_sub(BEFORE_TEXT));
    let mut lines: Vec<EventLine> = view.gaps.iter().map(gap).collect();
    lines.extend(view.log.iter().map(|entry| EventLine {
        at: entry.at,
        source: entry.ws_key.map_or("log", short_name),
        tone: match entry.is_warning {
            true => Tone::Warn,
            false => Tone::Plain,
        },
        text: entry.text.clone(),
    }));
    if let Some(state) = &view.state {
        lines.extend(contradictions(state));
    }
    lines.sort_by_key(|line| Reverse(line.at));
    Table {
        title: "Events",
        columns: COLUMNS,
        rows: lines.iter().flat_map(|line| rows(line, room)).collect(),
        empty: "no event",
    }
}

fn contradictions(state: &AccountState) -> Vec<EventLine> {
    let violations = state.violations().map(|violation| {
        let last = violation.frames.last();
        EventLine {
            at: last.map_or(Timestamp::from_nanos(0), |frame| frame.received_at),
            source: last.map_or("violation", |frame| short_name(frame.ws_key)),
            tone: Tone::Alarm,
            text: format!("violation: {violation}"),
        }
    });
    let discrepancies = state.discrepancies().map(|discrepancy| EventLine {
        at: discrepancy.window.1,
        source: short_name(discrepancy.ws_key),
        tone: Tone::Alarm,
        text: format!("discrepancy: {}", unexplained(discrepancy)),
    });
    violations.chain(discrepancies).collect()
}

fn gap(gap: &GapEntry) -> EventLine {
    let parts: Vec<&str> = gap.parts.iter().map(|part| part.as_str()).collect();
    let (tone, end) = match (gap.closed_at, gap.missing.as_slice()) {
        (None, _) => (Tone::Warn, "not closed yet".to_owned()),
        (Some(at), []) => {
            let took = HumanDuration(at.duration_since(gap.at));
            (
                Tone::Good,
                format!("closed after {took}, nothing is missing"),
            )
        }
        (Some(at), missing) => {
            let took = HumanDuration(at.duration_since(gap.at));
            let missing = missing.join("; ");
            (
                Tone::Warn,
                format!("closed after {took}, missing: {missing}"),
            )
        }
    };
    EventLine {
        at: gap.at,
        source: short_name(gap.ws_key),
        tone,
        text: format!("gap in {}: {}; {end}", parts.join(", "), gap.cause),
    }
}

/// Returns the rows of an event, which may take several lines.
fn rows(line: &EventLine, room: usize) -> Vec<TableRow> {
    let mut time = time_of_day(line.at);
    time.truncate("00:00:00".len());
    let texts = wrapped(&line.text, Some(room));
    let rows = texts.iter().enumerate().map(|(at, text)| TableRow {
        is_live: true,
        cells: match at {
            0 => vec![
                TextCell::new(Tone::Dim, &time),
                TextCell::plain(line.source),
                TextCell::new(line.tone, text),
            ],
            _ => vec![
                TextCell::empty(),
                TextCell::empty(),
                TextCell::new(line.tone, text),
            ],
        },
    });
    rows.collect()
}
