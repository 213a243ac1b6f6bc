//! The heartbeat: pings at the server's interval, and loss after silence.

use std::time::Duration;

use kucoin_streams_core::{ConnectionInfo, Heartbeat, SecretUrl};

use crate::rig::Rig;

#[test]
fn ping_interval_follows_the_token_reply() {
    let mut rig = Rig::new();
    rig.session.open(rig.now);
    rig.poll();
    let heartbeat = Heartbeat::new(Duration::from_secs(3), Duration::from_secs(2));
    let url = SecretUrl::new("wss://host/?token=1");
    rig.give(ConnectionInfo::new(url).with_heartbeat(heartbeat));
    rig.dialled().frame("welcome").poll();
    for id in 1..=3 {
        rig.after(2_999).expect(&[]);
        rig.after(1).expect(&[&format!("send ping {id}")]);
        rig.after(0).frame("pong");
    }
}

#[test]
fn ping_interval_follows_the_welcome() {
    let mut rig = Rig::new();
    rig.session.open(rig.now);
    rig.poll();
    rig.info().dialled().frame("welcome 4").poll();
    assert_eq!(rig.reach_deadline(), Duration::from_secs(4));
    rig.expect(&["send ping 1"]);
}

#[test]
fn silent_peer_is_lost_within_28_seconds() {
    let mut rig = Rig::live(&["/a"]);
    rig.after(18_000).expect(&["send ping 2"]);
    rig.after(10_000).expect(&[
        "hang up 1000",
        "lost",
        "reconnect 1 heartbeat no pong within 10s",
    ]);
}

#[test]
fn data_keeps_the_connection_alive_if_the_pong_is_late() {
    let mut rig = Rig::live(&["/a"]);
    rig.after(18_000).poll();
    rig.after(9_000);
    let _ = rig.session.frame(rig.now, "push /a");
    rig.after(1_000).expect(&[]);
    assert!(rig.session.is_live());
}
