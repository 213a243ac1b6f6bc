//! The ledger of the futures account: transfers, and the realised PnL of each contract per settlement period.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Answer, currency};
use crate::engine::futures::SettleCurrency;
use crate::json::{Number, Object, OrNull, Raw};
use crate::rest::history::DAY_MS;
use crate::rest::paging::{Offset, Window};
use crate::rest::{Ask, list};

const PAGES: Offset = Offset {
    default: 50,
    most: 50,
};
/// The span of a query is below 24 hours.
const DAY: Window = Window::up_to(DAY_MS - 1);
/// Length of a settlement period; periods end at 4, 12 and 20 h UTC, with the funding.
const PERIOD_MS: u64 = DAY_MS / 3;
/// Offsets per booking: one for a transfer, the others for the contracts whose period it ends.
const OFFSETS: u64 = 8;

const REALISED_PNL: &str = "RealisedPNL";
/// The types in the spelling of filters, then those that rows spell otherwise.
const TYPES: [&str; 7] = [
    "RealizedPNL",
    "Deposit",
    "Withdrawal",
    "Transferin",
    "TransferOut",
    REALISED_PNL,
    "TransferIn",
];

/// One row of the ledger.
struct Entry {
    /// `None` for the running period, which is not booked yet.
    offset: Option<u64>,
    time_ms: u64,
    kind: &'static str,
    currency: SettleCurrency,
    amount: Decimal,
    equity: Decimal,
    remark: &'static str,
}

/// The bookings of a contract in one period.
struct Period {
    currency: SettleCurrency,
    amount: Decimal,
    equity: Decimal,
}

pub(super) fn ledger(ask: &Ask<'_>) -> Answer {
    let currency = currency(ask.query)?;
    let window = DAY.read(ask)?;
    let kind = ask.query.one_of("type", &TYPES)?;
    let kind = kind.map(|kind| kind.replace('z', "s"));
    let wanted = entries(ask).into_iter().filter(|entry| {
        currency.is_none_or(|wanted| wanted == entry.currency)
            && window.contains(&entry.time_ms)
            && (kind.as_ref()).is_none_or(|kind| kind.eq_ignore_ascii_case(entry.kind))
    });
    let newest = |entry: &Entry| entry.offset.unwrap_or(u64::MAX);
    let (rows, has_more) = PAGES.page(ask.query, wanted, newest)?;
    Ok(Object::new()
        .field("dataList", Raw(&list(rows.iter().map(Entry::write))))
        .field("hasMore", has_more)
        .end())
}

fn period_of(time_ms: u64) -> u64 {
    (time_ms + PERIOD_MS / 2) / PERIOD_MS
}

fn end_of(period: u64) -> u64 {
    (period + 1) * PERIOD_MS - PERIOD_MS / 2
}

/// Returns all rows, newest first.
fn entries(ask: &Ask<'_>) -> Vec<Entry> {
    let mut periods: BTreeMap<(u64, &'static str), Period> = BTreeMap::new();
    let mut last_ids: BTreeMap<u64, u64> = BTreeMap::new();
    let mut entries = Vec::new();
    // From the oldest, so that the last equity of a period remains.
    let bookings: Vec<_> = ask.history.bookings.newest(ask.now_ms).collect();
    for row in bookings.into_iter().rev() {
        let (period, booking) = (period_of(row.time_ms), &row.value);
        last_ids.insert(period, row.id);
        let Some(symbol) = booking.symbol else {
            let (kind, remark) = match booking.amount.is_sign_negative() {
                true => ("TransferOut", "Transferred to Trading Account"),
                false => ("TransferIn", "Transferred from Trading Account"),
            };
            entries.push(Entry {
                offset: Some(row.id * OFFSETS),
                time_ms: row.time_ms,
                kind,
                currency: booking.currency,
                amount: booking.amount,
                equity: booking.equity,
                remark,
            });
            continue;
        };
        let known = periods.entry((period, symbol)).or_insert(Period {
            currency: booking.currency,
            amount: Decimal::ZERO,
            equity: Decimal::ZERO,
        });
        known.amount += booking.amount;
        known.equity = booking.equity;
    }
    let running = period_of(ask.now_ms);
    for (place, contract) in (1..).zip(ask.engine.contracts()) {
        let symbol = contract.market.symbol;
        let ended = periods.iter().filter(|((period, of), _)| {
            // The last bookings of a period become visible with the delay of all rows.
            let due_ms = end_of(*period).saturating_add(ask.history.delays.lag_ms.1);
            *of == symbol && due_ms <= ask.now_ms
        });
        entries.extend(ended.map(|((period, _), sum)| {
            let last_id = last_ids.get(period).copied().unwrap_or_default();
            Entry {
                offset: Some(last_id * OFFSETS + place),
                time_ms: end_of(*period),
                kind: REALISED_PNL,
                currency: sum.currency,
                amount: sum.amount,
                equity: sum.equity,
                remark: symbol,
            }
        }));
        if contract.is_open() {
            let booked = periods.get(&(running, symbol));
            entries.push(Entry {
                offset: None,
                time_ms: ask.now_ms,
                kind: REALISED_PNL,
                currency: contract.settle,
                amount: booked.map_or(Decimal::ZERO, |sum| sum.amount),
                equity: ask.engine.futures_wallet(contract.settle).equity(),
                remark: symbol,
            });
        }
    }
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.offset.unwrap_or(u64::MAX)));
    entries
}

impl Entry {
    fn write(&self) -> String {
        let offset = self.offset.map_or("-1".to_owned(), |it| it.to_string());
        let booked = self.offset.is_some();
        Object::new()
            .field("time", self.time_ms)
            .field("type", self.kind)
            .field("amount", Number(self.amount))
            .field("fee", OrNull(booked.then_some(Number(Decimal::ZERO))))
            .field("accountEquity", Number(self.equity))
            .field("status", if booked { "Completed" } else { "Pending" })
            .field("remark", self.remark)
            .field("offset", Raw(&offset))
            .field("currency", self.currency.as_str())
            .end()
    }
}
