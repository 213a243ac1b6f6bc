//! The REST queries of recovery, and the rate limits that they leave.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::auth::rest::HostRole;
use kucoin_streams::rest::{
    AccountLedger, AccountList, ClassicBalance, CrossMarginAccount, FailedQuery,
    FuturesAccountOverview, FuturesClosedPositions, FuturesDoneOrders, FuturesFillHistory,
    FuturesFunding, FuturesLeverageOf, FuturesMarginModeOf, FuturesOpenOrders,
    FuturesOpenPositions, FuturesOpenStops, FuturesOrderById, FuturesRecentDoneOrders,
    FuturesRecentFills, IsolatedMarginAccounts, MarginActiveSymbols, MarginDoneOrders, MarginFills,
    MarginLedger, MarginOpenOrders, MarginOrderById, MarginStopOrders, Pool, Query, QueryError,
    QueryOf, RawPage, RestHost, SpotActiveSymbols, SpotDoneOrders, SpotFills, SpotLedger,
    SpotOpenOrders, SpotOrderById, StopOrderById, StopOrderList, TradeType, UnifiedBalance,
    UnifiedFills, UnifiedFunding, UnifiedLedger, UnifiedLeverage, UnifiedOpenOrders,
    UnifiedOrderDetail, UnifiedOrderHistory, UnifiedOverview, UnifiedPositionHistory,
    UnifiedPositions, UnifiedVersion,
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

fn spot_parts() -> Vec<Part> {
    let margin = || TradeType::CrossMargin;
    vec![
        (
            SpotActiveSymbols::new().into(),
            "symbols with open spot orders",
        ),
        (SpotOpenOrders::new().into(), "open spot orders"),
        (SpotDoneOrders::new(SYMBOL).into(), "done spot orders"),
        (
            SpotOrderById::new(NO_ORDER, SYMBOL).into(),
            "ends of spot orders",
        ),
        (SpotFills::new(SYMBOL).into(), "spot fills"),
        (SpotLedger::new().into(), "balance changes by spot trades"),
        (StopOrderList::new().into(), "spot stop orders"),
        (
            StopOrderById::new(NO_ORDER).into(),
            "ends of spot stop orders",
        ),
        (
            MarginActiveSymbols::new(margin()).into(),
            "symbols with open margin orders",
        ),
        (
            MarginOpenOrders::new(SYMBOL, margin()).into(),
            "open margin orders",
        ),
        (
            MarginDoneOrders::new(SYMBOL, margin()).into(),
            "done margin orders",
        ),
        (
            MarginOrderById::new(NO_ORDER, SYMBOL, margin()).into(),
            "ends of margin orders",
        ),
        (MarginFills::new(SYMBOL, margin()).into(), "margin fills"),
        (MarginStopOrders::new().into(), "margin stop orders"),
        (
            MarginLedger::new().into(),
            "balance changes by margin trades",
        ),
        (CrossMarginAccount::new().into(), "cross-margin account"),
        (
            IsolatedMarginAccounts::new().into(),
            "isolated-margin accounts",
        ),
        (AccountList::new().into(), "balances"),
        (
            AccountLedger::new().into(),
            "transfers, deposits and withdrawals",
        ),
    ]
}

fn futures_parts() -> Vec<Part> {
    vec![
        (FuturesOpenOrders::new().into(), "open futures orders"),
        (FuturesDoneOrders::new().into(), "done futures orders"),
        (
            FuturesRecentDoneOrders::new().into(),
            "done futures orders of the last 24 h",
        ),
        (
            FuturesOrderById::new(NO_ORDER).into(),
            "ends of futures orders",
        ),
        (FuturesOpenStops::new().into(), "futures stop orders"),
        (
            FuturesRecentFills::new().into(),
            "futures fills of the last 24 h",
        ),
        (FuturesFillHistory::new().into(), "futures fills"),
        (FuturesOpenPositions::new().into(), "futures positions"),
        (
            FuturesClosedPositions::new().into(),
            "closed futures positions",
        ),
        (FuturesFunding::new(CONTRACT).into(), "funding settlements"),
        (FuturesAccountOverview::new().into(), "futures account"),
        (ClassicBalance::new("FUTURES").into(), "futures wallet"),
        (
            FuturesMarginModeOf::new(CONTRACT).into(),
            "futures margin modes",
        ),
        (FuturesLeverageOf::new(CONTRACT).into(), "futures leverage"),
    ]
}

fn unified_parts() -> Vec<Part> {
    let futures = "FUTURES";
    vec![
        (UnifiedOpenOrders::new(futures).into(), "open orders"),
        (UnifiedOrderHistory::new(futures).into(), "done orders"),
        (
            UnifiedOrderDetail::new(futures, CONTRACT)
                .order_id(NO_ORDER)
                .into(),
            "ends of orders",
        ),
        (UnifiedFills::new(futures).into(), "fills"),
        (UnifiedPositions::new().into(), "positions"),
        (UnifiedPositionHistory::new().into(), "closed positions"),
        (UnifiedFunding::new().into(), "funding settlements"),
        (UnifiedBalance::new().into(), "balances"),
        (
            ClassicBalance::new("FUNDING").into(),
            "balances of the funding account",
        ),
        (UnifiedLedger::new("UNIFIED").into(), "balance changes"),
        (UnifiedOverview::new().into(), "risk ratio and margin"),
        (UnifiedLeverage::new(futures, "CROSS").into(), "leverage"),
    ]
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
                _ => self.spot_down,
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
            if error.code() == Some("400007") && query.endpoint() == FuturesRecentFills::ENDPOINT {
                let text = format!(
                    "{}, so recovery reads the slower list of fills",
                    finding.message
                );
                let finding = Finding {
                    message: text,
                    ..finding
                };
                self.report.warning(check, finding);
                continue;
            }
            let finding = Finding {
                message: format!("{}, so recovery would miss: {part}", finding.message),
                ..finding
            };
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
            let role = match endpoint.host() {
                RestHost::Futures => HostRole::FuturesRest,
                _ => HostRole::SpotRest,
            };
            let host = self.tokens.host_name(role).unwrap_or_default();
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
            let text = match quota.limit {
                Some(limit) => format!(
                    "{} of {limit} remain for {:.1} s",
                    quota.remaining,
                    quota.reset.as_secs_f64()
                ),
                None => format!(
                    "{} remain for {:.1} s",
                    quota.remaining,
                    quota.reset.as_secs_f64()
                ),
            };
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
