//! The TLS configuration, the handshake and its errors.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::ConnectError;

/// The TLS configuration of a connector, built at first use and shared by all its clones.
#[derive(Clone, Default)]
pub(super) struct Tls {
    config: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Uses the user's configuration with a new ALPN list, because its own may be for another protocol.
    pub(super) fn custom(config: Arc<ClientConfig>) -> Self {
        Self {
            config: Arc::new(OnceCell::new_with(Some(Arc::new(for_http1(
                (*config).clone(),
            ))))),
        }
    }

    pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<TlsStream<S>, ConnectError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| ConnectError::TlsConfiguration(error.into()))?;
        // Reading the platform's root certificates blocks for tens of milliseconds.
        let config = self
            .config
            .get_or_try_init(|| async {
                let built = tokio::task::spawn_blocking(platform_config).await;
                built
                    .unwrap_or_else(|error| Err(ConnectError::TlsConfiguration(error.into())))
                    .map(Arc::new)
            })
            .await?;
        TlsConnector::from(Arc::clone(config))
            .connect(name, stream)
            .await
            .map_err(handshake_error)
    }
}

fn for_http1(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn platform_config() -> Result<ClientConfig, ConnectError> {
    let unusable = |error| ConnectError::TlsConfiguration(error);
    let provider = provider().ok_or_else(|| {
        unusable("no crypto provider is compiled in; enable tls-ring or tls-aws-lc".into())
    })?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.into()))?
        .with_platform_verifier()
        .map_err(verifier_error)?
        .with_no_client_auth();
    Ok(for_http1(config))
}

/// Converts a verifier error, and adds the environment variables that were searched.
///
/// The platform verifier's error does not say where it looked for root certificates.
fn verifier_error(error: rustls::Error) -> ConnectError {
    let reads_variables = cfg!(all(unix, not(target_vendor = "apple")));
    match error {
        rustls::Error::General(_) if reads_variables => {
            let names = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
            let set = names.map(|name| Some((name, std::env::var_os(name)?)));
            let set = set.into_iter().flatten();
            let set = set.map(|(name, path)| format!("{name}={}", path.to_string_lossy()));
            ConnectError::NoRoots(set.collect())
        }
        other => ConnectError::TlsConfiguration(other.into()),
    }
}

/// Returns an explicit crypto provider; `None` if none is compiled in.
///
/// A process-wide default may be missing or different.
fn provider() -> Option<Arc<CryptoProvider>> {
    #[cfg(feature = "tls-ring")]
    let provider = Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(all(feature = "tls-aws-lc", not(feature = "tls-ring")))]
    let provider = Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
    let provider = None;
    provider
}

/// Converts a handshake error: untrusted certificate, server without TLS, or another failure.
fn handshake_error(error: io::Error) -> ConnectError {
    let cause = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            ConnectError::Certificate(error.into())
        }
        Some(rustls::Error::InvalidMessage(_)) => ConnectError::NotTls,
        _ => ConnectError::Tls(error),
    }
}
