//! Entry points for the fuzz targets of this workspace: an upgraded connection, and the URL parser.
//!
//! Behind the feature `unstable-fuzzing`; not stable.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::stream::Stream;
use super::target::Target;
use super::{WebSocketConnector, WebSocketReader, WebSocketWriter};
use crate::ConnectError;

impl WebSocketConnector {
    /// Returns the two halves of a connection over a stream that is already upgraded.
    pub fn halves_over<S>(&self, stream: S) -> (WebSocketReader, WebSocketWriter)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.split(Stream::Custom(Box::new(stream)), Bytes::new())
    }
}

/// The parts of a parsed URL that a dial uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialTarget {
    /// `true` if the connection uses TLS.
    pub secure: bool,
    /// Host name or IP address; IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path and query of the request line.
    pub request: String,
}

/// Parses a URL.
///
/// # Errors
/// Returns [`ConnectError::InvalidUrl`] if the URL is invalid.
pub fn parse_target(url: &str) -> Result<DialTarget, ConnectError> {
    let target = Target::parse(url)?;
    Ok(DialTarget {
        secure: target.secure,
        request: target.request.as_str().to_owned(),
        host: target.host,
        port: target.port,
    })
}
