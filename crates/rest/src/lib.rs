//! Read-only queries of KuCoin's REST API: typed, exact and paged.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

#[cfg(feature = "client")]
mod client;
mod endpoint;
mod error;
mod list;
mod page;
mod place;
mod query;

pub mod queries;
pub mod rows;

#[cfg(feature = "client")]
pub use client::{
    AccountQueries, FuturesQueries, MarginQueries, PreparedQuery, Rest, RestBuilder, RowStream,
    SpotQueries, UnifiedQueries,
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
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod page_tests;
