//! TLS: which configuration is used, and what a failed handshake means.

use std::error::Error;
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

/// The TLS configuration of a connector, built at its first use and shared by all its clones.
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
    /// A configuration brought by the user, whose ALPN list may have been made for other purposes.
    pub(super) fn own(config: Arc<ClientConfig>) -> Self {
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
        // Reading the platform's root certificates takes tens of milliseconds of file access.
        let config = self
            .config
            .get_or_try_init(|| async {
                let built = tokio::task::spawn_blocking(platform_config).await;
                built
                    .unwrap_or_else(|error| Err(error.into()))
                    .map(Arc::new)
                    .map_err(ConnectError::TlsConfiguration)
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

fn platform_config() -> Result<ClientConfig, Box<dyn Error + Send + Sync>> {
    let provider =
        provider().ok_or("no cryptography is compiled in; enable tls-ring or tls-aws-lc")?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(for_http1(config))
}

/// The provider is always named: a process-wide default may be missing or belong to someone else.
fn provider() -> Option<Arc<CryptoProvider>> {
    #[cfg(feature = "tls-ring")]
    let provider = Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(all(feature = "tls-aws-lc", not(feature = "tls-ring")))]
    let provider = Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
    let provider = None;
    provider
}

/// A certificate that was refused is told apart from a handshake that broke.
fn handshake_error(error: io::Error) -> ConnectError {
    let cause = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            ConnectError::Certificate(error.into())
        }
        _ => ConnectError::Tls(error),
    }
}
