//! V1 spot and margin: each trade against its balance changes, and each balance against its changes.

use std::collections::{BTreeMap, VecDeque};

use kucoin_streams_core::{Decimal, Fill, Text, Timestamp, WsKey};
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest::AccountRow;
use kucoin_streams_v1::{AccountKind, Balance, BalanceReason, OrderKind, SpotOrder, SpotTradeFill};

use super::AuditSettings;
use super::chain::{Chain, Link, MissingLink};
use super::coverage::{Coverage, Reports};
use super::fees::{FeeRates, FeeSample, OddFee, RateKey};
use super::recent::Timed;
use super::report::{Discrepancy, Suspect, UnexplainedAmount};
use super::trade::{ImpliedFee, Leg, SpotFill, SpotTrade, TradeKey};
use crate::{FrameInfo, exact};

/// Missing changes that are remembered, so that another sign of the same lost push is not reported.
const MAX_REPORTED: usize = 256;

/// Key of a chain of balance changes: connection, currency, account and account ID.
type ChainKey = (WsKey, Text, Text, Option<Text>);

/// What is known of an order.
#[derive(Debug)]
struct KnownOrder {
    /// Account in which the order settles; `None` until a balance push names it.
    account: Option<Text>,
}

/// A trade as it is reported.
#[derive(Clone, Debug)]
struct TradeRef {
    key: TradeKey,
    account: Option<Text>,
    times: (Timestamp, Timestamp),
    currency: Text,
}

/// A change that a lost push should have reported.
#[derive(Clone, Debug)]
struct MissingChange {
    ws_key: WsKey,
    account: Option<Text>,
    currency: Text,
    amount: Decimal,
    /// How far the amount may be off: the fee of the trade is not known.
    tolerance: Decimal,
}

/// Trades and balances of V1 spot and margin.
#[derive(Debug)]
pub(super) struct SpotAudit {
    settings: AuditSettings,
    trades: Timed<TradeKey, SpotTrade>,
    /// Trades whose window has passed: their pushes may be repeated.
    judged: Timed<TradeKey, ()>,
    orders: Timed<(WsKey, Text), KnownOrder>,
    chains: BTreeMap<ChainKey, Chain>,
    due: Timed<ChainKey, ()>,
    pushes: Timed<String, ()>,
    rates: FeeRates<TradeRef>,
    /// Lost changes of trades that no chain has shown yet, and those that only a chain has shown.
    by_trades: VecDeque<MissingChange>,
    by_chains: VecDeque<MissingChange>,
}

impl SpotAudit {
    pub(super) fn new(settings: AuditSettings) -> Self {
        Self {
            settings,
            trades: Timed::default(),
            judged: Timed::default(),
            orders: Timed::default(),
            chains: BTreeMap::new(),
            due: Timed::default(),
            pushes: Timed::default(),
            rates: FeeRates::default(),
            by_trades: VecDeque::new(),
            by_chains: VecDeque::new(),
        }
    }

    pub(super) fn on_order(
        &mut self,
        info: &FrameInfo,
        order: &SpotOrder,
        coverage: &mut Coverage,
    ) {
        coverage.note(info, Reports::Orders, &Text::default());
        let key = (info.ws_key, order.order_id.clone());
        let known = self.orders.remove(&key);
        let known = known.unwrap_or(KnownOrder { account: None });
        self.orders.insert(info.received_at, key, known);
        while self.orders.pop_over(self.settings.max_pending).is_some() {}
        let (OrderKind::Match(matched), Some(fill)) = (&order.kind, order.fill()) else {
            return;
        };
        let fee_type = match matched.fee_type.as_str() {
            "" => matched.liquidity.as_str(),
            fee_type => fee_type,
        };
        let fee = recovered_fee(order);
        self.fill(info, &fill, fee_type, fee, coverage);
    }

    pub(super) fn on_trade_fill(
        &mut self,
        info: &FrameInfo,
        event: &SpotTradeFill,
        coverage: &mut Coverage,
    ) {
        let Some(fill) = event.fill() else { return };
        let fee = event.fee.zip(event.fee_currency.clone());
        self.fill(info, &fill, "", fee, coverage);
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
        let key = format!(
            "{}:{}",
            info.ws_key,
            kucoin_streams_core::Event::dedup_key(event)
        );
        if self.pushes.is_repeated(key, info.received_at, memory, max) {
            return;
        }
        let account = event
            .relation_event
            .as_ref()
            .and_then(|event| event.account.as_ref());
        let account = account.map_or_else(Text::default, account_name);
        let change = match (event.available_change, event.hold_change) {
            (Some(available), Some(hold)) => exact::add(available, hold),
            _ => None,
        };
        self.chain(info, event, &account, change);
        self.settle(info, event, account, change, coverage);
    }

