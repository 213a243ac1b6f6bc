//! Chaos by seed: the real client and the real exchange on a simulated network, in one thread, by a clock that jumps.
//!
//! A seed is a whole life: what is subscribed to and let go, what the account does, what fails and when. At its end
//! the judge compares what was handed out with what happened. `CHAOS_SEEDS=17..18` lives through seed 17 alone; for
//! long there is `cargo xtask soak`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod diary;
mod oracle;
#[path = "../it/pro_truth.rs"]
mod pro_truth;
mod record;
mod replay;
mod soak;
mod story;
mod trouble;
#[path = "../it/truth.rs"]
mod truth;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use story::{Came, Wrong, live};

/// Lives through a seed, in a runtime of its own whose clock jumps wherever nothing is left to do.
fn life_of(seed: u64) -> Result<Came, Wrong> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(live(seed))
}

/// Lives through seeds on every core until there is none left, or no time.
#[track_caller]
fn live_through(seeds: Range<u64>, time: Option<Duration>) -> (u64, Came) {
    let (next, began) = (AtomicU64::new(seeds.start), Instant::now());
    let work = || {
        let mut all = (0, Came::default());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || time.is_some_and(|time| began.elapsed() >= time) {
                return all;
            }
            let came = life_of(seed).unwrap_or_else(|wrong| panic!("{}", told(seed, &wrong)));
            all.0 += 1;
            all.1.add(came);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all = (0, Came::default());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let (lives, came) = worker.join().expect("the judge found nothing");
            all.0 += lives;
            all.1.add(came);
        }
    });
    all
}

fn told(seed: u64, wrong: &Wrong) -> String {
    let Wrong { what, log } = wrong;
    format!("{log}\nseed {seed}: {what}\nreplay it: cargo xtask soak --seed {seed}")
}

/// `FIRST..END` of the environment.
fn seeds_asked_for() -> Option<Range<u64>> {
    let asked = std::env::var("CHAOS_SEEDS").ok()?;
    let (first, end) = asked.split_once("..").expect("FIRST..END");
    Some(first.parse().unwrap()..end.parse().unwrap())
}

/// For how long, by the environment.
fn time_asked_for() -> Option<Duration> {
    let seconds = std::env::var("CHAOS_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().unwrap()))
}

/// Seeds that nobody has seen before.
fn fresh() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs() * 1_000
}

#[test]
fn whatever_happens_nothing_is_lost_silently() {
    let time = time_asked_for();
    let (lives, all) = match seeds_asked_for() {
        Some(seeds) => live_through(seeds, time),
        None if time.is_some() => live_through(fresh()..u64::MAX, time),
        None => {
            let (known, mut all) = live_through(0..80, time);
            let first = fresh();
            let (unknown, more) = live_through(first..first + 20, time);
            all.add(more);
            (known + unknown, all)
        }
    };
    eprintln!("{lives} lives: {all:?}");
    // Lives in which nothing happens show nothing.
    if lives >= 100 {
        assert!(all.events > 500 * lives && all.connections > 5 * lives);
        assert!(all.gaps > 5 * lives && all.rotations > lives);
    }
}

/// What goes wrong must be the same each time, or no seed could be replayed.
#[test]
fn a_seed_is_the_same_life_each_time() {
    for seed in [3, 4] {
        let lives: Vec<_> = (0..2).map(|_| life_of(seed).unwrap()).collect();
        assert_eq!(lives[0], lives[1], "seed {seed}");
    }
}
