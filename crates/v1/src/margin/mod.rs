//! Margin topics, served on the spot connection.

mod isolated;
mod position;

pub use isolated::{
    IsolatedMarginAsset, IsolatedMarginPosition, IsolatedMarginPositions, IsolatedMarginReason,
    IsolatedMarginStatus,
};
pub use position::{
    MarginAsset, MarginDebtRatio, MarginPosition, MarginPositions, MarginStatus, MarginStatusChange,
};

use kucoin_streams_core::{Extra, Timestamp};

/// Returns `timestamp` for a dedup key; a value that is not a time is used unchanged.
fn timestamp_key(time: Option<Timestamp>, extra: &Extra) -> String {
    match (time, extra.get("timestamp")) {
        (Some(time), _) => time.to_string(),
        (None, Some(raw)) => raw.to_string(),
        (None, None) => String::new(),
    }
}
