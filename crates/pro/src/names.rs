//! Wire names: channels, trade types and account types.

use std::fmt;
use std::str::FromStr;

use crate::RequestError;

/// Defines an enum and the wire names of its values.
macro_rules! wire_names {
    (
        $(#[$meta:meta])*
        pub enum $type:ident called $what:literal {
            $($(#[$variant_meta:meta])* $variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_meta])* $variant,)*
        }

        impl $type {
            /// All values, in the order of KuCoin's documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const NAMES: &'static [&'static str] = &[$($name),*];

            /// Returns the wire name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        /// Parses a wire name. Names are case-sensitive.
        impl FromStr for $type {
            type Err = RequestError;

            fn from_str(given: &str) -> Result<Self, RequestError> {
                match given {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(RequestError::unknown($what, given, Self::NAMES)),
                }
            }
        }
    };
}

wire_names! {
    /// Channel of a Pro V2 request: `channel` in a request, the first part of `T` in a push.
    pub enum Channel called "channel" {
        /// `order`: orders of one symbol; a spot symbol also covers its margin orders.
        Order = "order",
        /// `orderAll`: all orders. If you also subscribe to `order`, the events of its symbol are pushed twice.
        OrderAll = "orderAll",
        /// `execution`: fills with fees, including forced trades.
        Execution = "execution",
        /// `execution.lite`: fills without fees, pushed earlier.
        ExecutionLite = "execution.lite",
        /// `position`: the futures position of one symbol.
        Position = "position",
        /// `positionAll`: all futures positions.
        PositionAll = "positionAll",
        /// `balance`: balances, one currency per push.
        Balance = "balance",
        /// `lw`: liquidation warnings.
        LiquidationWarning = "lw",
        /// `leverage`: leverage changes.
        Leverage = "leverage",
    }
}

wire_names! {
    /// Trade type of a channel: `tradeType` in a request, the last part of `T` in a push.
    ///
    /// A unified account uses [`TradeType::Unified`] for all markets; the other trade types are for classic accounts.
    pub enum TradeType called "tradeType" {
        /// `UNIFIED`: spot, margin and futures of a unified account.
        Unified = "UNIFIED",
        /// `SPOT`: spot of a classic account.
        Spot = "SPOT",
        /// `FUTURES`: futures of a classic account.
        Futures = "FUTURES",
        /// `CROSS`: cross margin of a classic account.
        Cross = "CROSS",
        /// `ISOLATED`: isolated margin of a classic account.
        Isolated = "ISOLATED",
    }
}

wire_names! {
    /// Account type of the balance channel: `accountType` in a request, the last part of `T` in a push.
    pub enum AccountType called "accountType" {
        /// `UNIFIED`: the unified account.
        Unified = "UNIFIED",
        /// `FUNDING`: the funding account.
        Funding = "FUNDING",
        /// `SPOT`: the spot trading account in classic mode.
        Spot = "SPOT",
        /// `TRADING`: older name of [`AccountType::Spot`]. A push under either name matches both.
        Trading = "TRADING",
        /// `FUTURES`: the futures account in classic mode.
        Futures = "FUTURES",
        /// `CROSS`: the cross margin account.
        Cross = "CROSS",
        /// `ISOLATED`: the isolated margin accounts.
        Isolated = "ISOLATED",
    }
}

impl Channel {
    /// Returns the channel of a push topic (`T`); `None` if the channel is unknown.
    ///
    /// `T` is the channel, a dot and a type, such as `execution.lite.UNIFIED`. The type can be unknown, and the channel
    /// can contain a dot.
    pub fn from_pushed(topic: &str) -> Option<Self> {
        let by_name = |name: &str| match name {
            // Some clients have received liquidation warnings under this name.
            "risk" => Some(Self::LiquidationWarning),
            _ => Self::ALL.iter().copied().find(|it| it.as_str() == name),
        };
        by_name(topic).or_else(|| by_name(topic.rsplit_once('.')?.0))
    }

    /// Returns `true` if a request of the channel needs a symbol. Other channels take no symbol.
    pub const fn needs_symbol(self) -> bool {
        matches!(self, Self::Order | Self::Position)
    }

    /// Returns the trade types that KuCoin documents for the channel.
    ///
    /// The list is empty for [`Channel::Balance`], which takes an [`AccountType`] instead.
    pub const fn trade_types(self) -> &'static [TradeType] {
        match self {
            Self::Order | Self::OrderAll | Self::Execution | Self::ExecutionLite => TradeType::ALL,
            Self::Position | Self::PositionAll | Self::LiquidationWarning | Self::Leverage => {
                &[TradeType::Unified, TradeType::Futures]
            }
            Self::Balance => &[],
        }
    }

    /// Returns an example request of the channel, for error and help texts.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Order => "order?tradeType=UNIFIED&symbol=BTC-USDT",
            Self::OrderAll => "orderAll?tradeType=UNIFIED",
            Self::Execution => "execution?tradeType=UNIFIED",
            Self::ExecutionLite => "execution.lite?tradeType=UNIFIED",
            Self::Position => "position?tradeType=UNIFIED&symbol=XBTUSDTM",
            Self::PositionAll => "positionAll?tradeType=UNIFIED",
            Self::Balance => "balance?accountType=UNIFIED",
            Self::LiquidationWarning => "lw?tradeType=UNIFIED",
            Self::Leverage => "leverage?tradeType=UNIFIED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back() {
        for channel in Channel::ALL {
            assert_eq!(channel.as_str().parse(), Ok(*channel));
        }
        for trade_type in TradeType::ALL {
            assert_eq!(trade_type.as_str().parse(), Ok(*trade_type));
        }
        for account_type in AccountType::ALL {
            assert_eq!(account_type.as_str().parse(), Ok(*account_type));
        }
    }

    #[test]
    fn channel_is_before_the_last_dot_of_the_topic() {
        for channel in Channel::ALL {
            for suffix in ["UNIFIED", "SPOT", "ANYTHING"] {
                let topic = format!("{channel}.{suffix}");
                assert_eq!(Channel::from_pushed(&topic), Some(*channel));
            }
            assert_eq!(Channel::from_pushed(channel.as_str()), Some(*channel));
        }
        let warning = Some(Channel::LiquidationWarning);
        assert_eq!(Channel::from_pushed("risk.UNIFIED"), warning);
        for other in [
            "",
            ".",
            "ticker.SPOT",
            "orderall.SPOT",
            "execution.full.SPOT",
        ] {
            assert_eq!(Channel::from_pushed(other), None, "{other}");
        }
    }

    #[test]
    fn display_honors_alignment() {
        assert_eq!(format!("[{:<6}]", Channel::LiquidationWarning), "[lw    ]");
    }
}
