//! HTTP server of `--metrics-addr`: the metrics of the account, for Prometheus.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use kucoin_streams::{Kucoin, metrics};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::exit::{CommandError, Stderr};

/// Maximum number of open connections; further ones wait.
const MAX_CONNECTIONS: usize = 16;

/// Time limit of a connection, from its first byte to its last.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Parses `IP:PORT`, or a port of this machine (loopback).
pub(crate) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let on_loopback = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let address = text.parse().map(on_loopback).or_else(|_| text.parse());
    address.map_err(|_| {
        format!("`{text}` is not an address; expected IP:PORT, such as 127.0.0.1:9600, or a port of this machine")
    })
}

/// Serves the metrics of the account at this address until the command ends; does nothing without an address.
pub(crate) async fn start(
    address: Option<SocketAddr>,
    kucoin: &Kucoin,
    stderr: &Stderr,
) -> Result<(), CommandError> {
    let Some(address) = address else {
        return Ok(());
    };
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| cannot_listen(address, &error))?;
    let bound = listener.local_addr().unwrap_or(address);
    if !bound.ip().is_loopback() {
        stderr.line(&format!(
            "warning: everyone who can reach {bound} can read the metrics: they are served without TLS and password"
        ));
    }
    stderr.line(&format!("metrics are served at http://{bound}/metrics"));
    // From now on KuCoin's clock is measured, so that the first scrape has all latencies.
    kucoin.stats();
    tokio::spawn(serve(listener, kucoin.clone()));
    Ok(())
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> CommandError {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there; choose another port",
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address; choose another",
        io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose another port",
        _ => "choose another address",
    };
    CommandError::other(format!(
        "cannot serve metrics at {address}: {error}; {remedy} with --metrics-addr"
    ))
}

async fn serve(listener: TcpListener, kucoin: Kucoin) {
    let open = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // The semaphore is never closed.
    while let Ok(permit) = Arc::clone(&open).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // No file descriptors are left; some may be free later.
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        let kucoin = kucoin.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let response = respond(&request, &kucoin);
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // An error is one of the scraper, which sees it too.
            let _ = tokio::time::timeout(TIME_LIMIT, connection).await;
            drop(permit);
        });
    }
}

fn respond(request: &Request<Incoming>, kucoin: &Kucoin) -> Response<Full<Bytes>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let (status, text) = match request.uri().path() {
        _ if !is_read => (
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET is allowed\n".to_owned(),
        ),
        "/" | "/metrics" => (StatusCode::OK, metrics::prometheus_text(&[kucoin.stats()])),
        _ => (
            StatusCode::NOT_FOUND,
            "not found; the metrics are at /metrics\n".to_owned(),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    if !is_read {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_alone_is_on_loopback() {
        let parsed = |text: &str| parse_address(text).map(|address| address.to_string());
        for (text, address) in [
            ("9600", "127.0.0.1:9600"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:9600", "[::1]:9600"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(address));
        }
        for wrong in ["", "host:9600", "127.0.0.1", "70000", ":9600", "::1:9600"] {
            let error = parsed(wrong).unwrap_err();
            assert!(
                error.starts_with(&format!("`{wrong}` is not an address")),
                "{error}"
            );
        }
    }
}
