//! The events as serde structs, borrowed or owned depending on their text type, with exact decimals.

use std::str::FromStr;

use kucoin_streams::{Side as ExchangeSide, pro, v1};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::tally::Tally;

/// An exact decimal from a JSON string.
#[derive(Clone, Copy, Debug)]
pub struct Quoted(pub Decimal);

/// An exact decimal from a JSON string; `None` if the string is empty.
#[derive(Clone, Copy, Debug)]
pub struct Optional(pub Option<Decimal>);

/// An exact decimal from the text of a JSON number in serde_json.
#[derive(Clone, Copy, Debug)]
pub struct ByText(pub Decimal);

/// An exact decimal from the text of a JSON number in sonic-rs.
#[derive(Clone, Copy, Debug)]
pub struct BySonicText(pub Decimal);

struct QuotedVisitor;

impl serde::de::Visitor<'_> for QuotedVisitor {
    type Value = Optional;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a decimal in quotes")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Optional, E> {
        if text.is_empty() {
            return Ok(Optional(None));
        }
        let exact = Decimal::from_str_exact(text).map_err(E::custom)?;
        Ok(Optional(Some(exact)))
    }
}

impl<'de> Deserialize<'de> for Optional {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(QuotedVisitor)
    }
}

impl<'de> Deserialize<'de> for Quoted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Optional(decimal) = Optional::deserialize(deserializer)?;
        decimal
            .map(Quoted)
            .ok_or_else(|| serde::de::Error::custom("the decimal is empty"))
    }
}

fn by_text<E: serde::de::Error>(text: &str) -> Result<Decimal, E> {
    Decimal::from_str(text)
        .or_else(|_| Decimal::from_scientific(text))
        .map_err(E::custom)
}

impl<'de> Deserialize<'de> for ByText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        by_text(<&RawValue>::deserialize(deserializer)?.get()).map(ByText)
    }
}

impl<'de> Deserialize<'de> for BySonicText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = sonic_rs::LazyValue::deserialize(deserializer)?;
        by_text(raw.as_raw_str()).map(BySonicText)
    }
}

impl From<ByText> for Decimal {
    fn from(ByText(decimal): ByText) -> Self {
        decimal
    }
}

impl From<BySonicText> for Decimal {
    fn from(BySonicText(decimal): BySonicText) -> Self {
        decimal
    }
}

/// An event that can be consumed.
pub trait Consume {
    /// Adds several fields of the event to the tally.
    fn consume(&self, tally: &mut Tally);
}

/// The envelope of a V1 push.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Push<T, D> {
    pub topic: T,
    pub subject: T,
    pub user_id: Option<T>,
    pub data: D,
}

impl<T, D: Consume> Consume for Push<T, D> {
    fn consume(&self, tally: &mut Tally) {
        self.data.consume(tally);
    }
}

/// The envelope of a Pro V2 push.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct ProPush<T, D> {
    #[serde(rename = "T")]
    pub topic: T,
    #[serde(rename = "P")]
    pub pushed: i64,
    #[serde(rename = "d")]
    pub data: D,
}

impl<T, D: Consume> Consume for ProPush<T, D> {
    fn consume(&self, tally: &mut Tally) {
        self.data.consume(tally);
    }
}

macro_rules! enums {
    ($($(#[$meta:meta])* $name:ident $case:literal { $($variant:ident),* })*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = $case)]
        #[allow(missing_docs)]
        pub enum $name { $($variant),* }
    )*};
}

enums! {
    EventType "lowercase" { Received, Open, Match, Update, Filled, Canceled }
    Status "lowercase" { New, Open, Match, Done }
    Side "lowercase" { Buy, Sell }
    OrderType "lowercase" { Limit, Market }
    Liquidity "lowercase" { Taker, Maker }
    Fee "camelCase" { TakerFee, MakerFee }
    ProSide "UPPERCASE" { Buy, Sell }
    ProOrderType "UPPERCASE" { Limit, Market }
    ProEventType "UPPERCASE" { Open, Fill, Cancel, Trigger }
}

/// A spot order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Order<T> {
    pub symbol: T,
    pub order_id: T,
    pub client_oid: Option<T>,
    pub r#type: EventType,
    pub status: Status,
    pub side: Side,
    pub order_type: OrderType,
    pub price: Option<Quoted>,
    pub size: Option<Quoted>,
    pub origin_size: Option<Quoted>,
    pub filled_size: Option<Quoted>,
    pub remain_size: Option<Quoted>,
    pub canceled_size: Option<Quoted>,
    pub match_price: Option<Quoted>,
    pub match_size: Option<Quoted>,
    pub trade_id: Option<T>,
    pub liquidity: Option<Liquidity>,
    pub fee_type: Option<Fee>,
    pub order_time: Option<i64>,
    pub ts: i64,
    pub pt: Option<i64>,
}

fn decimal(decimal: Option<Quoted>) -> Option<Decimal> {
    decimal.map(|quoted| quoted.0)
}

impl<T: AsRef<str>> Consume for Order<T> {
    fn consume(&self, tally: &mut Tally) {
        tally.event(
            &[self.symbol.as_ref(), self.order_id.as_ref()],
            &[self.price, self.filled_size, self.match_size].map(decimal),
            &[self.ts, i64::from(self.side == Side::Buy)],
        );
    }
}

impl Consume for v1::SpotOrder {
    fn consume(&self, tally: &mut Tally) {
        let match_size = match &self.kind {
            v1::OrderKind::Match(fill) => Some(fill.size),
            _ => None,
        };
        let time = self.engine_time.unwrap_or_default().as_nanos();
        tally.event(
            &[&self.symbol, &self.order_id],
            &[self.price, self.filled_size, match_size],
            &[time, i64::from(self.side == ExchangeSide::Buy)],
        );
    }
}

