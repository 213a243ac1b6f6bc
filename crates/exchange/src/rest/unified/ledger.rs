//! Bookings of the unified account and of classic accounts: every change of a total balance.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::history::{Booking, BookingReason, DAY_MS, LedgerRow, Row};
use super::super::paging::Newest;
use super::super::{Ask, list, spot};
use super::account::{CLASSIC_TYPES, classic_type, unified_currencies};
use super::{Answer, WEEK, page};
use crate::engine::{Reason, Wallet};
use crate::json::Object;
use crate::pro::account_state::AccountState;
use crate::pro::order::nanoseconds;

const UNIFIED: &str = "UNIFIED";
const KEEP_MS: u64 = 7 * DAY_MS;

/// A row of the ledger.
#[derive(Debug, Clone)]
struct Booked<'a> {
    /// ID of the row.
    id: u64,
    /// Number of the row among all rows of the account.
    number: u64,
    currency: &'a str,
    reason: &'static str,
    /// Signed change of the balance, with the fee.
    amount: Decimal,
    fee: Decimal,
    /// Total balance of the account after the change.
    balance: Decimal,
    time_ms: u64,
    visible: bool,
}

pub(super) fn ledger(ask: &Ask<'_>) -> Answer {
    let query = ask.query;
    query.required("accountType")?;
    let types: Vec<&str> = CLASSIC_TYPES.into_iter().chain([UNIFIED]).collect();
    let account_type = query.one_of("accountType", &types)?.unwrap_or_default();
    let direction = query.one_of("direction", &["IN", "OUT"])?;
    let window = WEEK.read(ask)?;
    let rows = match account_type {
        UNIFIED => unified(ask),
        "FUTURES" => futures(ask).collect(),
        _ => classic(ask, account_type).collect(),
    };
    let oldest = ask.now_ms.saturating_sub(KEEP_MS);
    let rows = rows.into_iter().filter(|row| {
        row.visible
            && row.time_ms >= oldest
            && window.contains(&row.time_ms)
            && direction.is_none_or(|direction| direction == row.direction())
            && query.lists("currency", row.currency)
            && query.lists("businessType", row.reason)
    });
    let write = |row: &Booked<'_>| row.write(account_type);
    let pages = pages(account_type);
    // A classic account returns an array, whose pages continue at the ID of the last row.
    if account_type != UNIFIED {
        let rows = pages.page(query, rows, |row| row.id)?.rows;
        return Ok(list(rows.iter().map(write)));
    }
    let rows = pages.page(query, rows, |row| row.number)?;
    Ok(page(None, &rows, write))
}

fn pages(account_type: &str) -> Newest {
    let most = match account_type {
        UNIFIED | "SPOT" => 200,
        "FUTURES" => 100,
        _ => 500,
    };
    Newest {
        size: "pageSize",
        default: 100,
        most,
        opaque: account_type == UNIFIED,
    }
}

/// Returns the bookings of a spot, margin or funding account, newest first.
fn classic<'a>(ask: &Ask<'a>, account_type: &str) -> impl Iterator<Item = Booked<'a>> {
    let now_ms = ask.now_ms;
    let rows = ask.history.ledger.all();
    let rows = rows.filter(move |row| classic_type(row.value.change.wallet) == account_type);
    rows.map(move |row| Booked::of_ledger(row, now_ms))
}

/// Returns the bookings of the futures account, newest first.
fn futures<'a>(ask: &Ask<'a>) -> impl Iterator<Item = Booked<'a>> {
    let now_ms = ask.now_ms;
    let rows = ask.history.bookings.all();
    rows.map(move |row| Booked::of_futures(row, now_ms))
}

/// Returns the bookings of the unified account, newest first, with its total balances.
fn unified<'a>(ask: &Ask<'a>) -> Vec<Booked<'a>> {
    let now_ms = ask.now_ms;
    let ledger = ask.history.ledger.all();
    let ledger =
        ledger.filter(|row| matches!(row.value.change.wallet, Wallet::Trade | Wallet::Margin));
    let ledger = ledger.map(|row| {
        let mut booked = Booked::of_ledger(row, now_ms);
        if row.value.change.reason == Reason::Settled {
            booked.reason = "SPOT_EXCHANGE";
        }
        booked
    });
    let mut rows: Vec<Booked<'a>> = ledger.chain(futures(ask)).collect();
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.number));
    let state = AccountState::open(ask.engine);
    let currencies = unified_currencies(ask.engine).into_iter();
    let mut totals: BTreeMap<&str, Decimal> = currencies
        .map(|currency| (currency, state.unified(currency).total))
        .collect();
    for row in &mut rows {
        let total = totals.entry(row.currency).or_default();
        row.balance = *total;
        *total -= row.amount;
    }
    rows
}

impl<'a> Booked<'a> {
    fn of_ledger(row: &'a Row<LedgerRow>, now_ms: u64) -> Self {
        let LedgerRow {
            change,
            fee,
            number,
        } = &row.value;
        Self {
            id: row.id,
            number: *number,
            currency: &change.currency,
            reason: spot::business_type(change.reason),
            amount: row.value.amount(),
            fee: *fee,
            balance: change.available + change.hold,
            time_ms: row.time_ms,
            visible: row.visible_ms <= now_ms,
        }
    }

    fn of_futures(row: &'a Row<Booking>, now_ms: u64) -> Self {
        let booking = &row.value;
        Self {
            id: row.id,
            number: row.id,
            currency: booking.currency.as_str(),
            reason: match booking.reason {
                BookingReason::Open => "FUTURES_EXCHANGE_OPEN",
                BookingReason::Close => "FUTURES_EXCHANGE_CLOSE",
                BookingReason::Funding => "FUNDING_FEE",
                BookingReason::Transfer => "TRANSFER",
            },
            amount: booking.amount,
            fee: booking.fee,
            balance: booking.balance,
            time_ms: row.time_ms,
            visible: row.visible_ms <= now_ms,
        }
    }

    fn direction(&self) -> &'static str {
        match self.amount.is_sign_negative() {
            true => "OUT",
            false => "IN",
        }
    }

    fn write(&self, account_type: &str) -> String {
        Object::new()
            .field("accountType", account_type)
            .field("id", self.id.to_string())
            .field("currency", self.currency)
            .field("direction", self.direction())
            .field("businessType", self.reason)
            .field("amount", self.amount.abs())
            .field("balance", self.balance)
            .field("fee", self.fee)
            .field("tax", "0")
            .field("remark", "")
            .field("ts", nanoseconds(self.time_ms))
            .end()
    }
}
