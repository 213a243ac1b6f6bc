//! Balances, risk and settings of the unified account, and balances of classic accounts.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::super::query::Query;
use super::super::{Ask, list};
use super::{Answer, contract};
use crate::credentials::ApiError;
use crate::engine::futures::{FuturesBalance, MarginMode, SettleCurrency};
use crate::engine::loans::max_leverage;
use crate::engine::{Engine, Wallet};
use crate::fault::AccountMode;
use crate::json::{Object, Raw};
use crate::pro::account_state::{AccountState, Funds};
use crate::pro::risk::{self, Exposure};
use crate::{CONTRACTS, SYMBOLS};

/// The account types of classic balances.
pub(super) const CLASSIC_TYPES: [&str; 5] = ["FUNDING", "SPOT", "FUTURES", "CROSS", "ISOLATED"];
/// Minimum number of decimals in a balance of this API.
const DECIMALS: usize = 10;

pub(super) fn unified_balance(ask: &Ask<'_>) -> Answer {
    let state = AccountState::open(ask.engine);
    let rows = unified_currencies(ask.engine).into_iter().map(|currency| {
        let funds = state.unified(currency);
        balance(currency, &funds, true)
    });
    Ok(accounts("UNIFIED", ask.now_ms, &[(None, list(rows))]))
}

/// Returns the currencies of the trading account, cross margin and futures.
pub(super) fn unified_currencies(engine: &Engine) -> BTreeSet<&str> {
    let held = engine.holdings();
    let held = held.filter(|(wallet, ..)| matches!(wallet, Wallet::Trade | Wallet::Margin));
    let settled = SettleCurrency::ALL.map(SettleCurrency::as_str);
    held.map(|(_, currency, ..)| currency)
        .chain(settled)
        .collect()
}

pub(super) fn classic_balance(ask: &Ask<'_>) -> Answer {
    ask.query.required("accountType")?;
    let account_type = ask.query.one_of("accountType", &CLASSIC_TYPES)?;
    let account_type = account_type.unwrap_or_default();
    if account_type == "FUTURES" {
        let wallets = SettleCurrency::ALL.map(|currency| ask.engine.futures_wallet(currency));
        let groups = wallets.map(|wallet| {
            let row = list([futures_balance(&wallet)].into_iter());
            (Some(wallet.currency.as_str().to_owned()), row)
        });
        return Ok(accounts(account_type, ask.now_ms, &groups));
    }
    let state = AccountState::open(ask.engine);
    let mut groups: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for (wallet, currency, ..) in ask.engine.holdings() {
        if classic_type(wallet) != account_type {
            continue;
        }
        let symbol = match wallet {
            Wallet::Isolated(symbol) => Some(symbol.to_owned()),
            _ => None,
        };
        let owes = matches!(wallet, Wallet::Margin | Wallet::Isolated(_));
        let row = balance(currency, &state.funds(wallet, currency), owes);
        groups.entry(symbol).or_default().push(row);
    }
    let groups = groups.into_iter();
    let groups: Vec<_> = groups
        .map(|(symbol, rows)| (symbol, list(rows.into_iter())))
        .collect();
    Ok(accounts(account_type, ask.now_ms, &groups))
}

/// Returns the account type of a wallet in the classic mode.
pub(super) fn classic_type(wallet: Wallet) -> &'static str {
    match wallet {
        Wallet::Main => "FUNDING",
        Wallet::Trade => "SPOT",
        Wallet::Margin => "CROSS",
        Wallet::Isolated(_) => "ISOLATED",
    }
}

/// Writes the accounts of one type: their subtypes and the array of their currencies.
fn accounts(account_type: &str, now_ms: u64, groups: &[(Option<String>, String)]) -> String {
    let groups = groups.iter().map(|(subtype, currencies)| {
        Object::new()
            .field("accountSubtype", subtype.as_deref())
            .field("currencies", Raw(currencies))
            .end()
    });
    Object::new()
        .field("accountType", account_type)
        .field("ts", now_ms)
        .field("accounts", Raw(&list(groups)))
        .end()
}

/// Writes a balance; only accounts that can owe have equity and liability.
fn balance(currency: &str, funds: &Funds, owes: bool) -> String {
    Object::new()
        .field("currency", currency)
        .field("equity", owes.then(|| padded(funds.equity())))
        .field("hold", padded(funds.hold))
        .field("balance", padded(funds.total))
        .field("available", padded(funds.available))
        .field("liability", owes.then(|| padded(funds.liability)))
        .end()
}