/// A balance.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Balance<T> {
    pub account_id: Option<T>,
    pub currency: T,
    pub total: Option<Quoted>,
    pub available: Option<Quoted>,
    pub hold: Option<Quoted>,
    pub available_change: Option<Quoted>,
    pub hold_change: Option<Quoted>,
    pub relation_event: Option<T>,
    pub relation_event_id: Option<T>,
    pub relation_context: Option<Context<T>>,
    pub time: T,
}

/// The order or trade that changed a balance.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Context<T> {
    pub symbol: Option<T>,
    pub order_id: Option<T>,
    pub trade_id: Option<T>,
}

impl<T: AsRef<str>> Consume for Balance<T> {
    fn consume(&self, tally: &mut Tally) {
        let event_id = self.relation_event_id.as_ref().map_or("", AsRef::as_ref);
        tally.event(
            &[self.currency.as_ref(), event_id],
            &[self.total, self.available, self.hold].map(decimal),
            &[self.time.as_ref().parse().unwrap_or(0)],
        );
    }
}

impl Consume for v1::Balance {
    fn consume(&self, tally: &mut Tally) {
        let event_id = self.relation_event_id.as_deref().unwrap_or_default();
        tally.event(
            &[&self.currency, event_id],
            &[self.total, self.available, self.hold],
            &[self.time.unwrap_or_default().as_millis()],
        );
    }
}

macro_rules! position {
    ($($name:ident)*) => {
        /// A futures position.
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(missing_docs)]
        pub struct Position<T, N> {
            pub symbol: T,
            pub cross_mode: Option<bool>,
            pub is_open: Option<bool>,
            pub auto_deposit: Option<bool>,
            pub opening_timestamp: Option<i64>,
            pub current_timestamp: i64,
            pub settle_currency: Option<T>,
            pub margin_mode: Option<T>,
            pub position_side: Option<T>,
            pub change_reason: Option<T>,
            pub risk_limit_level: Option<u32>,
            $(pub $name: Option<N>,)*
        }
    };
}

position! {
    maint_margin_req risk_limit real_leverage delev_percentage current_qty current_cost current_comm unrealised_cost
    realised_cost mark_price mark_value pos_cost pos_cross pos_init pos_comm pos_loss pos_margin pos_maint maint_margin
    realised_gross_pnl realised_pnl unrealised_pnl unrealised_pnl_pcnt unrealised_roe_pcnt avg_entry_price
    liquidation_price bankrupt_price leverage
}

impl<T: AsRef<str>, N: Copy + Into<Decimal>> Consume for Position<T, N> {
    fn consume(&self, tally: &mut Tally) {
        let numbers = [
            self.current_qty,
            self.mark_price,
            self.unrealised_pnl,
            self.realised_pnl,
            self.avg_entry_price,
        ];
        let numbers = numbers.map(|number| number.map(Into::into));
        tally.event(&[self.symbol.as_ref()], &numbers, &[self.current_timestamp]);
    }
}

impl Consume for v1::FuturesPosition {
    fn consume(&self, tally: &mut Tally) {
        let Self::Change(change) = self else {
            return tally.event(&[], &[], &[]);
        };
        let numbers = [
            Some(change.quantity),
            change.mark_price,
            change.unrealised_pnl,
            change.realised_pnl,
            change.average_entry_price,
        ];
        let symbol = change.symbol.as_deref().unwrap_or_default();
        let time = change.time.unwrap_or_default().as_millis();
        tally.event(&[symbol], &numbers, &[time]);
    }
}

/// An order of Pro V2.
#[derive(Debug, Deserialize)]
#[allow(missing_docs, non_snake_case)]
pub struct ProOrder<T> {
    pub O: i64,
    pub S: ProSide,
    pub U: i64,
    pub f: Optional,
    pub p: Optional,
    pub q: Optional,
    pub s: T,
    pub t: Optional,
    pub aP: Optional,
    pub cR: T,
    pub cS: Optional,
    pub ci: T,
    pub eT: ProEventType,
    pub fC: T,
    pub fS: Optional,
    pub lP: Optional,
    pub lR: T,
    pub lS: Optional,
    pub ls: Optional,
    pub oS: T,
    pub oT: ProOrderType,
    pub oi: T,
    pub os: u8,
    pub pO: bool,
    pub pP: Optional,
    pub qU: T,
    pub rO: bool,
    pub rS: Optional,
    pub tD: T,
    pub tP: Optional,
    pub tT: T,
    pub ti: T,
    pub lPT: T,
    pub pPT: T,
    pub stp: T,
    pub tIF: T,
    pub tPT: T,
    pub toi: T,
    pub bT: T,
}

impl<T: AsRef<str>> Consume for ProOrder<T> {
    fn consume(&self, tally: &mut Tally) {
        tally.event(
            &[self.s.as_ref(), self.oi.as_ref()],
            &[self.p, self.fS, self.ls, self.f].map(|Optional(decimal)| decimal),
            &[self.U, i64::from(self.S == ProSide::Buy)],
        );
    }
}

impl Consume for pro::Order {
    fn consume(&self, tally: &mut Tally) {
        let time = self.updated_at.unwrap_or_default().as_nanos();
        tally.event(
            &[&self.symbol, &self.order_id],
            &[self.price, self.filled_size, self.last_fill_price, self.fee],
            &[time, i64::from(self.side == ExchangeSide::Buy)],
        );
    }
}

impl Consume for v1::FuturesOrder {
    fn consume(&self, tally: &mut Tally) {
        let time = self.engine_time.unwrap_or_default().as_nanos();
        tally.event(
            &[&self.symbol, &self.order_id],
            &[self.price, self.filled_size],
            &[time],
        );
    }
}
