//! Gaps: at the exact positions where events may be missing.

use std::time::Duration;

use kucoin_streams_client::GapReason;

use crate::rig::{Numbers, Rig, gap_text, next, run_tasks};

#[tokio::test(start_paused = true)]
async fn loss_is_a_gap_between_the_events_around_it() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..2).await;
    run_tasks().await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    server.acknowledge(1).await;
    server.push("/a", 5..6).await;
    for expected in ["0", "1", "/a lost", "/a live, epoch 2", "5"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn event_before_its_acknowledgement_comes_after_the_gap() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    assert_eq!(server.receive().await, "subscribe 2 /a");
    server.push("/a", 9..10).await;
    assert_eq!(next(&mut numbers).await, "/a lost");
    assert_eq!(next(&mut numbers).await, "9");
    server.send("ack 2").await;
    server.push("/a", 10..11).await;
    assert_eq!(next(&mut numbers).await, "/a live, epoch 2");
    assert_eq!(next(&mut numbers).await, "10");
}

#[tokio::test(start_paused = true)]
async fn event_with_fallback_match_comes_after_the_gap() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..1).await;
    run_tasks().await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    assert_eq!(server.receive().await, "subscribe 2 /a");
    server.push("/a:x", 1..2).await;
    server.send("ack 2").await;
    for expected in ["0", "/a lost", "1", "/a live, epoch 2"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn loss_before_the_acknowledgement_is_a_gap_of_its_own() {
    for push in ["/a", "/a:x"] {
        let (mut rig, server, mut numbers) = Rig::live("/a").await;
        server.push("/a", 0..1).await;
        run_tasks().await;
        server.0.cut();
        let (mut server, _) = rig.accept().await;
        server.receive().await;
        server.push(push, 10..11).await;
        run_tasks().await;
        server.0.cut();
        let (mut server, _) = rig.accept().await;
        server.acknowledge(1).await;
        server.push("/a", 20..21).await;
        let expected = ["0", "/a lost", "10", "/a lost", "/a live, epoch 3", "20"];
        for expected in expected {
            assert_eq!(next(&mut numbers).await, expected, "{push}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn loss_is_reported_when_detected() {
    let (rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..1).await;
    run_tasks().await;
    let began = tokio::time::Instant::now();
    server.0.cut();
    assert_eq!(next(&mut numbers).await, "0");
    let gap = numbers.next().await.unwrap().unwrap_err();
    assert!(began.elapsed() < Duration::from_millis(100));
    let GapReason::Lost {
        last_event_at: Some(last_event_at),
        last_heard_at,
        lost_at,
        ..
    } = gap.reason
    else {
        panic!("{gap:?}");
    };
    assert!(last_event_at <= last_heard_at && last_heard_at <= lost_at);
    drop(rig);
}

#[tokio::test(start_paused = true)]
async fn one_loss_is_one_item_with_all_topics() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let topics = vec![Numbers("/a"), Numbers("/b"), Numbers("/c")];
    let (all, server) = tokio::join!(connection.subscribe(topics), async {
        let (mut server, _) = rig.accept().await;
        server.acknowledge(3).await;
        server
    });
    let mut all = all.unwrap();
    server.push("/b", 1..2).await;
    run_tasks().await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    server.acknowledge(2).await;
    server.push("/a", 2..3).await;
    run_tasks().await;
    server.acknowledge(1).await;
    let mut events = Vec::new();
    for _ in 0..4 {
        events.push(match all.next().await.unwrap() {
            Ok(update) => update.0.to_string(),
            Err(gap) => {
                assert!(gap.window().is_none_or(|(from, to)| from <= to));
                gap_text(&gap)
            }
        });
    }
    assert_eq!(
        events,
        ["1", "/a /b /c lost", "2", "/a /b /c live, epoch 2"]
    );
}

#[tokio::test(start_paused = true)]
async fn permanent_failure_is_a_gap_before_the_end() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    rig.tokens.refuse_from_now_on();
    server.0.cut();
    for expected in ["/a lost", "/a closed: invalid api key (code 400003)", "end"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    assert!(rig.lifecycle_events().contains(&"Close".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn close_is_a_gap_only_while_down() {
    let (rig, server, mut numbers) = Rig::live("/a").await;
    server.0.cut();
    run_tasks().await;
    rig.connection.close().await;
    for expected in ["/a lost", "/a closed: closed by the user", "end"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
    let (rig, _server, mut numbers) = Rig::live("/a").await;
    rig.connection.close().await;
    assert_eq!(next(&mut numbers).await, "end");
}

#[tokio::test(start_paused = true)]
async fn temporary_refusal_is_reported_and_delays_no_other_topic() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let topics = vec![Numbers("/a"), Numbers("/b")];
    let (available, mut server) = tokio::join!(connection.subscribe_available(topics), async {
        let (mut server, _) = rig.accept().await;
        assert_eq!(server.receive().await, "subscribe 1 /a");
        server.acknowledge(1).await;
        server.send("postpone 1 system error").await;
        server.push("/b", 1..2).await;
        server
    });
    let (mut numbers, refused) = available.unwrap();
    assert!(refused.is_empty(), "{refused:?}");
    let gap = numbers.next().await.unwrap().unwrap_err();
    assert_eq!(gap_text(&gap), "/a refused temporarily: system error");
    assert_eq!(numbers.next().await.unwrap().unwrap().0, 1);
    assert_eq!(server.receive().await, "subscribe 3 /a");
    server.send("postpone 3 system error").await;
    server.acknowledge(1).await;
    let gap = numbers.next().await.unwrap().unwrap_err();
    assert_eq!(gap_text(&gap), "/a live, epoch 1");
    let events = rig.lifecycle_events();
    let exceptions = events
        .iter()
        .filter(|events| *events == "Exception")
        .count();
    assert_eq!(exceptions, 2, "each refusal: {events:?}");
}

#[tokio::test(start_paused = true)]
async fn each_topic_has_its_own_gap() {
    let (mut rig, mut server, mut a) = Rig::live("/a").await;
    let mut b = rig.subscribe(&mut server, "/b").await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    server.acknowledge(2).await;
    assert_eq!(next(&mut a).await, "/a lost");
    assert_eq!(next(&mut a).await, "/a live, epoch 2");
    assert_eq!(next(&mut b).await, "/b lost");
    assert_eq!(next(&mut b).await, "/b live, epoch 2");
}

#[tokio::test(start_paused = true)]
async fn subscription_during_an_outage_has_no_gap() {
    let (mut rig, server, mut old) = Rig::live("/a").await;
    server.0.cut();
    run_tasks().await;
    let connection = rig.connection.clone();
    let (new, server) = tokio::join!(connection.subscribe(Numbers("/a")), async {
        let (mut server, _) = rig.accept().await;
        server.acknowledge(1).await;
        server
    });
    let mut new = new.unwrap();
    server.push("/a", 3..4).await;
    assert_eq!(next(&mut new).await, "3");
    assert_eq!(next(&mut old).await, "/a lost");
    assert_eq!(next(&mut old).await, "/a live, epoch 2");
    assert_eq!(next(&mut old).await, "3");
}

#[tokio::test(start_paused = true)]
async fn undecodable_frame_is_a_gap_and_the_stream_continues() {
    let (_rig, server, mut numbers) = Rig::live("/a").await;
    server.send("push /a seven").await;
    server.push("/a", 8..9).await;
    assert_eq!(next(&mut numbers).await, "undecodable: push /a seven");
    assert_eq!(next(&mut numbers).await, "8");
}

#[tokio::test(start_paused = true)]
async fn malformed_frame_is_a_gap_in_every_stream() {
    let (mut rig, mut server, mut numbers) = Rig::live("/a").await;
    let mut others = rig.subscribe(&mut server, "/b").await;
    rig.lifecycle_events();
    server.send("{{{").await;
    server.0.send_binary(&b"\xff\xfe"[..]).await.unwrap();
    server.push("/a", 1..2).await;
    server.push("/b", 2..3).await;
    for (stream, event) in [(&mut numbers, "1"), (&mut others, "2")] {
        assert_eq!(next(stream).await, "undecodable: {{{");
        assert_eq!(next(stream).await, "undecodable: \u{fffd}\u{fffd}");
        assert_eq!(next(stream).await, event);
        let ledger = stream.ledger().remove(0);
        assert!(ledger.is_consistent(), "{ledger:?}");
        assert_eq!((ledger.undecodable, ledger.delivered), (2, 1));
    }
    assert_eq!(rig.lifecycle_events(), ["Exception", "Exception"]);
}

#[tokio::test(start_paused = true)]
async fn topic_refused_in_the_replay_is_a_gap() {
    let (mut rig, mut server, mut a) = Rig::live("/a").await;
    let mut b = rig.subscribe(&mut server, "/b").await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    server.receive().await;
    server.receive().await;
    server.send("refuse 3 topic /a is not found").await;
    server.send("ack 4").await;
    assert_eq!(next(&mut a).await, "/a lost");
    assert_eq!(next(&mut a).await, "/a refused: topic /a is not found");
    assert_eq!(next(&mut a).await, "end");
    assert_eq!(next(&mut b).await, "/b lost");
    assert_eq!(next(&mut b).await, "/b live, epoch 2");
}

#[tokio::test(start_paused = true)]
async fn events_stream_counts_gaps() {
    let (_rig, server, numbers) = Rig::live("/a").await;
    let mut events = numbers.events();
    server.send("push /a seven").await;
    server.push("/a", 8..9).await;
    assert_eq!(events.next().await.unwrap().0, 8);
    assert_eq!(events.gaps(), 1);
}

#[tokio::test(start_paused = true)]
async fn unreadable_frame_is_one_gap_with_all_topics() {
    let mut rig = Rig::new();
    let connection = rig.connection.clone();
    let topics = vec![Numbers("/a"), Numbers("/b")];
    let (subscription, server) = tokio::join!(connection.subscribe(topics), async {
        let (mut server, _) = rig.accept().await;
        server.acknowledge(2).await;
        server
    });
    let mut numbers = subscription.unwrap();
    server.push("/a", 0..1).await;
    server.send("rubbish").await;
    server.push("/b", 1..2).await;
    assert_eq!(numbers.next().await.unwrap().unwrap().0, 0);
    let gap = numbers.next().await.unwrap().unwrap_err();
    assert_eq!(gap.topics.join(" "), "/a /b");
    assert_eq!(gap_text(&gap), "undecodable: rubbish");
    assert_eq!(numbers.next().await.unwrap().unwrap().0, 1);
    for ledger in numbers.ledger() {
        assert_eq!(
            (ledger.received, ledger.delivered, ledger.undecodable),
            (2, 1, 1)
        );
        assert!(ledger.is_consistent());
    }
}
