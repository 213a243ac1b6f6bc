//! What is known of one REST endpoint before a request: host, path, rate limit pool, weight, permission and paging.

use std::fmt;

/// A read-only endpoint of KuCoin's REST API. The method is always `GET`.
///
/// Each query type has its endpoint as [`QueryOf::ENDPOINT`](crate::QueryOf::ENDPOINT).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    host: RestHost,
    path: &'static str,
    pool: Pool,
    weight: u32,
    permission: Permission,
    paging: Paging,
    /// Names of the parameters, in the order of the query string; those of paging follow.
    params: &'static [&'static str],
    /// Members of `data` that lead to the rows, such as `accounts`, `currencies`; empty if the rows are in `items`.
    row_path: &'static [&'static str],
}

/// The host of an endpoint.
///
/// The same path can exist on both hosts with different replies, so the host is part of the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RestHost {
    /// Spot, margin, account and unified account: `api.kucoin.com`.
    Spot,
    /// Futures: `api-futures.kucoin.com`.
    Futures,
}

/// A rate limit pool of an account: the weights of its queries are deducted from one quota.
///
/// The pools are shared with all other requests of the account, such as orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pool {
    /// Spot and margin: 4000 per 30 s without a VIP level.
    Spot,
    /// Futures: 2000 per 30 s without a VIP level.
    Futures,
    /// Accounts and their ledgers: 2000 per 30 s without a VIP level.
    Management,
    /// Public data, such as the clock: 2000 per 30 s. It is a quota of the IP address.
    Public,
    /// Unified account: between 67 and 300 per second, by different sources.
    Unified,
}

/// The permission of the API key that an endpoint requires.
///
/// Without it, KuCoin refuses the query (code 400007).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Permission {
    /// `General`, which every key has.
    General,
    /// `Spot`.
    Spot,
    /// `Margin`.
    Margin,
    /// `Futures`.
    Futures,
    /// `Unified`.
    Unified,
}

/// How an endpoint divides its rows into pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Paging {
    /// One reply with all rows.
    Whole,
    /// Pages with a number, from 1.
    ///
    /// New rows shift the pages, so a row can be on two pages: set an end time, and compare IDs.
    Number {
        /// Parameter of the page number, such as `currentPage`.
        number: &'static str,
        /// Parameter of the page size.
        size: &'static str,
        /// Maximum page size.
        max: u32,
    },
    /// Newest rows first; the next page begins after the `lastId` of the last reply.
    LastId {
        /// Parameter of the page size.
        size: &'static str,
        /// Maximum page size.
        max: u32,
    },
    /// Newest rows first; the next page begins after the smallest cursor of the last reply: `offset`, `maxCount`.
    Offset {
        /// Field of a row with its cursor, such as `offset` or `id`.
        cursor: &'static str,
        /// Maximum page size.
        max: u32,
    },
}

impl Endpoint {
    /// Creates an endpoint. `params` are the names of its parameters without those of paging, in order.
    ///
    /// `row_path` are the members of `data` that lead to the rows, if they are not in the usual place.
    pub(crate) const fn new(
        (host, path): (RestHost, &'static str),
        (pool, weight): (Pool, u32),
        permission: Permission,
        paging: Paging,
        params: &'static [&'static str],
        row_path: &'static [&'static str],
    ) -> Self {
        Self {
            host,
            path,
            pool,
            weight,
            permission,
            paging,
            params,
            row_path,
        }
    }

    /// Returns the host.
    pub const fn host(&self) -> RestHost {
        self.host
    }

    /// Returns the path, such as `/api/v1/hf/orders/{orderId}`, with the name of an ID in braces.
    ///
    /// Paths of a unified account have the version as `{v}`: see [`UnifiedVersion`].
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the rate limit pool.
    pub const fn pool(&self) -> Pool {
        self.pool
    }

    /// Returns the weight that KuCoin deducts from the pool for each request.
    pub const fn weight(&self) -> u32 {
        self.weight
    }

    /// Returns the permission that the API key needs.
    pub const fn permission(&self) -> Permission {
        self.permission
    }

    /// Returns how the rows are divided into pages.
    pub const fn paging(&self) -> Paging {
        self.paging
    }

    /// Returns the names of the parameters in the order of the query string, without those of paging.
    pub const fn params(&self) -> &'static [&'static str] {
        self.params
    }

    /// Returns the members of `data` that lead to the rows; empty for the usual place.
    pub(crate) const fn row_path(&self) -> &'static [&'static str] {
        self.row_path
    }

    /// Returns the path with the version of the unified account's API, and the name of an ID in braces.
    pub fn versioned_path(&self, version: UnifiedVersion) -> String {
        self.path.replace(VERSION, version.as_str())
    }
}

/// Placeholder of the version in the path of a unified account.
const VERSION: &str = "{v}";

/// Version of the REST API of a unified account, as in `/api/ua/v1/unified/order/open-list`.
///
/// KuCoin serves the same endpoints under both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnifiedVersion {
    /// `v1`.
    #[default]
    V1,
    /// `v2`.
    V2,
}

impl UnifiedVersion {
    /// Returns the version as in a path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

impl Paging {
    /// Returns the parameter of the page size and its maximum; `None` if one reply has all rows.
    pub(crate) const fn size(self) -> Option<(&'static str, u32)> {
        match self {
            Self::Whole => None,
            Self::Number { size, max, .. } | Self::LastId { size, max } => Some((size, max)),
            Self::Offset { max, .. } => Some(("maxCount", max)),
        }
    }

    /// Returns the parameter that selects the page; `None` if one reply has all rows.
    pub(crate) const fn page(self) -> Option<&'static str> {
        match self {
            Self::Whole => None,
            Self::Number { number, .. } => Some(number),
            Self::LastId { .. } => Some("lastId"),
            Self::Offset { .. } => Some("offset"),
        }
    }
}

impl Pool {
    /// Returns the name of the pool, as in KuCoin's documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spot => "Spot",
            Self::Futures => "Futures",
            Self::Management => "Management",
            Self::Public => "Public",
            Self::Unified => "Unified",
        }
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Permission {
    /// Returns the name of the permission, as in KuCoin's API management.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Spot => "Spot",
            Self::Margin => "Margin",
            Self::Futures => "Futures",
            Self::Unified => "Unified",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
