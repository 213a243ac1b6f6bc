//! The builder: settings that cannot be combined, and parts chosen at run time.

#![allow(clippy::unwrap_used, clippy::panic)]

use kucoin_streams::auth::rest::ProAuthentication;
use kucoin_streams::auth::{HmacSigner, Prehash, SignError, Signed};
use kucoin_streams::core::{Inbound, Protocol, ProtocolLimits, RequestId, TopicMatch, WireError};
use kucoin_streams::transport::{Message, memory};
use kucoin_streams::{
    BuildError, Config, ConnectionInfo, ConnectionKind, ConnectionRuntime, ConnectionSource,
    Credentials, DynConnect, DynConnectionSource, DynSign, Hosts, Kucoin, KucoinBuilder, Proxy,
    SecretUrl, Sign, SourceError, WebSocketConnector, WsKey, v1,
};

fn credentials() -> Credentials {
    Credentials::new("65f0c1b2a3d4e5f60718293a", "3f1c2b4a-secret", "passphrase").unwrap()
}

/// A token source that always returns the same URL.
struct Fixed;

impl ConnectionSource for Fixed {
    async fn connection_info(&self, _: WsKey) -> Result<ConnectionInfo, SourceError> {
        Ok(ConnectionInfo::new(SecretUrl::new(
            "wss://host.test/?token=t",
        )))
    }
}

#[test]
fn settings_without_effect_are_refused_by_name() {
    let proxy = || Proxy::new("http://proxy.example:3128").unwrap();
    let tokens = || Kucoin::builder().tokens(Fixed);
    let cases: [(KucoinBuilder, &str, &str); 7] = [
        (tokens().credentials(credentials()), "credentials", "tokens"),
        (
            tokens().signer(HmacSigner::new(&credentials())),
            "signer",
            "tokens",
        ),
        (
            Kucoin::builder()
                .signer(HmacSigner::new(&credentials()))
                .credentials(credentials()),
            "credentials",
            "signer",
        ),
        (tokens().hosts(Hosts::default()), "hosts", "tokens"),
        (
            tokens().pro_authentication(ProAuthentication::Login),
            "pro_authentication",
            "tokens",
        ),
        (tokens().proxy(proxy()), "proxy", "tokens"),
        (
            Kucoin::builder()
                .credentials(credentials())
                .transport(WebSocketConnector::new())
                .proxy(proxy()),
            "proxy",
            "transport",
        ),
    ];
    for (builder, setting, other) in cases {
        let error = builder.build().unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("`{setting}` cannot be combined with `{other}`: ")),
            "{text}"
        );
    }
    assert!(matches!(
        Kucoin::builder().build(),
        Err(BuildError::NoCredentials)
    ));
    assert!(
        Kucoin::builder()
            .credentials(credentials())
            .proxy(None)
            .build()
            .is_ok()
    );
}

/// A signer without access to the secret.
struct Remote(HmacSigner);

impl Sign for Remote {
    async fn sign(&self, prehash: &Prehash) -> Result<Signed, SignError> {
        self.0.sign(prehash).await
    }
}

#[test]
fn signer_replaces_credentials() {
    let signer: Box<dyn DynSign> = Box::new(Remote(HmacSigner::new(&credentials())));
    let kucoin = Kucoin::builder().signer(signer).build().unwrap();
    assert!(kucoin.rest_tokens().is_some());
}

#[tokio::test]
async fn transport_and_tokens_are_chosen_at_run_time() {
    let (dialer, mut listener) = memory::pair();
    let transport: Box<dyn DynConnect> = match std::hint::black_box(true) {
        true => Box::new(dialer),
        false => Box::new(WebSocketConnector::new()),
    };
    let tokens: Box<dyn DynConnectionSource> = Box::new(Fixed);
    let kucoin = Kucoin::builder()
        .transport(transport)
        .tokens(tokens)
        .config(Config::default().with_runtime(ConnectionRuntime::Current))
        .build()
        .unwrap();
    let (orders, mut peer) = tokio::join!(kucoin.subscribe(v1::SpotOrders), async {
        let mut peer = listener.accept().await.unwrap().accept();
        peer.send_text(r#"{"id":"1","type":"welcome"}"#)
            .await
            .unwrap();
        let Some(Message::Text(request)) = peer.receive().await else {
            panic!("a request");
        };
        let request = String::from_utf8(request.to_vec()).unwrap();
        peer.send_text(&request.replace(r#""subscribe""#, r#""ack""#))
            .await
            .unwrap();
        peer
    });
    assert_eq!(orders.unwrap().topic(), &v1::SpotOrders);
    drop(kucoin);
    assert!(peer.receive().await.is_some());
}

/// A custom protocol with frames of words.
struct Words;

impl Protocol for Words {
    type Request = String;

    const LIMITS: ProtocolLimits =
        ProtocolLimits::new(100, std::time::Duration::from_secs(10), None);

    fn classify(frame: &str) -> Result<Inbound<'_>, WireError> {
        Ok(match frame.split_once(' ') {
            None => Inbound::Welcome {
                id: None,
                ping_interval: None,
            },
            Some(("ack", id)) => Inbound::Ack { id: id.into() },
            Some((topic, _)) => Inbound::Message {
                topic: topic.into(),
            },
        })
    }

    fn match_topic(request: &String, pushed: &str) -> TopicMatch {
        if request == pushed {
            TopicMatch::Exact
        } else {
            TopicMatch::None
        }
    }

    fn subscribe(id: RequestId, request: &String, out: &mut String) {
        *out += &format!("{id} {request}");
    }

    fn unsubscribe(id: RequestId, request: &String, out: &mut String) {
        *out += &format!("{id} -{request}");
    }

    fn ping(id: RequestId, out: &mut String) {
        *out += &format!("{id} ping");
    }
}

/// A custom connection kind with its own key.
struct OwnKind;

impl ConnectionKind for OwnKind {
    type Protocol = Words;
    const WS_KEY: WsKey = WsKey::new("ownKind");
}

#[tokio::test]
async fn custom_connection_kind_belongs_to_the_client() {
    let (dialer, mut listener) = memory::pair();
    let kucoin = Kucoin::builder()
        .transport(dialer)
        .tokens(Fixed)
        .config(Config::default().with_runtime(ConnectionRuntime::Current))
        .build()
        .unwrap();
    let key = WsKey::new("ownKind");
    assert!(
        kucoin.wait_live(key).await.is_err(),
        "no connection of this kind yet"
    );
    let connections = kucoin.connections::<OwnKind>();
    let (live, _peer) = tokio::join!(connections.wait_live(), async {
        let peer = listener.accept().await.unwrap().accept();
        peer.send_text("welcome").await.unwrap();
        peer
    });
    live.unwrap();
    assert_eq!(
        kucoin.state(key),
        Some(kucoin_streams::ConnectionState::Live)
    );
    assert!(kucoin.wait_live(key).await.is_ok());
    kucoin.close().await;
}
