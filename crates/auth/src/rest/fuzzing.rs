//! Entry points for the fuzz targets of this workspace: parse a reply or an address without a request.
//!
//! Behind the feature `unstable-fuzzing`; not stable.

use kucoin_streams_core::{Heartbeat, SecretUrl};
use zeroize::Zeroizing;

use super::address::{Address, AddressProblem};
use super::error::TokenError;
use super::http::Reply;
use super::{reply, url};

/// The content of a token reply: the token and its servers.
#[derive(Debug)]
pub struct TokenReply {
    /// The connection token.
    pub token: String,
    /// The endpoint and heartbeat of each server.
    pub servers: Vec<(String, Heartbeat)>,
}

/// Parses the reply to a token request.
///
/// # Errors
/// Returns KuCoin's refusal, or an error if the reply cannot be read.
pub fn token_reply(status: u16, body: &[u8]) -> Result<TokenReply, TokenError> {
    let read = reply::token("api.kucoin.com", &reply_of(status, body), 0)?;
    let servers = read.servers.into_iter();
    Ok(TokenReply {
        token: read.token.as_str().to_owned(),
        servers: servers
            .map(|server| (server.endpoint, server.heartbeat))
            .collect(),
    })
}

/// Parses the reply to a request for the server's time, in milliseconds since 1970.
///
/// # Errors
/// Returns KuCoin's refusal, or an error if the reply cannot be read.
pub fn time_reply(status: u16, body: &[u8]) -> Result<u64, TokenError> {
    reply::server_time("api.kucoin.com", &reply_of(status, body), 0)
}

fn reply_of(status: u16, body: &[u8]) -> Reply {
    Reply {
        status,
        retry_after: None,
        quota: None,
        redirect_target: None,
        body: Zeroizing::new(body.to_vec()),
    }
}

/// An accepted address of a WebSocket server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The host, which decides whether the server is trusted.
    pub host: String,
    /// `true` if the host is this machine.
    pub is_loopback: bool,
    address: Address,
}

/// Checks the address of a WebSocket server.
///
/// # Errors
/// Returns an error if the address is refused.
pub fn server(text: &str) -> Result<Server, AddressProblem> {
    let address = Address::web_socket(text)?;
    Ok(Server {
        host: address.host().to_owned(),
        is_loopback: address.is_loopback(),
        address,
    })
}

impl Server {
    /// Returns the URL of a V1 connection to this server.
    pub fn url(&self, token: &str, connect_id: &str) -> SecretUrl {
        url::v1(&self.address, token, connect_id)
    }
}
