//! Errors of a change of the API key, and the check of the new one.

use std::sync::Arc;

use kucoin_streams_auth::HmacSigner;
use kucoin_streams_auth::rest::{RestTokens, TokenError};
use kucoin_streams_client::RotateError;
use kucoin_streams_core::{WsKey, explain};
use kucoin_streams_rest::Rest;

/// Error of [`Kucoin::replace_key`](crate::Kucoin::replace_key).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceKeyError {
    /// The client has its own source of connection tokens, which alone knows the key.
    #[error(
        "the client has its own source of tokens; change the key there, then call `Kucoin::rotate_all`"
    )]
    OwnTokens,
    /// The new key belongs to another account. The old key is still used.
    #[error("the new key belongs to another account; add that account, or use a key of this one")]
    OtherAccount,
    /// KuCoin refused the new key or could not be reached. The old key is still used.
    #[error("the new key cannot be used: {}", explain(.0, .0.remedy()))]
    Token(TokenError),
    /// A connection could not be replaced.
    ///
    /// If the error is retryable, the new key is used for everything but this connection: call `replace_key` again.
    /// Otherwise the old key is used again.
    #[error("a connection still uses the old key: {0}")]
    Rotate(RotateError),
}

impl ReplaceKeyError {
    /// Returns `true` if a later attempt with the same key may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::OwnTokens | Self::OtherAccount => false,
            Self::Token(error) => error.is_retryable(),
            Self::Rotate(error) => error.is_retryable(),
        }
    }
}

/// Checks a new key, without using it for anything else: its account, and a connection token of each connection.
pub(crate) async fn check_key(
    tokens: &RestTokens,
    rest: &Rest,
    signer: HmacSigner,
    ws_keys: &[WsKey],
) -> Result<(), ReplaceKeyError> {
    let checked = Arc::new(tokens.with_signer(signer));
    let known = [
        WsKey::SpotPrivateV1,
        WsKey::FuturesPrivateV1,
        WsKey::PrivateProV2,
    ];
    for ws_key in ws_keys.iter().filter(|key| known.contains(key)) {
        let token = checked.fetch(*ws_key).await;
        token.map_err(ReplaceKeyError::Token)?;
    }
    // Not known if the old key is refused already, or KuCoin cannot be reached.
    let uid = async |rest: &Rest| {
        let rows = rest.account().api_key().await.ok()?;
        rows.into_iter().next().map(|row| row.uid)
    };
    match (uid(rest).await, uid(&Rest::new(checked)).await) {
        (Some(old), Some(new)) if old != new => Err(ReplaceKeyError::OtherAccount),
        _ => Ok(()),
    }
}
