//! Serialization of values of other crates.

use kucoin_streams_core::WsKey;
use serde::Serializer;

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature of `serialize_with`
pub(crate) fn ws_key_name<S: Serializer>(key: &WsKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.as_str())
}
