//! What bears on the risk of an account: channel `lw`, warnings before liquidation, and channel `leverage`.

use kucoin_streams_core::{Decimal, Event, Text, Timestamp};
use kucoin_streams_decode::{event, open_enum};

use crate::push::Data;
use crate::topic::topic;
use crate::words::{MarginMode, Market, plain};
use crate::{Channel, ChannelRequest, RequestError, TradeType};

topic! {
    /// Warnings as the account nears liquidation: channel `lw`, whose pushes are also seen under `risk`.
    ///
    /// One comes when its kind changes, and at most one a minute while the risk is at 80 % or above.
    pub struct LiquidationWarnings: LiquidationWarning
}

topic! {
    /// Every leverage that is set: channel `leverage`.
    pub struct Leverages: Leverage
}

impl LiquidationWarnings {
    /// The warnings of an account.
    ///
    /// # Errors
    /// [`RequestError::TradeTypeNotOffered`] where the trade type has no such warnings: all but unified and futures.
    pub fn new(trade_type: TradeType) -> Result<Self, RequestError> {
        ChannelRequest::new(Channel::LiquidationWarning, trade_type).map(Self::of)
    }
}

impl Leverages {
    /// The leverages of an account.
    ///
    /// # Errors
    /// [`RequestError::TradeTypeNotOffered`] where the trade type has no leverage channel: all but unified and
    /// futures.
    pub fn new(trade_type: TradeType) -> Result<Self, RequestError> {
        ChannelRequest::new(Channel::Leverage, trade_type).map(Self::of)
    }
}

event! {
    /// How near the account is to liquidation. Amounts are in the currency in which the account is counted.
    pub struct LiquidationWarning {
        /// How serious it is: `eT`; an empty `Unknown` where the frame does not say.
        pub warning: WarningType = "eT" as "eventType",
        /// The ratio of risk, as a fraction: `r`; liquidation begins at 1.
        pub risk_ratio: Option<Decimal> = "r" as "riskRatio",
        /// What the account is worth as collateral: `a`.
        pub adjusted_equity: Option<Decimal> = "a" as "adjustedEquity",
        /// The initial margin: `iM`.
        pub initial_margin: Option<Decimal> = "iM" as "initialMargin",
        /// The maintenance margin: `mM`, which is the margin mode on other channels.
        pub maint_margin: Option<Decimal> = "mM" as "maintMargin",
        /// The margin that is available: `aM`.
        pub available_margin: Option<Decimal> = "aM" as "availableMargin",
        /// What the account is worth: `e`.
        pub equity: Option<Decimal> = "e" as "equity",
        /// What is owed: `l`.
        pub liability: Option<Decimal> = "l" as "liability",
        /// When it was found: `U`, sent in nanoseconds, in milliseconds by an older document.
        pub updated_at: Option<Timestamp> = "U" as "updatedAt",
    }
}

open_enum! {
    /// How serious a warning is: wire `eT` of `lw`.
    pub enum WarningType ignoring case {
        /// The risk is from 80 to 85 %.
        MarginCall = "MARGIN_CALL",
        /// From 85 to 90 %: positions may only be reduced.
        ReduceOnly = "REDUCE_ONLY",
        /// From 90 to 100 %.
        LiquidationWarning = "LIQUIDATION_WARNING",
        /// At 100 % or above: the account is liquidated.
        ForceLiquidation = "FORCE_LIQUIDATION",
    }
}

event! {
    /// The leverage of a contract or of a margin currency, as it was set.
    pub struct Leverage {
        /// The contract, such as `XBTUSDTM`, of futures: `s`.
        pub symbol: Option<Text> = "s" as "symbol",
        /// The currency, such as `BTC`, of margin: `c`.
        pub currency: Option<Text> = "c" as "currency",
        /// The leverage: `l`.
        pub leverage: Option<Decimal> = "l" as "leverage",
        /// Cross or isolated margin: `mM`, not in classic frames.
        pub margin_mode: Option<MarginMode> = "mM" as "marginMode",
        /// Futures or margin: `tT`, not in classic frames.
        pub trade_type: Option<Market> = "tT" as "tradeType",
    }
}

impl Data for LiquidationWarning {}

impl Data for Leverage {}

/// The kind of warning, the time, and all amounts.
impl Event for LiquidationWarning {
    fn dedup_key(&self) -> String {
        let told = plain([
            self.risk_ratio,
            self.adjusted_equity,
            self.initial_margin,
            self.maint_margin,
            self.available_margin,
            self.equity,
            self.liability,
        ]);
        let time = self.updated_at.unwrap_or_default();
        format!("{}:{time}{told}", self.warning)
    }
}

/// All that it tells. KuCoin sends no time with it, so a leverage that is set there and back has its first identity
/// again: take equal identities for one event only where they come close together.
impl Event for Leverage {
    fn dedup_key(&self) -> String {
        format!(
            "{}:{}:{}:{}{}",
            self.symbol.as_deref().unwrap_or_default(),
            self.currency.as_deref().unwrap_or_default(),
            self.margin_mode.as_ref().map_or("", MarginMode::as_str),
            self.trade_type.as_ref().map_or("", Market::as_str),
            plain([self.leverage]),
        )
    }

    fn has_unique_key(&self) -> bool {
        false
    }
}
