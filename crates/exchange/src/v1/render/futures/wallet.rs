//! The futures account in one currency as V1 data: all of it text.

use crate::engine::futures::WalletEvent;
use crate::json::Object;

pub(super) fn wallet(change: &WalletEvent) -> String {
    let wallet = &change.wallet;
    Object::new()
        .decimal("crossPosMargin", wallet.cross_position_margin)
        .decimal("isolatedOrderMargin", wallet.isolated_order_margin)
        .decimal("holdBalance", wallet.hold)
        .decimal("equity", wallet.equity())
        .string("version", &wallet.version.to_string())
        .decimal("availableBalance", wallet.available())
        .decimal("isolatedPosMargin", wallet.isolated_position_margin)
        .decimal("maxWithdrawAmount", wallet.max_withdraw())
        .decimal("walletBalance", wallet.balance)
        .decimal("isolatedFundingFeeMargin", wallet.isolated_funding_margin)
        .decimal("crossUnPnl", wallet.cross_unrealised_pnl)
        .decimal("totalCrossMargin", wallet.total_cross_margin())
        .word("currency", wallet.currency.as_str())
        .decimal("isolatedUnPnl", wallet.isolated_unrealised_pnl)
        .decimal("crossOrderMargin", wallet.cross_order_margin)
        .decimal("availableMargin", wallet.available_margin())
        .string("timestamp", &change.time_ms.to_string())
        .end()
}
