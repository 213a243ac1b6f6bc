//! The names of the wire: channels, trade types and account types.

use std::fmt;
use std::str::FromStr;

use crate::RequestError;

/// Defines an enum by the names of its values on the wire.
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
            /// Every value, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const NAMES: &'static [&'static str] = &[$($name),*];

            /// The name on the wire.
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

        /// Reads the name as the wire has it, case included.
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
    /// What is pushed (`channel` of a request, the front of `T` in a push).
    pub enum Channel called "channel" {
        /// `order`: changes of the orders of one symbol; a spot symbol covers its margin orders.
        Order = "order",
        /// `orderAll`: changes of all orders. Beside [`Channel::Order`] it gives that symbol's events a second time.
        OrderAll = "orderAll",
        /// `execution`: fills, with fees and the reason of forced trades.
        Execution = "execution",
        /// `execution.lite`: fills sooner, without fees.
        ExecutionLite = "execution.lite",
        /// `position`: the futures position of one symbol.
        Position = "position",
        /// `positionAll`: all futures positions.
        PositionAll = "positionAll",
        /// `balance`: balances, one currency a push.
        Balance = "balance",
        /// `lw`: warnings as the account nears liquidation.
        LiquidationWarning = "lw",
        /// `leverage`: changes of leverage settings.
        Leverage = "leverage",
    }
}

wire_names! {
    /// Which trading a channel is of (`tradeType` of a request, the end of `T` in a push).
    ///
    /// An account in unified mode uses [`TradeType::Unified`] for all of it; the others are for accounts in
    /// classic mode.
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
    /// Which account balances are of (`accountType` of a request, the end of `T` in a push).
    pub enum AccountType called "accountType" {
        /// `UNIFIED`: the unified account.
        Unified = "UNIFIED",
        /// `FUNDING`: the funding account.
        Funding = "FUNDING",
        /// `SPOT`: the trading account of classic mode.
        Spot = "SPOT",
        /// `TRADING`: the name of [`AccountType::Spot`] in older documents; a push under either serves both.
        Trading = "TRADING",
        /// `FUTURES`: the futures account of classic mode.
        Futures = "FUTURES",
        /// `CROSS`: the cross margin account.
        Cross = "CROSS",
        /// `ISOLATED`: the isolated margin accounts.
        Isolated = "ISOLATED",
    }
}

impl Channel {
    /// The channel that a push under `pushed` (its `T`) is of, whatever its type: `T` is the channel's name, a dot and
    /// the type, and the name may hold a dot. `None`: no channel of ours.
    pub fn of_push(pushed: &str) -> Option<Self> {
        let called = |name: &str| match name {
            // The same warnings, as some clients have received them.
            "risk" => Some(Self::LiquidationWarning),
            _ => Self::ALL.iter().copied().find(|it| it.as_str() == name),
        };
        called(pushed).or_else(|| called(pushed.rsplit_once('.')?.0))
    }

    /// True where a request names one symbol; other channels take none.
    pub const fn is_of_one_symbol(self) -> bool {
        matches!(self, Self::Order | Self::Position)
    }

    /// The trade types that the exchange documents for the channel; none for [`Channel::Balance`], which takes an
    /// [`AccountType`] instead.
    pub const fn trade_types(self) -> &'static [TradeType] {
        match self {
            Self::Order | Self::OrderAll | Self::Execution | Self::ExecutionLite => TradeType::ALL,
            Self::Position | Self::PositionAll | Self::LiquidationWarning | Self::Leverage => {
                &[TradeType::Unified, TradeType::Futures]
            }
            Self::Balance => &[],
        }
    }

    /// A request of the channel as users write it, for messages and help texts.
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
    fn every_name_reads_back_as_itself() {
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
    fn a_push_is_of_the_channel_before_its_last_dot() {
        for channel in Channel::ALL {
            for of in ["UNIFIED", "SPOT", "ANYTHING"] {
                assert_eq!(Channel::of_push(&format!("{channel}.{of}")), Some(*channel));
            }
            assert_eq!(Channel::of_push(channel.as_str()), Some(*channel));
        }
        let warning = Some(Channel::LiquidationWarning);
        assert_eq!(Channel::of_push("risk.UNIFIED"), warning);
        for other in [
            "",
            ".",
            "ticker.SPOT",
            "orderall.SPOT",
            "execution.full.SPOT",
        ] {
            assert_eq!(Channel::of_push(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_can_be_aligned() {
        assert_eq!(format!("[{:<6}]", Channel::LiquidationWarning), "[lw    ]");
    }
}
