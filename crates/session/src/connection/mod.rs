//! The session itself: commands, inputs, frames and time in; actions out.

pub(crate) mod backoff;
mod heartbeat;
mod loss;
mod pace;
mod phase;
mod probe;
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
use crate::connection::probe::Pings;
use crate::connection::topics::{Entry, TopicState, Topics};
use crate::{
    Action, CloseReason, Failure, FailureStage, FrameKind, Input, SessionConfig, SessionEvent,
};

/// The exchange closes connections that are not used any more in time, so this is waited for.
const TOO_MANY_CONNECTIONS: RetryPolicy = RetryPolicy::Postponed {
    least: Duration::from_secs(30),
    most: Duration::from_secs(60),
};

/// The state machine of one connection, kept up through any number of losses until it is shut.
///
/// See the [crate] for the families of methods and the order to call them in.
pub struct Session<P: Protocol> {
    /// What the exchange allows this connection.
    limits: ProtocolLimits,
    config: SessionConfig,
    phase: Phase,
    topics: Topics<P::Request>,
    /// Requests that ended on this connection: what comes of them may still be of the old subscription, until a new one
    /// is acknowledged.
    unsubscribed_here: HashSet<P::Request>,
    actions: VecDeque<Action<P::Request>>,
    history: History,
    random: Random,
    pace: Pace,
    /// Set while actions wait for the pace.
    rate_limited_until: Option<Instant>,
    /// Until then a reconnection is not reported if topics are refused for now.
    replay_until: Option<Instant>,
    heartbeat: Heartbeat,
    /// One attempt is all that it has: see [`Session::replacement`].
    is_replacement: bool,
    pings: Pings,
    /// The id that the welcome is to bear, where one was asked for.
    connect_id: Option<String>,
    /// Knows the secrets of the present connection: whatever its server says passes through it.
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
    /// A session that does nothing until it is opened or something is subscribed. The seed feeds its jitter:
    /// give each session of a process another one.
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

    /// How many times the session has become live: the number of the present connection, or of the last one.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// True while the connection is welcomed and logged in.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// What the session awaits of the server at present; `None` if nothing, as between two attempts.
    pub fn stage(&self) -> Option<FailureStage> {
        self.phase.stage()
    }

    /// True once the session is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// The requests that are wanted, in the order of subscription.
    pub fn wanted(&self) -> impl Iterator<Item = &P::Request> {
        self.topics.wanted()
    }

    /// True if requests wait only because the exchange's message rate limit is reached.
    pub fn is_rate_limited(&self) -> bool {
        self.rate_limited_until.is_some()
    }

    /// True where this request is wanted and acknowledged on the present connection.
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

