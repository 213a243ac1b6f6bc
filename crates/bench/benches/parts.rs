//! Decoding alone, of frames and of pages, compared with other parsers into owned structs: `cargo xtask bench parts`.
//!
//! `cargo xtask bench parts NAME` runs the benchmarks with NAME in their name.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use kucoin_streams_bench::contenders::decode::consume_owned;
use kucoin_streams_bench::events::Consume;
use kucoin_streams_bench::frames::{Kind, frame};
use kucoin_streams_bench::tally::Tally;
use kucoin_streams_core::Topic;
use kucoin_streams_pro::{Orders, TradeType};
use kucoin_streams_v1::{Balances, FuturesPositions, SpotOrders};

mod pages;

/// Number of different frames, used in turn. A figure is for one frame.
const FRAMES: u64 = 64;

criterion_group!(parts, decode, pages::pages);
criterion_main!(parts);

fn decode(criterion: &mut Criterion) {
    decode_kind(criterion, Kind::Order, &SpotOrders);
    decode_kind(criterion, Kind::Balance, &Balances);
    decode_kind(criterion, Kind::Position, &FuturesPositions);
    decode_kind(criterion, Kind::ProOrder, &Orders::all(TradeType::Unified));
}

fn decode_kind<T>(criterion: &mut Criterion, kind: Kind, topic: &T)
where
    T: Topic,
    T::Event: Consume,
{
    let mut group = criterion.benchmark_group(format!("decode {}", kind.name()));
    let frames: Vec<String> = (0..FRAMES).map(|number| frame(kind, number)).collect();
    let mut turn = frames.iter().cycle();
    group.bench_function("ours, owned", |bencher| {
        bencher.iter(|| {
            let frame = turn.next().expect("the iterator is endless");
            let push = topic.decode(black_box(frame)).expect("the frame decodes");
            let mut tally = Tally::default();
            push.expect("the frame is a push of the topic")
                .event
                .consume(&mut tally);
            tally
        });
    });
    group.bench_function("serde_json, owned", |bencher| {
        bencher.iter(|| {
            let frame = turn.next().expect("the iterator is endless");
            let mut tally = Tally::default();
            consume_owned(kind, black_box(frame.as_bytes()), &mut tally);
            tally
        });
    });
    group.finish();
}
