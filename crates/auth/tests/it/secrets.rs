//! No secret reaches an error, a `Debug` text or a log, even if a server echoes the request.

use std::error::Error;
use std::fmt::Write;

use kucoin_streams_auth::rest::{ConfigError, ProAuthentication};
use kucoin_streams_core::{SourceError, WsKey};
use kucoin_streams_testkit::log::Log;

use crate::common::*;
use kucoin_streams_testkit::http::{Answer, Request, Server, json, reply};

/// Returns the text and `Debug` of an error and of all its sources.
fn full_text(error: &dyn Error) -> String {
    let mut text = format!("{error}\n{error:?}\n");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, "{error}\n{error:?}\n").unwrap();
        cause = error.source();
    }
    text
}

/// Returns every header of the request, as a careless gateway might echo them.
fn echo(request: &Request) -> String {
    request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect()
}

fn json_echo(request: &Request, code: &str) -> String {
    let echoed = echo(request).replace('\n', " ");
    format!(r#"{{"code":"{code}","msg":"refused {echoed}"}}"#)
}

fn answers() -> Vec<fn(&Request) -> Answer> {
    vec![
        |_| json(good_reply()),
        |_| json(v1_reply(&["wss://evil.example/"])),
        |_| json(v1_reply(&[])),
        |_| json(&good_reply()[..60]),
        |_| {
            Answer::Bytes(
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{}",
                    good_reply()
                )
                .into(),
            )
        },
        |_| Answer::Bytes(format!("{TOKEN}\r\n\r\n").into()),
        |request| reply(200, "", &echo(request)),
        |request| reply(403, "", &echo(request)),
        |request| reply(500, "", &echo(request)),
        |request| json(json_echo(request, "400004")),
        |request| json(json_echo(request, "999999")),
        |request| {
            reply(
                307,
                &format!("location: /x?sign={}\r\n", request.header("kc-api-sign")),
                "",
            )
        },
        |request| reply(429, "", &json_echo(request, "429000")),
    ]
}

#[tokio::test]
async fn errors_and_logs_contain_no_secret() {
    let log = Log::default();
    let _logging = log.listen();
    let mut printed = String::new();
    let mut secrets = vec![KEY.to_owned(), SECRET.to_owned(), PASSPHRASE.to_owned()];
    secrets.extend([
        TOKEN.to_owned(),
        ENCODED_TOKEN.to_owned(),
        TOKEN[..13].to_owned(),
    ]);
    for answer in answers() {
        let server = Server::answering(answer).await;
        let tokens = tokens(&server);
        match tokens.fetch(WsKey::SpotPrivateV1).await {
            Ok(info) => printed.push_str(&format!("{info:?}\n")),
            Err(error) => {
                printed.push_str(&full_text(&error));
                printed.push_str(&full_text(&SourceError::from(error)));
            }
        }
        printed.push_str(&format!("{tokens:?}\n"));
        for request in server.requests() {
            secrets.push(request.header("kc-api-sign").to_owned());
            secrets.push(request.header("kc-api-passphrase").to_owned());
        }
    }
    let logged = log.text();
    assert!(
        logged.contains("connection information fetched"),
        "{logged}"
    );
    assert!(logged.contains("refused the credentials"), "{logged}");
    printed.push_str(&logged);
    assert!(
        !printed.contains("/api/v1/bullet"),
        "a whole URL in {printed}"
    );
    for secret in secrets {
        assert!(!printed.contains(&secret), "{secret} in {printed}");
    }
}

#[tokio::test]
async fn debug_of_builder_and_login_shows_no_secret() {
    let server = Server::answering(|_| json(r#"{"code":"200000","data":1}"#)).await;
    let builder = builder(&server)
        .proxy("http://user:canary-proxy@127.0.0.1:9")
        .pro_authentication(ProAuthentication::Login);
    let mut printed = format!("{builder:?}");
    let info = builder
        .build()
        .unwrap()
        .fetch(WsKey::PrivateProV2)
        .await
        .unwrap();
    printed.push_str(&format!("{info:?}"));
    assert!(
        !printed.contains("canary") && !printed.contains(KEY),
        "{printed}"
    );
}

#[tokio::test]
async fn refused_proxy_url_is_not_shown() {
    let server = Server::answering(|_| json("")).await;
    for proxy in [
        "socks4://user:canary@127.0.0.1:9",
        "http://user:can#ary-canary@127.0.0.1:9",
        "http://user:canary@:x",
    ] {
        let error = builder(&server).proxy(proxy).build().unwrap_err();
        assert!(matches!(error, ConfigError::Proxy), "{error:?}");
        assert!(!full_text(&error).contains("canary"));
    }
}