    pub(super) fn on_snapshot(&mut self, row: &SnapshotRow) {
        if !row.topic.starts_with("/account/balance") {
            return;
        }
        let Ok(account) = row.read::<AccountRow>() else {
            return;
        };
        let name = account_name(&AccountKind::from(&*account.account_type));
        let key = (row.ws_key, account.currency, name, Some(account.account_id));
        let chain = self.chains.entry(key.clone()).or_default();
        chain.anchor(account.total, row.taken_at);
        self.due.remove(&key);
    }

    pub(super) fn forget(&mut self, ws_key: Option<WsKey>) {
        let is_other = |key: WsKey| ws_key.is_some_and(|gone| gone != key);
        self.chains.retain(|key, _| is_other(key.0));
        for (key, trade) in self.trades.values_mut() {
            trade.is_whole &= is_other(key.0);
        }
        self.by_trades.retain(|missing| is_other(missing.ws_key));
        self.by_chains.retain(|missing| is_other(missing.ws_key));
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        [self.trades.first(), self.due.first()]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn judge(
        &mut self,
        now: Timestamp,
        coverage: &Coverage,
        found: &mut VecDeque<Discrepancy>,
    ) {
        let (memory, max) = (self.settings.memory, self.settings.max_pending);
        while let Some((key, trade)) = self.trades.pop_due(now) {
            self.judge_trade(&key, &trade, coverage, found);
            self.judged.is_repeated(key, now, memory, max);
        }
        while let Some((key, ())) = self.due.pop_due(now) {
            let missing = self.chains.get_mut(&key).and_then(Chain::resolve);
            self.schedule(&key);
            found.extend(missing.and_then(|missing| self.report_chain(&key, missing, coverage)));
        }
    }

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

    /// Adds a balance change to its chain.
    fn chain(
        &mut self,
        info: &FrameInfo,
        event: &Balance,
        account: &Text,
        change: Option<Decimal>,
    ) {
        let Some(total) = event.total else { return };
        let time = event.time.unwrap_or(info.received_at);
        let key = (
            info.ws_key,
            event.currency.clone(),
            account.clone(),
            event.account_id.clone(),
        );
        let before = change.and_then(|change| exact::add(total, -change));
        match before {
            Some(before) if info.source.is_none() => {
                let link = Link {
                    before,
                    after: total,
                    time,
                    received_at: info.received_at,
                };
                self.chains.entry(key.clone()).or_default().push(link);
                self.schedule(&key);
            }
            // A recovered booking has no account ID.
            _ => {
                let keys: Vec<_> = self.chains_of(info.ws_key, &event.currency, Some(account));
                for key in keys {
                    if let Some(chain) = self.chains.get_mut(&key) {
                        chain.anchor(total, (time, time));
                        self.due.remove(&key);
                    }
                }
            }
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
        if let Some(order_id) = &context.order_id
            && let Some(order) = self.orders.get_mut(&(info.ws_key, order_id.clone()))
        {
            order.account = Some(account.clone());
        }
        let reason = event.relation_event.as_ref().map(|event| &event.reason);
        let (Some(symbol), Some(trade_id)) = (&context.symbol, &context.trade_id) else {
            return;
        };
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

    fn judge_trade(
        &mut self,
        key: &TradeKey,
        trade: &SpotTrade,
        coverage: &Coverage,
        found: &mut VecDeque<Discrepancy>,
    ) {
        let is_covered = |reports| {
            let covered = coverage.of(key.0, reports, &Text::default(), None);
            covered.filter(|covered| trade.is_whole && covered.since <= trade.received_at)
        };
        let Some(legs) = trade.legs(&key.1) else {
            if let (None, Some(orders)) = (&trade.fill, is_covered(Reports::Orders)) {
                let orders = Text::new(&orders.topic);
                found.push_back(self.unknown_trade(key, trade, orders));
            }
            return;
        };
        if legs.iter().all(|leg| leg.settled.is_some()) {
            self.judge_fees(key, trade, &legs, found);
        } else if let Some(balances) = is_covered(Reports::Balances) {
            let topic = Text::new(&balances.topic);
            found.extend(self.lost_changes(key, trade, &legs, topic));
        }
    }

    /// Reports a trade that no fill explains.
    fn unknown_trade(&self, key: &TradeKey, trade: &SpotTrade, topic: Text) -> Discrepancy {
        let amounts = trade.changes.iter();
        let amounts = amounts.map(|((account, currency), amount)| UnexplainedAmount {
            account: Some(account.clone()),
            currency: currency.clone(),
            amount: amount.normalize(),
        });
        let unknown = Suspect::UnknownTrade {
            symbol: key.1.clone(),
            order_id: key.3.clone(),
            trade_id: key.2.clone(),
        };
        let lost = Suspect::LostPush {
            topic,
            after: trade.times.0,
            before: trade.times.1,
        };
        let order = key.3.clone().map(|order_id| (key.0, order_id));
        let is_known = order.is_some_and(|order| self.orders.get(&order).is_some());
        Discrepancy {
            ws_key: key.0,
            window: trade.times,
            amounts: amounts.collect(),
            suspects: match is_known {
                true => vec![lost, unknown],
                false => vec![unknown, lost],
            },
        }
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
            let key = self.rate_key(key, trade, &implied);
            let sample = FeeSample {
                fee: implied.fee,
                value: implied.value,
                payload: reference(&implied.currency),
            };
            let report = |odd: OddFee<TradeRef>| {
                let (expected, got) = (odd.expected, odd.sample.fee);
                wrong_fee(&odd.sample.payload, expected, got)
            };
            let odd = key.map(|key| self.rates.learn(key, sample));
            found.extend(odd.into_iter().flatten().map(report));
        }
    }

    /// Returns the key of the rate of a fee; `None` if the fee has no rate in its currency.
    fn rate_key(&self, key: &TradeKey, trade: &SpotTrade, fee: &ImpliedFee) -> Option<RateKey> {
        let fill = trade.fill.as_ref()?;
        let is_rated = !fee.value.is_zero() && !fill.fee_type.is_empty();
        is_rated.then(|| {
            (
                key.0,
                trade.account().cloned().unwrap_or_default(),
                key.1.clone(),
                fill.fee_type.clone(),
                fee.currency.clone(),
            )
        })
    }

    /// Reports the changes of a trade that no push reports.
    fn lost_changes(
        &mut self,
        key: &TradeKey,
        trade: &SpotTrade,
        legs: &[Leg],
        topic: Text,
    ) -> Option<Discrepancy> {
        let order = key.3.clone().map(|order_id| (key.0, order_id));
        let known = order.and_then(|order| self.orders.get(&order)?.account.clone());
        let account = trade.account().cloned().or(known);
        let mut amounts = Vec::new();
        for leg in legs.iter().filter(|leg| leg.settled.is_none()) {
            let missing = self.missing_change(key, trade, leg, account.clone());
            if take(&mut self.by_chains, &missing).is_some() {
                continue;
            }
            amounts.push(UnexplainedAmount {
                account: account.clone(),
                currency: leg.currency.clone(),
                amount: self.find_in_chains(missing).normalize(),
            });
        }
        let lost = Suspect::LostPush {
            topic,
            after: trade.times.0,
            before: trade.times.1,
        };
        (!amounts.is_empty()).then(|| Discrepancy {
            ws_key: key.0,
            window: trade.times,
            amounts,
            suspects: vec![lost],
        })
    }

    fn missing_change(
        &self,
        key: &TradeKey,
        trade: &SpotTrade,
        leg: &Leg,
        account: Option<Text>,
    ) -> MissingChange {
        let is_base = key.1.starts_with(&format!("{}-", leg.currency));
        let reported = trade
            .fee
            .as_ref()
            .filter(|(_, currency)| *currency == leg.currency);
        let fee = ImpliedFee {
            currency: leg.currency.clone(),
            fee: Decimal::ZERO,
            value: leg.traded.abs(),
        };
        let fee = match reported {
            Some((fee, _)) => *fee,
            None if is_base => Decimal::ZERO,
            None => {
                let key = self.rate_key(key, trade, &fee);
                let fee = key.and_then(|key| self.rates.expected(&key, fee.value));
                fee.unwrap_or_default()
            }
        };
        MissingChange {
            ws_key: key.0,
            account,
            currency: leg.currency.clone(),
            amount: exact::add(leg.traded, -fee).unwrap_or(leg.traded),
            tolerance: match is_base {
                true => Decimal::ZERO,
                false => leg.traded.abs() / Decimal::ONE_HUNDRED,
            },
        }
    }

    /// Returns the exact amount of a missing change if a chain shows it; otherwise a later break is no news.
    fn find_in_chains(&mut self, missing: MissingChange) -> Decimal {
        let keys = self.chains_of(missing.ws_key, &missing.currency, missing.account.as_ref());
        for key in keys {
            let Some(chain) = self.chains.get_mut(&key) else {
                continue;
            };
            let Some(shown) = chain.missing().map(|shown| shown.amount) else {
                continue;
            };
            if missing.is(shown) {
                chain.resolve();
                self.schedule(&key);
                return shown;
            }
        }
        let amount = missing.amount;
        remember(&mut self.by_trades, missing);
        amount
    }

    fn report_chain(
        &mut self,
        key: &ChainKey,
        missing: MissingLink,
        coverage: &Coverage,
    ) -> Option<Discrepancy> {
        let mut change = MissingChange {
            ws_key: key.0,
            account: Some(key.2.clone()),
            currency: key.1.clone(),
            amount: missing.amount,
            tolerance: Decimal::ZERO,
        };
        if take(&mut self.by_trades, &change).is_some() || change.amount.is_zero() {
            return None;
        }
        let covered = coverage.of(key.0, Reports::Balances, &Text::default(), None)?;
        change.amount = change.amount.normalize();
        let lost = Suspect::LostPush {
            topic: Text::new(&covered.topic),
            after: missing.between.0,
            before: missing.between.1,
        };
        let transfer = Suspect::Transfer {
            account: key.2.clone(),
            currency: key.1.clone(),
        };
        let amount = UnexplainedAmount {
            account: change.account.clone(),
            currency: change.currency.clone(),
            amount: change.amount,
        };
        remember(&mut self.by_chains, change);
        Some(Discrepancy {
            ws_key: key.0,
            window: missing.between,
            amounts: vec![amount],
            suspects: vec![lost, transfer],
        })
    }

    fn chains_of(&self, ws_key: WsKey, currency: &Text, account: Option<&Text>) -> Vec<ChainKey> {
        let from = (ws_key, currency.clone(), Text::default(), None);
        let keys = self.chains.range(from..).map(|(key, _)| key);
        let keys = keys.take_while(|key| key.0 == ws_key && key.1 == *currency);
        keys.filter(|key| account.is_none_or(|account| key.2 == *account))
            .cloned()
            .collect()
    }

    fn schedule(&mut self, key: &ChainKey) {
        let chain = self.chains.get(key);
        match chain.and_then(|chain| chain.deadline(self.settings.window)) {
            Some(due) => self.due.insert(due, key.clone(), ()),
            None => drop(self.due.remove(key)),
        }
    }
}

impl MissingChange {
    /// Returns `true` if this is the amount of the change, as far as it is known.
    fn is(&self, amount: Decimal) -> bool {
        let difference = exact::add(self.amount, -amount);
        difference.is_some_and(|difference| difference.abs() <= self.tolerance)
    }
}

/// Removes and returns a change that two lost pushes have in common.
fn take(known: &mut VecDeque<MissingChange>, change: &MissingChange) -> Option<MissingChange> {
    let is_same = |known: &MissingChange| {
        let accounts = known.account.as_ref().zip(change.account.as_ref());
        known.ws_key == change.ws_key
            && known.currency == change.currency
            && accounts.is_none_or(|(known, other)| known == other)
            && (known.is(change.amount) || change.is(known.amount))
    };
    let at = known.iter().position(is_same)?;
    known.remove(at)
}

fn remember(known: &mut VecDeque<MissingChange>, change: MissingChange) {
    known.push_back(change);
    if known.len() > MAX_REPORTED {
        known.pop_front();
    }
}

fn wrong_fee(trade: &TradeRef, expected: Decimal, got: Decimal) -> Discrepancy {
    let amount = exact::add(expected, -got).unwrap_or_default();
    Discrepancy {
        ws_key: trade.key.0,
        window: trade.times,
        amounts: vec![UnexplainedAmount {
            account: trade.account.clone(),
            currency: trade.currency.clone(),
            amount: amount.normalize(),
        }],
        suspects: vec![Suspect::WrongFee {
            symbol: trade.key.1.clone(),
            trade_id: trade.key.2.clone(),
            currency: trade.currency.clone(),
            expected: expected.normalize(),
            got: got.normalize(),
        }],
    }
}

/// Returns the fee that only a recovered fill has.
fn recovered_fee(order: &SpotOrder) -> Option<(Decimal, Text)> {
    let text = |name| {
        let raw = order.extra.get(name)?.as_str();
        Some(raw.trim_matches('"').to_owned())
    };
    let fee = text("fee")?.parse().ok()?;
    Some((fee, text("feeCurrency")?.into()))
}

/// Returns one name for the older and the high-frequency account of a kind.
fn account_name(kind: &AccountKind) -> Text {
    match kind {
        AccountKind::Trade | AccountKind::TradeHf => Text::from_static("trade"),
        AccountKind::Margin | AccountKind::MarginV2 => Text::from_static("margin"),
        AccountKind::Isolated(symbol) | AccountKind::IsolatedV2(symbol) => {
            format!("isolated_{symbol}").into()
        }
        other => other.to_string().into(),
    }
}
