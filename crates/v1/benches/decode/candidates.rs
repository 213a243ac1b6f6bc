//! The other ways to decode a frame, each written as one would write it in earnest.

use std::borrow::Cow;
use std::hint::black_box;
use std::str::FromStr;

use kucoin_streams_wire::json::{DecodeError, Record, Scanner};
use kucoin_streams_wire::{Decimal, Text, Timestamp, event};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::frames;

/// The envelope for serde: fields it does not know are lost, which the SDK could not accept.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Push<'f, D> {
    #[serde(borrow)]
    pub topic: Cow<'f, str>,
    #[serde(borrow)]
    pub subject: Option<Cow<'f, str>>,
    #[serde(borrow)]
    pub user_id: Option<Cow<'f, str>>,
    pub data: D,
}

pub fn serde_borrowed<'f, D: Deserialize<'f>>(
    frame: &'f str,
) -> (Text, Option<Text>, Option<Text>, D) {
    let push: Push<'f, D> = serde_json::from_str(frame).unwrap();
    let text = |text: Cow<'_, str>| Text::new(&text);
    (
        text(push.topic),
        push.subject.map(text),
        push.user_id.map(text),
        push.data,
    )
}

/// Finds topic and data by their bytes: right for frames in the usual order only.
pub fn peeked<'f, D: Deserialize<'f>>(frame: &'f str) -> (Text, D) {
    let topic = between(frame, "\"topic\":\"", "\"");
    let begin = frame.find("\"data\":").unwrap() + "\"data\":".len();
    let data = &frame[begin..frame.len() - 1];
    (Text::new(topic), serde_json::from_str(data).unwrap())
}

fn between<'f>(frame: &'f str, before: &str, after: &str) -> &'f str {
    let begin = frame.find(before).unwrap() + before.len();
    let end = frame[begin..].find(after).unwrap() + begin;
    &frame[begin..end]
}

/// simd-json with every buffer reused; it parses in place, so the frame is copied first.
#[derive(Default)]
pub struct Simd {
    frame: Vec<u8>,
    buffers: simd_json::Buffers,
}

impl Simd {
    pub fn typed<D: for<'f> Deserialize<'f>>(&mut self, frame: &str) {
        self.frame.clear();
        self.frame.extend_from_slice(frame.as_bytes());
        let push: OwnedPush<D> =
            simd_json::serde::from_slice_with_buffers(&mut self.frame, &mut self.buffers).unwrap();
        black_box(push);
    }

