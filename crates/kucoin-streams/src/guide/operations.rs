//! Operating a client: statistics, metrics, Prometheus, traces, and what to alert on.
//!
//! # Statistics
//!
//! [`Kucoin::stats`](crate::Kucoin::stats) returns the counters, queues and latencies of each connection at any time, without
//! waiting. [`Fleet::stats`](crate::Fleet::stats) returns those of all accounts and their sum. Both are plain values that
//! serialize to JSON. The counters are always kept; they never decrease while the client exists.
//!
//! ```
//! use kucoin_streams::{ConnectionState, Credentials, Hosts, Kucoin, v1};
//! use kucoin_streams_exchange::Exchange;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let exchange = Exchange::builder().start().await?;
//! let demo = exchange.credentials();
//! let kucoin = Kucoin::builder()
//!     .credentials(Credentials::new(&demo.key, &demo.secret, &demo.passphrase)?)
//!     .hosts(Hosts::local(&exchange.rest_url())?)
//!     .build()?;
//! let mut balances = kucoin.subscribe(v1::Balances).await?;
//! exchange.account().deposit("USDT", 5.into())?;
//! balances.next().await;
//!
//! let stats = kucoin.stats();
//! let spot = &stats.connections[0];
//! assert_eq!((&spot.state, spot.counters.events), (&ConnectionState::Live, 1));
//! println!("{}", serde_json::to_string(&stats)?);
//! # Ok(()) }
//! ```
//!
//! The program needs `serde_json` too.
//!
//! # Latency and clocks
//!
//! An event has four times: when it happened (KuCoin's matching engine), when KuCoin's gateway pushed it, when it was read from
//! the socket, and when your code got it. The first two are by KuCoin's clocks, the others by your machine's.
//!
//! | Hop | Clocks | Which events |
//! |---|---|---|
//! | `event_to_push` | KuCoin's | all of Pro V2 with a time; of V1 only spot orders, since other pushes have no push time |
//! | `push_to_read` | **two** | those with a push time |
//! | `event_to_read` | **two** | those with the time of the event |
//! | `read_to_delivery` | this machine's | a sample: the first event of each batch and every 64th after it |
//!
//! A difference of two clocks is as good as the measured offset between them. From the first call of `stats` on, the client
//! measures it every five minutes, by one unsigned `GET /api/v1/timestamp` per account; a client whose statistics are never
//! read sends none. Call `stats` once at the start to have all latencies. [`ClockOffset`](crate::ClockOffset) has the offset
//! and its maximum error: half the round trip of that request, plus half a millisecond, since KuCoin sends milliseconds. A
//! latency of 12 ms with an error of 40 ms says little; compare it with other times of the same machine. Until the clock is
//! measured, these two hops are not. KuCoin's REST and stream servers are assumed to have the same time.
//!
//! V1's push time and many event times have milliseconds, and are cut off: up to 1 ms is shifted from one hop to the next, so
//! `event_to_push` can be slightly negative. To measure the clock at another time, call
//! [`RestTokens::measure_clock`](crate::RestTokens::measure_clock). With your own source of tokens, implement
//! [`ConnectionSource::clock_offset`](crate::ConnectionSource::clock_offset).
//!
//! # Metrics
//!
//! With the feature `metrics`, [`metrics::publish_every`](crate::metrics::publish_every) publishes the statistics to the
//! recorder of your program, through the [`metrics`](https://docs.rs/metrics) facade: to Prometheus, StatsD, OpenTelemetry or
//! another. The path of an event has no metrics call.
//!
//! ```text
//! metrics_exporter_prometheus::PrometheusBuilder::new().install()?; // any recorder
//! let stats = { let kucoin = kucoin.clone(); move || vec![kucoin.stats()] };
//! tokio::spawn(kucoin_streams::metrics::publish_every(Duration::from_secs(5), stats));
//! ```
//!
//! Without a recorder, [`metrics::prometheus_text`](crate::metrics::prometheus_text) returns the text for your own HTTP server.
//! Without any code, `kucoin-streams watch --metrics-addr 127.0.0.1:9600` serves it, and so does `top`.
//!
//! Each metric has the labels `account` (the label of the client, if it has one) and, except for REST queries and drift,
//! `ws_key` and `connection` (the number of the connection, if it is not 0).
//!
//! | Name | Type | Unit | More labels | Meaning |
//! |---|---|---|---|---|
//! | `kucoin_streams_live` | gauge | | | 1 if the connection is live, else 0 |
//! | `kucoin_streams_events_total` | counter | events | | returned to consumers |
//! | `kucoin_streams_frames_total` | counter | messages | | received, of any kind |
//! | `kucoin_streams_received_bytes_total` | counter | bytes | | payload received |
//! | `kucoin_streams_sent_bytes_total` | counter | bytes | | payload sent |
//! | `kucoin_streams_gaps_total` | counter | gaps | | losses, temporary refusals and full queues, of each subscription |
//! | `kucoin_streams_missed_frames_total` | counter | frames | | dropped because a queue was full |
//! | `kucoin_streams_recovered_events_total` | counter | events | | missed, then fetched over REST |
//! | `kucoin_streams_reconnects_total` | counter | | | live again after a loss |
//! | `kucoin_streams_dials_total` | counter | | | attempts to connect, rotations included |
//! | `kucoin_streams_failed_dials_total` | counter | | | attempts to connect that failed |
//! | `kucoin_streams_rotations_total` | counter | | | planned replacements of the connection, without a loss |
//! | `kucoin_streams_undecodable_frames_total` | counter | frames | | not decodable, each in a gap |
//! | `kucoin_streams_duplicate_frames_total` | counter | frames | | dropped in rotations |
//! | `kucoin_streams_epoch` | gauge | | | number of the current connection |
//! | `kucoin_streams_queued_frames` | gauge | frames | | in the queues of all subscriptions |
//! | `kucoin_streams_queued_frames_max` | gauge | frames | | maximum in one queue so far |
//! | `kucoin_streams_heartbeat_seconds` | gauge | seconds | | round trip of the last heartbeat |
//! | `kucoin_streams_heartbeat_smoothed_seconds` | gauge | seconds | | smoothed round trip |
//! | `kucoin_streams_last_frame_age_seconds` | gauge | seconds | | since the last message of any kind |
//! | `kucoin_streams_latency_seconds` | gauge | seconds | `hop`, `quantile`: 0, 0.5, 0.9, 0.99, 1 | since the start |
//! | `kucoin_streams_latency_events_total` | counter | events | `hop` | whose latency was measured |
//! | `kucoin_streams_clock_offset_seconds` | gauge | seconds | | KuCoin's clock; positive if it is ahead |
//! | `kucoin_streams_clock_error_seconds` | gauge | seconds | | maximum error of the offset |
//! | `kucoin_streams_rest_queries_total` | counter | queries | | sent, without token requests |
//! | `kucoin_streams_rest_refused_total` | counter | queries | | refused by KuCoin |
//! | `kucoin_streams_drift_total` | counter | findings | `topic`, `finding` | differences from the known format |
//!
//! A metric without a value is absent, for example the heartbeat before its first pong, about 18 s after the connection. The
//! counters start at 0 with each process.
//!
//! # What to alert on
//!
//! | Expression | Meaning |
//! |---|---|
//! | `kucoin_streams_live == 0` for 1 min | the connection cannot be opened again; the log says why |
//! | `kucoin_streams_last_frame_age_seconds > 30` while live | should not happen: the client reconnects after 28 s of silence |
//! | `increase(kucoin_streams_missed_frames_total[5m]) > 0` | your consumer is too slow: events were dropped |
//! | `kucoin_streams_queued_frames > 4096` | your consumer falls behind; the queue holds 8,192 by default |
//! | `increase(kucoin_streams_undecodable_frames_total[5m]) > 0` | KuCoin has changed a format: update, and report it |
//! | `kucoin_streams_drift_total{finding!="unknownField"} > 0` | KuCoin has changed a format; events may be `Unknown` or incomplete |
//! | `increase(kucoin_streams_gaps_total[1h]) > 5` | the network or KuCoin is unstable; check that recovery is on |
//! | `increase(kucoin_streams_failed_dials_total[5m]) > 10` | maintenance, a block, or a changed API key |
//! | `increase(kucoin_streams_rest_refused_total[5m]) > 0` | a permission is missing, or the rate limit is used up |
//! | `abs(kucoin_streams_clock_offset_seconds) > 1` | synchronize this machine's clock |
//!
//! # Logs and OpenTelemetry
//!
//! The client logs through [`tracing`](https://docs.rs/tracing) only, so OpenTelemetry needs nothing of this crate. In your
//! program, add the layer of `tracing-opentelemetry` to the subscriber:
//!
//! ```text
//! let telemetry = tracing_opentelemetry::layer().with_tracer(tracer);
//! tracing_subscriber::registry().with(telemetry).with(tracing_subscriber::fmt::layer()).init();
//! ```
//!
//! Each connection has a span `connection` with the fields `account`, `ws_key` and `number`, for as long as its task runs. Each
//! event inside it becomes an event of the span. Since this span is as long as the connection, export logs rather than
//! spans if your backend shows a span only at its end: `opentelemetry-appender-tracing` exports events with the fields of
//! their span. The levels: `error`, refused for good; `warn`, losses, gaps, slow consumers, rate limits; `info`, live,
//! reconnected, rotated. No log contains a secret.
