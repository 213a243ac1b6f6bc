//! The `Sign` trait, the signed result, and the headers made from it.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::credentials::Masked;
use crate::{KeyVersion, Prehash};

/// Signs requests with an API key.
///
/// [`HmacSigner`](crate::HmacSigner) signs in this process. Implement the trait yourself if the secret must not be in
/// this process (an HSM, a signing service) or if the key changes while the program runs.
///
/// Signing is asynchronous because such a signer is usually remote. A local signer can return [`std::future::ready`] at
/// no cost. One call returns the key, the signature and the signed passphrase together, so a signer that changes its
/// key between two calls cannot mix two keys.
///
/// `sign` is called once for each request, right before it is sent, because KuCoin refuses a timestamp that is more
/// than five seconds off. The caller may drop the future at its deadline.
pub trait Sign: Send + Sync + 'static {
    /// Signs one request: base64 of HMAC-SHA256 over [`Prehash::as_bytes`] with the API secret as the key.
    ///
    /// # Errors
    ///
    /// Returns a [`SignError`] if the signer cannot be reached or refuses to sign.
    fn sign(&self, prehash: &Prehash) -> impl Future<Output = Result<Signed, SignError>> + Send;
}

impl<S: Sign> Sign for Arc<S> {
    fn sign(&self, prehash: &Prehash) -> impl Future<Output = Result<Signed, SignError>> + Send {
        self.as_ref().sign(prehash)
    }
}

/// The dyn-compatible form of [`Sign`], for a signer that is chosen at run time.
///
/// Every type that implements `Sign` implements it too, and `Arc<dyn DynSign>` and `Box<dyn DynSign>` implement `Sign`.
pub trait DynSign: Send + Sync + 'static {
    /// Signs one request, as [`Sign::sign`] does.
    fn sign_boxed<'a>(
        &'a self,
        prehash: &'a Prehash,
    ) -> Pin<Box<dyn Future<Output = Result<Signed, SignError>> + Send + 'a>>;
}

impl<S: Sign> DynSign for S {
    fn sign_boxed<'a>(
        &'a self,
        prehash: &'a Prehash,
    ) -> Pin<Box<dyn Future<Output = Result<Signed, SignError>> + Send + 'a>> {
        Box::pin(self.sign(prehash))
    }
}

macro_rules! signers {
    ($($pointer:ident),+) => {$(
        impl Sign for $pointer<dyn DynSign> {
            async fn sign(&self, prehash: &Prehash) -> Result<Signed, SignError> {
                self.as_ref().sign_boxed(prehash).await
            }
        }
    )+};
}

signers!(Arc, Box);

/// The result of signing one request.
///
/// The API key, the signature and the signed passphrase are zeroed on drop. `Debug` shows the key masked, and no
/// signature or passphrase.
pub struct Signed {
    api_key: Zeroizing<String>,
    signature: Zeroizing<String>,
    passphrase: Zeroizing<String>,
    key_version: KeyVersion,
    partner: Option<SignedPartner>,
}

impl Signed {
    /// Creates the result from the API key, the signature of the [`Prehash`] and the signed passphrase.
    ///
    /// The signature and the passphrase, signed with the API secret, are in base64. The key version is 3; to change it,
    /// call [`with_key_version`](Signed::with_key_version).
    pub fn new(
        api_key: impl Into<String>,
        signature: impl Into<String>,
        passphrase: impl Into<String>,
    ) -> Self {
        Self::from_parts(
            Zeroizing::new(api_key.into()),
            Zeroizing::new(signature.into()),
            Zeroizing::new(passphrase.into()),
            KeyVersion::default(),
        )
    }

    pub(crate) fn from_parts(
        api_key: Zeroizing<String>,
        signature: Zeroizing<String>,
        passphrase: Zeroizing<String>,
        key_version: KeyVersion,
    ) -> Self {
        Self {
            api_key,
            signature,
            passphrase,
            key_version,
            partner: None,
        }
    }

    /// Sets the version of the key. Default: [`KeyVersion::V3`].
    #[must_use]
    pub fn with_key_version(mut self, key_version: KeyVersion) -> Self {
        self.key_version = key_version;
        self
    }

    /// Adds the signature of a broker partner. Default: none.
    #[must_use]
    pub fn with_partner(mut self, partner: SignedPartner) -> Self {
        self.partner = Some(partner);
        self
    }

    pub(crate) fn api_key(&self) -> &str {
        &self.api_key
    }

    pub(crate) fn signature(&self) -> &str {
        &self.signature
    }

    pub(crate) fn passphrase(&self) -> &str {
        &self.passphrase
    }

    pub(crate) fn partner(&self) -> Option<&SignedPartner> {
        self.partner.as_ref()
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("api_key", &Masked(&self.api_key))
            .field("key_version", &self.key_version)
            .field("partner", &self.partner)
            .finish_non_exhaustive()
    }
}

/// The broker partner's name and signature in a signed request.
pub struct SignedPartner {
    pub(crate) name: String,
    pub(crate) signature: Zeroizing<String>,
    pub(crate) broker_name: Option<String>,
}

impl SignedPartner {
    /// Creates the partner's part of a signed request from its name and signature.
    ///
    /// The signature is base64 of HMAC-SHA256 over timestamp, partner name and API key, with the partner key as the
    /// key.
    pub fn new(name: impl Into<String>, signature: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            signature: Zeroizing::new(signature.into()),
            broker_name: None,
        }
    }

    /// Sets the value of `KC-BROKER-NAME`. Default: no such header.
    #[must_use]
    pub fn with_broker_name(mut self, broker_name: impl Into<String>) -> Self {
        self.broker_name = Some(broker_name.into());
        self
    }
}

