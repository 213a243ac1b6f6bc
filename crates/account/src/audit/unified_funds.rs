//! Total balances of Pro V2 against what changes them.

use std::collections::BTreeMap;

use kucoin_streams_core::{Decimal, Text, Timestamp, WsKey};
use kucoin_streams_pro::Balance;

use super::AuditSettings;
use super::coverage::{Coverage, Reports};
use super::futures_use::FuturesUse;
use super::matcher::{Certainty, Effect, Matcher, Value};
use super::positions::is_judged;
use super::recent::Timed;
use super::unified_report::Unexplained;
use crate::{FrameInfo, exact};

/// Key of a balance: connection, account and currency.
pub(super) type CurrencyKey = (WsKey, Text, Text);

/// A total balance, and what was reported last: total and liability.
#[derive(Debug, Default)]
struct Funds {
    total: Matcher,
    last: Option<(Decimal, Decimal)>,
}

/// Total balances of all accounts.
#[derive(Debug)]
pub(super) struct FundsAudit {
    settings: AuditSettings,
    funds: BTreeMap<CurrencyKey, Funds>,
    due: Timed<CurrencyKey, ()>,
    pub(super) futures: FuturesUse,
}

impl FundsAudit {
    pub(super) fn new(settings: AuditSettings) -> Self {
        Self {
            settings,
            funds: BTreeMap::new(),
            due: Timed::default(),
            futures: FuturesUse::default(),
        }
    }

    pub(super) fn forget(&mut self, ws_key: Option<WsKey>) {
        self.funds
            .retain(|key, _| ws_key.is_some_and(|gone| gone != key.0));
    }

    pub(super) fn be_lenient(&mut self, ws_key: WsKey, until: Timestamp) {
        for (key, funds) in &mut self.funds {
            if key.0 == ws_key {
                funds.total.be_lenient(until);
            }
        }
    }

    /// Lets what was received up to this time be in the balance or not.
    pub(super) fn be_lenient_in(&mut self, key: &CurrencyKey, until: Timestamp) {
        if let Some(funds) = self.funds.get_mut(key) {
            funds.total.be_lenient(until);
        }
    }

    pub(super) fn effect(&mut self, key: &CurrencyKey, effect: Effect) {
        let funds = self.funds.entry(key.clone()).or_default();
        funds.total.effect(effect);
        self.schedule(key);
    }

    pub(super) fn on_balance(
        &mut self,
        info: &FrameInfo,
        balance: &Balance,
        coverage: &mut Coverage,
    ) {
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
        let received_at = info.received_at;
        if !is_judged(info, coverage) || !funds.total.is_anchored() {
            let window = self.settings.window;
            let lenient_until = received_at + window;
            funds.total.anchor((total, time), lenient_until, window);
        } else {
            let loan = before.and_then(|before| loan(before, now));
            if let Some((amount, certainty)) = loan {
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

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.due.first()
    }

    /// Settles the balances of the next connection of which one has waited long enough; `None` if none has.
    pub(super) fn settle_due(
        &mut self,
        now: Timestamp,
        coverage: &Coverage,
    ) -> Option<(WsKey, Vec<Unexplained>)> {
        let (key, ()) = self.due.pop_due(now)?;
        self.schedule(&key);
        Some((key.0, self.settle(key.0, now, coverage)))
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

/// Returns the change of the liability: what was borrowed or repaid, if the total balance has changed with it.
///
/// Interest changes the liability only, and a trade with borrowed money changes both by other amounts.
fn loan(before: (Decimal, Decimal), now: (Decimal, Decimal)) -> Option<(Decimal, Certainty)> {
    let total = exact::add(now.0, -before.0)?;
    let liability = exact::add(now.1, -before.1)?;
    let certainty = match total == liability {
        true => Certainty::Certain,
        false => Certainty::Possible,
    };
    (!total.is_zero()).then_some((liability, certainty))
}
