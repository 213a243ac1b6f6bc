//! Topics over the limit of one connection are served by further connections.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kucoin_streams_client::{
    Config, ConnectionState, Connections, GapReason, LifecycleEvent, LifecycleSender,
    LifecycleStream, SubscribeError, Subscription,
};
use kucoin_streams_core::{
    ConnectionKind, DecodeError, Inbound, Protocol, ProtocolLimits, Push, RequestId, Topic,
    TopicMatch, WireError, WsKey,
};
use kucoin_streams_transport::{Message, memory};

use crate::rig::{Number, TextProtocol, Tokens, on_this_clock, run_tasks};

/// Maximum number of topics per connection.
const TOPIC_LIMIT: u32 = 3;

/// [`TextProtocol`] with a small topic limit.
#[derive(Debug)]
struct Few;

impl Protocol for Few {
    type Request = String;
    const LIMITS: ProtocolLimits =
        ProtocolLimits::new(100, Duration::from_secs(10), Some(TOPIC_LIMIT));

    fn classify(frame: &str) -> Result<Inbound<'_>, WireError> {
        TextProtocol::classify(frame)
    }

    fn match_topic(request: &String, pushed: &str) -> TopicMatch {
        TextProtocol::match_topic(request, pushed)
    }

    fn subscribe(id: RequestId, request: &String, out: &mut String) {
        TextProtocol::subscribe(id, request, out);
    }

    fn unsubscribe(id: RequestId, request: &String, out: &mut String) {
        TextProtocol::unsubscribe(id, request, out);
    }

    fn ping(id: RequestId, out: &mut String) {
        TextProtocol::ping(id, out);
    }
}

#[derive(Debug)]
struct FewKind;

impl ConnectionKind for FewKind {
    type Protocol = Few;
    const WS_KEY: WsKey = WsKey::SpotPrivateV1;
}

thread_local! {
    /// Number of calls of `Symbol::decode`.
    static DECODED: Cell<usize> = const { Cell::new(0) };
}

#[derive(Clone, Debug)]
struct Symbol(String);

impl Topic for Symbol {
    type Kind = FewKind;
    type Event = Number;

    fn requests(&self) -> Vec<String> {
        vec![self.0.clone()]
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Number>>, DecodeError> {
        DECODED.set(DECODED.get() + 1);
        let words: Vec<&str> = frame.split(' ').collect();
        match words[1] == self.0 {
            true => Ok(Some(Push::new(
                Number(words[2].parse().unwrap()),
                words[1].into(),
            ))),
            false => Ok(None),
        }
    }
}

fn symbols(numbers: std::ops::Range<u32>) -> Vec<Symbol> {
    numbers
        .map(|number| Symbol(format!("/symbol{number}")))
        .collect()
}

/// Topics of each connection, in the order of opening; empty if it is closed.
type Topics = Arc<Mutex<BTreeMap<usize, BTreeSet<String>>>>;

/// A server that acknowledges everything but `/no`, pushes a number after each subscription, and checks the limit.
struct Server {
    topics: Topics,
    connections: Connections<FewKind>,
    lifecycle: LifecycleStream,
    cut: tokio::sync::broadcast::Sender<usize>,
}

impl Server {
    fn start() -> Self {
        let (dialer, listener) = memory::pair();
        let topics = Topics::default();
        let (cut, _) = tokio::sync::broadcast::channel(8);
        tokio::spawn(serve(listener, topics.clone(), cut.clone()));
        let sender = LifecycleSender::default();
        let lifecycle = sender.subscribe();
        let source = Arc::new(Tokens::default());
        let config = on_this_clock(Config::default());
        Self {
            topics,
            connections: Connections::new(source, dialer, config, sender),
            lifecycle,
            cut,
        }
    }

