//! Session: the state machine of one connection.

pub(crate) mod backoff;
mod heartbeat;
mod loss;
mod pace;
mod phase;
pub(crate) mod probe;
mod replacement;
mod requests;
mod topics;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use kucoin_streams_core::{
    ConnectionInfo, Heartbeat, Inbound, Login, Protocol, ProtocolLimits, RefusalScope, RequestId,
    RetryPolicy, redact::Redactor,
};
use zeroize::Zeroizing;

use crate::config::NEVER;
use crate::connection::backoff::Random;
use crate::connection::heartbeat::{HeartbeatStep, HeartbeatTimer, clamp_times, with_interval};
use crate::connection::loss::History;
use crate::connection::pace::Pace;
use crate::connection::phase::Phase;
use crate::connection::probe::{Pings, RoundTrip};
use crate::connection::topics::{Entry, TopicState, Topics};
use crate::{
    Action, CloseReason, Failure, FailureStage, FrameKind, Input, SessionConfig, SessionEvent,
};

/// Retry policy for too many connections.
///
/// KuCoin closes unused connections after a while, so waiting helps.
const TOO_MANY_CONNECTIONS: RetryPolicy = RetryPolicy::Postponed {
    least: Duration::from_secs(30),
    most: Duration::from_secs(60),
};

/// State machine of one connection. It reconnects after every loss until it is closed.
///
/// See the [crate] docs for the order of calls.
pub struct Session<P: Protocol> {
    /// KuCoin's limits for this connection.
    limits: ProtocolLimits,
    config: SessionConfig,
    phase: Phase,
    topics: Topics<P::Request>,
    /// Requests that were unsubscribed on this connection.
    ///
    /// Their frames may belong to the old subscription until a new subscription is acknowledged.
    unsubscribed_here: HashSet<P::Request>,
    actions: VecDeque<Action<P::Request>>,
    history: History,
    random: Random,
    pace: Pace,
    /// Time until which requests wait for the message limit; `None` if no request waits.
    rate_limited_until: Option<Instant>,
    /// Time until which postponed topics delay `Reconnected`.
    replay_until: Option<Instant>,
    heartbeat: Heartbeat,
    /// A replacement connection makes one attempt only: see [`Session::replacement`].
    is_replacement: bool,
    pings: Pings,
    /// ID that the welcome must have; `None` if no ID was requested.
    connect_id: Option<String>,
    /// Redacts the secrets of this connection in all texts of the server.
    redactor: Redactor,
    heartbeat_timer: Option<HeartbeatTimer>,
    last_id: u64,
    epoch: u64,
}

impl<P: Protocol> fmt::Debug for Session<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("phase", &self.phase)
            .field("epoch", &self.epoch)
            .field("topics", &self.topics)
            .finish_non_exhaustive()
    }
}

impl<P: Protocol> Session<P> {
    /// Creates a session that does nothing until it is opened or a request is subscribed.
    ///
    /// `seed` feeds the jitter: use a different one for each session of a process.
    pub fn new(config: SessionConfig, seed: u64) -> Self {
        let config = config.bounded();
        let mut limits = config.limits.unwrap_or(P::LIMITS);
        limits.ping_spacing = limits.ping_spacing.min(NEVER);
        limits.window = limits.window.min(NEVER);
        Self {
            limits,
            heartbeat: config.heartbeat,
            config,
            phase: Phase::Idle,
            topics: Topics::new(),
            unsubscribed_here: HashSet::new(),
            actions: VecDeque::new(),
            history: History::default(),
            random: Random::new(seed),
            pace: Pace::new(limits),
            rate_limited_until: None,
            replay_until: None,
            is_replacement: false,
            pings: Pings::default(),
            connect_id: None,
            redactor: Redactor::default(),
            heartbeat_timer: None,
            last_id: 0,
            epoch: 0,
        }
    }

    /// Returns the epoch: the number of times the session has become live.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns `true` while the connection is open, welcomed and logged in.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// Returns the round trip of the heartbeat on this connection; `None` before the first pong.
    pub fn heartbeat(&self) -> Option<RoundTrip> {
        self.pings.round_trip()
    }

    /// Returns the stage that the session waits for; `None` if it waits for none.
    pub fn stage(&self) -> Option<FailureStage> {
        self.phase.stage()
    }

    /// Returns `true` if the session is closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Returns the subscribed requests, in the order of subscription.
    pub fn wanted(&self) -> impl Iterator<Item = &P::Request> {
        self.topics.wanted()
    }

    /// Returns `true` if requests wait for KuCoin's message limit.
    pub fn is_rate_limited(&self) -> bool {
        self.rate_limited_until.is_some()
    }

