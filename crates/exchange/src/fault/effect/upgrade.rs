//! How the request for a socket is answered when it is not answered as it should be.

use std::fmt::{self, Display};
use std::time::Duration;

use super::Effect;
use super::words::{Millis, Quoted, Word};
use crate::fault::script::{Row, ScriptProblem, read_status};
use crate::fault::settings::Settings;

/// How the request for a socket is answered. Its token is spent only where a socket follows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpgradeFault {
    /// By another status than 101, with this body.
    Refuse {
        /// The status, such as 401 or 503.
        status: u16,
        /// The body, as plain text.
        text: String,
        /// The `Retry-After` in whole seconds, where there is one.
        retry_after: Option<Duration>,
    },
    /// By a redirect.
    Redirect {
        /// The status, such as 302.
        status: u16,
        /// Where to.
        location: String,
    },
    /// By 101 with the accept key of another request. The socket works for who does not look.
    WrongAccept,
    /// By 101 without this header. The socket works for who does not look.
    Without {
        /// `upgrade`, `connection` or `sec-websocket-accept`.
        header: String,
    },
    /// By 101 with an extension that was not asked for, and that is not used either.
    Extension {
        /// Its name.
        name: String,
    },
    /// By 101 with a subprotocol that was not asked for.
    Subprotocol {
        /// Its name.
        name: String,
    },
    /// By 101 whose head has so many bytes more than it needs.
    LongHead {
        /// How many.
        bytes: u32,
    },
    /// By 101 whose head comes byte by byte.
    Drip {
        /// The time between two bytes.
        by: Duration,
    },
    /// Never.
    Stall,
    /// By the end of the connection.
    Close,
    /// By a reset of the connection.
    Reset,
}

impl Display for UpgradeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse {
                status,
                text,
                retry_after,
            } => {
                write!(f, "upgrade-refuse status={status} text={}", Quoted(text))?;
                match retry_after {
                    Some(after) => write!(f, " retry-after={}", Millis(*after)),
                    None => Ok(()),
                }
            }
            Self::Redirect { status, location } => {
                let location = Word(location);
                write!(f, "upgrade-redirect status={status} location={location}")
            }
            Self::WrongAccept => f.write_str("upgrade-wrong-accept"),
            Self::Without { header } => write!(f, "upgrade-without header={}", Word(header)),
            Self::Extension { name } => write!(f, "upgrade-extension name={}", Word(name)),
            Self::Subprotocol { name } => write!(f, "upgrade-subprotocol name={}", Word(name)),
            Self::LongHead { bytes } => write!(f, "upgrade-long-head bytes={bytes}"),
            Self::Drip { by } => write!(f, "upgrade-drip by={}", Millis(*by)),
            Self::Stall => f.write_str("upgrade-stall"),
            Self::Close => f.write_str("upgrade-close"),
            Self::Reset => f.write_str("upgrade-reset"),
        }
    }
}

pub(in crate::fault) const ROWS: &[Row] = &[
    (
        "upgrade-refuse",
        &["status", "text", "retry-after", "times"],
        |s| {
            Ok(Effect::Upgrade(UpgradeFault::Refuse {
                status: read_status(s, 503)?,
                text: s.text("text", ""),
                retry_after: s.maybe_duration("retry-after")?,
            }))
        },
    ),
    ("upgrade-redirect", &["status", "location", "times"], |s| {
        Ok(Effect::Upgrade(UpgradeFault::Redirect {
            status: read_redirect(s)?,
            location: s.required("location")?,
        }))
    }),
    ("upgrade-wrong-accept", &["times"], |_| {
        Ok(Effect::Upgrade(UpgradeFault::WrongAccept))
    }),
    ("upgrade-without", &["header", "times"], |s| {
        let header = s.choice(
            "header",
            &["upgrade", "connection", "sec-websocket-accept"],
            "upgrade, connection or sec-websocket-accept",
        )?;
        Ok(Effect::Upgrade(UpgradeFault::Without {
            header: header.to_owned(),
        }))
    }),
    ("upgrade-extension", &["name", "times"], |s| {
        let name = s.text("name", "permessage-deflate");
        Ok(Effect::Upgrade(UpgradeFault::Extension { name }))
    }),
    ("upgrade-subprotocol", &["name", "times"], |s| {
        let name = s.text("name", "chat");
        Ok(Effect::Upgrade(UpgradeFault::Subprotocol { name }))
    }),
    ("upgrade-long-head", &["bytes", "times"], |s| {
        let bytes = s.number("bytes", 65_536, "a number of bytes")?;
        Ok(Effect::Upgrade(UpgradeFault::LongHead { bytes }))
    }),
    ("upgrade-drip", &["by", "times"], |s| {
        let by = s.duration("by")?;
        Ok(Effect::Upgrade(UpgradeFault::Drip { by }))
    }),
    ("upgrade-stall", &["times"], |_| {
        Ok(Effect::Upgrade(UpgradeFault::Stall))
    }),
    ("upgrade-close", &["times"], |_| {
        Ok(Effect::Upgrade(UpgradeFault::Close))
    }),
    ("upgrade-reset", &["times"], |_| {
        Ok(Effect::Upgrade(UpgradeFault::Reset))
    }),
];

/// The status of a redirect.
pub(super) fn read_redirect(settings: &mut Settings) -> Result<u16, ScriptProblem> {
    let expected = "an HTTP status from 300 to 399";
    let status = settings.number("status", 302, expected)?;
    if !(300..400).contains(&status) {
        let found = status.to_string();
        return Err(ScriptProblem::Value {
            setting: "status",
            found,
            expected,
        });
    }
    Ok(status)
}
