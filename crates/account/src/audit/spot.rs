//! V1 spot and margin: each fill against the balance changes that settle it.

use std::collections::VecDeque;
use std::sync::Arc;

use kucoin_streams_core::{Decimal, Event, Fill, Text, Timestamp, WsKey};
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_v1::{Balance, BalanceReason, OrderKind, SpotOrder, SpotTradeFill};

use super::AuditSettings;
use super::balances::{BalanceAudit, MissingChange, account_name};
use super::coverage::{Coverage, Reports};
use super::fees::{FeeRates, FeeSample, OddFee};
use super::known_orders::KnownOrders;
use super::recent::Timed;
use super::report::{Discrepancy, UnexplainedAmount};
use super::trade::{Leg, SpotFill, SpotTrade, TradeKey, recovered_fee};
use super::trade_report::{TradeRef, lost_push, unknown_trade, wrong_fee};
use crate::{FrameInfo, exact};

/// Whether a trade can be judged now.
enum Judgement {
    Done,
    /// A later push may show an amount that is not known yet.
    Postponed,
}

/// Trades of V1 spot and margin.
#[derive(Debug)]
pub(super) struct SpotAudit {
    settings: AuditSettings,
    trades: Timed<TradeKey, SpotTrade>,
    postponed: Vec<TradeKey>,
    /// Trades whose window has passed: their pushes may be repeated.
    judged: Timed<TradeKey, ()>,
    orders: KnownOrders,
    pushes: Timed<String, ()>,
    rates: FeeRates<TradeRef>,
    balances: BalanceAudit,
}

impl SpotAudit {
    pub(super) fn new(settings: AuditSettings) -> Self {
        Self {
            balances: BalanceAudit::new(settings.clone()),
            orders: KnownOrders::new(settings.max_pending),
            settings,
            trades: Timed::default(),
            postponed: Vec::new(),
            judged: Timed::default(),
            pushes: Timed::default(),
            rates: FeeRates::default(),
        }
    }

    pub(super) fn on_order(
        &mut self,
        info: &FrameInfo,
        order: &SpotOrder,
        coverage: &mut Coverage,
    ) {
        coverage.note(info, Reports::Orders, &Text::default());
        self.orders.on_push(info, &order.order_id);
        let (OrderKind::Match(matched), Some(fill)) = (&order.kind, order.fill()) else {
            return;
        };
        let fee_type = match matched.fee_type.as_str() {
            "" => matched.liquidity.as_str(),
            fee_type => fee_type,
        };
        self.fill(info, &fill, fee_type, recovered_fee(order), coverage);
    }

    pub(super) fn on_trade_fill(
        &mut self,
        info: &FrameInfo,
        event: &SpotTradeFill,
        coverage: &mut Coverage,
    ) {
        if let Some(fill) = event.fill() {
            let fee = event.fee.zip(event.fee_currency.clone());
            self.fill(info, &fill, "", fee, coverage);
        }
    }

    pub(super) fn on_balance(
        &mut self,
        info: &FrameInfo,
        event: &Balance,
        coverage: &mut Coverage,
    ) {
        // The other topic has the same changes, without their trades.
        if info.topic.contains("snapshotBalance") {
            return;
        }
        coverage.note(info, Reports::Balances, &Text::default());
        let (memory, max) = (self.settings.memory, self.settings.max_pending);
        let key = format!("{}:{}", info.ws_key, event.dedup_key());
        if self.pushes.is_repeated(key, info.received_at, memory, max) {
            return;
        }
        let relation = event.relation_event.as_ref();
        let account = relation.and_then(|event| event.account.as_ref());
        let account = account.map_or_else(Text::default, account_name);
        let change = match (event.available_change, event.hold_change) {
            (Some(available), Some(hold)) => exact::add(available, hold),
            _ => None,
        };
        self.balances.push(info, event, &account, change, coverage);
        self.settle(info, event, account, change, coverage);
    }

    pub(super) fn on_snapshot(&mut self, row: &SnapshotRow) {
        self.balances.on_snapshot(row);
    }

    pub(super) fn forget(&mut self, ws_key: Option<WsKey>) {
        let is_other = |key: WsKey| ws_key.is_some_and(|gone| gone != key);
        for (key, trade) in self.trades.values_mut() {
            trade.is_whole &= is_other(key.0);
        }
        self.balances.forget(ws_key);
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let deadlines = [self.trades.first(), self.balances.deadline()];
        deadlines.into_iter().flatten().min()
    }

