//! Account risk: channels `lw` (liquidation warnings) and `leverage`.

use kucoin_streams_core::{Decimal, Event, Extra, Text, Timestamp};
use kucoin_streams_decode::{event, open_enum};

use crate::push::PushData;
use crate::shared::{MarginMode, Market, key_amounts};
use crate::topic::topic;
use crate::{Channel, ChannelRequest, RequestError, TradeType};

topic! {
    /// Topic for liquidation warnings: channel `lw`, also pushed as `risk`.
    ///
    /// KuCoin pushes a warning when its type changes, and otherwise at most once a minute while the risk ratio is 80 %
    /// or above.
    pub struct LiquidationWarnings: LiquidationWarning
}

topic! {
    /// Topic for leverage changes: channel `leverage`.
    pub struct Leverages: Leverage
}

impl LiquidationWarnings {
    /// Returns the topic for the liquidation warnings of an account.
    ///
    /// # Errors
    /// Returns [`RequestError::TradeTypeNotOffered`] unless the trade type is unified or futures.
    pub fn new(trade_type: TradeType) -> Result<Self, RequestError> {
        ChannelRequest::new(Channel::LiquidationWarning, trade_type).map(Self::from_request)
    }
}

impl Leverages {
    /// Returns the topic for the leverage changes of an account.
    ///
    /// # Errors
    /// Returns [`RequestError::TradeTypeNotOffered`] unless the trade type is unified or futures.
    pub fn new(trade_type: TradeType) -> Result<Self, RequestError> {
        ChannelRequest::new(Channel::Leverage, trade_type).map(Self::from_request)
    }
}

event! {
    /// Warning that the account is close to liquidation.
    ///
    /// Amounts are in the valuation currency of the account.
    pub struct LiquidationWarning {
        /// Warning type: `eT`; an empty `Unknown` if absent.
        pub warning: WarningType = "eT" as "eventType",
        /// Risk ratio, as a fraction: `r`; liquidation begins at 1.
        pub risk_ratio: Option<Decimal> = "r" as "riskRatio",
        /// Adjusted equity: `a`.
        pub adjusted_equity: Option<Decimal> = "a" as "adjustedEquity",
        /// Initial margin: `iM`.
        pub initial_margin: Option<Decimal> = "iM" as "initialMargin",
        /// Maintenance margin: `mM`, which is the margin mode on other channels.
        pub maint_margin: Option<Decimal> = "mM" as "maintMargin",
        /// Available margin: `aM`.
        pub available_margin: Option<Decimal> = "aM" as "availableMargin",
        /// Equity: `e`.
        pub equity: Option<Decimal> = "e" as "equity",
        /// Liability: `l`.
        pub liability: Option<Decimal> = "l" as "liability",
        /// Update time: `U`, in nanoseconds on the wire (in milliseconds in older documentation).
        pub updated_at: Option<Timestamp> = "U" as "updatedAt",
    }
}

open_enum! {
    /// Type of a liquidation warning: wire `eT` of `lw`.
    pub enum WarningType ignoring case {
        /// `MARGIN_CALL`: risk ratio from 80 to 85 %.
        MarginCall = "MARGIN_CALL",
        /// `REDUCE_ONLY`: risk ratio from 85 to 90 %; positions can only be reduced.
        ReduceOnly = "REDUCE_ONLY",
        /// `LIQUIDATION_WARNING`: risk ratio from 90 to 100 %.
        LiquidationWarning = "LIQUIDATION_WARNING",
        /// `FORCE_LIQUIDATION`: risk ratio of 100 % or above; the account is liquidated.
        ForceLiquidation = "FORCE_LIQUIDATION",
    }
}

event! {
    /// Leverage setting of a contract or of a margin currency.
    pub struct Leverage {
        /// Contract, such as `XBTUSDTM`: `s`; futures only.
        pub symbol: Option<Text> = "s" as "symbol",
        /// Currency, such as `BTC`: `c`; margin only.
        pub currency: Option<Text> = "c" as "currency",
        /// Leverage: `l`.
        pub leverage: Option<Decimal> = "l" as "leverage",
        /// Margin mode: `mM`; `None` in classic frames.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// Trade type, futures or margin: `tT`; `None` in classic frames.
        pub trade_type: Option<Market> = "tT" as "tradeType",
    }
}

impl PushData for LiquidationWarning {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }
}

impl PushData for Leverage {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }
}

/// Dedup key: warning type, update time and all amounts.
impl Event for LiquidationWarning {
    fn dedup_key(&self) -> String {
        let amounts = key_amounts([
            self.risk_ratio,
            self.adjusted_equity,
            self.initial_margin,
            self.maint_margin,
            self.available_margin,
            self.equity,
            self.liability,
        ]);
        let time = self.updated_at.unwrap_or_default();
        format!("{}:{time}{amounts}", self.warning)
    }

    fn occurred_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}

/// Dedup key: all fields.
///
/// The key is not unique: KuCoin sends no time, so the key repeats if a leverage is set to 5, to 3 and back to 5.
/// Treat equal keys as one event only if they arrive close together.
impl Event for Leverage {
    fn dedup_key(&self) -> String {
        format!(
            "{}:{}:{}:{}{}",
            self.symbol.as_deref().unwrap_or_default(),
            self.currency.as_deref().unwrap_or_default(),
            self.margin_mode.as_ref().map_or("", MarginMode::as_str),
            self.trade_type.as_ref().map_or("", Market::as_str),
            key_amounts([self.leverage]),
        )
    }

    fn has_unique_key(&self) -> bool {
        false
    }
}
