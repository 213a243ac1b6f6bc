//! The judge itself is judged: what it must let pass, and what it must find.

use super::*;

const TOPIC: Wanted = ("asked", "told");

fn truth() -> Truth {
    let mut truth = Truth::default();
    for sequence in 1..=9 {
        truth.add("told", sequence, format!("event {sequence}"));
    }
    truth
}

fn event(number: u64) -> Item {
    Item::Event {
        topic: "told".to_owned(),
        says: format!("event {number}"),
        epoch: 1,
    }
}

fn gap(why: Why) -> Item {
    let topic = "asked".to_owned();
    Item::Gap { topic, why }
}

fn lost_and_live() -> [Item; 2] {
    [gap(Why::Lost), gap(Why::Live { epoch: 0 })]
}

/// Subscribed when three events had happened, and read to the end.
fn judged(mut items: Vec<Item>, allowed: Allowed) -> Result<(), String> {
    let mut current = 1;
    for item in &mut items {
        match item {
            Item::Event { epoch, .. } => *epoch = current,
            Item::Gap { why: Why::Lost, .. } => current += 1,
            Item::Gap {
                why: Why::Live { epoch },
                ..
            } => *epoch = current,
            Item::Gap { .. } => {}
        }
    }
    let delivered = items
        .iter()
        .filter(|item| matches!(item, Item::Event { .. }));
    let missed = items.iter().map(|item| match item {
        Item::Gap {
            why: Why::Overflowed { missed },
            ..
        } => *missed,
        _ => 0,
    });
    let mut ledger = kucoin_streams::TopicLedger::default();
    ledger.delivered = delivered.count() as u64;
    ledger.overflowed = missed.sum();
    ledger.received = ledger.delivered + ledger.overflowed;
    let record = Record {
        wanted: vec![TOPIC],
        from: [("told", 3)].into(),
        items,
        ledger: vec![ledger],
        to_the_end: true,
    };
    judge(&record, &truth(), allowed)
}

fn events(numbers: std::ops::RangeInclusive<u64>) -> Vec<Item> {
    numbers.map(event).collect()
}

#[test]
fn what_is_whole_passes_wherever_it_begins() {
    for first in 1..=4 {
        judged(events(first..=9), Allowed::default()).unwrap();
    }
}

#[test]
fn what_was_pushed_once_the_subscription_was_there_must_come() {
    let error = judged(events(5..=9), Allowed::default()).unwrap_err();
    assert!(error.contains("event 4 where {Next { place: 0,"), "{error}");
}

#[test]
fn a_missing_event_is_found_wherever_it_is() {
    for lost in 3..9 {
        let mut items = events(3..=9);
        items.remove(lost - 2);
        assert!(judged(items, Allowed::default()).is_err(), "{lost}");
    }
}

#[test]
fn swapped_events_are_found() {
    for at in 0..5 {
        let mut items = events(4..=9);
        items.swap(at, at + 1);
        assert!(judged(items, Allowed::default()).is_err(), "{at}");
    }
}

#[test]
fn a_doubled_event_is_found_unless_the_exchange_doubles() {
    let mut items = events(4..=9);
    items.insert(2, items[1].clone());
    assert!(judged(items.clone(), Allowed::default()).is_err());
    let doubled = Allowed {
        doubled: true,
        ..Allowed::default()
    };
    judged(items, doubled).unwrap();
}

#[test]
fn a_gap_covers_what_is_missing_in_its_place_and_nothing_else() {
    let lost = |gap_at: usize| {
        let mut items = events(4..=9);
        items.drain(2..4);
        items.splice(gap_at..gap_at, lost_and_live());
        judged(items, Allowed::default())
    };
    lost(2).unwrap();
    for elsewhere in [0, 1, 3, 4] {
        assert!(lost(elsewhere).is_err(), "{elsewhere}");
    }
}

#[test]
fn event_of_the_lost_connection_after_its_gap_is_found() {
    let with = |epoch: u64| {
        let mut items = events(4..=9);
        items.insert(2, gap(Why::Lost));
        items.insert(5, gap(Why::Live { epoch: 2 }));
        for (at, item) in items.iter_mut().enumerate() {
            if let Item::Event { epoch: of_it, .. } = item {
                *of_it = if at > 2 { epoch } else { 1 };
            }
        }
        let happened = truth();
        let record = Record {
            wanted: vec![TOPIC],
            from: [("told", 3)].into(),
            items,
            ..Record::default()
        };
        let following = Following::new(&record, TOPIC, &happened, Allowed::default());
        following.run(&record.items, true, &mut Vec::new()).is_ok()
    };
    assert!(with(2));
    assert!(!with(1));
}

