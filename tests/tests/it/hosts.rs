//! Whichever hosts are configured, no token or signed request reaches an unintended host.

use std::sync::{Arc, Mutex};

use kucoin_streams::auth::HmacSigner;
use kucoin_streams::transport::{
    Connect, ConnectClass, ConnectError, WebSocketReader, WebSocketWriter,
};
use kucoin_streams::{Credentials, Hosts, Kucoin, ProAuthentication, RestTokens, WsKey};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::setup::*;
use kucoin_streams_testkit::proxy::*;
use kucoin_streams_testkit::tls::Authority;

/// Setting of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Unset,
    Local,
    Gateway,
    Kucoin,
}

use Set::{Gateway, Kucoin as AtKucoin, Local, Unset};

const EACH: [Set; 4] = [Unset, Local, Gateway, AtKucoin];

/// Connections, with the authentication of Pro V2.
const CONNECTIONS: [(WsKey, ProAuthentication); 4] = [
    (WsKey::SpotPrivateV1, ProAuthentication::Token),
    (WsKey::FuturesPrivateV1, ProAuthentication::Token),
    (WsKey::PrivateProV2, ProAuthentication::Token),
    (WsKey::PrivateProV2, ProAuthentication::Login),
];

/// All REST hosts, local and remote, behind a proxy for every request.
struct TestHosts {
    proxy: ProxyServer,
    /// Host and path of each request.
    requests: Arc<Mutex<Vec<String>>>,
    local_port: u16,
    trust: Arc<ClientConfig>,
}

impl TestHosts {
    async fn start() -> Self {
        let authority = Authority::new();
        let names = [
            "api.kucoin.com",
            "api-futures.kucoin.com",
            "rest.gateway.example",
            "futures.gateway.example",
        ];
        let tls = TlsAcceptor::from(authority.server(&names, |_| {}));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let local_port = listen(Arc::clone(&requests), None).await;
        let tls_port = listen(Arc::clone(&requests), Some(tls)).await;
        let setup = Setup {
            leads_to: Some(tls_port),
            ..HTTP
        };
        Self {
            proxy: ProxyServer::start(setup).await,
            requests,
            local_port,
            trust: authority.trust(),
        }
    }

    fn local(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.local_port)
    }

    fn hosts(&self, [spot, futures, pro]: [Set; 3]) -> Hosts {
        let mut hosts = Hosts::default()
            .with_trusted_suffix(".gateway.example")
            .unwrap();
        hosts = match spot {
            Unset => hosts,
            Local => hosts.with_spot_rest(&self.local("http")).unwrap(),
            Gateway => hosts
                .with_spot_rest("https://rest.gateway.example")
                .unwrap(),
            AtKucoin => hosts.with_spot_rest("https://api.kucoin.com").unwrap(),
        };
        hosts = match futures {
            Unset => hosts,
            Local => hosts.with_futures_rest(&self.local("http")).unwrap(),
            Gateway => hosts
                .with_futures_rest("https://futures.gateway.example")
                .unwrap(),
            AtKucoin => hosts
                .with_futures_rest("https://api-futures.kucoin.com")
                .unwrap(),
        };
        match pro {
            Unset => hosts,
            Local => hosts.with_pro_ws(&self.local("ws")).unwrap(),
            Gateway => hosts.with_pro_ws("wss://pro.gateway.example").unwrap(),
            AtKucoin => hosts.with_pro_ws("wss://wsapi-push.kucoin.com").unwrap(),
        }
    }

    /// Opens one connection; returns the REST requests, the dialled hosts, and the final error.
    async fn use_connection(
        &self,
        hosts: Hosts,
        (ws_key, authentication): (WsKey, ProAuthentication),
    ) -> (Vec<String>, Vec<String>, String) {
        let credentials = Credentials::new("key", "secret", "passphrase").unwrap();
        let source = RestTokens::builder(HmacSigner::new(&credentials))
            .hosts(hosts)
            .pro_authentication(authentication)
            .tls_config(Arc::clone(&self.trust))
            .proxy(self.proxy.url())
            .build()
            .unwrap();
        let dialled = Arc::new(Mutex::new(Vec::new()));
        let kucoin = Kucoin::builder()
            .tokens(source)
            .transport(Dials(Arc::clone(&dialled)))
            .config(fast_retries())
            .build()
            .unwrap();
        let error = soon(kucoin.wait_live(ws_key)).await.unwrap_err();
        soon(kucoin.close()).await;
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        let dialled = std::mem::take(&mut *dialled.lock().unwrap());
        (requests, dialled, error.to_string())
    }
}

/// Records the host of each dial and fails.
struct Dials(Arc<Mutex<Vec<String>>>);

impl Connect for Dials {
    type Reader = WebSocketReader;
    type Writer = WebSocketWriter;

    async fn connect(&self, url: &str) -> Result<(WebSocketReader, WebSocketWriter), ConnectError> {
        let (_, rest) = url.split_once("://").unwrap();
        let host = rest.split(['/', ':', '?']).next().unwrap();
        self.0.lock().unwrap().push(host.to_owned());
        Err(ConnectError::Other {
            class: ConnectClass::Fatal,
            source: "only the host is recorded".into(),
        })
    }
}

