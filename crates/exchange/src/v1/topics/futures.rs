//! The topics of the futures host: those of the account, and two for each contract.

use crate::CONTRACTS;

/// Order changes in all contracts.
pub(crate) const ORDERS: &str = "/contractMarket/tradeOrders";
/// Stop orders.
pub(crate) const STOP_ORDERS: &str = "/contractMarket/advancedOrders";
/// The account in each settlement currency.
pub(crate) const WALLET: &str = "/contractAccount/wallet";
/// Positions in all contracts.
pub(crate) const POSITIONS: &str = "/contract/positionAll";
/// Changes between cross and isolated margin.
pub(crate) const MARGIN_MODE: &str = "/contract/marginMode";
/// Changes of the leverage of cross positions.
pub(crate) const CROSS_LEVERAGE: &str = "/contract/crossLeverage";

/// The topics of the whole account.
pub(crate) const ACCOUNT: [&str; 6] = [
    ORDERS,
    STOP_ORDERS,
    WALLET,
    POSITIONS,
    MARGIN_MODE,
    CROSS_LEVERAGE,
];

/// One topic for each of [`CONTRACTS`], in their order.
macro_rules! by_contract {
    ($family:literal) => {
        [
            concat!($family, "XBTUSDTM"),
            concat!($family, "ETHUSDTM"),
            concat!($family, "XBTUSDM"),
        ]
    };
}

/// Order changes in one contract.
pub(crate) const ORDERS_OF: [&str; CONTRACTS.len()] = by_contract!("/contractMarket/tradeOrders:");
/// The position in one contract.
pub(crate) const POSITION_OF: [&str; CONTRACTS.len()] = by_contract!("/contract/position:");

/// The topic of a contract in one of the tables by contract.
pub(crate) fn of_contract(
    table: &[&'static str; CONTRACTS.len()],
    symbol: &str,
) -> Option<&'static str> {
    let place = CONTRACTS.iter().position(|known| *known == symbol)?;
    table.get(place).copied()
}
