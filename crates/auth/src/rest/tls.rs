//! The TLS configuration of REST requests: explicit crypto provider, platform roots, HTTP/1.1 only.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::ConfigError;

/// Returns the user's configuration with a new ALPN list, because its own may be for another protocol.
pub(super) fn custom(config: Arc<ClientConfig>) -> ClientConfig {
    for_http1(Arc::unwrap_or_clone(config))
}

/// Returns a configuration with the root certificates of the platform.
pub(super) fn platform() -> Result<ClientConfig, ConfigError> {
    let builder = ClientConfig::builder_with_provider(provider()?)
        .with_safe_default_protocol_versions()
        .map_err(ConfigError::Tls)?
        .with_platform_verifier()
        .map_err(verifier_error)?;
    Ok(for_http1(builder.with_no_client_auth()))
}

/// Converts a verifier error, and adds the environment variables that were searched.
///
/// The platform verifier's error does not say where it looked for root certificates.
fn verifier_error(error: rustls::Error) -> ConfigError {
    let reads_variables = cfg!(all(unix, not(target_vendor = "apple")));
    match error {
        rustls::Error::General(_) if reads_variables => {
            let names = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
            let set = names.map(|name| Some((name, std::env::var_os(name)?)));
            let set = set.into_iter().flatten();
            let set = set.map(|(name, path)| format!("{name}={}", path.to_string_lossy()));
            ConfigError::NoRoots(set.collect())
        }
        other => ConfigError::Tls(other),
    }
}

/// Returns a configuration without root certificates, for use if no host uses TLS.
///
/// A small container may have no root certificates.
pub(super) fn without_roots() -> Result<ClientConfig, ConfigError> {
    let builder = ClientConfig::builder_with_provider(provider()?)
        .with_safe_default_protocol_versions()
        .map_err(ConfigError::Tls)?
        .with_root_certificates(RootCertStore::empty());
    Ok(for_http1(builder.with_no_client_auth()))
}

fn for_http1(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// Returns an explicit crypto provider.
///
/// A process-wide default may be missing or different, and a library must not install one.
fn provider() -> Result<Arc<CryptoProvider>, ConfigError> {
    #[cfg(feature = "tls-ring")]
    let provider = Ok(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(all(feature = "tls-aws-lc", not(feature = "tls-ring")))]
    let provider = Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
    let provider = Err(ConfigError::NoTlsProvider);
    provider
}
