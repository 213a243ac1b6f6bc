//! Faults of REST queries, and changes of the REST API.

use std::time::Duration;

use super::effects::Effect;
use super::table::{Valid, faults, parameter_enum};

faults! {
    /// A fault in the response to one REST query, or a change of all later responses.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum RestFault as Effect::Rest;

    in Rest {
        /// Refuses the REST query with this HTTP status, code and message; the status may be 200.
        "rest-refuse" Refuse {
            /// The HTTP status.
            status: u16 = "200" => Valid::Numbers(200..=599),
            /// The KuCoin code.
            code: String = "500000",
            /// The KuCoin message.
            message: String = "Internal Server Error",
        },
        /// Answers the REST query with HTTP status 429 and the `gw-ratelimit-*` headers: the quota is exhausted.
        "rest-rate-limit" RateLimit {
            /// Time until queries are accepted again.
            reset: Duration,
        },
        /// Answers the REST query with HTTP status 429 without `gw-ratelimit-*` headers: the server is overloaded.
        "rest-overload" Overload,
        /// Answers the REST query with the HTML error page of a gateway.
        "rest-server-error" ServerError {
            /// The HTTP status.
            status: u16 = "503" => Valid::Numbers(400..=599),
        },
        /// Answers the REST query with HTTP status 200 and an HTML page.
        "rest-html" Html,
        /// Answers the REST query with HTTP status 200 and truncated JSON.
        "rest-truncated" Truncated,
        /// Ends the response to the REST query before its `Content-Length` is reached.
        "rest-cut-body" CutBody,
        /// Closes the connection without answering the REST query.
        "rest-close" Close,
        /// Delays the response to the REST query; its rows are read after the delay.
        "rest-slow" Slow {
            /// The delay.
            by: Duration,
        },
        /// Shifts a numbered page after the first, as if new rows arrived since then: it repeats the last rows of the
        /// page before.
        "rest-shift-pages" ShiftPages {
            /// The number of new rows.
            rows: u32 = "1",
        },
    }

    in Exchange {
        /// Delays all later rows in REST responses, each by a random time between the two. Initially 0, or `rest_lag`
        /// of the builder.
        "rest-lag" Lag {
            /// The shortest delay.
            from: Duration ; "0ms",
            /// The longest delay.
            to: Duration ; "3s",
        },
        /// Makes an order that ends missing from both the active and the done list for this time. Initially 0.
        "rest-missing-orders" MissingOrders {
            /// The time.
            gap["for"]: Duration ; "2s",
        },
        /// Changes the quota of a pool per 30 s. Initially 4000 for spot, 2000 for the others, or `rest_quota` of the
        /// builder.
        "rest-quota" Quota {
            /// The pool.
            pool: RestPool,
            /// The sum of the weights of all queries.
            weight: u32 ; "100",
        },
        /// Changes the permissions of the API key. Queries that need another permission are refused with code 400007.
        "rest-permissions" Permissions {
            /// The permissions.
            permissions["granted"]: KeyPermissions ; "general",
        },
        /// Changes the account mode. In classic mode, paths of the unified account are refused with code 112010.
        "rest-account" Account {
            /// The mode.
            mode: AccountMode ; "classic",
        },
        /// Refuses queries for active spot orders without a symbol with code 400100.
        "rest-symbol-required" SymbolRequired,
        /// Changes the IP addresses that may use the API key, with commas; all others are refused with code 400006. An
        /// empty list allows every address. Initially `127.0.0.1`, the address of all clients.
        "key-ip-list" KeyIpList {
            /// The addresses.
            addresses: String ; "203.0.113.7",
        },
        /// Changes the version of the API key. Requests that name another version are refused with code 400009.
        "key-version" KeyVersion {
            /// The version.
            version: u8 ; "2",
        },
        /// Refuses every signed request, as for a frozen account (code 411100) or a region that KuCoin does not serve
        /// (code 400302).
        "refuse-account" RefuseAccount {
            /// The HTTP status.
            status: u16 = "200" => Valid::Numbers(200..=599),
            /// The KuCoin code.
            code: String ; "411100",
            /// The KuCoin message.
            message: String = "Your account is restricted.",
        },
        /// Answers every HTTP request with an HTML page: status 503 imitates maintenance, status 200 a captive portal.
        "html-everywhere" HtmlEverywhere {
            /// The HTTP status.
            status: u16 = "503" => Valid::Numbers(200..=599),
        },
    }
}

parameter_enum! {
    /// A pool of REST endpoints that share one quota.
    pub enum RestPool {
        /// Spot and margin trading.
        "spot" Spot,
        /// Futures.
        "futures" Futures,
        /// Accounts.
        "management" Management,
        /// The unified account.
        "unified" Unified,
    }
}

parameter_enum! {
    /// Permissions of the demo API key.
    pub enum KeyPermissions {
        /// General, spot, margin, futures and unified.
        "all" All,
        /// Only general, which is enough for the streams.
        "general" General,
        /// All but spot.
        "no-spot" NoSpot,
        /// All but margin.
        "no-margin" NoMargin,
        /// All but futures.
        "no-futures" NoFutures,
        /// All but unified.
        "no-unified" NoUnified,
        /// All, and withdrawal.
        "withdrawal" Withdrawal,
    }
}

parameter_enum! {
    /// Which account the REST API serves besides the classic accounts.
    pub enum AccountMode {
        /// The unified account; the classic accounts are served too.
        "unified" Unified,
        /// None.
        "classic" Classic,
    }
}

impl Default for KeyPermissions {
    /// Returns all permissions.
    fn default() -> Self {
        Self::All
    }
}

impl Default for AccountMode {
    /// Returns the unified account.
    fn default() -> Self {
        Self::Unified
    }
}
