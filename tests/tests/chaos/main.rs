//! Chaos tests: the real client and the local exchange on a simulated network, in one thread, with a paused clock.
//!
//! A seed determines a complete run: subscriptions, account activity, faults and their times. At the end the oracle
//! compares the delivered items with the truth log. `CHAOS_SEEDS=17..18` runs seed 17 only; `cargo xtask soak` runs
//! for longer.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod event_log;
mod exchange_faults;
mod lifecycle_check;
mod oracle;
#[path = "../it/pro_truth.rs"]
mod pro_truth;
mod record;
mod scenario;
mod soak;
#[path = "../it/truth.rs"]
mod truth;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use scenario::{Failure, Totals, run};

/// Runs a seed in its own runtime, whose clock advances whenever all tasks wait.
fn run_seed(seed: u64) -> Result<Totals, Failure> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(run(seed))
}

/// Runs seeds on every core until none or no time is left.
#[track_caller]
fn run_seeds(seeds: Range<u64>, time: Option<Duration>) -> (u64, Totals) {
    let (next, began) = (AtomicU64::new(seeds.start), Instant::now());
    let work = || {
        let mut all = (0, Totals::default());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || time.is_some_and(|time| began.elapsed() >= time) {
                return all;
            }
            let totals = run_seed(seed)
                .unwrap_or_else(|failure| panic!("{}", failure_report(seed, &failure)));
            all.0 += 1;
            all.1.add(totals);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all = (0, Totals::default());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let (runs, totals) = worker.join().expect("no seed fails");
            all.0 += runs;
            all.1.add(totals);
        }
    });
    all
}

fn failure_report(seed: u64, failure: &Failure) -> String {
    let Failure { what, log } = failure;
    format!("{log}\nseed {seed}: {what}\nreplay it: cargo xtask soak --seed {seed}")
}

/// Returns the seeds of the environment variable `CHAOS_SEEDS`, `FIRST..END`.
fn seeds_from_env() -> Option<Range<u64>> {
    let seeds = std::env::var("CHAOS_SEEDS").ok()?;
    let (first, end) = seeds.split_once("..").expect("FIRST..END");
    Some(first.parse().unwrap()..end.parse().unwrap())
}

/// Returns the duration of the environment variable `CHAOS_SECONDS`.
fn time_from_env() -> Option<Duration> {
    let seconds = std::env::var("CHAOS_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().unwrap()))
}

/// Returns a seed from the current time.
fn new_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs() * 1_000
}

#[test]
fn no_seed_loses_events_silently() {
    let time = time_from_env();
    let (runs, all) = match seeds_from_env() {
        Some(seeds) => run_seeds(seeds, time),
        None if time.is_some() => run_seeds(new_seed()..u64::MAX, time),
        None => {
            let (known, mut all) = run_seeds(0..80, time);
            let first = new_seed();
            let (unknown, more) = run_seeds(first..first + 20, time);
            all.add(more);
            (known + unknown, all)
        }
    };
    eprintln!("{runs} runs: {all:?}");
    // Runs without activity would test nothing.
    if runs >= 100 {
        assert!(all.events > 500 * runs && all.connections > 5 * runs);
        assert!(all.gaps > 5 * runs && all.rotations > runs);
    }
}

/// Failures must be reproducible from their seed.
#[test]
fn seed_is_deterministic() {
    for seed in [3, 4] {
        let runs: Vec<_> = (0..2).map(|_| run_seed(seed).unwrap()).collect();
        assert_eq!(runs[0], runs[1], "seed {seed}");
    }
}
