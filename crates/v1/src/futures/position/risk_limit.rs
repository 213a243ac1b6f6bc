//! The answer to a request for another risk limit.

use kucoin_streams_core::{Event, Text};
use kucoin_streams_decode::event;

event! {
    /// A request for another risk limit was done or refused: subject `position.adjustRiskLimit`. Isolated margin only.
    ///
    /// One example of it has no data at all.
    pub struct FuturesRiskLimitAdjustment {
        /// The contract, such as `XBTUSDTM`: the symbol of the topic, for the data has none. `None` under
        /// `/contract/positionAll`, unless KuCoin should come to write `symbol`.
        pub symbol: Option<Text> = "symbol",
        /// Whether it was done: `success`.
        pub success: Option<bool> = "success",
        /// The level of the risk limit as it is now: `riskLimitLevel`.
        pub risk_limit_level: Option<u32> = "riskLimitLevel",
        /// Why it was refused: `msg`.
        pub message: Option<Text> = "msg",
    }
}

/// All that it tells but the symbol, which one topic tells and the other does not. KuCoin sends no time, so the same
/// answer again has the same identity: take equal identities for one event only where they come close together.
impl Event for FuturesRiskLimitAdjustment {
    fn dedup_key(&self) -> String {
        let level = self.risk_limit_level.unwrap_or_default();
        let message = self.message.as_deref().unwrap_or_default();
        format!("{:?}:{level}:{message}:{:?}", self.success, self.extra)
    }

    fn has_unique_key(&self) -> bool {
        false
    }
}
