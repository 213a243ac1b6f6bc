//! Which settlement currencies futures use: their balances change without an event that names the amount.

use std::collections::{BTreeMap, BTreeSet};

use kucoin_streams_core::{Fill, Text, Timestamp, WsKey};
use kucoin_streams_pro::Position;

use super::unified_funds::CurrencyKey;
use crate::FrameInfo;

#[derive(Debug, Default)]
struct CurrencyUse {
    open: BTreeSet<Text>,
    last: Option<Timestamp>,
}

/// Open positions and the last trade in contracts, by account and settlement currency.
#[derive(Debug, Default)]
pub(super) struct FuturesUse {
    currencies: BTreeMap<CurrencyKey, CurrencyUse>,
}

impl FuturesUse {
    pub(super) fn on_fill(&mut self, info: &FrameInfo, account: &Text, fill: &Fill) {
        if !fill.symbol.contains('-') {
            for currency in settlement_currencies(&fill.symbol) {
                let used = self.of(info.ws_key, account, currency);
                used.last = used.last.max(Some(info.received_at));
            }
            if let Some(currency) = &fill.fee_currency {
                let used = self.of(info.ws_key, account, currency);
                used.last = used.last.max(Some(info.received_at));
            }
        }
    }

    pub(super) fn on_position(&mut self, info: &FrameInfo, account: Text, position: &Position) {
        let is_closed = position.size.is_some_and(|size| size.is_zero());
        for currency in settlement_currencies(&position.symbol) {
            let used = self.of(info.ws_key, &account, currency);
            used.last = used.last.max(Some(info.received_at));
            match is_closed {
                true => used.open.remove(&position.symbol),
                false => used.open.insert(position.symbol.clone()),
            };
        }
    }

    pub(super) fn on_open(&mut self, ws_key: WsKey, account: &Text, symbol: &Text) {
        for currency in settlement_currencies(symbol) {
            let used = self.of(ws_key, account, currency);
            used.open.insert(symbol.clone());
        }
    }

    /// Returns `true` if a position in the currency is open, or was traded since this local time.
    pub(super) fn is_used(&self, key: &CurrencyKey, since: Timestamp) -> bool {
        let used = self.currencies.get(key);
        used.is_some_and(|used| {
            !used.open.is_empty() || used.last.is_some_and(|last| last >= since)
        })
    }

    fn of(&mut self, ws_key: WsKey, account: &Text, currency: &str) -> &mut CurrencyUse {
        let key = (ws_key, account.clone(), Text::new(currency));
        self.currencies.entry(key).or_default()
    }
}

/// Returns the currencies in which a contract may settle, by its name: `USDT` for `XBTUSDTM`.
///
/// An inverse contract settles in its base currency; KuCoin writes `XBT` and `BTC` for the same one.
fn settlement_currencies(symbol: &str) -> Vec<&str> {
    let name = symbol.strip_suffix('M').unwrap_or(symbol);
    for linear in ["USDT", "USDC"] {
        if name.ends_with(linear) {
            return vec![linear];
        }
    }
    match name.find("USD").map(|end| &name[..end]) {
        Some("XBT") => vec!["XBT", "BTC"],
        Some(base) => vec![base],
        None => vec!["USDT", "USDC"],
    }
}
