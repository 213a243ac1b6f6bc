//! The test bench: a recovery, a fake clock, and a REST API that is a table of replies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kucoin_streams_core::{RetryPolicy, SourceError, Timestamp, Topic, WsKey};
use kucoin_streams_pro::{AnyProTopic, ProEvent};
use kucoin_streams_recovery::{
    LiveReport, Recoverable, Recovery, RecoveryOutput, RecoverySettings,
};
use kucoin_streams_rest::{FailedQuery, Query, QueryError, RawPage, UnifiedVersion};
use kucoin_streams_session::{ClockReading, CloseReason, Failure, FailureStage, Gap, GapReason};
use kucoin_streams_v1::{AnyV1Topic, V1Event};
use serde_json::Value;

/// Exchange time at the start of each test, in milliseconds: 46 minutes after a full hour.
pub(crate) const T0: i64 = 1_801_000_000_000;

/// A time of the test in milliseconds, for rows.
pub(crate) fn ms(at: i64) -> i64 {
    T0 + at
}

/// A time of the test in nanoseconds, for frames.
pub(crate) fn ns(at: i64) -> i64 {
    ms(at) * 1_000_000
}

#[derive(Clone)]
enum Answer {
    Body(String),
    Error(fn(FailedQuery) -> QueryError),
}

/// A recovery of some topics.
pub(crate) struct Bench {
    recovery: Recovery<String>,
    topics: Vec<Arc<str>>,
    start: Instant,
    /// Milliseconds since the start.
    now: i64,
    /// How far the wall clock was moved, in milliseconds.
    wall_jump: i64,
    table: Vec<(String, Answer)>,
    /// Queries that were sent: path and parameters.
    pub(crate) sent: Vec<String>,
    /// Replies do not come.
    pub(crate) is_silent: bool,
    pending: Vec<(kucoin_streams_recovery::QueryId, Query)>,
    outputs: Vec<RecoveryOutput<String>>,
}

impl Bench {
    pub(crate) fn new(topics: &[&str]) -> Self {
        Self::with(topics, RecoverySettings::default())
    }

    /// A bench whose first snapshot, of nothing, is done at 2 s.
    pub(crate) fn started(topics: &[&str]) -> Self {
        let mut bench = Self::new(topics);
        bench.run_until(2_000);
        bench.clear();
        bench
    }

