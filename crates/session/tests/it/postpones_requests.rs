//! A temporarily refused request is sent again later, while everything else continues.

use crate::rig::Rig;

/// Returns the ID of the only subscribe frame among these actions.
#[track_caller]
pub(crate) fn subscribe_id(actions: &[String]) -> String {
    let mut ids = actions
        .iter()
        .filter_map(|action| action.strip_prefix("send subscribe "));
    let id = ids.next().expect("a request is sent");
    assert_eq!(ids.next(), None, "{actions:?}");
    id.split(' ').next().unwrap().to_owned()
}

/// Refuses each subscribe frame for this topic (any topic if empty) temporarily, for this time. Returns the other
/// actions.
#[track_caller]
pub(crate) fn refuse_for(rig: &mut Rig, topic: &str, millis: u64) -> Vec<String> {
    let end = rig.now + std::time::Duration::from_millis(millis);
    let mut others = Vec::new();
    while rig.now < end {
        let step = rig.session.deadline().unwrap().min(end) - rig.now;
        let actions = rig.wait(u64::try_from(step.as_millis()).unwrap().max(1));
        for action in actions {
            match action.strip_prefix("send subscribe ") {
                Some(request) if request.ends_with(topic) => {
                    let (id, _) = request.split_once(' ').unwrap();
                    rig.frame(&format!("refuse {id} 500 system error"));
                }
                _ => others.push(action),
            }
        }
        others.extend(rig.poll());
    }
    others
}

#[test]
fn postponed_topic_is_reported_and_others_continue() {
    let mut rig = Rig::new();
    rig.subscribe("/a").subscribe("/b").connect().poll();
    rig.frame("refuse 1 500 system error")
        .expect(&["postponed /a 1s 500 system error"]);
    rig.frame("ack 2").expect(&["live /b"]);
    rig.subscribe("/c").expect(&["send subscribe 3 /c"]);
    rig.frame("ack 3").expect(&["live /c"]);
    rig.after(999).expect(&[]);
    rig.after(1).expect(&["send subscribe 4 /a"]);
    rig.frame("ack 4").expect(&["live /a"]);
    assert_eq!(rig.wait(60_000), [""; 0]);
}

#[test]
fn retries_of_a_postponed_topic_are_up_to_30_s_apart() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect();
    let mut id = subscribe_id(&rig.poll());
    for seconds in [1, 2, 4, 8, 16, 30, 30] {
        rig.frame(&format!("refuse {id} 500 system error"));
        rig.expect(&[&format!("postponed /a {seconds}s 500 system error")]);
        assert_eq!(rig.wait(seconds * 1_000 - 1), [""; 0]);
        id = subscribe_id(&rig.wait(1));
    }
    rig.frame(&format!("ack {id}")).expect(&["live /a"]);
}

#[test]
fn retry_delay_starts_at_1_s_on_each_connection() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.frame("refuse 1 500 system error").after(1_000).poll();
    rig.frame("refuse 2 500 system error")
        .expect(&["postponed /a 2s 500 system error"]);
    rig.lost().connect().poll();
    rig.frame("refuse 3 500 system error")
        .expect(&["postponed /a 1s 500 system error"]);
}

#[test]
fn postponed_topic_may_be_refused_for_good() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.frame("refuse 1 500 system error").after(1_000).poll();
    rig.frame("refuse 2 404 topic /a is not found")
        .expect(&["refused /a 404 topic /a is not found"]);
    assert_eq!(rig.wait(60_000), [""; 0]);
    assert_eq!(rig.session.wanted().count(), 0);
}

#[test]
fn unsubscribed_postponed_topic_ends_at_once() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.frame("refuse 1 500 system error").poll();
    rig.unsubscribe("/a").expect(&["ended /a"]);
    assert_eq!(rig.wait(60_000), [""; 0]);
    rig.subscribe("/a");
    assert!(rig.poll()[0].ends_with(" /a"), "it is subscribed at once");
}

#[test]
fn server_error_about_a_request_keeps_the_connection() {
    for (code, words) in [(500, "system error"), (503, "service busy")] {
        let mut rig = Rig::live(&["/a"]);
        rig.subscribe("/b").poll();
        rig.frame(&format!("refuse 2 {code} {words}"));
        rig.expect(&[&format!("postponed /b 1s {code} {words}")]);
        assert!(rig.session.is_subscribed(&"/a".to_owned()));
        rig.after(1_000).expect(&["send subscribe 3 /b"]);
        rig.frame("ack 3").expect(&["live /b"]);
    }
}

#[test]
fn busy_server_gets_no_request_for_a_second() {
    let mut rig = Rig::live(&["/a"]);
    rig.subscribe("/b").poll();
    rig.frame("refuse 2 503 service busy").poll();
    rig.subscribe("/c").expect(&[]);
    rig.after(1_000)
        .expect(&["send subscribe 3 /b", "send subscribe 4 /c"]);
}