    pub(super) fn judge(
        &mut self,
        now: Timestamp,
        coverage: &Coverage,
        found: &mut VecDeque<Discrepancy>,
    ) {
        let memory = self.settings.memory;
        while let Some((key, trade)) = self.trades.pop_due(now) {
            let last = trade.received_at + memory;
            match self.judge_trade(&key, &trade, now >= last, coverage, found) {
                Judgement::Done => self.end(key, now),
                Judgement::Postponed => {
                    self.postponed.push(key.clone());
                    self.trades.insert(last, key, trade);
                }
            }
        }
        if self.balances.deadline().is_some_and(|due| due <= now) {
            for key in std::mem::take(&mut self.postponed) {
                self.judge_postponed(key, now, coverage, found);
            }
            while let Some(discrepancy) = self.balances.judge(now, coverage) {
                found.push_back(discrepancy);
            }
        }
    }

    fn judge_postponed(
        &mut self,
        key: TradeKey,
        now: Timestamp,
        coverage: &Coverage,
        found: &mut VecDeque<Discrepancy>,
    ) {
        let Some(trade) = self.trades.get(&key).cloned() else {
            return;
        };
        match self.judge_trade(&key, &trade, false, coverage, found) {
            Judgement::Done => {
                self.trades.remove(&key);
                self.end(key, now);
            }
            Judgement::Postponed => self.postponed.push(key),
        }
    }

    fn end(&mut self, key: TradeKey, now: Timestamp) {
        let (memory, max) = (self.settings.memory, self.settings.max_pending);
        self.judged.is_repeated(key, now, memory, max);
    }

    fn fill(
        &mut self,
        info: &FrameInfo,
        fill: &Fill,
        fee_type: &str,
        fee: Option<(Decimal, Text)>,
        coverage: &Coverage,
    ) {
        let key = (
            info.ws_key,
            fill.symbol.clone(),
            fill.trade_id.clone(),
            fill.order_id.clone(),
        );
        let time = fill.time.unwrap_or(info.received_at);
        let Some(trade) = self.trade(info, key, time, coverage) else {
            return;
        };
        trade.fee = fee.or(trade.fee.take());
        let known = trade.fill.get_or_insert_with(|| SpotFill {
            side: fill.side.clone(),
            price: fill.price,
            size: fill.size,
            fee_type: Text::default(),
        });
        if !fee_type.is_empty() {
            known.fee_type = Text::new(fee_type);
        }
    }

    /// Adds a balance change to its trade.
    fn settle(
        &mut self,
        info: &FrameInfo,
        event: &Balance,
        account: Text,
        change: Option<Decimal>,
        coverage: &Coverage,
    ) {
        let Some(context) = &event.relation_context else {
            return;
        };
        if let Some(order_id) = &context.order_id {
            self.orders.on_balance(info, order_id, &account);
        }
        let (Some(symbol), Some(trade_id)) = (&context.symbol, &context.trade_id) else {
            return;
        };
        let reason = event.relation_event.as_ref().map(|event| &event.reason);
        if reason == Some(&BalanceReason::Hold) || change.is_some_and(|change| change.is_zero()) {
            return;
        }
        let key = (
            info.ws_key,
            symbol.clone(),
            trade_id.clone(),
            context.order_id.clone(),
        );
        let time = event.time.unwrap_or(info.received_at);
        let Some(trade) = self.trade(info, key, time, coverage) else {
            return;
        };
        match change {
            Some(change) => trade.change(account, event.currency.clone(), change),
            None => trade.is_whole = false,
        }
    }

    /// Returns the trade that a push is of; `None` if it was judged.
    fn trade(
        &mut self,
        info: &FrameInfo,
        key: TradeKey,
        time: Timestamp,
        coverage: &Coverage,
    ) -> Option<&mut SpotTrade> {
        if self.judged.get(&key).is_some() {
            return None;
        }
        let is_whole = info.source.is_none() && coverage.is_judged(info.ws_key, info.received_at);
        if self.trades.get(&key).is_none() {
            while self.trades.pop_over(self.settings.max_pending).is_some() {}
            let trade = SpotTrade::new(info.received_at, time, is_whole);
            let due = info.received_at + self.settings.window;
            self.trades.insert(due, key.clone(), trade);
        }
        let trade = self.trades.get_mut(&key)?;
        trade.see(time, is_whole);
        Some(trade)
    }

