//! All rows of a query as a stream, page by page.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use kucoin_streams_core::Text;
use kucoin_streams_decode::Record;

use super::Rest;
use crate::{Query, QueryError, RawPage};

/// All rows of a query, from [`Rest::rows`]. A page is fetched when all rows before it have been read.
///
/// The stream ends after the last page, or after the first error. Rows are as KuCoin sent them: a list with numbered
/// pages can repeat or skip rows if it changes meanwhile.
pub struct RowStream<R> {
    rest: Rest,
    ready: VecDeque<R>,
    next: NextPage,
    /// Cursors of all pages so far, since a server that repeats one would never end.
    seen: BTreeSet<Text>,
}

enum NextPage {
    Unsent(Query),
    Sent(Query, PageFuture),
    None,
}

type PageFuture = Pin<Box<dyn Future<Output = Result<RawPage, QueryError>> + Send>>;

impl<R> RowStream<R> {
    pub(super) fn new(rest: Rest, query: Query) -> Self {
        Self {
            rest,
            ready: VecDeque::new(),
            next: NextPage::Unsent(query),
            seen: BTreeSet::new(),
        }
    }
}

impl<R: Record> RowStream<R> {
    /// Returns the next row; `None` after the last page or after an error.
    ///
    /// Cancel safe: a page in flight is kept, and no row is lost.
    ///
    /// # Errors
    /// Returns the [`QueryError`] of a page, or of a row that cannot be decoded.
    pub async fn next(&mut self) -> Option<Result<R, QueryError>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Reads all rows that are left.
    ///
    /// # Errors
    /// Returns the first error; the rows before it are lost. To keep them, call [`next`](Self::next).
    pub async fn collect(mut self) -> Result<Vec<R>, QueryError> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await {
            rows.push(row?);
        }
        Ok(rows)
    }

    fn read(&mut self, query: &Query, page: Result<RawPage, QueryError>) -> Result<(), QueryError> {
        let page = page?;
        let rows = page.rows();
        self.ready = rows
            .map_err(|error| QueryError::of_row(self.rest.failed(query), &error))?
            .into();
        let next = page.next_query(query);
        if let Some(next) = next
            && self.seen.insert(next.page().unwrap_or_default().into())
        {
            self.next = NextPage::Unsent(next);
        }
        Ok(())
    }
}

// No field is pinned.
impl<R> Unpin for RowStream<R> {}

impl<R: Record> Stream for RowStream<R> {
    type Item = Result<R, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(row)));
            }
            match std::mem::replace(&mut self.next, NextPage::None) {
                NextPage::None => return Poll::Ready(None),
                NextPage::Unsent(query) => {
                    let (rest, sent) = (self.rest.clone(), query.clone());
                    let page = Box::pin(async move { rest.execute(&sent).await });
                    self.next = NextPage::Sent(query, page);
                }
                NextPage::Sent(query, mut page) => {
                    let Poll::Ready(page) = page.as_mut().poll(context) else {
                        self.next = NextPage::Sent(query, page);
                        return Poll::Pending;
                    };
                    if let Err(error) = self.read(&query, page) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
        }
    }
}

impl<R> fmt::Debug for RowStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream")
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}
