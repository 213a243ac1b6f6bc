//! What open pages read: the current rows, the history of the charts, and the last messages for a page that resumes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kucoin_streams::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::watch;

/// Number of messages for pages that resume: about 10 minutes.
pub(crate) const MAX_MESSAGES: usize = 2_400;
/// Bytes of these messages. The newest message is kept, even if it alone is larger.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// Milliseconds of history in the charts.
pub(crate) const HISTORY: i64 = 3_600_000;
/// Number of lines in the charts.
pub(crate) const MAX_LINES: usize = 100;

/// Rows of one table by key; `None` removes a row.
pub(crate) type Rows = BTreeMap<String, Option<Box<RawValue>>>;
/// Rows by table.
pub(crate) type Tables = BTreeMap<&'static str, Rows>;
/// Milliseconds, and the digits of a value; `None` if there is no value from then on.
type Point = (i64, Option<Box<str>>);

/// The messages, and the fold of all of them. Its memory is bounded; pages share the messages.
pub(crate) struct Hub {
    /// Differs in each run of the program, so that a page never resumes the messages of another run.
    run: String,
    title: &'static str,
    inner: Mutex<HubState>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct HubState {
    /// Number of the newest message.
    newest: u64,
    messages: VecDeque<Arc<str>>,
    bytes: usize,
    tables: Tables,
    history: BTreeMap<String, VecDeque<Point>>,
}

/// One message for a page.
pub(crate) struct PageMessage {
    pub(crate) number: u64,
    pub(crate) name: &'static str,
    pub(crate) json: Arc<str>,
}

/// A message as JSON. A snapshot has the history of all lines, a change has the new points.
#[derive(Serialize)]
struct MessageBody<'m, P> {
    now: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    tables: &'m Tables,
    points: P,
}

impl Hub {
    pub(crate) fn new(title: &'static str) -> Self {
        Self {
            run: format!("{:x}", Timestamp::now().as_nanos()),
            title,
            inner: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }

    /// Publishes rows that differ from those before, and the values of all lines if they were measured now.
    ///
    /// Each measurement is a message, also if nothing has changed: the page notices if its stream is broken.
    pub(crate) fn publish(
        &self,
        now: i64,
        mut tables: Tables,
        values: Option<&BTreeMap<String, String>>,
    ) {
        let mut inner = self.inner();
        tables.retain(|name, rows| {
            let kept = inner.tables.entry(name).or_default();
            rows.retain(|key, row| {
                let old = kept.get(key).and_then(Option::as_deref).map(RawValue::get);
                old != row.as_deref().map(RawValue::get)
            });
            for (key, row) in &*rows {
                match row {
                    Some(_) => kept.insert(key.clone(), row.clone()),
                    None => kept.remove(key),
                };
            }
            !rows.is_empty()
        });
        if tables.is_empty() && values.is_none() {
            return;
        }
        let points = values.map_or_else(BTreeMap::new, |values| inner.add_points(now, values));
        inner.push(to_json(&MessageBody {
            now,
            title: None,
            tables: &tables,
            points,
        }));
        self.newest.send_replace(inner.newest);
    }

    /// Returns the message after `after`, or a snapshot if there is no such place; `None` if nothing is newer.
    pub(crate) fn read(&self, after: Option<u64>) -> Option<PageMessage> {
        let inner = self.inner();
        let behind = after.and_then(|after| inner.newest.checked_sub(after));
        let behind = behind.and_then(|behind| usize::try_from(behind).ok());
        let (number, name, json) = match behind.filter(|behind| *behind <= inner.messages.len()) {
            Some(0) => return None,
            Some(behind) => {
                let json = &inner.messages[inner.messages.len() - behind];
                (after? + 1, "change", Arc::clone(json))
            }
            None => {
                let body = MessageBody {
                    now: Timestamp::now().as_millis(),
                    title: Some(self.title),
                    tables: &inner.tables,
                    points: &inner.history,
                };
                (inner.newest, "snapshot", to_json(&body))
            }
        };
        Some(PageMessage { number, name, json })
    }

    /// Returns a receiver that changes with each message.
    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Returns the ID of a message, which a page sends back to resume.
    pub(crate) fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.run)
    }

    /// Returns the number of a message of this run; `None` if the ID is of another run, or is not an ID.
    pub(crate) fn number(&self, id: &str) -> Option<u64> {
        let (run, number) = id.split_once('-')?;
        number.parse().ok().filter(|_| run == self.run)
    }

    fn inner(&self) -> MutexGuard<'_, HubState> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HubState {
    /// Adds the values that have changed. A line without a value ends; it is removed once it is older than the history.
    fn add_points(
        &mut self,
        now: i64,
        values: &BTreeMap<String, String>,
    ) -> BTreeMap<String, Point> {
        let mut added = BTreeMap::new();
        let known = self.history.keys();
        let mut all: BTreeMap<_, _> = known.map(|key| (key.clone(), None)).collect();
        all.extend(
            values
                .iter()
                .map(|(key, value)| (key.clone(), Some(value.as_str()))),
        );
        for (key, value) in &all {
            if !self.history.contains_key(key) && self.history.len() >= MAX_LINES {
                continue;
            }
            let line = self.history.entry(key.clone()).or_default();
            if line
                .back()
                .is_none_or(|(_, last)| last.as_deref() != *value)
            {
                let point = (now, value.map(Box::from));
                line.push_back(point.clone());
                added.insert(key.clone(), point);
            }
            // The last point before the history is the value at its begin.
            while line.get(1).is_some_and(|(at, _)| *at <= now - HISTORY) {
                line.pop_front();
            }
        }
        self.history
            .retain(|_, line| !matches!(line.back(), Some((at, None)) if *at <= now - HISTORY));
        added
    }

    fn push(&mut self, json: Arc<str>) {
        self.newest += 1;
        self.bytes += json.len();
        self.messages.push_back(json);
        while self.messages.len() > MAX_MESSAGES
            || (self.bytes > MAX_BYTES && self.messages.len() > 1)
        {
            self.bytes -= self.messages.pop_front().map_or(0, |json| json.len());
        }
    }
}

/// Converts a value to JSON: numbers with many digits are strings.
pub(crate) fn to_json(value: &impl Serialize) -> Arc<str> {
    serde_json::to_string(value)
        .expect("text keys, no maps with other keys")
        .into()
}
