//! What became of every frame, as a table for people.

use kucoin_streams::{TopicLedger, WsKey};
use unicode_width::UnicodeWidthStr;

use super::layout::{filled, shortened};
use super::paint::safe;
use crate::output::Names;

/// A counter: its name, and how it is read.
type Column = (&'static str, fn(&TopicLedger) -> u64);

/// In the order in which they stand.
const COLUMNS: [Column; 7] = [
    ("received", |ledger| ledger.received),
    ("delivered", |ledger| ledger.delivered),
    ("duplicates", |ledger| ledger.duplicates),
    ("undecodable", |ledger| ledger.undecodable),
    ("other", |ledger| ledger.other),
    ("queued", |ledger| ledger.queued),
    ("overflowed", |ledger| ledger.overflowed),
];

/// These are always shown; the others are left out if they are zero and there is no room.
const ALWAYS: usize = 2;

/// A topic with less room than this has a line of its own.
const LEAST: usize = 16;

/// A line for each topic; one whose frames are not all accounted for says so.
pub(super) fn table(
    ledgers: &[(WsKey, TopicLedger)],
    names: &Names,
    room: Option<usize>,
) -> String {
    let named: Vec<(String, &TopicLedger)> = ledgers
        .iter()
        .map(|(_, ledger)| (safe(names.asked(&ledger.topic)), ledger))
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
            at <= ALWAYS || ledgers.iter().any(|(_, ledger)| count(ledger) > 0)
        });
        topic_width = longest.min(room.saturating_sub(taken(&columns)));
    }
    let row = |topic: &str, counts: &str| match topic_width < LEAST && topic_width < longest {
        true => format!(
            "\n{}\n{counts}",
            shortened(topic, room.unwrap_or(usize::MAX))
        ),
        false => {
            let topic = shortened(topic, topic_width);
            format!("\n{}{counts}", filled(&topic, topic_width))
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
        if !ledger.balances() {
            table.push_str("\n  INCONSISTENT: frames of this topic are not accounted for");
        }
    }
    table
}

/// The width of a counter's name, or of its largest count.
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
        table(&ledgers, &Names::default(), room)
    }

    #[test]
    fn topic_with_frames_that_are_not_accounted_for_shows() {
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
    fn table_fits_and_keeps_what_counts() {
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