    fn topics(&self) -> Vec<usize> {
        let topics = self.topics.lock().unwrap();
        topics.values().map(BTreeSet::len).collect()
    }
}

async fn serve(
    mut listener: memory::Listener,
    topics: Topics,
    cut: tokio::sync::broadcast::Sender<usize>,
) {
    let mut number = 0;
    while let Some(dial) = listener.accept().await {
        topics.lock().unwrap().insert(number, BTreeSet::new());
        tokio::spawn(connection(
            dial.accept(),
            topics.clone(),
            number,
            cut.subscribe(),
        ));
        number += 1;
    }
}

async fn connection(
    mut peer: memory::Peer,
    topics: Topics,
    number: usize,
    mut cut: tokio::sync::broadcast::Receiver<usize>,
) {
    peer.send_text("welcome").await.unwrap();
    loop {
        let message = tokio::select! {
            message = peer.receive() => message,
            events = cut.recv() => match events {
                Ok(events) if events == number => break,
                _ => continue,
            },
        };
        let Some(Message::Text(text)) = message else {
            break;
        };
        let text = std::str::from_utf8(&text).unwrap().to_owned();
        let words: Vec<&str> = text.split(' ').collect();
        let answers = match words[..] {
            ["subscribe", id, "/no"] => vec![format!("refuse {id} not found")],
            ["subscribe", id, topic] => {
                let mut topics = topics.lock().unwrap();
                let topics = topics.get_mut(&number).unwrap();
                topics.insert(topic.to_owned());
                assert!(
                    topics.len() <= TOPIC_LIMIT as usize,
                    "over the limit: {topics:?}"
                );
                vec![format!("ack {id}"), format!("push {topic} {number}")]
            }
            ["unsubscribe", id, topic] => {
                let mut topics = topics.lock().unwrap();
                topics.get_mut(&number).unwrap().remove(topic);
                vec![format!("ack {id}")]
            }
            _ => vec!["pong".to_owned()],
        };
        for answer in answers {
            let _ = peer.send_text(&answer).await;
        }
    }
    topics.lock().unwrap().insert(number, BTreeSet::new());
}

/// Returns the connections of the next events.
async fn from<T: Topic<Event = Number>>(
    subscription: &mut Subscription<T>,
    events: usize,
) -> Vec<u32> {
    let mut numbers = Vec::new();
    while numbers.len() < events {
        match subscription.next().await.unwrap() {
            Ok(update) => numbers.push(update.0),
            // Refused topics.
            Err(gap) => assert!(matches!(gap.reason, GapReason::Refused { .. }), "{gap}"),
        }
    }
    numbers
}

#[tokio::test(start_paused = true)]
async fn subscription_over_the_limit_is_spread_without_loss() {
    let mut server = Server::start();
    let mut all = server.connections.subscribe(symbols(0..8)).await.unwrap();
    assert_eq!(server.topics(), [3, 3, 2]);
    let mut events = from(&mut all, 8).await;
    events.sort_unstable();
    assert_eq!(events, [0, 0, 0, 1, 1, 1, 2, 2]);
    let ledger = all.ledger();
    assert_eq!(ledger.len(), 8);
    assert!(
        ledger
            .iter()
            .all(|topic| topic.is_consistent() && topic.delivered == 1)
    );
    let mut opened: Vec<u32> = std::iter::from_fn(|| server.lifecycle.try_next())
        .filter(|events| events.event == LifecycleEvent::Open)
        .map(|events| events.number)
        .collect();
    opened.sort_unstable();
    assert_eq!(opened, [0, 1, 2]);
    server.connections.close().await;
    assert!(all.next().await.is_none());
    assert!(all.end_reason().is_some());
}

#[tokio::test(start_paused = true)]
async fn equal_topics_share_a_slot_and_free_slots_are_reused() {
    let server = Server::start();
    let first = server.connections.subscribe(symbols(0..3)).await.unwrap();
    let again = server.connections.subscribe(symbols(2..3)).await.unwrap();
    assert_eq!(server.topics(), [3]);
    let further = server.connections.subscribe(symbols(3..4)).await.unwrap();
    assert_eq!(server.topics(), [3, 1]);
    drop(first);
    // Without waiting in between: the server checks that the limit is never exceeded.
    let back = server.connections.subscribe(symbols(10..12)).await.unwrap();
    assert_eq!(server.topics(), [3, 1]);
    drop(further);
    run_tasks().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.topics(), [3, 0]);
    assert_eq!(server.connections.state(), Some(ConnectionState::Live));
    drop((again, back));
    run_tasks().await;
    assert_eq!(server.topics(), [0, 0]);
    assert_eq!(server.connections.state(), Some(ConnectionState::Live));
}

