//! A page: the rows of a successful reply, and the query of the next page.

use kucoin_streams_core::redact::{Redactor, excerpt};
use kucoin_streams_core::{DecodeError, Text};
use kucoin_streams_decode::{FromJson, Record, Scanner, Value, ValueKind};

use crate::list::Elements;
use crate::place::{RowPlace, SharedMembers, span};
use crate::{Endpoint, Paging, Query};

/// The code of a successful reply.
const SUCCESS: &str = "200000";
/// Members of `data` that hold the rows.
const LISTS: [&str; 2] = ["items", "dataList"];

/// The rows of one successful reply, as KuCoin sent them.
///
/// `data: null` is a page without rows, and a single object is one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPage {
    body: String,
    rows: Vec<RowPlace>,
    cursor: PageCursor,
}

/// What a reply says about further pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PageCursor {
    /// The rows are the whole of `data`, without a cursor.
    is_bare: bool,
    last_id: Option<Text>,
    total_pages: Option<u64>,
    has_more: Option<bool>,
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
        let read = read_envelope(&body, self.endpoint());
        let (rows, cursor) = read.map_err(|unread| unread.problem(&body))?;
        Ok(RawPage { body, rows, cursor })
    }
}

impl RawPage {
    /// Returns the JSON text of each row, in the order of the reply.
    pub fn raw_rows(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.rows.iter().map(|row| row.text(&self.body))
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns `true` if the page has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Decodes all rows, in the order of the reply.
    ///
    /// A row without `accountType`, `accountSubtype`, `tradeType` or `ts` gets it from the object that has its list.
    ///
    /// # Errors
    /// Returns the [`DecodeError`] of the first row that lacks a required field, such as its ID. The other rows are in
    /// [`raw_rows`](Self::raw_rows).
    pub fn rows<R: Record>(&self) -> Result<Vec<R>, DecodeError> {
        let rows = self.rows.iter().map(|row| row.with_shared(&self.body));
        rows.map(|row| R::read(&mut Scanner::new(&row?))).collect()
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
        let is_last = match self.cursor.total_pages {
            Some(total) => number >= total,
            None => self.is_short(query),
        };
        (!is_last).then_some(number + 1)
    }

    fn next_last_id(&self, query: &Query) -> Option<Text> {
        if !self.cursor.is_bare {
            let last_id = self.cursor.last_id.clone()?;
            return (last_id != "0").then_some(last_id);
        }
        match self.is_short(query) {
            true => None,
            false => self.raw_rows().next_back().and_then(|row| field(row, "id")),
        }
    }

    /// Returns the smallest cursor of the rows. A negative one belongs to a row that is not booked yet.
    fn next_offset(&self, name: &str) -> Option<Text> {
        if self.cursor.has_more != Some(true) {
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

/// The reason why an envelope has no rows, before its excerpt is made.
enum Unread {
    Refused { code: Text, message: Text },
    Syntax(DecodeError),
    NoEnvelope,
    NoRows,
}

impl From<DecodeError> for Unread {
    fn from(error: DecodeError) -> Self {
        Self::Syntax(error)
    }
}

impl Unread {
    fn problem(self, body: &str) -> PageProblem {
        let reason = match self {
            Self::Refused { code, message } => {
                return PageProblem::Refused {
                    code: excerpt(code.as_bytes()).into(),
                    // Milder than an excerpt, so that `error.getOrder.orderNotExist` stays readable.
                    message: Redactor::default().redact(&message).into(),
                };
            }
            Self::Syntax(error) => format!("the reply is not JSON ({error})").into(),
            Self::NoEnvelope => Text::from_static("the reply has no code or no data"),
            Self::NoRows => Text::from_static("the data of the reply has no list of rows"),
        };
        PageProblem::Unreadable {
            reason,
            excerpt: excerpt(body.as_bytes()).into(),
        }
    }
}

type Rows = (Vec<RowPlace>, PageCursor);

/// Reads `{"code":"200000","data":…}` to its end.
fn read_envelope(body: &str, endpoint: &Endpoint) -> Result<Rows, Unread> {
    let mut scanner = Scanner::new(body);
    let mut object = scanner.object()?;
    let (mut code, mut data, mut message) = (None, None, None);
    while let Some((key, value)) = object.member()? {
        match &*key {
            "code" => code = Text::from_json(value),
            "msg" => message = Text::from_json(value),
            "data" => data = Some(value),
            _ => {}
        }
    }
    scanner.finish()?;
    match (code, data) {
        (Some(code), Some(data)) if code == SUCCESS => read_data(data, endpoint),
        (Some(code), _) if code != SUCCESS => Err(Unread::Refused {
            code,
            message: message.unwrap_or_default(),
        }),
        _ => Err(Unread::NoEnvelope),
    }
}

/// Finds the rows in `data`.
///
/// KuCoin sends an array instead of an object, and vice versa, on some endpoints.
fn read_data(data: Value<'_>, endpoint: &Endpoint) -> Result<Rows, Unread> {
    let mut cursor = PageCursor::default();
    let mut shared = SharedMembers::default();
    let needs_list = endpoint.paging() != Paging::Whole;
    if !endpoint.row_path().is_empty() {
        let mut rows = Vec::new();
        collect_rows(data, 0, endpoint.row_path(), &shared, &mut rows)?;
        return Ok((rows, cursor));
    }
    match data.kind() {
        ValueKind::Null => return Ok((Vec::new(), cursor)),
        ValueKind::Array => {
            cursor.is_bare = true;
            return Ok((elements(data, &shared), cursor));
        }
        ValueKind::Object => {}
        // The clock is a bare number.
        ValueKind::Number if !needs_list => {
            return Ok((vec![RowPlace::new(span(data, 0), &shared)], cursor));
        }
        _ => return Err(Unread::NoRows),
    }
    let mut list = None;
    let mut scanner = data.scanner();
    let mut object = scanner.object()?;
    while let Some((key, value)) = object.member()? {
        match &*key {
            "lastId" => cursor.last_id = Option::from_json(value).flatten(),
            "totalPage" => cursor.total_pages = u64::from_json(value),
            "hasMore" => cursor.has_more = bool::from_json(value),
            name if LISTS.contains(&name) => list = Some(value),
            name => shared.note(name, value, 0),
        }
    }
    let rows = match list.map(|list| (list, list.kind())) {
        Some((_, ValueKind::Null)) => Vec::new(),
        Some((list, ValueKind::Array)) => elements(list, &shared),
        Some((row, ValueKind::Object)) => vec![RowPlace::new(span(row, 0), &shared)],
        None if !needs_list => vec![RowPlace::new(span(data, 0), &shared)],
        _ => return Err(Unread::NoRows),
    };
    Ok((rows, cursor))
}

/// Returns the place of each element of an array in the body.
fn elements(array: Value<'_>, shared: &SharedMembers) -> Vec<RowPlace> {
    let start = array.offset();
    let rows = Elements::of(array.as_str());
    let rows = rows.map(|row| start + row.start..start + row.end);
    rows.map(|row| RowPlace::new(row, shared)).collect()
}

/// Collects the rows in the members `path` of a value. An object with none of these members is a row.
///
/// `base` is the place of the scanned text in the body.
fn collect_rows(
    value: Value<'_>,
    base: usize,
    path: &[&str],
    shared: &SharedMembers,
    rows: &mut Vec<RowPlace>,
) -> Result<(), Unread> {
    match value.kind() {
        ValueKind::Null => return Ok(()),
        ValueKind::Array => {
            let base = base + value.offset();
            for place in Elements::of(value.as_str()) {
                let element = Scanner::new(&value.as_str()[place.clone()]).value()?;
                collect_rows(element, base + place.start, path, shared, rows)?;
            }
            return Ok(());
        }
        ValueKind::Object => {}
        _ => return Err(Unread::NoRows),
    }
    let mut shared = shared.clone();
    let mut list = None;
    let mut scanner = value.scanner();
    let mut object = scanner.object()?;
    while let Some((key, member)) = object.member()? {
        match path.iter().position(|name| **name == *key) {
            Some(at) => list = Some((at, member)),
            None => shared.note(&key, member, base),
        }
    }
    match list {
        Some((at, list)) => collect_rows(list, base, &path[at + 1..], &shared, rows),
        None => {
            rows.push(RowPlace::new(span(value, base), &shared));
            Ok(())
        }
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
