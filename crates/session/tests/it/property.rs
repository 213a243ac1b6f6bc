//! After any sequence of operations and faults, what is wanted is what the server holds.

use std::collections::{BTreeSet, VecDeque};

use kucoin_streams_session::{
    Action, Config, Disposition, Failure, Input, Report, Session, Severity, Stage,
};
use kucoin_streams_wire::{ConnectionInfo, SecretUrl};
use proptest::prelude::*;
use std::time::{Duration, Instant};

use crate::rig::Plain;

/// One thing that a user, the network or the server does.
#[derive(Clone, Debug)]
enum Step {
    Subscribe(u8),
    Unsubscribe(u8),
    /// Time passes; the session is ticked.
    Wait(u16),
    /// The server answers so many of the frames that it has not answered yet.
    Answer(u8),
    /// One frame gets no answer: a subscription is lost, an unsubscription is carried out in silence.
    SwallowOne,
    /// The server refuses one request: for its pace, or for good.
    RefuseOne {
        pace: bool,
    },
    /// The outcome of a pending fetch or dial.
    Attempt {
        fails: bool,
    },
    Cut,
    Garbage,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..6).prop_map(Step::Subscribe),
        3 => (0u8..6).prop_map(Step::Unsubscribe),
        3 => (0u16..8_000).prop_map(Step::Wait),
        5 => (1u8..5).prop_map(Step::Answer),
        1 => Just(Step::SwallowOne),
        1 => any::<bool>().prop_map(|pace| Step::RefuseOne { pace }),
        6 => prop::bool::weighted(0.2).prop_map(|fails| Step::Attempt { fails }),
        1 => Just(Step::Cut),
        1 => Just(Step::Garbage),
    ]
}

/// A server that does what it is told and remembers what it holds for the present connection.
#[derive(Default)]
struct Server {
    connected: bool,
    welcomed: bool,
    unanswered: VecDeque<String>,
    held: BTreeSet<String>,
}

struct World {
    session: Session<Plain>,
    server: Server,
    now: Instant,
    /// What the user wants and was not refused.
    wanted: BTreeSet<String>,
    fetching: bool,
    dialling: bool,
    tokens: u64,
    dialled_tokens: BTreeSet<u64>,
    /// Reported live on the present connection.
    live: BTreeSet<String>,
    /// Wanted when the present connection was welcomed, and ever since: what `Reconnected` waits for.
    replay: BTreeSet<String>,
    down: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            session: Session::new(Config::default(), seed),
            server: Server::default(),
            now: Instant::now(),
            wanted: BTreeSet::new(),
            fetching: false,
            dialling: false,
            tokens: 0,
            dialled_tokens: BTreeSet::new(),
            live: BTreeSet::new(),
            replay: BTreeSet::new(),
            down: false,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Subscribe(topic) => {
                let topic = format!("/{topic}");
                self.wanted.insert(topic.clone());
                self.session.subscribe(self.now, topic.clone());
                // What is live already is not reported again.
                if self.session.holds(&topic) {
                    self.live.insert(topic);
                }
            }
            Step::Unsubscribe(topic) => {
                let topic = format!("/{topic}");
                self.wanted.remove(&topic);
                self.replay.remove(&topic);
                self.session.unsubscribe(self.now, &topic);
            }
            Step::Wait(millis) => {
                self.now += Duration::from_millis((*millis).into());
                self.session.tick(self.now);
            }
            Step::Answer(frames) => (0..*frames).for_each(|_| self.answer_one()),
            Step::SwallowOne => self.swallow_one(),
            Step::RefuseOne { pace } => self.refuse_one(*pace),
            Step::Attempt { fails } => self.attempt(*fails),
            Step::Cut => {
                let failure = Failure::new(Stage::Live, Severity::Transient, "cut");
                self.session.handle(self.now, Input::Lost(failure));
            }
            Step::Garbage => {
                let _ = self.session.frame(self.now, "{{{");
            }
        }
        self.carry_out();
    }

    fn attempt(&mut self, fails: bool) {
        let failure = Failure::new(Stage::Dial, Severity::Transient, "no");
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
            self.replay = self.wanted.clone();
            return self.receive("welcome");
        }
        let Some(frame) = self.server.unanswered.pop_front() else {
            return;
        };
        let words: Vec<&str> = frame.split(' ').collect();
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
            _ => panic!("not a frame of the protocol: {frame}"),
        }
    }

    fn swallow_one(&mut self) {
        let frame = self.server.unanswered.pop_front().unwrap_or_default();
        if let Some(("unsubscribe", rest)) = frame.split_once(' ') {
            let (_, topic) = rest.split_once(' ').unwrap();
            self.server.held.remove(topic);
        }
    }

    fn refuse_one(&mut self, pace: bool) {
        let Some(frame) = self.server.unanswered.front().cloned() else {
            return;
        };
        let words: Vec<&str> = frame.split(' ').collect();
        let ["subscribe", id, _] = words[..] else {
            return;
        };
        self.server.unanswered.pop_front();
        if !pace {
            // A server that refuses a request refuses the same request again, if it was sent twice.
            let same = format!("subscribe {id} ");
            self.server
                .unanswered
                .retain(|other| !other.starts_with(&same));
        }
        let code = if pace { 429 } else { 404 };
        self.receive(&format!("refuse {id} {code} no"));
    }

    fn receive(&mut self, frame: &str) {
        let disposition = self.session.frame(self.now, frame);
        assert_eq!(disposition, Disposition::Consumed);
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
                    self.server.unanswered.push_back(frame.to_string());
                }
                Action::HangUp { .. } => {
                    (self.fetching, self.dialling) = (false, false);
                    self.server = Server::default();
                    self.live.clear();
                }
                Action::Report(report) => self.report(report),
                other => panic!("{other:?}"),
            }
        }
    }

    fn report(&mut self, report: Report<String>) {
        match report {
            Report::Live { request } => {
                assert!(self.server.held.contains(&request), "{request} is not held");
                self.live.insert(request);
            }
            Report::Refused { request, .. } => {
                self.wanted.remove(&request);
                self.replay.remove(&request);
                self.live.remove(&request);
            }
            Report::Ended { request } => drop(self.live.remove(&request)),
            Report::Lost => self.down = true,
            Report::Reconnected { .. } => {
                assert!(std::mem::take(&mut self.down), "reconnected without a loss");
                assert!(self.live.is_superset(&self.replay), "reconnected too early");
            }
            Report::Closed(reason) => panic!("nothing here is fatal: {reason}"),
            _ => {}
        }
    }

    /// From here on everything works; after a while nothing is under way.
    fn settle(&mut self) {
        for _ in 0..400 {
            self.step(&Step::Attempt { fails: false });
            for _ in 0..20 {
                self.step(&Step::Answer(1));
            }
            self.step(&Step::Wait(500));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_wanted_is_what_is_held(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut world = World::new(seed);
        for step in &steps {
            world.step(step);
        }
        world.settle();
        prop_assert_eq!(&world.server.held, &world.wanted);
        prop_assert_eq!(&world.live, &world.wanted);
        prop_assert!(!world.down, "the loss was never followed by `reconnected`");
        prop_assert_eq!(
            world.session.wanted().cloned().collect::<BTreeSet<_>>(),
            world.wanted
        );
    }
}
