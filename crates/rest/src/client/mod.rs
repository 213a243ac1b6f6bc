//! The client: sends queries within a rate limit budget, retries what is safe to retry, and follows pages.

mod budget;
mod classify;
mod gate;
mod prepared;
mod retry;
mod short;
mod stream;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use kucoin_streams_auth::rest::{HostRole, Quota, RequestLimits, RestTokens};
use kucoin_streams_core::{RetryPolicy, SourceError, explain};
use serde::Serialize;

use crate::{
    FailedQuery, PageProblem, Pool, Query, QueryError, QueryOf, RawPage, RestHost, UnifiedVersion,
};
use gate::Gate;
use retry::Retries;

pub use prepared::PreparedQuery;
pub use short::*;
pub use stream::RowStream;

/// A client for KuCoin's REST queries of one account. It never places, changes or cancels anything.
///
/// Clones are cheap and share the limits. Queries wait in order of arrival, at most four of a pool are sent at the same
/// time, and all together use at most a quarter of the quota that remains in each rate limit window, since the account's
/// orders are deducted from the same quota. What remains of a new window is unknown, so its first query goes alone; its
/// reply says how much the others may use. A query that is larger than this quarter is only sent first, and waits up to
/// five minutes if it would use more than half of what remained in the last window. If KuCoin reports that a quota is used up, all queries of its pool wait until
/// KuCoin's next window. To keep these limits, use one `Rest` per account.
///
/// Queries are repeated after a network failure (3 attempts) and while KuCoin is overloaded (6 attempts, 15 s in all).
/// Dropping the future of any method is cancel safe.
///
/// It must be used within a tokio runtime with I/O and time enabled.
#[derive(Clone)]
pub struct Rest {
    inner: Arc<RestInner>,
}

struct RestInner {
    /// `None` if the client sends nothing.
    tokens: Option<Arc<RestTokens>>,
    version: UnifiedVersion,
    limits: RequestLimits,
    spot: Gate,
    futures: Gate,
    management: Gate,
    unified: Gate,
    public: Gate,
    sent: AtomicU64,
    refused: AtomicU64,
}

/// Number of queries of a [`Rest`] client so far: see [`Rest::stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RestStats {
    /// Requests sent, repeated ones included.
    pub sent: u64,
    /// Requests that KuCoin refused: permissions, rate limits, overload, unknown orders.
    ///
    /// A request without a reply is not one of them.
    pub refused: u64,
}

/// A builder for [`Rest`], from [`Rest::builder`].
#[derive(Clone, Debug)]
pub struct RestBuilder {
    tokens: Arc<RestTokens>,
    settings: RestSettings,
}

#[derive(Clone, Debug)]
struct RestSettings {
    version: UnifiedVersion,
    max_reply_bytes: usize,
    time_limit: Duration,
    concurrency: usize,
    quota_percent: u32,
}

impl Default for RestSettings {
    fn default() -> Self {
        Self {
            version: UnifiedVersion::default(),
            max_reply_bytes: 8 * 1024 * 1024,
            time_limit: Duration::from_secs(10),
            concurrency: 4,
            quota_percent: 25,
        }
    }
}

impl RestInner {
    fn new(settings: RestSettings, tokens: Option<Arc<RestTokens>>) -> Self {
        let gate = |pool| Gate::new(pool, settings.concurrency, settings.quota_percent);
        Self {
            tokens,
            version: settings.version,
            limits: RequestLimits::new(settings.max_reply_bytes, settings.time_limit),
            spot: gate(Pool::Spot),
            futures: gate(Pool::Futures),
            management: gate(Pool::Management),
            unified: gate(Pool::Unified),
            public: gate(Pool::Public),
            sent: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }
}

impl RestBuilder {
    /// Sets the version of the REST API of a unified account. Default: [`UnifiedVersion::V1`].
    #[must_use]
    pub fn unified_version(mut self, version: UnifiedVersion) -> Self {
        self.settings.version = version;
        self
    }

    /// Sets the maximum length of a reply, in bytes. Default: 8 MiB.
    #[must_use]
    pub fn max_reply_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_reply_bytes = bytes;
        self
    }

