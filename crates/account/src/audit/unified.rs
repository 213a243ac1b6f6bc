//! Balances of Pro V2: each total balance against the fills, and each fee against the cumulative fee of its order.

use std::collections::VecDeque;

use kucoin_streams_core::{Decimal, Fill, Side, Text, Timestamp, WsKey};
use kucoin_streams_pro::{Execution, MarginMode, Market, Order, ProEvent};
use kucoin_streams_recovery::SnapshotRow;
use kucoin_streams_rest::UnifiedPositionRow;

use super::AuditSettings;
use super::coverage::{Coverage, Reports, account_of};
use super::fees::{FeeRates, FeeSample, RateKey, is_same_fee};
use super::matcher::{Certainty, Effect};
use super::positions::{certainty_of, is_judged};
use super::pro_fill::{FillId, OrderFees, ProFill};
use super::recent::Timed;
use super::report::{Discrepancy, Suspect, UnexplainedAmount};
use super::unified_funds::FundsAudit;
use super::unified_report::{OddFeeNote, report};
use crate::{FrameInfo, exact};

/// Fees with another rate than before that are remembered as suspects.
const MAX_ODD_FEES: usize = 64;

/// Balances and fees of Pro V2.
#[derive(Debug)]
pub(super) struct UnifiedAudit {
    settings: AuditSettings,
    funds: FundsAudit,
    orders: OrderFees,
    fills: Timed<FillId, ProFill>,
    judged: Timed<FillId, ()>,
    rates: FeeRates<()>,
    odd_fees: VecDeque<OddFeeNote>,
}

impl UnifiedAudit {
    pub(super) fn new(settings: AuditSettings) -> Self {
        Self {
            orders: OrderFees::new(settings.max_pending),
            funds: FundsAudit::new(settings.clone()),
            settings,
            fills: Timed::default(),
            judged: Timed::default(),
            rates: FeeRates::default(),
            odd_fees: VecDeque::new(),
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
                self.funds.futures.on_position(info, account, position);
            }
            ProEvent::Balance(balance) => self.funds.on_balance(info, balance, coverage),
            _ => {}
        }
    }

    pub(super) fn on_snapshot(&mut self, row: &SnapshotRow) {
        if row.topic.starts_with("position")
            && let Ok(position) = row.read::<UnifiedPositionRow>()
        {
            let account = account_of(&row.topic);
            self.funds
                .futures
                .on_open(row.ws_key, &account, &position.symbol);
        }
    }

    pub(super) fn forget(&mut self, ws_key: Option<WsKey>) {
        let is_other = |key: WsKey| ws_key.is_some_and(|gone| gone != key);
        self.funds.forget(ws_key);
        self.orders.forget(ws_key);
        for (id, fill) in self.fills.values_mut() {
            fill.is_whole &= is_other(id.0);
        }
    }

    /// Lets what was received on the connection before this time be in the fetched state or not.
    pub(super) fn be_lenient(&mut self, ws_key: WsKey, until: Timestamp) {
        self.funds.be_lenient(ws_key, until);
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let deadlines = [self.fills.first(), self.funds.deadline()];
        deadlines.into_iter().flatten().min()
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
        while let Some((ws_key, unexplained)) = self.funds.settle_due(now, coverage) {
            found.extend(report(ws_key, unexplained, &self.odd_fees, coverage));
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
                    let is_whole = is_judged(info, coverage);
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
        self.funds.futures.on_fill(info, &account, &fill);
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
        if self.fills.get(&id).is_none() {
            let is_whole = is_judged(info, coverage);
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
            true => certainty_of(info),
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
        self.funds.effect(&key, effect);
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
                if let Some(quote) = quote {
                    let key = (id.0, id.1.clone(), Text::new(quote));
                    self.funds.be_lenient_in(&key, known.received_at);
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
        let expected = self.rates.expected(&key, value);
        // The rate of another symbol may be another one: it only names a suspect.
        let expected = expected.or_else(|| self.rates.similar(&key, value));
        if let Some(expected) = expected
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
