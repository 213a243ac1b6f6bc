//! Tables for `--stats`: the frame counters of each topic, and how its events differ from the known format.

use kucoin_streams::{FindingKind, TopicDrift, TopicLedger, WsKey};
use unicode_width::UnicodeWidthStr;

use super::layout::{padded, shortened};
use super::paint::safe;
use crate::output::TopicAliases;

/// Name and value of a counter.
type Column = (&'static str, fn(&TopicLedger) -> u64);

/// Columns from left to right.
const COLUMNS: [Column; 7] = [
    ("received", |ledger| ledger.received),
    ("delivered", |ledger| ledger.delivered),
    ("duplicates", |ledger| ledger.duplicates),
    ("undecodable", |ledger| ledger.undecodable),
    ("other", |ledger| ledger.other),
    ("queued", |ledger| ledger.queued),
    ("overflowed", |ledger| ledger.overflowed),
];

/// Number of columns that are always shown.
///
/// Other columns are hidden if they are zero and there is no room.
const REQUIRED_COLUMNS: usize = 2;

/// Minimum width of the topic column; if less is left, the topic gets its own line.
const MIN_TOPIC_WIDTH: usize = 16;

/// Returns one line per topic, and a warning after a topic whose counters do not add up.
pub(super) fn table(
    ledgers: &[(WsKey, TopicLedger)],
    aliases: &TopicAliases,
    room: Option<usize>,
) -> String {
    let named: Vec<(String, &TopicLedger)> = ledgers
        .iter()
        .map(|(_, ledger)| (safe(aliases.name(&ledger.topic)), ledger))
        .collect();
    let longest = named.iter().map(|(topic, _)| topic.width());
    let longest = longest.chain(["frames of".len()]).max().unwrap_or_default();
    let mut columns: Vec<(Column, usize)> = COLUMNS
        .into_iter()
        .map(|column| (column, width_of(column, ledgers)))
        .collect();
    let taken =
        |columns: &[(Column, usize)]| -> usize { columns.iter().map(|(_, width)| width + 2).sum() };
    let mut topic_width = longest;
    if let Some(room) = room.filter(|room| longest + taken(&columns) > *room) {
        let mut at = 0;
        columns.retain(|((_, count), _)| {
            at += 1;
            at <= REQUIRED_COLUMNS || ledgers.iter().any(|(_, ledger)| count(ledger) > 0)
        });
        topic_width = longest.min(room.saturating_sub(taken(&columns)));
    }
    let row =
        |topic: &str, counts: &str| match topic_width < MIN_TOPIC_WIDTH && topic_width < longest {
            true => format!(
                "\n{}\n{counts}",
                shortened(topic, room.unwrap_or(usize::MAX))
            ),
            false => {
                let topic = shortened(topic, topic_width);
                format!("\n{}{counts}", padded(&topic, topic_width))
            }
        };
    let heads = columns.iter();
    let heads: String = heads
        .map(|((name, _), width)| format!("  {name:>width$}"))
        .collect();
    let mut table = row("frames of", &heads);
    for (topic, ledger) in named {
        let counts = columns.iter();
        let counts: String = counts
            .map(|((_, count), width)| format!("  {:>width$}", count(ledger)))
            .collect();
        table.push_str(&row(&topic, &counts));
        if !ledger.is_consistent() {
            table.push_str("\n  INCONSISTENT: the counters of this topic do not add up; please report this bug");
        }
    }
    table
}

/// Returns one line for the topic, and one for each difference of its events from the known format.
pub(super) fn drift(topic: &str, drift: &TopicDrift, room: Option<usize>) -> String {
    let room = room.unwrap_or(usize::MAX);
    let title = format!("format of {} differs from what is known:", safe(topic));
    let mut lines = format!("\n{}", shortened(&title, room));
    let mut row = |what: &str, count: u64| {
        lines.push_str(&format!(
            "\n{count:>9} x {}",
            shortened(what, room.saturating_sub(12))
        ));
    };
    for finding in &drift.findings {
        let what = format!("{} {}: {}", finding.kind, finding.path, finding.sample);
        row(&safe(&what), finding.count);
    }
    for (kind, count) in FindingKind::ALL.into_iter().zip(drift.unlisted) {
        if count > 0 {
            row(&format!("{kind}, not listed"), count);
        }
    }
    lines
}

/// Returns the width of a column: of its name or its largest count.
fn width_of((name, count): Column, ledgers: &[(WsKey, TopicLedger)]) -> usize {
    let counts = ledgers.iter().map(|(_, ledger)| count(ledger).to_string());
    let widths = counts.map(|count| count.len()).chain([name.len()]);
    widths.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> TopicLedger {
        let mut ledger = TopicLedger::default();
        ledger.topic = "/account/balance".to_owned();
        ledger.received = 2;
        ledger.delivered = 2;
        ledger
    }

    fn rows(ledger: &TopicLedger, room: Option<usize>) -> String {
        let ledgers = [(WsKey::SpotPrivateV1, ledger.clone())];
        table(&ledgers, &TopicAliases::default(), room)
    }

    #[test]
    fn inconsistent_topic_has_a_warning() {
        let mut ledger = ledger();
        let consistent = rows(&ledger, None);
        let line = consistent.lines().last().unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            words,
            ["/account/balance", "2", "2", "0", "0", "0", "0", "0"]
        );
        ledger.received = 3;
        assert!(rows(&ledger, None).contains("INCONSISTENT"));
    }

    #[test]
    fn table_fits_and_hides_only_zero_columns() {
        let mut ledger = ledger();
        ledger.topic = "/contractMarket/advancedOrders".to_owned();
        ledger.overflowed = 7;
        let table = rows(&ledger, Some(80));
        assert!(
            table.lines().all(|line| line.chars().count() <= 80),
            "{table}"
        );
        assert!(table.contains("overflowed") && !table.contains("queued"));
        for count in [
            &mut ledger.duplicates,
            &mut ledger.undecodable,
            &mut ledger.other,
            &mut ledger.queued,
        ] {
            *count = 1;
        }
        for room in [80, 100, 120, 140] {
            let table = rows(&ledger, Some(room));
            assert!(
                table.lines().all(|line| line.chars().count() <= room),
                "{table}"
            );
            assert!(table.contains("queued") && table.contains("INCONSISTENT"));
        }
    }
}
