//! Read-only queries of KuCoin's REST API: typed, exact and paged.
//!
//! - **Queries** ([`queries`]): a type for each endpoint, such as [`SpotFills`], with setters for its parameters.
//!   [`Query`] is the form for any endpoint: the exact bytes that are signed and sent.
//! - **Pages** ([`RawPage`]): [`Query::read`] reads a reply, and [`RawPage::next_query`] returns the query of the next
//!   page, for all of KuCoin's styles of [`Paging`].
//! - **Rows** ([`rows`]): a type for each kind of row, such as [`SpotFillRow`]. Rows are lossless: exact decimals, IDs as
//!   text, unknown fields in `extra`.
//! - **Client** (feature `client`, on by default): `Rest` sends queries within a budget of KuCoin's rate limits, retries
//!   what is safe to retry, and returns rows page by page. The rest of the crate uses no clock, socket or runtime.
//!
//! | Account | Queries and rows |
//! |---|---|
//! | spot | [`queries::spot`], [`rows::spot`]; stop orders of spot and margin: [`queries::stop`], [`rows::stop`] |
//! | margin | [`queries::margin`], [`rows::margin`]; orders and fills have the rows of spot |
//! | futures | [`queries::futures`], [`rows::futures`] |
//! | unified account | [`queries::unified`], [`rows::unified`] |
//! | all accounts, API key, clock | [`queries::account`], [`rows::account`] |
//!
//! KuCoin keeps most rows for a limited time, and limits the time between `from` and `to`: see each query. As far as is
//! known, both of these times are included, so a row can be in two periods that meet.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

#[cfg(feature = "client")]
mod client;
mod endpoint;
mod error;
mod list;
mod page;
mod query;
mod reply;
mod shared;

pub mod queries;
pub mod rows;

#[cfg(feature = "client")]
pub use client::{
    AccountQueries, FuturesQueries, MarginQueries, PreparedQuery, Rest, RestBuilder, RestStats,
    RowStream, SpotQueries, UnifiedQueries,
};
pub use endpoint::{Endpoint, Paging, Permission, Pool, RestHost, UnifiedVersion};
pub use error::{FailedQuery, QueryError};
pub use list::RowList;
pub use page::{PageProblem, RawPage};
pub use query::{Query, QueryOf};

#[doc(inline)]
pub use queries::{account::*, futures::*, margin::*, spot::*, stop::*, unified::*};
#[doc(inline)]
pub use rows::{
    MarginMode, OrderEnd, OrderType, PositionSide, TradeType, account::*, futures::*, margin::*,
    spot::*, stop::*, unified::*,
};

/// The README, so that its example is tested.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod page_tests;
