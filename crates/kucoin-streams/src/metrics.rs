//! Metrics of clients for the [`metrics`](https://docs.rs/metrics) facade, and as Prometheus text.
//!
//! They are taken from [`Kucoin::stats`](crate::Kucoin::stats) now and then, so the path of an event has no metrics call.
//! [The guide](crate::guide::operations) has the table of their names, and says what to alert on.
//!
//! Labels are `account` (the label of the client, if it has one), `ws_key`, `connection` (the number of the connection, if
//! it is not 0), for latencies `hop` and `quantile`, and for differences from the known format `topic` and `finding`. No metric contains a key, a user ID or an order ID.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use metrics::{Label, counter, describe_counter, describe_gauge, gauge};

use crate::{
    ConnectionState, ConnectionStats, FindingKind, KucoinStats, LatencySummary, TopicDrift,
};

/// Publishes statistics to the recorder of the program.
///
/// The counters are absolute. Call it again at an interval: see [`publish_every`].
pub fn publish(stats: &KucoinStats) {
    for metric in METRICS {
        metric.samples(stats, |labels, value| {
            let labels = labels.map(|(name, value)| Label::new(name, value.to_owned()));
            let labels: Vec<Label> = labels.collect();
            match metric.kind {
                // Counters are whole numbers.
                Kind::Counter => counter!(metric.name, labels).absolute(value as u64),
                Kind::Gauge => gauge!(metric.name, labels).set(value),
            }
        });
    }
}

/// Describes all metrics to the recorder of the program: their type and meaning. Call it once.
pub fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.help),
        }
    }
}

/// Describes all metrics, then publishes statistics at this interval, until the future is dropped.
///
/// `stats` returns the statistics of all accounts. Run it as a task, after you have installed a recorder:
///
/// ```no_run
/// use std::time::Duration;
///
/// # fn start(kucoin: kucoin_streams::Kucoin) {
/// let stats = move || vec![kucoin.stats()];
/// tokio::spawn(kucoin_streams::metrics::publish_every(Duration::from_secs(5), stats));
/// # }
/// ```
///
/// With a fleet, `stats` is `move || fleet.stats().accounts`. A client that moves into the task stays open until the task is
/// aborted.
pub async fn publish_every(interval: Duration, stats: impl Fn() -> Vec<KucoinStats>) {
    describe();
    loop {
        stats().iter().for_each(publish);
        tokio::time::sleep(interval).await;
    }
}

/// Returns the metrics of all accounts as text, in the format 0.0.4 of Prometheus.
///
/// Serve it as `text/plain; version=0.0.4`. It needs no recorder. `kucoin-streams watch --metrics-addr` serves the same.
pub fn prometheus_text(accounts: &[KucoinStats]) -> String {
    let mut text = String::new();
    for metric in METRICS {
        let start = text.len();
        let (name, help, kind) = (metric.name, metric.help, metric.kind.as_str());
        // Writing to a string does not fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        let header = text.len();
        for account in accounts {
            metric.samples(account, |labels, value| {
                text.push_str(name);
                for (at, (label, value)) in labels.enumerate() {
                    text.push(if at == 0 { '{' } else { ',' });
                    let _ = write!(text, "{label}=\"{}\"", escape(value));
                }
                if !text.ends_with(name) {
                    text.push('}');
                }
                let _ = writeln!(text, " {value}");
            });
        }
        if text.len() == header {
            text.truncate(start);
        }
    }
    text
}

