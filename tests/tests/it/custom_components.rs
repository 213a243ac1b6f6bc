//! Custom token sources and transports.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use kucoin_streams::core::{ConnectionInfo, ConnectionSource, RetryPolicy, SecretUrl, SourceError};
use kucoin_streams::transport::{
    CloseFrame, Connect, ConnectError, Message, Outgoing, ReadError, Reader, WebSocketConnector,
    WriteError, Writer, memory,
};
use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams::{Kucoin, RestTokens, SubscribeError, WsKey};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Faults};

use crate::independent_exchange::balance;
use crate::setup::*;

/// Calls the default source and counts the calls.
struct Counted {
    inner: RestTokens,
    calls: Arc<AtomicU32>,
}

impl ConnectionSource for Counted {
    async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.connection_info(ws_key).await
    }
}

fn tokens(exchange: &Exchange) -> RestTokens {
    let signer = kucoin_streams::auth::HmacSigner::new(&credentials(exchange));
    let builder = RestTokens::builder(signer).hosts(hosts(&exchange.rest_url()));
    builder.build().unwrap()
}

#[tokio::test]
async fn custom_token_source_is_called_once_per_dial() {
    let exchange = exchange(Faults::new()).await;
    let calls = Arc::new(AtomicU32::new(0));
    let source = Counted {
        inner: tokens(&exchange),
        calls: Arc::clone(&calls),
    };
    let kucoin = Kucoin::builder()
        .tokens(source)
        .config(fast_retries())
        .build()
        .unwrap();
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    for dials in 1..=3 {
        assert_eq!(calls.load(Ordering::Relaxed), dials);
        exchange.inject(Effect::Cut(Cut::Reset));
        lifecycle.reconnected().await;
        assert!(next(&mut balances).await.is_err());
    }
}

/// Fails with these policies in order, then fatally.
struct Failing(Mutex<Vec<RetryPolicy>>);

impl ConnectionSource for Failing {
    async fn connection_info(&self, _: WsKey) -> Result<ConnectionInfo, SourceError> {
        let class = self.0.lock().unwrap().pop();
        let class = class.unwrap_or(RetryPolicy::Refused);
        Err(SourceError::new(class, "refused by the token service").with_code("nope"))
    }
}

#[tokio::test]
async fn retry_policy_of_a_source_error_is_followed() {
    let failing = Failing(Mutex::new(vec![
        RetryPolicy::Transient,
        RetryPolicy::Transient,
    ]));
    let kucoin = Kucoin::builder()
        .tokens(failing)
        .config(fast_retries())
        .build()
        .unwrap();
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let error = soon(kucoin.subscribe(Balances)).await.unwrap_err();
    assert!(
        matches!(&error, SubscribeError::Closed(closed) if closed.is_refusal()),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("refused by the token service"),
        "{error}"
    );
    assert_eq!(
        lifecycle.summaries(),
        [
            "reconnect 1 token",
            "reconnect 2 token",
            "exception, fatal",
            "close"
        ]
    );
}

/// Wraps the default transport and records every frame.
struct Recording {
    inner: WebSocketConnector,
    tape: Arc<Mutex<Vec<String>>>,
}

struct Tape<H> {
    half: H,
    tape: Arc<Mutex<Vec<String>>>,
}

impl<H> Tape<H> {
    fn note(&self, mark: char, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        self.tape.lock().unwrap().push(format!("{mark}{text}"));
    }
}

impl Connect for Recording {
    type Reader = Tape<<WebSocketConnector as Connect>::Reader>;
    type Writer = Tape<<WebSocketConnector as Connect>::Writer>;

    async fn connect(&self, url: &str) -> Result<(Self::Reader, Self::Writer), ConnectError> {
        let (reader, writer) = self.inner.connect(url).await?;
        let tape = || Arc::clone(&self.tape);
        Ok((
            Tape {
                half: reader,
                tape: tape(),
            },
            Tape {
                half: writer,
                tape: tape(),
            },
        ))
    }
}

impl<R: Reader> Reader for Tape<R> {
    async fn read(&mut self) -> Result<Message, ReadError> {
        let message = self.half.read().await?;
        if let Message::Text(text) = &message {
            self.note('<', text);
        }
        Ok(message)
    }
}

