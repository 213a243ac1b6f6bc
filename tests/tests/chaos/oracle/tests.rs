//! Tests of the oracle: what it must accept and what it must detect.

use super::*;

const TOPIC: Wanted = ("requested", "pushed");

fn truth() -> Truth {
    let mut truth = Truth::default();
    for sequence in 1..=9 {
        truth.add("pushed", sequence, format!("event {sequence}"));
    }
    truth
}

fn event(number: u64) -> Item {
    Item::Event {
        topic: "pushed".to_owned(),
        content: format!("event {number}"),
        epoch: 1,
    }
}

fn gap(kind: GapKind) -> Item {
    let topic = "requested".to_owned();
    Item::Gap { topic, kind }
}

fn lost_and_live() -> [Item; 2] {
    [gap(GapKind::Lost), gap(GapKind::Live { epoch: 0 })]
}

/// Checks items of a subscription that began after three events and was read to the end.
fn checked(mut items: Vec<Item>, allowed: Allowed) -> Result<(), String> {
    let mut current = 1;
    for item in &mut items {
        match item {
            Item::Event { epoch, .. } => *epoch = current,
            Item::Gap {
                kind: GapKind::Lost,
                ..
            } => current += 1,
            Item::Gap {
                kind: GapKind::Live { epoch },
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
            kind: GapKind::Overflowed { missed },
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
        from: [("pushed", 3)].into(),
        items,
        ledger: vec![ledger],
        read_to_end: true,
    };
    check(&record, &truth(), allowed)
}

fn events(numbers: std::ops::RangeInclusive<u64>) -> Vec<Item> {
    numbers.map(event).collect()
}

#[test]
fn complete_record_passes() {
    for first in 1..=4 {
        checked(events(first..=9), Allowed::default()).unwrap();
    }
}

#[test]
fn events_after_subscribing_must_arrive() {
    let error = checked(events(5..=9), Allowed::default()).unwrap_err();
    assert!(
        error.contains("event 4, expected {Position { index: 0,"),
        "{error}"
    );
}

#[test]
fn missing_event_is_detected() {
    for lost in 3..9 {
        let mut items = events(3..=9);
        items.remove(lost - 2);
        assert!(checked(items, Allowed::default()).is_err(), "{lost}");
    }
}

#[test]
fn swapped_events_are_detected() {
    for at in 0..5 {
        let mut items = events(4..=9);
        items.swap(at, at + 1);
        assert!(checked(items, Allowed::default()).is_err(), "{at}");
    }
}

#[test]
fn duplicate_event_is_detected_unless_allowed() {
    let mut items = events(4..=9);
    items.insert(2, items[1].clone());
    assert!(checked(items.clone(), Allowed::default()).is_err());
    let duplicated = Allowed {
        duplicated: true,
        ..Allowed::default()
    };
    checked(items, duplicated).unwrap();
}

#[test]
fn gap_covers_missing_events_in_its_place_only() {
    let lost = |gap_at: usize| {
        let mut items = events(4..=9);
        items.drain(2..4);
        items.splice(gap_at..gap_at, lost_and_live());
        checked(items, Allowed::default())
    };
    lost(2).unwrap();
    for elsewhere in [0, 1, 3, 4] {
        assert!(lost(elsewhere).is_err(), "{elsewhere}");
    }
}

#[test]
fn event_of_a_lost_connection_after_its_gap_is_detected() {
    let with = |epoch: u64| {
        let mut items = events(4..=9);
        items.insert(2, gap(GapKind::Lost));
        items.insert(5, gap(GapKind::Live { epoch: 2 }));
        for (at, item) in items.iter_mut().enumerate() {
            if let Item::Event { epoch: of_it, .. } = item {
                *of_it = if at > 2 { epoch } else { 1 };
            }
        }
        let expected = truth();
        let record = Record {
            wanted: vec![TOPIC],
            from: [("pushed", 3)].into(),
            items,
            ..Record::default()
        };
        let check = TopicCheck::new(&record, TOPIC, &expected, Allowed::default());
        check.run(&record.items, true, &mut Vec::new()).is_ok()
    };
    assert!(with(2));
    assert!(!with(1));
}

#[test]
fn live_without_a_loss_is_detected() {
    let mut items = events(4..=9);
    items.insert(3, gap(GapKind::Live { epoch: 1 }));
    assert!(checked(items, Allowed::default()).is_err());
}

#[test]
fn refusal_covers_missing_events_if_allowed() {
    let refused = Allowed {
        refused: true,
        ..Allowed::default()
    };
    let mut items = events(4..=9);
    items.drain(2..4);
    items.insert(2, gap(GapKind::Refused));
    items.insert(3, gap(GapKind::Live { epoch: 1 }));
    checked(items.clone(), refused).unwrap();
    assert!(checked(items.clone(), Allowed::default()).is_err());
    items.swap(2, 3);
    assert!(checked(items, refused).is_err());
}

#[test]
fn overflow_covers_exactly_its_count() {
    let overflowed = |missed| {
        let mut items = events(4..=9);
        items.drain(2..4);
        items.insert(2, gap(GapKind::Overflowed { missed }));
        checked(items, Allowed::default())
    };
    overflowed(2).unwrap();
    assert!(overflowed(1).is_err());
    assert!(overflowed(3).is_err());
}

#[test]
fn gap_without_a_fault_is_detected() {
    let mut items = events(4..=9);
    items.splice(3..3, lost_and_live());
    let fault_free = Allowed {
        fault_free: true,
        ..Allowed::default()
    };
    checked(items.clone(), Allowed::default()).unwrap();
    assert!(checked(items, fault_free).is_err());
}

#[test]
fn lagging_rotation_may_report_an_empty_gap() {
    let lagging = Allowed {
        fault_free: true,
        rotated: true,
        lagging: true,
        ..Allowed::default()
    };
    let mut items = events(4..=9);
    items.splice(
        3..3,
        [gap(GapKind::Uneven), gap(GapKind::Live { epoch: 0 })],
    );
    checked(items.clone(), lagging).unwrap();
    let in_time = Allowed {
        lagging: false,
        ..lagging
    };
    assert!(checked(items.clone(), in_time).is_err());
    items.remove(2);
    assert!(checked(items, lagging).is_err(), "an event is missing");
}

#[test]
fn loss_without_an_end_is_detected() {
    let refused = Allowed {
        refused: true,
        ..Allowed::default()
    };
    for kind in [GapKind::Lost, GapKind::Uneven, GapKind::Refused] {
        let with = |next: Vec<Item>| {
            let items = events(4..=6).into_iter().chain([gap(kind.clone())]);
            checked(items.chain(next).collect(), refused)
        };
        assert!(with(Vec::new()).is_err(), "{kind:?}");
        assert!(with(events(7..=9)).is_err(), "{kind:?}");
        with(vec![gap(GapKind::Closed)]).unwrap();
        with(vec![gap(GapKind::Live { epoch: 0 })]).unwrap();
    }
}

#[test]
fn undecodable_frame_may_still_be_queued_after_reading() {
    let mut ledger = kucoin_streams::TopicLedger::default();
    (ledger.delivered, ledger.undecodable, ledger.received) = (6, 1, 7);
    let mut record = Record {
        wanted: vec![TOPIC],
        from: [("pushed", 3)].into(),
        items: events(4..=9),
        ledger: vec![ledger],
        read_to_end: false,
    };
    let garbled = Allowed {
        garbled: true,
        ..Allowed::default()
    };
    check(&record, &truth(), garbled).unwrap();
    assert!(check(&record, &truth(), Allowed::default()).is_err());
    record.read_to_end = true;
    assert!(check(&record, &truth(), garbled).is_err());
}

#[test]
fn event_that_never_happened_is_detected() {
    let mut items = events(4..=9);
    items[2] = event(70);
    let error = checked(items, Allowed::default()).unwrap_err();
    assert!(error.contains("never happened"), "{error}");
}

#[test]
fn wrong_ledger_is_detected() {
    let record = Record {
        wanted: vec![TOPIC],
        from: [("pushed", 3)].into(),
        items: events(4..=9),
        ledger: vec![kucoin_streams::TopicLedger::default()],
        read_to_end: true,
    };
    assert!(check(&record, &truth(), Allowed::default()).is_err());
}
