//! Balances: exact digits, relation events, dedup keys.

use kucoin_streams_core::{Event, Timestamp};
use kucoin_streams_v1::{AccountKind, Balance, BalanceReason, BalanceSnapshots, Balances};

use crate::{decode, decoded, line};

const BALANCES: &str = include_str!("../fixtures/balances.ndjson");

fn balance(number: usize) -> Balance {
    decoded(Balances, line(BALANCES, number)).event
}

#[test]
fn twenty_digits_round_trip() {
    let balance = balance(2);
    assert_eq!(balance.total.unwrap().to_string(), "3.00000000000000000001");
    let written = serde_json::to_value(&balance).unwrap();
    assert_eq!(written["available"], "3.00000000000000000001");
    assert_eq!(written["hold"], "0.00000000");
}

#[test]
fn exponents_are_exact() {
    let balance = balance(3);
    assert_eq!(balance.total.unwrap().to_string(), "10");
    assert_eq!(balance.available_change.unwrap().to_string(), "-0.000023");
}

#[test]
fn relation_event_has_account_and_reason() {
    let relation = |number| balance(number).relation_event.unwrap();
    assert_eq!(relation(1).account, Some(AccountKind::TradeHf));
    assert_eq!(relation(1).reason, BalanceReason::Hold);
    assert_eq!(relation(2).reason, BalanceReason::Setted);
    assert_eq!(
        relation(3).account.as_ref().and_then(AccountKind::symbol),
        Some("BTC-USDT")
    );
    assert_eq!(relation(4).account, Some(AccountKind::Main));
    assert_eq!(
        (relation(5).account, relation(5).reason),
        (None, BalanceReason::Other)
    );
}

#[test]
fn relation_context_may_be_full_empty_or_absent() {
    let full = balance(2).relation_context.unwrap();
    assert_eq!(full.trade_id.as_deref(), Some("8812345678901234"));
    let empty = balance(3).relation_context.unwrap();
    assert_eq!(
        (empty.symbol, empty.order_id, empty.trade_id),
        (None, None, None)
    );
    assert_eq!(balance(4).relation_context, None);
    assert_eq!(balance(4).account_id, None);
}

#[test]
fn time_may_be_string_or_number() {
    assert_eq!(
        balance(1).time,
        Some(Timestamp::from_nanos(1_752_400_000_124_000_000))
    );
    assert_eq!(
        balance(3).time,
        Some(Timestamp::from_nanos(1_752_400_090_000_000_000))
    );
}

#[test]
fn envelope_id_is_kept() {
    let push = decoded(Balances, line(BALANCES, 1));
    assert_eq!(push.id.as_deref(), Some("71234567890123"));
    assert_eq!(push.user_id.as_deref(), Some("60f1b2c3d4e5f60718293a4b"));
}

#[test]
fn only_repeated_push_has_same_dedup_key() {
    let frame = line(BALANCES, 1);
    let same = frame.replace("\"hold\":\"27.975\"", "\"hold\":\"27.97500\"");
    assert_eq!(
        balance(1).dedup_key(),
        decoded(Balances, &same).event.dedup_key()
    );
    for (from, to) in [
        ("\"currency\":\"USDT\"", "\"currency\":\"KCS\""),
        ("\"accountId\":\"81726354\"", "\"accountId\":\"81726355\""),
        (
            "\"available\":\"1176.36281560004421\"",
            "\"available\":\"1176.3628156\"",
        ),
        ("1752400000124", "1752400000125"),
    ] {
        let other = frame.replace(from, to);
        assert_ne!(other, frame, "{from}");
        assert_ne!(
            balance(1).dedup_key(),
            decoded(Balances, &other).event.dedup_key(),
            "{from}"
        );
    }
}

#[test]
fn snapshot_topic_has_balance_events() {
    let frame = line(BALANCES, 6);
    let push = decoded(BalanceSnapshots, frame);
    assert_eq!(push.subject.as_deref(), Some("account.snapshotBalance"));
    assert_eq!(
        push.event.total.unwrap().to_string(),
        "0.0071934820056172039"
    );
    assert_eq!(decode(Balances, frame), Ok(None));
    assert_eq!(decode(BalanceSnapshots, line(BALANCES, 1)), Ok(None));
}
