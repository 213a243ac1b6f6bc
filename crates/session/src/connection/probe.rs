//! Pings, their answers, and probes.
//!
//! A probe is a ping whose answer shows that all earlier frames have been received.

use std::time::{Duration, Instant};

use kucoin_streams_core::{Protocol, RequestId};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::Session;
use crate::connection::heartbeat::HeartbeatTimer;

/// Pings and their answers on one connection.
///
/// A pong may lack the ID of its ping. Then answers are counted: they arrive in order, so the last ping is answered
/// once there are as many answers as pings.
#[derive(Debug, Default)]
pub(crate) struct Pings {
    sent: u64,
    answered: u64,
    last_sent: Option<Instant>,
    last_answered: Option<Instant>,
    /// ID and send time of the last ping, until its answer arrives.
    in_flight: Option<(RequestId, Instant)>,
    round_trip: Option<RoundTrip>,
    /// ID of the last ping whose answer had the same ID.
    answered_id: Option<RequestId>,
    probe: Option<Probe>,
}

/// Round trip of the heartbeat: from a ping to its pong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoundTrip {
    /// Round trip of the last ping, in nanoseconds.
    pub last_ns: u64,
    /// Smoothed round trip in nanoseconds: each new one counts an eighth, as in TCP.
    pub smoothed_ns: u64,
}

impl RoundTrip {
    fn after(last: Option<Self>, round_trip: Duration) -> Self {
        let last_ns = u64::try_from(round_trip.as_nanos()).unwrap_or(u64::MAX);
        let smoothed_ns = last.map_or(last_ns, |last| {
            last.smoothed_ns - last.smoothed_ns / 8 + last_ns / 8
        });
        Self {
            last_ns,
            smoothed_ns,
        }
    }
}

/// A ping that marks the end of the frames sent before it.
#[derive(Debug)]
struct Probe {
    id: RequestId,
    /// Number of the ping on this connection.
    number: u64,
}

impl Pings {
    /// Returns the earliest time at which a server answers another ping.
    ///
    /// The server ignores a ping that follows the last one within `spacing`.
    fn next_is_answered_from(&self, spacing: Duration) -> Option<Instant> {
        // An answer limits when the last ping arrived. Without one, the ping may have been delayed and arrive just
        // before the next.
        match self.last_answered >= self.last_sent {
            true => self.last_answered.map(|answered| answered + spacing),
            false => self.last_sent.map(|sent| sent + 2 * spacing),
        }
    }

    /// Handles a pong. `id` is `None` if the pong has no ID, and `Some(None)` if the ID is unknown.
    ///
    /// An unsolicited pong is ignored, because it does not show that earlier frames have been received.
    fn take_answer(&mut self, now: Instant, id: Option<Option<RequestId>>) {
        match id {
            Some(None) => return,
            // A server that has sent IDs always sends them.
            None if self.answered_id.is_some() => return,
            Some(ours) => self.answered_id = self.answered_id.max(ours),
            None => {}
        }
        self.last_answered = Some(now);
        if self.answered < self.sent {
            self.answered += 1;
        }
        let is_answer = |(ping, _): &(RequestId, Instant)| match id {
            Some(answered) => answered == Some(*ping),
            None => self.answered == self.sent,
        };
        if let Some((_, sent)) = self.in_flight.take_if(|ping| is_answer(ping)) {
            let round_trip = now.saturating_duration_since(sent);
            self.round_trip = Some(RoundTrip::after(self.round_trip, round_trip));
        }
    }

    /// Returns the round trip of the pings on this connection; `None` before the first answer.
    pub(crate) fn round_trip(&self) -> Option<RoundTrip> {
        self.round_trip
    }

    /// Returns `true` if the probe is answered.
    fn is_probe_answered(&self) -> bool {
        self.probe.as_ref().is_some_and(|probe| {
            self.answered_id >= Some(probe.id) || self.answered >= probe.number
        })
    }
}

impl<P: Protocol> Session<P> {
    /// Sends a probe, and returns the timeout of its answer.
    ///
    /// The frames of a connection arrive in order. So the answer shows that everything the server pushed before it has
    /// been received.
    pub(crate) fn probe(&mut self, now: Instant) -> Duration {
        if let Some(heartbeat_timer) = &mut self.heartbeat_timer {
            heartbeat_timer.ping_sent(now);
        }
        let id = self.ping(now);
        let number = self.pings.sent;
        self.pings.probe = Some(Probe { id, number });
        self.heartbeat.timeout
    }

