//! Opens a tunnel through a proxy, by HTTP `CONNECT` or SOCKS5. The target is never dialled directly.

use std::io::ErrorKind;
use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_socks::TargetAddr;
use tokio_socks::tcp::Socks5Stream;

use super::dial;
use super::driven::Driven;
use super::proxy::{Proxy, ProxyScheme};
use super::stream::Duplex;
use super::target::Target;
use super::tls::Tls;
use super::upgrade::{MAX_HEAD, USER_AGENT};
use crate::{ConnectError, ProxyProblem};

/// Opens a stream through the proxy to the target, without TLS to the target.
pub(super) async fn open(
    proxy: &Proxy,
    target: &Target,
    tls: &Tls,
) -> Result<Box<dyn Duplex>, ProxyProblem> {
    let are_both_local = target.is_loopback() && proxy.is_loopback();
    if !target.secure && !are_both_local {
        return Err(ProxyProblem::Plaintext);
    }
    let unreachable = |error: ConnectError| ProxyProblem::Unreachable(Box::new(error));
    let tcp = connect_to_proxy(proxy, !target.secure)
        .await
        .map_err(unreachable)?;
    match proxy.scheme() {
        ProxyScheme::Http => http_connect(Box::new(tcp), target, proxy.basic_auth()).await,
        ProxyScheme::Https => {
            let tls = tls.handshake(proxy.host(), tcp).await;
            let tls = Box::new(tls.map_err(unreachable)?);
            http_connect(tls, target, proxy.basic_auth()).await
        }
        ProxyScheme::Socks5 => {
            let not_resolved = |error: ConnectError| ProxyProblem::NotResolved(Box::new(error));
            let addresses = dial::resolve(&target.host, target.port, !target.secure).await;
            let addresses = addresses.map_err(not_resolved)?;
            let address = addresses.first().copied();
            let no_address = || not_resolved(ConnectError::Dns(ErrorKind::NotFound.into()));
            let address = address.ok_or_else(no_address)?;
            socks5(tcp, TargetAddr::Ip(address), proxy.user_and_password()).await
        }
        ProxyScheme::Socks5h => {
            let address = match target.host.parse::<IpAddr>() {
                Ok(ip) => TargetAddr::Ip((ip, target.port).into()),
                // SOCKS5 has one byte for the length of the name.
                Err(_) if target.host.len() > 255 => {
                    return Err(ProxyProblem::Refused("the host name is not valid".into()));
                }
                Err(_) => TargetAddr::Domain(target.host.as_str().into(), target.port),
            };
            socks5(tcp, address, proxy.user_and_password()).await
        }
    }
}

async fn connect_to_proxy(proxy: &Proxy, is_plaintext: bool) -> Result<TcpStream, ConnectError> {
    let addresses = dial::resolve(proxy.host(), proxy.port(), is_plaintext).await?;
    let tcp = dial::connect(addresses).await?;
    match is_plaintext {
        true => dial::require_loopback(tcp),
        false => Ok(tcp),
    }
}

async fn http_connect(
    stream: Box<dyn Duplex>,
    target: &Target,
    auth: Option<&HeaderValue>,
) -> Result<Box<dyn Duplex>, ProxyProblem> {
    let authority = target.host_and_port();
    let mut request = Request::connect(&authority)
        .header(header::HOST, &authority)
        .header(header::USER_AGENT, USER_AGENT);
    if let Some(auth) = auth {
        request = request.header(header::PROXY_AUTHORIZATION, auth);
    }
    let request = request.body(Empty::<Bytes>::new());
    let request =
        request.map_err(|_| ProxyProblem::Refused("the host name is not valid".into()))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(http_problem)?;
    let mut connection = Driven::new(connection.with_upgrades());
    let reply = connection.drive_until(sender.send_request(request)).await;
    let reply = reply.map_err(http_problem)?;
    match reply.status() {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => return Err(ProxyProblem::Authentication),
        // hyper and the HTTP client of REST requests accept no other 2xx status for a tunnel either.
        status if status != StatusCode::OK => {
            return Err(ProxyProblem::Refused(format!("status {}", status.as_u16())));
        }
        _ => {}
    }
    let upgraded = connection.drive_until(hyper::upgrade::on(reply)).await;
    let upgraded = upgraded.map_err(http_problem)?;
    let parts = upgraded
        .downcast::<TokioIo<Box<dyn Duplex>>>()
        .map_err(|_| ProxyProblem::Malformed)?;
    // The target does not send first, so bytes after the reply mean that the server is not a proxy.
    match parts.read_buf.is_empty() {
        true => Ok(parts.io.into_inner()),
        false => Err(ProxyProblem::Malformed),
    }
}

fn http_problem(error: hyper::Error) -> ProxyProblem {
    match error.is_parse() {
        true => ProxyProblem::Malformed,
        false => ProxyProblem::Interrupted(error.into()),
    }
}

async fn socks5(
    tcp: TcpStream,
    target: TargetAddr<'_>,
    credentials: Option<(&str, &str)>,
) -> Result<Box<dyn Duplex>, ProxyProblem> {
    let connected = match credentials {
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(tcp, target, user, password).await
        }
        None => Socks5Stream::connect_with_socket(tcp, target).await,
    };
    match connected {
        Ok(stream) => Ok(Box::new(stream.into_inner())),
        Err(error) => Err(socks_problem(error)),
    }
}

fn socks_problem(error: tokio_socks::Error) -> ProxyProblem {
    use tokio_socks::Error;
    match error {
        Error::Io(error) => ProxyProblem::Interrupted(error.into()),
        Error::NoAcceptableAuthMethods
        | Error::AuthorizationRequired
        | Error::PasswordAuthFailure(_) => ProxyProblem::Authentication,
        Error::InvalidResponseVersion
        | Error::UnknownAuthMethod
        | Error::InvalidReservedByte
        | Error::UnknownAddressType
        // The invalid address is in the proxy's reply.
        | Error::InvalidTargetAddress(_)
        | Error::UnknownError => ProxyProblem::Malformed,
        refused => ProxyProblem::Refused(refused.to_string().to_lowercase()),
    }
}
