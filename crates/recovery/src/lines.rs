//! The JSON form of what recovery yields: lines of `kucoin-streams watch --format ndjson`.

use kucoin_streams_core::{Timestamp, WsKey};
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{LiveReport, MissingPart, SnapshotRow, VanishedOrder};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotLine<'r> {
    kind: &'static str,
    ws_key: &'static str,
    topic: &'r str,
    source: &'static str,
    taken_at: [Timestamp; 2],
    data: &'r RawValue,
}

impl Serialize for SnapshotRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = SnapshotLine {
            kind: "snapshot",
            ws_key: self.ws_key.as_str(),
            topic: &self.topic,
            source: self.source,
            taken_at: [self.taken_at.0, self.taken_at.1],
            data: serde_json::from_str(&self.data).map_err(S::Error::custom)?,
        };
        line.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VanishedLine<'r> {
    kind: &'static str,
    ws_key: &'static str,
    topic: &'r str,
    symbol: &'r str,
    order_id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    filled_size: Option<String>,
}

impl Serialize for VanishedOrder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = VanishedLine {
            kind: "vanished",
            ws_key: self.ws_key.as_str(),
            topic: &self.topic,
            symbol: &self.symbol,
            order_id: &self.order_id,
            filled_size: self.filled_size.map(|size| size.to_string()),
        };
        line.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LiveLine<'r> {
    kind: &'static str,
    ws_key: &'static str,
    topics: Vec<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_event_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_at: Option<Timestamp>,
    live_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<[Timestamp; 2]>,
    complete: bool,
    missing: &'r [MissingPart],
    requests: u32,
    weight: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
}

impl Serialize for LiveReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let outage = self.outage;
        let line = LiveLine {
            kind: "live",
            ws_key: WsKey::as_str(self.ws_key),
            topics: self.topics.iter().map(|topic| &**topic).collect(),
            last_event_at: outage.and_then(|outage| outage.last_event_at),
            lost_at: outage.map(|outage| outage.lost_at),
            live_at: self.live_at,
            epoch: outage.map(|outage| outage.epoch),
            window: self.window.map(|(from, to)| [from, to]),
            complete: self.is_complete(),
            missing: &self.missing,
            requests: self.requests,
            weight: self.weight,
            late: self.late,
        };
        line.serialize(serializer)
    }
}

#[derive(Serialize)]
struct MissingLine<'r> {
    topic: &'r str,
    what: &'r str,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'r str>,
}

impl Serialize for MissingPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let code = match &self.reason {
            crate::MissingReason::Refused { code, .. } => Some(code.as_str()),
            _ => None,
        };
        let line = MissingLine {
            topic: &self.topic,
            what: &self.what,
            reason: self.reason.as_str(),
            code,
        };
        line.serialize(serializer)
    }
}