#[test]
fn live_without_a_loss_is_found() {
    let mut items = events(4..=9);
    items.insert(3, gap(Why::Live { epoch: 1 }));
    assert!(judged(items, Allowed::default()).is_err());
}

#[test]
fn refusal_covers_what_is_missing_until_the_topic_is_live_if_the_exchange_refuses() {
    let refused = Allowed {
        refused: true,
        ..Allowed::default()
    };
    let mut items = events(4..=9);
    items.drain(2..4);
    items.insert(2, gap(Why::Refused));
    items.insert(3, gap(Why::Live { epoch: 1 }));
    judged(items.clone(), refused).unwrap();
    assert!(judged(items.clone(), Allowed::default()).is_err());
    items.swap(2, 3);
    assert!(judged(items, refused).is_err());
}

#[test]
fn an_overflow_covers_exactly_what_it_counts() {
    let overflowed = |missed| {
        let mut items = events(4..=9);
        items.drain(2..4);
        items.insert(2, gap(Why::Overflowed { missed }));
        judged(items, Allowed::default())
    };
    overflowed(2).unwrap();
    assert!(overflowed(1).is_err());
    assert!(overflowed(3).is_err());
}

#[test]
fn in_calm_no_gap_is_told() {
    let mut items = events(4..=9);
    items.splice(3..3, lost_and_live());
    let calm = Allowed {
        calm: true,
        ..Allowed::default()
    };
    judged(items.clone(), Allowed::default()).unwrap();
    assert!(judged(items, calm).is_err());
}

#[test]
fn calm_rotation_that_lags_may_report_a_gap_in_which_nothing_is_missing() {
    let lagging = Allowed {
        calm: true,
        rotated: true,
        lagging: true,
        ..Allowed::default()
    };
    let mut items = events(4..=9);
    items.splice(3..3, [gap(Why::Uneven), gap(Why::Live { epoch: 0 })]);
    judged(items.clone(), lagging).unwrap();
    let in_time = Allowed {
        lagging: false,
        ..lagging
    };
    assert!(judged(items.clone(), in_time).is_err());
    items.remove(2);
    assert!(judged(items, lagging).is_err(), "an event is missing");
}

#[test]
fn loss_without_an_end_is_found() {
    let refused = Allowed {
        refused: true,
        ..Allowed::default()
    };
    for why in [Why::Lost, Why::Uneven, Why::Refused] {
        let with = |next: Vec<Item>| {
            let items = events(4..=6).into_iter().chain([gap(why.clone())]);
            judged(items.chain(next).collect(), refused)
        };
        assert!(with(Vec::new()).is_err(), "{why:?}");
        assert!(with(events(7..=9)).is_err(), "{why:?}");
        with(vec![gap(Why::Closed)]).unwrap();
        with(vec![gap(Why::Live { epoch: 0 })]).unwrap();
    }
}

#[test]
fn undecodable_frame_may_still_be_queued_if_reading_stopped() {
    let mut ledger = kucoin_streams::TopicLedger::default();
    (ledger.delivered, ledger.undecodable, ledger.received) = (6, 1, 7);
    let mut record = Record {
        wanted: vec![TOPIC],
        from: [("told", 3)].into(),
        items: events(4..=9),
        ledger: vec![ledger],
        to_the_end: false,
    };
    let garbled = Allowed {
        garbled: true,
        ..Allowed::default()
    };
    judge(&record, &truth(), garbled).unwrap();
    assert!(judge(&record, &truth(), Allowed::default()).is_err());
    record.to_the_end = true;
    assert!(judge(&record, &truth(), garbled).is_err());
}

#[test]
fn what_never_happened_is_found() {
    let mut items = events(4..=9);
    items[2] = event(70);
    let error = judged(items, Allowed::default()).unwrap_err();
    assert!(error.contains("ever happened"), "{error}");
}

#[test]
fn a_ledger_that_says_otherwise_is_found() {
    let record = Record {
        wanted: vec![TOPIC],
        from: [("told", 3)].into(),
        items: events(4..=9),
        ledger: vec![kucoin_streams::TopicLedger::default()],
        to_the_end: true,
    };
    assert!(judge(&record, &truth(), Allowed::default()).is_err());
}
