//! What became of every frame, as a table for people.

use std::fmt::Write;

use kucoin_streams::{TopicLedger, WsKey};

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

/// A line for each topic; one that does not balance says so.
pub(in crate::output) fn table(ledgers: &[(WsKey, TopicLedger)], names: &Names) -> String {
    let named: Vec<(String, &TopicLedger)> = ledgers
        .iter()
        .map(|(_, ledger)| (safe(names.asked(&ledger.topic)), ledger))
        .collect();
    let widths = named.iter().map(|(topic, _)| topic.chars().count());
    let width = widths.chain(["frames of".len()]).max().unwrap_or_default();
    let mut table = format!("\n{:<width$}", "frames of");
    for (name, _) in COLUMNS {
        let _ = write!(table, "  {name:>11}");
    }
    for (topic, ledger) in named {
        let _ = write!(table, "\n{topic:<width$}");
        for (_, count) in COLUMNS {
            let _ = write!(table, "  {:>11}", count(ledger));
        }
        if !ledger.balances() {
            table.push_str("  DOES NOT BALANCE");
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_does_not_balance_shows() {
        let mut ledger = TopicLedger::default();
        ledger.topic = "/account/balance".to_owned();
        ledger.received = 2;
        ledger.delivered = 2;
        let rows = |ledger: &TopicLedger| {
            table(&[(WsKey::SpotPrivateV1, ledger.clone())], &Names::default())
        };
        let balanced = rows(&ledger);
        let line = balanced.lines().last().unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            words,
            ["/account/balance", "2", "2", "0", "0", "0", "0", "0"]
        );
        ledger.received = 3;
        assert!(rows(&ledger).ends_with("DOES NOT BALANCE"));
    }
}
