//! The token endpoints: signature check, faults and response.

use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};

use super::reply::{self, Reply};
use super::{EndedByFault, PRO_TOKEN_PATH, PUBLIC_TOKEN_PATH};
use crate::activity::Activity;
use crate::clock;
use crate::credentials::{self, ApiError, Signed};
use crate::fault::{Effect, TokenReply};
use crate::json::{Object, Raw};
use crate::shared::Shared;
use crate::socket::Control;
use crate::stats::{ServedMarket, TokenRequest};
use crate::sync::lock;
use crate::tokens::Scope;

/// Maximum size of a request body in bytes; a token request has nearly no body.
const MAX_BODY: usize = 16 * 1024;

pub(super) async fn answer(
    (shared, market): (&Arc<Shared>, ServedMarket),
    control: &Control,
    request: Request<Incoming>,
) -> Result<Reply, EndedByFault> {
    let fired = lock(&shared.plan).token_request();
    let effects = shared.apply(fired);
    for effect in &effects {
        if let Effect::TokenSlow { by } = effect {
            tokio::time::sleep(*by).await;
        }
    }
    if effects.contains(&Effect::TokenReply(TokenReply::Close)) {
        return Err(EndedByFault);
    }
    let (mut reply, code) = match effects.iter().find_map(faulty_reply) {
        Some(faulty) => faulty,
        None => match issue((shared, market), request, &effects).await {
            Ok(body) => {
                let body = effects
                    .iter()
                    .fold(Body::Whole(body), |body, effect| body.with_effect(effect));
                (
                    reply::with_quota(body.into_reply(), 1_990, 30_000),
                    "200000".to_owned(),
                )
            }
            Err(refused) => (reply::error(&refused), refused.code),
        },
    };
    let status = reply.status().as_u16();
    shared.report(|| Activity::TokenRequest {
        status,
        code: code.clone(),
    });
    shared
        .board
        .change(|stats| stats.token_requests.push(TokenRequest { status, code }));
    let drip = effects.iter().find_map(|effect| match effect {
        Effect::TokenReply(TokenReply::Drip { by }) => Some(*by),
        _ => None,
    });
    if let Some(by) = drip {
        // Later responses on this connection would drip as well.
        let close = HeaderValue::from_static("close");
        reply.headers_mut().insert(CONNECTION, close);
        control.drip(by);
    }
    Ok(reply)
}

/// Returns the faulty responses that need no token, with their KuCoin code.
fn faulty_reply(effect: &Effect) -> Option<(Reply, String)> {
    Some(match effect {
        Effect::TokenRefuse {
            status,
            code,
            message,
        } => {
            let refused = ApiError::new(*status, code, message);
            (reply::error(&refused), refused.code)
        }
        Effect::TokenRateLimit { reset } => {
            let message = "Too many requests in a short period of time, please retry later";
            let refused = ApiError::new(429, "429000", message);
            let reset_ms = u64::try_from(reset.as_millis()).unwrap_or(u64::MAX);
            let mut reply = reply::with_quota(reply::error(&refused), 0, reset_ms);
            reply
                .headers_mut()
                .insert("retry-after", reset_ms.div_ceil(1000).into());
            (reply, refused.code)
        }
        Effect::TokenServerError { status } => {
            let body = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>";
            let body = body.replace("503", &status.to_string());
            (reply::with_type(*status, "text/html", body), String::new())
        }
        Effect::TokenHtml => {
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
enum Body {
    Whole(String),
    Truncated(String),
    CutShort(String),
    Gzip(String),
}

impl Body {
    fn with_effect(self, effect: &Effect) -> Self {
        match (self, effect) {
            (Self::Whole(text), Effect::TokenTruncated) => Self::Truncated(text),
            (Self::Whole(text), Effect::TokenCutBody) => Self::CutShort(text),
            (Self::Whole(text), Effect::TokenReply(TokenReply::Gzip)) => Self::Gzip(text),
            (Self::Whole(text), Effect::TokenReply(TokenReply::Long { bytes })) => {
                let spaces = " ".repeat(usize::try_from(*bytes).unwrap_or_default());
                Self::Whole(spaces + &text)
            }
            (body, _) => body,
        }
    }

    fn into_reply(self) -> Reply {
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

async fn issue(
    (shared, market): (&Arc<Shared>, ServedMarket),
    request: Request<Incoming>,
    effects: &[Effect],
) -> Result<String, ApiError> {
    let (head, body) = request.into_parts();
    let scope = match head.uri.path() {
        PUBLIC_TOKEN_PATH => Scope::Public,
        PRO_TOKEN_PATH => Scope::Pro,
        _ => Scope::Private,
    };
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body
        .map_err(|_| ApiError::new(400, "400100", "Parameter Error"))?
        .to_bytes();
    if scope != Scope::Public {
        let path = head.uri.path_and_query().map_or("", |path| path.as_str());
        let signed = Signed {
            method: head.method.as_str(),
            path,
            body: &body,
        };
        credentials::check(
            &shared.credentials,
            &head.headers,
            signed,
            shared.skewed_now_ms(),
        )?;
    }
    let token = lock(&shared.tokens).issue(scope, market, clock::now_ms());
    shared.board.change(|stats| stats.tokens_issued += 1);
    let data = match scope {
        // Without the address of the Pro V2 endpoint: it is fixed.
        Scope::Pro => Object::new().field("token", &*token).end(),
        Scope::Private | Scope::Public => with_servers((shared, market), &token, effects),
    };
    Ok(Object::new()
        .field("code", "200000")
        .field("data", Raw(&data))
        .end())
}

/// Returns a V1 token and its WebSocket endpoint, or the endpoints that a fault sets.
fn with_servers(
    (shared, market): (&Shared, ServedMarket),
    token: &str,
    effects: &[Effect],
) -> String {
    let mut endpoints = vec![format!("{}/", shared.settings.base("ws", market))];
    for effect in effects {
        match effect {
            Effect::TokenReply(TokenReply::NoServers) => endpoints.clear(),
            Effect::TokenReply(TokenReply::Endpoint { url }) => endpoints = vec![url.clone()],
            Effect::TokenReply(TokenReply::ExtraEndpoint { url }) => {
                endpoints.insert(0, url.clone());
            }
            _ => {}
        }
    }
    let settings = &shared.settings;
    let servers: Vec<String> = endpoints
        .iter()
        .map(|endpoint| {
            Object::new()
                .field("endpoint", endpoint)
                .field("encrypt", settings.tls)
                .field("protocol", "websocket")
                .field("pingInterval", settings.ping_interval.as_millis())
                .field("pingTimeout", settings.ping_timeout.as_millis())
                .end()
        })
        .collect();
    Object::new()
        .field("token", token)
        .field("instanceServers", Raw(&format!("[{}]", servers.join(","))))
        .end()
}