    pub fn tree(&mut self, frame: &str) {
        self.frame.clear();
        self.frame.extend_from_slice(frame.as_bytes());
        let tree =
            simd_json::value::owned::to_value_with_buffers(&mut self.frame, &mut self.buffers);
        black_box(tree.unwrap());
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnedPush<D> {
    #[allow(dead_code)]
    topic: Short,
    #[allow(dead_code)]
    subject: Option<Short>,
    #[allow(dead_code)]
    user_id: Option<Short>,
    #[allow(dead_code)]
    data: D,
}

/// A `Text` for serde.
#[allow(dead_code)]
pub struct Short(pub Text);

/// A decimal from a string; from a JSON number by way of f64, which is all that serde offers.
#[allow(dead_code)]
pub struct Number(pub Decimal);

struct Visitor;

impl serde::de::Visitor<'_> for Visitor {
    type Value = Number;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
        Decimal::from_str(text).map(Number).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Number, E> {
        Decimal::try_from(number).map(Number).map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Number, E> {
        Ok(Number(number.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number.into()))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct ShortVisitor;

impl serde::de::Visitor<'_> for ShortVisitor {
    type Value = Short;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Short, E> {
        Ok(Short(Text::new(text)))
    }
}

impl<'de> Deserialize<'de> for Short {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ShortVisitor)
    }
}

/// A JSON number by its text: exact.
pub struct Exact(pub Decimal);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let parsed = Decimal::from_str(raw).or_else(|_| Decimal::from_scientific(raw));
        parsed.map(Exact).map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
pub struct Order {
    pub symbol: Short,
    pub order_id: Short,
    pub client_oid: Option<Short>,
    pub r#type: Kind,
    pub status: Status,
    pub side: Side,
    pub order_type: Pricing,
    pub price: Option<Number>,
    pub size: Option<Number>,
    pub origin_size: Option<Number>,
    pub filled_size: Option<Number>,
    pub remain_size: Option<Number>,
    pub canceled_size: Option<Number>,
    pub funds: Option<Number>,
    pub origin_funds: Option<Number>,
    pub remain_funds: Option<Number>,
    pub canceled_funds: Option<Number>,
    pub match_price: Option<Number>,
    pub match_size: Option<Number>,
    pub trade_id: Option<Short>,
    pub liquidity: Option<Liquidity>,
    pub fee_type: Option<Fee>,
    pub old_size: Option<Number>,
    pub order_time: Option<i64>,
    pub ts: Option<i64>,
    pub pt: Option<i64>,
}

macro_rules! closed_enums {
    ($($name:ident $case:literal { $($variant:ident),* })*) => {$(
        #[derive(Deserialize)]
        #[serde(rename_all = $case)]
        pub enum $name { $($variant),* }
    )*};
}

closed_enums! {
    Kind "lowercase" { Received, Open, Match, Update, Filled, Canceled }
    Status "lowercase" { New, Open, Match, Done }
    Side "lowercase" { Buy, Sell }
    Pricing "lowercase" { Limit, Market }
    Liquidity "lowercase" { Taker, Maker }
    Fee "camelCase" { TakerFee, MakerFee }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
pub struct Balance {
    pub account_id: Option<Short>,
    pub currency: Short,
    pub total: Option<Number>,
    pub available: Option<Number>,
    pub hold: Option<Number>,
    pub available_change: Option<Number>,
    pub hold_change: Option<Number>,
    pub relation_event: Option<Short>,
    pub relation_event_id: Option<Short>,
    pub relation_context: Option<Context>,
    pub time: Option<Short>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
pub struct Context {
    pub symbol: Option<Short>,
    pub order_id: Option<Short>,
    pub trade_id: Option<Short>,
}

macro_rules! positions {
    ($($number:ident = $wire:literal),* $(,)?) => {
        event! {
            /// A position by the scanner.
            pub struct ScannedPosition {
                /// Market.
                pub symbol: Text = "symbol",
                /// Cross or not.
                pub cross_mode: Option<bool> = "crossMode",
                /// Open or not.
                pub is_open: Option<bool> = "isOpen",
                /// Automatic deposit.
                pub auto_deposit: Option<bool> = "autoDeposit",
                /// Opened.
                pub opening_timestamp: Option<Timestamp> = "openingTimestamp",
                /// Now.
                pub current_timestamp: Option<Timestamp> = "currentTimestamp",
                /// Currency.
                pub settle_currency: Option<Text> = "settleCurrency",
                /// Mode.
                pub margin_mode: Option<Text> = "marginMode",
                /// Side.
                pub position_side: Option<Text> = "positionSide",
                /// Reason.
                pub change_reason: Option<Text> = "changeReason",
                $(
                    /// A number.
                    pub $number: Option<Decimal> = $wire,
                )*
            }
        }
        positions!(@ Position Number, $($number = $wire),*);
        positions!(@ ExactPosition Exact, $($number = $wire),*);

        pub fn check() {
            let (_, position) = peeked::<ExactPosition>(frames::POSITION);
            let scanned = scanned_position(frames::POSITION);
            $(assert_eq!(position.$number.map(|n| n.0), scanned.$number, $wire);)*
            assert!(scanned.extra.is_empty(), "{:?}", scanned.extra);
        }
    };
    (@ $name:ident $type:ident, $($number:ident = $wire:literal),*) => {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(dead_code)]
        pub struct $name {
            pub symbol: Short,
            pub cross_mode: Option<bool>,
            pub is_open: Option<bool>,
            pub auto_deposit: Option<bool>,
            pub opening_timestamp: Option<i64>,
            pub current_timestamp: Option<i64>,
            pub settle_currency: Option<Short>,
            pub margin_mode: Option<Short>,
            pub position_side: Option<Short>,
            pub change_reason: Option<Short>,
            $(
                #[serde(rename = $wire)]
                pub $number: Option<$type>,
            )*
        }
    };
}

positions! {
    maint_margin_req = "maintMarginReq", risk_limit = "riskLimit", real_leverage = "realLeverage",
    delev_percentage = "delevPercentage", current_qty = "currentQty", current_cost = "currentCost",
    current_comm = "currentComm", unrealised_cost = "unrealisedCost", realised_cost = "realisedCost",
    mark_price = "markPrice", mark_value = "markValue", pos_cost = "posCost", pos_cross = "posCross",
    pos_init = "posInit", pos_comm = "posComm", pos_loss = "posLoss", pos_margin = "posMargin",
    pos_maint = "posMaint", maint_margin = "maintMargin", realised_gross_pnl = "realisedGrossPnl",
    realised_pnl = "realisedPnl", unrealised_pnl = "unrealisedPnl",
    unrealised_pnl_pcnt = "unrealisedPnlPcnt", unrealised_roe_pcnt = "unrealisedRoePcnt",
    avg_entry_price = "avgEntryPrice", liquidation_price = "liquidationPrice",
    bankrupt_price = "bankruptPrice", leverage = "leverage", risk_limit_level = "riskLimitLevel",
}

/// The envelope as the SDK reads it, shortened to what the position frame has.
pub fn scanned_position(frame: &str) -> ScannedPosition {
    fn read(frame: &str) -> Result<Option<ScannedPosition>, DecodeError> {
        let mut scanner = Scanner::new(frame);
        let mut object = scanner.object()?;
        let mut position = None;
        while let Some(key) = object.key()? {
            match &*key {
                "data" => position = Some(ScannedPosition::read(object.scanner())?),
                _ => drop(black_box(
                    object.value()?.text().map(|text| Text::new(&text)),
                )),
            }
        }
        scanner.finish()?;
        Ok(position)
    }
    read(frame).unwrap().unwrap()
}
