//! A session with a fake clock, and a readable text protocol.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use kucoin_streams_core::{
    ConnectionInfo, Inbound, Protocol, ProtocolLimits, RefusalScope, RequestId, RetryPolicy,
    SecretUrl, TopicMatch, WireError,
};
use kucoin_streams_session::{
    Action, Failure, FailureStage, FrameKind, Input, Session, SessionConfig, SessionEvent,
};

/// Text protocol: `welcome`, `welcome id 7`, `ack 1`, `refuse 1 404 topic not found`, `pong`, `pong 2`, `push
/// /topic`.
#[derive(Debug)]
pub(crate) struct Plain;

impl Protocol for Plain {
    type Request = String;
    const LIMITS: ProtocolLimits = ProtocolLimits::new(20, Duration::from_secs(10), Some(30))
        .with_ping_spacing(Duration::from_secs(1));

    fn classify(frame: &str) -> Result<Inbound<'_>, WireError> {
        let (kind, rest) = frame.split_once(' ').unwrap_or((frame, ""));
        Ok(match kind {
            "welcome" => Inbound::Welcome {
                id: rest.strip_prefix("id ").map(Cow::from),
                ping_interval: rest.parse().ok().map(Duration::from_secs),
            },
            "ack" => Inbound::Ack { id: rest.into() },
            "pong" => Inbound::Pong {
                id: (!rest.is_empty()).then(|| rest.into()),
            },
            "push" => Inbound::Message { topic: rest.into() },
            "refuse" => {
                let mut words = rest.splitn(3, ' ');
                let id = words.next().filter(|id| *id != "-").map(Cow::from);
                let code: i64 = words.next().unwrap().parse().unwrap();
                let scope = match code {
                    401 => RefusalScope::Token,
                    429 => RefusalScope::RateLimit,
                    500 => RefusalScope::Temporary,
                    503 => RefusalScope::Busy,
                    509 => RefusalScope::ConnectionLimit,
                    _ => RefusalScope::Request,
                };
                Inbound::Refused {
                    id,
                    code: Some(code),
                    message: words.next().unwrap_or("").into(),
                    scope,
                }
            }
            "other" => Inbound::Other,
            _ => {
                return Err(WireError::new("unknown frame", 0));
            }
        })
    }

    fn match_topic(request: &String, pushed: &str) -> TopicMatch {
        if request == pushed {
            TopicMatch::Exact
        } else {
            TopicMatch::None
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

/// A session, its clock, and the number of connection tokens issued.
pub(crate) struct Rig {
    pub(crate) session: Session<Plain>,
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) tokens: u32,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(SessionConfig::default(), 1)
    }

    pub(crate) fn with(config: SessionConfig, seed: u64) -> Self {
        let start = Instant::now();
        Self {
            session: Session::new(config, seed),
            start,
            now: start,
            tokens: 0,
        }
    }

    /// Returns all pending actions as text.
    pub(crate) fn poll(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.session.poll())
            .map(words)
            .collect()
    }

    /// Asserts that the pending actions are exactly these.
    #[track_caller]
    pub(crate) fn expect(&mut self, expected: &[&str]) {
        assert_eq!(self.poll(), expected, "at {:?}", self.now - self.start);
    }

    pub(crate) fn after(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self.session.tick(self.now);
        self
    }

    /// Advances the clock to the next deadline. Returns the time waited.
    #[track_caller]
    pub(crate) fn reach_deadline(&mut self) -> Duration {
        let deadline = self.session.deadline().expect("a deadline is set");
        let waited = deadline.saturating_duration_since(self.now);
        self.now = self.now.max(deadline);
        self.session.tick(self.now);
        waited
    }

    /// Lets time pass on a healthy connection, answering pings at once. Returns the other actions.
    #[track_caller]
    pub(crate) fn wait(&mut self, millis: u64) -> Vec<String> {
        let end = self.now + Duration::from_millis(millis);
        let mut others = Vec::new();
        for _ in 0..10_000 {
            let deadline = self.session.deadline().unwrap_or(end);
            self.now = deadline.clamp(self.now, end);
            self.session.tick(self.now);
            for action in self.poll() {
                if action.starts_with("send ping") {
                    self.frame("pong");
                } else {
                    others.push(action);
                }
            }
            if self.now == end {
                return others;
            }
        }
        panic!("the deadline does not move on");
    }

    pub(crate) fn subscribe(&mut self, topic: &str) -> &mut Self {
        self.session.subscribe(self.now, topic.to_owned());
        self
    }

    pub(crate) fn unsubscribe(&mut self, topic: &str) -> &mut Self {
        self.session.unsubscribe(self.now, &topic.to_owned());
        self
    }

    pub(crate) fn info(&mut self) -> &mut Self {
        self.tokens += 1;
        let url = SecretUrl::new(format!("wss://host/?token={}", self.tokens));
        self.give(ConnectionInfo::new(url))
    }

    pub(crate) fn give(&mut self, info: ConnectionInfo) -> &mut Self {
        self.session
            .handle(self.now, Input::ConnectionInfo(Ok(info)));
        self
    }

    pub(crate) fn refuse_info(&mut self, retry_policy: RetryPolicy) -> &mut Self {
        let failure = Failure::new(FailureStage::Token, retry_policy, "no token");
        self.session
            .handle(self.now, Input::ConnectionInfo(Err(failure)));
        self
    }

    pub(crate) fn dialled(&mut self) -> &mut Self {
        self.session.handle(self.now, Input::Dialled(Ok(())));
        self
    }

    pub(crate) fn lost(&mut self) -> &mut Self {
        self.lost_by(RetryPolicy::Transient)
    }

    pub(crate) fn lost_by(&mut self, retry_policy: RetryPolicy) -> &mut Self {
        let failure = Failure::new(FailureStage::Live, retry_policy, "cut");
        self.session.handle(self.now, Input::Lost(failure));
        self
    }

    pub(crate) fn frame(&mut self, frame: &str) -> &mut Self {
        let kind = self.session.frame(self.now, frame);
        assert!(
            !matches!(kind, FrameKind::Message { .. }),
            "{frame} is data"
        );
        self
    }

    /// Connects: token, dial and welcome. The actions after the welcome stay pending.
    pub(crate) fn connect(&mut self) -> &mut Self {
        while !self.poll().iter().any(|action| action == "fetch") {
            self.reach_deadline();
        }
        self.info().dialled().poll();
        self.frame("welcome")
    }

    /// Returns a live session with these topics acknowledged and no pending actions; request IDs 1 to `topics.len()`
    /// are used.
    pub(crate) fn live(topics: &[&str]) -> Self {
        let mut rig = Self::new();
        for topic in topics {
            rig.subscribe(topic);
        }
        rig.session.open(rig.now);
        rig.connect();
        for id in 1..=topics.len() {
            rig.frame(&format!("ack {id}"));
        }
        rig.poll();
        rig
    }
}

