//! Reads unknown JSON values into types of the caller, with simd-json.

use kucoin_streams_core::{DecodeError, Raw};
use serde::de::DeserializeOwned;

/// Reads a JSON value, such as an unknown field of an event, into a type of your own.
///
/// The type can also be `serde_json::Value`. Numbers are read as `f64`, `i64` or `u64`. Their exact digits are in
/// [`Raw::as_str`].
///
/// ```
/// use kucoin_streams_core::Raw;
///
/// let raw = Raw::parse(r#"{"tags":["a","b"],"level":3}"#)?;
/// let value: serde_json::Value = kucoin_streams_decode::read_raw(&raw)?;
/// assert_eq!(value["tags"][1], "b");
/// # Ok::<(), kucoin_streams_core::DecodeError>(())
/// ```
///
/// # Errors
/// Returns [`DecodeError::Syntax`] if the value does not fit the type, a number does not fit `f64`, `i64` or `u64`, or
/// a string has an unpaired surrogate.
pub fn read_raw<T: DeserializeOwned>(raw: &Raw) -> Result<T, DecodeError> {
    let mut bytes = raw.as_str().as_bytes().to_vec();
    simd_json::serde::from_slice(&mut bytes).map_err(|error| DecodeError::Syntax {
        reason: "the value does not fit the type",
        offset: error.index(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn raw_value_is_read_into_a_type_of_the_caller() {
        let raw = Raw::parse(r#"{"a":1,"b":2}"#).unwrap();
        let read: BTreeMap<String, u64> = read_raw(&raw).unwrap();
        assert_eq!(read, BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
        assert!(read_raw::<Vec<u64>>(&raw).is_err());
        assert!(read_raw::<f64>(&Raw::parse("1e999").unwrap()).is_err());
    }
}
