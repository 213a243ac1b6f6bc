//! Effects as the words of a script that read as them.

use std::fmt::{self, Display, Write};
use std::time::Duration;

use super::{Cut, Effect};

impl Display for Effect {
    /// The words of a script that read as this effect.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut(cut) => write!(f, "{cut}"),
            Self::ResetMidFrame => f.write_str("reset-mid-frame"),
            Self::HalfOpen => f.write_str("half-open"),
            Self::SwallowPongs { count } => write!(f, "swallow-pongs{}", Counted(*count)),
            Self::DelayWelcome { by } => write!(f, "delay-welcome by={}", Millis(*by)),
            Self::DropWelcome => f.write_str("drop-welcome"),
            Self::DelayAcks { by, count } => {
                write!(f, "delay-acks by={}{}", Millis(*by), Counted(*count))
            }
            Self::DropAcks { count } => write!(f, "drop-acks{}", Counted(*count)),
            Self::RefuseTopic { topic, code, text } => {
                let (topic, text) = (Word(topic), Quoted(text));
                write!(f, "refuse-topic topic={topic} code={code} text={text}")
            }
            Self::DuplicateFrame { count } => write!(f, "duplicate-frame{}", Counted(*count)),
            Self::GarbleFrame { count } => write!(f, "garble-frame{}", Counted(*count)),
            Self::FragmentFrames { parts, count } => {
                write!(f, "fragment-frames parts={parts}{}", Counted(*count))
            }
            Self::TextFrames { count } => write!(f, "text-frames{}", Counted(*count)),
            Self::DeflateFrames { count } => write!(f, "deflate-frames{}", Counted(*count)),
            Self::ExpireTokens => f.write_str("expire-tokens"),
            Self::ClockSkew { by_ms } => write!(f, "clock-skew by={by_ms}ms"),
            Self::TokenRefuse {
                status,
                code,
                message,
            } => {
                let (code, message) = (Word(code), Quoted(message));
                write!(
                    f,
                    "token-refuse status={status} code={code} message={message}"
                )
            }
            Self::TokenRateLimit { reset } => {
                write!(f, "token-rate-limit reset={}", Millis(*reset))
            }
            Self::TokenServerError { status } => write!(f, "token-server-error status={status}"),
            Self::TokenSlow { by } => write!(f, "token-slow by={}", Millis(*by)),
            Self::TokenHtml => f.write_str("token-html"),
            Self::TokenTruncated => f.write_str("token-truncated"),
            Self::TokenCutBody => f.write_str("token-cut-body"),
            other => write_newer(other, f),
        }
    }
}

/// The other half, so that neither is too long to read.
fn write_newer(effect: &Effect, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match effect {
        Effect::Dial(fault) => write!(f, "{fault}"),
        Effect::Upgrade(fault) => write!(f, "{fault}"),
        Effect::TokenReply(reply) => write!(f, "{reply}"),
        Effect::Say(utterance) => write!(f, "{utterance}"),
        Effect::Limit(limit) => write!(f, "{limit}"),
        Effect::WelcomeId { id } => write!(f, "welcome-id id={}", Word(id)),
        Effect::RefuseConnection { code, text } => {
            write!(f, "refuse-connection code={code} text={}", Quoted(text))
        }
        Effect::RefuseRequests { code, text, count } => {
            let (text, count) = (Quoted(text), Counted(*count));
            write!(f, "refuse-requests code={code} text={text}{count}")
        }
        Effect::RefuseLogin { text } => write!(f, "refuse-login text={}", Quoted(text)),
        Effect::DropLogin => f.write_str("drop-login"),
        Effect::DoubleAcks { count } => write!(f, "double-acks{}", Counted(*count)),
        Effect::MisnameAcks { count } => write!(f, "misname-acks{}", Counted(*count)),
        Effect::QuoteAcks { count } => write!(f, "quote-acks{}", Counted(*count)),
        Effect::DropFrames { count } => write!(f, "drop-frames{}", Counted(*count)),
        Effect::SwapFrames { count } => write!(f, "swap-frames{}", Counted(*count)),
        Effect::DelayPongs { by, count } => {
            write!(f, "delay-pongs by={}{}", Millis(*by), Counted(*count))
        }
        Effect::MisnamePongs { count } => write!(f, "misname-pongs{}", Counted(*count)),
        Effect::StopReading => f.write_str("stop-reading"),
        Effect::LatePushes { pushes } => write!(f, "late-pushes pushes={pushes}"),
        Effect::DripFrames { by, count } => {
            write!(f, "drip-frames by={}{}", Millis(*by), Counted(*count))
        }
        Effect::InterleavePings { count } => write!(f, "interleave-pings{}", Counted(*count)),
        Effect::FlawedFrame { flaw, count } => {
            write!(f, "flawed-frame flaw={flaw}{}", Counted(*count))
        }
        Effect::MutateFrame {
            mutation,
            field,
            count,
        } => {
            write!(f, "mutate-frame how={mutation}")?;
            if let Some(field) = field {
                write!(f, " field={}", Word(field))?;
            }
            write!(f, "{}", Counted(*count))
        }
        // All others are written above.
        _ => Ok(()),
    }
}

impl Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Close { code, reason } => {
                write!(f, "cut how=close code={code} reason={}", Quoted(reason))
            }
            Self::Eof => f.write_str("cut how=eof"),
            Self::Reset => f.write_str("cut how=reset"),
        }
    }
}

struct Counted(Option<u32>);

impl Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(count) => write!(f, " count={count}"),
            None => f.write_str(" count=all"),
        }
    }
}

/// A duration in the unit that loses least.
pub(super) struct Millis(pub(super) Duration);

impl Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0.as_millis())
    }
}

/// Bytes as a script writes them.
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text in double quotes, with what would end it or the line escaped.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                control if control.is_control() => {
                    write!(f, "\\u{{{:x}}}", u32::from(control))?;
                }
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

/// A text as it is where it reads back so, else in quotes.
pub(super) struct Word<'a>(pub(super) &'a str);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
        if !self.0.is_empty() && !self.0.starts_with(['"', '\'']) && self.0.chars().all(plain) {
            return f.write_str(self.0);
        }
        write!(f, "{}", Quoted(self.0))
    }
}
