//! Chaos by seed: the real client and the real exchange on a simulated network, in one thread, by a clock that jumps.
//!
//! A seed is a whole life: what is subscribed to and let go, what the account does, what fails and when. At its end
//! the judge compares what was handed out with what happened. `CHAOS_SEEDS=17..18` lives through seed 17 alone.

#![allow(clippy::unwrap_used, clippy::panic)]

mod diary;
mod dice;
mod network;
mod oracle;
#[path = "../it/pro_truth.rs"]
mod pro_truth;
mod record;
mod replay;
mod story;
mod tokens;
#[path = "../it/truth.rs"]
mod truth;

use std::ops::Range;

use story::{Came, Wrong, live};

/// Lives through a seed, in a runtime of its own whose clock jumps wherever nothing is left to do.
fn life_of(seed: u64) -> Result<Came, Wrong> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(live(seed))
}

/// The seeds to live through.
fn seeds() -> Range<u64> {
    let Ok(asked) = std::env::var("CHAOS_SEEDS") else {
        return 0..60;
    };
    let (first, end) = asked.split_once("..").expect("FIRST..END");
    first.parse().unwrap()..end.parse().unwrap()
}

#[test]
fn whatever_happens_nothing_is_lost_silently() {
    let mut all = Came::default();
    let seeds = seeds();
    for seed in seeds.clone() {
        match life_of(seed) {
            Ok(came) => all.add(came),
            Err(wrong) => panic!(
                "{}\nseed {seed}: {}\nreplay it: CHAOS_SEEDS={seed}..{} cargo test -p kucoin-streams-tests --test chaos",
                wrong.log,
                wrong.what,
                seed + 1
            ),
        }
    }
    // Stories in which nothing happens show nothing.
    let lives = seeds.count() as u64;
    assert!(
        all.events > 100 * lives && all.connections > 3 * lives,
        "{all:?}"
    );
    assert!(all.gaps > lives && all.rotations > lives, "{all:?}");
}
