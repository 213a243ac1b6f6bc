//! State of the cross-margin and isolated-margin accounts.

use super::spot::symbol;
use super::{Answer, Ask, Endpoint, Write, list};
use crate::SYMBOLS;
use crate::credentials::ApiError;
use crate::engine::Wallet;
use crate::engine::loans::{CurrencyState, RATIO_SCALE, Valuation};
use crate::fault::RestPool;
use crate::json::{Object, Raw};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint("/api/v3/margin/accounts", cross),
    endpoint("/api/v3/isolated/accounts", isolated),
];

const fn endpoint(path: &'static str, answer: Write) -> Endpoint {
    Endpoint::new(RestPool::Spot, path, 15, answer)
}

/// Returns `true` if the query is for the account that trades.
///
/// The default, the account of low-frequency trading, is always empty.
fn is_high_frequency(ask: &Ask<'_>, low: &str, high: &str) -> Result<bool, ApiError> {
    let wanted = ask.query.one_of("queryType", &[low, high, "ALL"])?;
    Ok(wanted.is_some_and(|wanted| wanted != low))
}

fn quote_currency<'a>(ask: &Ask<'a>) -> Result<&'a str, ApiError> {
    let currency = ask.query.one_of("quoteCurrency", &["USDT", "KCS", "BTC"])?;
    Ok(currency.unwrap_or("USDT"))
}

fn cross(ask: &Ask<'_>) -> Answer {
    let quote = quote_currency(ask)?;
    let high = is_high_frequency(ask, "MARGIN", "MARGIN_V2")?;
    let (valuation, currencies, status) = match high {
        true => (
            ask.engine.valuation(Wallet::Margin),
            ask.engine.cross_currencies(),
            cross_status(ask),
        ),
        false => (Valuation::default(), Vec::new(), "EFFECTIVE"),
    };
    let accounts = currencies.iter();
    let accounts = list(accounts.map(|state| currency(ask, Wallet::Margin, state)));
    Ok(totals(ask, valuation, quote)
        .field("debtRatio", valuation.ratio().round_dp(RATIO_SCALE))
        .field("status", status)
        .field("accounts", Raw(&accounts))
        .end())
}

fn cross_status(ask: &Ask<'_>) -> &'static str {
    match ask.engine.cross_limits_crossed() {
        (_, true) => "BANKRUPTCY",
        (true, false) => "LIQUIDATION",
        (false, false) => "EFFECTIVE",
    }
}

fn isolated(ask: &Ask<'_>) -> Answer {
    let quote = quote_currency(ask)?;
    let wanted = symbol(ask.query)?;
    let high = is_high_frequency(ask, "ISOLATED", "ISOLATED_V2")?;
    let listed = SYMBOLS.iter().copied();
    let listed = listed.filter(|symbol| high && wanted.is_none_or(|wanted| wanted == *symbol));
    let mut sum = Valuation::default();
    let mut assets = Vec::new();
    for symbol in listed {
        let valuation = ask.engine.valuation(Wallet::Isolated(symbol));
        sum.assets += valuation.assets;
        sum.debts += valuation.debts;
        assets.extend(isolated_account(ask, symbol, valuation));
    }
    Ok(totals(ask, sum, quote)
        .field("timestamp", ask.now_ms)
        .field("assets", Raw(&list(assets.into_iter())))
        .end())
}

fn isolated_account(ask: &Ask<'_>, symbol: &'static str, valuation: Valuation) -> Option<String> {
    let [base, quote] = ask.engine.isolated_currencies(symbol)?;
    let owes = [&base, &quote]
        .iter()
        .any(|state| !state.debt.total().is_zero());
    let asset = |state| currency(ask, Wallet::Isolated(symbol), state);
    let account = Object::new()
        .field("symbol", symbol)
        .field("status", if owes { "DEBT" } else { "CLEAR" })
        .field("debtRatio", valuation.ratio().round_dp(RATIO_SCALE))
        .field("baseAsset", Raw(&asset(&base)))
        .field("quoteAsset", Raw(&asset(&quote)));
    Some(account.end())
}

/// Writes assets and debts in the quote currency, without the end of the object.
fn totals(ask: &Ask<'_>, valuation: Valuation, quote: &str) -> Object {
    let sum = |amount| ask.engine.in_currency(amount, quote);
    Object::new()
        .field("totalAssetOfQuoteCurrency", sum(valuation.assets))
        .field("totalLiabilityOfQuoteCurrency", sum(valuation.debts))
}

fn currency(ask: &Ask<'_>, wallet: Wallet, state: &CurrencyState) -> String {
    Object::new()
        .field("currency", state.currency)
        .field("total", state.balance.total())
        .field("available", state.balance.available)
        .field("hold", state.balance.hold)
        .field("liability", state.debt.total())
        .field("liabilityPrincipal", state.debt.principal)
        .field("liabilityInterest", state.debt.interest)
        .field(
            "maxBorrowSize",
            ask.engine.max_borrow(wallet, state.currency),
        )
        .field("borrowEnabled", true)
        .field("transferInEnabled", true)
        .end()
}
