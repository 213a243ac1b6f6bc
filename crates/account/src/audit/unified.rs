//! Balances of Pro V2: each total balance against the fills, and each fee against the cumulative fee of its order.

use std::collections::{BTreeMap, VecDeque};

use kucoin_streams_core::{Decimal, Fill, Side, Text, Timestamp, WsKey};
use kucoin_streams_pro::{Balance, Execution, MarginMode, Market, Order, ProEvent};
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest::UnifiedPositionRow;

use super::AuditSettings;
use super::coverage::{Coverage, Reports, account_of};
use super::fees::{FeeRates, FeeSample, RateKey, is_same_fee};
use super::futures_use::FuturesUse;
use super::matcher::{Certainty, Effect, Matcher, Value};
use super::positions::certainty_of;
use super::pro_fill::{FillId, OrderFees, ProFill};
use super::recent::Timed;
use super::report::{Discrepancy, Suspect, UnexplainedAmount};
use super::unified_report::{OddFeeNote, Unexplained, report};
use crate::{FrameInfo, exact};

/// Fees with another rate than before that are remembered as suspects.
const MAX_ODD_FEES: usize = 64;

/// Key of a balance: connection, account and currency.
pub(super) type CurrencyKey = (WsKey, Text, Text);

/// A total balance, and the liability that was reported with it.
#[derive(Debug, Default)]
struct Funds {
    total: Matcher,
    last: Option<(Decimal, Decimal)>,
}

/// Balances and fees of Pro V2.
#[derive(Debug)]
pub(super) struct UnifiedAudit {
    settings: AuditSettings,
    funds: BTreeMap<CurrencyKey, Funds>,
    due: Timed<CurrencyKey, ()>,
    orders: OrderFees,
    fills: Timed<FillId, ProFill>,
    judged: Timed<FillId, ()>,
    rates: FeeRates<()>,
    odd_fees: VecDeque<OddFeeNote>,
    futures: FuturesUse,
}

impl UnifiedAudit {
    pub(super) fn new(settings: AuditSettings) -> Self {
        Self {
            orders: OrderFees::new(settings.max_pending),
            settings,
            funds: BTreeMap::new(),
            due: Timed::default(),
            fills: Timed::default(),
            judged: Timed::default(),
            rates: FeeRates::default(),
            odd_fees: VecDeque::new(),
            futures: FuturesUse::default(),
        }
    }

    pub(super) fn on_pro(&mut self, info: &FrameInfo, event: &ProEvent, coverage: &mut Coverage) {
        match event {
            ProEvent::Order(order) => self.on_order(info, order, coverage),
            ProEvent::Execution(execution) => self.on_execution(info, execution, coverage),
            ProEvent::ExecutionLite(lite) => {
                let account = account_of(&info.topic);
                if let Some(fill) = lite.fill() {
                    self.fill(info, account, &fill, coverage);
                }
            }
            ProEvent::Position(position) => {
                let account = account_of(&info.topic);
                self.futures.on_position(info, account, position);
            }
            ProEvent::Balance(balance) => self.on_balance(info, balance, coverage),
            _ => {}
        }
    }

    pub(super) fn on_snapshot(&mut self, row: &SnapshotRow) {
        if row.topic.starts_with("position")
            && let Ok(position) = row.read::<UnifiedPositionRow>()
        {
            let account = account_of(&row.topic);
            self.futures.on_open(row.ws_key, &account, &position.symbol);
        }
    }

    pub(super) fn forget(&mut self, ws_key: Option<WsKey>) {
        let is_other = |key: WsKey| ws_key.is_some_and(|gone| gone != key);
        self.funds.retain(|key, _| is_other(key.0));
        self.orders.forget(ws_key);
        for (id, fill) in self.fills.values_mut() {
            fill.is_whole &= is_other(id.0);
        }
    }

