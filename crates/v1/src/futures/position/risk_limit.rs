//! The result of a risk limit change.

use kucoin_streams_core::{Event, Text};
use kucoin_streams_decode::event;

event! {
    /// The result of a risk limit change, accepted or refused: subject `position.adjustRiskLimit`.
    ///
    /// This event exists for isolated margin only. One known frame has empty data.
    pub struct FuturesRiskLimitAdjustment {
        /// Symbol of the contract, such as `XBTUSDTM`, from the topic: KuCoin sends no `symbol` in the data.
        ///
        /// The symbol is therefore `None` on `/contract/positionAll`. If KuCoin sends `symbol`, its value is used.
        pub symbol: Option<Text> = "symbol",
        /// Success, `true` if the change was accepted: `success`.
        pub success: Option<bool> = "success",
        /// Current risk limit level: `riskLimitLevel`.
        pub risk_limit_level: Option<u32> = "riskLimitLevel",
        /// Message, the reason of a refusal: `msg`.
        pub message: Option<Text> = "msg",
    }
}

/// Dedup key: all fields except the symbol, which only one of the two topics has.
///
/// The key is not unique: KuCoin sends no time, so a repeated result has the same key. Treat equal keys as one event
/// only if they arrive close together.
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