async fn listen(requests: Arc<Mutex<Vec<String>>>, tls: Option<TlsAcceptor>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (requests, tls) = (Arc::clone(&requests), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => answer(stream, &requests).await,
                    Some(tls) => answer(tls.accept(stream).await.unwrap(), &requests).await,
                }
            });
        }
    });
    port
}

/// Answers as the requested host: a V1 token names a server of the same place.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, requests: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else {
            return;
        };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let path = head.split(' ').nth(1).unwrap();
    let mut lines = head.lines();
    let host = lines.find_map(|line| line.strip_prefix("host: ")).unwrap();
    let host = host.split(':').next().unwrap();
    let signed = if head.contains("kc-api-sign:") {
        "signed"
    } else {
        "unsigned"
    };
    requests.lock().unwrap().push(format!("{signed} {host}"));
    let server = match host {
        "127.0.0.1" => "ws://127.0.0.1:9",
        _ if host.ends_with(".kucoin.com") => "wss://ws-api.kucoin.com",
        _ => "wss://ws.gateway.example",
    };
    let data = match path {
        "/api/v1/timestamp" => "1546837113087".to_owned(),
        "/api/v2/bullet-private" => r#"{"token":"canary"}"#.to_owned(),
        _ => format!(r#"{{"token":"canary","instanceServers":[{{"endpoint":"{server}"}}]}}"#),
    };
    let body = format!(r#"{{"code":"200000","data":{data}}}"#);
    let length = body.len();
    let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(reply.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// Returns the intended place of a host; `None` if unknown.
fn intended_place(all: [Set; 3], role: usize) -> Option<Set> {
    match all[role] {
        // The local exchange serves all hosts on one port.
        Unset if all[0] == Local => Some(Local),
        Unset if all.contains(&Local) || all.contains(&Gateway) => None,
        Unset => Some(AtKucoin),
        set => Some(set),
    }
}

/// Returns the hosts of a place: spot REST, futures REST, Pro V2, and the server of a V1 token.
fn names(place: Set) -> [&'static str; 4] {
    match place {
        Local | Unset => ["127.0.0.1"; 4],
        Gateway => [
            "rest.gateway.example",
            "futures.gateway.example",
            "pro.gateway.example",
            "ws.gateway.example",
        ],
        AtKucoin => [
            "api.kucoin.com",
            "api-futures.kucoin.com",
            "wsapi-push.kucoin.com",
            "ws-api.kucoin.com",
        ],
    }
}

#[tokio::test]
async fn no_host_setting_sends_secrets_to_the_wrong_host() {
    let world = TestHosts::start().await;
    for number in 0..4_usize.pow(3) {
        let all = [number / 16, number / 4 % 4, number % 4].map(|set| EACH[set]);
        for connection in CONNECTIONS {
            let (requests, dialled, error) =
                world.use_connection(world.hosts(all), connection).await;
            let role = usize::from(connection.0 == WsKey::FuturesPrivateV1);
            let is_pro = connection.0 == WsKey::PrivateProV2;
            let web_socket = if is_pro {
                intended_place(all, 2)
            } else {
                intended_place(all, role)
            };
            let what = format!("{all:?} {connection:?}: {error}");
            let expected = match (intended_place(all, role), web_socket) {
                (Some(rest), Some(web_socket))
                    if (rest == Local) == (web_socket == Local) || !is_pro =>
                {
                    let signed = match connection.1 {
                        ProAuthentication::Login => "unsigned",
                        _ => "signed",
                    };
                    let request = format!("{signed} {}", names(rest)[role]);
                    let server = names(web_socket)[if is_pro { 2 } else { 3 }];
                    (vec![request], vec![server.to_owned()])
                }
                (Some(_), Some(_)) => {
                    assert!(error.contains("do not belong together"), "{what}");
                    (vec![], vec![])
                }
                (rest, _) => {
                    let setter = match (rest, role) {
                        (Some(_), _) => "Hosts::with_pro_ws",
                        (None, 0) => "Hosts::with_spot_rest",
                        (None, _) => "Hosts::with_futures_rest",
                    };
                    assert!(error.contains(setter), "{what}");
                    (vec![], vec![])
                }
            };
            assert_eq!((requests, dialled), expected, "{what}");
        }
    }
    // The servers of this test are reachable only through the proxy.
    assert!(!world.proxy.targets().is_empty());
}

#[tokio::test]
async fn missing_host_is_a_fatal_error_of_the_first_subscription() {
    let local = "ws://127.0.0.1:1/pro";
    let kucoin = Kucoin::builder()
        .credentials(Credentials::new("key", "secret", "passphrase").unwrap())
        .hosts(Hosts::default().with_pro_ws(local).unwrap())
        .build()
        .unwrap();
    let subscribed = soon(kucoin.subscribe(kucoin_streams::v1::Balances)).await;
    let error = subscribed.unwrap_err().to_string();
    for words in [
        "the spot REST host is not set",
        "127.0.0.1",
        "with_spot_rest",
    ] {
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn one_url_is_enough_for_the_local_exchange() {
    let exchange = exchange(kucoin_streams_exchange::Faults::new()).await;
    let kucoin = Kucoin::builder()
        .credentials(credentials(&exchange))
        .hosts(Hosts::local(&exchange.rest_url()).unwrap())
        .config(fast_retries())
        .build()
        .unwrap();
    for ws_key in WsKey::ALL {
        soon(kucoin.wait_live(ws_key)).await.unwrap();
    }
    assert_eq!(exchange.stats().connections.len(), 3);
}
