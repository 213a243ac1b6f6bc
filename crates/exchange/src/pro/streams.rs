//! Names of the push streams: the `T` of a push, and the request for it.

use std::sync::LazyLock;

use crate::engine::Wallet;
use crate::wire::wire_enum;

wire_enum! {
    /// The `tradeType` or `accountType` of a request.
    pub(crate) enum AccountType {
        "UNIFIED" Unified,
        "SPOT" Spot,
        "FUTURES" Futures,
        "CROSS" Cross,
        "ISOLATED" Isolated,
        /// The funding account, which has balances only.
        "FUNDING" Funding,
    }
}

/// All account types, in the order of the tables.
pub(crate) const ACCOUNT_TYPES: [AccountType; 6] = [
    AccountType::Unified,
    AccountType::Spot,
    AccountType::Futures,
    AccountType::Cross,
    AccountType::Isolated,
    AccountType::Funding,
];

impl AccountType {
    /// Returns the classic account of a wallet.
    pub(crate) fn of(wallet: Wallet) -> Self {
        match wallet {
            Wallet::Main => Self::Funding,
            Wallet::Trade => Self::Spot,
            Wallet::Margin => Self::Cross,
            Wallet::Isolated(_) => Self::Isolated,
        }
    }
}

wire_enum! {
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

/// A kind of push: a channel of one account type.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The `T` of its pushes, for example `orderAll.UNIFIED`.
    pub(crate) name: String,
    /// The request without a symbol, for example `orderAll?tradeType=UNIFIED`.
    request: String,
}

/// The stream of each channel and account type, in the order of the tables.
static STREAMS: LazyLock<Vec<Stream>> = LazyLock::new(|| {
    let stream = |channel: Channel, account_type: AccountType| {
        let (channel, parameter, account_type) =
            (channel.as_str(), channel.parameter(), account_type.as_str());
        Stream {
            name: format!("{channel}.{account_type}"),
            request: format!("{channel}?{parameter}={account_type}"),
        }
    };
    let of = |channel| ACCOUNT_TYPES.map(|account_type| stream(channel, account_type));
    CHANNELS.into_iter().flat_map(of).collect()
});

impl Channel {
    pub(crate) fn of(self, account_type: AccountType) -> &'static Stream {
        &STREAMS[self as usize * ACCOUNT_TYPES.len() + account_type as usize]
    }

    /// Returns `true` if requests for the channel have a symbol.
    pub(crate) fn needs_symbol(self) -> bool {
        matches!(self, Self::Order | Self::Position)
    }

    /// Returns the name of the account type parameter.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Balance => "accountType",
            _ => "tradeType",
        }
    }

    /// Returns the account types that the channel supports.
    pub(crate) fn account_types(self) -> &'static [AccountType] {
        const MARGINED: &[AccountType] = &[AccountType::Unified, AccountType::Futures];
        const TRADED: &[AccountType] = &[
            AccountType::Unified,
            AccountType::Spot,
            AccountType::Futures,
            AccountType::Cross,
            AccountType::Isolated,
        ];
        match self {
            Self::Order | Self::OrderAll | Self::Execution | Self::ExecutionLite => TRADED,
            Self::Position | Self::PositionAll | Self::LiquidationWarning | Self::Leverage => {
                MARGINED
            }
            Self::Balance => &ACCOUNT_TYPES,
        }
    }
}

impl Stream {
    /// Returns the request as text, for example `order?tradeType=UNIFIED&symbol=BTC-USDT`.
    pub(crate) fn request_text(&self, symbol: Option<&str>) -> String {
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
    fn streams_are_indexed_by_channel_and_account_type() {
        for channel in CHANNELS {
            for account_type in ACCOUNT_TYPES {
                let name = format!("{}.{}", channel.as_str(), account_type.as_str());
                assert_eq!(channel.of(account_type).name, name);
            }
        }
    }
}
