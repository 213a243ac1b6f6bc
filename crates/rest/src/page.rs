//! A page: the rows of a successful reply, and the query of the next page.

use std::borrow::Cow;

use kucoin_streams_core::redact::excerpt;
use kucoin_streams_core::{DecodeError, Text};
use kucoin_streams_decode::{FromJson, Record, Scanner};

use crate::reply::{self, ReplyRows};
use crate::{Paging, Query};

/// The rows of one successful reply, as KuCoin sent them.
///
/// `data: null` is a page without rows, and a single object is one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPage {
    body: String,
    found: ReplyRows,
}

/// The reason why a reply is not a page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageProblem {
    /// KuCoin refused the query.
    #[error("KuCoin refused the query: {message} (code {code})")]
    Refused {
        /// KuCoin's code, such as `400007`: reply field `code`.
        code: Text,
        /// KuCoin's message: reply field `msg`. Escaped, shortened, and with likely secrets redacted.
        message: Text,
    },
    /// The reply is not in KuCoin's format, is truncated, or lacks its rows.
    #[error("{reason}: {excerpt}")]
    Unreadable {
        /// What is wrong with the reply.
        reason: Text,
        /// The beginning of the reply, escaped, and with likely secrets redacted.
        excerpt: Text,
    },
}

impl Query {
    /// Reads the body of a reply to this query.
    ///
    /// # Errors
    /// Returns a [`PageProblem`] if KuCoin refused the query, or if the body is not a complete reply with rows. An
    /// unreadable body is never read as an empty page.
    pub fn read(&self, body: impl Into<Vec<u8>>) -> Result<RawPage, PageProblem> {
        let body = String::from_utf8(body.into()).map_err(|error| PageProblem::Unreadable {
            reason: Text::from_static("the reply is not UTF-8"),
            excerpt: excerpt(error.as_bytes()).into(),
        })?;
        let found = reply::read(&body, self.endpoint())?;
        Ok(RawPage { body, found })
    }
}

impl RawPage {
    /// Returns the JSON text of each row, in the order of the reply.
    pub fn raw_rows(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        let places = self.found.places.iter();
        places.map(|place| &self.body[place.clone()])
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.found.places.len()
    }

    /// Returns `true` if the page has no rows.
    pub fn is_empty(&self) -> bool {
        self.found.places.is_empty()
    }

    /// Decodes all rows, in the order of the reply.
    ///
    /// A row without `accountType`, `accountSubtype`, `tradeType` or `ts` gets it from the object that has its list.
    ///
    /// # Errors
    /// Returns the [`DecodeError`] of the first row that lacks a required field, such as its ID. The other rows are in
    /// [`raw_rows`](Self::raw_rows).
    pub fn rows<R: Record>(&self) -> Result<Vec<R>, DecodeError> {
        let rows = self.complete_rows();
        rows.map(|row| R::read(&mut Scanner::new(&row))).collect()
    }

    /// Returns the JSON text of each row with the members that KuCoin writes once for all rows of a list.
    ///
    /// They are `accountType`, `accountSubtype`, `tradeType` and `ts`.
    pub fn complete_rows(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let rows = self.raw_rows().enumerate();
        rows.map(|(at, row)| {
            let complete = self.found.groups.complete(at, row, &self.body);
            // A row that is no object has no members.
            complete.unwrap_or(Cow::Borrowed(row))
        })
    }

    /// Returns the query of the next page; `None` if this is the last page.
    ///
    /// `query` is the query that this page answers. If KuCoin repeats its cursor, there is no next page, since the
    /// query would return the same rows forever.
    pub fn next_query(&self, query: &Query) -> Option<Query> {
        if self.is_empty() {
            return None;
        }
        let next = match query.endpoint().paging() {
            Paging::Whole => return None,
            Paging::Number { .. } => self.next_number(query)?.to_string().into(),
            Paging::LastId { .. } => self.next_last_id(query)?,
            Paging::Offset { cursor, .. } => self.next_offset(cursor)?,
        };
        (query.page() != Some(&next)).then(|| query.with_page(next))
    }

    fn next_number(&self, query: &Query) -> Option<u64> {
        let number: u64 = query.page().map_or(Some(1), |number| number.parse().ok())?;
        let is_last = match self.found.cursor.total_pages {
            Some(total) => number >= total,
            None => self.is_short(query),
        };
        (!is_last).then_some(number + 1)
    }

    fn next_last_id(&self, query: &Query) -> Option<Text> {
        if !self.found.cursor.is_bare {
            let last_id = self.found.cursor.last_id.clone()?;
            return (last_id != "0").then_some(last_id);
        }
        match self.is_short(query) {
            true => None,
            false => self.raw_rows().next_back().and_then(|row| field(row, "id")),
        }
    }

    /// Returns the smallest cursor of the rows. A negative one belongs to a row that is not booked yet.
    fn next_offset(&self, name: &str) -> Option<Text> {
        if self.found.cursor.has_more != Some(true) {
            return None;
        }
        let cursors = self.raw_rows().filter_map(|row| field(row, name));
        let cursors = cursors.filter_map(|cursor| cursor.parse::<u64>().ok());
        cursors.min().map(|cursor| cursor.to_string().into())
    }

    fn is_short(&self, query: &Query) -> bool {
        query.page_size().is_none_or(|size| self.len() < size)
    }
}

/// Returns a scalar field of a row as text; `None` if it is absent.
fn field(row: &str, name: &str) -> Option<Text> {
    let mut scanner = Scanner::new(row);
    let mut object = scanner.object().ok()?;
    let mut found = None;
    while let Some((key, value)) = object.member().ok()? {
        if key == name {
            found = Option::from_json(value).flatten();
        }
    }
    found
}
