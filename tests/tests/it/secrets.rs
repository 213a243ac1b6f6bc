//! No secret is ever printed: runs complete sessions and searches all logs and all printable values for every secret
//! that was sent.

use std::fmt;

use kucoin_streams::client::ConnectionRuntime;
use kucoin_streams::v1::{Balances, SpotOrders};
use kucoin_streams::{Config, Credentials, Hosts, Kucoin, LifecycleEvent, SubscribeError};
use kucoin_streams_exchange::{DemoCredentials, Exchange};
use kucoin_streams_testkit::http::raw_server;
use kucoin_streams_testkit::log::Log;

use crate::independent_exchange::{behaviour, client_of};
use crate::log_capture::{listen, write};
use crate::setup::*;
use kucoin_streams_testkit::independent_exchange::{
    Api, Behaviour, IndependentExchange, KEY, PASSPHRASE, Refusal, SECRET,
};

fn check(log: &Log, secrets: &[String]) {
    let log = log.text();
    for secret in secrets {
        assert!(secret.len() >= 8, "{secret} would be found anywhere");
        if let Some(line) = log.lines().find(|line| line.contains(secret.as_str())) {
            panic!("{secret} is printed: {line}");
        }
    }
}

/// Returns a configuration whose connections run, and log, on the captured thread.
fn current_runtime_config() -> Config {
    fast_retries().with_runtime(ConnectionRuntime::Current)
}

#[tokio::test]
async fn complete_session_prints_no_secret() {
    let (log, guard) = listen();
    let refuses = Some(Refusal::not_found(STOPS));
    let server = IndependentExchange::start(
        Api::V1,
        Behaviour {
            drops_after_topics: Some(2),
            refuses,
            ..behaviour()
        },
    )
    .await;
    let kucoin = client_of(&server, current_runtime_config());
    let show = |what: &dyn fmt::Debug| write(&log, format_args!("shown {what:?} {what:#?}"));
    let mut lifecycle = LifecycleLog::of(&kucoin);
    let orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    lifecycle.reconnected().await;
    let error = soon(kucoin.subscribe(kucoin_streams::v1::SpotStopOrders))
        .await
        .unwrap_err();
    write(&log, format_args!("error {error}"));
    while let Some(item) = balances.try_next() {
        show(&item);
    }
    soon(kucoin.close()).await;
    lifecycle.summaries();
    show(&(
        &kucoin,
        kucoin.rest_tokens(),
        &orders,
        &balances,
        &error,
        &lifecycle.events,
    ));
    show(&Kucoin::builder().credentials(Credentials::new(KEY, SECRET, PASSPHRASE).unwrap()));
    drop(guard);

    let mut secrets = server.seen().secrets;
    assert_eq!(secrets.len(), 8, "secrets of two dials");
    secrets.extend([SECRET, PASSPHRASE, KEY].map(str::to_owned));
    check(&log, &secrets);
    let log = log.text();
    for wanted in [
        "connection information fetched",
        "attempt 1 in",
        "log reqwest",
        "shown",
        "Reconnected",
    ] {
        assert!(
            log.contains(wanted),
            "{wanted} was not logged, so its absence shows nothing"
        );
    }
}

#[tokio::test]
async fn refused_credentials_are_never_printed() {
    let (log, guard) = listen();
    let right = DemoCredentials::new(KEY, SECRET, PASSPHRASE);
    let exchange = Exchange::builder()
        .credentials(right)
        .start()
        .await
        .unwrap();
    let wrong = [
        Credentials::new(KEY, "canary-wrong-secret", PASSPHRASE).unwrap(),
        Credentials::new(KEY, SECRET, "canary-wrong-passphrase").unwrap(),
        Credentials::new("canary-wrong-key", SECRET, PASSPHRASE).unwrap(),
    ];
    for credentials in wrong {
        let kucoin = client_of_exchange(&exchange, credentials);
        let mut lifecycle = LifecycleLog::of(&kucoin);
        let error: SubscribeError = soon(kucoin.subscribe(Balances)).await.unwrap_err();
        lifecycle.summaries();
        write(
            &log,
            format_args!("shown {error} {error:?} {:?} {kucoin:?}", lifecycle.events),
        );
    }
    write(
        &log,
        format_args!("shown {exchange:?} {:?}", exchange.credentials()),
    );
    drop(guard);
    let canaries = [
        "canary-wrong-secret",
        "canary-wrong-passphrase",
        "canary-wrong-key",
        SECRET,
        PASSPHRASE,
        KEY,
    ];
    check(&log, &canaries.map(str::to_owned));
    assert!(log.text().contains("400004"));
}