    pub(crate) fn with(topics: &[&str], settings: RecoverySettings) -> Self {
        let topics: Vec<Arc<str>> = topics.iter().map(|name| Arc::from(*name)).collect();
        let start = Instant::now();
        let now = ClockReading::new(start, Timestamp::from_nanos(ns(0)));
        let recovery = Recovery::new(settings, WsKey::new("spot"), topics.iter().cloned(), now, 0);
        Self {
            recovery,
            topics,
            start,
            now: 0,
            wall_jump: 0,
            table: Vec::new(),
            sent: Vec::new(),
            is_silent: false,
            pending: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// Forgets outputs and sent queries.
    pub(crate) fn clear(&mut self) {
        self.outputs.clear();
        self.sent.clear();
    }

    /// Sets the rows of a query: a path, and parameters that it must have, separated by spaces.
    pub(crate) fn on<R: AsRef<str>>(&mut self, query: &str, rows: impl IntoIterator<Item = R>) {
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| row.as_ref().to_owned())
            .collect();
        let body = format!(r#"{{"code":"200000","data":[{}]}}"#, rows.join(","));
        self.on_body(query, &body);
    }

    pub(crate) fn on_body(&mut self, query: &str, body: &str) {
        self.set(query, Answer::Body(body.to_owned()));
    }

    pub(crate) fn on_error(&mut self, query: &str, error: fn(FailedQuery) -> QueryError) {
        self.set(query, Answer::Error(error));
    }

    fn set(&mut self, query: &str, answer: Answer) {
        self.table.retain(|(known, _)| known != query);
        self.table.push((query.to_owned(), answer));
    }

    fn clock(&self) -> ClockReading {
        let monotonic = self.start + Duration::from_millis(self.now as u64);
        ClockReading::new(monotonic, self.wall())
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_nanos(ns(self.now + self.wall_jump))
    }

    /// The machine sleeps: the wall clock and the exchange go on, the monotonic clock does not.
    pub(crate) fn sleep(&mut self, millis: i64) {
        self.wall_jump += millis;
    }

    /// Milliseconds of the exchange since the start.
    fn exchange_now(&self) -> i64 {
        self.now + self.wall_jump
    }

    /// Lets time pass: timers fire, and queries are answered at once.
    pub(crate) fn run_until(&mut self, until: i64) {
        loop {
            self.answer();
            let timer = self.recovery.next_timer();
            let timer = timer.map(|at| at.duration_since(self.start).as_millis() as i64);
            match timer {
                Some(at) if at <= until => {
                    self.now = self.now.max(at);
                    self.recovery.on_timer(self.clock());
                }
                _ => break,
            }
        }
        self.now = self.now.max(until);
        self.drain();
    }

    fn answer(&mut self) {
        while let Some((id, query)) = self.recovery.next_query(self.clock()) {
            self.sent.push(shown(&query));
            self.pending.push((id, query));
            if !self.is_silent {
                self.reply();
            }
        }
    }

    /// Answers the queries that were sent while the bench was silent.
    pub(crate) fn reply(&mut self) {
        for (id, query) in std::mem::take(&mut self.pending) {
            let reply = self.reply_to(&query);
            self.recovery.on_reply(self.clock(), id, reply);
        }
        self.drain();
    }

    fn reply_to(&self, query: &Query) -> Result<RawPage, QueryError> {
        if query.endpoint().path() == "/api/v1/timestamp" {
            let body = format!(r#"{{"code":"200000","data":{}}}"#, ms(self.exchange_now()));
            return Ok(query.read(body).unwrap());
        }
        let sent = shown(query);
        let sent: Vec<_> = sent.split(' ').collect();
        let is_of = |key: &str| key.split(' ').all(|part| sent.contains(&part));
        let found = self.table.iter().rev().find(|(key, _)| is_of(key));
        match found {
            Some((_, Answer::Error(error))) => Err(error(FailedQuery::new(
                query.endpoint(),
                UnifiedVersion::V1,
                "test",
            ))),
            Some((_, Answer::Body(body))) => Ok(query.read(body.as_str()).unwrap()),
            None => Ok(query.read(r#"{"code":"200000","data":[]}"#).unwrap()),
        }
    }

    /// Passes a live frame of a topic, by the name of its subscription.
    pub(crate) fn live(&mut self, topic: &str, frame: &str) {
        let facts = facts(topic, frame);
        let now = self.clock();
        self.recovery
            .on_event(now, topic, now.wall, facts, frame.to_owned());
        self.drain();
    }

    fn gap(&mut self, topics: &[&str], reason: GapReason) {
        let topics: Vec<Arc<str>> = match topics {
            [] => self.topics.clone(),
            topics => topics.iter().map(|name| Arc::from(*name)).collect(),
        };
        let now = self.clock();
        self.recovery.on_gap(now, Gap::new(topics, reason));
        self.drain();
    }

    /// The connection is lost, for these topics, or for all if there are none.
    pub(crate) fn lose(&mut self, topics: &[&str]) {
        let cause = Failure::new(
            FailureStage::Live,
            RetryPolicy::Transient,
            "connection reset",
        );
        let reason = GapReason::Lost {
            cause,
            last_event_at: None,
            last_heard_at: self.wall(),
            lost_at: self.wall(),
        };
        self.gap(topics, reason);
    }

    pub(crate) fn go_live(&mut self, topics: &[&str]) {
        let reason = GapReason::Live {
            last_event_at: None,
            last_heard_at: self.wall(),
            lost_at: self.wall(),
            live_at: self.wall(),
            epoch: 2,
        };
        self.gap(topics, reason);
    }

    /// Loses the connection at one time, is live again at a later one.
    pub(crate) fn outage(&mut self, from: i64, to: i64) {
        self.run_until(from);
        self.lose(&[]);
        self.run_until(to);
        self.go_live(&[]);
    }

    pub(crate) fn refuse(&mut self, topics: &[&str], retrying: bool) {
        let reason = GapReason::Refused {
            code: Some(500),
            message: "busy".to_owned(),
            retrying,
        };
        self.gap(topics, reason);
    }

    pub(crate) fn overflow(&mut self, topics: &[&str]) {
        self.gap(topics, GapReason::Overflowed { missed: 3 });
    }

    pub(crate) fn close(&mut self) {
        let reason = GapReason::Closed {
            reason: CloseReason::Requested,
            last_event_at: None,
        };
        self.gap(&[], reason);
    }

    pub(crate) fn is_recovering(&self) -> bool {
        self.recovery.is_recovering()
    }

    fn drain(&mut self) {
        while let Some(output) = self.recovery.next_output() {
            self.outputs.push(output);
        }
    }

    /// Takes the outputs as short lines.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        let outputs = std::mem::take(&mut self.outputs);
        outputs.iter().map(line).collect()
    }

    /// Takes the outputs, which must be these lines.
    #[track_caller]
    pub(crate) fn expect(&mut self, lines: &[&str]) {
        assert_eq!(self.lines(), lines);
    }

    /// Takes the frames of the recovered events, each with its topic.
    pub(crate) fn frames(&mut self) -> Vec<(Arc<str>, String)> {
        let outputs = std::mem::take(&mut self.outputs);
        let frames = outputs.into_iter().filter_map(|output| match output {
            RecoveryOutput::Recovered(frame) => Some((frame.topic, frame.frame)),
            _ => None,
        });
        frames.collect()
    }

    /// Returns the reports, and keeps the outputs.
    pub(crate) fn reports(&self) -> Vec<LiveReport> {
        let reports = self.outputs.iter().filter_map(|output| match output {
            RecoveryOutput::Live(report) => Some(report.clone()),
            _ => None,
        });
        reports.collect()
    }

    /// Returns the parts that the last report names as missing.
    pub(crate) fn missing(&self) -> Vec<String> {
        let reports = self.reports();
        let missing = reports.last().map(|report| report.missing.clone());
        let missing = missing.unwrap_or_default().into_iter();
        missing
            .map(|part| format!("{}: {}", part.what, part.reason.as_str()))
            .collect()
    }

    /// Returns the rows of snapshots: the path and one field.
    pub(crate) fn rows(&self, field: &str) -> Vec<String> {
        let rows = self.outputs.iter().filter_map(|output| match output {
            RecoveryOutput::Snapshot(row) => {
                let data: Value = serde_json::from_str(&row.data).unwrap();
                Some(format!("{} {}", row.source, text(&data[field])))
            }
            _ => None,
        });
        rows.collect()
    }

    /// Returns the number of sent queries that have all these parts.
    pub(crate) fn count(&self, query: &str) -> usize {
        let is_of = |sent: &&String| {
            let mut parts = query.split(' ');
            parts.all(|part| sent.split(' ').any(|known| known == part))
        };
        self.sent.iter().filter(is_of).count()
    }
}

/// Returns the path and the parameters of a query, without those of paging.
fn shown(query: &Query) -> String {
    let mut shown = query.endpoint().path().replace("{v}", "v1");
    if let (Some((before, _)), Some(id)) = (shown.split_once('{'), query.path_id()) {
        shown = format!("{before}{id}");
    }
    for (name, value) in query.params() {
        shown.push_str(&format!(" {name}={value}"));
    }
    shown
}

/// Decodes a frame as the topic does, and returns what recovery needs to know of the event.
#[track_caller]
fn facts(topic: &str, frame: &str) -> kucoin_streams_recovery::EventFacts {
    match decode(topic, frame) {
        Decoded::V1(event) => event.facts(),
        Decoded::Pro(event) => event.facts(),
    }
}

#[allow(clippy::large_enum_variant)]
pub(crate) enum Decoded {
    V1(V1Event),
    Pro(ProEvent),
}

/// Decodes a frame as the topic does.
#[track_caller]
pub(crate) fn decode(topic: &str, frame: &str) -> Decoded {
    if let Ok(topic) = topic.parse::<AnyProTopic>() {
        let push = topic.decode(frame).unwrap();
        return Decoded::Pro(push.expect(frame).event);
    }
    match topic.parse::<AnyV1Topic>().unwrap() {
        AnyV1Topic::Spot(topic) => {
            let push = topic.decode(frame).unwrap();
            Decoded::V1(push.expect(frame).event.into())
        }
        AnyV1Topic::Futures(topic) => {
            let push = topic.decode(frame).unwrap();
            Decoded::V1(push.expect(frame).event.into())
        }
        _ => panic!("{topic} is no topic of spot or futures"),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The fields of an event that tell it from others.
const FIELDS: [&[&str]; 6] = [
    &["type", "os"],
    &["orderId", "oi"],
    &["tradeId", "ti"],
    &["currency", "c"],
    &["total", "b"],
    &["fundingTime", "currentQty"],
];

/// Returns a frame as a short text, such as `match o1 7`.
fn brief(frame: &str) -> String {
    let frame: Value = serde_json::from_str(frame).unwrap();
    let data = [&frame["data"], &frame["d"]];
    let data = data.into_iter().find(|data| data.is_object()).unwrap();
    let value = |names: &&[&str]| {
        let found = names.iter().find(|name| !data[**name].is_null())?;
        Some(text(&data[*found])).filter(|text| !text.is_empty())
    };
    let values: Vec<_> = FIELDS.iter().filter_map(value).collect();
    values.join(" ")
}

fn line(output: &RecoveryOutput<String>) -> String {
    match output {
        RecoveryOutput::Event(frame) => format!("live {}", brief(frame)),
        RecoveryOutput::Recovered(frame) => {
            let late = if frame.source.late { "late " } else { "" };
            format!("{late}recovered {}", brief(&frame.frame))
        }
        RecoveryOutput::Snapshot(row) => {
            let data: Value = serde_json::from_str(&row.data).unwrap();
            let names = ["id", "orderId", "symbol", "currency"];
            let name = names.iter().find(|name| !data[**name].is_null());
            format!("snapshot {}", text(&data[*name.unwrap_or(&"")]))
        }
        RecoveryOutput::Vanished(order) => format!("vanished {}", order.order_id),
        RecoveryOutput::Gap(gap) => match &gap.reason {
            GapReason::Lost { .. } => "gap".to_owned(),
            GapReason::Refused { .. } => "gap refused".to_owned(),
            GapReason::Closed { .. } => "gap closed".to_owned(),
            _ => "gap of a live topic".to_owned(),
        },
        RecoveryOutput::Live(report) => {
            let mut line = if report.late { "late report" } else { "report" }.to_owned();
            for part in &report.missing {
                line.push_str(&format!("; {}: {}", part.what, part.reason.as_str()));
            }
            line
        }
        other => format!("{other:?}"),
    }
}

/// Errors of queries.
pub(crate) mod errors {
    use super::{Arc, Duration, FailedQuery, QueryError, RetryPolicy, SourceError};

    pub(crate) fn rate_limited(query: FailedQuery) -> QueryError {
        let reset = Duration::from_secs(7);
        QueryError::RateLimited { query, reset }
    }

    pub(crate) fn overloaded(query: FailedQuery) -> QueryError {
        QueryError::Overloaded { query, status: 503 }
    }

    pub(crate) fn unreachable(query: FailedQuery) -> QueryError {
        let source = SourceError::new(RetryPolicy::Transient, "timeout");
        let source = Arc::new(source);
        QueryError::Unreachable { query, source }
    }

    pub(crate) fn no_permission(query: FailedQuery) -> QueryError {
        QueryError::Refused {
            query,
            code: "400007".into(),
            message: "require more permission".into(),
        }
    }

    pub(crate) fn refused_key(query: FailedQuery) -> QueryError {
        QueryError::Refused {
            query,
            code: "400003".into(),
            message: "key not exists".into(),
        }
    }

    pub(crate) fn bad_parameter(query: FailedQuery) -> QueryError {
        QueryError::BadParameter {
            query,
            code: "400100".into(),
            message: "symbol is required".into(),
        }
    }

    pub(crate) fn not_found(query: FailedQuery) -> QueryError {
        let message = "order not exist".into();
        QueryError::NotFound { query, message }
    }
}

/// Frames and rows of spot orders on BTC-USDT.
pub(crate) mod spot {
    use super::{ms, ns};

    pub(crate) const ORDERS: &str = "/spotMarket/tradeOrdersV2";
    pub(crate) const ACTIVE: &str = "/api/v1/hf/orders/active";
    pub(crate) const FILLS: &str = "/api/v1/hf/fills symbol=BTC-USDT";
    pub(crate) const DONE: &str = "/api/v1/hf/orders/done symbol=BTC-USDT";
    pub(crate) const LEDGER: &str = "/api/v1/hf/accounts/ledgers";

    /// A frame of an order, with more fields.
    pub(crate) fn order(kind: &str, id: &str, at: i64, fields: &str) -> String {
        order_on(ORDERS, kind, id, at, fields)
    }

    pub(crate) fn order_on(topic: &str, kind: &str, id: &str, at: i64, fields: &str) -> String {
        let status = match kind {
            "filled" | "canceled" => "done",
            "match" => "match",
            _ => "open",
        };
        format!(
            r#"{{"topic":"{topic}","type":"message","subject":"orderChange","channelType":"private","data":{{"symbol":"BTC-USDT","orderId":"{id}","type":"{kind}","status":"{status}","side":"buy","orderType":"limit","price":"90000","orderTime":{},"ts":{}{fields}}}}}"#,
            ms(at),
            ns(at),
        )
    }

    /// A frame of a match of 0.1, and the filled size after it.
    pub(crate) fn matched(id: &str, trade: &str, at: i64, filled: &str) -> String {
        let fields = format!(
            r#","tradeId":"{trade}","matchPrice":"90000","matchSize":"0.1","liquidity":"maker","size":"1","filledSize":"{filled}""#
        );
        order("match", id, at, &fields)
    }

    /// A row of an order of size 1: `open`, `filled` or `canceled`.
    pub(crate) fn row(id: &str, state: &str, created: i64, filled: &str) -> String {
        let (active, cancel) = match state {
            "open" => (true, false),
            "filled" => (false, false),
            _ => (false, true),
        };
        format!(
            r#"{{"id":"{id}","clientOid":"c-{id}","symbol":"BTC-USDT","opType":"DEAL","type":"limit","side":"buy","price":"90000","size":"1","funds":"90000","dealSize":"{filled}","remainSize":"0.5","cancelledSize":"0","cancelledFunds":"0","fee":"0.1","tradeType":"TRADE","active":{active},"inOrderBook":{active},"cancelExist":{cancel},"createdAt":{},"lastUpdatedAt":{}}}"#,
            ms(created),
            ms(created + 60_000),
        )
    }

    /// A row of a fill of 0.1.
    pub(crate) fn fill(id: &str, trade: &str, at: i64) -> String {
        format!(
            r#"{{"id":77,"symbol":"BTC-USDT","tradeId":{trade},"orderId":"{id}","counterOrderId":"other","side":"buy","liquidity":"maker","type":"limit","forceTaker":false,"price":"90000.10","size":"0.1","funds":"9000.01","fee":"9.00001","feeRate":"0.001","feeCurrency":"USDT","stop":"","tradeType":"TRADE","createdAt":{}}}"#,
            ms(at),
        )
    }

    /// A row of the ledger: a trade of this order.
    pub(crate) fn booking(ledger: &str, order: &str, trade: &str, at: i64) -> String {
        format!(
            r#"{{"id":"{ledger}","currency":"BTC","amount":"0.1","fee":"0","tax":"0","balance":"1.1","accountType":"TRADE_HF","bizType":"TRADE_EXCHANGE","direction":"in","createdAt":"{}","context":"{{\"symbol\":\"BTC-USDT\",\"orderId\":\"{order}\",\"tradeId\":\"{trade}\"}}"}}"#,
            ms(at),
        )
    }
}
