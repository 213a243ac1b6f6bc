//! Property test: after random operations and faults, the server has exactly the wanted topics.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};

use kucoin_streams_core::{ConnectionInfo, RetryPolicy, SecretUrl};
use kucoin_streams_session::{
    Action, Failure, FailureStage, FrameKind, Input, Session, SessionConfig, SessionEvent,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::time::{Duration, Instant};

mod steps;

use steps::{Step, step};

use crate::rig::Plain;

/// A server that follows requests, and knows the topics of the current connection.
#[derive(Default)]
struct Server {
    connected: bool,
    welcomed: bool,
    unanswered: VecDeque<String>,
    held: BTreeSet<String>,
    /// IDs of answered requests.
    answered: BTreeSet<String>,
    /// All sent frames, and those that were sent twice.
    sent: BTreeSet<String>,
    sent_twice: BTreeSet<String>,
}

/// The replay after a reconnect: topics that `Reconnected` waits for.
#[derive(Default)]
struct Replay {
    /// Wanted since the welcome.
    topics: BTreeSet<String>,
    /// Topics that are refused temporarily.
    postponed: BTreeSet<String>,
    /// Number of topics that were refused for good.
    refused: usize,
    /// Number of topics that were unsubscribed while refused temporarily.
    abandoned: usize,
    /// Time of the first temporary refusal.
    first_postponed: Option<Instant>,
}

struct Simulation {
    session: Session<Plain>,
    server: Server,
    now: Instant,
    /// Subscribed and not refused.
    wanted: BTreeSet<String>,
    fetching: bool,
    dialling: bool,
    tokens: u64,
    dialled_tokens: BTreeSet<u64>,
    /// Reported live on the current connection.
    live: BTreeSet<String>,
    replay: Replay,
    down: bool,
    /// A temporary refusal is being received.
    is_refusing: bool,
    /// Topics whose requests are all refused temporarily.
    always_postponed: BTreeSet<String>,
    /// Topics that ended on this connection without an acknowledgement: the server may still have them.
    given_up: BTreeSet<String>,
    seen: Seen,
}

/// Counters to check that the test covers these cases.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    postponed: usize,
    reconnected: usize,
    reconnected_at_limit: usize,
    abandoned: usize,
    given_up: usize,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        Self {
            session: Session::new(SessionConfig::default(), seed),
            server: Server::default(),
            now: Instant::now(),
            wanted: BTreeSet::new(),
            fetching: false,
            dialling: false,
            tokens: 0,
            dialled_tokens: BTreeSet::new(),
            live: BTreeSet::new(),
            replay: Replay::default(),
            down: false,
            is_refusing: false,
            always_postponed: BTreeSet::new(),
            given_up: BTreeSet::new(),
            seen: Seen::default(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Subscribe(topic) => {
                let topic = format!("/{topic}");
                self.wanted.insert(topic.clone());
                self.session.subscribe(self.now, topic.clone());
                // A live topic is not reported again.
                if self.session.is_subscribed(&topic) {
                    self.live.insert(topic);
                }
            }
            Step::Unsubscribe(topic) => {
                let topic = format!("/{topic}");
                self.wanted.remove(&topic);
                let was_awaited = self.replay.topics.remove(&topic);
                if was_awaited && self.down && self.replay.postponed.contains(&topic) {
                    self.replay.abandoned += 1;
                    self.seen.abandoned += 1;
                }
                self.session.unsubscribe(self.now, &topic);
            }
            Step::Wait(millis) => {
                self.now += Duration::from_millis((*millis).into());
                self.session.tick(self.now);
            }
            Step::Answer(frames) => (0..*frames).for_each(|_| self.answer_one()),
            Step::SwallowOne => self.swallow_one(),
            Step::RefuseOne { code, with_id } => self.refuse_one(*code, *with_id),
            Step::Trouble(topic, is_on) => {
                let topic = format!("/{topic}");
                match is_on {
                    true => self.always_postponed.insert(topic),
                    false => self.always_postponed.remove(&topic),
                };
            }
            Step::Attempt { fails } => self.attempt(*fails),
            Step::Cut => {
                let failure = Failure::new(FailureStage::Live, RetryPolicy::Transient, "cut");
                self.session.handle(self.now, Input::Lost(failure));
            }
            Step::Garbage => {
                let _ = self.session.frame(self.now, "{{{");
            }
        }
        self.carry_out();
    }

    fn attempt(&mut self, fails: bool) {
        let failure = Failure::new(FailureStage::Dial, RetryPolicy::Transient, "no");
        if std::mem::take(&mut self.fetching) {
            self.tokens += 1;
            let url = SecretUrl::new(format!("{}", self.tokens));
            let info = if fails {
                Err(failure)
            } else {
                Ok(ConnectionInfo::new(url))
            };
            self.session.handle(self.now, Input::ConnectionInfo(info));
        } else if std::mem::take(&mut self.dialling) {
            self.server = Server::default();
            self.server.connected = !fails;
            let dialled = if fails { Err(failure) } else { Ok(()) };
            self.session.handle(self.now, Input::Dialled(dialled));
        }
    }

    fn answer_one(&mut self) {
        if self.server.connected && !self.server.welcomed {
            self.server.welcomed = true;
            self.replay = Replay {
                topics: self.wanted.clone(),
                ..Replay::default()
            };
            return self.receive("welcome");
        }
        let Some(frame) = self.server.unanswered.front().cloned() else {
            return;
        };
        let words: Vec<&str> = frame.split(' ').collect();
        if let [_, _, topic] = words[..]
            && self.always_postponed.contains(topic)
        {
            return self.refuse_one(500, true);
        }
        self.server.unanswered.pop_front();
        self.server.answered.insert(words[1].into());
        match words[..] {
            ["ping", _] => self.receive("pong"),
            ["subscribe", id, topic] => {
                self.server.held.insert(topic.into());
                self.receive(&format!("ack {id}"));
            }
            ["unsubscribe", id, topic] => {
                self.server.held.remove(topic);
                self.receive(&format!("ack {id}"));
            }
            _ => panic!("unexpected frame: {frame}"),
        }
    }

    fn swallow_one(&mut self) {
        let frame = self.server.unanswered.pop_front().unwrap_or_default();
        if let Some(("unsubscribe", rest)) = frame.split_once(' ') {
            let (_, topic) = rest.split_once(' ').unwrap();
            self.server.held.remove(topic);
        }
    }

    fn refuse_one(&mut self, code: u16, with_id: bool) {
        let Some(frame) = self.server.unanswered.pop_front() else {
            return;
        };
        let words: Vec<&str> = frame.split(' ').collect();
        let (kind, id, topic) = match words[..] {
            [kind, id, topic] => (kind, id, topic),
            // A ping.
            _ => return self.receive(&format!("refuse {} {code} no", words[1])),
        };
        if code == 404 {
            // A request that was sent twice is refused twice.
            let same = format!("{kind} {id} ");
            let unanswered = &mut self.server.unanswered;
            unanswered.retain(|other| !other.starts_with(&same));
            // It refuses to unsubscribe a topic that it does not have.
            if kind == "unsubscribe" {
                self.server.held.remove(topic);
            }
        }
        // An unsubscription has ended after two frames that were refused or not answered.
        if kind == "unsubscribe" && code != 404 && self.server.sent_twice.contains(&frame) {
            self.given_up.insert(topic.into());
        }
        let is_first = self.server.answered.insert(id.into());
        // Without an ID the request is identified by the topic name only.
        let id = match kind == "subscribe" && is_first && !with_id {
            true => "-",
            false => id,
        };
        self.is_refusing = code != 404;
        self.receive(&format!("refuse {id} {code} no room for {topic}"));
        self.is_refusing = false;
    }

    fn receive(&mut self, frame: &str) {
        let kind = self.session.frame(self.now, frame);
        assert_eq!(kind, FrameKind::Consumed);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.session.poll() {
            match action {
                Action::FetchConnectionInfo => self.fetching = true,
                Action::Dial(url) => {
                    let token = url.expose().parse().unwrap();
                    assert!(
                        self.dialled_tokens.insert(token),
                        "token {token} was used twice"
                    );
                    self.dialling = true;
                }
                Action::Send(frame) => {
                    assert!(self.server.welcomed, "{} before the welcome", *frame);
                    let frame = frame.to_string();
                    if !self.server.sent.insert(frame.clone()) {
                        self.server.sent_twice.insert(frame.clone());
                    }
                    self.server.unanswered.push_back(frame);
                }
                Action::HangUp { .. } => {
                    (self.fetching, self.dialling) = (false, false);
                    self.server = Server::default();
                    self.live.clear();
                    self.given_up.clear();
                    self.replay.postponed.clear();
                }
                Action::Emit(event) => self.event(event),
                other => panic!("{other:?}"),
            }
        }
    }

    fn event(&mut self, event: SessionEvent<String>) {
        match event {
            SessionEvent::Live { request } => {
                assert!(self.server.held.contains(&request), "{request} is not held");
                self.replay.postponed.remove(&request);
                self.given_up.remove(&request);
                self.live.insert(request);
            }
            SessionEvent::Refused { request, .. } => {
                self.wanted.remove(&request);
                self.replay.refused += usize::from(self.replay.topics.remove(&request));
                self.replay.postponed.remove(&request);
                self.live.remove(&request);
            }
            SessionEvent::Postponed { request, delay, .. } => {
                self.seen.postponed += 1;
                assert!(self.is_refusing, "{request} was not refused temporarily");
                assert!(self.wanted.contains(&request), "{request} is not wanted");
                let delays = 1_000..=30_000;
                assert!(delays.contains(&delay.as_millis()), "{delay:?}");
                if self.replay.topics.contains(&request) {
                    self.replay.first_postponed.get_or_insert(self.now);
                }
                self.replay.postponed.insert(request);
            }
            SessionEvent::Ended { request } => {
                if self.is_refusing {
                    self.seen.given_up += 1;
                    self.given_up.insert(request.clone());
                }
                self.replay.postponed.remove(&request);
                self.live.remove(&request);
            }
            SessionEvent::Lost { .. } => self.down = true,
            SessionEvent::Reconnected { refused, .. } => self.reconnected(refused),
            SessionEvent::Closed(reason) => panic!("unexpected end of the session: {reason}"),
            _ => {}
        }
    }

    /// Asserts that each wanted topic is live or refused, or that the limit for temporary refusals has passed.
    fn reconnected(&mut self, refused: usize) {
        assert!(std::mem::take(&mut self.down), "reconnected without a loss");
        let Replay {
            topics, postponed, ..
        } = &self.replay;
        let missing: BTreeSet<&String> = topics.difference(&self.live).collect();
        assert!(
            missing.iter().all(|&topic| postponed.contains(topic)),
            "reconnected too early: {missing:?}"
        );
        let unanswered = missing.len() + self.replay.abandoned;
        assert_eq!(refused, self.replay.refused + unanswered);
        self.seen.reconnected += 1;
        if unanswered > 0 {
            let first = self.replay.first_postponed.unwrap();
            let limit = SessionConfig::default().postponed_limit;
            assert!(self.now >= first + limit, "reconnected before the limit");
            assert!(!self.live.is_empty(), "reconnected without a live topic");
            self.seen.reconnected_at_limit += 1;
        }
    }

    /// Runs without faults, except that some topics are always refused temporarily. A round takes half a second.
    fn work(&mut self, rounds: usize) {
        for _ in 0..rounds {
            self.step(&Step::Attempt { fails: false });
            for _ in 0..20 {
                self.step(&Step::Answer(1));
            }
            self.step(&Step::Wait(500));
        }
    }

    /// Runs without faults until nothing is in flight.
    fn settle(&mut self) {
        self.work(150);
        self.always_postponed.clear();
        self.work(250);
    }
}

