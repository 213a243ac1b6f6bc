//! A rotation by a fake clock: what is asked of which connection, and when one takes over from the other.

use std::time::{Duration, Instant};

use kucoin_streams_session::{
    Action, Config, Failure, Input, Report, RotatingSession, Severity, Side, Stage,
};
use kucoin_streams_wire::{ConnectionInfo, SecretUrl};

use crate::rig::{Plain, words};

use Side::{Serving, Successor};

struct Two {
    session: RotatingSession<Plain>,
    now: Instant,
}

impl Two {
    /// Live, with these topics, and nothing left to do.
    fn live(topics: &[&str], config: Config) -> Self {
        let mut two = Self {
            session: RotatingSession::new(config, 1),
            now: Instant::now(),
        };
        for topic in topics {
            two.session.subscribe(two.now, (*topic).to_owned());
        }
        two.connect(Serving);
        for id in 1..=topics.len() {
            two.frame(Serving, &format!("ack {id}"));
        }
        two.poll();
        two
    }

    fn connect(&mut self, side: Side) {
        let info = ConnectionInfo::new(SecretUrl::new("wss://host/?token=1"));
        self.session
            .handle(self.now, side, Input::ConnectionInfo(Ok(info)));
        self.session.handle(self.now, side, Input::Dialled(Ok(())));
        self.frame(side, "welcome");
    }

    fn frame(&mut self, side: Side, frame: &str) {
        let _ = self.session.frame(self.now, side, frame);
    }

    fn after(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.session.tick(self.now);
    }

    fn poll(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.session.poll())
            .map(|(side, action)| {
                let side = match side {
                    Serving => "",
                    Successor => "next: ",
                };
                let told = match action {
                    Action::TakeOver => "take over".to_owned(),
                    Action::Report(Report::Rotated { .. }) => "rotated".to_owned(),
                    Action::Report(Report::OverlapBegan) => "overlap".to_owned(),
                    Action::Report(Report::OverlapEnded) => "overlap over".to_owned(),
                    Action::Report(Report::RotationFailed(failure)) => format!("failed: {failure}"),
                    other => words(other),
                };
                format!("{side}{told}")
            })
            .collect()
    }

    #[track_caller]
    fn expect(&mut self, expected: &[&str]) {
        assert_eq!(self.poll(), expected);
    }

    /// Rotates until every topic is live on both.
    fn prepare(&mut self) {
        assert!(self.session.rotate(self.now));
        self.expect(&["next: fetch"]);
        self.connect(Successor);
        self.expect(&["next: dial 1", "overlap", "next: send subscribe 1 /a"]);
        self.frame(Successor, "ack 1");
        self.expect(&[]);
    }
}

#[test]
fn the_next_connection_takes_over_when_the_one_before_has_proved_that_it_is_drained() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.after(999);
    two.expect(&[]);
    two.after(1);
    two.expect(&["send ping 2"]);
    two.frame(Serving, "push /a");
    two.expect(&[]);
    two.frame(Serving, "pong");
    two.expect(&["take over", "rotated"]);
    assert_eq!(two.session.epoch(Serving), 2);
    // What the new one repeats may come for a while still.
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.frame(Serving, "pong");
    two.expect(&["overlap over"]);
}

#[test]
fn a_successor_that_fails_leaves_everything_as_it_was() {
    let mut two = Two::live(&["/a"], Config::default());
    assert!(two.session.rotate(two.now));
    two.poll();
    let failure = Failure::new(Stage::Token, Severity::Transient, "no");
    two.session
        .handle(two.now, Successor, Input::ConnectionInfo(Err(failure)));
    let told = two.poll();
    assert!(
        told.iter().any(|told| told.starts_with("failed: ")),
        "{told:?}"
    );
    assert!(
        !told
            .iter()
            .any(|told| told.starts_with("lost") || told.starts_with("reconnect")),
        "{told:?}"
    );
    assert!(two.session.is_live());
    assert_eq!(two.session.epoch(Serving), 1);
}

#[test]
fn a_loss_while_handing_over_is_told_before_the_next_connection_takes_over() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    let lost = Failure::new(Stage::Live, Severity::Transient, "reset");
    two.session.handle(two.now, Serving, Input::Lost(lost));
    let told = two.poll();
    let place = |wanted: &str| {
        told.iter()
            .position(|told| told.starts_with(wanted))
            .unwrap()
    };
    assert!(place("lost") < place("take over"), "{told:?}");
    assert!(place("take over") < place("rotated"), "{told:?}");
    assert!(
        told.iter().any(|told| told == "live /a"),
        "its gap ends: {told:?}"
    );
    assert!(two.session.is_live());
}

#[test]
fn what_is_subscribed_while_it_rotates_is_waited_for() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.session.subscribe(two.now, "/b".to_owned());
    two.expect(&["send subscribe 2 /b", "next: send subscribe 2 /b"]);
    two.after(4_000);
    two.expect(&[]);
    two.frame(Serving, "ack 2");
    two.frame(Successor, "ack 2");
    two.poll();
    two.after(1_000);
    two.expect(&["send ping 3"]);
}

#[test]
fn it_begins_by_itself_before_the_exchange_would_cut_and_not_where_it_is_switched_off() {
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let mut config = Config::default();
    config.rotate_every = Some(hours(23));
    let mut two = Two::live(&["/a"], config);
    let begin = two.now;
    let rotated = loop {
        // Pings and pongs, as all day long.
        let Some(next) = two.session.deadline() else {
            panic!("a live connection has a deadline")
        };
        two.now = next.max(two.now);
        two.session.tick(two.now);
        let told = two.poll();
        if told.iter().any(|told| told == "next: fetch") {
            break two.now - begin;
        }
        if told.iter().any(|told| told.starts_with("send ping")) {
            two.frame(Serving, "pong");
        }
    };
    assert!(
        rotated > hours(22) - Duration::from_secs(1) && rotated <= hours(23),
        "{rotated:?}"
    );

    let mut config = Config::default();
    config.rotate_every = None;
    let two = Two::live(&["/a"], config);
    let next = two.session.deadline().unwrap() - two.now;
    assert!(
        next <= Duration::from_secs(18),
        "only the heartbeat: {next:?}"
    );
}