    /// Sets the timeout of one request, from signing to the last byte of the reply. Default: 10 s.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time_limit = limit;
        self
    }

    /// Sets the number of requests of one pool that are sent at the same time. Default: 4; at least 1.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.settings.concurrency = requests;
        self
    }

    /// Sets the share of the remaining quota that queries may use in each window, in percent. Default: 25.
    ///
    /// The rest is for the account's orders and other programs.
    #[must_use]
    pub fn quota_percent(mut self, percent: u32) -> Self {
        self.settings.quota_percent = percent;
        self
    }

    /// Creates the client. No request is sent yet.
    pub fn build(self) -> Rest {
        Rest {
            inner: Arc::new(RestInner::new(self.settings, Some(self.tokens))),
        }
    }
}

impl Rest {
    /// Creates a client with the default settings.
    ///
    /// It shares hosts, signer and clock offset with the token source.
    pub fn new(tokens: Arc<RestTokens>) -> Self {
        Self::builder(tokens).build()
    }

    /// Returns a builder with the default settings.
    pub fn builder(tokens: Arc<RestTokens>) -> RestBuilder {
        RestBuilder {
            tokens,
            settings: RestSettings::default(),
        }
    }

    /// Creates a client that sends nothing: every query fails with [`QueryError::Unreachable`].
    ///
    /// It takes the place of a client if there is nothing to sign with.
    pub fn disabled() -> Self {
        Self {
            inner: Arc::new(RestInner::new(RestSettings::default(), None)),
        }
    }

    /// Returns the rate limit of a pool as the last reply of a query stated it; `None` if no reply did.
    ///
    /// KuCoin sends it in the headers `gw-ratelimit-limit`, `gw-ratelimit-remaining` and `gw-ratelimit-reset`. Other
    /// programs of the same account use the same quota.
    pub fn quota(&self, pool: Pool) -> Option<Quota> {
        self.gate(pool).last_quota()
    }

    /// Returns the token source; `None` if the client is [`disabled`](Self::disabled).
    pub fn tokens(&self) -> Option<&Arc<RestTokens>> {
        self.inner.tokens.as_ref()
    }

    /// Returns the number of queries so far.
    pub fn stats(&self) -> RestStats {
        RestStats {
            sent: self.inner.sent.load(Relaxed),
            refused: self.inner.refused.load(Relaxed),
        }
    }

    /// Sends a query and returns the rows of the first page only.
    ///
    /// For all rows, use [`all`](Self::all) or [`rows`](Self::rows).
    ///
    /// # Errors
    /// Returns a [`QueryError`] if there is no readable page.
    pub async fn fetch<Q: QueryOf>(&self, query: Q) -> Result<Vec<Q::Row>, QueryError> {
        let query = query.into();
        let page = self.execute(&query).await?;
        let rows = page.rows();
        rows.map_err(|error| QueryError::of_row(self.failed(&query), &error))
    }

