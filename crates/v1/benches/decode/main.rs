//! The candidates of the decode path, each from the frame to a typed event, on frames of the usual size.
//!
//! `cargo bench -p kucoin-streams-v1 --bench decode` prints the median of interleaved rounds, in nanoseconds.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod candidates;
mod frames;

use std::hint::black_box;
use std::time::Instant;

use kucoin_streams_v1::{Balances, SpotOrders, V1};
use kucoin_streams_wire::{Protocol, Text, Topic};

use candidates::{Position, Simd, peeked, serde_borrowed};

/// How often each candidate runs: rounds, and turns in each.
#[derive(Clone, Copy)]
struct Measure {
    rounds: usize,
    turns: u32,
}

impl Measure {
    /// One turn where `--test` only asks whether everything still works, as `cargo test` does.
    fn of_arguments() -> Self {
        match std::env::args().any(|argument| argument == "--test") {
            true => Self {
                rounds: 1,
                turns: 1,
            },
            false => Self {
                rounds: 21,
                turns: 20_000,
            },
        }
    }
}

fn main() {
    let mut simd = Simd::default();
    let (order, balance, position) = (frames::ORDER, frames::BALANCE, frames::POSITION);
    candidates::check();

    let measure = Measure::of_arguments();
    let Measure { rounds, turns } = measure;
    println!("nanoseconds a frame, median of {rounds} rounds of {turns}");
    table(
        measure,
        "order",
        order,
        &mut [
            ("scanner: classify + decode", &mut |f| {
                black_box(V1::classify(f).unwrap());
                black_box(SpotOrders.decode(f).unwrap());
            }),
            ("scanner: decode", &mut |f| {
                drop(black_box(SpotOrders.decode(f).unwrap()))
            }),
            ("scanner: classify", &mut |f| {
                drop(black_box(V1::classify(f).unwrap()))
            }),
            ("serde_json, borrowed", &mut |f| {
                drop(black_box(serde_borrowed::<candidates::Order>(f)))
            }),
            ("byte peek + serde_json", &mut |f| {
                drop(black_box(peeked::<candidates::Order>(f)))
            }),
            ("simd-json, reused buffers", &mut |f| {
                simd.typed::<candidates::Order>(f)
            }),
        ],
    );
    table(
        measure,
        "balance",
        balance,
        &mut [
            ("scanner: classify + decode", &mut |f| {
                black_box(V1::classify(f).unwrap());
                black_box(Balances.decode(f).unwrap());
            }),
            ("serde_json, borrowed", &mut |f| {
                drop(black_box(serde_borrowed::<candidates::Balance>(f)))
            }),
            ("byte peek + serde_json", &mut |f| {
                drop(black_box(peeked::<candidates::Balance>(f)))
            }),
            ("simd-json, reused buffers", &mut |f| {
                simd.typed::<candidates::Balance>(f)
            }),
        ],
    );
    table(
        measure,
        "position",
        position,
        &mut [
            ("scanner: classify + decode", &mut |f| {
                black_box(V1::classify(f).unwrap());
                black_box(candidates::scanned_position(f));
            }),
            ("serde_json, exact by RawValue", &mut |f| {
                drop(black_box(serde_borrowed::<candidates::ExactPosition>(f)));
            }),
            ("serde_json, by f64 (inexact)", &mut |f| {
                drop(black_box(serde_borrowed::<Position>(f)))
            }),
            ("byte peek + exact serde_json", &mut |f| {
                drop(black_box(peeked::<candidates::ExactPosition>(f)));
            }),
            ("simd-json, by f64 (inexact)", &mut |f| {
                simd.typed::<Position>(f)
            }),
        ],
    );
    table(
        measure,
        "a tree of any frame",
        position,
        &mut [
            ("serde_json::Value", &mut |f| {
                drop(black_box(
                    serde_json::from_str::<serde_json::Value>(f).unwrap(),
                ));
            }),
            ("simd_json::OwnedValue", &mut |f| simd.tree(f)),
        ],
    );
    table(
        measure,
        "an id of 24 characters, made, cloned, dropped",
        "5c35c02703aa673ceec2a168",
        &mut [
            ("Text", &mut |id| {
                drop(black_box((Text::new(black_box(id)).clone(), 0)))
            }),
            ("String", &mut |id| {
                drop(black_box((black_box(id).to_owned().clone(), 0)))
            }),
            ("Arc<str>", &mut |id| {
                drop(black_box((
                    std::sync::Arc::<str>::from(black_box(id)).clone(),
                    0,
                )));
            }),
        ],
    );
}

type Candidate<'c> = (&'c str, &'c mut dyn FnMut(&str));

/// Rounds go round-robin over the candidates, so that a slow spell of the machine meets all of them.
fn table(measure: Measure, name: &str, input: &str, candidates: &mut [Candidate<'_>]) {
    let Measure { rounds, turns } = measure;
    println!("\n{name}, {} bytes", input.len());
    let mut times = vec![Vec::with_capacity(rounds); candidates.len()];
    for _ in 0..rounds {
        for ((_, run), times) in candidates.iter_mut().zip(&mut times) {
            let begin = Instant::now();
            for _ in 0..turns {
                run(black_box(input));
            }
            times.push(begin.elapsed().as_secs_f64() * 1e9 / f64::from(turns));
        }
    }
    for ((name, _), times) in candidates.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        println!("  {name:<32} {:>7.0}", times[rounds / 2]);
    }
}