#[tokio::test(start_paused = true)]
async fn topics_stay_together_if_a_connection_has_room() {
    let server = Server::start();
    let _first = server.connections.subscribe(symbols(0..2)).await.unwrap();
    let mut two = server.connections.subscribe(symbols(5..7)).await.unwrap();
    assert_eq!(server.topics(), [2, 2]);
    assert_eq!(from(&mut two, 2).await, [1, 1]);
    let mut one = server.connections.subscribe(symbols(8..9)).await.unwrap();
    assert_eq!(
        from(&mut one, 1).await,
        [0],
        "the first connection with room"
    );
}

#[tokio::test(start_paused = true)]
async fn loss_of_one_connection_is_a_gap_on_its_topics_only() {
    let server = Server::start();
    let mut all = server.connections.subscribe(symbols(0..6)).await.unwrap();
    from(&mut all, 6).await;
    server.cut.send(1).unwrap();
    let (mut gaps, mut events) = (BTreeSet::new(), 0);
    while events < 3 {
        match all.next().await.unwrap() {
            Ok(_) => events += 1,
            Err(gap) => gaps.extend(gap.topics.iter().map(ToString::to_string)),
        }
    }
    let expected = ["/symbol3", "/symbol4", "/symbol5"].map(str::to_owned);
    assert_eq!(gaps, BTreeSet::from(expected));
    server.connections.wait_live().await.unwrap();
    assert_eq!(server.topics(), [3, 0, 3]);
}

#[tokio::test(start_paused = true)]
async fn rotate_rotates_all_connections() {
    let server = Server::start();
    let mut all = server.connections.subscribe(symbols(0..6)).await.unwrap();
    from(&mut all, 6).await;
    server.connections.rotate().await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(server.topics(), [0, 0, 3, 3]);
}

#[tokio::test(start_paused = true)]
async fn refusal_fails_the_subscription_or_is_left_out() {
    let server = Server::start();
    let mut topics = symbols(0..5);
    topics.push(Symbol("/no".to_owned()));
    let refused = server.connections.subscribe(topics.clone()).await;
    assert!(matches!(refused, Err(SubscribeError::Refused { .. })));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.topics().iter().sum::<usize>(), 0);

    let available = server.connections.subscribe_available(topics).await;
    let (mut all, refused) = available.unwrap();
    assert_eq!(refused.len(), 1);
    from(&mut all, 5).await;

    let none = vec![Symbol("/no".to_owned()); 2];
    let refused = server.connections.subscribe_available(none).await;
    assert!(matches!(refused, Err(SubscribeError::Refused { .. })));
}

#[tokio::test(start_paused = true)]
async fn event_is_decoded_by_its_own_topic_only() {
    let server = Server::start();
    // The first connection already has this topic, so its order differs from the list.
    let _held = server.connections.subscribe(symbols(2..3)).await.unwrap();
    let mut topics = symbols(0..8);
    topics.insert(1, Symbol("/no".to_owned()));
    let available = server.connections.subscribe_available(topics).await;
    let (mut all, refused) = available.unwrap();
    assert_eq!((refused.len(), server.topics().len()), (1, 3));
    // One event per topic subscribed now.
    let events = from(&mut all, 7).await;
    assert!([0, 1, 2].iter().all(|number| events.contains(number)));
    assert_eq!(DECODED.get(), events.len());
}
