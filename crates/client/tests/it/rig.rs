//! A readable text protocol, a topic of it, and a server that the test controls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use kucoin_streams_client::{
    Config, ConnectionRuntime, Connections, DialLimiter, Gap, GapReason, LifecycleSender,
    LifecycleStream, Subscription,
};
use kucoin_streams_core::{
    ConnectionInfo, ConnectionKind, ConnectionSource, DecodeError, Event, Inbound, Protocol,
    ProtocolLimits, Push, RefusalScope, RequestId, RetryPolicy, SecretUrl, SourceError, Topic,
    TopicMatch, WireError, WsKey,
};
use kucoin_streams_transport::{Message, memory};

/// Text protocol: `welcome`, `ack 1`, `refuse 1 topic not found`, `pong`, `push /topic number`.
#[derive(Debug)]
pub(crate) struct TextProtocol;

impl Protocol for TextProtocol {
    type Request = String;
    const LIMITS: ProtocolLimits = ProtocolLimits::new(100, Duration::from_secs(10), None);

    fn classify(frame: &str) -> Result<Inbound<'_>, WireError> {
        let words: Vec<&str> = frame.splitn(3, ' ').collect();
        Ok(match words[..] {
            ["welcome"] => Inbound::Welcome {
                id: None,
                ping_interval: None,
            },
            ["ack", id] => Inbound::Ack { id: id.into() },
            ["refuse", id, message] => Inbound::Refused {
                id: Some(id.into()),
                code: Some(404),
                message: message.into(),
                scope: RefusalScope::Request,
            },
            ["postpone", id, message] => Inbound::Refused {
                id: Some(id.into()),
                code: Some(500),
                message: message.into(),
                scope: RefusalScope::Temporary,
            },
            ["pong"] => Inbound::Pong { id: None },
            ["push", topic, _] => Inbound::Message {
                topic: topic.into(),
            },
            _ => {
                return Err(WireError::new("unknown frame", 0));
            }
        })
    }

    fn match_topic(request: &String, pushed: &str) -> TopicMatch {
        match pushed.strip_prefix(request.as_str()) {
            Some("") => TopicMatch::Exact,
            Some(rest) if rest.starts_with(':') => TopicMatch::Fallback,
            _ => TopicMatch::None,
        }
    }

    fn subscribe(id: RequestId, request: &String, out: &mut String) {
        out.push_str(&format!("subscribe {id} {request}"));
    }

    fn unsubscribe(id: RequestId, request: &String, out: &mut String) {
        out.push_str(&format!("unsubscribe {id} {request}"));
    }

    fn ping(id: RequestId, out: &mut String) {
        out.push_str(&format!("ping {id}"));
    }
}

#[derive(Debug)]
pub(crate) struct Kind;

impl ConnectionKind for Kind {
    type Protocol = TextProtocol;
    const WS_KEY: WsKey = WsKey::SpotPrivateV1;
}

/// A topic whose events are numbers.
#[derive(Clone, Debug)]
pub(crate) struct Numbers(pub(crate) &'static str);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number(pub(crate) u32);

impl Event for Number {
    fn dedup_key(&self) -> String {
        self.0.to_string()
    }
}

impl Topic for Numbers {
    type Kind = Kind;
    type Event = Number;

    fn requests(&self) -> Vec<String> {
        vec![self.0.to_owned()]
    }

    fn decode(&self, frame: &str) -> Result<Option<Push<Number>>, DecodeError> {
        let words: Vec<&str> = frame.split(' ').collect();
        if words[1].split(':').next() != Some(self.0) {
            return Ok(None);
        }
        match words[2].parse() {
            Ok(number) => Ok(Some(Push::new(Number(number), words[1].into()))),
            Err(_) => Err(DecodeError::Missing { field: "number" }),
        }
    }
}

/// Returns a new token for each dial, or an error.
#[derive(Clone, Default)]
pub(crate) struct Tokens {
    pub(crate) given: Arc<AtomicU32>,
    pub(crate) refuse: bool,
    pub(crate) refuse_now: Arc<AtomicBool>,
}

impl ConnectionSource for Tokens {
    async fn connection_info(&self, _: WsKey) -> Result<ConnectionInfo, SourceError> {
        let token = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        if self.refuse || self.refuse_now.load(Ordering::Relaxed) {
            let error = SourceError::new(RetryPolicy::Refused, "invalid api key");
            return Err(error.with_code("400003"));
        }
        Ok(ConnectionInfo::new(SecretUrl::new(format!(
            "wss://host/?token={token}"
        ))))
    }
}

impl Tokens {
    pub(crate) fn refuse_from_now_on(&self) {
        self.refuse_now.store(true, Ordering::Relaxed);
    }

    pub(crate) fn given(&self) -> u32 {
        self.given.load(Ordering::Relaxed)
    }
}

/// Default settings with a short overlap.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.session.overlap = Duration::from_secs(1);
    config
}

