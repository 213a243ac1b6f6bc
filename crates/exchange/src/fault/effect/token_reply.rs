//! How a token request is answered, beside the refusals that KuCoin documents.

use std::fmt::{self, Display};
use std::time::Duration;

use super::Effect;
use super::upgrade::read_redirect;
use super::words::{Millis, Quoted, Word};
use crate::fault::script::Row;

/// How a token request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenReply {
    /// By a redirect.
    Redirect {
        /// The status, such as 302.
        status: u16,
        /// Where to.
        location: String,
    },
    /// By 200 with a code of failure.
    Code {
        /// KuCoin's code, such as "500000".
        code: String,
        /// KuCoin's message.
        message: String,
    },
    /// As it should be, behind so many spaces.
    Long {
        /// How many.
        bytes: u32,
    },
    /// As it should be, head and body byte by byte.
    Drip {
        /// The time between two bytes.
        by: Duration,
    },
    /// By the end of the connection, without a byte.
    Close,
    /// By gzip that was not asked for, and that stops in the middle.
    Gzip,
    /// As it should be, but for an empty list of servers. Those of Pro V2 have none anyway.
    NoServers,
    /// As it should be, but with this address as the only server. Those of Pro V2 have none.
    Endpoint {
        /// The address, which need not be one.
        url: String,
    },
    /// As it should be, with this address before the right one. Those of Pro V2 have none.
    ExtraEndpoint {
        /// The address, which need not be one.
        url: String,
    },
}

impl Display for TokenReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirect { status, location } => {
                let location = Word(location);
                write!(f, "token-redirect status={status} location={location}")
            }
            Self::Code { code, message } => {
                let (code, message) = (Word(code), Quoted(message));
                write!(f, "token-code code={code} message={message}")
            }
            Self::Long { bytes } => write!(f, "token-long bytes={bytes}"),
            Self::Drip { by } => write!(f, "token-drip by={}", Millis(*by)),
            Self::Close => f.write_str("token-close"),
            Self::Gzip => f.write_str("token-gzip"),
            Self::NoServers => f.write_str("token-no-servers"),
            Self::Endpoint { url } => write!(f, "token-endpoint url={}", Word(url)),
            Self::ExtraEndpoint { url } => write!(f, "token-extra-endpoint url={}", Word(url)),
        }
    }
}

pub(in crate::fault) const ROWS: &[Row] = &[
    ("token-redirect", &["status", "location", "times"], |s| {
        Ok(Effect::TokenReply(TokenReply::Redirect {
            status: read_redirect(s)?,
            location: s.required("location")?,
        }))
    }),
    ("token-code", &["code", "message", "times"], |s| {
        Ok(Effect::TokenReply(TokenReply::Code {
            code: s.text("code", "500000"),
            message: s.text("message", "Internal Server Error"),
        }))
    }),
    ("token-long", &["bytes", "times"], |s| {
        let bytes = s.number("bytes", 1_048_576, "a number of bytes")?;
        Ok(Effect::TokenReply(TokenReply::Long { bytes }))
    }),
    ("token-drip", &["by", "times"], |s| {
        let by = s.duration("by")?;
        Ok(Effect::TokenReply(TokenReply::Drip { by }))
    }),
    ("token-close", &["times"], |_| {
        Ok(Effect::TokenReply(TokenReply::Close))
    }),
    ("token-gzip", &["times"], |_| {
        Ok(Effect::TokenReply(TokenReply::Gzip))
    }),
    ("token-no-servers", &["times"], |_| {
        Ok(Effect::TokenReply(TokenReply::NoServers))
    }),
    ("token-endpoint", &["url", "times"], |s| {
        let url = s.required("url")?;
        Ok(Effect::TokenReply(TokenReply::Endpoint { url }))
    }),
    ("token-extra-endpoint", &["url", "times"], |s| {
        let url = s.required("url")?;
        Ok(Effect::TokenReply(TokenReply::ExtraEndpoint { url }))
    }),
];
