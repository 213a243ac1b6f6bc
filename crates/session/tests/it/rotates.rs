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
                    Action::Report(Report::Prepared { request }) => format!("prepared {request}"),
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
        self.expect(&["prepared /a"]);
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
    two.expect(&["send subscribe 2 /b"]);
    two.after(4_000);
    two.expect(&[]);
    two.frame(Serving, "ack 2");
    two.expect(&["live /b", "next: send subscribe 2 /b"]);
    two.after(4_000);
    two.expect(&[]);
    two.frame(Successor, "ack 2");
    two.expect(&["prepared /b"]);
    two.after(1_000);
    two.expect(&["send ping 3"]);
}

#[test]
fn what_is_subscribed_while_it_drains_voids_the_proof() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.session.subscribe(two.now, "/b".to_owned());
    two.frame(Serving, "pong");
    two.expect(&["send subscribe 3 /b"]);
    two.frame(Serving, "ack 3");
    two.expect(&["live /b", "next: send subscribe 2 /b"]);
    two.frame(Successor, "ack 2");
    two.expect(&["prepared /b"]);
    // A ping that follows too soon on the one that was answered last is not answered.
    two.after(999);
    two.expect(&[]);
    two.after(1);
    two.expect(&["send ping 4"]);
    two.frame(Serving, "pong");
    two.expect(&["take over", "rotated"]);
}

#[test]
fn a_proof_that_does_not_come_is_asked_for_again_while_events_come() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.after(1_000);
    two.expect(&["send ping 2"]);
    for ping in ["send ping 3", "send ping 4"] {
        two.after(5_000);
        two.frame(Serving, "push /a");
        two.after(5_000);
        let told = two.poll();
        assert_eq!(told.last().map(String::as_str), Some(ping), "{told:?}");
    }
    two.frame(Serving, "pong");
    two.frame(Serving, "pong");
    two.frame(Serving, "pong");
    two.expect(&["take over", "rotated"]);

    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.after(10_000);
    assert!(
        two.poll().iter().any(|told| told == "lost"),
        "silent is dead"
    );
}

#[test]
fn a_topic_that_went_and_came_back_is_subscribed_anew_on_the_next_connection() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.session.subscribe(two.now, "/b".to_owned());
    two.frame(Serving, "ack 2");
    two.expect(&[
        "send subscribe 2 /b",
        "live /b",
        "next: send subscribe 2 /b",
    ]);
    two.session.unsubscribe(two.now, &"/b".to_owned());
    two.frame(Serving, "ack 3");
    two.session.subscribe(two.now, "/b".to_owned());
    two.frame(Serving, "ack 4");
    two.expect(&[
        "send unsubscribe 3 /b",
        "ended /b",
        "send subscribe 4 /b",
        "live /b",
    ]);
    // What it brings by the first subscription is not of the second.
    two.frame(Successor, "ack 2");
    two.expect(&["next: send unsubscribe 3 /b"]);
    two.frame(Successor, "ack 3");
    two.expect(&["next: send subscribe 4 /b"]);
    two.after(2_000);
    two.expect(&[]);
    two.frame(Successor, "ack 4");
    two.expect(&["prepared /b"]);
    two.after(1_000);
    two.expect(&["send ping 5"]);
}

#[test]
fn a_topic_that_the_next_connection_refuses_is_told_with_the_hand_over() {
    let mut two = Two::live(&["/a", "/b"], Config::default());
    assert!(two.session.rotate(two.now));
    two.connect(Successor);
    two.poll();
    two.frame(Successor, "ack 1");
    two.frame(Successor, "refuse 2 404 topic /b is not found");
    two.expect(&["prepared /a"]);
    two.after(1_000);
    two.frame(Serving, "pong");
    two.expect(&[
        "send ping 3",
        "take over",
        "refused /b 404 topic /b is not found",
        "rotated",
    ]);
}

#[test]
fn a_refusal_by_a_successor_that_comes_to_nothing_costs_no_topic() {
    let mut two = Two::live(&["/a", "/b"], Config::default());
    assert!(two.session.rotate(two.now));
    two.connect(Successor);
    two.frame(Successor, "refuse 1 404 topic /a is not found");
    two.poll();
    let lost = Failure::new(Stage::Live, Severity::Transient, "cut");
    two.session.handle(two.now, Successor, Input::Lost(lost));
    two.expect(&["next: hang up 1000", "failed: cut"]);
    assert!(two.session.holds(&"/a".to_owned()) && two.session.holds(&"/b".to_owned()));
}

#[test]
fn a_connection_that_cannot_prove_that_it_is_drained_is_lost() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.after(9_000);
    two.session.not_listening(two.now, Serving);
    two.after(9_999);
    // The heartbeats, and nothing else.
    two.expect(&["send ping 3", "next: send ping 2"]);
    two.after(1);
    let told = two.poll();
    assert_eq!(told[..2], ["hang up 1000", "lost"], "{told:?}");
    let rest = ["take over", "live /a", "rotated"];
    assert_eq!(told[told.len() - 3..], rest, "{told:?}");
}

#[test]
fn a_pong_of_the_heartbeat_proves_nothing_and_the_next_ping_is_far_enough_from_it_to_be_answered() {
    let mut two = Two::live(&["/a"], Config::default());
    two.after(17_500);
    two.prepare();
    two.after(500);
    two.expect(&["send ping 2"]);
    two.after(1_999);
    two.expect(&[]);
    two.after(1);
    two.expect(&["send ping 3"]);
    two.frame(Serving, "pong");
    two.expect(&[]);
    two.frame(Serving, "pong");
    two.expect(&["take over", "rotated"]);
}

#[test]
fn without_room_a_successor_that_is_ready_hurries_and_one_that_is_not_is_given_up() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.session.hurry(two.now);
    two.expect(&["send ping 2"]);
    two.session.hurry(two.now);
    two.expect(&[]);

    let mut two = Two::live(&["/a"], Config::default());
    assert!(two.session.rotate(two.now));
    two.connect(Successor);
    two.poll();
    two.session.hurry(two.now);
    let told = two.poll();
    assert_eq!(told[0], "next: hang up 1000");
    assert!(told[1].starts_with("failed: more events"), "{told:?}");
    assert!(two.session.is_live());
}

#[test]
fn the_wish_to_rotate_again_waits_until_nothing_comes_twice() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.after(1_000);
    two.frame(Serving, "pong");
    two.poll();
    assert!(two.session.rotate(two.now));
    two.after(1_000);
    two.expect(&["send ping 2"]);
    two.frame(Serving, "pong");
    two.expect(&["overlap over", "next: fetch"]);
}

#[test]
fn the_end_gives_the_successor_up() {
    let mut two = Two::live(&["/a"], Config::default());
    two.prepare();
    two.session.shut(two.now);
    two.expect(&["next: hang up 1000", "send unsubscribe 2 /a"]);
    two.frame(Serving, "ack 2");
    two.expect(&["ended /a", "hang up 1000", "closed: closed by the user"]);
    assert!(!two.session.rotate(two.now));
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
