//! Rotations succeed even if pings are as close as, or closer than, the server answers.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use kucoin_streams_core::{ConnectionInfo, Heartbeat, SecretUrl};
use kucoin_streams_session::{
    Action, ConnectionRole, FrameKind, Input, RotatingSession, SessionConfig, SessionEvent,
};

use crate::rig::Plain;

use ConnectionRole::{Current, Replacement};

/// How a server answers pings.
#[derive(Clone, Copy, Debug)]
struct Pongs {
    with_id: bool,
    ignores: Ignores,
}

/// Which pings a server ignores.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ignores {
    None,
    /// Pings less than a second after the last answered one.
    SoonAfterAnswered,
    /// Pings less than a second after the last one.
    SoonAfterAny,
}

#[derive(Default)]
struct Wire {
    /// Frames in flight to the client, with their arrival times.
    inbound: VecDeque<(Instant, String)>,
    outbound: VecDeque<(Instant, String)>,
    last_ping: Option<Instant>,
    last_pong: Option<Instant>,
    pings: u32,
}

/// Frames of a connection arrive in order.
fn push_in_order(queue: &mut VecDeque<(Instant, String)>, at: Instant, frame: String) {
    let last = queue.back().map_or(at, |(last, _)| at.max(*last));
    queue.push_back((last, frame));
}

fn pop_arrived(queue: &mut VecDeque<(Instant, String)>, now: Instant) -> Option<String> {
    let is_here = queue.front().is_some_and(|(at, _)| *at <= now);
    is_here
        .then(|| queue.pop_front())
        .flatten()
        .map(|(_, frame)| frame)
}

struct Simulation {
    session: RotatingSession<Plain>,
    now: Instant,
    interval: Duration,
    pongs: Pongs,
    latency: Duration,
    /// Maximum delay in addition to the latency.
    jitter: Duration,
    frames: u32,
    wires: HashMap<ConnectionRole, Wire>,
    pending: VecDeque<(ConnectionRole, Action<String>)>,
    reports: Vec<SessionEvent<String>>,
}

impl Simulation {
    fn new(interval: Duration, pongs: Pongs, latency: Duration, jitter: Duration) -> Self {
        let mut config = SessionConfig::default();
        config.rotate_every = None;
        Self {
            session: RotatingSession::new(config, 1),
            now: Instant::now(),
            interval,
            pongs,
            latency,
            jitter,
            frames: 0,
            wires: HashMap::new(),
            pending: VecDeque::new(),
            reports: Vec::new(),
        }
    }