    fn judge_trade(
        &mut self,
        key: &TradeKey,
        trade: &SpotTrade,
        is_last: bool,
        coverage: &Coverage,
        found: &mut VecDeque<Discrepancy>,
    ) -> Judgement {
        let is_covered = |reports| {
            let covered = coverage.of(key.0, reports, &Text::default(), None);
            covered.filter(|covered| trade.is_whole && covered.since <= trade.received_at)
        };
        let Some(legs) = trade.legs(&key.1) else {
            if let (None, Some(orders)) = (&trade.fill, is_covered(Reports::Orders)) {
                let is_own = self.orders.is_pushed(key);
                found.push_back(unknown_trade(key, trade, &orders.topic, is_own));
            }
            return Judgement::Done;
        };
        if legs.iter().all(|leg| leg.settled.is_some()) {
            self.judge_fees(key, trade, &legs, found);
            return Judgement::Done;
        }
        let Some(balances) = is_covered(Reports::Balances) else {
            return Judgement::Done;
        };
        let lost = legs.iter().filter(|leg| leg.settled.is_none());
        let lost: Vec<_> = lost
            .map(|leg| self.missing_change(key, trade, leg))
            .collect();
        let is_unknown = |lost: &MissingChange| lost.lacks_fee && !self.balances.shows(lost);
        if !is_last && lost.iter().any(is_unknown) {
            return Judgement::Postponed;
        }
        let topic = Arc::clone(&balances.topic);
        found.extend(self.lost_changes(trade, lost, &topic));
        Judgement::Done
    }

    fn judge_fees(
        &mut self,
        key: &TradeKey,
        trade: &SpotTrade,
        legs: &[Leg],
        found: &mut VecDeque<Discrepancy>,
    ) {
        let implied = trade.implied_fees(legs);
        let reference = |currency: &Text| TradeRef {
            key: key.clone(),
            account: trade.account().cloned(),
            times: trade.times,
            currency: currency.clone(),
        };
        if let Some((currency, expected, got)) = trade.contradicted_fee(&implied) {
            found.push_back(wrong_fee(&reference(&currency), expected, got));
            return;
        }
        for implied in implied {
            let Some(key) = trade.rate_key(key, &implied.currency, implied.value) else {
                continue;
            };
            let sample = FeeSample {
                fee: implied.fee,
                value: implied.value,
                payload: reference(&implied.currency),
            };
            let report = |odd: OddFee<TradeRef>| {
                let (expected, got) = (odd.expected, odd.sample.fee);
                wrong_fee(&odd.sample.payload, expected, got)
            };
            found.extend(self.rates.learn(key, sample).into_iter().map(report));
        }
    }

    /// Reports the changes of a trade that no push reports; `None` if all of them were reported.
    fn lost_changes(
        &mut self,
        trade: &SpotTrade,
        lost: Vec<MissingChange>,
        topic: &str,
    ) -> Option<Discrepancy> {
        let ws_key = lost.first()?.ws_key;
        let mut amounts = Vec::new();
        for missing in lost {
            let (account, currency) = (missing.account.clone(), missing.currency.clone());
            amounts.extend(self.balances.take(missing).map(|amount| UnexplainedAmount {
                account,
                currency,
                amount: amount.normalize(),
            }));
        }
        (!amounts.is_empty()).then(|| Discrepancy {
            ws_key,
            window: trade.times,
            amounts,
            suspects: vec![lost_push(topic, trade.times)],
        })
    }

    /// Returns the change that no push reports: by size and price, and by the fee as far as it is known.
    fn missing_change(&self, key: &TradeKey, trade: &SpotTrade, leg: &Leg) -> MissingChange {
        let account = trade.account().or(self.orders.account(key));
        let is_base = key.1.starts_with(&format!("{}-", leg.currency));
        let value = leg.traded.abs();
        let fee = match &trade.fee {
            Some((fee, currency)) if *currency == leg.currency => Some(*fee),
            // The fee is paid in another currency.
            Some(_) => Some(Decimal::ZERO),
            None if is_base => Some(Decimal::ZERO),
            None => trade
                .rate_key(key, &leg.currency, value)
                .and_then(|key| self.rates.expected(&key, value)),
        };
        MissingChange {
            ws_key: key.0,
            account: account.cloned(),
            currency: leg.currency.clone(),
            amount: exact::add(leg.traded, -fee.unwrap_or_default()).unwrap_or(leg.traded),
            tolerance: match is_base {
                true => Decimal::ZERO,
                false => value / Decimal::ONE_HUNDRED,
            },
            lacks_fee: fee.is_none(),
        }
    }
}
