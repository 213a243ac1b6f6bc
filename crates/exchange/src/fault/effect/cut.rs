//! How a connection ends, and how a TCP connection fails before anything is read from it.

use std::fmt::{self, Display};

use super::{Effect, Place};
use crate::fault::script::ScriptProblem;
use crate::fault::settings::Settings;
use crate::fault::table::{Anything, Parameter, Row, faults, is_optional};
use crate::fault::value::{Accepts, Value};

/// How a connection ends when it is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// A close frame with this code and reason, which need not be legal.
    Close {
        /// The close code, such as 1001.
        code: u16,
        /// The reason, at most 123 bytes of it are sent.
        reason: String,
    },
    /// The end of the stream without a close frame, and over TLS without its farewell.
    Eof,
    /// A TCP reset.
    Reset,
}

/// The parameters of `cut`, which has one that decides which others there are.
const HOW: [&str; 3] = ["close", "eof", "reset"];
const CODE: &str = "1001";
const REASON: &str = "";

impl Cut {
    pub(in crate::fault) const ROWS: &[Row] = &[Row {
        name: "cut",
        place: Place::Socket,
        about: &["The connection ends."],
        parameters: &[
            Parameter {
                name: "how",
                about: &["By a close frame, by the end of the stream, or by a TCP reset."],
                expected: || HOW.expected(),
                words: Vec::new,
                default: Some(HOW[0]),
                optional: is_optional::<String>,
                example: HOW[0],
            },
            Parameter {
                name: "code",
                about: &["The code of the close frame, which need not be legal."],
                expected: <u16 as Value>::expected,
                words: Vec::new,
                default: Some(CODE),
                optional: is_optional::<u16>,
                example: CODE,
            },
            Parameter {
                name: "reason",
                about: &["The reason of the close frame."],
                expected: <String as Value>::expected,
                words: Vec::new,
                default: Some(REASON),
                optional: is_optional::<String>,
                example: "\"going away\"",
            },
        ],
        read: |settings| read(settings).map(Effect::Cut),
    }];

    pub(crate) fn place(&self) -> Place {
        Place::Socket
    }
}

fn read(settings: &mut Settings) -> Result<Cut, ScriptProblem> {
    let how: String = settings.value("how", Some(HOW[0]), &HOW)?;
    if how != HOW[0] && (settings.has("code") || settings.has("reason")) {
        return Err(ScriptProblem::Value {
            setting: "how",
            found: how,
            expected: "close if `code=` or `reason=` is given".to_owned(),
        });
    }
    Ok(match how.as_str() {
        "eof" => Cut::Eof,
        "reset" => Cut::Reset,
        _ => Cut::Close {
            code: settings.value("code", Some(CODE), &Anything)?,
            reason: settings.value("reason", Some(REASON), &Anything)?,
        },
    })
}

impl Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Close { code, reason } => {
                write!(f, "cut how=close code={code} reason=")?;
                reason.write(f)
            }
            Self::Eof => f.write_str("cut how=eof"),
            Self::Reset => f.write_str("cut how=reset"),
        }
    }
}

faults! {
    /// What happens to a TCP connection before anything is read from it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum DialFault as Effect::Dial;

    in Dial {
        /// A TCP connection is accepted and closed at once.
        "dial-close" Close,
        /// A TCP connection is accepted and reset at once.
        "dial-reset" Reset,
        /// A TCP connection is accepted and never answered; over TLS the handshake stalls.
        "dial-stall" Stall,
    }
}