#[test]
fn postponement_without_id_finds_its_topic() {
    for refusal in ["500 system error", "503 service busy", "429 too fast"] {
        let mut rig = Rig::live(&["/a"]);
        rig.subscribe("/b").poll();
        rig.frame(&format!("refuse - {refusal}"));
        rig.expect(&[&format!("postponed /b 1s {refusal}")]);
    }
    let mut rig = Rig::new();
    rig.subscribe("/a").subscribe("/b").connect().poll();
    rig.frame("refuse foreign-id 500 no room for /b now");
    rig.expect(&["postponed /b 1s 500 no room for /b now"]);
}

#[test]
fn server_error_without_a_request_is_an_exception() {
    let mut rig = Rig::live(&["/a"]);
    rig.frame("refuse - 500 system error")
        .expect(&["exception system error"]);
    rig.subscribe("/b").subscribe("/c").poll();
    rig.frame("refuse - 500 system error")
        .expect(&["exception system error"]);
    assert!(rig.session.is_live());
}

#[test]
fn busy_reply_without_a_request_loses_the_connection() {
    let mut rig = Rig::live(&["/a"]);
    rig.frame("refuse - 503 service busy");
    rig.expect(&[
        "hang up 1000",
        "lost",
        "reconnect 1 live service busy (code 503)",
    ]);
}

#[test]
fn postponed_unsubscribe_is_sent_once_more() {
    for refusal in ["500 system error", "503 service busy", "429 too fast"] {
        let mut rig = Rig::live(&["/a"]);
        rig.unsubscribe("/a").poll();
        rig.frame(&format!("refuse 2 {refusal}")).expect(&[]);
        rig.after(999).expect(&[]);
        rig.after(1).expect(&["send unsubscribe 2 /a"]);
        rig.frame(&format!("refuse 2 {refusal}"))
            .expect(&["ended /a"]);
        assert_eq!(rig.wait(60_000), [""; 0]);
        assert!(rig.session.is_live());
    }
}

#[test]
fn postponed_unsubscribe_may_succeed_or_stay_unanswered() {
    let mut rig = Rig::live(&["/a"]);
    rig.unsubscribe("/a").poll();
    rig.frame("refuse 2 500 system error").after(1_000).poll();
    rig.frame("ack 2").expect(&["ended /a"]);

    let mut rig = Rig::live(&["/a"]);
    rig.unsubscribe("/a").poll();
    rig.frame("refuse 2 500 system error").after(1_000).poll();
    assert_eq!(rig.wait(5_000), ["ended /a"]);
    assert!(rig.session.is_live());
}

#[test]
fn unanswered_then_postponed_unsubscribe_has_ended() {
    let mut rig = Rig::live(&["/a"]);
    rig.unsubscribe("/a").poll();
    rig.after(5_000).expect(&["send unsubscribe 2 /a"]);
    rig.frame("refuse 2 500 system error").expect(&["ended /a"]);
    assert_eq!(rig.wait(60_000), [""; 0]);
}

#[test]
fn topic_is_resubscribed_after_its_postponed_unsubscribe() {
    let mut rig = Rig::live(&["/a"]);
    rig.unsubscribe("/a").poll();
    rig.frame("refuse 2 500 system error").expect(&[]);
    rig.subscribe("/a").expect(&[]);
    rig.after(1_000).expect(&["send unsubscribe 2 /a"]);
    rig.frame("refuse 2 500 system error")
        .expect(&["send subscribe 3 /a"]);
    rig.frame("ack 3").expect(&["live /a"]);
}

#[test]
fn unanswered_then_postponed_request_may_succeed() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.after(5_000).expect(&["send subscribe 1 /a"]);
    rig.frame("refuse 1 500 system error")
        .expect(&["postponed /a 1s 500 system error"]);
    // The answer to the second frame.
    rig.frame("ack 1").expect(&["live /a"]);
    assert_eq!(rig.wait(60_000), [""; 0]);
}

#[test]
fn unanswered_then_postponed_request_is_retried_less_often() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.after(5_000).expect(&["send subscribe 1 /a"]);
    let actions = refuse_all(&mut rig);
    for delay in ["1s", "2s", "4s", "8s", "16s", "30s"] {
        let postponed = format!("postponed /a {delay} 500 system error");
        assert!(actions.contains(&postponed), "{delay}: {actions:?}");
    }
}

/// Refuses every subscribe frame for two minutes.
fn refuse_all(rig: &mut Rig) -> Vec<String> {
    rig.frame("refuse 1 500 system error");
    let mut actions = rig.poll();
    actions.extend(refuse_for(rig, "/a", 120_000));
    actions
}

#[test]
fn unsubscribed_topic_is_not_retried_forever() {
    let mut rig = Rig::new();
    rig.subscribe("/a").connect().poll();
    rig.after(5_000).poll();
    rig.unsubscribe("/a").expect(&[]);
    let actions = refuse_all(&mut rig);
    assert_eq!(actions, ["ended /a"]);
}
