//! Finds the rows in the body of a reply, in one pass that checks the whole body.

use std::ops::Range;

use kucoin_streams_core::redact::{Redactor, excerpt};
use kucoin_streams_core::{DecodeError, Text};
use kucoin_streams_decode::{FromJson, Scanner, Value, ValueKind};

use crate::shared::{RowGroups, SharedMembers};
use crate::{Endpoint, PageProblem, Paging};

/// The code of a successful reply.
const SUCCESS: &str = "200000";
/// Members of `data` that hold the rows, unless the endpoint names others.
const USUAL_LISTS: &[&str] = &["items", "dataList"];

/// The rows of a reply, and what it says about further pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReplyRows {
    /// The place of each row in the body.
    pub(crate) places: Vec<Range<usize>>,
    pub(crate) groups: RowGroups,
    pub(crate) cursor: PageCursor,
}

/// What a reply says about further pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageCursor {
    /// The rows are the whole of `data`, without a cursor.
    pub(crate) is_bare: bool,
    pub(crate) last_id: Option<Text>,
    pub(crate) total_pages: Option<u64>,
    pub(crate) has_more: Option<bool>,
}

impl PageCursor {
    fn note(&mut self, key: &str, value: Value<'_>) {
        match key {
            "lastId" => self.last_id = Option::from_json(value).flatten(),
            "totalPage" => self.total_pages = u64::from_json(value),
            "hasMore" => self.has_more = bool::from_json(value),
            _ => {}
        }
    }
}

/// Reads `{"code":"200000","data":…}` to its end.
pub(crate) fn read(body: &str, endpoint: &Endpoint) -> Result<ReplyRows, PageProblem> {
    read_envelope(body, endpoint).map_err(|unread| unread.problem(body))
}

fn read_envelope(body: &str, endpoint: &Endpoint) -> Result<ReplyRows, Unread> {
    let mut scanner = Scanner::new(body);
    let mut envelope = scanner.object()?;
    let (mut code, mut message) = (None::<Text>, None);
    let (mut rows, mut unread_data) = (None, None);
    while let Some(key) = envelope.key()? {
        let is_success = code.as_deref() == Some(SUCCESS);
        if key == "data" && is_success {
            rows = Some(read_data(envelope.scanner(), endpoint)?);
            continue;
        }
        let value = envelope.value()?;
        match &*key {
            "code" => code = Text::from_json(value),
            "msg" => message = Text::from_json(value),
            "data" => unread_data = Some(value),
            _ => {}
        }
    }
    scanner.finish()?;
    let code = code.ok_or(Unread::NoEnvelope)?;
    if code != SUCCESS {
        let message = message.unwrap_or_default();
        return Err(Unread::Refused { code, message });
    }
    match (rows, unread_data) {
        (Some(rows), _) => Ok(rows),
        // The code came after the data.
        (None, Some(data)) => read_data(&mut data.scanner(), endpoint),
        (None, None) => Err(Unread::NoEnvelope),
    }
}

fn read_data(scanner: &mut Scanner<'_>, endpoint: &Endpoint) -> Result<ReplyRows, Unread> {
    let mut reader = RowReader {
        is_paged: endpoint.paging() != Paging::Whole,
        has_row_path: !endpoint.row_path().is_empty(),
        rows: ReplyRows::default(),
    };
    let before = scanner.clone();
    // KuCoin sends an array instead of an object, and vice versa, on some endpoints.
    let is_bare = scanner.array().is_ok();
    *scanner = before;
    reader.rows.cursor.is_bare = is_bare;
    match endpoint.row_path() {
        [] if is_bare => reader.list(scanner, &[])?,
        [] => reader.object(scanner, USUAL_LISTS, |_| &[])?,
        path if is_bare => reader.list(scanner, path)?,
        path => reader.object(scanner, path, |at| &path[at + 1..])?,
    }
    Ok(reader.rows)
}

/// Collects the rows of `data`.
struct RowReader {
    is_paged: bool,
    has_row_path: bool,
    rows: ReplyRows,
}

impl RowReader {
    /// Reads a list of rows. If `path` is not empty, the rows are in these members of its elements.
    fn list(&mut self, scanner: &mut Scanner<'_>, path: &[&str]) -> Result<(), Unread> {
        let Ok(mut array) = scanner.array() else {
            return self.element(scanner, path);
        };
        while let Some(element) = array.element()? {
            self.element(element, path)?;
        }
        Ok(())
    }

    fn element(&mut self, scanner: &mut Scanner<'_>, path: &[&str]) -> Result<(), Unread> {
        if !path.is_empty() {
            return self.object(scanner, path, |at| &path[at + 1..]);
        }
        let row = scanner.value()?;
        match row.kind() {
            ValueKind::Null => {}
            ValueKind::Object => self.push(row),
            _ => return Err(Unread::NoRows),
        }
        Ok(())
    }

    /// Reads an object with the rows in one of the members `lists`, or the object as a row if it has none of them.
    ///
    /// `path_in` returns the path in the elements of a list.
    fn object<'p>(
        &mut self,
        scanner: &mut Scanner<'_>,
        lists: &[&str],
        path_in: impl Fn(usize) -> &'p [&'p str],
    ) -> Result<(), Unread> {
        let mut start = scanner.clone();
        let Ok(mut object) = scanner.object() else {
            return self.scalar(scanner.value()?);
        };
        let first_row = self.rows.places.len();
        let (mut shared, mut has_list) = (SharedMembers::default(), false);
        while let Some(key) = object.key()? {
            if let Some(at) = lists.iter().position(|name| **name == *key) {
                has_list = true;
                self.list(object.scanner(), path_in(at))?;
                continue;
            }
            let value = object.value()?;
            self.rows.cursor.note(&key, value);
            shared.note(&key, value);
        }
        match (has_list, self.is_paged) {
            (true, _) => {
                let rows = first_row..self.rows.places.len();
                self.rows.groups.share(rows, &shared);
            }
            (false, true) => return Err(Unread::NoRows),
            (false, false) => self.push(start.value()?),
        }
        Ok(())
    }

    fn scalar(&mut self, value: Value<'_>) -> Result<(), Unread> {
        match value.kind() {
            ValueKind::Null => Ok(()),
            // The clock is a bare number.
            ValueKind::Number if !self.is_paged && !self.has_row_path => {
                self.push(value);
                Ok(())
            }
            _ => Err(Unread::NoRows),
        }
    }

    fn push(&mut self, row: Value<'_>) {
        let start = row.offset();
        self.rows.places.push(start..start + row.as_str().len());
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
