//! Responses that a fault replaces or changes, to token requests and to REST queries.

use std::time::Duration;

use super::reply::{self, Reply};
use crate::credentials::ApiError;
use crate::fault::{Effect, RestFault, TokenReply};
use crate::rest::Quota;

/// Waits as long as the effects delay the response.
pub(super) async fn delay(effects: &[Effect]) {
    let delays = effects.iter().map(|effect| match effect {
        Effect::TokenSlow { by } | Effect::Rest(RestFault::Slow { by }) => *by,
        _ => Duration::ZERO,
    });
    let delay: Duration = delays.sum();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// Returns `true` if the connection closes without a response.
pub(super) fn closes(effects: &[Effect]) -> bool {
    let close = |effect: &Effect| {
        matches!(
            effect,
            Effect::TokenReply(TokenReply::Close) | Effect::Rest(RestFault::Close)
        )
    };
    effects.iter().any(close)
}

/// Returns HTTP status 429 with the quota headers, and its KuCoin code.
pub(super) fn rate_limited(quota: Quota) -> (Reply, String) {
    let message = "Too many requests in a short period of time, please retry later";
    let refused = ApiError::new(429, "429000", message);
    let reply = reply::with_quota(reply::error(&refused), quota);
    (reply, refused.code)
}

/// Returns the HTML page of a gateway or a captive portal.
pub(super) fn html_page(status: u16) -> Reply {
    let title = match status {
        200..=299 => "Log in to the network".to_owned(),
        _ => format!("{status} Service Temporarily Unavailable"),
    };
    let body = format!("<html><body><h1>{title}</h1></body></html>");
    reply::with_type(status, "text/html", body)
}

/// Returns the faulty responses that replace the correct one, with their KuCoin code.
pub(super) fn faulty_reply(effect: &Effect) -> Option<(Reply, String)> {
    Some(match effect {
        Effect::TokenRefuse {
            status,
            code,
            message,
        }
        | Effect::Rest(RestFault::Refuse {
            status,
            code,
            message,
        }) => {
            let refused = ApiError::new(*status, code, message);
            (reply::error(&refused), refused.code)
        }
        Effect::TokenRateLimit { reset } => {
            let reset_ms = u64::try_from(reset.as_millis()).unwrap_or(u64::MAX);
            let (mut reply, code) = rate_limited(Quota::exhausted(2_000, reset_ms));
            let seconds = reset_ms.div_ceil(1000);
            reply.headers_mut().insert("retry-after", seconds.into());
            (reply, code)
        }
        Effect::Rest(RestFault::RateLimit { reset }) => {
            let reset_ms = u64::try_from(reset.as_millis()).unwrap_or(u64::MAX);
            rate_limited(Quota::exhausted(4_000, reset_ms))
        }
        Effect::Rest(RestFault::Overload) => {
            let refused = ApiError::new(429, "429000", "Too many requests.");
            (reply::error(&refused), refused.code)
        }
        Effect::TokenServerError { status } | Effect::Rest(RestFault::ServerError { status }) => {
            (html_page(*status), String::new())
        }
        Effect::TokenHtml | Effect::Rest(RestFault::Html) => {
            let body = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>";
            (
                reply::with_type(200, "text/html", body.to_owned()),
                String::new(),
            )
        }
        Effect::TokenReply(TokenReply::Redirect { status, location }) => {
            (reply::redirect(*status, location), String::new())
        }
        Effect::TokenReply(TokenReply::Code { code, message }) => {
            let refused = ApiError::new(200, code, message);
            (reply::error(&refused), refused.code)
        }
        _ => return None,
    })
}

/// A response body, possibly changed by a fault.
pub(super) enum Body {
    Whole(String),
    Truncated(String),
    CutShort(String),
    Gzip(String),
}

impl Body {
    /// Returns the body after all effects on it.
    pub(super) fn with_effects(text: String, effects: &[Effect]) -> Self {
        effects.iter().fold(Self::Whole(text), Self::with_effect)
    }

    fn with_effect(self, effect: &Effect) -> Self {
        match (self, effect) {
            (Self::Whole(text), Effect::TokenTruncated | Effect::Rest(RestFault::Truncated)) => {
                Self::Truncated(text)
            }
            (Self::Whole(text), Effect::TokenCutBody | Effect::Rest(RestFault::CutBody)) => {
                Self::CutShort(text)
            }
            (Self::Whole(text), Effect::TokenReply(TokenReply::Gzip)) => Self::Gzip(text),
            (Self::Whole(text), Effect::TokenReply(TokenReply::Long { bytes })) => {
                let spaces = " ".repeat(usize::try_from(*bytes).unwrap_or_default());
                Self::Whole(spaces + &text)
            }
            (body, _) => body,
        }
    }

    pub(super) fn into_reply(self) -> Reply {
        match self {
            Self::Whole(text) => reply::json(200, text),
            Self::Truncated(mut text) => {
                text.truncate(text.len() / 2);
                reply::json(200, text)
            }
            Self::CutShort(text) => reply::cut_short(text),
            Self::Gzip(text) => reply::gzip_cut_short(&text),
        }
    }
}
