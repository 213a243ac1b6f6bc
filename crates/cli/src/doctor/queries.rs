//! The REST queries of recovery, and the rate limits that they leave.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::rest::{
    self, FailedQuery, Pool, Query, QueryError, QueryOf, RawPage, RestHost, TradeType,
    UnifiedVersion,
};
use kucoin_streams::{RetryPolicy, SourceError, WsKey};
use tokio::time::timeout;

use super::Doctor;
use super::finding::{Finding, is_of_account};
use super::report::{CauseId, Check, Subject};

/// Shortest time limit of a query: while KuCoin is overloaded, it is repeated for 15 s.
const MIN_QUERY_TIME: Duration = Duration::from_secs(20);

const QUERY: &str = "query";

/// An order that does not exist: KuCoin answers that it is unknown, so the query is allowed.
const NO_ORDER: &str = "000000000000000000000000";
const SYMBOL: &str = "BTC-USDT";
const CONTRACT: &str = "XBTUSDTM";

/// The pools of the queries.
const POOLS: [Pool; 4] = [Pool::Spot, Pool::Futures, Pool::Management, Pool::Unified];

/// A query of recovery, and what recovery misses without it.
type Part = (Query, &'static str);

/// Lists queries, each with what recovery misses without it.
macro_rules! parts {
    ($($query:expr => $part:literal,)+) => { vec![$(($query.into(), $part)),+] };
}

fn spot_parts() -> Vec<Part> {
    let margin = || TradeType::CrossMargin;
    parts! {
        rest::SpotActiveSymbols::new() => "symbols with open spot orders",
        rest::SpotOpenOrders::new() => "open spot orders",
        rest::SpotDoneOrders::new(SYMBOL) => "done spot orders",
        rest::SpotOrderById::new(NO_ORDER, SYMBOL) => "ends of spot orders",
        rest::SpotFills::new(SYMBOL) => "spot fills",
        rest::SpotLedger::new() => "balance changes by spot trades",
        rest::StopOrderList::new() => "spot stop orders",
        rest::StopOrderById::new(NO_ORDER) => "ends of spot stop orders",
        rest::MarginActiveSymbols::new(margin()) => "symbols with open margin orders",
        rest::MarginOpenOrders::new(SYMBOL, margin()) => "open margin orders",
        rest::MarginDoneOrders::new(SYMBOL, margin()) => "done margin orders",
        rest::MarginOrderById::new(NO_ORDER, SYMBOL, margin()) => "ends of margin orders",
        rest::MarginFills::new(SYMBOL, margin()) => "margin fills",
        rest::MarginStopOrders::new() => "margin stop orders",
        rest::MarginLedger::new() => "balance changes by margin trades",
        rest::CrossMarginAccount::new() => "cross-margin account",
        rest::IsolatedMarginAccounts::new() => "isolated-margin accounts",
        rest::AccountList::new() => "balances",
        rest::AccountLedger::new() => "transfers, deposits and withdrawals",
    }
}

fn futures_parts() -> Vec<Part> {
    parts! {
        rest::FuturesOpenOrders::new() => "open futures orders",
        rest::FuturesDoneOrders::new() => "done futures orders",
        rest::FuturesRecentDoneOrders::new() => "done futures orders of the last 24 h",
        rest::FuturesOrderById::new(NO_ORDER) => "ends of futures orders",
        rest::FuturesOpenStops::new() => "futures stop orders",
        rest::FuturesRecentFills::new() => "futures fills of the last 24 h",
        rest::FuturesFillHistory::new() => "futures fills",
        rest::FuturesOpenPositions::new() => "futures positions",
        rest::FuturesClosedPositions::new() => "closed futures positions",
        rest::FuturesFunding::new(CONTRACT) => "funding settlements",
        rest::FuturesAccountOverview::new() => "futures account",
        rest::ClassicBalance::new("FUTURES") => "futures wallet",
        rest::FuturesMarginModeOf::new(CONTRACT) => "futures margin modes",
        rest::FuturesLeverageOf::new(CONTRACT) => "futures leverage",
    }
}

fn unified_parts() -> Vec<Part> {
    let futures = "FUTURES";
    parts! {
        rest::UnifiedOpenOrders::new(futures) => "open orders",
        rest::UnifiedOrderHistory::new(futures) => "done orders",
        rest::UnifiedOrderDetail::new(futures, CONTRACT).order_id(NO_ORDER)  => "ends of orders",
        rest::UnifiedFills::new(futures) => "fills",
        rest::UnifiedPositions::new() => "positions",
        rest::UnifiedPositionHistory::new() => "closed positions",
        rest::UnifiedFunding::new() => "funding settlements",
        rest::UnifiedBalance::new() => "balances",
        rest::ClassicBalance::new("FUNDING") => "balances of the funding account",
        rest::UnifiedLedger::new("UNIFIED") => "balance changes",
        rest::UnifiedOverview::new() => "risk ratio and margin",
        rest::UnifiedLeverage::new(futures, "CROSS") => "leverage",
    }
}

impl Doctor<'_> {
    /// Sends each query that recovery uses for these connections.
    pub(super) async fn check_queries(&mut self, needed: &[WsKey]) {
        self.report.group("Recovery over REST");
        for ws_key in needed {
            let parts = match *ws_key {
                WsKey::SpotPrivateV1 => spot_parts(),
                WsKey::FuturesPrivateV1 => futures_parts(),
                WsKey::PrivateProV2 => unified_parts(),
                _ => continue,
            };
            let subject = Subject {
                ws_key: Some(ws_key.as_str()),
                ..Subject::default()
            };
            // One line says it for all queries of the connection.
            match self.obstacle(*ws_key) {
                Some(cause) => self.report.skipped(Check::about(QUERY, subject), cause),
                None => self.check_parts(parts).await,
            }
        }
    }

    async fn check_parts(&mut self, parts: Vec<Part>) {
        let mut blocked_pools: Vec<(Pool, CauseId)> = Vec::new();
        for (query, part) in parts {
            let endpoint = query.endpoint();
            let check = Check::about(
                QUERY,
                Subject {
                    path: Some(endpoint.versioned_path(UnifiedVersion::V1)),
                    ..Subject::default()
                },
            );
            let down = match endpoint.host() {
                RestHost::Futures => self.futures_down,
                _ => self.spot_down.or(self.rest_down),
            };
            let blocked = blocked_pools
                .iter()
                .find(|(pool, _)| *pool == endpoint.pool());
            let blocked = blocked.map(|(_, cause)| *cause);
            if let Some(cause) = self.key_refused.or(down).or(blocked) {
                self.report.skipped(check, cause);
                continue;
            }
            self.report.begin(&check);
            let error = match self.ask(&query).await {
                Ok(_) => {
                    self.report.ok(check, part);
                    continue;
                }
                // KuCoin checks the permission before the parameters, and the order does not exist.
                Err(QueryError::NotFound { .. } | QueryError::BadParameter { .. })
                    if has_no_order(&query) =>
                {
                    self.report.ok(check, part);
                    continue;
                }
                Err(error) => error,
            };
            let finding = Finding::of_query(&error);
            if error.code() == Some("400007")
                && query.endpoint() == rest::FuturesRecentFills::ENDPOINT
            {
                let finding = finding.and(", so recovery reads the slower list of fills");
                self.report.warning(check, finding);
                continue;
            }
            let finding = finding.and(&format!(", so recovery would miss: {part}"));
            let cause = self.report.failed(check, finding);
            match &error {
                QueryError::RateLimited { .. } | QueryError::Overloaded { .. } => {
                    blocked_pools.push((endpoint.pool(), cause));
                }
                QueryError::Unreachable { .. } => match endpoint.host() {
                    RestHost::Futures => self.futures_down = Some(cause),
                    _ => self.spot_down = Some(cause),
                },
                _ if error.code().is_some_and(is_of_account) => self.key_refused = Some(cause),
                _ => {}
            }
        }
    }

    /// Sends a query, with a time limit that includes its retries.
    pub(super) async fn ask(&self, query: &Query) -> Result<RawPage, QueryError> {
        let limit = (2 * self.limit).max(MIN_QUERY_TIME);
        let page = timeout(limit, self.rest.execute_within(query, self.limit)).await;
        page.unwrap_or_else(|_| {
            let endpoint = query.endpoint();
            let host = self.tokens.host_name(endpoint.host().into());
            let host = host.unwrap_or_default();
            let message = format!("no reply within {limit:?}");
            Err(QueryError::Unreachable {
                query: FailedQuery::new(endpoint, UnifiedVersion::V1, &host),
                source: Arc::new(SourceError::new(RetryPolicy::Transient, message)),
            })
        })
    }

    /// Checks what the queries left of each rate limit.
    pub(super) fn check_rate_limits(&mut self) {
        self.report.group("Rate limits");
        for pool in POOLS {
            let Some(quota) = self.rest.quota(pool) else {
                continue;
            };
            let check = Check::about(
                "rate-limit",
                Subject {
                    pool: Some(pool.as_str()),
                    ..Subject::default()
                },
            );
            let of = quota
                .limit
                .map_or_else(String::new, |limit| format!(" of {limit}"));
            let (remaining, seconds) = (quota.remaining, quota.reset.as_secs_f64());
            let text = format!("{remaining}{of} remain for {seconds:.1} s");
            match quota.limit {
                Some(limit) if quota.remaining < limit / 4 => {
                    let text = format!(
                        "{text}: recovery takes at most a quarter of that, so it would be slow"
                    );
                    let finding = Finding::new(text).with_remedy(
                        "check which other programs of the account send many requests",
                    );
                    self.report.warning(check, finding);
                }
                _ => self.report.ok(check, text),
            }
        }
    }
}

fn has_no_order(query: &Query) -> bool {
    query.path_id() == Some(NO_ORDER) || query.param("orderId") == Some(NO_ORDER)
}
