//! One trade of V1 spot or margin: its fill, and the balance changes that settle it.

use std::collections::BTreeMap;

use kucoin_streams_core::{Decimal, Side, Text, Timestamp, WsKey};
use kucoin_streams_v1::SpotOrder;

use super::fees::{RateKey, is_same_fee};
use crate::exact;

/// Key of a trade: connection, symbol, trade ID and order ID.
pub(super) type TradeKey = (WsKey, Text, Text, Option<Text>);

/// What an order push says about a fill.
#[derive(Clone, Debug)]
pub(super) struct SpotFill {
    pub(super) side: Side,
    pub(super) price: Decimal,
    pub(super) size: Decimal,
    /// Fee type, such as `takerFee`; empty if unknown.
    pub(super) fee_type: Text,
}

/// All that is known of a trade.
#[derive(Clone, Debug)]
pub(super) struct SpotTrade {
    /// Local receive time of the first push.
    pub(super) received_at: Timestamp,
    /// Exchange times of the first and the last push.
    pub(super) times: (Timestamp, Timestamp),
    pub(super) fill: Option<SpotFill>,
    /// Fee and its currency, if a push has it.
    pub(super) fee: Option<(Decimal, Text)>,
    /// Changes of total balances by account and currency.
    pub(super) changes: BTreeMap<(Text, Text), Decimal>,
    /// `false` if some pushes may have come before the trade was followed.
    pub(super) is_whole: bool,
}

/// A currency of a trade: what the fill says, and what the balance changes say.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub(super) currency: Text,
    /// Change by size and price, without a fee.
    pub(super) traded: Decimal,
    /// Change of the total balance; `None` if no push reports it.
    pub(super) settled: Option<Decimal>,
}

/// A fee that the balance changes of a trade imply.
#[derive(Clone, Debug)]
pub(super) struct ImpliedFee {
    pub(super) currency: Text,
    pub(super) fee: Decimal,
    /// Value of the trade in this currency; 0 if it is neither the base nor the quote currency.
    pub(super) value: Decimal,
}

impl SpotTrade {
    pub(super) fn new(received_at: Timestamp, time: Timestamp, is_whole: bool) -> Self {
        Self {
            received_at,
            times: (time, time),
            fill: None,
            fee: None,
            changes: BTreeMap::new(),
            is_whole,
        }
    }

    pub(super) fn see(&mut self, time: Timestamp, is_whole: bool) {
        self.times = (self.times.0.min(time), self.times.1.max(time));
        self.is_whole &= is_whole;
    }

    /// Adds a change of a total balance; a sum that is not exact makes the trade incomplete.
    pub(super) fn change(&mut self, account: Text, currency: Text, change: Decimal) {
        let sum = self.changes.entry((account, currency)).or_default();
        match exact::add(*sum, change) {
            Some(total) => *sum = total,
            None => self.is_whole = false,
        }
    }

    /// Returns the base and the quote leg; `None` without a fill, or if a product is not exact.
    pub(super) fn legs(&self, symbol: &str) -> Option<[Leg; 2]> {
        let fill = self.fill.as_ref()?;
        let (base, quote) = symbol.rsplit_once('-')?;
        let value = exact::multiply(fill.price, fill.size)?;
        let (received, paid) = match fill.side {
            Side::Buy => (fill.size, -value),
            Side::Sell => (-fill.size, value),
            _ => return None,
        };
        Some([self.leg(base, received)?, self.leg(quote, paid)?])
    }

    fn leg(&self, currency: &str, traded: Decimal) -> Option<Leg> {
        let changes = self.changes.iter();
        let mut changes = changes
            .filter(|((_, known), _)| *known == *currency)
            .map(|(_, change)| *change)
            .peekable();
        let settled = match changes.peek() {
            None => None,
            Some(_) => Some(changes.try_fold(Decimal::ZERO, exact::add)?),
        };
        Some(Leg {
            currency: Text::new(currency),
            traded,
            settled,
        })
    }

    /// Returns the fees that the changes imply: what differs from size and price, and other currencies.
    pub(super) fn implied_fees(&self, legs: &[Leg]) -> Vec<ImpliedFee> {
        let settled = legs.iter().filter_map(|leg| {
            let fee = exact::add(leg.traded, -leg.settled?)?;
            Some(ImpliedFee {
                currency: leg.currency.clone(),
                fee,
                value: leg.traded.abs(),
            })
        });
        let is_other = |currency: &Text| legs.iter().all(|leg| leg.currency != *currency);
        let others = self.changes.iter();
        let others = others.filter(|((_, currency), _)| is_other(currency));
        let others = others.map(|((_, currency), change)| ImpliedFee {
            currency: currency.clone(),
            fee: -*change,
            value: Decimal::ZERO,
        });
        let fees = settled.chain(others);
        fees.filter(|implied| !implied.fee.is_zero()).collect()
    }

    /// Returns the fee in the currency of the reported fee, and the reported fee, if they differ.
    pub(super) fn contradicted_fee(
        &self,
        implied: &[ImpliedFee],
    ) -> Option<(Text, Decimal, Decimal)> {
        let (reported, currency) = self.fee.as_ref()?;
        let known = implied.iter().find(|known| known.currency == *currency);
        let got = known.map_or(Decimal::ZERO, |known| known.fee);
        (!is_same_fee(*reported, got)).then(|| (currency.clone(), *reported, got))
    }

    /// Returns the account in which the trade was settled; `None` if no push names it.
    pub(super) fn account(&self) -> Option<&Text> {
        self.changes.keys().next().map(|(account, _)| account)
    }

    /// Returns the key of the rate of a fee; `None` if the fee has no rate in its currency.
    ///
    /// The fee rate of a user is the same in all accounts.
    pub(super) fn rate_key(
        &self,
        key: &TradeKey,
        currency: &Text,
        value: Decimal,
    ) -> Option<RateKey> {
        let fill = self.fill.as_ref()?;
        let is_rated = !value.is_zero() && !fill.fee_type.is_empty();
        is_rated.then(|| {
            (
                key.0,
                Text::default(),
                key.1.clone(),
                fill.fee_type.clone(),
                currency.clone(),
            )
        })
    }
}

/// Returns the fee that only a recovered fill has.
pub(super) fn recovered_fee(order: &SpotOrder) -> Option<(Decimal, Text)> {
    let text = |name| {
        let raw = order.extra.get(name)?.as_str();
        Some(raw.trim_matches('"').to_owned())
    };
    let fee = text("fee")?.parse().ok()?;
    Some((fee, text("feeCurrency")?.into()))
}
