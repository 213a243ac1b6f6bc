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

impl Permission {
    /// Every permission with its name in KuCoin's API management.
    pub(crate) const ALL: [(Self, &str); 5] = [
        (Self::General, "General"),
        (Self::Spot, "Spot"),
        (Self::Margin, "Margin"),
        (Self::Futures, "Futures"),
        (Self::Unified, "Unified"),
    ];

    /// Returns `true` if a key with these permissions has this one.
    pub(crate) fn is_granted(self, granted: KeyPermissions) -> bool {
        match granted {
            KeyPermissions::All | KeyPermissions::Withdrawal => true,
            KeyPermissions::General => self == Self::General,
            KeyPermissions::NoSpot => self != Self::Spot,
            KeyPermissions::NoMargin => self != Self::Margin,
            KeyPermissions::NoFutures => self != Self::Futures,
            KeyPermissions::NoUnified => self != Self::Unified,
        }
    }
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
    pub(crate) key_version: u8,
    pub(crate) ip_list: &'a str,
}

/// Settings of the REST API that faults can change at run time.
#[derive(Debug, Clone)]
pub(crate) struct RestSettings {
    pub(crate) quotas: Quotas,
    pub(crate) permissions: KeyPermissions,
    pub(crate) account_mode: AccountMode,
    pub(crate) symbol_required: bool,
    /// Version of the API key that requests must name; `None` if both are accepted.
    pub(crate) key_version: Option<u8>,
    /// IP addresses that may use the API key, with commas; empty if all may.
    pub(crate) ip_list: String,
    /// Refusal of every signed request.
    pub(crate) refusal: Option<ApiError>,
    /// HTTP status of the HTML page that answers every request.
    pub(crate) html_status: Option<u16>,
}

/// The address of all clients.
const CLIENT: &str = "127.0.0.1";

impl Default for RestSettings {
    fn default() -> Self {
        Self {
            quotas: Quotas::default(),
            permissions: KeyPermissions::default(),
            account_mode: AccountMode::default(),
            symbol_required: false,
            key_version: None,
            ip_list: CLIENT.to_owned(),
            refusal: None,
            html_status: None,
        }
    }
}

impl RestSettings {
    /// Checks the version of the key that a signed request names, the address of its sender, and the account.
    pub(crate) fn check_key(&self, version: Option<&str>) -> Result<(), ApiError> {
        let is_other = |known: u8| version != Some(known.to_string().as_str());
        if self.key_version.is_some_and(is_other) {
            let message = "KC-API-KEY-VERSION is invalid";
            return Err(ApiError::new(401, "400009", message));
        }
        let mut allowed = self.ip_list.split(',').map(str::trim);
        if !self.ip_list.is_empty() && !allowed.any(|address| address == CLIENT) {
            let message = "The requested ip address is not in the api whitelist";
            return Err(ApiError::new(401, "400006", message));
        }
        self.refusal.clone().map_or(Ok(()), Err)
    }

    /// Checks the permissions of the key and the mode of the account.
    pub(crate) fn check(&self, endpoint: &Endpoint) -> Result<(), ApiError> {
        if !endpoint.permission.is_granted(self.permissions) {
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
