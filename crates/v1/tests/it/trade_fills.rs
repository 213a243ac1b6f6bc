//! Own fills with fees: JSON numbers keep all digits.

use kucoin_streams_core::{Decimal, Event, Side, Timestamp};
use kucoin_streams_v1::{OrderType, SpotTradeFill, SpotTradeFills};

use crate::{decoded, line};

const FILLS: &str = include_str!("../fixtures/trade_fills.ndjson");

fn fill(number: usize) -> SpotTradeFill {
    decoded(SpotTradeFills, line(FILLS, number)).event
}

fn digits(amount: Option<Decimal>) -> String {
    amount.unwrap().to_string()
}

#[test]
fn fee_has_rate_and_currency() {
    let fill = fill(2);
    assert_eq!(
        (&fill.side, &fill.order_type),
        (&Side::Sell, &OrderType::Limit)
    );
    assert_eq!(
        (&*digits(fill.fee), &*digits(fill.fee_rate)),
        ("0.00836", "0.0008")
    );
    assert_eq!(fill.fee_currency.as_deref(), Some("KCS"));
    assert!(fill.extra.is_empty());
}

#[test]
fn numbers_keep_all_digits() {
    let fill = fill(3);
    assert_eq!(digits(fill.size), "12345678901234567890.12345");
    assert_eq!(digits(fill.price), "0.00000000000000000101");
    assert_eq!(digits(fill.fee), "-0.00000000000000000125");
    assert_eq!(digits(fill.fee_rate), "-0.000023");
}

#[test]
fn time_may_be_number_or_string() {
    assert_eq!(
        (fill(1).time, fill(2).time),
        (
            Some(Timestamp::from_nanos(1_663_001_122_334_455_667)),
            Some(Timestamp::from_nanos(1_704_103_200_123_000_000)),
        )
    );
}

#[test]
fn both_fills_of_a_self_trade_have_own_dedup_keys() {
    let frame = line(FILLS, 1);
    let counterpart = frame.replace("62b1b2c3d4e5f60718293a01", "62b1b2c3d4e5f60718293a02");
    let next = frame.replace("62b1b2c3d4e5f60718293aff", "62b1b2c3d4e5f60718293afe");
    let again = frame.replace("50043.4", "50043.40");
    let dedup_key = |frame: &str| decoded(SpotTradeFills, frame).event.dedup_key();
    assert_eq!(dedup_key(frame), dedup_key(&again));
    assert_ne!(dedup_key(frame), dedup_key(&counterpart));
    assert_ne!(dedup_key(frame), dedup_key(&next));
}
