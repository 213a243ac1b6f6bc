//! The parts by themselves: decoding by everybody, telling frames apart, and a session that takes a frame.
//!
//! `cargo xtask bench parts`, or `cargo xtask bench parts NAME` for those whose name has NAME in it.

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kucoin_streams_bench::contenders::decode::{Parser, consume, consume_owned};
use kucoin_streams_bench::events::Consume;
use kucoin_streams_bench::frames::{Kind, frame};
use kucoin_streams_bench::tally::Tally;
use kucoin_streams_core::{ConnectionInfo, Protocol, SecretUrl, Topic};
use kucoin_streams_pro::{Orders, ProV2, TradeType};
use kucoin_streams_session::{Action, Config, Input, Session};
use kucoin_streams_v1::{Balances, FuturesPositions, SpotOrders, V1};

/// So many different frames are taken in turn; a figure is of one.
const FRAMES: u64 = 64;

criterion_group!(parts, decode, recorded, classify, session);
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
            let frame = turn.next().expect("it goes round");
            let push = topic.decode(black_box(frame)).expect("it decodes");
            let mut tally = Tally::default();
            push.expect("it is of the topic").event.consume(&mut tally);
            tally
        });
    });
    group.bench_function("serde_json, owned", |bencher| {
        bencher.iter(|| {
            let frame = turn.next().expect("it goes round");
            let mut tally = Tally::default();
            consume_owned(kind, black_box(frame.as_bytes()), &mut tally);
            tally
        });
    });
    for (name, parser) in [
        ("serde_json, borrowed", Parser::Serde),
        ("sonic-rs, borrowed", Parser::Sonic),
        ("simd-json, borrowed, with the copy it needs", Parser::Simd),
    ] {
        if parser == Parser::Simd && kind == Kind::Position {
            continue;
        }
        let (mut copy, mut buffers) = (Vec::new(), simd_json::Buffers::default());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let frame = turn.next().expect("it goes round").as_bytes();
                let mut tally = Tally::default();
                copy.clear();
                copy.extend_from_slice(frame);
                consume(parser, kind, black_box(&mut copy), &mut buffers, &mut tally);
                tally
            });
        });
    }
    group.finish();
}

/// Every frame that our tests have recorded, a file at a time: the kinds that nobody else decodes here.
fn recorded(criterion: &mut Criterion) {
    for package in ["v1", "pro"] {
        let mut group = criterion.benchmark_group(format!("recorded {package}"));
        let folder = format!("{}/../{package}/tests/fixtures", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(folder).expect("there are fixtures");
        let mut files: Vec<_> = files.flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in files {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let text = std::fs::read_to_string(&file).expect("it is a text");
            let decodes = |frame: &&str| match package {
                "v1" => kucoin_streams_v1::decode(frame).is_ok_and(|push| push.is_some()),
                _ => kucoin_streams_pro::decode(frame).is_ok_and(|push| push.is_some()),
            };
            let frames: Vec<_> = text.lines().filter(decodes).collect();
            if frames.is_empty() {
                continue;
            }
            group.throughput(Throughput::Elements(frames.len() as u64));
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    frames
                        .iter()
                        .filter(|frame| decodes(black_box(frame)))
                        .count()
                });
            });
        }
        group.finish();
    }
}

fn classify(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("classify");
    for kind in Kind::COMPARED {
        let frames: Vec<String> = (0..FRAMES).map(|number| frame(kind, number)).collect();
        let mut turn = frames.iter().cycle();
        group.bench_function(kind.name(), |bencher| {
            bencher.iter(|| {
                let frame = black_box(turn.next().expect("it goes round").as_bytes());
                match kind.is_binary() {
                    true => whole::<ProV2>(frame),
                    false => whole::<V1>(frame),
                }
            });
        });
    }
    group.finish();
}

/// From the bytes of a payload to what it is, as a driver asks.
fn whole<P: Protocol>(payload: &[u8]) {
    let text = P::text(payload).expect("it is a text");
    black_box(P::classify(&text).expect("it is a frame"));
}

fn session(criterion: &mut Criterion) {
    let now = Instant::now();
    let mut session = Session::<V1>::new(Config::default(), 1);
    session.open(now);
    while let Some(action) = session.poll() {
        match action {
            Action::FetchConnectionInfo => {
                let info = ConnectionInfo::new(SecretUrl::new("wss://bench.test/?token=t"));
                session.handle(now, Input::ConnectionInfo(Ok(info)));
            }
            Action::Dial(_) => {
                session.handle(now, Input::Dialled(Ok(())));
                session.frame(now, r#"{"id":"bench","type":"welcome"}"#);
            }
            _ => {}
        }
    }
    let frames: Vec<String> = (0..FRAMES)
        .map(|number| frame(Kind::Order, number))
        .collect();
    let mut turn = frames.iter().cycle();
    criterion.bench_function("session takes a push", |bencher| {
        bencher.iter(|| {
            let frame = turn.next().expect("it goes round");
            black_box(session.frame(now, black_box(frame)));
            black_box(session.poll());
            session.deadline()
        });
    });
}
