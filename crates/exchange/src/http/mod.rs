//! The port: REST calls are answered, upgrades are handed to the sockets.

mod reply;
mod token;
mod upgrade;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::credentials::ApiError;
use crate::json::Object;
use crate::shared::Shared;
use crate::socket::{self, Dial, Stream};
use crate::sync::lock;
use reply::Reply;

pub(crate) const PRIVATE_TOKEN_PATH: &str = "/api/v1/bullet-private";
pub(crate) const PRO_TOKEN_PATH: &str = "/api/v2/bullet-private";
pub(crate) const PUBLIC_TOKEN_PATH: &str = "/api/v1/bullet-public";
pub(crate) const TIME_PATH: &str = "/api/v1/timestamp";

/// Accepts until it is dropped; with it end all connections, as their tasks are its own.
pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve_connection(Arc::clone(&shared), Stream::Tcp(stream)))),
                Err(error) => {
                    // Out of file descriptors, most likely: the loop must not spin on it.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Set by the request that upgrades, taken when the HTTP side is done.
type Upgraded = Arc<Mutex<Option<Dial>>>;

/// Serves one connection, HTTP and what an upgrade makes of it.
pub(crate) async fn serve_connection(shared: Arc<Shared>, stream: Stream) {
    let upgraded = Upgraded::default();
    let service = service_fn(|request| {
        let (shared, upgraded) = (Arc::clone(&shared), Arc::clone(&upgraded));
        async move { Ok::<_, Infallible>(route(&shared, &upgraded, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // Without a shutdown, the socket comes back whole after an upgrade.
    match connection.without_shutdown().await {
        Ok(parts) => {
            let dial = lock(&upgraded).take();
            if let Some(dial) = dial {
                let early: Bytes = parts.read_buf;
                socket::run(Arc::clone(&shared), parts.io.into_inner(), early, dial).await;
            }
        }
        Err(error) => tracing::debug!(%error, "an HTTP connection broke"),
    }
}

async fn route(shared: &Arc<Shared>, upgraded: &Upgraded, request: Request<Incoming>) -> Reply {
    if let Some(key) = upgrade::key(&request) {
        *lock(upgraded) = Some(upgrade::dial(&request));
        return reply::switching(&key);
    }
    let allowed = match request.uri().path() {
        PRIVATE_TOKEN_PATH | PRO_TOKEN_PATH | PUBLIC_TOKEN_PATH => Method::POST,
        TIME_PATH => Method::GET,
        _ => return reply::error(&ApiError::new(404, "404000", "Url Not Found")),
    };
    if request.method() != allowed {
        let message = format!("Request method '{}' not supported", request.method());
        return reply::error(&ApiError::new(405, "405000", &message));
    }
    if allowed == Method::POST {
        return token::answer(shared, request).await;
    }
    shared.board.change(|stats| stats.time_requests += 1);
    reply::json(
        200,
        Object::new()
            .string("code", "200000")
            .bare("data", shared.skewed_now_ms())
            .end(),
    )
}
