//! A temporary certificate authority, for TLS on loopback without the user's own certificate.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;

/// A new certificate authority with a certificate for `localhost` and `127.0.0.1`.
///
/// The private keys stay in memory.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use kucoin_streams_exchange::{Exchange, LocalAuthority};
///
/// let authority = LocalAuthority::new()?;
/// // The client must trust `authority.pem()`: for example write it to a file and set `SSL_CERT_FILE` to its path.
/// let exchange = Exchange::builder().tls(authority.server_config()).start().await?;
/// assert!(exchange.rest_url().starts_with("https://localhost:"));
/// # Ok(())
/// # }
/// ```
pub struct LocalAuthority {
    pem: String,
    config: Arc<ServerConfig>,
}

/// Error of [`LocalAuthority::new`]: the cryptography library failed. The caller is not the cause.
#[derive(Debug, thiserror::Error)]
#[error("cannot generate a certificate")]
pub struct CertificateError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl LocalAuthority {
    /// Generates the keys and certificates.
    ///
    /// # Errors
    /// Returns an error if the cryptography library fails.
    pub fn new() -> Result<Self, CertificateError> {
        let (authority, issuer) = authority().map_err(failed)?;
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut parameters = CertificateParams::new(names).map_err(failed)?;
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = parameters.signed_by(&key, &issuer).map_err(failed)?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .map_err(failed)?;
        Ok(Self {
            pem: authority,
            config: Arc::new(config),
        })
    }

    /// Returns the authority's certificate as PEM, which a client must trust. It contains no private key.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns the server configuration for [`ExchangeBuilder::tls`](crate::ExchangeBuilder::tls).
    #[must_use]
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

impl fmt::Debug for LocalAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAuthority").finish_non_exhaustive()
    }
}

fn authority() -> Result<(String, Issuer<'static, KeyPair>), rcgen::Error> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let name = "kucoin-streams local exchange";
    parameters.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    Ok((pem(certificate.der()), Issuer::new(parameters, key)))
}

/// Encodes a certificate as PEM, 64 characters per line.
fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> CertificateError {
    CertificateError(Box::new(error))
}