fn futures_balance(wallet: &FuturesBalance) -> String {
    Object::new()
        .field("currency", wallet.currency.as_str())
        .field("equity", wallet.equity())
        .field("balance", wallet.balance)
        .field("available", wallet.available())
        .field("locked", wallet.hold)
        .field("totalCrossMargin", wallet.total_cross_margin())
        .field("crossPosMargin", wallet.cross_position_margin)
        .field("crossOrderMargin", wallet.cross_order_margin)
        .field("crossUnPnl", wallet.cross_unrealised_pnl)
        .field("isolatedPosMargin", wallet.isolated_position_margin)
        .field("isolatedOrderMargin", wallet.isolated_order_margin)
        .field("isolatedUnPnl", wallet.isolated_unrealised_pnl)
        .field("isolatedFundingFeeMargin", wallet.isolated_funding_margin)
        .end()
}

fn padded(amount: Decimal) -> String {
    let amount = amount.normalize();
    let decimals = usize::try_from(amount.scale()).unwrap_or(DECIMALS);
    format!("{amount:.*}", decimals.max(DECIMALS))
}

/// Writes the risk that liquidation warnings push: of the part of the account that is nearest to liquidation.
///
/// Without positions and debts, amounts are those of the whole account.
pub(super) fn overview(ask: &Ask<'_>) -> Answer {
    let risk = risk::current(ask.engine).unwrap_or_else(|| whole(ask.engine));
    Ok(Object::new()
        .field("accountType", "UNIFIED")
        .field("riskRatio", risk.ratio)
        .field("equity", risk.equity)
        .field("adjustedEquity", risk.adjusted_equity)
        .field("liability", risk.liability)
        .field("availableMargin", risk.available_margin)
        .field("im", risk.initial_margin)
        .field("mm", risk.maintenance_margin)
        .end())
}

/// Returns the amounts of all currencies together, in USDT.
fn whole(engine: &Engine) -> Exposure {
    let state = AccountState::open(engine);
    let mut sum = Exposure::default();
    for currency in unified_currencies(engine) {
        let price = match currency {
            "XBT" => engine.price_of("BTC"),
            other => engine.price_of(other),
        };
        let funds = state.unified(currency);
        sum.equity += funds.equity() * price;
        sum.liability += funds.liability * price;
        sum.available_margin += funds.available * price;
    }
    sum.adjusted_equity = sum.equity;
    sum
}

pub(super) fn leverage(ask: &Ask<'_>) -> Answer {
    let query = ask.query;
    for name in ["tradeType", "marginMode"] {
        query.required(name)?;
    }
    let trade_type = query.one_of("tradeType", &["FUTURES", "MARGIN"])?;
    let mode = query.one_of("marginMode", &["CROSS", "ISOLATED", "ISOLATE"])?;
    let mode = match mode {
        Some("CROSS") => MarginMode::Cross,
        _ => MarginMode::Isolated,
    };
    match trade_type {
        Some("FUTURES") => futures_leverage(ask, mode),
        _ => margin_leverage(query, mode),
    }
}

/// Writes the leverage of new orders in each contract, in this margin mode.
fn futures_leverage(ask: &Ask<'_>, mode: MarginMode) -> Answer {
    let symbol = contract(ask.query)?;
    let symbols = CONTRACTS.into_iter();
    let symbols = symbols.filter(|known| symbol.is_none_or(|symbol| symbol == *known));
    let rows = symbols.filter_map(|symbol| {
        let leverage = ask.engine.leverage(symbol, mode).ok()?;
        let row = Object::new().field("symbol", symbol);
        Some(with_leverage(row, leverage, mode))
    });
    Ok(list(rows))
}

/// Writes the maximum leverage of loans in each currency, which has no setting here.
fn margin_leverage(query: &Query, mode: MarginMode) -> Answer {
    let wallet = match mode {
        MarginMode::Cross => Wallet::Margin,
        MarginMode::Isolated => Wallet::Isolated(SYMBOLS[0]),
    };
    let currencies = SYMBOLS.iter().flat_map(|symbol| symbol.split('-'));
    let currencies: BTreeSet<&str> = currencies
        .filter(|known| query.lists("currency", known))
        .collect();
    let rows = currencies.into_iter().map(|currency| {
        let row = Object::new().field("currency", currency);
        with_leverage(row, max_leverage(wallet), mode)
    });
    Ok(list(rows))
}

fn with_leverage(row: Object, leverage: Decimal, mode: MarginMode) -> String {
    row.field("leverage", leverage)
        .field("marginMode", mode.as_str())
        .end()
}

/// Writes the mode of the account, which has no sub-accounts.
pub(super) fn mode(ask: &Ask<'_>) -> Result<String, ApiError> {
    let mode = match ask.user.account_mode {
        AccountMode::Unified => "UNIFIED",
        AccountMode::Classic => "CLASSIC",
    };
    Ok(Object::new()
        .field("selfAccountMode", mode)
        .field("unifiedSubAccount", Raw("[]"))
        .field("classicSubAccount", Raw("[]"))
        .end())
}
