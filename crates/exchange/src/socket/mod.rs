//! One WebSocket connection: its bytes, its two directions, and all the ways in which it ends.

mod end;
mod reader;
mod writer;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use hyper::body::Bytes;
use tokio::net::TcpStream;

use crate::clock;
use crate::fault::Armed;
use crate::shared::Shared;
use crate::stats::ConnectionReport;
use crate::sync::lock;
use crate::tokens::Grant;
use crate::v1::frames;
use crate::v1::session::Session;
use crate::world::Command;
use end::{Stop, finish};
use reader::Reader;
use writer::Writer;

/// What the URL of an upgrade said.
#[derive(Clone, Default)]
pub(crate) struct Dial {
    pub(crate) token: Option<String>,
    pub(crate) token_encoded: bool,
    pub(crate) connect_id: String,
}

/// What both directions of a connection know of it.
pub(crate) struct Link {
    pub(crate) number: u64,
    pub(crate) armed: Mutex<Armed>,
    /// Set before the welcome is written, so that no client can be faster.
    pub(crate) welcomed: AtomicBool,
}

/// Serves a connection from the end of its upgrade to its own end.
pub(crate) async fn run(shared: Arc<Shared>, stream: TcpStream, early: Bytes, dial: Dial) {
    // Small frames must not wait for each other's acknowledgements.
    let _ = stream.set_nodelay(true);
    let (number, fired) = lock(&shared.plan).connection();
    let here = shared.apply(fired);
    let grant = redeem(&shared, &dial);
    shared.board.change(|stats| {
        stats.connections.push(ConnectionReport {
            number,
            token: grant.as_ref().ok().map(|grant| grant.number),
            token_encoded: dial.token_encoded,
            ..ConnectionReport::default()
        });
    });
    let membership = lock(&shared.world).join(number, shared.settings.queue_capacity);
    let link = Arc::new(Link {
        number,
        armed: Mutex::new(Armed::new(shared.settings.seed ^ number)),
        welcomed: AtomicBool::new(false),
    });
    let opening = here.into_iter().map(Command::Effect).collect();
    let (mut read_half, mut write_half) = stream.into_split();
    let mut writer = Writer::new(&shared, &link, &mut write_half, membership);
    let stop = match grant {
        Err(refused) => refused,
        Ok(grant) => {
            let session = Session::new(Arc::clone(&shared), Arc::clone(&link), grant.scope);
            let mut reader = Reader::new(&mut read_half, session, &early);
            let idle = shared.settings.ping_interval + shared.settings.ping_timeout;
            // Neither future is ever resumed after the other ended: nothing has to be cancel safe.
            tokio::select! {
                stop = writer.run(opening, frames::welcome(&dial.connect_id)) => stop,
                stop = reader.run(idle) => stop,
            }
        }
    };
    tracing::debug!(connection = number, ?stop, "connection ends");
    let rest = writer.into_rest();
    finish(
        &shared,
        number,
        (read_half, write_half),
        rest,
        stop,
        &dial.connect_id,
    )
    .await;
    shared.leave(number);
}

fn redeem(shared: &Shared, dial: &Dial) -> Result<Grant, Stop> {
    let limit = shared.settings.max_connections;
    if lock(&shared.world).connections() >= limit {
        let text = format!("exceed max session count limitation of {limit}");
        return Err(Stop::Refuse { code: 509, text });
    }
    lock(&shared.tokens)
        .redeem(dial.token.as_deref(), clock::now_ms())
        .map_err(|refused| Stop::Refuse {
            code: 401,
            text: refused.text().to_owned(),
        })
}
