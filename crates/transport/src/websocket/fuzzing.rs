//! Ways in for the fuzz targets: the frames of a connection whose upgrade is done, and a URL taken apart.
//!
//! It is behind the feature `unstable-fuzzing`, for this workspace alone: no release keeps any of it stable.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::stream::Stream;
use super::target::Target;
use super::{WebSocketConnector, WebSocketReader, WebSocketWriter};
use crate::ConnectError;

impl WebSocketConnector {
    /// The halves of a connection whose upgrade is done.
    pub fn halves_over<S>(&self, stream: S) -> (WebSocketReader, WebSocketWriter)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.halves(Stream::Own(Box::new(stream)), Bytes::new())
    }
}

/// Where a URL points, as a dial reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialTarget {
    /// Whether the connection is under TLS.
    pub secure: bool,
    /// The host, IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query, as the request line has them.
    pub request: String,
}

/// Takes a URL apart.
///
/// # Errors
/// [`ConnectError::InvalidUrl`].
pub fn aim(url: &str) -> Result<DialTarget, ConnectError> {
    let target = Target::parse(url)?;
    Ok(DialTarget {
        secure: target.secure,
        request: target.request.as_str().to_owned(),
        host: target.host,
        port: target.port,
    })
}