    /// Lets what was received on the connection before this time be in the fetched state or not.
    pub(super) fn be_lenient(&mut self, ws_key: WsKey, until: Timestamp) {
        for (key, funds) in &mut self.funds {
            if key.0 == ws_key {
                funds.total.be_lenient(until);
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        [self.fills.first(), self.due.first()]
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
        while let Some((id, fill)) = self.fills.pop_due(now) {
            self.judge_fill(&id, &fill, coverage, found);
            self.judged.is_repeated(id, now, memory, max);
        }
        while let Some((key, ())) = self.due.pop_due(now) {
            self.schedule(&key);
            let unexplained = self.settle(key.0, now, coverage);
            found.extend(report(key.0, unexplained, &self.odd_fees, coverage));
        }
    }

    fn on_order(&mut self, info: &FrameInfo, order: &Order, coverage: &mut Coverage) {
        let account = account_of(&info.topic);
        coverage.note(info, Reports::Orders, &account);
        let fee = self.orders.see(info, &account, order);
        let id = order.trade_id().map(|trade_id| {
            let key = order.fill().map(|fill| fill.key());
            key.unwrap_or_else(|| {
                let order_id = Some(order.order_id.clone());
                kucoin_streams_core::FillKey::new(order.symbol.clone(), trade_id.clone(), order_id)
            })
        });
        let Some(key) = id else { return };
        if let Some(fill) = order.fill() {
            self.fill(info, account.clone(), &fill, coverage);
        }
        let id = (info.ws_key, account, key);
        let Some(fee) = fee else { return };
        match self.fills.get_mut(&id) {
            Some(fill) => fill.order_fee = Some(fee),
            // Classic frames have no price: the execution follows.
            None => {
                if self.judged.get(&id).is_none() {
                    let is_whole = certainty_of(info, coverage) == Certainty::Certain;
                    let mut fill = ProFill::new(info.received_at, is_whole);
                    fill.order_fee = Some(fee);
                    self.insert(id.clone(), fill);
                }
            }
        }
        self.apply_fee(&id, info);
    }

    fn on_execution(&mut self, info: &FrameInfo, execution: &Execution, coverage: &mut Coverage) {
        let account = account_of(&info.topic);
        coverage.note(info, Reports::Fills, &account);
        let Some(fill) = execution.fill() else { return };
        self.futures.on_fill(info, &account, &fill);
        self.fill(info, account.clone(), &fill, coverage);
        let id = (info.ws_key, account, fill.key());
        if let Some(known) = self.fills.get_mut(&id)
            && let Some(fee) = fill.fee.zip(fill.fee_currency)
        {
            known.execution_fee = Some(fee);
        }
        self.apply_fee(&id, info);
    }

    /// Adds a fill, and its effects on base and quote currency.
    fn fill(&mut self, info: &FrameInfo, account: Text, fill: &Fill, coverage: &Coverage) {
        let id = (info.ws_key, account, fill.key());
        if self.judged.get(&id).is_some() {
            return;
        }
        let certainty = certainty_of(info, coverage);
        if self.fills.get(&id).is_none() {
            let is_whole = certainty == Certainty::Certain;
            self.insert(id.clone(), ProFill::new(info.received_at, is_whole));
        }
        let is_own = self.orders.is_of_account(&id);
        let Some(known) = self.fills.get_mut(&id) else {
            return;
        };
        if known.fill.is_some() {
            return;
        }
        known.fill = Some(fill.clone());
        known.certainty = match is_own {
            true => certainty,
            false => Certainty::Possible,
        };
        let (certainty, time) = (known.certainty, fill.time.unwrap_or(info.received_at));
        if let Some([(currency, amount), _]) = spot_legs(fill) {
            let effect = Effect {
                received_at: info.received_at,
                time,
                amount,
                certainty,
            };
            self.effect(&id, currency, effect);
        }
    }

    /// Deducts the quote currency and the fee of a fill as soon as the fee is known: one push reports both.
    ///
    /// A second report of the fee that differs may be the true one.
    fn apply_fee(&mut self, id: &FillId, info: &FrameInfo) {
        let Some(known) = self.fills.get_mut(id) else {
            return;
        };
        let Some([_, (quote, traded)]) = known.fill.as_ref().and_then(spot_legs) else {
            return;
        };
        let certainty = known.certainty;
        let mut effects = Vec::new();
        for (fee, currency) in known.fees() {
            let Some((applied, _)) = &known.applied_fee else {
                let is_quote = currency == *quote;
                let paid = exact::add(traded, if is_quote { -fee } else { Decimal::ZERO });
                effects.push((Text::new(quote), paid, certainty));
                let other = (!is_quote).then_some(-fee);
                effects.push((currency.clone(), other, certainty));
                known.applied_fee = Some((fee, currency));
                continue;
            };
            effects.push((currency, exact::add(*applied, -fee), Certainty::Possible));
        }
        let time = known.fill.as_ref().and_then(|fill| fill.time);
        for (currency, amount, certainty) in effects {
            let Some(amount) = amount else { continue };
            let effect = Effect {
                received_at: info.received_at,
                time: time.unwrap_or(info.received_at),
                amount,
                certainty,
            };
            self.effect(id, &currency, effect);
        }
    }

    fn effect(&mut self, id: &FillId, currency: &str, effect: Effect) {
        let key = (id.0, id.1.clone(), Text::new(currency));
        if let Some(funds) = self.funds.get_mut(&key) {
            funds.total.effect(effect);
            self.schedule(&key);
        }
    }

    fn on_balance(&mut self, info: &FrameInfo, balance: &Balance, coverage: &mut Coverage) {
        let account = Text::new(balance.account.as_str());
        let Some(total) = balance.balance else { return };
        // One push is of one of several isolated accounts, and funding changes the futures account without an event.
        if matches!(&*account, "ISOLATED" | "FUTURES") {
            return;
        }
        coverage.note(info, Reports::Balances, &account);
        let time = balance.updated_at.unwrap_or(info.received_at);
        let key = (info.ws_key, account, balance.currency.clone());
        let funds = self.funds.entry(key.clone()).or_default();
        let now = (total, balance.liability.unwrap_or_default());
        let before = funds.last.replace(now);
        let is_live = certainty_of(info, coverage) == Certainty::Certain;
        if !is_live || !funds.total.is_anchored() {
            funds
                .total
                .anchor(total, time, info.received_at + self.settings.window);
        } else {
            let received_at = info.received_at;
            if let Some(amount) = before.and_then(|before| loan(before, now)) {
                let certainty = Certainty::Certain;
                funds.total.effect(Effect {
                    received_at,
                    time,
                    amount,
                    certainty,
                });
            }
            funds.total.value(Value {
                received_at,
                time,
                value: total,
            });
        }
        self.schedule(&key);
    }

    fn insert(&mut self, id: FillId, fill: ProFill) {
        while self.fills.pop_over(self.settings.max_pending).is_some() {}
        self.fills
            .insert(fill.received_at + self.settings.window, id, fill);
    }

    /// Compares the two reports of a fee, and learns its rate.
    fn judge_fill(
        &mut self,
        id: &FillId,
        known: &ProFill,
        coverage: &Coverage,
        found: &mut VecDeque<Discrepancy>,
    ) {
        let Some(fill) = &known.fill else { return };
        if let (Some((expected, currency)), Some((got, _)), true) =
            (known.order_fee(), &known.execution_fee, known.is_whole)
            && !is_same_fee(expected, *got)
            && coverage.is_judged(id.0, known.received_at)
        {
            found.push_back(wrong_fee(id, known, (expected, *got), currency));
            return;
        }
        let quote = fill.symbol.rsplit_once('-').map(|(_, quote)| quote);
        match &known.applied_fee {
            None => {
                // Without its fee, the fill does not say how much was paid.
                let key = quote.map(|quote| (id.0, id.1.clone(), Text::new(quote)));
                if let Some(funds) = key.and_then(|key| self.funds.get_mut(&key)) {
                    funds.total.be_lenient(known.received_at);
                }
            }
            Some((fee, currency)) if quote == Some(currency) => self.learn(id, known, *fee),
            Some(_) => {}
        }
    }

    fn learn(&mut self, id: &FillId, known: &ProFill, fee: Decimal) {
        let Some((fill, key)) = known.fill.as_ref().zip(known.rate_key(id)) else {
            return;
        };
        let Some(value) = exact::multiply(fill.price, fill.size) else {
            return;
        };
        if let Some(expected) = self.rates.expected(&key, value)
            && !is_same_fee(expected, fee)
        {
            self.odd_fees.push_back(odd_fee(&key, id, expected, fee));
            if self.odd_fees.len() > MAX_ODD_FEES {
                self.odd_fees.pop_front();
            }
        }
        self.rates.learn(
            key,
            FeeSample {
                fee,
                value,
                payload: (),
            },
        );
    }

    /// Settles all balances of a connection that wait about as long: one cause may have left several unexplained.
    fn settle(&mut self, ws_key: WsKey, now: Timestamp, coverage: &Coverage) -> Vec<Unexplained> {
        let limit = now - self.settings.window + self.settings.window / 5;
        let mut unexplained = Vec::new();
        let mut settled = Vec::new();
        for (key, funds) in self.funds.iter_mut().filter(|(key, _)| key.0 == ws_key) {
            let since = funds.total.waiting_since();
            let Some(since) = since.filter(|since| *since <= limit) else {
                continue;
            };
            settled.push(key.clone());
            let remainder = funds.total.settle(limit);
            let is_loose = self.futures.is_used(key, since - self.settings.window);
            let is_judged = coverage.is_judged(ws_key, since) && !is_loose;
            if let Some(remainder) = remainder.filter(|_| is_judged) {
                unexplained.push(Unexplained {
                    account: key.1.clone(),
                    currency: key.2.clone(),
                    remainder,
                    since,
                });
            }
        }
        for key in settled {
            self.schedule(&key);
        }
        unexplained
    }

    fn schedule(&mut self, key: &CurrencyKey) {
        let funds = self.funds.get(key);
        match funds.and_then(|funds| funds.total.deadline(self.settings.window)) {
            Some(due) => self.due.insert(due, key.clone(), ()),
            None => drop(self.due.remove(key)),
        }
    }
}

/// Returns what was borrowed or repaid: the liability has changed by the same amount as the total balance.
fn loan(before: (Decimal, Decimal), now: (Decimal, Decimal)) -> Option<Decimal> {
    let total = exact::add(now.0, -before.0)?;
    let liability = exact::add(now.1, -before.1)?;
    (total == liability && !total.is_zero()).then_some(total)
}

/// Returns the changes of base and quote currency by size and price; `None` for a contract.
fn spot_legs(fill: &Fill) -> Option<[(&str, Decimal); 2]> {
    let (base, quote) = fill.symbol.rsplit_once('-')?;
    let value = exact::multiply(fill.price, fill.size)?;
    match fill.side {
        Side::Buy => Some([(base, fill.size), (quote, -value)]),
        Side::Sell => Some([(base, -fill.size), (quote, value)]),
        _ => None,
    }
}

fn wrong_fee(
    id: &FillId,
    known: &ProFill,
    (expected, got): (Decimal, Decimal),
    currency: Text,
) -> Discrepancy {
    let time = known.fill.as_ref().and_then(|fill| fill.time);
    let time = time.unwrap_or(known.received_at);
    Discrepancy {
        ws_key: id.0,
        window: (time, time),
        amounts: vec![UnexplainedAmount {
            account: Some(id.1.clone()),
            currency: currency.clone(),
            amount: exact::add(expected, -got).unwrap_or_default().normalize(),
        }],
        suspects: vec![Suspect::WrongFee {
            symbol: id.2.symbol.clone(),
            trade_id: id.2.trade_id.clone(),
            currency,
            expected: expected.normalize(),
            got: got.normalize(),
        }],
    }
}

fn odd_fee(key: &RateKey, id: &FillId, expected: Decimal, got: Decimal) -> OddFeeNote {
    let currency = key.4.clone();
    OddFeeNote {
        key: (id.0, id.1.clone(), currency.clone()),
        difference: exact::add(got, -expected).unwrap_or_default(),
        suspect: Suspect::WrongFee {
            symbol: id.2.symbol.clone(),
            trade_id: id.2.trade_id.clone(),
            currency,
            expected: expected.normalize(),
            got: got.normalize(),
        },
    }
}

/// Returns `true` if an order settles in the account of its topic for certain.
///
/// The topics of the unified account also report isolated margin, which has accounts of its own.
pub(super) fn settles_in_account(account: &str, order: &Order) -> bool {
    account != "UNIFIED"
        || order.trade_type == Some(Market::Spot)
        || order.margin_mode == Some(MarginMode::Cross)
}