    /// Returns `true` if this request is subscribed and acknowledged on this connection.
    pub fn is_subscribed(&self, request: &P::Request) -> bool {
        let is_live = |entry: &Entry<P::Request>| entry.wanted && entry.state == TopicState::Live;
        self.is_live() && self.entry_of(request).is_some_and(is_live)
    }

    pub(crate) fn config(&self) -> &SessionConfig {
        &self.config
    }

    fn entry_of(&self, request: &P::Request) -> Option<&Entry<P::Request>> {
        self.topics.get(self.topics.find(request)?)
    }

    /// Opens the connection if it was not opened yet.
    pub fn open(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Idle) {
            self.fetch(now);
        }
    }

    /// Subscribes a request, now and after every reconnect. Opens the connection.
    ///
    /// [`SessionEvent::Live`] or [`SessionEvent::Refused`] follows, unless the request is live already.
    pub fn subscribe(&mut self, now: Instant, request: P::Request) {
        if self.topics.find(&request).is_none() {
            let count = self.topics.wanted_count();
            if let Some(limit) = self.limits.topics.filter(|&limit| count >= limit as usize) {
                self.emit(SessionEvent::Refused {
                    request,
                    code: None,
                    message: format!("the connection has reached its limit of {limit} topics"),
                });
                return;
            }
        }
        self.topics.want(request);
        self.open(now);
        self.reconcile(now);
    }

    /// Returns `true` if the request was unsubscribed on this connection and is not acknowledged again.
    ///
    /// Its frames may belong to the old subscription, because a server may still push after it has acknowledged an
    /// unsubscription.
    pub fn was_unsubscribed(&self, request: &P::Request) -> bool {
        let is_ending =
            |entry: &Entry<P::Request>| matches!(entry.state, TopicState::Unsubscribing(_));
        self.entry_of(request).is_some_and(is_ending) || self.unsubscribed_here.contains(request)
    }

    /// Unsubscribes a request.
    ///
    /// [`SessionEvent::Ended`] follows when the server has answered, has not answered in time, or the connection is
    /// lost.
    pub fn unsubscribe(&mut self, now: Instant, request: &P::Request) {
        let is_postponed =
            |entry: &Entry<P::Request>| entry.is_awaited() && entry.postponements > 0;
        if self.entry_of(request).is_some_and(is_postponed) {
            self.history.abandon();
        }
        if let Some(request) = self.topics.unwant(request) {
            self.emit(SessionEvent::Ended { request });
        }
        self.reconcile(now);
        self.report_replayed(now);
    }

    /// Returns the topics whose unsubscription is not answered yet.
    pub fn unsubscribing(&self) -> impl Iterator<Item = String> {
        let unwanted = self.topics.iter().filter(|(_, entry)| !entry.wanted);
        unwanted.map(|(_, entry)| entry.request.to_string())
    }

    /// Unsubscribes all requests and closes the connection.
    ///
    /// The session waits for the answers for at most [`SessionConfig::close_timeout`].
    pub fn close(&mut self, now: Instant) {
        match self.phase {
            Phase::Closed | Phase::Closing { .. } => {}
            Phase::Live { .. } => {
                self.phase = Phase::Closing {
                    until: now + self.config.close_timeout,
                };
                self.unsubscribe_all(now);
                self.finish_if_answered();
            }
            _ => self.finish(CloseReason::Requested),
        }
    }

    /// Handles the result of an action, or the loss of the connection.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match (input, &mut self.phase) {
            (Input::ConnectionInfo(Ok(info)), Phase::Fetching { .. }) => self.dial(now, info),
            (Input::Dialled(Ok(())), Phase::Dialling { login, .. }) => {
                let login = login.take();
                self.phase = Phase::Greeting {
                    until: now + self.config.welcome_timeout,
                    login,
                };
            }
            (Input::ConnectionInfo(Err(failure)), Phase::Fetching { .. })
            | (Input::Dialled(Err(failure)), Phase::Dialling { .. }) => {
                self.on_failure(now, failure);
            }
            (Input::Lost(failure), phase) if phase.is_connected() => {
                self.on_failure(now, failure);
            }
            // Result of an action that was canceled.
            _ => {}
        }
    }

    /// Redacts a failure, then handles it.
    ///
    /// The server's text may repeat the token of this connection or of the last one.
    fn on_failure(&mut self, now: Instant, failure: Failure) {
        let failure = failure.redacted(&self.redactor);
        self.lose(now, failure);
    }

    /// Restarts the token timeout, because the driver asks the connection source only now.
    pub fn fetch_started(&mut self, now: Instant) {
        if let Phase::Fetching { until } = &mut self.phase {
            *until = now + self.config.token_timeout;
        }
    }

    /// Handles an inbound frame. Data frames are returned for delivery.
    pub fn frame<'f>(&mut self, now: Instant, frame: &'f str) -> FrameKind<'f> {
        if !self.phase.is_connected() {
            return FrameKind::Consumed;
        }
        if let Some(heartbeat_timer) = &mut self.heartbeat_timer {
            heartbeat_timer.inbound();
        }
        match P::classify(frame) {
            Ok(Inbound::Message { topic }) => return FrameKind::Message { topic },
            Ok(Inbound::Welcome { id, ping_interval }) => {
                self.welcome(now, id.as_deref(), ping_interval);
            }
            Ok(Inbound::Ack { id }) => self.acknowledged(now, &id),
            Ok(Inbound::Refused {
                id,
                code,
                message,
                scope,
            }) => self.refused(now, id.as_deref(), code, &message, scope),
            Ok(Inbound::Pong { id }) => self.pong(now, id.as_deref()),
            Ok(_) => return FrameKind::Unknown,
            Err(error) => {
                self.malformed(now);
                return FrameKind::Malformed(error);
            }
        }
        FrameKind::Consumed
    }

    /// Records inbound traffic that is not a frame, such as a WebSocket ping.
    ///
    /// Also called while the driver does not read, so that silence does not count as a timeout.
    pub fn touch(&mut self) {
        if let Some(heartbeat_timer) = &mut self.heartbeat_timer {
            heartbeat_timer.inbound();
        }
    }

    /// Counts a frame that was not text, or that turned out to be malformed after [`Session::frame`].
    ///
    /// Too many within 10 s are a protocol violation: see [`SessionConfig::malformed_storm`].
    pub fn malformed(&mut self, now: Instant) {
        if self.phase.is_connected() && self.history.malformed(now) > self.config.malformed_storm {
            let message = "the server sent too many malformed frames";
            self.lose(
                now,
                Failure::new(FailureStage::Live, RetryPolicy::Protocol, message),
            );
        }
    }

    /// Returns the time at which [`Session::tick`] must be called.
    pub fn deadline(&self) -> Option<Instant> {
        let live = match self.phase {
            Phase::Live { .. } => [
                self.heartbeat_timer.as_ref().map(HeartbeatTimer::deadline),
                self.topics.deadline(),
                self.rate_limited_until,
                self.replay_until,
            ],
            _ => [None; 4],
        };
        live.into_iter().flatten().chain(self.phase.until()).min()
    }

    /// Handles expired timers. May be called at any time.
    pub fn tick(&mut self, now: Instant) {
        let due = self.phase.until().is_some_and(|until| until <= now);
        match self.phase {
            Phase::Live { .. } => self.tick_live(now),
            Phase::Waiting { .. } if due => self.fetch(now),
            Phase::Closing { .. } if due => self.finish(CloseReason::Requested),
            Phase::Fetching { .. } if due => {
                self.overdue(
                    now,
                    FailureStage::Token,
                    "connection token",
                    self.config.token_timeout,
                );
            }
            Phase::Dialling { .. } if due => {
                self.overdue(
                    now,
                    FailureStage::Dial,
                    "connection",
                    self.config.dial_timeout,
                );
            }
            Phase::Greeting { .. } if due => {
                self.overdue(
                    now,
                    FailureStage::Welcome,
                    "welcome",
                    self.config.welcome_timeout,
                );
            }
            Phase::LoggingIn { .. } if due => {
                self.overdue(
                    now,
                    FailureStage::Login,
                    "answer to the login",
                    self.config.ack_timeout,
                );
            }
            _ => {}
        }
    }

    /// Returns the next action; `None` if there is none.
    pub fn poll(&mut self) -> Option<Action<P::Request>> {
        self.actions.pop_front()
    }

    pub(crate) fn emit(&mut self, event: SessionEvent<P::Request>) {
        self.actions.push_back(Action::Emit(event));
    }

    pub(crate) fn fetch(&mut self, now: Instant) {
        self.phase = Phase::Fetching {
            until: now + self.config.token_timeout,
        };
        self.actions.push_back(Action::FetchConnectionInfo);
    }

    pub(crate) fn next_id(&mut self) -> RequestId {
        self.last_id += 1;
        RequestId(self.last_id)
    }

    /// Returns `true` if a request with this ID was sent.
    pub(crate) fn was_sent(&self, id: RequestId) -> bool {
        (1..=self.last_id).contains(&id.0)
    }

    /// Sends a frame and counts it.
    pub(crate) fn send(&mut self, now: Instant, frame: Zeroizing<String>) {
        self.pace.count(now);
        self.actions.push_back(Action::Send(frame));
    }

    fn dial(&mut self, now: Instant, info: ConnectionInfo) {
        let heartbeat = info.heartbeat.map(clamp_times);
        let heartbeat = heartbeat.unwrap_or(self.config.heartbeat);
        self.heartbeat = with_interval(heartbeat, None, self.limits.ping_spacing);
        self.pace = Pace::new(self.limits);
        self.redactor = Redactor::new(&info);
        self.connect_id = info.connect_id;
        self.phase = Phase::Dialling {
            until: now + self.config.dial_timeout,
            login: info.login,
        };
        self.actions.push_back(Action::Dial(info.url));
    }

    fn welcome(&mut self, now: Instant, id: Option<&str>, ping_interval: Option<Duration>) {
        let Phase::Greeting { login, .. } = &mut self.phase else {
            return;
        };
        if let (Some(expected), Some(id)) = (&self.connect_id, id)
            && expected != id
        {
            let message = "the welcome is for another connection: its ID is not the requested one";
            let failure = Failure::new(FailureStage::Welcome, RetryPolicy::Protocol, message);
            return self.lose(now, failure);
        }
        self.heartbeat = with_interval(self.heartbeat, ping_interval, self.limits.ping_spacing);
        match login.take() {
            None => self.go_live(now),
            Some(Login { id, frame, .. }) => {
                self.phase = Phase::LoggingIn {
                    until: now + self.config.ack_timeout,
                    id,
                };
                self.send(now, frame);
            }
        }
    }

    pub(crate) fn go_live(&mut self, now: Instant) {
        self.phase = Phase::Live { since: now };
        self.epoch += 1;
        self.heartbeat_timer = Some(HeartbeatTimer::new(self.heartbeat, now));
        self.pings = Pings::default();
        self.rate_limited_until = None;
        self.replay_until = None;
        if self.history.went_live() {
            self.topics.begin_replay();
        } else {
            self.emit(SessionEvent::Open);
        }
        self.reconcile(now);
        self.report_replayed(now);
    }

    fn tick_live(&mut self, now: Instant) {
        if let (Some(heartbeat_timer), Some(until)) =
            (&mut self.heartbeat_timer, self.pace.wait_for_heartbeat(now))
        {
            heartbeat_timer.delay_until(until);
        }
        match self
            .heartbeat_timer
            .as_mut()
            .map(|heartbeat_timer| heartbeat_timer.poll(now))
        {
            Some(HeartbeatStep::Ping) => drop(self.ping(now)),
            Some(HeartbeatStep::TimedOut) => {
                return self.overdue(now, FailureStage::Heartbeat, "pong", self.heartbeat.timeout);
            }
            Some(HeartbeatStep::Wait) | None => {}
        }
        self.resend_overdue(now);
        if self.is_live() {
            self.reconcile(now);
            if self.replay_until.is_some_and(|until| until <= now) {
                self.replay_until = None;
                self.report_replayed(now);
            }
        }
    }

    /// Treats the connection as lost because `what` did not arrive in time.
    pub(crate) fn overdue(
        &mut self,
        now: Instant,
        stage: FailureStage,
        what: &str,
        limit: Duration,
    ) {
        let message = format!("no {what} within {limit:?}");
        self.lose(now, Failure::new(stage, RetryPolicy::Transient, message));
    }

    /// Handles a refusal that belongs to no request in flight.
    pub(crate) fn connection_refused(
        &mut self,
        now: Instant,
        code: Option<i64>,
        message: &str,
        scope: RefusalScope,
    ) {
        let stage = match self.phase {
            Phase::Greeting { .. } => FailureStage::Welcome,
            Phase::LoggingIn { .. } => FailureStage::Login,
            _ => FailureStage::Live,
        };
        let retry_policy = match scope {
            RefusalScope::Token => RetryPolicy::TokenRefused,
            RefusalScope::Busy => RetryPolicy::Throttled(None),
            RefusalScope::ConnectionLimit => TOO_MANY_CONNECTIONS,
            RefusalScope::RateLimit if !self.is_live() => RetryPolicy::Throttled(None),
            RefusalScope::Temporary if !self.is_live() => RetryPolicy::Transient,
            RefusalScope::Connection => RetryPolicy::Transient,
            // Before the welcome no request was sent, so the refusal is about the connection.
            _ if stage == FailureStage::Welcome => RetryPolicy::Transient,
            scope => {
                if scope == RefusalScope::RateLimit {
                    self.pace.slow_down(now);
                    self.reconcile(now);
                }
                let message = self.redactor.redact(message);
                return self.emit(SessionEvent::Exception { code, message });
            }
        };
        let mut failure = Failure::new(stage, retry_policy, self.redactor.redact(message));
        failure.code = code.map(|code| code.to_string().into());
        self.lose(now, failure);
    }
}
