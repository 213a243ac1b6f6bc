//! The names of what is pushed: `T` as a push has it, and the request for it as users write it.

use crate::engine::Wallet;

/// Which part of the account: the `tradeType` of a request, or its `accountType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Unified,
    Spot,
    Futures,
    Cross,
    Isolated,
    /// Of balances only.
    Funding,
}

/// All parts, in the order of the tables.
pub(crate) const PARTS: [Part; 6] = [
    Part::Unified,
    Part::Spot,
    Part::Futures,
    Part::Cross,
    Part::Isolated,
    Part::Funding,
];

impl Part {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unified => "UNIFIED",
            Self::Spot => "SPOT",
            Self::Futures => "FUTURES",
            Self::Cross => "CROSS",
            Self::Isolated => "ISOLATED",
            Self::Funding => "FUNDING",
        }
    }

    /// The classic account that a wallet is.
    pub(crate) fn of(wallet: Wallet) -> Self {
        match wallet {
            Wallet::Main => Self::Funding,
            Wallet::Trade => Self::Spot,
            Wallet::Margin => Self::Cross,
            Wallet::Isolated(_) => Self::Isolated,
        }
    }
}

/// A channel of the private host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Order,
    OrderAll,
    Execution,
    ExecutionLite,
    Position,
    PositionAll,
    Balance,
    LiquidationWarning,
    Leverage,
}

/// All channels.
pub(crate) const CHANNELS: [Channel; 9] = [
    Channel::Order,
    Channel::OrderAll,
    Channel::Execution,
    Channel::ExecutionLite,
    Channel::Position,
    Channel::PositionAll,
    Channel::Balance,
    Channel::LiquidationWarning,
    Channel::Leverage,
];

/// One kind of push: a channel of a part of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream {
    /// The `T` of its pushes: `orderAll.UNIFIED`.
    pub(crate) name: &'static str,
    /// The request for it without a symbol: `orderAll?tradeType=UNIFIED`.
    pub(crate) request: &'static str,
}

/// One stream for each of [`PARTS`], in their order.
macro_rules! streams {
    ($channel:literal, $parameter:literal) => {
        streams!($channel, $parameter, "UNIFIED" "SPOT" "FUTURES" "CROSS" "ISOLATED" "FUNDING")
    };
    ($channel:literal, $parameter:literal, $($part:literal)+) => {
        [$(Stream {
            name: concat!($channel, ".", $part),
            request: concat!($channel, "?", $parameter, "=", $part),
        }),+]
    };
}

const ORDER: [Stream; PARTS.len()] = streams!("order", "tradeType");
const ORDER_ALL: [Stream; PARTS.len()] = streams!("orderAll", "tradeType");
const EXECUTION: [Stream; PARTS.len()] = streams!("execution", "tradeType");
const EXECUTION_LITE: [Stream; PARTS.len()] = streams!("execution.lite", "tradeType");
const POSITION: [Stream; PARTS.len()] = streams!("position", "tradeType");
const POSITION_ALL: [Stream; PARTS.len()] = streams!("positionAll", "tradeType");
const BALANCE: [Stream; PARTS.len()] = streams!("balance", "accountType");
const LIQUIDATION_WARNING: [Stream; PARTS.len()] = streams!("lw", "tradeType");
const LEVERAGE: [Stream; PARTS.len()] = streams!("leverage", "tradeType");

impl Channel {
    /// The name in requests.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::OrderAll => "orderAll",
            Self::Execution => "execution",
            Self::ExecutionLite => "execution.lite",
            Self::Position => "position",
            Self::PositionAll => "positionAll",
            Self::Balance => "balance",
            Self::LiquidationWarning => "lw",
            Self::Leverage => "leverage",
        }
    }

    pub(crate) fn of(self, part: Part) -> Stream {
        let table = match self {
            Self::Order => &ORDER,
            Self::OrderAll => &ORDER_ALL,
            Self::Execution => &EXECUTION,
            Self::ExecutionLite => &EXECUTION_LITE,
            Self::Position => &POSITION,
            Self::PositionAll => &POSITION_ALL,
            Self::Balance => &BALANCE,
            Self::LiquidationWarning => &LIQUIDATION_WARNING,
            Self::Leverage => &LEVERAGE,
        };
        table[part as usize]
    }

    /// Whether it is of one symbol.
    pub(crate) fn needs_symbol(self) -> bool {
        matches!(self, Self::Order | Self::Position)
    }

    /// The parameter that names the part.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Balance => "accountType",
            _ => "tradeType",
        }
    }

    /// The parts that it is served for.
    pub(crate) fn parts(self) -> &'static [Part] {
        const MARGINED: &[Part] = &[Part::Unified, Part::Futures];
        const TRADED: &[Part] = &[
            Part::Unified,
            Part::Spot,
            Part::Futures,
            Part::Cross,
            Part::Isolated,
        ];
        match self {
            Self::Order | Self::OrderAll | Self::Execution | Self::ExecutionLite => TRADED,
            Self::Position | Self::PositionAll | Self::LiquidationWarning | Self::Leverage => {
                MARGINED
            }
            Self::Balance => &PARTS,
        }
    }
}

impl Stream {
    /// The request as users write it.
    pub(crate) fn written(self, symbol: Option<&str>) -> String {
        match symbol {
            Some(symbol) => format!("{}&symbol={symbol}", self.request),
            None => self.request.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_requests_stand_at_the_places_of_their_parts() {
        for channel in CHANNELS {
            for part in PARTS {
                let stream = channel.of(part);
                let (channel, parameter) = (channel.as_str(), channel.parameter());
                assert_eq!(stream.name, format!("{channel}.{}", part.as_str()));
                let request = format!("{channel}?{parameter}={}", part.as_str());
                assert_eq!(stream.written(None), request);
                let of_symbol = format!("{request}&symbol=XBTUSDTM");
                assert_eq!(stream.written(Some("XBTUSDTM")), of_symbol);
            }
        }
    }
}
