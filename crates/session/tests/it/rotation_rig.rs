//! A rotating session with a fake clock; actions of both connections as text.

use std::time::{Duration, Instant};

use kucoin_streams_core::{ConnectionInfo, SecretUrl};
use kucoin_streams_session::{
    Action, ConnectionRole, Input, RotatingSession, SessionConfig, SessionEvent,
};

use crate::rig::{Plain, words};

use ConnectionRole::{Current, Replacement};

/// These tests assume an overlap of one second.
pub(crate) fn config() -> SessionConfig {
    let mut config = SessionConfig::default();
    config.overlap = Duration::from_secs(1);
    config
}

pub(crate) struct RotationRig {
    pub(crate) session: RotatingSession<Plain>,
    pub(crate) now: Instant,
}

impl RotationRig {
    /// Returns a live session with these topics acknowledged and no pending actions.
    pub(crate) fn live(topics: &[&str], config: SessionConfig) -> Self {
        let mut rig = Self {
            session: RotatingSession::new(config, 1),
            now: Instant::now(),
        };
        for topic in topics {
            rig.session.subscribe(rig.now, (*topic).to_owned());
        }
        rig.connect(Current);
        for id in 1..=topics.len() {
            rig.frame(Current, &format!("ack {id}"));
        }
        rig.poll();
        rig
    }

    pub(crate) fn connect(&mut self, role: ConnectionRole) {
        let info = ConnectionInfo::new(SecretUrl::new("wss://host/?token=1"));
        self.session
            .handle(self.now, role, Input::ConnectionInfo(Ok(info)));
        self.session.handle(self.now, role, Input::Dialled(Ok(())));
        self.frame(role, "welcome");
    }

    pub(crate) fn frame(&mut self, role: ConnectionRole, frame: &str) {
        let _ = self.session.frame(self.now, role, frame);
    }

    pub(crate) fn after(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.session.tick(self.now);
    }

    pub(crate) fn poll(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.session.poll())
            .map(|(role, action)| {
                let role = match role {
                    Current => "",
                    Replacement => "replacement: ",
                };
                let action = match action {
                    Action::TakeOver { .. } => "take over".to_owned(),
                    Action::Emit(SessionEvent::Rotated { .. }) => "rotated".to_owned(),
                    Action::Emit(SessionEvent::OverlapBegan) => "overlap began".to_owned(),
                    Action::Emit(SessionEvent::ReplacementLive { request }) => {
                        format!("replacement live {request}")
                    }
                    Action::Emit(SessionEvent::OverlapEnded) => "overlap ended".to_owned(),
                    Action::Emit(SessionEvent::RotationFailed(failure)) => {
                        format!("failed: {failure}")
                    }
                    other => words(other),
                };
                format!("{role}{action}")
            })
            .collect()
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, expected: &[&str]) {
        assert_eq!(self.poll(), expected);
    }

    /// Lets time pass on healthy connections, answering pings at once. Returns the other actions.
    #[track_caller]
    pub(crate) fn wait(&mut self, millis: u64) -> Vec<String> {
        let end = self.now + Duration::from_millis(millis);
        let mut others = Vec::new();
        for _ in 0..100_000 {
            let deadline = self.session.deadline().unwrap_or(end);
            self.now = deadline.clamp(self.now, end);
            self.session.tick(self.now);
            for action in self.poll() {
                if action.starts_with("send ping") {
                    self.frame(Current, "pong");
                } else if action.starts_with("replacement: send ping") {
                    self.frame(Replacement, "pong");
                } else {
                    others.push(action);
                }
            }
            others.extend(self.poll());
            if self.now == end {
                return others;
            }
        }
        panic!("the deadline does not move on");
    }

    /// Waits like [`RotationRig::wait`] for this action, up to an hour. Returns the time waited.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, action: &str) -> Duration {
        let start = self.now;
        let hour = start + Duration::from_secs(3_600);
        while self.now < hour {
            let deadline = self.session.deadline().unwrap_or(hour);
            let step = deadline.saturating_duration_since(self.now);
            let millis = u64::try_from(step.as_millis()).unwrap();
            if self
                .wait(millis.max(1))
                .iter()
                .any(|other| other.starts_with(action))
            {
                return self.now - start;
            }
        }
        panic!("no {action} within an hour");
    }

    /// Starts a rotation until every topic is live on both connections.
    pub(crate) fn prepare(&mut self) {
        assert!(self.session.rotate(self.now));
        self.expect(&["replacement: fetch"]);
        self.connect(Replacement);
        self.expect(&[
            "replacement: dial 1",
            "overlap began",
            "replacement: send subscribe 1 /a",
        ]);
        self.frame(Replacement, "ack 1");
        self.expect(&["replacement live /a"]);
    }
}
