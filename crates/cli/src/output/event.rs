//! An event of whichever protocol.

use kucoin_streams::{pro, v1};
use serde::Serialize;

/// Writes as the event itself does.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant)]
pub(crate) enum Event {
    V1(v1::Event),
    Pro(pro::Event),
}

impl Event {
    /// The market that tells apart what several topics of one symbol each share.
    pub(crate) fn symbol(&self) -> Option<&str> {
        match self {
            Self::V1(v1::Event::Futures(v1::FuturesEvent::Position(position))) => position.symbol(),
            Self::Pro(pro::Event::Order(order)) => Some(&order.symbol),
            Self::Pro(pro::Event::Position(position)) => Some(&position.symbol),
            _ => None,
        }
    }
}