/// These tests pause the clock of their runtime, so connections must run on it, with a dial limiter of their own: the
/// one of the process is shared with tests on other clocks.
pub(crate) fn on_this_clock(config: Config) -> Config {
    config
        .with_runtime(ConnectionRuntime::Current)
        .with_dials(DialLimiter::new(50, Duration::from_secs(1)))
        .with_seed(7)
}

/// A connection, and the listener for its dials.
pub(crate) struct Rig {
    pub(crate) connection: Connections<Kind>,
    pub(crate) listener: memory::Listener,
    pub(crate) lifecycle: LifecycleStream,
    pub(crate) tokens: Tokens,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(config(), Tokens::default())
    }

    pub(crate) fn with(config: Config, tokens: Tokens) -> Self {
        let (dialer, listener) = memory::pair();
        let sender = LifecycleSender::default();
        let lifecycle = sender.subscribe();
        let connection = Connections::new(tokens.clone(), dialer, on_this_clock(config), sender);
        Self {
            connection,
            listener,
            lifecycle,
            tokens,
        }
    }

    /// Accepts the next dial and sends the welcome. Returns the server side and the token of the dial.
    pub(crate) async fn accept(&mut self) -> (Server, String) {
        let dial = self.listener.accept().await.unwrap();
        let token = dial.url().rsplit('=').next().unwrap().to_owned();
        let server = Server(dial.accept());
        server.send("welcome").await;
        (server, token)
    }

    /// Subscribes a topic; `server` acknowledges it.
    pub(crate) async fn subscribe(
        &self,
        server: &mut Server,
        topic: &'static str,
    ) -> Subscription<Numbers> {
        let (subscription, ()) = tokio::join!(
            self.connection.subscribe(Numbers(topic)),
            server.acknowledge(1)
        );
        subscription.unwrap()
    }

    /// Returns a live connection with one subscription.
    pub(crate) async fn live(topic: &'static str) -> (Self, Server, Subscription<Numbers>) {
        Self::new().go_live(topic).await
    }

    pub(crate) async fn go_live(
        mut self,
        topic: &'static str,
    ) -> (Self, Server, Subscription<Numbers>) {
        let connection = self.connection.clone();
        let (subscription, server) = tokio::join!(connection.subscribe(Numbers(topic)), async {
            let (mut server, _) = self.accept().await;
            server.acknowledge(1).await;
            server
        });
        (self, server, subscription.unwrap())
    }

    /// Returns the names of the pending lifecycle events.
    pub(crate) fn lifecycle_events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.lifecycle.try_next())
            .map(|lifecycle| {
                let text = format!("{:?}", lifecycle.event);
                text.split([' ', '(', '{']).next().unwrap().to_owned()
            })
            .collect()
    }
}

/// Server side of a connection.
pub(crate) struct Server(pub(crate) memory::Peer);

impl Server {
    pub(crate) async fn send(&self, frame: &str) {
        self.0.send_text(frame).await.unwrap();
    }

    pub(crate) async fn push(&self, topic: &str, numbers: std::ops::Range<u32>) {
        for number in numbers {
            self.send(&format!("push {topic} {number}")).await;
        }
    }

    /// Returns the next text frame of the client.
    pub(crate) async fn receive(&mut self) -> String {
        match self.0.receive().await {
            Some(Message::Text(text)) => String::from_utf8(text.to_vec()).unwrap(),
            other => panic!("not a text frame: {other:?}"),
        }
    }

    /// Acknowledges this number of requests.
    pub(crate) async fn acknowledge(&mut self, requests: usize) {
        for _ in 0..requests {
            let request = self.receive().await;
            let id = request.split(' ').nth(1).unwrap().to_owned();
            self.send(&format!("ack {id}")).await;
        }
    }
}

/// Returns the next item of a subscription as text.
pub(crate) async fn next<T: Topic<Event = Number>>(subscription: &mut Subscription<T>) -> String {
    match subscription.next().await {
        Some(Ok(update)) => update.0.to_string(),
        Some(Err(gap)) => gap_text(&gap),
        None => "end".into(),
    }
}

/// Returns a gap as text.
pub(crate) fn gap_text(gap: &Gap) -> String {
    let topics = gap.topics.join(" ");
    match &gap.reason {
        GapReason::Lost { .. } => format!("{topics} lost"),
        GapReason::Live { epoch, .. } => format!("{topics} live, epoch {epoch}"),
        GapReason::Overflowed { missed } => format!("{topics} missed {missed}"),
        GapReason::Undecodable { raw, .. } => format!("undecodable: {raw}"),
        GapReason::Refused {
            message, retrying, ..
        } => {
            let retrying = if *retrying { " temporarily" } else { "" };
            format!("{topics} refused{retrying}: {message}")
        }
        GapReason::Closed { reason, .. } => format!("{topics} closed: {reason}"),
        other => format!("{other:?}"),
    }
}

/// Lets the tasks run until they are idle.
pub(crate) async fn run_tasks() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
