//! The rows of the effects that stand by themselves.

use super::Cut;
use super::Effect;
use super::script::{Row, ScriptProblem, read_status};
use super::settings::Settings;

/// On a connection at any time.
pub(super) const SOCKET: &[Row] = &[
    ("cut", &["how", "code", "reason", "times"], read_cut),
    ("reset-mid-frame", &["times"], |_| Ok(Effect::ResetMidFrame)),
    ("half-open", &["times"], |_| Ok(Effect::HalfOpen)),
    ("swallow-pongs", &["count", "times"], |s| {
        Ok(Effect::SwallowPongs {
            count: s.count(None)?,
        })
    }),
    ("delay-acks", &["by", "count", "times"], |s| {
        Ok(Effect::DelayAcks {
            by: s.duration("by")?,
            count: s.count(None)?,
        })
    }),
    ("drop-acks", &["count", "times"], |s| {
        Ok(Effect::DropAcks {
            count: s.count(None)?,
        })
    }),
    ("refuse-topic", &["topic", "code", "text", "times"], |s| {
        let topic = s.required("topic")?;
        let code = s.number("code", 404, "a code such as 403")?;
        let text = s.text("text", &format!("topic {topic} is not found"));
        Ok(Effect::RefuseTopic { topic, code, text })
    }),
    ("duplicate-frame", &["count", "times"], |s| {
        Ok(Effect::DuplicateFrame {
            count: s.count(Some(1))?,
        })
    }),
    ("garble-frame", &["count", "times"], |s| {
        Ok(Effect::GarbleFrame {
            count: s.count(Some(1))?,
        })
    }),
    ("fragment-frames", &["parts", "count", "times"], |s| {
        let parts = s.number("parts", 3, "a number of fragments")?;
        Ok(Effect::FragmentFrames {
            parts,
            count: s.count(None)?,
        })
    }),
    ("text-frames", &["count", "times"], |s| {
        Ok(Effect::TextFrames {
            count: s.count(None)?,
        })
    }),
    ("deflate-frames", &["count", "times"], |s| {
        Ok(Effect::DeflateFrames {
            count: s.count(None)?,
        })
    }),
    ("delay-pongs", &["by", "count", "times"], |s| {
        Ok(Effect::DelayPongs {
            by: s.duration("by")?,
            count: s.count(None)?,
        })
    }),
    ("misname-pongs", &["count", "times"], |s| {
        Ok(Effect::MisnamePongs {
            count: s.count(None)?,
        })
    }),
    ("double-acks", &["count", "times"], |s| {
        Ok(Effect::DoubleAcks {
            count: s.count(None)?,
        })
    }),
    ("misname-acks", &["count", "times"], |s| {
        Ok(Effect::MisnameAcks {
            count: s.count(None)?,
        })
    }),
    ("quote-acks", &["count", "times"], |s| {
        Ok(Effect::QuoteAcks {
            count: s.count(None)?,
        })
    }),
    (
        "refuse-requests",
        &["code", "text", "count", "times"],
        |s| {
            Ok(Effect::RefuseRequests {
                code: s.number("code", 509, "a code such as 509")?,
                text: s.text("text", "exceed max permits per second"),
                count: s.count(Some(1))?,
            })
        },
    ),
    ("stop-reading", &["times"], |_| Ok(Effect::StopReading)),
    ("late-pushes", &["pushes", "times"], |s| {
        let pushes = s.number("pushes", 1, "a number of pushes")?;
        Ok(Effect::LatePushes { pushes })
    }),
    ("drop-frames", &["count", "times"], |s| {
        Ok(Effect::DropFrames {
            count: s.count(Some(1))?,
        })
    }),
    ("swap-frames", &["count", "times"], |s| {
        Ok(Effect::SwapFrames {
            count: s.count(Some(1))?,
        })
    }),
    ("drip-frames", &["by", "count", "times"], |s| {
        Ok(Effect::DripFrames {
            by: s.duration("by")?,
            count: s.count(Some(1))?,
        })
    }),
    ("interleave-pings", &["count", "times"], |s| {
        Ok(Effect::InterleavePings {
            count: s.count(None)?,
        })
    }),
];

/// On the login of a Pro V2 connection.
pub(super) const LOGIN: &[Row] = &[
    ("refuse-login", &["text", "times"], |s| {
        let text = s.text("text", "Invalid KC-API-SIGN");
        Ok(Effect::RefuseLogin { text })
    }),
    ("drop-login", &["times"], |_| Ok(Effect::DropLogin)),
];

/// On a connection while it opens.
pub(super) const OPENING: &[Row] = &[
    ("delay-welcome", &["by", "times"], |s| {
        Ok(Effect::DelayWelcome {
            by: s.duration("by")?,
        })
    }),
    ("drop-welcome", &["times"], |_| Ok(Effect::DropWelcome)),
    ("welcome-id", &["id", "times"], |s| {
        let id = s.text("id", "stranger");
        Ok(Effect::WelcomeId { id })
    }),
    ("refuse-connection", &["code", "text", "times"], |s| {
        Ok(Effect::RefuseConnection {
            code: s.number("code", 509, "a code such as 509")?,
            text: s.text("text", "exceed max session count limitation of 800"),
        })
    }),
];

/// On the exchange as a whole.
pub(super) const EXCHANGE: &[Row] = &[
    ("expire-tokens", &["times"], |_| Ok(Effect::ExpireTokens)),
    ("clock-skew", &["by", "times"], |s| {
        Ok(Effect::ClockSkew {
            by_ms: s.signed_ms("by")?,
        })
    }),
];

/// On the answer to a token request.
pub(super) const TOKEN: &[Row] = &[
    (
        "token-refuse",
        &["status", "code", "message", "times"],
        |s| {
            Ok(Effect::TokenRefuse {
                status: read_status(s, 401)?,
                code: s.text("code", "400003"),
                message: s.text("message", "KC-API-KEY not exists"),
            })
        },
    ),
    ("token-rate-limit", &["reset", "times"], |s| {
        Ok(Effect::TokenRateLimit {
            reset: s.duration("reset")?,
        })
    }),
    ("token-server-error", &["status", "times"], |s| {
        Ok(Effect::TokenServerError {
            status: read_status(s, 503)?,
        })
    }),
    ("token-slow", &["by", "times"], |s| {
        Ok(Effect::TokenSlow {
            by: s.duration("by")?,
        })
    }),
    ("token-html", &["times"], |_| Ok(Effect::TokenHtml)),
    ("token-truncated", &["times"], |_| {
        Ok(Effect::TokenTruncated)
    }),
    ("token-cut-body", &["times"], |_| Ok(Effect::TokenCutBody)),
];

fn read_cut(settings: &mut Settings) -> Result<Effect, ScriptProblem> {
    let how = settings.text("how", "close");
    Ok(Effect::Cut(match how.as_str() {
        "close" => Cut::Close {
            code: settings.number("code", 1001, "a close code such as 1001")?,
            reason: settings.text("reason", ""),
        },
        "eof" => Cut::Eof,
        "reset" => Cut::Reset,
        _ => {
            return Err(ScriptProblem::Value {
                setting: "how",
                found: how,
                expected: "close, eof or reset",
            });
        }
    }))
}
