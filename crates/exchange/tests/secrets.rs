//! Logs of any level and `Debug` output contain no token, key, secret, signature or passphrase.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use kucoin_streams_exchange::{Effect, Exchange};
use support::*;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

/// Collects all log output as text.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<String>>);

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl Visit for Capture {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0
            .lock()
            .unwrap()
            .push_str(&format!("{field}={value:?}\n"));
    }
}

#[tokio::test]
async fn logs_and_debug_output_contain_no_secret() {
    let capture = Capture::default();
    let guard = tracing::subscriber::set_default(capture.clone());
    let exchange = Exchange::builder().start().await.unwrap();
    let token = token(&exchange).await;
    let who = exchange.credentials().clone();
    let path = "/api/v1/bullet-private";
    let mut headers = signed_headers(&who, path, now_ms());
    let sign = headers[1].1.clone();
    let passphrase = headers[3].1.clone();
    headers[1].1 = "wrong".to_owned();
    http(&exchange, "POST", path, &headers).await;
    let mut socket = Socket::upgrade(&exchange, &format!("token={token}")).await;
    socket.text().await;
    exchange.inject(Effect::Cut(kucoin_streams_exchange::Cut::Eof));
    assert_eq!(socket.read().await, Read::Eof);
    let mut refused = Socket::upgrade(&exchange, &format!("token={token}")).await;
    refused.text().await;
    let reply = request_token_at(&exchange, "/api/v2/bullet-private").await;
    let pro_token = reply.json()["data"]["token"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let mut pro = Socket::upgrade_at(&exchange, &format!("/pro?token={pro_token}")).await;
        assert!(matches!(pro.read().await, Read::Binary(_)));
    }
    let debug = format!(
        "{exchange:?} {:?} {:?} {:?} {:?}",
        exchange.stats(),
        (exchange.truth(), exchange.pro_truth()),
        who,
        exchange.account()
    );
    exchange.shutdown().await;
    drop(guard);
    let logged = capture.0.lock().unwrap().clone();
    assert!(
        logged.contains("connection closed"),
        "logs are captured: {logged}"
    );
    for secret in [
        &token,
        &pro_token,
        &sign,
        &passphrase,
        &who.key,
        &who.secret,
        &who.passphrase,
    ] {
        assert!(!logged.contains(secret.as_str()) && !debug.contains(secret.as_str()));
    }
}
