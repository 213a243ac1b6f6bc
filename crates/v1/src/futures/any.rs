//! Any topic and any event of the futures connection.

use super::{
    FuturesCrossLeverageChange, FuturesCrossLeverages, FuturesMarginModeChange, FuturesMarginModes,
    FuturesOrder, FuturesOrders, FuturesPosition, FuturesPositions, FuturesStopOrder,
    FuturesStopOrders, FuturesSymbolOrders, FuturesSymbolPosition, FuturesWallet,
    FuturesWalletChange,
};
use crate::FuturesPrivate;
use crate::any::any_topic;

any_topic! {
    on FuturesPrivate;

    /// Any topic of the futures connection, parsed from its path such as `/contractMarket/tradeOrders`.
    ///
    /// Spot topics are not included, so a spot topic on the futures connection does not compile.
    topics AnyFuturesTopic {
        /// `/contractMarket/tradeOrders`.
        FuturesOrders => Order account_wide,
        /// `/contractMarket/tradeOrders:SYMBOL`.
        FuturesSymbolOrders => Order,
        /// `/contractMarket/advancedOrders`.
        FuturesStopOrders => StopOrder account_wide,
        /// `/contractAccount/wallet`.
        FuturesWallet => Wallet account_wide,
        /// `/contract/positionAll`.
        FuturesPositions => Position account_wide,
        /// `/contract/position:SYMBOL`.
        FuturesSymbolPosition => Position,
        /// `/contract/marginMode`.
        FuturesMarginModes => MarginMode account_wide,
        /// `/contract/crossLeverage`.
        FuturesCrossLeverages => CrossLeverage account_wide,
    }

    /// Any event of the futures connection.
    events FuturesEvent {
        /// An order changed.
        Order(FuturesOrder),
        /// A stop order changed.
        StopOrder(FuturesStopOrder),
        /// A balance of the futures account changed.
        Wallet(FuturesWalletChange),
        /// A position changed, its funding fee was settled, or its risk limit was adjusted.
        Position(FuturesPosition),
        /// A contract was switched between isolated and cross margin.
        MarginMode(FuturesMarginModeChange),
        /// The cross-margin leverage of a contract changed.
        CrossLeverage(FuturesCrossLeverageChange),
    }
}
