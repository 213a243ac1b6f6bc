//! Ways in for the fuzz targets: a reply read without a call, and an address read without a configuration.
//!
//! It is behind the feature `unstable-fuzzing`, for this workspace alone: no release keeps any of it stable.

use kucoin_streams_core::{Heartbeat, SecretUrl};
use zeroize::Zeroizing;

use super::address::{Address, AddressProblem};
use super::error::TokenError;
use super::http::Reply;
use super::{reply, url};

/// A token reply as it is read: the token, and each server's endpoint with its heartbeat.
#[derive(Debug)]
pub struct TokenReply {
    /// The token.
    pub token: String,
    /// The servers that take it.
    pub servers: Vec<(String, Heartbeat)>,
}

/// Reads the reply of a token call.
///
/// # Errors
/// The refusal in its place, or why it cannot be read.
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

/// Reads the reply of the call for the server's time.
///
/// # Errors
/// The refusal in its place, or why it cannot be read.
pub fn time_reply(status: u16, body: &[u8]) -> Result<u64, TokenError> {
    reply::server_time("api.kucoin.com", &reply_of(status, body), 0)
}

fn reply_of(status: u16, body: &[u8]) -> Reply {
    Reply {
        status,
        retry_after: None,
        redirect_target: None,
        body: Zeroizing::new(body.to_vec()),
    }
}

/// An address of a WebSocket server that was found fit to be told a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The host by which it is trusted.
    pub host: String,
    /// Whether that is this machine.
    pub is_loopback: bool,
    address: Address,
}

/// Checks the address of a WebSocket server.
///
/// # Errors
/// Why it is refused.
pub fn server(text: &str) -> Result<Server, AddressProblem> {
    let address = Address::web_socket(text)?;
    Ok(Server {
        host: address.host().to_owned(),
        is_loopback: address.is_loopback(),
        address,
    })
}

impl Server {
    /// The URL of a V1 connection to it.
    pub fn url(&self, token: &str, connect_id: &str) -> SecretUrl {
        url::v1(&self.address, token, connect_id)
    }
}
