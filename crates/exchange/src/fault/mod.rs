//! Faults as data: what goes wrong, when, and how often.

mod active;
mod effects;
mod injected;
mod language;
mod mutate;
mod plan;
mod script;
mod table;
mod words;

use std::fmt::{self, Display};
use std::path::Path;
use std::time::Duration;

pub(crate) use active::{ActiveFaults, take};
use effects::Place;
pub use effects::{Cut, DialFault, Effect, Limit, TokenReply, UpgradeFault};
pub use injected::InjectedMessage;
pub(crate) use mutate::mutate;
pub(crate) use plan::{Fired, Plan};
pub use script::{ScriptError, ScriptFileError, ScriptProblem};
use table::Value;
pub use words::{FrameViolation, LiquidationLevel, MarginStatusType, Mutation, UnknownSymbols};

/// One fault: an effect, the trigger that lets it happen, and how many times it does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// When it happens.
    pub trigger: Trigger,
    /// What happens.
    pub effect: Effect,
    /// How many times it happens: consecutive token requests or connections, or one connection each.
    pub times: Times,
}

/// When a fault happens. All counts start at 1.
///
/// An effect that cannot act on what pulled its trigger waits: one on the answer to a token request
/// for the next request, one on a connection for the next connection, one on a TCP connection for the next of those. Where nothing pulled it, by
/// time or by name, it acts on every open connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// At this token request, counted over the life of the exchange.
    Token(Count),
    /// On this connection, counted over the life of the exchange by the requests for a socket.
    Connection(Count),
    /// On this TCP connection to the port, be it for token requests or for a socket, counted over the life of the
    /// exchange.
    Dial(Count),
    /// When a connection has been sent this many pushes.
    Frames(Count),
    /// This long after the exchange started.
    After(Duration),
    /// When [`crate::Exchange::call`] is called with this name.
    Call(String),
}

impl Trigger {
    fn count(&self) -> Option<Count> {
        match self {
            Self::Token(count)
            | Self::Connection(count)
            | Self::Dial(count)
            | Self::Frames(count) => Some(*count),
            Self::After(_) | Self::Call(_) => None,
        }
    }
}

/// A number, or a range of which the seed draws one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Count {
    /// This number.
    Exactly(u64),
    /// A number from the first to the second, both included.
    Between(u64, u64),
}

impl From<u64> for Count {
    fn from(number: u64) -> Self {
        Self::Exactly(number)
    }
}

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Times {
    /// So many times, then never again.
    Exactly(u32),
    /// Every time from the trigger on.
    Always,
}

/// A list of faults, built in code or read from a script.
///
/// ```
/// use kucoin_streams_exchange::{Cut, Effect, Faults};
///
/// let built = Faults::new().cut_after_frames(10, Cut::Reset).on_token_request(2, Effect::TokenHtml);
/// let read: Faults = "after 10 frames: cut how=reset\n token 2: token-html".parse()?;
/// assert_eq!(built, read);
/// # Ok::<(), kucoin_streams_exchange::ScriptError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// No faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a script file; [`Faults::language`] describes the language.
    ///
    /// # Errors
    /// The file cannot be read, or a line of it is not understood.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ScriptFileError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|source| ScriptFileError::Read {
            path: path.to_owned(),
            source,
        })?;
        text.parse().map_err(|source| ScriptFileError::Script {
            path: path.to_owned(),
            source,
        })
    }

    /// Adds a fault that happens once.
    #[must_use]
    pub fn with(mut self, trigger: Trigger, effect: Effect) -> Self {
        self.list.push(Fault {
            trigger,
            effect,
            times: Times::Exactly(1),
        });
        self
    }

    /// Lets the fault that was added last happen this number of times instead of once.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        if let Some(last) = self.list.last_mut() {
            last.times = Times::Exactly(times);
        }
        self
    }

    /// Lets the fault that was added last happen every time from its trigger on.
    #[must_use]
    pub fn always(mut self) -> Self {
        if let Some(last) = self.list.last_mut() {
            last.times = Times::Always;
        }
        self
    }

    /// Cuts the first connection that has been sent `frames` pushes.
    #[must_use]
    pub fn cut_after_frames(self, frames: u64, cut: Cut) -> Self {
        self.after_frames(frames, Effect::Cut(cut))
    }

    /// The effect on the first connection that has been sent `frames` pushes.
    #[must_use]
    pub fn after_frames(self, frames: impl Into<Count>, effect: Effect) -> Self {
        self.with(Trigger::Frames(frames.into()), effect)
    }

    /// The effect on the `number`th connection.
    #[must_use]
    pub fn on_connection(self, number: impl Into<Count>, effect: Effect) -> Self {
        self.with(Trigger::Connection(number.into()), effect)
    }

    /// The effect on the `number`th TCP connection.
    #[must_use]
    pub fn on_dial(self, number: impl Into<Count>, effect: Effect) -> Self {
        self.with(Trigger::Dial(number.into()), effect)
    }

    /// The effect at the `number`th token request.
    #[must_use]
    pub fn on_token_request(self, number: impl Into<Count>, effect: Effect) -> Self {
        self.with(Trigger::Token(number.into()), effect)
    }

    /// The effect so long after the start.
    #[must_use]
    pub fn after(self, delay: Duration, effect: Effect) -> Self {
        self.with(Trigger::After(delay), effect)
    }

    /// The effect whenever [`crate::Exchange::call`] is called with `name`.
    #[must_use]
    pub fn on_call(self, name: impl Into<String>, effect: Effect) -> Self {
        self.with(Trigger::Call(name.into()), effect).always()
    }

    /// The faults in the order in which they were added.
    #[must_use]
    pub fn list(&self) -> &[Fault] {
        &self.list
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<T: IntoIterator<Item = Fault>>(faults: T) -> Self {
        Self {
            list: faults.into_iter().collect(),
        }
    }
}

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(number) => write!(f, "{number}"),
            Self::Between(low, high) => write!(f, "{low}..{high}"),
        }
    }
}

impl Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(count) => write!(f, "token {count}"),
            Self::Connection(count) => write!(f, "connection {count}"),
            Self::Dial(count) => write!(f, "dial {count}"),
            Self::Frames(count) => write!(f, "after {count} frames"),
            Self::After(delay) => write!(f, "after {}", delay.text().unwrap_or_default()),
            Self::Call(name) => write!(f, "call {name}"),
        }
    }
}

impl Display for Fault {
    /// The line of a script that reads as this fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.trigger, self.effect)?;
        match self.times {
            Times::Exactly(1) => Ok(()),
            Times::Exactly(times) => write!(f, " times={times}"),
            Times::Always => write!(f, " times=always"),
        }
    }
}
