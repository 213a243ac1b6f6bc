//! The names of what is pushed: `T` as a push has it, and the request for it as users write it.

use std::sync::LazyLock;

use crate::engine::Wallet;
use crate::wire::wire_words;

wire_words! {
    /// Which part of the account: the `tradeType` of a request, or its `accountType`.
    pub(crate) enum Part {
        "UNIFIED" Unified,
        "SPOT" Spot,
        "FUTURES" Futures,
        "CROSS" Cross,
        "ISOLATED" Isolated,
        /// Of balances only.
        "FUNDING" Funding,
    }
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

wire_words! {
    /// A channel of the private host.
    pub(crate) enum Channel {
        "order" Order,
        "orderAll" OrderAll,
        "execution" Execution,
        "execution.lite" ExecutionLite,
        "position" Position,
        "positionAll" PositionAll,
        "balance" Balance,
        "lw" LiquidationWarning,
        "leverage" Leverage,
    }
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
#[derive(Debug)]
pub(crate) struct Stream {
    /// The `T` of its pushes: `orderAll.UNIFIED`.
    pub(crate) name: String,
    /// The request for it without a symbol: `orderAll?tradeType=UNIFIED`.
    request: String,
}

/// The stream of each channel and part, in the order of the tables.
static STREAMS: LazyLock<Vec<Stream>> = LazyLock::new(|| {
    let stream = |channel: Channel, part: Part| {
        let (channel, parameter, part) = (channel.as_str(), channel.parameter(), part.as_str());
        Stream {
            name: format!("{channel}.{part}"),
            request: format!("{channel}?{parameter}={part}"),
        }
    };
    let of = |channel| PARTS.map(|part| stream(channel, part));
    CHANNELS.into_iter().flat_map(of).collect()
});

impl Channel {
    pub(crate) fn of(self, part: Part) -> &'static Stream {
        &STREAMS[self as usize * PARTS.len() + part as usize]
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
    pub(crate) fn written(&self, symbol: Option<&str>) -> String {
        match symbol {
            Some(symbol) => format!("{}&symbol={symbol}", self.request),
            None => self.request.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_at_the_places_of_their_channels_and_parts() {
        for channel in CHANNELS {
            for part in PARTS {
                let name = format!("{}.{}", channel.as_str(), part.as_str());
                assert_eq!(channel.of(part).name, name);
            }
        }
    }
}
