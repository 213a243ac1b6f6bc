//! Margin mode and leverage settings: /contract/marginMode and /contract/crossLeverage.

use std::collections::HashMap;

use kucoin_streams_core::{Decimal, DecodeError, Event, Extra, Finding, FindingKind, Raw, Text};
use kucoin_streams_decode::{
    AsJson, Entries, FromJson, Record, Scanner, ToJson, Value, ValueKind, deserialize, event,
};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde::{Deserialize, Deserializer};

use super::MarginMode;
use crate::FuturesPrivate;
use crate::envelope::{PushContext, PushData};
use crate::topic::topic;

topic! {
    /// Margin mode changes of all contracts: `/contract/marginMode`.
    pub struct FuturesMarginModes: FuturesMarginModeChange, on FuturesPrivate, at "/contract/marginMode"
}

topic! {
    /// Cross-margin leverage changes of all contracts: `/contract/crossLeverage`.
    pub struct FuturesCrossLeverages: FuturesCrossLeverageChange, on FuturesPrivate, at "/contract/crossLeverage"
}

/// New margin modes of contracts: subject `user.config` on `/contract/marginMode`.
///
/// On the wire, and when serialized, `data` is an object with contracts as keys and modes as values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FuturesMarginModeChange {
    /// Margin modes by contract, such as `XBTUSDTM`: the members of `data`.
    pub modes: Entries<MarginMode>,
    /// Members of `data`, as sent, that are not a margin mode or would be serialized differently.
    pub extra: Extra,
}

/// New cross-margin leverages of contracts: subject `user.config` on `/contract/crossLeverage`.
///
/// On the wire, and when serialized, `data` is an object with contracts as keys and leverages as values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FuturesCrossLeverageChange {
    /// Leverages by contract, such as `XBTUSDTM`: the members of `data`.
    pub leverages: Entries<FuturesCrossLeverage>,
    /// Members of `data`, as sent, that are not a leverage or would be serialized differently.
    pub extra: Extra,
}

event! {
    /// The cross-margin leverage of one contract.
    pub struct FuturesCrossLeverage {
        /// Leverage: `leverage`; decoded from a string, as documented, or from a number.
        pub leverage: Option<Decimal> = "leverage",
    }
}

impl Record for FuturesMarginModeChange {
    fn read(scanner: &mut Scanner<'_>) -> Result<Self, DecodeError> {
        // An unknown mode is accepted, but only as a string.
        let is_string = |value: Value<'_>| value.text().is_some();
        let (modes, extra) = entries(scanner, is_string)?;
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

/// Writes an object with contracts as keys and modes as values.
impl Serialize for FuturesMarginModeChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.modes, &self.extra, serializer)
    }
}

/// Writes an object with contracts as keys and leverages as values.
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

impl PushData for FuturesMarginModeChange {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn from_data(scanner: &mut Scanner<'_>, _: PushContext<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

impl PushData for FuturesCrossLeverageChange {
    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn from_data(scanner: &mut Scanner<'_>, _: PushContext<'_>) -> Result<Self, DecodeError> {
        Self::read(scanner)
    }
}

/// Dedup key: all contracts with their modes.
///
/// The key is not unique: KuCoin sends no time, so the key repeats if a contract is switched to another mode and back.
/// Treat equal keys as one event only if they arrive close together.
impl Event for FuturesMarginModeChange {
    fn dedup_key(&self) -> String {
        let mut key: String = self
            .modes
            .iter()
            .map(|(symbol, mode)| format!("{symbol}={mode};"))
            .collect();
        key.push_str(&unread(&self.extra));
        key
    }

    fn has_unique_key(&self) -> bool {
        false
    }
}

/// Dedup key: all contracts with their leverages.
///
/// The key is not unique: KuCoin sends no time, so the key repeats if a leverage is set to 5, to 3 and back to 5.
/// Treat equal keys as one event only if they arrive close together.
impl Event for FuturesCrossLeverageChange {
    fn dedup_key(&self) -> String {
        let mut key = String::new();
        for (symbol, entry) in self.leverages.iter() {
            let leverage = entry.leverage.unwrap_or_default().normalize();
            key.push_str(&format!("{symbol}={leverage}{};", unread(&entry.extra)));
        }
        key.push_str(&unread(&self.extra));
        key
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

/// Reads the entries of an object; members that are not an entry or do not round-trip go into `extra`.
///
/// If the frame repeats a key, the last value is the entry and `extra` has all of them. `extra` begins with the
/// members that [`write`] writes instead of an entry, in the order of the entries, so that they are read back the same.
fn entries<T: FromJson>(
    scanner: &mut Scanner<'_>,
    is_entry: impl Fn(Value<'_>) -> bool,
) -> Result<(Entries<T>, Extra), DecodeError> {
    let mut object = scanner.object()?;
    let mut members = Vec::new();
    let mut positions: HashMap<Text, Vec<usize>> = HashMap::new();
    while let Some((key, value)) = object.member()? {
        let key = Text::new(&key);
        positions
            .entry(key.clone())
            .or_default()
            .push(members.len());
        members.push((key, value));
    }
    let mut entries = Vec::new();
    let mut extra = Extra::default();
    let mut others: Vec<usize> = Vec::new();
    for (at, (key, value)) in members.iter().enumerate() {
        let all = &positions[key];
        if all.last() != Some(&at) {
            continue;
        }
        let entry = T::from_json(*value).filter(|_| is_entry(*value));
        match &entry {
            Some(entry) if entry.is_known() => {}
            // The keys are symbols.
            Some(entry) => entry.note("*", &mut extra),
            None => extra.note(Finding::new(FindingKind::WrongType, "*", value.as_str())),
        }
        let is_unique = all.len() == 1;
        let round_trips = is_unique
            && entry
                .as_ref()
                .is_some_and(|entry| entry.round_trips(*value));
        match entry {
            _ if round_trips => {}
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

/// Writes each entry, or its members in `extra` if there are any, then the rest of `extra`.
fn write<T: ToJson, S: Serializer>(
    entries: &Entries<T>,
    extra: &Extra,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut unchanged: HashMap<&str, Vec<&Raw>> = HashMap::new();
    for (key, raw) in extra.iter() {
        unchanged.entry(key).or_default().push(raw);
    }
    let mut map = serializer.serialize_map(None)?;
    for (key, entry) in entries.iter() {
        match unchanged.remove(key) {
            Some(all) => all
                .iter()
                .try_for_each(|raw| map.serialize_entry(key, raw))?,
            None => map.serialize_entry(key, &AsJson(entry))?,
        }
    }
    for (key, raw) in extra.iter().filter(|(key, _)| unchanged.contains_key(key)) {
        map.serialize_entry(key, raw)?;
    }
    map.end()
}
