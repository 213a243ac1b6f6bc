//! The token endpoints: signature check, faults and response.

use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};

use super::faulty::{self, Body};
use super::reply::{self, Reply};
use super::{EndedByFault, PRO_TOKEN_PATH, PUBLIC_TOKEN_PATH, SUCCESS, signature};
use crate::activity::Activity;
use crate::clock;
use crate::credentials::ApiError;
use crate::fault::{Effect, TokenReply};
use crate::json::{Object, Raw};
use crate::rest::Quota;
use crate::shared::Shared;
use crate::socket::Control;
use crate::stats::{ServedMarket, TokenRequest};
use crate::sync::lock;
use crate::tokens::Scope;

/// The quota headers of a token response; token requests are not limited.
const TOKEN_QUOTA: Quota = Quota {
    limit: 2_000,
    remaining: 1_990,
    reset_ms: 30_000,
};

pub(super) async fn answer(
    (shared, market): (&Arc<Shared>, ServedMarket),
    control: &Control,
    request: Request<Incoming>,
) -> Result<Reply, EndedByFault> {
    let fired = lock(&shared.plan).token_request();
    let effects = shared.apply(fired);
    faulty::delay(&effects).await;
    if faulty::closes(&effects) {
        return Err(EndedByFault);
    }
    let (mut reply, code) = match effects.iter().find_map(faulty::faulty_reply) {
        Some(faulty) => faulty,
        None => match issue((shared, market), request, &effects).await {
            Ok(body) => {
                let reply = Body::with_effects(body, &effects).into_reply();
                (reply::with_quota(reply, TOKEN_QUOTA), SUCCESS.to_owned())
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
    let body = signature::read_body(body).await?;
    if scope != Scope::Public {
        signature::check(shared, &head, &body)?;
    }
    let token = lock(&shared.tokens).issue(scope, market, clock::now_ms());
    shared.board.change(|stats| stats.tokens_issued += 1);
    let data = match scope {
        // Without the address of the Pro V2 endpoint: it is fixed.
        Scope::Pro => Object::new().field("token", &*token).end(),
        Scope::Private | Scope::Public => with_servers((shared, market), &token, effects),
    };
    Ok(Object::new()
        .field("code", SUCCESS)
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
