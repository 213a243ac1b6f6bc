//! What one session can tell another that takes its place: what is wanted, when it is ready, and that nothing which
//! the server pushed is still on its way.

use std::time::{Duration, Instant};

use kucoin_streams_core::{Protocol, RequestId};
use zeroize::Zeroizing;

use crate::Session;
use crate::connection::heartbeat::HeartbeatTimer;

/// Pings and their answers on one connection.
///
/// A pong may lack the id of its ping. Then answers are counted: they come in order, so one answer for each ping
/// means that the last ping is answered too.
#[derive(Debug, Default)]
pub(crate) struct Pings {
    sent: u64,
    answered: u64,
    last_sent: Option<Instant>,
    last_answered: Option<Instant>,
    /// The last ping that was answered by its id.
    answered_id: Option<RequestId>,
    probe: Option<Probe>,
}

/// A ping whose answer proves something.
#[derive(Debug)]
struct Probe {
    id: RequestId,
    /// Its number among the pings of the connection.
    number: u64,
}

impl Pings {
    /// From when on another ping gets an answer, where the server answers none that come closer together than this.
    fn next_is_answered_from(&self, spacing: Duration) -> Option<Instant> {
        // With the answer it is certain when the last one was there at the latest. Without it, one that was under way
        // for long may be close before the next.
        match self.last_answered >= self.last_sent {
            true => self.last_answered.map(|answered| answered + spacing),
            false => self.last_sent.map(|sent| sent + 2 * spacing),
        }
    }

    /// Takes a pong: without an id, or with that of one of our pings, or with one of nobody's. What nobody asked for
    /// proves nothing, least of all that the connection has brought everything.
    fn take_answer(&mut self, now: Instant, id: Option<Option<RequestId>>) {
        match id {
            Some(None) => return,
            // A server that names its answers does not forget to.
            None if self.answered_id.is_some() => return,
            Some(ours) => self.answered_id = self.answered_id.max(ours),
            None => {}
        }
        self.last_answered = Some(now);
        if self.answered < self.sent {
            self.answered += 1;
        }
    }

    /// True where the answer to the probe is in.
    fn is_probe_answered(&self) -> bool {
        self.probe.as_ref().is_some_and(|probe| {
            self.answered_id >= Some(probe.id) || self.answered >= probe.number
        })
    }
}

impl<P: Protocol> Session<P> {
    /// Asks the server for an answer, which proves that everything that it pushed before is here: the frames of one
    /// connection come in order. Gives the time that the answer may take.
    pub(crate) fn probe(&mut self, now: Instant) -> Duration {
        if let Some(heartbeat_timer) = &mut self.heartbeat_timer {
            heartbeat_timer.ping_sent(now);
        }
        let id = self.ping(now);
        let number = self.pings.sent;
        self.pings.probe = Some(Probe { id, number });
        self.heartbeat.timeout
    }

    /// When a probe may go out: later than `now` if a ping that went out a moment ago would cost it its answer. Until
    /// then no other ping goes out, which would put it off again.
    pub(crate) fn may_probe_at(&mut self, now: Instant) -> Instant {
        let spacing = self.limits.ping_spacing;
        let earliest = self.pings.next_is_answered_from(spacing);
        let probe_at = earliest.map_or(now, |earliest| earliest.max(now));
        if let Some(heartbeat_timer) = self.heartbeat_timer.as_mut().filter(|_| probe_at > now) {
            heartbeat_timer.delay_until(probe_at + spacing);
        }
        probe_at
    }

    /// True where something came in since the last ping.
    pub(crate) fn heard_since_ping(&self) -> bool {
        self.heartbeat_timer
            .as_ref()
            .is_some_and(HeartbeatTimer::is_answered)
    }

    /// True where the answer to [`Session::probe`] is in.
    pub(crate) fn is_probe_answered(&self) -> bool {
        self.pings.is_probe_answered()
    }

    /// How long an answer to a ping may take.
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
    fn a_probe_is_answered_by_its_id_or_by_as_many_answers_as_pings() {
        assert!(!probed(2, 0, None));
        assert!(!probed(2, 1, Some(3)), "the heartbeat before the probe");
        assert!(probed(2, 1, Some(7)), "a pong before it was lost");
        assert!(probed(2, 2, None));
        assert!(!Pings::default().is_probe_answered());
    }

    #[test]
    fn a_pong_that_nobody_asked_for_proves_nothing() {
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
        assert!(proved(&[None, None]), "a server that names none");
    }
}