/// Returns an action as text.
pub(crate) fn words(action: Action<String>) -> String {
    match action {
        Action::FetchConnectionInfo => "fetch".into(),
        Action::Dial(url) => format!("dial {}", url.expose().rsplit('=').next().unwrap()),
        Action::Send(frame) => format!("send {}", *frame),
        Action::HangUp { code } => format!("hang up {code}"),
        Action::Emit(event) => match event {
            SessionEvent::Open => "open".into(),
            SessionEvent::Authenticated => "authenticated".into(),
            SessionEvent::Live { request } => format!("live {request}"),
            SessionEvent::Refused {
                request,
                code,
                message,
            } => {
                format!(
                    "refused {request} {} {message}",
                    code.map_or("-".into(), |c| c.to_string())
                )
            }
            SessionEvent::Postponed {
                request,
                code,
                message,
                delay,
            } => {
                let code = code.map_or("-".into(), |c| c.to_string());
                format!("postponed {request} {delay:?} {code} {message}")
            }
            SessionEvent::Ended { request } => format!("ended {request}"),
            SessionEvent::Lost { .. } => "lost".into(),
            SessionEvent::Reconnect { cause, attempt, .. } => {
                format!("reconnect {attempt} {} {cause}", cause.stage)
            }
            SessionEvent::Reconnected { down_for, refused } => {
                format!("reconnected {}ms {refused}", down_for.as_millis())
            }
            SessionEvent::Exception { message, .. } => format!("exception {message}"),
            SessionEvent::Closed(reason) => format!("closed: {reason}"),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}