    /// Opens the connection, where it was not opened yet.
    pub fn open(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Idle) {
            self.fetch(now);
        }
    }

    /// Wants a request, from now on and over every reconnection. [`SessionEvent::Live`] or [`SessionEvent::Refused`] tells
    /// the outcome; a request that is live already is not reported again. Opens the connection.
    pub fn subscribe(&mut self, now: Instant, request: P::Request) {
        if self.topics.find(&request).is_none() {
            let count = self.topics.wanted_count();
            if let Some(limit) = self.limits.topics.filter(|&limit| count >= limit as usize) {
                self.emit(SessionEvent::Refused {
                    request,
                    code: None,
                    message: format!("this connection holds {limit} topics, which is its limit"),
                });
                return;
            }
        }
        self.topics.want(request);
        self.open(now);
        self.reconcile(now);
    }

    /// True where this connection held the request before and has not acknowledged it anew: whatever comes of it may
    /// still come of the subscription that is over, also where it is wanted again. A server may push on after it has
    /// acknowledged an end.
    pub fn was_unsubscribed(&self, request: &P::Request) -> bool {
        let is_ending =
            |entry: &Entry<P::Request>| matches!(entry.state, TopicState::Unsubscribing(_));
        self.entry_of(request).is_some_and(is_ending) || self.unsubscribed_here.contains(request)
    }

    /// Takes a want back. [`SessionEvent::Ended`] tells when the server was told or the connection is gone.
    pub fn unsubscribe(&mut self, now: Instant, request: &P::Request) {
        let is_given_up = |entry: &Entry<P::Request>| entry.is_awaited() && entry.postponements > 0;
        if self.entry_of(request).is_some_and(is_given_up) {
            self.history.abandon();
        }
        if let Some(request) = self.topics.unwant(request) {
            self.emit(SessionEvent::Ended { request });
        }
        self.reconcile(now);
        self.report_replayed(now);
    }

    /// The topics whose unsubscription is not answered yet.
    pub fn unsubscribing(&self) -> impl Iterator<Item = String> {
        let unwanted = self.topics.iter().filter(|(_, entry)| !entry.wanted);
        unwanted.map(|(_, entry)| entry.request.to_string())
    }

    /// Ends the session in order: what is live is unsubscribed, the answers are awaited for a moment, and the
    /// connection is closed.
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

    /// Takes the outcome of an action.
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
                self.lose_redacted(now, failure);
            }
            (Input::Lost(failure), phase) if phase.is_connected() => {
                self.lose_redacted(now, failure);
            }
            // An answer to something that was given up meanwhile.
            _ => {}
        }
    }

    /// A server may repeat the token of the present connection, or of the last one.
    fn lose_redacted(&mut self, now: Instant, failure: Failure) {
        let failure = failure.redacted(&self.redactor);
        self.lose(now, failure);
    }

    /// Connection information is being fetched only from now on: the driver had a line to wait in before it, for which
    /// the source is not to blame.
    pub fn fetch_started(&mut self, now: Instant) {
        if let Phase::Fetching { until } = &mut self.phase {
            *until = now + self.config.token_timeout;
        }
    }

    /// Takes an inbound frame; a frame with data is handed back for the subscriptions that it belongs to.
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

    /// Notes a sign of life that is no frame, such as a WebSocket ping, or that the driver is itself the reason
    /// why nothing is read.
    pub fn touch(&mut self) {
        if let Some(heartbeat_timer) = &mut self.heartbeat_timer {
            heartbeat_timer.inbound();
        }
    }

    /// Counts a frame that proved malformed after [`Session::frame`] or that was not text: a storm of them is a
    /// violation of the protocol.
    pub fn malformed(&mut self, now: Instant) {
        if self.phase.is_connected() && self.history.malformed(now) > self.config.malformed_storm {
            let message = "the server sends malformed frames in a storm";
            self.lose(
                now,
                Failure::new(FailureStage::Live, RetryPolicy::Protocol, message),
            );
        }
    }

    /// The next moment at which [`Session::tick`] has something to do.
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

    /// Does what is due. May be called at any time.
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

    /// The next thing to do, until there is none.
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

    /// True where a request of ours had this id.
    pub(crate) fn was_sent(&self, id: RequestId) -> bool {
        (1..=self.last_id).contains(&id.0)
    }

    /// Sends a frame and counts it.
    pub(crate) fn send(&mut self, now: Instant, frame: Zeroizing<String>) {
        self.pace.count(now);
        self.actions.push_back(Action::Send(frame));
    }

    fn dial(&mut self, now: Instant, info: ConnectionInfo) {
        let asked = info.heartbeat.map(clamp_times);
        let asked = asked.unwrap_or(self.config.heartbeat);
        self.heartbeat = with_interval(asked, None, self.limits.ping_spacing);
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
        if let (Some(asked), Some(id)) = (&self.connect_id, id)
            && asked != id
        {
            let message = "the welcome is for another connection: its id is not the one asked for";
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
            .map(|heartbeat_timer| heartbeat_timer.beat(now))
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

    /// Gives the connection up because `what` did not come in time.
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

    /// Takes a refusal that is not about a request under way.
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
            RefusalScope::Sessions => TOO_MANY_CONNECTIONS,
            RefusalScope::Pace if !self.is_live() => RetryPolicy::Throttled(None),
            RefusalScope::Temporary if !self.is_live() => RetryPolicy::Transient,
            RefusalScope::Connection => RetryPolicy::Transient,
            // Before the welcome no request was made: whatever is refused then is the connection.
            _ if stage == FailureStage::Welcome => RetryPolicy::Transient,
            scope => {
                if scope == RefusalScope::Pace {
                    self.pace.slow_down(now);
                    self.reconcile(now);
                }
                let message = self.redactor.words(message);
                return self.emit(SessionEvent::Exception { code, message });
            }
        };
        let mut failure = Failure::new(stage, retry_policy, self.redactor.words(message));
        failure.code = code.map(|code| code.to_string().into());
        self.lose(now, failure);
    }
}