#[test]
fn server_has_exactly_the_wanted_topics() {
    let seen = Cell::new(Seen::default());
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    // `PROPTEST_CASES` can raise it.
    let cases = config.cases.max(400);
    let config = ProptestConfig { cases, ..config };
    let simulation = (any::<u64>(), prop::collection::vec(step(), 0..120));
    let outcome = TestRunner::new(config).run(&simulation, |(seed, steps)| {
        let mut simulation = Simulation::new(seed);
        for step in &steps {
            simulation.step(step);
        }
        simulation.settle();
        let is_held = simulation.server.held.is_superset(&simulation.wanted);
        prop_assert!(is_held, "{:?}", simulation.server.held);
        let extra: BTreeSet<_> = simulation
            .server
            .held
            .difference(&simulation.wanted)
            .collect();
        let is_given_up = extra
            .iter()
            .all(|&topic| simulation.given_up.contains(topic));
        prop_assert!(is_given_up, "{:?} is still held", extra);
        prop_assert_eq!(&simulation.live, &simulation.wanted);
        // Without a live topic, `reconnected` is not emitted for a postponed one.
        let may_be_down = simulation.replay.abandoned > 0 && simulation.live.is_empty();
        prop_assert!(
            !simulation.down || may_be_down,
            "the loss was never followed by `reconnected`"
        );
        prop_assert_eq!(
            simulation
                .session
                .wanted()
                .cloned()
                .collect::<BTreeSet<_>>(),
            simulation.wanted
        );
        let before = seen.get();
        seen.set(Seen {
            postponed: before.postponed + simulation.seen.postponed,
            reconnected: before.reconnected + simulation.seen.reconnected,
            reconnected_at_limit: before.reconnected_at_limit
                + simulation.seen.reconnected_at_limit,
            abandoned: before.abandoned + simulation.seen.abandoned,
            given_up: before.given_up + simulation.seen.given_up,
        });
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let seen = seen.get();
    // Far below the usual counts, which vary by run: they show that the cases are covered.
    assert!(seen.postponed > 50, "{seen:?}");
    assert!(seen.reconnected > 25, "{seen:?}");
    assert!(seen.reconnected_at_limit > 1, "{seen:?}");
}
