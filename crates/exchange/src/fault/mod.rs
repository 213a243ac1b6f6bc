//! Injected faults: what goes wrong, when, and how often.

mod active;
mod effects;
mod injected;
mod language;
mod mutate;
mod plan;
mod rest;
mod script;
mod table;
mod values;

use std::fmt::{self, Display};
use std::path::Path;
use std::time::Duration;

pub(crate) use active::{ActiveFaults, take};
use effects::Target;
pub use effects::{Cut, DialFault, Effect, Limit, TokenReply, UpgradeFault};
pub use injected::InjectedMessage;
pub(crate) use mutate::mutate;
pub(crate) use plan::{Plan, Triggered};
pub use rest::{AccountMode, KeyPermissions, RestFault, RestPool};
pub use script::{ScriptError, ScriptFileError, ScriptProblem};
use table::Value;
pub use values::{FrameViolation, LiquidationLevel, MarginStatusType, Mutation, UnknownSymbols};

/// One fault: an effect, its trigger, and how many times it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// When the fault happens.
    pub trigger: Trigger,
    /// What the fault does.
    pub effect: Effect,
    /// How many times the fault happens.
    ///
    /// With [`Trigger::Token`], [`Trigger::Rest`], [`Trigger::Connection`] or [`Trigger::Dial`] the fault happens on
    /// consecutive requests or connections, with [`Trigger::Frames`] once per connection.
    pub times: Times,
}

/// When a fault happens. Counts start at 1.
///
/// An effect acts on the dial, token request, REST query or connection that triggered it. If it cannot act there, it acts on the
/// next one: an effect on token responses, for example, acts on the next token request. With [`Trigger::After`] and
/// [`Trigger::Call`], an effect on open connections acts on all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// On the Nth token request.
    Token(Count),
    /// On the Nth REST query whose path contains the text, such as `/hf/fills`.
    ///
    /// An empty text is in every path.
    Rest(Count, String),
    /// On the Nth WebSocket connection; refused connections count as well.
    Connection(Count),
    /// On the Nth TCP connection, whether for a token request or a WebSocket.
    Dial(Count),
    /// After N pushes on the same connection.
    Frames(Count),
    /// This time after the local exchange started.
    After(Duration),
    /// When [`Exchange::call`](crate::Exchange::call) is called with this name.
    Call(String),
}

impl Trigger {
    fn count(&self) -> Option<Count> {
        match self {
            Self::Token(count)
            | Self::Rest(count, _)
            | Self::Connection(count)
            | Self::Dial(count)
            | Self::Frames(count) => Some(*count),
            Self::After(_) | Self::Call(_) => None,
        }
    }
}

/// The count of a trigger: a number, or a range from which the seed selects a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Count {
    /// Exactly this number.
    Exactly(u64),
    /// A random number from the first to the second, both inclusive.
    Between(u64, u64),
}

impl From<u64> for Count {
    fn from(number: u64) -> Self {
        Self::Exactly(number)
    }
}

/// How many times a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Times {
    /// The fault happens this number of times.
    Exactly(u32),
    /// The fault happens every time, starting with the trigger.
    Always,
}

/// A list of faults to inject, built in code or parsed from a script.
///
/// A fault happens once, unless [`times`](Self::times) or [`always`](Self::always) follows it.
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
    /// Creates an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a script from a file; [`Faults::language`] describes the script language.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or if one of its lines is not valid.
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

    /// Makes the last added fault happen this number of times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        if let Some(last) = self.list.last_mut() {
            last.times = Times::Exactly(times);
        }
        self
    }

    /// Makes the last added fault happen every time, starting with its trigger.
    #[must_use]
    pub fn always(mut self) -> Self {
        if let Some(last) = self.list.last_mut() {
            last.times = Times::Always;
        }
        self
    }

    /// Adds a fault that cuts the first connection after `frames` pushes on it.
    #[must_use]
    pub fn cut_after_frames(self, frames: u64, cut: Cut) -> Self {
        self.after_frames(frames, Effect::Cut(cut))
    }

    /// Adds an effect on the first connection after `frames` pushes on it.
    #[must_use]
    pub fn after_frames(self, frames: impl Into<Count>, effect: Effect) -> Self {
        self.with(Trigger::Frames(frames.into()), effect)
    }

    /// Adds an effect on the `number`th WebSocket connection.
    #[must_use]
    pub fn on_connection(self, number: impl Into<Count>, effect: Effect) -> Self {
        self.with(Trigger::Connection(number.into()), effect)
    }

    /// Adds an effect on the `number`th TCP connection.
    #[must_use]
    pub fn on_dial(self, number: impl Into<Count>, effect: Effect) -> Self {
        self.with(Trigger::Dial(number.into()), effect)
    }

    /// Adds an effect on the `number`th token request.
    #[must_use]
    pub fn on_token_request(self, number: impl Into<Count>, effect: Effect) -> Self {
        self.with(Trigger::Token(number.into()), effect)
    }

    /// Adds an effect on the `number`th REST query whose path contains `path`, such as `/hf/fills`.
    #[must_use]
    pub fn on_rest_query(
        self,
        path: impl Into<String>,
        number: impl Into<Count>,
        effect: Effect,
    ) -> Self {
        self.with(Trigger::Rest(number.into(), path.into()), effect)
    }

    /// Adds an effect that happens this time after the start of the local exchange.
    #[must_use]
    pub fn after(self, delay: Duration, effect: Effect) -> Self {
        self.with(Trigger::After(delay), effect)
    }

    /// Adds an effect that happens on every [`Exchange::call`](crate::Exchange::call) with `name`.
    #[must_use]
    pub fn on_call(self, name: impl Into<String>, effect: Effect) -> Self {
        self.with(Trigger::Call(name.into()), effect).always()
    }

    /// Returns the faults in the order in which they were added.
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
            Self::Rest(count, path) if path.is_empty() => write!(f, "rest {count}"),
            Self::Rest(count, path) => write!(f, "rest {count} {path}"),
            Self::Connection(count) => write!(f, "connection {count}"),
            Self::Dial(count) => write!(f, "dial {count}"),
            Self::Frames(count) => write!(f, "after {count} frames"),
            Self::After(delay) => write!(f, "after {}", delay.text().unwrap_or_default()),
            Self::Call(name) => write!(f, "call {name}"),
        }
    }
}

impl Display for Fault {
    /// Writes the fault as a line of a script.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.trigger, self.effect)?;
        match self.times {
            Times::Exactly(1) => Ok(()),
            Times::Exactly(times) => write!(f, " times={times}"),
            Times::Always => write!(f, " times=always"),
        }
    }
}
