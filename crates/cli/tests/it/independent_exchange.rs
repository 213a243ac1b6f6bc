//! `watch` against a look-alike of the exchange that shares nothing with ours.

use std::collections::HashMap;
use std::time::Duration;

use crate::ndjson::check_form;
use crate::rig::*;
use kucoin_streams_testkit::look_alike::{Api, Behaviour, KEY, LookAlike, PASSPHRASE, SECRET};

fn order(id: u64) -> String {
    format!(
        r#"{{"type":"message","topic":"{ORDERS}","userId":"5c","channelType":"private","subject":"orderChange","data":{{"symbol":"KCS-USDT","orderType":"limit","side":"buy","orderId":"{id:024}","type":"open","status":"open","orderTime":1730000000000,"price":"11.2000","size":"3.10","filledSize":"0","remainSize":"3.10","ts":1730000000000000123}}}}"#
    )
}

fn balance() -> String {
    format!(
        r#"{{"data":{{"accountId":"548674591753","currency":"USDT","total":"21.133773386762","available":"20.132773386762","hold":"1.001","availableChange":"-0.5005","holdChange":"0.5005","relationContext":{{"symbol":"BTC-USDT","orderId":"6721d0632db25b0007071fdc"}},"relationEvent":"trade.hold","relationEventId":"354689988084000","time":"1730269283892"}},"topic":"{BALANCE}","type":"message","subject":"account.balance","id":"354689988084000","channelType":"private"}}"#
    )
}

#[test]
fn watch_does_all_that_a_client_must() {
    let runtime = runtime();
    let pushes = HashMap::from([
        (ORDERS.to_owned(), (1..=3).map(order).collect()),
        (BALANCE.to_owned(), vec![balance()]),
    ]);
    let behaviour = Behaviour {
        ping_interval: Duration::from_millis(400),
        pushes,
        drops_after_topics: Some(2),
        ..Behaviour::default()
    };
    let server = runtime.block_on(LookAlike::start(Api::V1, behaviour));
    let args = [
        "watch",
        "--ws-key",
        "spotPrivateV1",
        "--topic",
        ORDERS,
        "--topic",
        BALANCE,
        "--format",
        "ndjson",
        "--rest-url",
        &server.rest_url,
    ];
    let mut running = Running::start(authorised(command(&args), KEY, SECRET, PASSPHRASE));
    let mut updates = Vec::new();
    while updates.len() < 8 {
        updates.push(running.until("update"));
    }
    let pinged = server.until(|seen| seen.pings.len() == 2 && seen.pings[1].len() >= 3);
    runtime.block_on(pinged);
    running.signal("INT");
    let ran = running.finish().succeeds();

    let lines = ran.lines();
    let kinds: Vec<&str> = lines.iter().map(check_form).collect();
    for (kind, times) in [
        ("open", 1),
        ("response", 4),
        ("update", 8),
        ("gap", 1),
        ("live", 1),
        ("reconnect", 1),
        ("reconnected", 1),
        ("close", 1),
    ] {
        assert_eq!(
            kinds.iter().filter(|other| **other == kind).count(),
            times,
            "{kind} in {kinds:?}"
        );
    }
    let of_balance: Vec<_> = updates
        .iter()
        .filter(|update| update["topic"] == BALANCE)
        .collect();
    assert_eq!(of_balance.len(), 2);
    assert_eq!(of_balance[0]["data"]["total"], "21.133773386762");
    assert_eq!(of_balance[0]["data"]["time"], "1730269283892000000");
    assert_eq!(updates[0]["data"]["ts"], "1730000000000000123");

    runtime.block_on(server.until(|seen| seen.closed_in_order == 1));
    let seen = server.seen();
    assert_eq!(seen.breaches, Vec::<String>::new());
    assert_eq!((&seen.tokens, seen.tokens.len()), (&seen.used, 2));
    let subscribed = [
        format!("subscribe {ORDERS}"),
        format!("subscribe {BALANCE}"),
    ];
    assert_eq!(
        (&seen.requests[0][..], &seen.requests[1][..2]),
        (&subscribed[..], &subscribed[..])
    );
    assert_eq!(
        seen.requests[1].len(),
        4,
        "both are unsubscribed: {:?}",
        seen.requests[1]
    );
    assert!(
        seen.pings[1][2] >= Duration::from_millis(900),
        "{:?}",
        seen.pings[1]
    );
    for secret in seen
        .secrets
        .iter()
        .map(String::as_str)
        .chain([KEY, SECRET, PASSPHRASE])
    {
        assert!(
            !ran.stdout.contains(secret) && !ran.stderr.contains(secret),
            "{secret} is shown"
        );
    }
}
