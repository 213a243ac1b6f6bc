//! The read half of KuCoin's REST API: its endpoints, and what they return.
//!
//! A family of endpoints is one file: a table of [`Endpoint`]s, and the functions that write their rows.

mod account;
mod futures;
mod history;
mod margin;
mod margin_accounts;
mod paging;
mod query;
mod quota;
mod spot;
mod stops;
#[cfg(test)]
mod tests;
mod unified;

pub(crate) use history::{DEFAULT_ROWS, Delays, History};
pub(crate) use query::Query;
pub(crate) use quota::{Quota, Quotas};

use crate::credentials::ApiError;
use crate::engine::{Engine, Host};
use crate::fault::{AccountMode, KeyPermissions, RestPool};
use crate::stats::ServedMarket;
use query::decode;

/// The endpoints of all families.
const FAMILIES: &[&[Endpoint]] = &[
    account::ENDPOINTS,
    spot::ENDPOINTS,
    stops::ENDPOINTS,
    margin::ENDPOINTS,
    margin_accounts::ENDPOINTS,
    futures::ENDPOINTS,
    unified::ENDPOINTS,
];

/// One endpoint that answers GET requests.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The host that serves the endpoint.
    pub(crate) host: Host,
    /// The path; a last segment in braces, such as `{id}`, stands for any text.
    pub(crate) path: &'static str,
    pub(crate) pool: RestPool,
    pub(crate) weight: u32,
    pub(crate) permission: Permission,
    /// Returns the JSON text of `data`.
    pub(crate) answer: Write,
}

/// The JSON text of `data`, or why the query is refused.
type Answer = Result<String, ApiError>;
type Write = fn(&Ask<'_>) -> Answer;

impl Endpoint {
    /// Creates an endpoint for keys with any permission.
    const fn new(pool: RestPool, path: &'static str, weight: u32, answer: Write) -> Self {
        let host = match pool {
            RestPool::Futures => Host::Futures,
            RestPool::Spot | RestPool::Management | RestPool::Unified => Host::Spot,
        };
        Self {
            host,
            path,
            pool,
            weight,
            permission: Permission::General,
            answer,
        }
    }
}

/// Permission of the API key that an endpoint requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    General,
    Spot,
    Margin,
    Futures,
    Unified,
}

/// A query for an endpoint, and what the answer is made from.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) query: &'a Query,
    /// The last segment of the path, decoded; empty if the path has none in braces.
    pub(crate) segment: String,
    pub(crate) history: &'a History,
    pub(crate) engine: &'a Engine,
    pub(crate) now_ms: u64,
    /// `true` if active HF orders need a symbol.
    pub(crate) symbol_required: bool,
    /// Number of rows by which numbered pages after the first are shifted.
    pub(crate) shift: usize,
    pub(crate) user: User<'a>,
}

/// The user of the account, and the API key that signed the query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User<'a> {
    pub(crate) id: &'a str,
    pub(crate) api_key: &'a str,
    pub(crate) permissions: KeyPermissions,
    pub(crate) account_mode: AccountMode,
}

/// Settings of the REST API that faults can change at run time.
#[derive(Debug, Clone, Default)]
pub(crate) struct RestSettings {
    pub(crate) quotas: Quotas,
    pub(crate) permissions: KeyPermissions,
    pub(crate) account_mode: AccountMode,
    pub(crate) symbol_required: bool,
}

impl RestSettings {
    /// Checks the permissions of the key and the mode of the account.
    pub(crate) fn check(&self, endpoint: &Endpoint) -> Result<(), ApiError> {
        if endpoint.permission != Permission::General && self.permissions != KeyPermissions::All {
            let message = "Access denied, require more permission.";
            return Err(ApiError::new(403, "400007", message));
        }
        if self.account_mode == AccountMode::Classic && endpoint.path.contains("/unified/") {
            let message = "Invalid Unified Account user.";
            return Err(ApiError::new(200, "112010", message));
        }
        Ok(())
    }
}

/// Finds the endpoint of a path, and the text of the segment in braces, on a port that serves `market`.
pub(crate) fn find(market: ServedMarket, path: &str) -> Option<(&'static Endpoint, String)> {
    // Both versions of the unified API have the same endpoints.
    let unified = path.strip_prefix("/api/ua/v2/");
    let unified = unified.map(|rest| format!("/api/ua/v1/{rest}"));
    let path = unified.as_deref().unwrap_or(path);
    let served = |endpoint: &&Endpoint| match market {
        ServedMarket::Both => true,
        ServedMarket::Spot => endpoint.host == Host::Spot,
        ServedMarket::Futures => endpoint.host == Host::Futures,
    };
    let endpoints = || FAMILIES.iter().copied().flatten().filter(served);
    if let Some(exact) = endpoints().find(|endpoint| endpoint.path == path) {
        return Some((exact, String::new()));
    }
    endpoints().find_map(|endpoint| {
        let (fixed, _) = endpoint.path.split_once('{')?;
        let segment = path.strip_prefix(fixed)?;
        let one = !segment.is_empty() && !segment.contains('/');
        one.then(|| (endpoint, decode(segment)))
    })
}

/// Joins JSON texts to an array.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    format!("[{}]", items.join(","))
}

/// Like [`list`]; `null` if it is empty.
fn list_or_null(items: impl Iterator<Item = String>) -> String {
    let text = list(items);
    if text == "[]" { NULL.to_owned() } else { text }
}

const NULL: &str = "null";
