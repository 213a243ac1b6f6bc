//! Balances: `balance`, one currency of one account at a time.

use crate::engine::futures::WalletEvent;
use crate::json::Object;
use crate::pro::books::Funds;
use crate::pro::order::nanoseconds;
use crate::pro::streams::Part;

/// One currency of the unified account.
pub(in crate::pro) fn unified(currency: &str, funds: &Funds, time_ms: u64) -> String {
    Object::new()
        .string("c", currency)
        .decimal("e", funds.equity())
        .decimal("b", funds.total)
        .decimal("a", funds.available)
        .decimal("h", funds.hold)
        .bare("U", nanoseconds(time_ms))
        .decimal("l", funds.liability)
        .end()
}

/// One currency of a classic account: equity and debt of margin accounts only, and the time of the
/// funding account in milliseconds, as text.
pub(in crate::pro) fn classic(part: Part, currency: &str, funds: &Funds, time_ms: u64) -> String {
    let owes = matches!(part, Part::Cross | Part::Isolated);
    let mut data = Object::new().string("c", currency);
    if owes {
        data = data.decimal("e", funds.equity());
    }
    data = data
        .decimal("b", funds.total)
        .decimal("a", funds.available)
        .decimal("h", funds.hold);
    if owes {
        data = data.decimal("l", funds.liability);
    }
    match part {
        Part::Funding => data.string("U", &time_ms.to_string()),
        _ => data.bare("U", nanoseconds(time_ms)),
    }
    .end()
}

/// The classic futures account in one settlement currency.
pub(in crate::pro) fn futures(change: &WalletEvent) -> String {
    let wallet = &change.wallet;
    Object::new()
        .word("c", wallet.currency.as_str())
        .decimal("e", wallet.equity())
        .decimal("b", wallet.balance)
        .decimal("a", wallet.available())
        .decimal("h", wallet.hold)
        .bare("U", nanoseconds(change.time_ms))
        .bare("E", wallet.version)
        .decimal("tCM", wallet.total_cross_margin())
        .decimal("cPM", wallet.cross_position_margin)
        .decimal("cOM", wallet.cross_order_margin)
        .decimal("cUP", wallet.cross_unrealised_pnl)
        .decimal("iPM", wallet.isolated_position_margin)
        .decimal("iOM", wallet.isolated_order_margin)
        .decimal("iUP", wallet.isolated_unrealised_pnl)
        .decimal("iFF", wallet.isolated_funding_margin)
        .end()
}