    /// Lets time pass in steps of 10 ms, with an event every 300 ms.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        let mut steps = 0;
        while self.now < end {
            self.now += Duration::from_millis(10);
            steps += 1;
            self.serve();
            if steps % 30 == 0 {
                let at = self.arrival();
                for wire in self.wires.values_mut() {
                    push_in_order(&mut wire.inbound, at, "push /a".into());
                }
            }
            self.session.tick(self.now);
            self.carry_out();
        }
    }

    /// Returns when a frame sent now arrives.
    fn arrival(&mut self) -> Instant {
        self.frames += 1;
        let part = self.frames.wrapping_mul(7_919) % 101;
        self.now + self.latency + self.jitter * part / 100
    }

    /// Delivers frames in both directions, and answers requests.
    fn serve(&mut self) {
        let second = Duration::from_secs(1);
        let (now, pongs) = (self.now, self.pongs);
        for role in [Current, Replacement] {
            loop {
                let at = self.arrival();
                let Some(wire) = self.wires.get_mut(&role) else {
                    break;
                };
                let Some(frame) = pop_arrived(&mut wire.outbound, now) else {
                    break;
                };
                let mut words = frame.split(' ');
                let (kind, id) = (words.next().unwrap(), words.next().unwrap());
                let answer = match kind {
                    "ping" => {
                        wire.pings += 1;
                        let last = match pongs.ignores {
                            Ignores::None => None,
                            Ignores::SoonAfterAnswered => wire.last_pong,
                            Ignores::SoonAfterAny => wire.last_ping,
                        };
                        wire.last_ping = Some(now);
                        if last.is_some_and(|last| now < last + second) {
                            continue;
                        }
                        wire.last_pong = Some(now);
                        match pongs.with_id {
                            true => format!("pong {id}"),
                            false => "pong".into(),
                        }
                    }
                    _ => format!("ack {id}"),
                };
                push_in_order(&mut wire.inbound, at, answer);
            }
            loop {
                let wire = self.wires.get_mut(&role);
                let Some(frame) = wire.and_then(|wire| pop_arrived(&mut wire.inbound, now)) else {
                    break;
                };
                let kind = self.session.frame(now, role, &frame);
                let is_push = matches!(kind, FrameKind::Message { .. });
                assert_eq!(is_push, frame.starts_with("push"));
                self.carry_out();
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some((role, action)) = self.session.poll() {
            self.pending.push_back((role, action));
        }
        while let Some((role, action)) = self.pending.pop_front() {
            match action {
                Action::FetchConnectionInfo => {
                    let heartbeat = Heartbeat::new(self.interval, Duration::from_secs(10));
                    let url = SecretUrl::new("wss://host/?token=1");
                    let info = ConnectionInfo::new(url).with_heartbeat(heartbeat);
                    self.session
                        .handle(self.now, role, Input::ConnectionInfo(Ok(info)));
                }
                Action::Dial(_) => {
                    let mut wire = Wire::default();
                    let welcome = (self.now + self.latency, "welcome".into());
                    wire.inbound.push_back(welcome);
                    self.wires.insert(role, wire);
                    self.session.handle(self.now, role, Input::Dialled(Ok(())));
                }
                Action::Send(frame) => {
                    let at = self.arrival();
                    let wire = self.wires.get_mut(&role).unwrap();
                    push_in_order(&mut wire.outbound, at, frame.to_string());
                }
                Action::HangUp { .. } => drop(self.wires.remove(&role)),
                Action::TakeOver { .. } => {
                    let next = self.wires.remove(&Replacement).unwrap();
                    self.wires.insert(Current, next);
                }
                Action::Emit(report) => self.reports.push(report),
                other => panic!("{other:?}"),
            }
            while let Some((role, action)) = self.session.poll() {
                self.pending.push_back((role, action));
            }
        }
    }

    fn count(&self, is_counted: impl Fn(&SessionEvent<String>) -> bool) -> usize {
        self.reports
            .iter()
            .filter(|report| is_counted(report))
            .count()
    }
}

/// Asserts that rig rotations succeed without a loss, for each latency and start time.
#[track_caller]
fn assert_rotates(interval_millis: u64, pongs: Pongs) {
    for (latency, jitter) in [(0, 0), (30, 0), (30, 60), (900, 0), (150, 1_500)] {
        for start in [0, 10, 340, 500, 990] {
            let interval = Duration::from_millis(interval_millis);
            let millis = Duration::from_millis;
            let mut simulation = Simulation::new(interval, pongs, millis(latency), millis(jitter));
            simulation
                .session
                .subscribe(simulation.now, "/a".to_owned());
            simulation.carry_out();
            simulation.run(Duration::from_millis(8_000 + start));
            let context =
                format!("{interval:?} {pongs:?} latency {latency} jitter {jitter} start {start}");
            assert!(simulation.session.is_live(), "{context}");
            for rotation in 1..=2 {
                assert!(simulation.session.rotate(simulation.now), "{context}");
                simulation.carry_out();
                simulation.run(Duration::from_secs(60));
                let rotated =
                    simulation.count(|report| matches!(report, SessionEvent::Rotated { .. }));
                let ended = simulation.count(|report| matches!(report, SessionEvent::OverlapEnded));
                let lost = simulation.count(|report| matches!(report, SessionEvent::Lost { .. }));
                let context = format!("{context}: {:?}", simulation.reports);
                assert_eq!((rotated, ended), (rotation, rotation), "{context}");
                assert_eq!(lost, 0, "{context}");
            }
            // Heartbeats continue after a rotation.
            let before = simulation.wires[&Current].pings;
            simulation.run(Duration::from_secs(10));
            assert!(simulation.wires[&Current].pings >= before + 3, "{context}");
        }
    }
}

const IGNORES_NONE: [Pongs; 2] = [
    Pongs {
        with_id: true,
        ignores: Ignores::None,
    },
    Pongs {
        with_id: false,
        ignores: Ignores::None,
    },
];

#[test]
fn rotation_ends_with_a_ping_interval_of_1_s() {
    for pongs in IGNORES_NONE {
        assert_rotates(1_000, pongs);
    }
}

#[test]
fn rotation_ends_with_a_ping_interval_of_500_ms() {
    for pongs in IGNORES_NONE {
        assert_rotates(500, pongs);
    }
}

#[test]
fn rotation_ends_with_ids_if_close_pings_are_ignored() {
    for ignores in [Ignores::SoonAfterAnswered, Ignores::SoonAfterAny] {
        for interval in [1_000, 500] {
            let with_id = true;
            assert_rotates(interval, Pongs { with_id, ignores });
        }
    }
}

#[test]
fn rotation_ends_without_ids_if_pings_1_s_apart_are_ignored() {
    for ignores in [Ignores::SoonAfterAnswered, Ignores::SoonAfterAny] {
        let with_id = false;
        assert_rotates(1_000, Pongs { with_id, ignores });
    }
}

#[test]
fn rotation_ends_without_ids_if_pings_500_ms_apart_are_ignored() {
    for ignores in [Ignores::SoonAfterAnswered, Ignores::SoonAfterAny] {
        let with_id = false;
        assert_rotates(500, Pongs { with_id, ignores });
    }
}
