//! The paging styles of KuCoin's lists, and the time windows of their queries.

use std::ops::RangeInclusive;

use super::query::{Query, invalid};
use super::{Ask, list};
use crate::credentials::ApiError;
use crate::json::{Object, Raw};

/// The time window of a list: names of its two parameters, both in milliseconds and inclusive, and its lengths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) names: (&'static str, &'static str),
    /// Length of the window if a time is missing.
    pub(crate) default_ms: u64,
    /// Maximum length; a longer window is an error.
    pub(crate) most_ms: u64,
}

impl Window {
    /// Creates the window of `startAt` and `endAt`, whose default length is the maximum length.
    pub(crate) const fn up_to(most_ms: u64) -> Self {
        Self {
            names: ("startAt", "endAt"),
            default_ms: most_ms,
            most_ms,
        }
    }

    pub(crate) fn read(&self, ask: &Ask<'_>) -> Result<RangeInclusive<u64>, ApiError> {
        let (start_name, end_name) = self.names;
        let (start, end) = (ask.query.number(start_name)?, ask.query.number(end_name)?);
        let (start, end) = match (start, end) {
            (Some(start), Some(end)) => (start, end),
            (Some(start), None) => (start, start.saturating_add(self.default_ms)),
            (None, end) => {
                let end = end.unwrap_or(ask.now_ms);
                (end.saturating_sub(self.default_ms), end)
            }
        };
        if start > end {
            return Err(invalid(
                start_name,
                &format!("must not be after {end_name}"),
            ));
        }
        if end - start > self.most_ms {
            let rule = format!(
                "and {end_name} must be at most {} h apart",
                self.most_ms / 3_600_000
            );
            return Err(invalid(start_name, &rule));
        }
        Ok(start..=end)
    }
}

/// Numbered pages: `currentPage` and `pageSize`. They shift while rows are added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbered {
    /// Name of the parameter of the page number.
    pub(crate) number: &'static str,
    /// Name of the parameter of the page size.
    pub(crate) size: &'static str,
    pub(crate) default: usize,
    pub(crate) sizes: (usize, usize),
}

/// A numbered page.
#[derive(Debug)]
pub(crate) struct NumberedPage<R> {
    number: usize,
    size: usize,
    total: usize,
    rows: Vec<R>,
}

impl Numbered {
    /// Returns the requested page of all rows.
    pub(crate) fn page<R>(
        &self,
        ask: &Ask<'_>,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<NumberedPage<R>, ApiError> {
        let number = ask.query.number_in(self.number, 1, (1, usize::MAX))?;
        let size = ask.query.number_in(self.size, self.default, self.sizes)?;
        let rows: Vec<R> = rows.into_iter().collect();
        let total = rows.len();
        // A row added after the first page was read moves the others to later places.
        let start = (number - 1).saturating_mul(size).saturating_sub(ask.shift);
        Ok(NumberedPage {
            number,
            size,
            total,
            rows: rows.into_iter().skip(start).take(size).collect(),
        })
    }
}

impl<R> NumberedPage<R> {
    /// Writes the page; `number_key` is the key of the page number, usually `currentPage`.
    pub(crate) fn write(&self, number_key: &str, row: impl Fn(&R) -> String) -> String {
        self.fields(number_key, row).end()
    }

    /// Writes the page without the end of the object.
    pub(crate) fn fields(&self, number_key: &str, row: impl Fn(&R) -> String) -> Object {
        Object::new()
            .field(number_key, self.number as u64)
            .field("pageSize", self.size as u64)
            .field("totalNum", self.total as u64)
            .field("totalPage", self.total.div_ceil(self.size) as u64)
            .field("items", Raw(&self.items(row)))
    }

    /// Writes only the rows, as an array.
    pub(crate) fn items(&self, row: impl Fn(&R) -> String) -> String {
        list(self.rows.iter().map(row))
    }
}

/// Pages from the newest row on: `lastId` and a limit. A page has the rows with a lower ID than `lastId`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newest {
    /// Name of the parameter of the page size.
    pub(crate) size: &'static str,
    pub(crate) default: usize,
    pub(crate) most: usize,
    /// `true` if the returned `lastId` is the ID of no row.
    pub(crate) opaque: bool,
}

/// A page of [`Newest`]: its rows, newest first, and the `lastId` of the next page.
#[derive(Debug)]
pub(crate) struct NewestPage<R> {
    pub(crate) rows: Vec<R>,
    /// `None` if the page is empty.
    pub(crate) last_id: Option<u64>,
}

/// Factor and offset that make a `lastId` differ from all IDs, and exceed 2^53.
const OPAQUE: (u64, u64) = (64, 5);

impl Newest {
    /// Creates the pages of `lastId` and `limit`; their `lastId` is the ID of the last row.
    pub(crate) const fn limit(default: usize, most: usize) -> Self {
        Self {
            size: "limit",
            default,
            most,
            opaque: false,
        }
    }

    /// Returns the requested page of all rows, which must be sorted from the newest to the oldest.
    pub(crate) fn page<R>(
        &self,
        query: &Query,
        rows: impl Iterator<Item = R>,
        id: impl Fn(&R) -> u64,
    ) -> Result<NewestPage<R>, ApiError> {
        let size = query.number_in(self.size, self.default, (1, self.most))?;
        // 0 is the `lastId` of an empty page, and accepted like a missing one.
        let last = query.number("lastId")?.filter(|last| *last > 0);
        let before = match last {
            Some(last) if self.opaque => Some(last.saturating_sub(OPAQUE.1) / OPAQUE.0),
            last => last,
        };
        let rows = rows.filter(|row| before.is_none_or(|before| id(row) < before));
        let rows: Vec<R> = rows.take(size).collect();
        let last_id = rows.last().map(|row| match self.opaque {
            true => id(row).saturating_mul(OPAQUE.0).saturating_add(OPAQUE.1),
            false => id(row),
        });
        Ok(NewestPage { rows, last_id })
    }
}

/// Pages of the futures host that continue at a row: `offset`, `forward` and `maxCount`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offset {
    pub(crate) default: usize,
    pub(crate) most: usize,
}

impl Offset {
    /// Returns the requested page of all rows, newest first, and `true` if more rows follow.
    ///
    /// With `forward=true`, the default, the page has the rows after the row `offset`, which are older; otherwise the
    /// rows before it.
    pub(crate) fn page<R>(
        &self,
        query: &Query,
        rows: impl IntoIterator<Item = R>,
        id: impl Fn(&R) -> u64,
    ) -> Result<(Vec<R>, bool), ApiError> {
        let size = query.number_in("maxCount", self.default, (1, self.most))?;
        let offset = query.number("offset")?;
        let forward = query.flag("forward")?.unwrap_or(true);
        let mut rows: Vec<R> = rows
            .into_iter()
            .filter(|row| {
                offset.is_none_or(|offset| match forward {
                    true => id(row) < offset,
                    false => id(row) > offset,
                })
            })
            .collect();
        let has_more = rows.len() > size;
        match forward || offset.is_none() {
            true => rows.truncate(size),
            false => drop(rows.drain(..rows.len().saturating_sub(size))),
        }
        Ok((rows, has_more))
    }
}
