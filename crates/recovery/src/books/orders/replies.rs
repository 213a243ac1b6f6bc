//! Takes the replies to the queries of a book of orders.

use kucoin_streams_core::FillKey;
use kucoin_streams_decode::{Record, Scanner};
use kucoin_streams_rest::{ActiveSymbolsRow, QueryError, SpotLedgerRow};

use super::rows::{FillRow, OrderRow};
use super::{OrderBook, Venue};
use crate::books::{Ask, Reply, is_unknown_order};
use crate::output::MissingReason;

/// Rows of KuCoin's lists of recent futures orders and fills: a longer list is cut.
const MAX_RECENT: usize = 1000;

impl OrderBook {
    /// Takes the error of a query, unless another query replaces it in the next sweep.
    pub(super) fn fail(&mut self, ask: &Ask, part: usize, reply: &Reply, error: &QueryError) {
        let symbol = reply.query.param("symbol");
        let is_guess = symbol.is_some_and(|symbol| {
            let is_unified = self.venues[part].venue.is_unified_by_symbol();
            is_unified && !self.named_symbols(part).contains(symbol)
        });
        let state = &mut self.venues[part];
        let is_refused = matches!(error, QueryError::Refused { .. });
        match ask {
            Ask::Order(_) if is_unknown_order(error) => return,
            // A symbol that the currencies suggest may not exist.
            Ask::Open | Ask::Fills | Ask::Done if is_guess && is_of_query(error) => return,
            Ask::Open if is_unknown_order(error) && state.venue == Venue::Spot => {
                state.open = None;
                self.is_unsettled = true;
                state.lists_by_symbol = true;
            }
            Ask::Fills if is_refused && state.venue == Venue::Futures => {
                self.is_unsettled |= !state.is_recent_refused;
                state.is_recent_refused = true;
            }
            Ask::Open => {
                state.open = None;
                state.has_symbols = false;
            }
            Ask::Symbols => state.has_symbols = false,
            _ => {}
        }
        let what = state.venue.name_of(ask, symbol);
        match ask {
            Ask::Fills | Ask::Ledger => self.missing.fail(what, error),
            _ => self.missing_orders.fail(what, error),
        }
    }

    pub(super) fn take_fills(&mut self, part: usize, reply: &Reply) {
        let source = reply.source();
        for (raw, _) in reply.rows() {
            let raw = &*raw;
            match FillRow::read(&self.venues[part].venue, raw, source) {
                Some(fill) => {
                    let fills = self.fills.entry(fill.key.clone());
                    fills.or_insert((part, fill));
                }
                None => self.missing.unreadable(source),
            }
        }
    }

    pub(super) fn take_orders(&mut self, ask: &Ask, part: usize, reply: &Reply) {
        let source = reply.source();
        for (raw, _) in reply.rows() {
            let raw = &*raw;
            let state = &mut self.venues[part];
            let Some(order) = OrderRow::read(&state.venue, raw, source) else {
                self.missing_orders.unreadable(source);
                continue;
            };
            if *ask == Ask::Open
                && order.stage.is_open()
                && let Some(open) = &mut state.open
            {
                open.insert(order.order_id.clone());
            }
            if state.venue.is_margin() {
                state.symbols.insert(order.symbol.clone());
            }
            let known = self.orders.get(&order.order_id);
            if !known.is_some_and(|(_, known)| order.is_older_than(known)) {
                self.orders.insert(order.order_id.clone(), (part, order));
            }
        }
        if *ask == Ask::Open {
            for (_, (sent_at, received_at)) in &reply.pages {
                let before = self.taken_at.unwrap_or((*sent_at, *received_at));
                self.taken_at = Some((before.0.min(*sent_at), before.1.max(*received_at)));
            }
        }
    }

    /// Notes that a list of recent rows is cut.
    pub(super) fn check_length(&mut self, part: usize, reply: &Reply) {
        let rows: usize = reply.pages.iter().map(|(page, _)| page.len()).sum();
        let state = &mut self.venues[part];
        let is_recent = reply.source().contains("/recent");
        if is_recent && rows >= MAX_RECENT && !state.uses_long_list {
            state.uses_long_list = true;
            self.is_unsettled = true;
            let what = format!("more than {MAX_RECENT} rows ({})", state.venue);
            self.missing.insert(what, MissingReason::TooOld);
        }
    }

    pub(super) fn take_ledger(&mut self, part: usize, reply: &Reply) {
        for (raw, _) in reply.rows() {
            let raw = &*raw;
            if self.venues[part].venue.is_unified_by_symbol() {
                if !self.currencies.take_booking(raw) {
                    self.missing.unreadable(reply.source());
                }
                continue;
            }
            let Ok(row) = SpotLedgerRow::read(&mut Scanner::new(raw)) else {
                self.missing.unreadable(reply.source());
                continue;
            };
            if !is_of(&self.venues[part].venue, &row) {
                continue;
            }
            let Some((trade, symbol)) = row.trade().and_then(|mut trade| {
                let symbol = trade.symbol.take()?;
                Some((trade, symbol))
            }) else {
                let reason = row.reason.as_deref().unwrap_or_default();
                if reason.contains("EXCHANGE") && self.wanted.is_none() {
                    self.venues[part].has_unnamed_trades = true;
                    self.uses_margin |= self.venues[part].venue.is_margin();
                    self.currencies.take_trade(row.currency);
                }
                continue;
            };
            if !self.is_wanted(&symbol) {
                continue;
            }
            self.venues[part].symbols.insert(symbol.clone());
            if let (Some(order), Some(trade), Some(at)) =
                (trade.order_id, trade.trade_id, row.created_at)
            {
                let key = FillKey::new(symbol, trade, Some(order));
                self.ledger_trades.insert(key, at);
            }
        }
    }

    pub(super) fn take_symbols(&mut self, part: usize, reply: &Reply) {
        for (raw, _) in reply.rows() {
            let raw = &*raw;
            let is_read = match self.venues[part].venue {
                Venue::Unified(_) => self.currencies.take_balance(raw),
                _ => match ActiveSymbolsRow::read(&mut Scanner::new(raw)) {
                    Ok(row) => {
                        self.venues[part].symbols.extend(row.symbols);
                        true
                    }
                    Err(_) => false,
                },
            };
            if !is_read {
                self.missing_orders.unreadable(reply.source());
            }
        }
    }
}

/// Returns `true` if KuCoin refuses the parameters of the query, and not the API key.
fn is_of_query(error: &QueryError) -> bool {
    let is_of_key = error.is_credentials() || matches!(error.code(), Some("400007" | "112010"));
    is_unknown_order(error) || (matches!(error, QueryError::Refused { .. }) && !is_of_key)
}

/// Returns `true` if a row of the ledger belongs to the venue: both margin venues have one ledger.
fn is_of(venue: &Venue, row: &SpotLedgerRow) -> bool {
    let account = row.account_type.as_deref().unwrap_or_default();
    let is_isolated = account.to_ascii_uppercase().contains("ISOLATED");
    match venue {
        Venue::Margin(kind) => (kind.as_str() == "MARGIN_ISOLATED_TRADE") == is_isolated,
        _ => true,
    }
}
