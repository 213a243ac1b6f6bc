//! A session without I/O, with a growing number of pending requests.

use std::fmt;
use std::time::{Duration, Instant};

use kucoin_streams_core::{
    ConnectionInfo, Inbound, Protocol, ProtocolLimits, RequestId, SecretUrl, TopicMatch, WireError,
};
use kucoin_streams_session::{Action, Input, Session, SessionConfig};

use crate::report::{Table, figure, median};

/// A protocol without limits, so that 10,000 requests can be pending.
struct Unlimited;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Number(u32);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Protocol for Unlimited {
    type Request = Number;

    const LIMITS: ProtocolLimits = ProtocolLimits::new(1_000_000, Duration::from_secs(1), None);

    fn classify(frame: &str) -> Result<Inbound<'_>, WireError> {
        Ok(match frame {
            "welcome" => Inbound::Welcome {
                id: None,
                ping_interval: None,
            },
            id => Inbound::Ack { id: id.into() },
        })
    }

    fn check(_: &str) -> Result<(), WireError> {
        Ok(())
    }

    fn match_topic(request: &Number, pushed: &str) -> TopicMatch {
        match pushed.parse() == Ok(request.0) {
            true => TopicMatch::Exact,
            false => TopicMatch::None,
        }
    }

    fn subscribe(id: RequestId, _: &Number, out: &mut String) {
        out.push_str(&id.to_string());
    }

    fn unsubscribe(id: RequestId, _: &Number, out: &mut String) {
        out.push_str(&id.to_string());
    }

    fn ping(id: RequestId, out: &mut String) {
        out.push_str(&id.to_string());
    }
}

/// Returns the time per request and per acknowledgement, by the number of pending requests.
pub fn table(counts: &[u32]) -> Table {
    let title = "Session without I/O, ns per request, by pending requests";
    let mut table = Table::new(title, counts.iter().map(ToString::to_string));
    let measured: Vec<_> = counts.iter().map(|&count| measure(count)).collect();
    table.row(
        "to send a request",
        measured.iter().map(|(send, _)| figure(*send)),
    );
    table.row(
        "to handle its acknowledgement",
        measured.iter().map(|(_, take)| figure(*take)),
    );
    table
}

fn measure(count: u32) -> (f64, f64) {
    let turns = (20_000 / count).clamp(3, 2_000);
    let (sends, takes): (Vec<_>, Vec<_>) = (0..turns).map(|_| turn(count)).unzip();
    (median(&sends), median(&takes))
}

#[allow(clippy::cast_precision_loss)]
fn turn(count: u32) -> (f64, f64) {
    let now = Instant::now();
    let mut session = Session::<Unlimited>::new(SessionConfig::default(), 1);
    session.open(now);
    let mut ids = Vec::new();
    drain(&mut session, now, &mut ids);
    let began = Instant::now();
    for number in 0..count {
        session.subscribe(now, Number(number));
        drain(&mut session, now, &mut ids);
    }
    let sent = began.elapsed();
    assert_eq!(ids.len(), count as usize, "all requests are pending");
    let began = Instant::now();
    for id in &ids {
        session.frame(now, id);
        while session.poll().is_some() {}
    }
    let taken = began.elapsed();
    assert!(
        session.is_subscribed(&Number(count - 1)),
        "all subscriptions are acknowledged"
    );
    let each = |time: Duration| time.as_nanos() as f64 / f64::from(count);
    (each(sent), each(taken))
}

fn drain(session: &mut Session<Unlimited>, now: Instant, ids: &mut Vec<String>) {
    while let Some(action) = session.poll() {
        match action {
            Action::FetchConnectionInfo => {
                let info = ConnectionInfo::new(SecretUrl::new("wss://bench.test/?token=t"));
                session.handle(now, Input::ConnectionInfo(Ok(info)));
            }
            Action::Dial(_) => {
                session.handle(now, Input::Dialled(Ok(())));
                session.frame(now, "welcome");
            }
            Action::Send(text) => ids.push(text.to_string()),
            _ => {}
        }
    }
}
