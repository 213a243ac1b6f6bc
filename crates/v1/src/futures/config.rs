//! Settings of contracts: /contract/marginMode and /contract/crossLeverage.

use std::collections::HashMap;

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Raw, Text};
use kucoin_streams_decode::{
    AsJson, Entries, FromJson, Record, Scanner, ToJson, Value, ValueKind, deserialize, event,
};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde::{Deserialize, Deserializer};

use super::MarginMode;
use crate::FuturesPrivate;
use crate::envelope::{Around, Data};
use crate::topic::topic;

topic! {
    /// Every switch of a contract between isolated and cross margin: `/contract/marginMode`.
    pub struct FuturesMarginModes: FuturesMarginModeChange, on FuturesPrivate, at "/contract/marginMode"
}

topic! {
    /// Every change of a contract's leverage on cross margin: `/contract/crossLeverage`.
    pub struct FuturesCrossLeverages: FuturesCrossLeverageChange, on FuturesPrivate, at "/contract/crossLeverage"
}

/// The margin modes that were set: subject `user.config` on `/contract/marginMode`.
///
/// On the wire the data itself is the object of modes by contract, and so it is written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FuturesMarginModeChange {
    /// The mode by contract, such as `XBTUSDTM`.
    pub modes: Entries<MarginMode>,
    /// Members that are no mode, or that are spelled in a way of their own, as they came.
    pub extra: Extra,
}

/// The leverages that were set for cross margin: subject `user.config` on `/contract/crossLeverage`.
///
/// On the wire the data itself is the object of leverages by contract, and so it is written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FuturesCrossLeverageChange {
    /// The leverage by contract, such as `XBTUSDTM`.
    pub leverages: Entries<FuturesCrossLeverage>,
    /// Members that are no leverage, as they came.
    pub extra: Extra,
}

event! {
    /// The leverage of one contract on cross margin.
    pub struct FuturesCrossLeverage {
        /// How many times the margin a position may be worth: `leverage`. Published as a string, seen elsewhere as
        /// a number; both are read.
        pub leverage: Option<Decimal> = "leverage",
    }
}

impl Record for FuturesMarginModeChange {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        // A mode may be a word that this SDK does not know, but it is a word.
        let is_word = |value: Value<'_>| value.text().is_some();
        let (modes, extra) = entries(scanner, is_word)?;
        Ok(Self { modes, extra })
    }
}

impl Record for FuturesCrossLeverageChange {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        let is_object = |value: Value<'_>| value.kind() == ValueKind::Object;
        let (leverages, extra) = entries(scanner, is_object)?;
        Ok(Self { leverages, extra })
    }
}

/// Writes the object of modes by contract.
impl Serialize for FuturesMarginModeChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.modes, &self.extra, serializer)
    }
}

/// Writes the object of leverages by contract.
impl Serialize for FuturesCrossLeverageChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.leverages, &self.extra, serializer)
    }
}

impl<'de> Deserialize<'de> for FuturesMarginModeChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer, &[], &[])
    }
}

impl<'de> Deserialize<'de> for FuturesCrossLeverageChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer, &[], &[])
    }
}

impl Data for FuturesMarginModeChange {
    fn from_data(scanner: &mut Scanner<'_>, _: Around<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

impl Data for FuturesCrossLeverageChange {
    fn from_data(scanner: &mut Scanner<'_>, _: Around<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// All of its modes. KuCoin sends no time, so a contract that is switched there and back has its first identity
/// again: take equal identities for one event only where they come close together.
impl Event for FuturesMarginModeChange {
    fn dedup_key(&self) -> String {
        let mut identity: String = self
            .modes
            .iter()
            .map(|(symbol, mode)| format!("{symbol}={mode};"))
            .collect();
        identity.push_str(&unread(&self.extra));
        identity
    }

    fn has_unique_key(&self) -> bool {
        false
    }
}

/// All of its leverages. KuCoin sends no time, so a contract that is set there and back has its first identity
/// again: take equal identities for one event only where they come close together.
impl Event for FuturesCrossLeverageChange {
    fn dedup_key(&self) -> String {
        let mut identity = String::new();
        for (symbol, told) in self.leverages.iter() {
            let leverage = told.leverage.unwrap_or_default().normalize();
            identity.push_str(&format!("{symbol}={leverage}{};", unread(&told.extra)));
        }
        identity.push_str(&unread(&self.extra));
        identity
    }

    fn has_unique_key(&self) -> bool {
        false
    }
}

fn unread(extra: &Extra) -> String {
    match extra.is_empty() {
        true => String::new(),
        false => format!("{extra:?}"),
    }
}

/// The members of the object that the scanner stands before: those that are entries, and as they came those that
/// are not or would not be written the same way again.
///
/// If the frame repeats a key the last value counts, and all of them are kept as they came. What is kept in place of
/// entries comes first, in their order: so it is written, and read back the same.
fn entries<T: FromJson>(
    scanner: &mut Scanner<'_>,
    is_entry: impl Fn(Value<'_>) -> bool,
) -> Result<(Entries<T>, Extra), DecodeError> {
    let mut object = scanner.object()?;
    let mut members = Vec::new();
    let mut places: HashMap<Text, Vec<usize>> = HashMap::new();
    while let Some((key, value)) = object.member()? {
        let key = Text::new(&key);
        places.entry(key.clone()).or_default().push(members.len());
        members.push((key, value));
    }
    let mut entries = Vec::new();
    let mut extra = Extra::default();
    let mut others: Vec<usize> = Vec::new();
    for (at, (key, value)) in members.iter().enumerate() {
        let all = &places[key];
        if all.last() != Some(&at) {
            continue;
        }
        let entry = T::from_json(*value).filter(|_| is_entry(*value));
        let is_alone = all.len() == 1;
        let is_written = is_alone && entry.as_ref().is_some_and(|entry| entry.reproduces(*value));
        match entry {
            _ if is_written => {}
            Some(_) => all.iter().for_each(|at| extra.push(key, members[*at].1)),
            None => others.extend(all),
        }
        entries.extend(entry.map(|entry| (key.clone(), entry)));
    }
    for at in others {
        extra.push(&members[at].0, members[at].1);
    }
    Ok((entries.into_iter().collect(), extra))
}

/// Writes entries, what is kept as it came in their places, and what is kept beside them.
fn write<T: ToJson, S: Serializer>(
    entries: &Entries<T>,
    extra: &Extra,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut kept: HashMap<&str, Vec<&Raw>> = HashMap::new();
    for (key, raw) in extra.iter() {
        kept.entry(key).or_default().push(raw);
    }
    let mut map = serializer.serialize_map(None)?;
    for (key, entry) in entries.iter() {
        match kept.remove(key) {
            Some(all) => all
                .iter()
                .try_for_each(|raw| map.serialize_entry(key, raw))?,
            None => map.serialize_entry(key, &AsJson(entry))?,
        }
    }
    for (key, raw) in extra.iter().filter(|(key, _)| kept.contains_key(key)) {
        map.serialize_entry(key, raw)?;
    }
    map.end()
}
