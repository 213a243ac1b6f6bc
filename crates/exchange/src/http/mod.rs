//! HTTP server: answers REST calls and hands WebSocket upgrades to the sockets.

mod faulty;
mod reply;
mod rest;
mod signature;
mod switching;
mod token;
mod upgrade;

use std::sync::{Arc, Mutex};

use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::fault::{DialFault, Effect};
use crate::json::Object;
use crate::shared::Shared;
use crate::socket::{self, Control, Dial, Stream};
use crate::stats::ServedMarket;
use crate::sync::lock;
use reply::Reply;

pub(crate) const PRIVATE_TOKEN_PATH: &str = "/api/v1/bullet-private";
pub(crate) const PRO_TOKEN_PATH: &str = "/api/v2/bullet-private";
pub(crate) const PUBLIC_TOKEN_PATH: &str = "/api/v1/bullet-public";
pub(crate) const TIME_PATH: &str = "/api/v1/timestamp";

/// KuCoin's code of success.
const SUCCESS: &str = "200000";

/// Accepts connections until the future is dropped, which also ends all connections.
pub(crate) async fn serve(shared: Arc<Shared>, market: ServedMarket, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let effects = count_dial(&shared);
                    drop(connections.spawn(serve_tcp(Arc::clone(&shared), market, stream, effects)));
                }
                Err(error) => {
                    // Most likely out of file descriptors: the loop must not spin.
                    tracing::warn!(%error, "failed to accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Counts a TCP connection and returns the faults that apply to it.
fn count_dial(shared: &Shared) -> Vec<Effect> {
    let fired = lock(&shared.plan).dial();
    shared.apply(fired)
}

/// Serves a connection accepted on the port, over TLS if TLS is configured.
async fn serve_tcp(
    shared: Arc<Shared>,
    market: ServedMarket,
    mut stream: TcpStream,
    effects: Vec<Effect>,
) {
    if let Some(fault) = dial_fault(&effects) {
        if fault == DialFault::Reset {
            // A linger of zero makes the close a reset.
            let _ = stream.set_zero_linger();
        }
        return apply_dial_fault(fault, &mut stream).await;
    }
    #[cfg(feature = "tls")]
    if let Some(acceptor) = &shared.tls {
        let _ = stream.set_nodelay(true);
        match acceptor.accept(stream).await {
            Ok(stream) => serve_connection(shared, market, Stream::tls(stream)).await,
            Err(error) => tracing::debug!(%error, "TLS handshake failed"),
        }
        return;
    }
    serve_connection(shared, market, Stream::tcp(stream)).await;
}

/// Serves a caller-supplied stream like a connection accepted on the port.
pub(crate) async fn serve_own<S>(shared: Arc<Shared>, mut stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    match dial_fault(&count_dial(&shared)) {
        Some(fault) => apply_dial_fault(fault, &mut stream).await,
        None => serve_connection(shared, ServedMarket::Both, Stream::own(stream)).await,
    }
}

fn dial_fault(effects: &[Effect]) -> Option<DialFault> {
    effects.iter().find_map(|effect| match effect {
        Effect::Dial(fault) => Some(*fault),
        _ => None,
    })
}

/// Applies a dial fault: the client gets no data.
async fn apply_dial_fault(fault: DialFault, stream: &mut (impl AsyncRead + Unpin)) {
    if fault == DialFault::Stall {
        let mut bytes = [0; 1024];
        while matches!(stream.read(&mut bytes).await, Ok(read) if read > 0) {}
    }
}

/// Error of a connection that a fault ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection ended by a fault")]
struct EndedByFault;

/// The WebSocket dial that follows the HTTP connection; the upgrade request sets it.
type Upgraded = Arc<Mutex<Option<Dial>>>;

/// Serves one connection: HTTP, and a WebSocket after an upgrade.
async fn serve_connection(shared: Arc<Shared>, market: ServedMarket, stream: Stream) {
    let upgraded = Upgraded::default();
    let control = stream.control();
    let service = service_fn(|request| {
        let (shared, upgraded) = (Arc::clone(&shared), Arc::clone(&upgraded));
        let control = Arc::clone(&control);
        async move { route((&shared, market), &control, &upgraded, request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // Without a shutdown, the stream is returned intact after an upgrade.
    match connection.without_shutdown().await {
        Ok(parts) => {
            let dial = lock(&upgraded).take();
            if let Some(dial) = dial {
                let early: Bytes = parts.read_buf;
                socket::run(Arc::clone(&shared), parts.io.into_inner(), early, dial).await;
            }
        }
        Err(error) => tracing::debug!(%error, "HTTP connection failed"),
    }
}

async fn route(
    (shared, market): (&Arc<Shared>, ServedMarket),
    control: &Control,
    upgraded: &Upgraded,
    request: Request<Incoming>,
) -> Result<Reply, EndedByFault> {
    let html_status = lock(&shared.rest).html_status;
    if let Some(status) = html_status {
        return Ok(faulty::html_page(status));
    }
    if let Some(key) = upgrade::key(&request) {
        let is_pro = |token: &str| lock(&shared.tokens).is_pro(token);
        let dial = Dial {
            market,
            ..upgrade::dial(&request, is_pro)
        };
        let (reply, dial) = switching::answer(shared, control, &key, dial).await?;
        *lock(upgraded) = dial;
        return Ok(reply);
    }
    let allowed = match request.uri().path() {
        PRIVATE_TOKEN_PATH | PRO_TOKEN_PATH | PUBLIC_TOKEN_PATH => Method::POST,
        TIME_PATH => Method::GET,
        _ => return rest::answer((shared, market), request).await,
    };
    if request.method() != allowed {
        return Ok(reply::error(&reply::wrong_method(request.method())));
    }
    if allowed == Method::POST {
        return token::answer((shared, market), control, request).await;
    }
    shared.board.change(|stats| stats.time_requests += 1);
    let time = Object::new()
        .field("code", SUCCESS)
        .field("data", shared.clock.now_ms());
    Ok(reply::json(200, time.end()))
}
