//! Runs one hot path a given number of times, to count its instructions; started by `cargo xtask instructions`.
//!
//! Usage: `instructions PATH TURNS` or `instructions --list`. The inputs are fixed, so runs differ only in their turns.

use std::hint::black_box;
use std::time::Instant;

use kucoin_streams_bench::frames::{Kind, frame};
use kucoin_streams_client::{
    Config, ConnectionRuntime, Connections, LifecycleSender, Subscription,
};
use kucoin_streams_core::{
    ConnectionInfo, ConnectionSource, Protocol, SecretUrl, SourceError, Topic, WsKey,
};
use kucoin_streams_pro::{Orders, ProV2, TradeType};
use kucoin_streams_session::{Action, FrameKind, Input, Session};
use kucoin_streams_transport::{Bytes, Message, memory};
use kucoin_streams_v1::{Balances, FuturesPositions, SpotOrders, SpotPrivate, V1};

/// Number of different frames, used in turn.
const FRAMES: u64 = 64;

/// The name of a hot path, and a function that runs it a given number of times.
type Path = (&'static str, fn(usize));

const PATHS: [Path; 10] = [
    ("v1_order_decode", |n| decode(Kind::Order, &SpotOrders, n)),
    ("v1_balance_decode", |n| decode(Kind::Balance, &Balances, n)),
    ("v1_position_decode", |n| {
        decode(Kind::Position, &FuturesPositions, n)
    }),
    ("pro_order_decode", |n| {
        decode(Kind::ProOrder, &Orders::all(TradeType::Unified), n)
    }),
    ("v1_order_classify", |n| classify::<V1>(Kind::Order, n)),
    ("v1_balance_classify", |n| classify::<V1>(Kind::Balance, n)),
    ("v1_position_classify", |n| {
        classify::<V1>(Kind::Position, n)
    }),
    ("pro_order_classify", |n| {
        classify::<ProV2>(Kind::ProOrder, n)
    }),
    ("session_frame", session_frame),
    ("client_in_memory", client_in_memory),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--list"] => {
            for (name, _) in PATHS {
                println!("{name}");
            }
        }
        [path, turns] => {
            let (_, run) = PATHS
                .into_iter()
                .find(|(name, _)| *name == path)
                .expect("a path from --list");
            run(turns.parse().expect("a number of turns"));
        }
        _ => panic!("usage: instructions PATH TURNS, or instructions --list"),
    }
}

fn frames(kind: Kind) -> Vec<String> {
    (0..FRAMES).map(|number| frame(kind, number)).collect()
}

fn decode<T: Topic>(kind: Kind, topic: &T, turns: usize) {
    let frames = frames(kind);
    for frame in frames.iter().cycle().take(turns) {
        let push = black_box(topic)
            .decode(black_box(frame))
            .expect("the frame decodes");
        black_box(push.expect("the frame is a push of the topic"));
    }
}

fn classify<P: Protocol>(kind: Kind, turns: usize) {
    let frames = frames(kind);
    for frame in frames.iter().cycle().take(turns) {
        let text = P::text(black_box(frame.as_bytes())).expect("the frame is UTF-8");
        black_box(P::classify(&text)).expect("the frame is valid");
    }
}

/// A live session that receives pushes and is polled after each.
fn session_frame(turns: usize) {
    let now = Instant::now();
    let mut session = Session::<V1>::new(kucoin_streams_session::SessionConfig::default(), 1);
    let request = SpotOrders.requests().remove(0);
    session.open(now);
    session.subscribe(now, request.clone());
    let drain = |session: &mut Session<V1>| {
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
                Action::Send(text) => {
                    let acknowledgement = text.replace("subscribe", "ack");
                    session.frame(now, &acknowledgement);
                }
                _ => {}
            }
        }
    };
    drain(&mut session);
    assert!(
        session.is_subscribed(&request),
        "the subscription is acknowledged"
    );
    let frames = frames(Kind::Order);
    for frame in frames.iter().cycle().take(turns) {
        let kind = session.frame(black_box(now), black_box(frame));
        assert!(matches!(kind, FrameKind::Message { .. }));
        black_box(session.poll());
        black_box(session.deadline());
    }
}

/// A token source for the in-memory transport.
struct InMemory;

impl ConnectionSource for InMemory {
    async fn connection_info(&self, _: WsKey) -> Result<ConnectionInfo, SourceError> {
        Ok(ConnectionInfo::new(SecretUrl::new(
            "wss://bench.test/?token=t",
        )))
    }
}

/// The whole client: from a message of the transport to the event in the user's task.
fn client_in_memory(turns: usize) {
    let frames: Vec<Bytes> = frames(Kind::Order).into_iter().map(Bytes::from).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.expect("the runtime starts").block_on(async {
        let (dialer, mut listener) = memory::pair();
        let connections = Connections::<SpotPrivate>::new(
            InMemory,
            dialer,
            Config::default()
                .with_seed(1)
                .with_runtime(ConnectionRuntime::Current),
            LifecycleSender::default(),
        );
        let exchange = tokio::spawn(async move {
            let mut peer = listener.accept().await.expect("the client dials").accept();
            let welcomed = peer.send_text(r#"{"id":"bench","type":"welcome"}"#).await;
            welcomed.expect("the client is connected");
            let Some(Message::Text(request)) = peer.receive().await else {
                panic!("the client must subscribe first");
            };
            let request = String::from_utf8(request.to_vec()).expect("the frame is UTF-8");
            let acknowledged = peer.send_text(request.replace("subscribe", "ack")).await;
            acknowledged.expect("the client is connected");
            for frame in frames.iter().cycle().take(turns) {
                let sent = peer.send(Message::Text(frame.clone())).await;
                sent.expect("the client is connected");
            }
            peer
        });
        let mut orders = connections
            .subscribe(SpotOrders)
            .await
            .expect("the subscription is acknowledged");
        let consumed = tokio::spawn(async move {
            consume(&mut orders, turns).await;
        });
        consumed.await.expect("the consuming task ends");
        drop(exchange.await);
    });
}

async fn consume(orders: &mut Subscription<SpotOrders>, turns: usize) {
    for _ in 0..turns {
        let update = orders
            .next()
            .await
            .expect("the stream is open")
            .expect("the stream has no gap");
        black_box((
            &update.order_id,
            update.price,
            update.filled_size,
            update.received_at(),
        ));
    }
}
