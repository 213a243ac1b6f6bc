//! Nothing secret is ever printed: a whole life with everything that is logged at any level, and everything that can
//! be shown, searched for every secret that travelled.

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

fn check(heard: &Log, secrets: &[String]) {
    let heard = heard.text();
    for secret in secrets {
        assert!(secret.len() >= 8, "{secret} would be found anywhere");
        if let Some(line) = heard.lines().find(|line| line.contains(secret.as_str())) {
            panic!("{secret} is printed: {line}");
        }
    }
}

/// Settings of a client whose connections run, and log, on the thread that is listened to.
fn here() -> Config {
    fast_retries().with_runtime(ConnectionRuntime::Current)
}

#[tokio::test]
async fn complete_session_prints_no_secret() {
    let (heard, guard) = listen();
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
    let kucoin = client_of(&server, here());
    let show = |what: &dyn fmt::Debug| write(&heard, format_args!("shown {what:?} {what:#?}"));
    let mut told = Told::of(&kucoin);
    let orders = soon(kucoin.subscribe(SpotOrders)).await.unwrap();
    let mut balances = soon(kucoin.subscribe(Balances)).await.unwrap();
    told.reconnected().await;
    let error = soon(kucoin.subscribe(kucoin_streams::v1::SpotStopOrders))
        .await
        .unwrap_err();
    write(&heard, format_args!("error {error}"));
    while let Some(item) = balances.try_next() {
        show(&item);
    }
    soon(kucoin.close()).await;
    told.words();
    show(&(
        &kucoin,
        kucoin.rest_tokens(),
        &orders,
        &balances,
        &error,
        &told.events,
    ));
    show(&Kucoin::builder().credentials(Credentials::new(KEY, SECRET, PASSPHRASE).unwrap()));
    drop(guard);

    let mut secrets = server.seen().secrets;
    assert_eq!(secrets.len(), 8, "of two dials");
    secrets.extend([SECRET, PASSPHRASE, KEY].map(str::to_owned));
    check(&heard, &secrets);
    let heard = heard.text();
    for wanted in [
        "connection information fetched",
        "attempt 1 in",
        "log reqwest",
        "shown",
        "Reconnected",
    ] {
        assert!(
            heard.contains(wanted),
            "{wanted} was not heard, so nothing is shown by its silence"
        );
    }
}

#[tokio::test]
async fn refused_credentials_are_never_printed() {
    let (heard, guard) = listen();
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
        let mut told = Told::of(&kucoin);
        let error: SubscribeError = soon(kucoin.subscribe(Balances)).await.unwrap_err();
        told.words();
        write(
            &heard,
            format_args!("shown {error} {error:?} {:?} {kucoin:?}", told.events),
        );
    }
    write(
        &heard,
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
    check(&heard, &canaries.map(str::to_owned));
    assert!(heard.text().contains("400004"));
}

fn client_of_exchange(exchange: &Exchange, credentials: Credentials) -> Kucoin {
    crate::setup::client_of(exchange, credentials, here())
}

#[tokio::test]
async fn failing_token_request_prints_no_secret() {
    let (heard, guard) = listen();
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
    let mut told = Told::of(&kucoin);
    soon(kucoin.subscribe(Balances)).await.unwrap();
    told.words();
    assert_eq!(told.events.len(), 5, "{:?}", told.events);
    write(&heard, format_args!("shown {:?}", told.events));
    drop(guard);
    // The truncated reply holds the first half of a token; whatever follows its name must not be shown.
    check(&heard, &[SECRET, PASSPHRASE, KEY].map(str::to_owned));
    let heard = heard.text();
    let after_name = heard.split("\"token").skip(1);
    for shown in after_name {
        assert!(
            shown.contains("redacted"),
            "a token may be shown: {}",
            &shown[..shown.len().min(80)]
        );
    }
}

/// A token that is in every word of a server, as it is and as a host in lower case.
const REPEATED: &str = "2neAiuYvAU61ZDXANAGAsiL4-iAExhsBXZxftpOehT55i3Ysy2q2LEsEW";

#[tokio::test]
async fn token_repeated_by_the_server_is_redacted() {
    let (heard, guard) = listen();
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
            .config(here())
            .build()
            .unwrap();
        let mut told = Told::of(&kucoin);
        let is_retry = |event: &LifecycleEvent| matches!(event, LifecycleEvent::Reconnect { .. });
        let text = tokio::select! {
            subscribed = soon(kucoin.subscribe(Balances)) => {
                let error = subscribed.unwrap_err();
                write(&heard, format_args!("shown {error:?}"));
                error.to_string()
            }
            event = told.until(is_retry) => match event {
                LifecycleEvent::Reconnect { cause, .. } => cause.to_string(),
                other => panic!("{other:?}"),
            },
        };
        told.words();
        assert!(
            text.contains(&format!("127.0.0.1:{port}")) || text.contains("KuCoin"),
            "{text}"
        );
        write(&heard, format_args!("shown {text} {:?}", told.events));
    }
    drop(guard);
    let parts = [&REPEATED[..12], &host[..12], SECRET, PASSPHRASE, KEY];
    check(&heard, &parts.map(str::to_owned));
}
