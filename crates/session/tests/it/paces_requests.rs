//! Requests keep the message limit, and a part of it is reserved for heartbeats.

use crate::rig::Rig;

#[test]
fn long_replay_keeps_the_message_limit() {
    let mut rig = Rig::new();
    for topic in 0..30 {
        rig.subscribe(&format!("/{topic}"));
    }
    rig.connect();
    // 20 messages per 10 s are allowed, two of which are reserved.
    assert_eq!(rig.poll().len(), 1 + 18);
    for id in 1..=18 {
        rig.frame(&format!("ack {id}"));
    }
    rig.poll();
    rig.after(9_999).expect(&[]);
    rig.after(1);
    assert_eq!(rig.poll().len(), 12);
}

#[test]
fn rate_limit_refusal_pauses_all_topics_for_a_second() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.frame("refuse 1 429 exceed max permits per second")
        .expect(&["postponed /a 1s 429 exceed max permits per second"]);
    rig.subscribe("/b").expect(&[]);
    assert!(rig.session.is_rate_limited());
    rig.after(999).expect(&[]);
    rig.after(1)
        .expect(&["send subscribe 2 /a", "send subscribe 3 /b"]);
    rig.frame("ack 2").expect(&["live /a"]);
}

#[test]
fn rate_limit_refusal_without_id_pauses_all_topics() {
    let mut rig = Rig::live(&["/a"]);
    rig.frame("refuse - 429 exceed max permits per second")
        .expect(&["exception exceed max permits per second"]);
    rig.subscribe("/b").expect(&[]);
    rig.after(1_000).expect(&["send subscribe 2 /b"]);
}

#[test]
fn late_answers_delay_the_next_requests() {
    let mut rig = Rig::new();
    for topic in 0..30 {
        rig.subscribe(&format!("/{topic}"));
    }
    rig.connect().poll();
    rig.after(3_000);
    for id in 1..=18 {
        rig.frame(&format!("ack {id}"));
    }
    rig.poll();
    // The server may have counted the messages as late as its answers.
    rig.after(9_999).expect(&[]);
    rig.after(1);
    assert_eq!(rig.poll().len(), 12);
}

#[test]
fn busy_server_gets_no_dial_for_a_second() {
    let mut rig = Rig::new();
    rig.subscribe("/a").poll();
    rig.info().dialled().poll();
    rig.frame("refuse - 503 service busy").poll();
    assert!(rig.reach_deadline().as_millis() >= 1_000);
}