    /// Returns the time at which a probe may be sent, and delays heartbeat pings until after the probe.
    ///
    /// The time is later than `now` if the server would ignore a ping so soon after the last one.
    pub(crate) fn may_probe_at(&mut self, now: Instant) -> Instant {
        let spacing = self.limits.ping_spacing;
        let earliest = self.pings.next_is_answered_from(spacing);
        let probe_at = earliest.map_or(now, |earliest| earliest.max(now));
        if let Some(heartbeat_timer) = self.heartbeat_timer.as_mut().filter(|_| probe_at > now) {
            heartbeat_timer.delay_until(probe_at + spacing);
        }
        probe_at
    }

    /// Returns `true` if something was received since the last ping.
    pub(crate) fn heard_since_ping(&self) -> bool {
        self.heartbeat_timer
            .as_ref()
            .is_some_and(HeartbeatTimer::is_answered)
    }

    /// Returns `true` if the answer to [`Session::probe`] was received.
    pub(crate) fn is_probe_answered(&self) -> bool {
        self.pings.is_probe_answered()
    }

    /// Returns the timeout of the answer to a ping.
    pub(crate) fn pong_timeout(&self) -> Duration {
        self.heartbeat.timeout
    }

    /// Sends a ping.
    pub(crate) fn ping(&mut self, now: Instant) -> RequestId {
        let id = self.next_id();
        let mut frame = String::with_capacity(48);
        P::ping(id, &mut frame);
        self.send(now, Zeroizing::new(frame));
        self.pings.sent += 1;
        self.pings.last_sent = Some(now);
        self.pings.in_flight = Some((id, now));
        id
    }

    pub(crate) fn pong(&mut self, now: Instant, id: Option<&str>) {
        let id = id.map(|id| RequestId::parse(id).filter(|&id| self.was_sent(id)));
        if id.is_none_or(|id| id.is_some()) {
            self.pace.answered(now);
        }
        self.pings.take_answer(now, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probed(sent: u64, answered: u64, answered_id: Option<u64>) -> bool {
        let probe = Some(Probe {
            id: RequestId(7),
            number: 2,
        });
        let answered_id = answered_id.map(RequestId);
        Pings {
            sent,
            answered,
            answered_id,
            probe,
            ..Pings::default()
        }
        .is_probe_answered()
    }

    #[test]
    fn probe_is_answered_by_its_id_or_by_the_number_of_answers() {
        assert!(!probed(2, 0, None));
        assert!(!probed(2, 1, Some(3)), "the heartbeat before the probe");
        assert!(probed(2, 1, Some(7)), "a pong before it was lost");
        assert!(probed(2, 2, None));
        assert!(!Pings::default().is_probe_answered());
    }

    #[test]
    fn round_trip_is_from_the_last_ping_to_its_own_pong() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pings = Pings::default();
        let ping = |pings: &mut Pings, id, ms| {
            pings.sent += 1;
            pings.in_flight = Some((RequestId(id), at(ms)));
        };
        let last_ms = |pings: &Pings| pings.round_trip().map(|trip| trip.last_ns / 1_000_000);
        ping(&mut pings, 3, 0);
        pings.take_answer(at(5), Some(None));
        assert_eq!(last_ms(&pings), None, "an unsolicited pong");
        pings.take_answer(at(80), Some(Some(RequestId(3))));
        pings.take_answer(at(90), Some(Some(RequestId(3))));
        assert_eq!(last_ms(&pings), Some(80), "a pong that arrives twice");
        ping(&mut pings, 4, 100);
        ping(&mut pings, 5, 200);
        pings.take_answer(at(210), Some(Some(RequestId(4))));
        assert_eq!(last_ms(&pings), Some(80), "the pong of an earlier ping");
        pings.take_answer(at(360), Some(Some(RequestId(5))));
        let smoothed_ns = 80_000_000 / 8 * 7 + 160_000_000 / 8;
        let expected = RoundTrip {
            last_ns: 160_000_000,
            smoothed_ns,
        };
        assert_eq!(pings.round_trip(), Some(expected));
    }

    #[test]
    fn unsolicited_pong_does_not_answer_the_probe() {
        let now = Instant::now();
        let (ours, foreign) = (|id| Some(Some(RequestId(id))), Some(None));
        let proved = |answers: &[Option<Option<RequestId>>]| {
            let mut pings = Pings {
                sent: 2,
                probe: Some(Probe {
                    id: RequestId(7),
                    number: 2,
                }),
                ..Pings::default()
            };
            for answer in answers {
                pings.take_answer(now, *answer);
            }
            pings.is_probe_answered()
        };
        assert!(!proved(&[foreign, foreign, foreign]));
        assert!(!proved(&[foreign, ours(3), foreign, None, None]));
        assert!(proved(&[foreign, ours(3), ours(7)]));
        assert!(proved(&[None, None]), "a server that sends no IDs");
    }
}
