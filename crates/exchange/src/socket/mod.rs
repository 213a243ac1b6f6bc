//! One WebSocket connection: its stream, reader and writer, and the ways it ends.

mod end;
mod framing;
mod reader;
mod stream;
mod writer;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hyper::body::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::activity::Activity;
use crate::clock;
use crate::fault::{ActiveFaults, Effect};
use crate::pro::session::ProSession;
use crate::session::Session;
use crate::shared::Shared;
use crate::stats::{ConnectionReport, ServedMarket, StreamProtocol};
use crate::sync::lock;
use crate::tokens::{Grant, Scope};
use crate::v1::session::V1Session;
use crate::{pro, v1};
use end::{Stop, finish};
use reader::Reader;
pub(crate) use stream::{Control, Stream};
use writer::Writer;

/// A parsed upgrade request, and the faults of its connection.
#[derive(Clone, Default)]
pub(crate) struct Dial {
    pub(crate) number: u64,
    pub(crate) effects: Vec<Effect>,
    pub(crate) protocol: StreamProtocol,
    /// Market that the port serves.
    pub(crate) market: ServedMarket,
    pub(crate) token: Option<String>,
    pub(crate) token_encoded: bool,
    /// The connection ID of V1, which the client may choose, or the session ID of Pro V2.
    pub(crate) connect_id: String,
    /// The client's `User-Agent`.
    pub(crate) client: Option<String>,
}

/// State shared by the reader and the writer of a connection.
pub(crate) struct Link {
    pub(crate) number: u64,
    pub(crate) protocol: StreamProtocol,
    pub(crate) faults: Mutex<ActiveFaults>,
    /// `true` once the welcome is sent.
    ///
    /// It is set just before the welcome is written, so that it precedes the client's first message.
    pub(crate) welcomed: AtomicBool,
    /// `false` after a fault stopped the reader.
    pub(crate) reading: watch::Sender<bool>,
}

/// Serves a connection from its upgrade to its end.
pub(crate) async fn run(shared: Arc<Shared>, mut stream: Stream, early: Bytes, mut dial: Dial) {
    stream.set_nodelay();
    let number = dial.number;
    let opening = std::mem::take(&mut dial.effects);
    let grant = redeem(&shared, &dial);
    let market = market(&grant, &dial);
    shared.board.change(|stats| {
        stats.connections.push(ConnectionReport {
            number,
            protocol: dial.protocol,
            market,
            token: grant
                .as_ref()
                .ok()
                .and_then(|grant| Some(grant.as_ref()?.number)),
            authenticated: matches!(&grant, Ok(Some(grant)) if grant.scope != Scope::Public),
            token_encoded: dial.token_encoded,
            ..ConnectionReport::default()
        });
    });
    if let Ok(grant) = &grant {
        shared.report(|| Activity::Opened {
            connection: number,
            protocol: dial.protocol,
            market,
            token: grant.map(|grant| grant.number),
            client: dial.client.clone(),
        });
    }
    // A dripping answer may still be queued; if this flush fails, so does the first write of the connection.
    let _ = stream.flush().await;
    stream.stop_dripping();
    let membership = {
        let mut hub = lock(&shared.hub);
        if dial.protocol == StreamProtocol::ProV2 {
            hub.enable_pro();
        }
        hub.join(number, shared.settings.queue_capacity)
    };
    let link = Arc::new(Link {
        number,
        protocol: dial.protocol,
        faults: Mutex::new(ActiveFaults::new(shared.settings.seed ^ number)),
        welcomed: AtomicBool::new(false),
        reading: watch::Sender::new(true),
    });
    let (max_age, idle) = {
        let limits = lock(&shared.limits);
        (limits.connection_life, limits.idle_timeout)
    };
    let control = stream.control();
    let (mut read_half, mut write_half) = tokio::io::split(stream);
    let mut writer = Writer::new(&shared, &link, &mut write_half, membership);
    let stop = match grant {
        Err(refused) => refused,
        Ok(grant) => {
            let session = ProtocolSession::new(&shared, &link, grant);
            let mut reader = Reader::new(&mut read_half, (&shared, &link), session, &early);
            let welcome = welcome(&shared, &dial, &opening);
            // No future is polled again after another one ended, so none has to be cancel safe.
            tokio::select! {
                stop = writer.run(opening, welcome) => stop,
                stop = reader.run(idle) => stop,
                () = sleep(max_age) => Stop::TooOld,
            }
        }
    };
    tracing::debug!(connection = number, ?stop, "connection closed");
    let rest = writer.into_rest();
    let halves = (read_half, write_half);
    finish(&shared, &control, halves, rest, stop, &dial).await;
    shared.leave(number);
}

/// The protocol session that answers the client's messages.
enum ProtocolSession {
    V1(V1Session),
    Pro(ProSession),
}

impl ProtocolSession {
    fn new(shared: &Arc<Shared>, link: &Arc<Link>, grant: Option<Grant>) -> Self {
        let base = Session::new(Arc::clone(shared), Arc::clone(link));
        match (link.protocol, grant) {
            (StreamProtocol::V1, Some(grant)) => Self::V1(V1Session::new(base, grant)),
            (_, grant) => Self::Pro(ProSession::new(base, grant.is_some())),
        }
    }

    fn handle(&mut self, text: &str, now: Instant) {
        match self {
            Self::V1(session) => session.handle(text, now),
            Self::Pro(session) => session.handle(text, now),
        }
    }

    fn base(&self) -> &Session {
        match self {
            Self::V1(session) => session.base(),
            Self::Pro(session) => session.base(),
        }
    }
}

fn welcome(shared: &Shared, dial: &Dial, opening: &[Effect]) -> String {
    let another = opening.iter().rev().find_map(|effect| match effect {
        Effect::WelcomeId { id } => Some(id),
        _ => None,
    });
    let id = another.unwrap_or(&dial.connect_id);
    match dial.protocol {
        StreamProtocol::V1 => v1::frames::welcome(id),
        StreamProtocol::ProV2 => pro::frames::welcome(id, shared.settings.ping_interval),
    }
}

/// Returns the market of a connection: the market of its token, if the token was accepted.
fn market(grant: &Result<Option<Grant>, Stop>, dial: &Dial) -> ServedMarket {
    match (grant, dial.protocol) {
        (Ok(Some(grant)), _) => grant.market,
        (_, StreamProtocol::ProV2) => ServedMarket::Both,
        (_, StreamProtocol::V1) => dial.market,
    }
}

/// Redeems the token; a Pro V2 connection may have no token and log in later.
fn redeem(shared: &Shared, dial: &Dial) -> Result<Option<Grant>, Stop> {
    let limit = lock(&shared.limits).connections;
    if lock(&shared.hub).connections() >= limit {
        let text = format!("exceed max session count limitation of {limit}");
        return Err(Stop::Refuse { code: 509, text });
    }
    if dial.protocol == StreamProtocol::ProV2 && dial.token.is_none() {
        return Ok(None);
    }
    lock(&shared.tokens)
        .redeem(
            dial.token.as_deref(),
            (dial.protocol, dial.market),
            clock::now_ms(),
        )
        .map(Some)
        .map_err(|refused| Stop::Refuse {
            code: 401,
            text: refused.text().to_owned(),
        })
}