    /// Sends a query with at most one row, such as an order by its ID; `None` if KuCoin does not know it.
    ///
    /// # Errors
    /// Returns a [`QueryError`] if there is no readable page.
    pub async fn one<Q: QueryOf>(&self, query: Q) -> Result<Option<Q::Row>, QueryError> {
        match self.fetch(query).await {
            Ok(rows) => Ok(rows.into_iter().next()),
            Err(QueryError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns all rows of a query as a stream, page by page.
    pub fn rows<Q: QueryOf>(&self, query: Q) -> RowStream<Q::Row> {
        RowStream::new(self.clone(), query.into())
    }

    /// Returns all rows of a query, from all pages.
    ///
    /// # Errors
    /// Returns the first [`QueryError`]; the rows before it are lost. To keep them, use [`rows`](Self::rows).
    pub async fn all<Q: QueryOf>(&self, query: Q) -> Result<Vec<Q::Row>, QueryError> {
        self.rows(query).collect().await
    }

    /// Sends a query of any type and returns one page with its rows as JSON.
    ///
    /// [`RawPage::next_query`] returns the query of the next page.
    ///
    /// # Errors
    /// Returns a [`QueryError`] if there is no readable page.
    pub async fn execute(&self, query: &Query) -> Result<RawPage, QueryError> {
        self.execute_bounded(query, None).await
    }

    /// Sends a query, unless it must wait for the rate limit longer than `max_wait`.
    ///
    /// For the rest like [`execute`](Self::execute): the time for replies and for retries is not limited by `max_wait`.
    ///
    /// # Errors
    /// Returns [`QueryError::RateLimited`] at once if the wait is known to be longer, or another [`QueryError`] if there
    /// is no readable page.
    pub async fn execute_within(
        &self,
        query: &Query,
        max_wait: Duration,
    ) -> Result<RawPage, QueryError> {
        self.execute_bounded(query, Some(max_wait)).await
    }

    async fn execute_bounded(
        &self,
        query: &Query,
        max_wait: Option<Duration>,
    ) -> Result<RawPage, QueryError> {
        let mut retries = Retries::default();
        loop {
            let error = match self.attempt(query, max_wait).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let Some(delay) = retries.delay_after(&error) else {
                return Err(error);
            };
            let error = explain(&error, error.remedy().as_deref());
            tracing::debug!(?delay, error, "the query is repeated");
            tokio::time::sleep(delay).await;
        }
    }

    async fn attempt(
        &self,
        query: &Query,
        max_wait: Option<Duration>,
    ) -> Result<RawPage, QueryError> {
        let endpoint = query.endpoint();
        let Some(tokens) = &self.inner.tokens else {
            return Err(self.is_disabled(query));
        };
        let gate = self.gate(endpoint.pool());
        let entered = gate.enter(endpoint.weight(), max_wait).await;
        let entered = entered.map_err(|reset| QueryError::RateLimited {
            query: self.failed(query),
            reset,
        })?;
        let path = query.path_and_query(self.inner.version);
        let host = endpoint.host().into();
        self.inner.sent.fetch_add(1, Relaxed);
        let reply = tokens.get(host, &path, self.inner.limits).await;
        let reply = reply.map_err(|error| classify::no_reply(self.failed(query), error))?;
        let (status, quota) = (reply.status(), reply.quota());
        tracing::debug!(path = endpoint.path(), status, ?quota, "query answered");
        if let Some(quota) = quota {
            entered.correct(quota);
        }
        let read = match query.read(reply.into_body()) {
            Ok(page) if (200..300).contains(&status) => {
                if quota.is_none() {
                    entered.assume_quota();
                }
                return Ok(page);
            }
            Ok(_) => PageProblem::Unreadable {
                reason: "the reply has rows, but an error status".into(),
                excerpt: "".into(),
            },
            Err(problem) => problem,
        };
        if let PageProblem::Refused { .. } = &read {
            self.inner.refused.fetch_add(1, Relaxed);
        }
        let error = classify::not_a_page(self.failed(query), status, quota, read);
        if let QueryError::RateLimited { reset, .. } = &error {
            entered.pause(*reset);
        }
        Err(error)
    }

    /// Returns the description of a query for its error.
    fn failed(&self, query: &Query) -> FailedQuery {
        let endpoint = query.endpoint();
        let role = HostRole::from(endpoint.host());
        let tokens = self.inner.tokens.as_ref();
        let host = tokens.and_then(|tokens| tokens.host_name(role).ok());
        let host = host.unwrap_or_else(|| role.to_string());
        FailedQuery::new(endpoint, self.inner.version, &host)
    }

    fn is_disabled(&self, query: &Query) -> QueryError {
        let message =
            "the REST client is disabled, because the source of connection tokens is your own";
        let source = SourceError::new(RetryPolicy::Fatal, message)
            .with_remedy("set a REST client with `KucoinBuilder::rest`");
        QueryError::Unreachable {
            query: self.failed(query),
            source: Arc::new(source),
        }
    }

    fn gate(&self, pool: Pool) -> &Gate {
        match pool {
            Pool::Spot => &self.inner.spot,
            Pool::Futures => &self.inner.futures,
            Pool::Management => &self.inner.management,
            Pool::Unified => &self.inner.unified,
            Pool::Public => &self.inner.public,
        }
    }
}

impl From<RestHost> for HostRole {
    fn from(host: RestHost) -> Self {
        match host {
            RestHost::Spot => Self::SpotRest,
            RestHost::Futures => Self::FuturesRest,
        }
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest")
            .field("tokens", &self.inner.tokens)
            .field("unified_version", &self.inner.version)
            .finish_non_exhaustive()
    }
}
