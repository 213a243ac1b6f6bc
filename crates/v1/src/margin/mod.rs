//! Margin topics, which the spot host serves.

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

/// A time as part of an identity; one that is no time, as it came: `timestamp`.
fn moment(time: Option<Timestamp>, extra: &Extra) -> String {
    match (time, extra.get("timestamp")) {
        (Some(time), _) => time.to_string(),
        (None, Some(raw)) => raw.to_string(),
        (None, None) => String::new(),
    }
}
