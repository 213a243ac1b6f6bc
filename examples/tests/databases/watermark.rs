//! When the stored time moves, and when it must not: items of a stream, without a stream.

use std::time::Duration;

use kucoin_streams::{
    AnyEvent, Gap, GapReason, LiveReport, MissingPart, MissingReason, RecoveredItem, Timestamp,
    WsKey,
};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::follow::{ExchangeClock, Follow};
use crate::journal::Entry;

const TOPIC: &str = "/spotMarket/tradeOrdersV2";
const SETTLED: Duration = Duration::from_millis(30);

struct Bench {
    follow: Follow,
    clock: ExchangeClock,
    reported_at: Instant,
    entries: mpsc::Receiver<Entry>,
}

impl Bench {
    fn new(queue: usize) -> Self {
        let (queue, entries) = mpsc::channel(queue);
        let clock = ExchangeClock(Instant::now(), Timestamp::from_nanos(0));
        let follow = Follow::new(WsKey::SpotPrivateV1, queue, SETTLED, clock);
        Self {
            follow,
            clock,
            reported_at: clock.0,
            entries,
        }
    }

    fn report(&mut self, from: i64, missing: &[MissingReason]) {
        // The clock of this machine is wrong.
        let mut report = LiveReport::new(WsKey::SpotPrivateV1, &[TOPIC], Timestamp::now());
        self.reported_at = Instant::now();
        report.window = Some((Timestamp::from_nanos(from), Timestamp::from_nanos(from + 9)));
        let missing = missing.iter();
        let missing = missing.map(|reason| MissingPart::new(TOPIC, "fills", reason.clone()));
        report.missing = missing.collect();
        self.take(RecoveredItem::Live(report));
    }

    fn lose(&mut self) {
        let reason = GapReason::Overflowed { missed: 1 };
        self.take(RecoveredItem::Gap(Gap::of_topic(&TOPIC.into(), reason)));
    }

    fn take(&mut self, item: RecoveredItem<AnyEvent>) {
        self.follow.item(item).unwrap();
    }

    /// Returns what is passed on after the time in which a dead connection is noticed.
    fn passed_on(&mut self) -> Vec<String> {
        std::thread::sleep(2 * SETTLED);
        self.follow.advance().unwrap();
        let possible = self.clock.at(self.reported_at)..self.clock.at(Instant::now() - SETTLED);
        let entries = std::iter::from_fn(|| self.entries.try_recv().ok());
        let text = |entry| match entry {
            Entry::CompleteTo(_, time) => {
                assert!(possible.contains(&time), "{time:?} is not in {possible:?}");
                "complete".to_owned()
            }
            Entry::Missing(_, part, (from, _)) => {
                format!("{} from {}", part.reason.as_str(), from.as_nanos())
            }
            Entry::Fill(fill, _) => fill.key().to_string(),
        };
        entries.map(text).collect()
    }
}

#[test]
fn stored_time_moves_only_after_a_report_and_not_in_a_gap() {
    let mut bench = Bench::new(10);
    assert!(
        bench.passed_on().is_empty(),
        "nothing is known before the first report"
    );
    bench.report(100, &[]);
    assert_eq!(bench.passed_on(), ["complete"]);
    bench.lose();
    assert!(bench.passed_on().is_empty());
    bench.report(200, &[]);
    bench.lose();
    assert!(
        bench.passed_on().is_empty(),
        "lost again before it is known that the connection was not dead"
    );
}

#[test]
fn failed_queries_stop_the_time_until_the_same_window_is_complete() {
    let mut bench = Bench::new(10);
    bench.report(100, &[MissingReason::Unreachable]);
    assert!(bench.passed_on().is_empty());
    bench.lose();
    bench.report(200, &[]);
    assert!(
        bench.passed_on().is_empty(),
        "the later window does not have the fills of the earlier one"
    );
    bench.report(100, &[]);
    assert_eq!(bench.passed_on(), ["complete"]);
}

#[test]
fn what_is_missing_for_good_is_stored() {
    let mut bench = Bench::new(10);
    bench.report(100, &[MissingReason::TooOld]);
    assert_eq!(bench.passed_on(), ["TooOld from 100", "complete"]);
}

#[test]
fn full_queue_is_an_error() {
    let mut bench = Bench::new(1);
    bench.report(100, &[MissingReason::TooOld]);
    std::thread::sleep(2 * SETTLED);
    let error = bench.follow.advance().unwrap_err().to_string();
    assert!(error.contains("wait for the database"), "{error}");
}
