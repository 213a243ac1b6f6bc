//! What happens to a TCP connection before anything is read of it.

use std::fmt::{self, Display};

use super::Effect;
use crate::fault::script::Row;

/// What happens to a TCP connection before anything is read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialFault {
    /// It is accepted and closed at once.
    Close,
    /// It is accepted and reset at once.
    Reset,
    /// It is accepted, and nothing that comes over it is ever answered.
    Stall,
}

impl Display for DialFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Close => "dial-close",
            Self::Reset => "dial-reset",
            Self::Stall => "dial-stall",
        })
    }
}

pub(in crate::fault) const ROWS: &[Row] = &[
    ("dial-close", &["times"], |_| {
        Ok(Effect::Dial(DialFault::Close))
    }),
    ("dial-reset", &["times"], |_| {
        Ok(Effect::Dial(DialFault::Reset))
    }),
    ("dial-stall", &["times"], |_| {
        Ok(Effect::Dial(DialFault::Stall))
    }),
];
