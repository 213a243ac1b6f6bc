//! Answers WebSocket upgrade requests, with their faults.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};

use super::EndedByFault;
use super::reply::{self, Reply};
use crate::activity::Activity;
use crate::fault::{Effect, UpgradeFault};
use crate::shared::Shared;
use crate::socket::{Control, Dial};
use crate::stats::{ConnectionReport, Ended};
use crate::sync::lock;
use crate::ws;

/// Answers an upgrade request; returns the dial if a WebSocket follows.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    control: &Control,
    key: &[u8],
    mut dial: Dial,
) -> Result<(Reply, Option<Dial>), EndedByFault> {
    let (number, fired) = lock(&shared.plan).connection();
    let (faults, others): (Vec<Effect>, Vec<Effect>) = shared
        .apply(fired)
        .into_iter()
        .partition(|effect| matches!(effect, Effect::Upgrade(_)));
    dial.number = number;
    dial.effects = others;
    let admitted = lock(&shared.limits).admit_dial(Instant::now());
    if let Err(wait) = admitted {
        report(shared, &dial, Ended::Refused);
        let text = "too many requests for a connection";
        return Ok((refusal(429, text.to_owned(), Some(wait)), None));
    }
    let mut reply = reply::switching(key);
    for fault in faults {
        let Effect::Upgrade(fault) = fault else {
            continue;
        };
        if let Some(replacement) = tamper(&mut reply, control, fault) {
            report(shared, &dial, Ended::Fault);
            return match replacement {
                Replacement::Reply(reply) => Ok((reply, None)),
                Replacement::Nothing => pending().await,
                Replacement::End => Err(EndedByFault),
            };
        }
    }
    Ok((reply, Some(dial)))
}

/// A replacement for the answer to an upgrade request.
enum Replacement {
    Reply(Reply),
    Nothing,
    End,
}

/// Changes the answer as the fault requires, or returns a replacement.
fn tamper(reply: &mut Reply, control: &Control, fault: UpgradeFault) -> Option<Replacement> {
    match fault {
        UpgradeFault::Refuse {
            status,
            text,
            retry_after,
        } => return Some(Replacement::Reply(refusal(status, text, retry_after))),
        UpgradeFault::Redirect { status, location } => {
            return Some(Replacement::Reply(reply::redirect(status, &location)));
        }
        UpgradeFault::Stall => return Some(Replacement::Nothing),
        UpgradeFault::Close => return Some(Replacement::End),
        UpgradeFault::Reset => {
            control.reset();
            return Some(Replacement::End);
        }
        UpgradeFault::WrongAccept => {
            let other = ws::accept_key(b"the key of another request");
            put(reply, "sec-websocket-accept", &other);
        }
        UpgradeFault::Without { header } => drop(reply.headers_mut().remove(header.as_str())),
        UpgradeFault::Extension { name } => put(reply, "sec-websocket-extensions", &name),
        UpgradeFault::Subprotocol { name } => put(reply, "sec-websocket-protocol", &name),
        UpgradeFault::LongHead { bytes } => {
            let value = "x".repeat(usize::try_from(bytes).unwrap_or_default());
            put(reply, "x-padding", &value);
        }
        UpgradeFault::Drip { by } => control.drip(by),
    }
    None
}

fn refusal(status: u16, text: String, retry_after: Option<Duration>) -> Reply {
    let mut reply = reply::with_type(status, "text/plain", text);
    if let Some(wait) = retry_after {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        reply.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    reply
}

/// Sets a header; an invalid value is omitted.
fn put(reply: &mut Reply, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        let name = HeaderName::from_static(name);
        reply.headers_mut().insert(name, value);
    }
}

/// Reports a connection that did not become a WebSocket.
fn report(shared: &Shared, dial: &Dial, ended: Ended) {
    shared.report(|| Activity::Ended {
        connection: dial.number,
        how: ended.clone(),
        reason: Some("upgrade not answered with 101".to_owned()),
        pushed: 0,
    });
    shared.board.change(|stats| {
        stats.connections.push(ConnectionReport {
            number: dial.number,
            protocol: dial.protocol,
            market: dial.market,
            token_encoded: dial.token_encoded,
            ended: Some(ended),
            ..ConnectionReport::default()
        });
    });
}