fn client_of_exchange(exchange: &Exchange, credentials: Credentials) -> Kucoin {
    crate::setup::client_of(exchange, credentials, current_runtime_config())
}

#[tokio::test]
async fn failing_token_request_prints_no_secret() {
    let (log, guard) = listen();
    let faults = "token 1: token-truncated\ntoken 2: token-cut-body\ntoken 3: token-server-error";
    let exchange = Exchange::builder()
        .credentials(DemoCredentials::new(KEY, SECRET, PASSPHRASE))
        .faults(faults.parse().unwrap())
        .start()
        .await
        .unwrap();
    let kucoin = client_of_exchange(
        &exchange,
        Credentials::new(KEY, SECRET, PASSPHRASE).unwrap(),
    );
    let mut lifecycle = LifecycleLog::of(&kucoin);
    soon(kucoin.subscribe(Balances)).await.unwrap();
    lifecycle.summaries();
    assert_eq!(lifecycle.events.len(), 5, "{:?}", lifecycle.events);
    write(&log, format_args!("shown {:?}", lifecycle.events));
    drop(guard);
    // The truncated response has half a token; nothing after its key may be printed.
    check(&log, &[SECRET, PASSPHRASE, KEY].map(str::to_owned));
    let log = log.text();
    let after_name = log.split("\"token").skip(1);
    for shown in after_name {
        assert!(
            shown.contains("redacted"),
            "a token may be shown: {}",
            &shown[..shown.len().min(80)]
        );
    }
}

/// A token that the server repeats in every text, unchanged and as a lower-case host.
const REPEATED: &str = "2neAiuYvAU61ZDXANAGAsiL4-iAExhsBXZxftpOehT55i3Ysy2q2LEsEW";

#[tokio::test]
async fn token_repeated_by_the_server_is_redacted() {
    let (log, guard) = listen();
    let json = |body: String| {
        let length = body.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
        format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let host = REPEATED.to_lowercase();
    let named = |endpoint: &str| {
        let server =
            format!(r#"{{"endpoint":"{endpoint}","pingInterval":18000,"pingTimeout":10000}}"#);
        json(format!(
            r#"{{"code":"200000","data":{{"token":"{REPEATED}","instanceServers":[{server}]}}}}"#
        ))
    };
    for answer in [
        format!(
            "HTTP/1.1 302 Found\r\nlocation: https://{host}.example/\r\ncontent-length: 0\r\n\r\n"
        ),
        format!(
            "HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n{REPEATED}",
            REPEATED.len()
        ),
        json(format!(r#"{{"code":"400005","msg":"not {REPEATED}"}}"#)),
        json(format!(r#"{{"code":"999999","msg":"not {REPEATED}"}}"#)),
        json(REPEATED.to_owned()),
        named(&format!("wss://{host}.example/")),
        named(&format!("wss://{REPEATED}.kucoin.com/")),
    ] {
        let port = raw_server(answer).await;
        let kucoin = Kucoin::builder()
            .credentials(Credentials::new(KEY, SECRET, PASSPHRASE).unwrap())
            .hosts(Hosts::local(&format!("http://127.0.0.1:{port}")).unwrap())
            .config(current_runtime_config())
            .build()
            .unwrap();
        let mut lifecycle = LifecycleLog::of(&kucoin);
        let is_retry = |event: &LifecycleEvent| matches!(event, LifecycleEvent::Reconnect { .. });
        let text = tokio::select! {
            subscribed = soon(kucoin.subscribe(Balances)) => {
                let error = subscribed.unwrap_err();
                write(&log, format_args!("shown {error:?}"));
                error.to_string()
            }
            event = lifecycle.until(is_retry) => match event {
                LifecycleEvent::Reconnect { cause, .. } => cause.to_string(),
                other => panic!("{other:?}"),
            },
        };
        lifecycle.summaries();
        assert!(
            text.contains(&format!("127.0.0.1:{port}")) || text.contains("KuCoin"),
            "{text}"
        );
        write(&log, format_args!("shown {text} {:?}", lifecycle.events));
    }
    drop(guard);
    let parts = [&REPEATED[..12], &host[..12], SECRET, PASSPHRASE, KEY];
    check(&log, &parts.map(str::to_owned));
}
