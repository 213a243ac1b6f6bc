//! Gaps stand exactly where events may be missing.

use crate::rig::{Rig, breathe, next};

#[tokio::test(start_paused = true)]
async fn a_gap_stands_between_the_last_event_before_and_the_first_after_a_loss() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..2).await;
    breathe().await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    server.acknowledge(1).await;
    server.push("/a", 5..6).await;
    for expected in ["0", "1", "/a reconnected, epoch 2", "5"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_before_its_acknowledgement_comes_behind_the_gap() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    assert_eq!(server.hear().await, "subscribe 2 /a");
    server.push("/a", 9..10).await;
    assert_eq!(next(&mut numbers).await, "/a reconnected, epoch 2");
    assert_eq!(next(&mut numbers).await, "9");
    server.say("ack 2").await;
    server.push("/a", 10..11).await;
    assert_eq!(next(&mut numbers).await, "10");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_may_be_of_another_topic_does_not_end_the_gap() {
    let (mut rig, server, mut numbers) = Rig::live("/a").await;
    server.push("/a", 0..1).await;
    breathe().await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    assert_eq!(server.hear().await, "subscribe 2 /a");
    server.push("/a:x", 1..2).await;
    server.say("ack 2").await;
    for expected in ["0", "1", "/a reconnected, epoch 2"] {
        assert_eq!(next(&mut numbers).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn each_topic_has_its_own_gap() {
    let (mut rig, mut server, mut a) = Rig::live("/a").await;
    let mut b = rig.subscribe(&mut server, "/b").await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    server.acknowledge(2).await;
    assert_eq!(next(&mut a).await, "/a reconnected, epoch 2");
    assert_eq!(next(&mut b).await, "/b reconnected, epoch 2");
}

#[tokio::test(start_paused = true)]
async fn who_subscribes_during_the_outage_has_missed_nothing() {
    let (mut rig, server, mut old) = Rig::live("/a").await;
    server.0.cut();
    breathe().await;
    let connection = rig.connection.clone();
    let (new, server) = tokio::join!(connection.subscribe(crate::rig::Numbers("/a")), async {
        let (mut server, _) = rig.accept().await;
        server.acknowledge(1).await;
        server
    });
    let mut new = new.unwrap();
    server.push("/a", 3..4).await;
    assert_eq!(next(&mut new).await, "3");
    assert_eq!(next(&mut old).await, "/a reconnected, epoch 2");
    assert_eq!(next(&mut old).await, "3");
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_cannot_be_decoded_is_a_gap_with_the_frame_and_the_stream_goes_on() {
    let (_rig, server, mut numbers) = Rig::live("/a").await;
    server.say("push /a seven").await;
    server.push("/a", 8..9).await;
    assert_eq!(next(&mut numbers).await, "undecodable: push /a seven");
    assert_eq!(next(&mut numbers).await, "8");
}

#[tokio::test(start_paused = true)]
async fn garbage_may_be_of_any_topic_so_it_is_a_gap_in_each_and_harms_nothing() {
    let (mut rig, mut server, mut numbers) = Rig::live("/a").await;
    let mut others = rig.subscribe(&mut server, "/b").await;
    rig.told();
    server.say("{{{").await;
    server.0.send_binary(&b"\xff\xfe"[..]).await.unwrap();
    server.push("/a", 1..2).await;
    server.push("/b", 2..3).await;
    for (stream, event) in [(&mut numbers, "1"), (&mut others, "2")] {
        assert_eq!(next(stream).await, "undecodable: {{{");
        assert_eq!(next(stream).await, "undecodable: \u{fffd}\u{fffd}");
        assert_eq!(next(stream).await, event);
        let ledger = stream.ledger().remove(0);
        assert!(ledger.balances(), "{ledger:?}");
        assert_eq!((ledger.undecodable, ledger.delivered), (2, 1));
    }
    assert_eq!(rig.told(), ["Exception", "Exception"]);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_refused_at_the_replay_says_so_in_its_stream() {
    let (mut rig, mut server, mut a) = Rig::live("/a").await;
    let mut b = rig.subscribe(&mut server, "/b").await;
    server.0.cut();
    let (mut server, _) = rig.accept().await;
    server.hear().await;
    server.hear().await;
    server.say("refuse 3 topic /a is not found").await;
    server.say("ack 4").await;
    assert_eq!(next(&mut a).await, "/a refused: topic /a is not found");
    assert_eq!(next(&mut a).await, "end");
    assert_eq!(next(&mut b).await, "/b reconnected, epoch 2");
}

#[tokio::test(start_paused = true)]
async fn events_alone_count_the_gaps() {
    let (_rig, server, numbers) = Rig::live("/a").await;
    let mut events = numbers.events();
    server.say("push /a seven").await;
    server.push("/a", 8..9).await;
    assert_eq!(events.next().await.unwrap().0, 8);
    assert_eq!(events.gaps(), 1);
}