/// Escapes a label value as Prometheus requires.
fn escape(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    escaped.replace('\n', "\\n")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// What a metric is read from. `None` omits the sample.
enum Read {
    Account(fn(&KucoinStats) -> f64),
    Connection(fn(&ConnectionStats) -> Option<f64>),
    /// The quantiles of each hop, in seconds.
    Latency,
    /// The number of measured events of each hop.
    LatencyCount,
    /// The number of findings, by topic and kind.
    Drift,
}

/// A metric: its name, and where its values come from.
struct Metric {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    read: Read,
}

type Labels<'l> = std::iter::Flatten<std::array::IntoIter<Option<(&'static str, &'l str)>, 5>>;

impl Metric {
    const fn of(name: &'static str, kind: Kind, help: &'static str, read: Read) -> Self {
        Self {
            name,
            kind,
            help,
            read,
        }
    }

    /// Calls `each` with the labels and the value of each sample.
    fn samples(&self, stats: &KucoinStats, mut each: impl FnMut(Labels<'_>, f64)) {
        let account = stats.account.as_deref().map(|label| ("account", label));
        if let Read::Account(read) = self.read {
            return each(
                [account, None, None, None, None].into_iter().flatten(),
                read(stats),
            );
        }
        if let Read::Drift = self.read {
            for ((topic, kind), count) in drift_counts(&stats.drift) {
                let (topic, kind) = (Some(("topic", topic)), Some(("finding", kind)));
                let labels = [account, topic, kind, None, None];
                each(labels.into_iter().flatten(), count as f64);
            }
            return;
        }
        for connection in &stats.connections {
            let number = (connection.number > 0).then(|| connection.number.to_string());
            let number = number.as_deref().map(|number| ("connection", number));
            let ws_key = Some(("ws_key", connection.ws_key.as_str()));
            let mut sample = |hop: Option<&'static str>, quantile: Option<&'static str>, value| {
                let hop = hop.map(|hop| ("hop", hop));
                let quantile = quantile.map(|quantile| ("quantile", quantile));
                each(
                    [account, ws_key, number, hop, quantile]
                        .into_iter()
                        .flatten(),
                    value,
                );
            };
            match self.read {
                Read::Account(_) | Read::Drift => {}
                Read::Connection(read) => {
                    read(connection)
                        .into_iter()
                        .for_each(|value| sample(None, None, value));
                }
                Read::LatencyCount => {
                    for (hop, latency) in hops(connection) {
                        sample(Some(hop), None, latency.count as f64);
                    }
                }
                Read::Latency => {
                    for (hop, latency) in hops(connection) {
                        for (quantile, nanos) in [
                            ("0", latency.min_ns),
                            ("0.5", latency.p50_ns),
                            ("0.9", latency.p90_ns),
                            ("0.99", latency.p99_ns),
                            ("1", latency.max_ns),
                        ] {
                            sample(Some(hop), Some(quantile), nanos as f64 / 1e9);
                        }
                    }
                }
            }
        }
    }
}

/// Returns the number of findings by topic and kind. Connections of different kinds can have topics of one name.
fn drift_counts(drift: &[TopicDrift]) -> BTreeMap<(&str, &'static str), u64> {
    let mut counts = BTreeMap::new();
    for topic in drift {
        for kind in FindingKind::ALL {
            let count = topic.count(kind);
            if count > 0 {
                *counts.entry((&*topic.topic, kind.as_str())).or_default() += count;
            }
        }
    }
    counts
}

/// Returns the measured hops of a connection, with their names.
fn hops(connection: &ConnectionStats) -> impl Iterator<Item = (&'static str, LatencySummary)> {
    let latency = connection.latency;
    let hops = [
        ("event_to_push", latency.event_to_push),
        ("push_to_read", latency.push_to_read),
        ("event_to_read", latency.event_to_read),
        ("read_to_delivery", latency.read_to_delivery),
    ];
    hops.into_iter()
        .filter_map(|(hop, summary)| Some((hop, summary?)))
}

const fn counter_of(
    name: &'static str,
    help: &'static str,
    read: fn(&ConnectionStats) -> Option<f64>,
) -> Metric {
    Metric::of(name, Kind::Counter, help, Read::Connection(read))
}

const fn gauge_of(
    name: &'static str,
    help: &'static str,
    read: fn(&ConnectionStats) -> Option<f64>,
) -> Metric {
    Metric::of(name, Kind::Gauge, help, Read::Connection(read))
}

/// All metrics, in the order of the guide.
#[rustfmt::skip]
const METRICS: &[Metric] = &[
    gauge_of("kucoin_streams_live", "1 if the connection is live, else 0.",
        |of| Some(f64::from(u8::from(of.state == ConnectionState::Live)))),
    counter_of("kucoin_streams_events_total", "Events returned to consumers.", |of| Some(of.counters.events as f64)),
    counter_of("kucoin_streams_frames_total", "Messages received, of any kind.", |of| Some(of.counters.frames as f64)),
    counter_of("kucoin_streams_received_bytes_total", "Payload received.", |of| Some(of.counters.bytes_received as f64)),
    counter_of("kucoin_streams_sent_bytes_total", "Payload sent.", |of| Some(of.counters.bytes_sent as f64)),
    counter_of("kucoin_streams_gaps_total", "Gaps of all subscriptions: losses, temporary refusals, full queues.",
        |of| Some(of.counters.gaps as f64)),
    counter_of("kucoin_streams_missed_frames_total", "Frames dropped because a queue was full.",
        |of| Some(of.counters.missed as f64)),
    counter_of("kucoin_streams_recovered_events_total", "Missed events fetched over REST.",
        |of| Some(of.counters.recovered as f64)),
    counter_of("kucoin_streams_reconnects_total", "Times that the connection was live again after a loss.",
        |of| Some(of.counters.reconnects as f64)),
    counter_of("kucoin_streams_dials_total", "Attempts to connect, rotations included.",
        |of| Some(of.counters.dials as f64)),
    counter_of("kucoin_streams_failed_dials_total", "Attempts to connect that failed.",
        |of| Some(of.counters.failed_dials as f64)),
    counter_of("kucoin_streams_rotations_total", "Planned replacements of the connection, without a loss.",
        |of| Some(of.counters.rotations as f64)),
    counter_of("kucoin_streams_undecodable_frames_total", "Frames that could not be decoded.",
        |of| Some(of.counters.undecodable as f64)),
    counter_of("kucoin_streams_duplicate_frames_total", "Duplicates dropped in rotations.",
        |of| Some(of.counters.duplicates as f64)),
    gauge_of("kucoin_streams_epoch", "Number of the current connection, one more after each reconnect and rotation.",
        |of| Some(of.epoch as f64)),
    gauge_of("kucoin_streams_queued_frames", "Frames in the queues of all subscriptions.", |of| Some(of.queued as f64)),
    gauge_of("kucoin_streams_queued_frames_max", "Maximum number of frames that were in one queue.",
        |of| Some(of.queued_max as f64)),
    gauge_of("kucoin_streams_heartbeat_seconds", "Round trip of the last heartbeat.",
        |of| of.heartbeat.map(|heartbeat| heartbeat.last_ns as f64 / 1e9)),
    gauge_of("kucoin_streams_heartbeat_smoothed_seconds", "Smoothed round trip of the heartbeat.",
        |of| of.heartbeat.map(|heartbeat| heartbeat.smoothed_ns as f64 / 1e9)),
    gauge_of("kucoin_streams_last_frame_age_seconds", "Time since the last message of any kind.",
        |of| of.last_frame_age_ns.map(|age| age as f64 / 1e9)),
    Metric::of("kucoin_streams_latency_seconds", Kind::Gauge,
        "Latency by hop since the start; push_to_read and event_to_read compare two clocks.", Read::Latency),
    Metric::of("kucoin_streams_latency_events_total", Kind::Counter, "Events whose latency was measured, by hop.",
        Read::LatencyCount),
    gauge_of("kucoin_streams_clock_offset_seconds", "Measured offset of KuCoin's clock; positive if it is ahead.",
        |of| of.latency.clock.map(|clock| clock.offset_ns as f64 / 1e9)),
    gauge_of("kucoin_streams_clock_error_seconds", "Maximum error of the measured clock offset.",
        |of| of.latency.clock.map(|clock| clock.error_ns as f64 / 1e9)),
    Metric::of("kucoin_streams_rest_queries_total", Kind::Counter, "REST queries sent, without token requests.",
        Read::Account(|stats| stats.rest.sent as f64)),
    Metric::of("kucoin_streams_rest_refused_total", Kind::Counter, "REST queries that KuCoin refused.",
        Read::Account(|stats| stats.rest.refused as f64)),
    Metric::of("kucoin_streams_drift_total", Kind::Counter, "Differences from the known format, by topic and kind.",
        Read::Drift),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    use kucoin_streams_exchange::{Effect, Exchange, Mutation};
    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };

    use super::*;
    use crate::{Credentials, Hosts, Kucoin, v1};

    #[test]
    fn guide_names_each_metric_with_its_type() {
        let guide = include_str!("guide/operations.rs");
        let is_metric = |line: &&str| {
            let has_type = line.contains("` | counter |") || line.contains("` | gauge |");
            has_type && line.starts_with("//! | `kucoin_streams_")
        };
        let rows: Vec<&str> = guide.lines().filter(is_metric).collect();
        assert_eq!(rows.len(), METRICS.len());
        for (metric, row) in METRICS.iter().zip(rows) {
            let start = format!("//! | `{}` | {} |", metric.name, metric.kind.as_str());
            assert!(row.starts_with(&start), "{row} does not start with {start}");
            assert_eq!(
                metric.kind == Kind::Counter,
                metric.name.ends_with("_total"),
                "{row}"
            );
        }
    }

    /// A recorder that keeps the values by name and labels.
    #[derive(Default)]
    struct Values(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

    impl Values {
        fn of(&self, key: &Key) -> Arc<AtomicU64> {
            let labels = key
                .labels()
                .map(|label| format!(" {}={}", label.key(), label.value()));
            let name = format!("{}{}", key.name(), labels.collect::<String>());
            Arc::clone(self.0.lock().unwrap().entry(name).or_default())
        }

        fn get(&self, name: &str) -> Option<u64> {
            let values = self.0.lock().unwrap();
            values.get(name).map(|value| value.load(Ordering::Relaxed))
        }
    }

    impl Recorder for Values {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.of(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.of(key))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[tokio::test]
    async fn recorder_gets_counters_gauges_and_quantiles() {
        let exchange = Exchange::builder().start().await.unwrap();
        let demo = exchange.credentials();
        let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap();
        let kucoin = Kucoin::builder().credentials(credentials).label("desk 7");
        let kucoin = kucoin.hosts(Hosts::local(&exchange.rest_url()).unwrap());
        let kucoin = kucoin.build().unwrap();
        let mut balances = kucoin.subscribe(v1::Balances).await.unwrap();
        let values = Values::default();
        let spot =
            |name: &str| format!("kucoin_streams_{name} account=desk 7 ws_key=spotPrivateV1");
        for events in 1..=2 {
            exchange.account().deposit("USDT", 5.into()).unwrap();
            balances.next().await.unwrap().unwrap();
            metrics::with_local_recorder(&values, || publish(&kucoin.stats()));
            assert_eq!(values.get(&spot("events_total")), Some(events));
        }
        assert_eq!(values.get(&spot("dials_total")), Some(1));
        assert_eq!(values.get(&spot("live")), Some(1_f64.to_bits()));
        let slowest = format!(
            "{} hop=read_to_delivery quantile=1",
            spot("latency_seconds")
        );
        assert!(f64::from_bits(values.get(&slowest).unwrap()) > 0.0);
        // No pong has been received.
        assert_eq!(values.get(&spot("heartbeat_seconds")), None);
        let rest = "kucoin_streams_rest_queries_total account=desk 7";
        assert_eq!(values.get(rest), Some(0));
    }

    #[tokio::test]
    async fn differences_from_the_known_format_are_counted_by_topic_and_kind() {
        let exchange = Exchange::builder().start().await.unwrap();
        let demo = exchange.credentials();
        let credentials = Credentials::new(&demo.key, &demo.secret, &demo.passphrase).unwrap();
        let kucoin = Kucoin::builder().credentials(credentials);
        let kucoin = kucoin.hosts(Hosts::local(&exchange.rest_url()).unwrap());
        let kucoin = kucoin.build().unwrap();
        let mut balances = kucoin.subscribe(v1::Balances).await.unwrap();
        let is_drift = |line: &str| line.starts_with("kucoin_streams_drift_total");
        let samples = |text: &str| text.lines().filter(|line| is_drift(line)).count();
        exchange.account().deposit("USDT", 5.into()).unwrap();
        balances.next().await.unwrap().unwrap();
        assert_eq!(samples(&prometheus_text(&[kucoin.stats()])), 0);
        for _ in 0..2 {
            exchange.inject(Effect::MutateFrame {
                mutation: Mutation::ExtraField,
                field: None,
                count: Some(1),
            });
            exchange.account().deposit("USDT", 5.into()).unwrap();
            balances.next().await.unwrap().unwrap();
        }
        let text = prometheus_text(&[kucoin.stats()]);
        let labels = r#"{topic="/account/balance",finding="unknownField"}"#;
        let sample = format!("kucoin_streams_drift_total{labels} 2");
        assert!(text.lines().any(|line| line == sample), "{text}");
        assert_eq!(samples(&text), 1, "{text}");
    }

    #[test]
    fn label_values_are_escaped() {
        let credentials = Credentials::new("key", "secret", "passphrase").unwrap();
        let kucoin = Kucoin::builder()
            .credentials(credentials)
            .label("a \"b\"\\\nc");
        let text = prometheus_text(&[kucoin.build().unwrap().stats()]);
        let sample = r#"kucoin_streams_rest_queries_total{account="a \"b\"\\\nc"} 0"#;
        assert!(text.lines().any(|line| line == sample), "{text}");
        // Without connections, only the metrics of the account have samples.
        assert_eq!(text.lines().count(), 6, "{text}");
    }
}
