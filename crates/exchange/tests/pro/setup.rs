//! A Pro V2 client for the tests.

use kucoin_streams_exchange::{Decimal, Exchange};
use serde_json::Value;

use crate::support::*;

pub(crate) const TOKEN: &str = "/api/v2/bullet-private";

pub(crate) async fn quiet() -> Exchange {
    Exchange::builder().start().await.unwrap()
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Requests a Pro V2 token, without encoding it.
pub(crate) async fn token(exchange: &Exchange) -> String {
    let reply = request_token_at(exchange, TOKEN).await;
    assert_eq!(reply.code(), "200000");
    reply.json()["data"]["token"].as_str().unwrap().to_owned()
}

/// A Pro V2 connection; every message must be JSON in a binary frame.
pub(crate) struct Pro {
    pub(crate) socket: Socket,
}

impl Pro {
    /// Connects with a new token and reads the welcome.
    pub(crate) async fn connect(exchange: &Exchange) -> Self {
        let token = percent_encoded(&token(exchange).await);
        Self::at(exchange, &format!("/pro?token={token}")).await
    }

    /// Connects with this path and query, and reads the welcome.
    pub(crate) async fn at(exchange: &Exchange, target: &str) -> Self {
        let socket = Socket::upgrade_at(exchange, target).await;
        let mut pro = Self { socket };
        let welcome = pro.json().await;
        assert_eq!(welcome["message"], "welcome");
        assert_eq!(welcome["sessionId"].as_str().unwrap().len(), 36);
        assert_eq!(welcome["pingInterval"], 18_000);
        pro
    }

    /// Connects and subscribes to channels, written as `orderAll?tradeType=UNIFIED`.
    pub(crate) async fn subscribed(exchange: &Exchange, topics: &[&str]) -> Self {
        let mut pro = Self::connect(exchange).await;
        for topic in topics {
            let answer = pro.ask(&subscribe("s", topic)).await;
            assert_eq!(answer, r#"{"id":"s","result":true}"#);
        }
        pro
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(text).await;
    }

    /// Returns the next message, which must be a binary frame.
    pub(crate) async fn text(&mut self) -> String {
        match self.socket.read().await {
            Read::Binary(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("expected a binary frame, got {other:?}"),
        }
    }

    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    pub(crate) async fn ask(&mut self, text: &str) -> String {
        self.send(text).await;
        self.text().await
    }
}

/// Returns a request for a channel written as `orderAll?tradeType=UNIFIED`.
pub(crate) fn subscribe(id: &str, topic: &str) -> String {
    request(id, "SUBSCRIBE", topic)
}

pub(crate) fn request(id: &str, action: &str, topic: &str) -> String {
    let (channel, parameters) = topic.split_once('?').unwrap_or((topic, ""));
    let mut request = format!(r#"{{"id":"{id}","action":"{action}","channel":"{channel}""#);
    for pair in parameters.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap();
        request.push_str(&format!(r#","{key}":"{value}""#));
    }
    request + "}"
}