impl fmt::Debug for SignedPartner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedPartner")
            .field("name", &self.name)
            .field("broker_name", &self.broker_name)
            .finish_non_exhaustive()
    }
}

/// Signs one REST request, to be sent at once.
///
/// `timestamp_ms` is the current time in milliseconds since 1970. `path_and_query` and `body` must be exactly the bytes
/// that are sent (`""` for no body).
///
/// # Errors
///
/// Returns the [`SignError`] of the signer.
pub async fn sign_request(
    signer: &dyn DynSign,
    timestamp_ms: u64,
    method: &str,
    path_and_query: &str,
    body: &str,
) -> Result<SignedRequest, SignError> {
    let prehash = Prehash::new(timestamp_ms, method, path_and_query, body);
    let signed = signer.sign_boxed(&prehash).await?;
    Ok(SignedRequest { prehash, signed })
}

/// The signed headers of one request. `Debug` shows the key masked, and no signature or passphrase.
pub struct SignedRequest {
    prehash: Prehash,
    signed: Signed,
}

impl SignedRequest {
    /// Returns name and value of each header: the five of every signed request, then those of a partner.
    ///
    /// All values except those of `KC-API-TIMESTAMP`, `KC-API-KEY-VERSION`, `KC-API-PARTNER`, `KC-BROKER-NAME` and
    /// `KC-API-PARTNER-VERIFY` are sensitive: keep them out of logs, and never send them along with a redirect.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let signed = &self.signed;
        let own = [
            ("KC-API-KEY", signed.api_key()),
            ("KC-API-SIGN", signed.signature()),
            ("KC-API-TIMESTAMP", self.prehash.timestamp()),
            ("KC-API-PASSPHRASE", signed.passphrase()),
            ("KC-API-KEY-VERSION", signed.key_version.as_str()),
        ];
        let partner = signed.partner().into_iter().flat_map(|partner| {
            let broker = partner.broker_name.as_deref();
            [
                ("KC-API-PARTNER", partner.name.as_str()),
                ("KC-API-PARTNER-SIGN", partner.signature.as_str()),
                ("KC-API-PARTNER-VERIFY", "true"),
            ]
            .into_iter()
            .chain(broker.map(|name| ("KC-BROKER-NAME", name)))
        });
        own.into_iter().chain(partner)
    }
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("timestamp", &self.prehash.timestamp())
            .field("signed", &self.signed)
            .finish()
    }
}

/// Error of a signer, which returned no signature. [`HmacSigner`](crate::HmacSigner) never fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The signer cannot be reached, for example a signing service that does not answer: try again.
    #[error("the signer cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The signer refused, for example an HSM without the key: correct its setup; a retry does not help.
    #[error("the signer refused to sign")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

impl SignError {
    /// Returns `true` if a retry can succeed without a change.
    pub fn is_retryable(&self) -> bool {
        matches!(self, SignError::Unavailable(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, HmacSigner, Partner};

    fn credentials() -> Credentials {
        Credentials::new("64f0c0ffee0123456789abcd", "secret", "passphrase").unwrap()
    }

    async fn headers(credentials: Credentials) -> Vec<(&'static str, String)> {
        let signer = HmacSigner::new(&credentials);
        let request = sign_request(&signer, 7, "POST", "/path", "").await.unwrap();
        let owned = |(name, value): (&'static str, &str)| (name, value.to_owned());
        request.headers().map(owned).collect()
    }

    #[tokio::test]
    async fn signed_request_has_the_five_headers() {
        let headers = headers(credentials()).await;
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "KC-API-KEY",
                "KC-API-SIGN",
                "KC-API-TIMESTAMP",
                "KC-API-PASSPHRASE",
                "KC-API-KEY-VERSION"
            ]
        );
        assert_eq!(headers[0].1, "64f0c0ffee0123456789abcd");
        assert_eq!(headers[2].1, "7");
        assert_eq!(headers[4].1, "3");
    }

    #[tokio::test]
    async fn key_version_changes_its_header_only() {
        let three = headers(credentials()).await;
        let two = headers(credentials().with_key_version(KeyVersion::V2)).await;
        assert_eq!(two[..4], three[..4]);
        assert_eq!(two[4], ("KC-API-KEY-VERSION", "2".to_owned()));
    }

    #[tokio::test]
    async fn partner_adds_its_headers() {
        let partner = || Partner::new("acme", "partner-key").unwrap();
        let without_broker = headers(credentials().with_partner(partner())).await;
        let names: Vec<_> = without_broker[5..].iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "KC-API-PARTNER",
                "KC-API-PARTNER-SIGN",
                "KC-API-PARTNER-VERIFY"
            ]
        );
        assert_eq!(without_broker[5].1, "acme");
        assert_eq!(without_broker[7].1, "true");

        let broker = partner().with_broker_name("AcmeBroker").unwrap();
        let with_broker = headers(credentials().with_partner(broker)).await;
        assert_eq!(with_broker[8], ("KC-BROKER-NAME", "AcmeBroker".to_owned()));
    }

    #[tokio::test]
    async fn debug_of_signed_request_shows_no_signature() {
        let signer = HmacSigner::new(&credentials());
        let request = sign_request(&signer, 7, "POST", "/path", "").await.unwrap();
        let printed = format!("{request:?}");
        for (name, value) in request.headers() {
            let may_be_shown = matches!(name, "KC-API-TIMESTAMP" | "KC-API-KEY-VERSION");
            assert!(
                may_be_shown || !printed.contains(value),
                "{name} in {printed}"
            );
        }
    }
}