impl<W: Writer> Writer for Tape<W> {
    async fn send(&mut self, message: Outgoing<'_>) -> Result<(), WriteError> {
        if let Outgoing::Text(text) = message {
            self.note('>', text.as_bytes());
        }
        self.half.send(message).await
    }

    async fn close(&mut self, frame: Option<CloseFrame>) -> Result<(), WriteError> {
        self.note('>', b"close");
        self.half.close(frame).await
    }
}

#[tokio::test]
async fn wrapping_transport_sees_every_frame() {
    let exchange = exchange(Faults::new()).await;
    let tape = Arc::new(Mutex::new(Vec::new()));
    let transport = Recording {
        inner: WebSocketConnector::new(),
        tape: Arc::clone(&tape),
    };
    let kucoin = Kucoin::builder()
        .credentials(credentials(&exchange))
        .hosts(hosts(&exchange.rest_url()))
        .transport(transport)
        .config(fast_retries())
        .build()
        .unwrap();
    let mut orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    exchange.account().step(20);
    assert_eq!(
        all_events(&mut orders, &exchange, ORDERS).await,
        truth_of(&exchange, ORDERS)
    );
    soon(kucoin.close()).await;

    let tape = tape.lock().unwrap();
    let pushed: Vec<&str> = tape
        .iter()
        .filter_map(|line| line.strip_prefix("<{\"topic\""))
        .collect();
    let truth = exchange.truth().of_topic(ORDERS);
    let truth: Vec<&str> = truth
        .iter()
        .filter_map(|entry| entry.frame.strip_prefix("{\"topic\""))
        .collect();
    assert!(truth.len() > 20, "{}", truth.len());
    assert_eq!(pushed, truth);
    assert!(tape[0].contains("welcome"), "{}", tape[0]);
    assert!(
        tape[1].starts_with(">{") && tape[1].contains("subscribe"),
        "{}",
        tape[1]
    );
    assert_eq!(tape.last().unwrap(), ">close");
}

/// Returns numbered URLs.
#[derive(Default)]
struct Numbered(AtomicU32);

impl ConnectionSource for Numbered {
    async fn connection_info(&self, ws_key: WsKey) -> Result<ConnectionInfo, SourceError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let url = format!("wss://exchange.test/{ws_key}?token={number}");
        Ok(ConnectionInfo::new(SecretUrl::new(url)))
    }
}

/// Acts as the server of one dial: welcome, one acknowledgement, one push.
async fn serve(listener: &mut memory::Listener, token: u32, total: &str) -> memory::Peer {
    let dial = listener.accept().await.unwrap();
    assert_eq!(
        dial.url(),
        format!("wss://exchange.test/spotPrivateV1?token={token}")
    );
    let mut peer = dial.accept();
    peer.send_text(r#"{"id":"x","type":"welcome"}"#)
        .await
        .unwrap();
    let Some(Message::Text(request)) = peer.receive().await else {
        panic!("no request");
    };
    let request: serde_json::Value = serde_json::from_slice(&request).unwrap();
    assert_eq!(request["topic"], BALANCE);
    peer.send_text(format!(r#"{{"id":{},"type":"ack"}}"#, request["id"]))
        .await
        .unwrap();
    peer.send_text(balance(total)).await.unwrap();
    peer
}

#[tokio::test]
async fn custom_source_and_transport_need_no_socket() {
    let (dialer, mut listener) = memory::pair();
    let kucoin = Kucoin::builder()
        .tokens(Numbered::default())
        .transport(dialer)
        .config(fast_retries())
        .build()
        .unwrap();
    let (balances, peer) =
        soon(async { tokio::join!(kucoin.subscribe(Balances), serve(&mut listener, 1, "1.0")) })
            .await;
    let mut balances = balances.unwrap();
    assert_eq!(event(&mut balances).await.total.unwrap().to_string(), "1.0");
    peer.cut();
    let _peer = soon(serve(&mut listener, 2, "2.00")).await;
    assert_eq!(outage(&mut balances).await.epoch, 2);
    assert_eq!(
        event(&mut balances).await.total.unwrap().to_string(),
        "2.00"
    );
}
