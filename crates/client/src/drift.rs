//! Reports each new difference from the known format once, and counts all of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kucoin_streams_core::{DecodeError, Finding, FindingKind, Text, Timestamp, WsKey};
use kucoin_streams_session::{DriftLog, TopicDrift};
use tracing::Span;

/// The drift of all subscriptions on the connections of one kind.
///
/// It is locked only for a push that differs from the known format.
#[derive(Clone, Default)]
pub(crate) struct SharedDrift(Arc<Mutex<DriftLog>>);

impl SharedDrift {
    /// Counts the findings of a push, and logs those that are new.
    #[cold]
    pub(crate) fn record(
        &self,
        span: &Span,
        topic: &str,
        pushed_topic: Option<&Text>,
        findings: &[Finding],
        received_at: Timestamp,
    ) {
        let new = self
            .lock()
            .record(topic, pushed_topic, findings, received_at);
        for finding in new {
            let (kind, path, sample) = (finding.kind, &finding.path, &finding.sample);
            let pushed_topic = finding.pushed_topic.as_deref().unwrap_or_default();
            // A new field costs no user anything.
            if kind == FindingKind::UnknownField {
                tracing::info!(parent: span, %topic, %pushed_topic, %kind, %path, %sample,
                    "KuCoin's format has changed");
            } else {
                tracing::warn!(parent: span, %topic, %pushed_topic, %kind, %path, %sample,
                    "KuCoin's format has changed");
            }
        }
    }

    /// Counts the required field that made a push undecodable.
    #[cold]
    pub(crate) fn record_error(
        &self,
        span: &Span,
        ws_key: WsKey,
        topic: &str,
        error: &DecodeError,
        received_at: Timestamp,
    ) {
        let Some(finding) = Finding::of_error(error) else {
            return;
        };
        let data = match ws_key {
            WsKey::SpotPrivateV1 | WsKey::FuturesPrivateV1 => Some("data"),
            WsKey::PrivateProV2 => Some("d"),
            _ => None,
        };
        let finding = match data {
            Some(data) => finding.within_data(data),
            None => finding,
        };
        self.record(span, topic, None, &[finding], received_at);
    }

    pub(crate) fn topics(&self) -> Vec<TopicDrift> {
        self.lock().topics()
    }

    fn lock(&self) -> MutexGuard<'_, DriftLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
