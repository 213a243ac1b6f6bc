//! REST queries: signature, quota, permissions, faults and response.

use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;
use hyper::{Method, Request};

use super::faulty::{self, Body};
use super::reply::{self, Reply};
use super::{EndedByFault, SUCCESS, signature};
use crate::activity::Activity;
use crate::credentials::ApiError;
use crate::fault::{Effect, RestFault};
use crate::json::{Object, Raw};
use crate::rest::{self, Endpoint, Query, Quota};
use crate::shared::Shared;
use crate::stats::{RestQuery, ServedMarket};
use crate::sync::lock;

/// Answers a GET request for an endpoint of a port that serves `market`, and any other request with an error.
pub(super) async fn answer(
    (shared, market): (&Arc<Shared>, ServedMarket),
    request: Request<Incoming>,
) -> Result<Reply, EndedByFault> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let fired = lock(&shared.plan).rest_query(&path);
    let effects = shared.apply(fired);
    faulty::delay(&effects).await;
    let mut recorded = RestQuery {
        path,
        query,
        ..RestQuery::default()
    };
    if faulty::closes(&effects) {
        record(shared, recorded);
        return Err(EndedByFault);
    }
    let reply = match effects.iter().find_map(faulty::faulty_reply) {
        Some((reply, code)) => {
            recorded.code = code;
            reply
        }
        None => correct((shared, market), request, &effects, &mut recorded).await,
    };
    recorded.status = Some(reply.status().as_u16());
    record(shared, recorded);
    Ok(reply)
}

async fn correct(
    (shared, market): (&Arc<Shared>, ServedMarket),
    request: Request<Incoming>,
    effects: &[Effect],
    recorded: &mut RestQuery,
) -> Reply {
    let Some((endpoint, segment)) = rest::find(market, &recorded.path) else {
        "404".clone_into(&mut recorded.code);
        return reply::not_found();
    };
    let mut refuse = |refused: &ApiError| {
        refused.code.clone_into(&mut recorded.code);
        reply::error(refused)
    };
    if request.method() != Method::GET {
        return refuse(&reply::wrong_method(request.method()));
    }
    if let Err(refused) = check_signature(shared, request).await {
        return refuse(&refused);
    }
    let quota = match take_quota(shared, endpoint) {
        Ok(quota) => quota,
        Err(quota) => {
            let (reply, code) = faulty::rate_limited(quota);
            recorded.code = code;
            return reply;
        }
    };
    let reply = match data(shared, endpoint, segment, &recorded.query, effects) {
        Ok(data) => {
            SUCCESS.clone_into(&mut recorded.code);
            let body = Object::new()
                .field("code", SUCCESS)
                .field("data", Raw(&data));
            Body::with_effects(body.end(), effects).into_reply()
        }
        Err(refused) => refuse(&refused),
    };
    recorded.weight = endpoint.weight;
    reply::with_quota(reply, quota)
}

async fn check_signature(shared: &Shared, request: Request<Incoming>) -> Result<(), ApiError> {
    let (head, body) = request.into_parts();
    let body = signature::read_body(body).await?;
    signature::check(shared, &head, &body)
}

fn take_quota(shared: &Shared, endpoint: &Endpoint) -> Result<Quota, Quota> {
    let mut rest = lock(&shared.rest);
    rest.quotas
        .take(endpoint.pool, endpoint.weight, Instant::now())
}

/// Returns the `data` of the response.
fn data(
    shared: &Shared,
    endpoint: &Endpoint,
    segment: String,
    query: &str,
    effects: &[Effect],
) -> Result<String, ApiError> {
    let settings = lock(&shared.rest).clone();
    settings.check(endpoint)?;
    let shift = effects.iter().find_map(|effect| match effect {
        Effect::Rest(RestFault::ShiftPages { rows }) => usize::try_from(*rows).ok(),
        _ => None,
    });
    let query = Query::parse(query);
    let credentials = shared.current_credentials();
    let mut hub = lock(&shared.hub);
    let now_ms = shared.clock.now_ms();
    hub.history.advance(now_ms);
    let hub = &*hub;
    (endpoint.answer)(&rest::Ask {
        query: &query,
        segment,
        history: &hub.history,
        engine: &hub.engine,
        now_ms,
        symbol_required: settings.symbol_required,
        shift: shift.unwrap_or(0),
        user: rest::User {
            id: hub.user_id(),
            api_key: &credentials.key,
            permissions: settings.permissions,
            account_mode: settings.account_mode,
            key_version: settings.key_version.unwrap_or(3),
            ip_list: &settings.ip_list,
        },
    })
}

fn record(shared: &Shared, query: RestQuery) {
    shared.report(|| Activity::RestQuery {
        path: query.path.clone(),
        status: query.status,
        code: query.code.clone(),
        weight: query.weight,
    });
    shared.board.change(|stats| stats.rest_queries.push(query));
}
