//! A query together with the client that sends it.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::{Rest, RowStream};
use crate::{QueryError, QueryOf};

/// A query with the client that sends it, such as `rest.spot().fills("BTC-USDT")`.
///
/// It has the setters of its query type. `.await` sends it and returns all rows, page by page.
#[derive(Clone, Debug)]
#[must_use = "a query does nothing until it is awaited"]
pub struct PreparedQuery<Q> {
    rest: Rest,
    query: Q,
}

impl<Q: QueryOf> PreparedQuery<Q> {
    pub(super) fn new(rest: &Rest, query: Q) -> Self {
        Self {
            rest: rest.clone(),
            query,
        }
    }

    /// Changes the query.
    pub(crate) fn map(self, change: impl FnOnce(Q) -> Q) -> Self {
        Self {
            rest: self.rest,
            query: change(self.query),
        }
    }

    /// Sends the query and returns the rows of the first page only: see [`Rest::fetch`].
    ///
    /// # Errors
    /// Returns a [`QueryError`] if there is no readable page.
    pub async fn first_page(self) -> Result<Vec<Q::Row>, QueryError> {
        self.rest.fetch(self.query).await
    }

    /// Sends the query and returns its first row, for a query with at most one: see [`Rest::one`].
    ///
    /// # Errors
    /// Returns a [`QueryError`] if there is no readable page.
    pub async fn one(self) -> Result<Option<Q::Row>, QueryError> {
        self.rest.one(self.query).await
    }

    /// Returns all rows as a stream, page by page: see [`Rest::rows`].
    pub fn rows(self) -> RowStream<Q::Row> {
        self.rest.rows(self.query)
    }
}

/// Sends the query and returns all rows: see [`Rest::all`].
impl<Q: QueryOf + Send + 'static> IntoFuture for PreparedQuery<Q>
where
    Q::Row: Send,
{
    type Output = Result<Vec<Q::Row>, QueryError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.rest.all(self.query).await })
    }
}
