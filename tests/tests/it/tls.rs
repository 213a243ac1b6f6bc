//! The whole way over TLS: a token over https and events over wss, from whom is trusted and from nobody else.

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::auth::HmacSigner;
use kucoin_streams::pro::TradeType;
use kucoin_streams::v1::Balances;
use kucoin_streams::{Config, FastWebSocket, Kucoin, LifecycleEvent, RestTokens, SubscribeError};
use kucoin_streams_exchange::{Cut, DialFault, Effect, Exchange, Faults};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::rig::*;

pub(crate) struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = parameters.self_signed(&key).unwrap().der().clone();
        Self {
            root,
            issuer: Issuer::new(parameters, key),
        }
    }

    /// A server with a certificate for these hosts.
    pub(crate) fn server(
        &self,
        hosts: &[&str],
        change: impl Fn(&mut CertificateParams),
    ) -> Arc<ServerConfig> {
        let mut parameters = CertificateParams::new(
            hosts
                .iter()
                .map(|&host| host.to_owned())
                .collect::<Vec<_>>(),
        )
        .unwrap();
        change(&mut parameters);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        Arc::new(config)
    }

    /// An exchange with a certificate for this host.
    async fn exchange(
        &self,
        host: &str,
        faults: Faults,
        change: impl Fn(&mut CertificateParams),
    ) -> Exchange {
        let builder = Exchange::builder().seed(7).faults(faults);
        let config = self.server(&[host], change);
        builder.tls(config).start().await.unwrap()
    }

    pub(crate) async fn good_exchange(&self, faults: Faults) -> Exchange {
        self.exchange("localhost", faults, |_| {}).await
    }

    /// What trusts this authority alone.
    pub(crate) fn trust(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

/// A client that trusts one authority for its tokens, and one for its sockets.
fn client_that_trusts(
    exchange: &Exchange,
    (tokens, sockets): (&Authority, &Authority),
    config: Config,
) -> Kucoin {
    let source = RestTokens::builder(HmacSigner::new(&credentials(exchange)))
        .hosts(hosts_of(exchange))
        .tls_config(tokens.trust())
        .build()
        .unwrap();
    Kucoin::builder()
        .transport(FastWebSocket::new().with_tls_config(sockets.trust()))
        .tokens(source)
        .config(config)
        .build()
        .unwrap()
}

/// Subscribes, and is told that the certificate is at fault; no token goes to such a server.
async fn check_refused(exchange: &Exchange, trusts: (&Authority, &Authority)) {
    let kucoin = client_that_trusts(exchange, trusts, quick());
    let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
    assert!(matches!(error, SubscribeError::Closed(_)), "{error:?}");
    let text = error.to_string().to_lowercase();
    for words in [
        "certificate of",
        "is not trusted: ",
        "; check this machine's clock",
        "captive portal",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(exchange.stats().connections.is_empty());
}

#[tokio::test]
async fn tokens_come_over_https_and_events_over_wss() {
    let authority = Authority::new();
    let exchange = authority.good_exchange(Faults::new()).await;
    assert!(exchange.rest_url().starts_with("https://localhost:"));
    let kucoin = client_that_trusts(&exchange, (&authority, &authority), quick());
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    let orders = kucoin_streams::pro::Orders::all(TradeType::Unified);
    let mut orders = soon(kucoin.subscribe(orders)).await.unwrap();
    exchange.account().step(50);
    assert_eq!(
        all_events(&mut balances, &exchange, BALANCE).await,
        truth_of(&exchange, BALANCE)
    );
    for _ in 0..exchange.pro_truth().total_of("orderAll.UNIFIED") {
        event(&mut orders).await;
    }
    assert_eq!(exchange.stats().tokens_issued, 2);
}

#[tokio::test]
async fn an_unknown_issuer_is_refused_for_tokens_and_for_sockets() {
    let (known, unknown) = (Authority::new(), Authority::new());
    let exchange = known.good_exchange(Faults::new()).await;
    check_refused(&exchange, (&unknown, &known)).await;
    assert_eq!(exchange.stats().tokens_issued, 0);
    check_refused(&exchange, (&known, &unknown)).await;
    assert_eq!(exchange.stats().tokens_issued, 1, "fatal at the first dial");
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused() {
    let authority = Authority::new();
    let exchange = authority
        .exchange("exchange.test", Faults::new(), |_| {})
        .await;
    check_refused(&exchange, (&authority, &authority)).await;
    assert_eq!(exchange.stats().tokens_issued, 0);
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let expired = |parameters: &mut CertificateParams| {
        parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
    };
    let exchange = authority
        .exchange("localhost", Faults::new(), expired)
        .await;
    check_refused(&exchange, (&authority, &authority)).await;
    assert_eq!(exchange.stats().tokens_issued, 0);
}

#[tokio::test]
async fn an_end_without_the_farewell_of_tls_is_a_loss_that_mends_itself() {
    let authority = Authority::new();
    for cut in [Cut::Eof, Cut::Reset] {
        let exchange = authority.good_exchange(Faults::new()).await;
        let kucoin = client_that_trusts(&exchange, (&authority, &authority), quick());
        let mut told = Told::of(&kucoin);
        let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
        exchange.inject(Effect::Cut(cut));
        told.reconnected().await;
        assert_eq!(outage(&mut balances).await.epoch, 2);
        exchange.account().deposit("USDT", 1.into()).unwrap();
        event(&mut balances).await;
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_is_given_up() {
    let authority = Authority::new();
    // The first connection is for the token, the second one for the socket.
    let stall = Effect::Dial(DialFault::Stall);
    let exchange = authority
        .good_exchange(Faults::new().on_dial(2, stall))
        .await;
    let source = RestTokens::builder(HmacSigner::new(&credentials(&exchange)))
        .hosts(hosts_of(&exchange))
        .tls_config(authority.trust())
        .build()
        .unwrap();
    let socket = FastWebSocket::new()
        .with_tls_config(authority.trust())
        .with_tls_timeout(Duration::from_secs(1));
    let kucoin = Kucoin::builder()
        .transport(socket)
        .tokens(source)
        .config(quick())
        .build()
        .unwrap();
    let mut told = Told::of(&kucoin);
    soon(kucoin.subscribe(Balances)).await.unwrap();
    told.words();
    let LifecycleEvent::Reconnect { cause, .. } = &told.events[0] else {
        panic!("{:?}", told.events);
    };
    assert!(
        cause.message.to_lowercase().contains("tls"),
        "{}",
        cause.message
    );
    assert_eq!(exchange.stats().tokens_issued, 2);
}
