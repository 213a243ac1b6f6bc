//! The session with the V1 protocol: frames as KuCoin writes them, by a clock that the test moves.

use std::time::{Duration, Instant};

use kucoin_streams::core::{ConnectionInfo, Heartbeat, SecretUrl};
use kucoin_streams::session::{Action, Config, Disposition, Input, Report, Session};
use kucoin_streams::v1::{TopicPath, V1};

use crate::rig::{BALANCE, ORDERS};

const WELCOME: &str = r#"{"id":"0123456789abcdef00000000","type":"welcome"}"#;

struct Rig {
    session: Session<V1>,
    start: Instant,
    now: Instant,
    dials: u32,
}

impl Rig {
    fn new(topics: &[&str]) -> Self {
        let now = Instant::now();
        let mut session = Session::new(Config::default(), 3);
        for topic in topics {
            session.subscribe(now, TopicPath::new(topic));
        }
        Self {
            session,
            start: now,
            now,
            dials: 0,
        }
    }

    /// A connection whose topics are all acknowledged.
    fn live(topics: &[&str]) -> Self {
        let mut rig = Self::new(topics);
        rig.connect().frame(WELCOME);
        for id in 1..=topics.len() {
            rig.frame(&format!(r#"{{"id":"{id}","type":"ack"}}"#));
        }
        rig.poll();
        rig
    }

    /// Answers the fetch and the dial that are asked for.
    fn connect(&mut self) -> &mut Self {
        assert_eq!(self.poll().last().map(String::as_str), Some("fetch"));
        self.dials += 1;
        let url = SecretUrl::new(format!(
            "wss://ws-api-spot.kucoin.com/?token={}",
            self.dials
        ));
        let info = ConnectionInfo::new(url).with_heartbeat(Heartbeat::default());
        self.session
            .handle(self.now, Input::ConnectionInfo(Ok(info)));
        self.session.handle(self.now, Input::Dialled(Ok(())));
        assert_eq!(self.poll(), [format!("dial {}", self.dials)]);
        self
    }

    /// Takes a frame that carries no data.
    fn frame(&mut self, frame: &str) -> &mut Self {
        assert_eq!(
            self.session.frame(self.now, frame),
            Disposition::Consumed,
            "{frame}"
        );
        self
    }

    fn after(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self.session.tick(self.now);
        self
    }

    /// Goes to the session's next deadline; gives the time since the start.
    fn reach_deadline(&mut self) -> Duration {
        self.now = self.session.deadline().expect("something is waited for");
        self.session.tick(self.now);
        self.now - self.start
    }

    fn poll(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.session.poll())
            .map(words)
            .collect()
    }

    #[track_caller]
    fn expect(&mut self, expected: &[&str]) {
        assert_eq!(self.poll(), expected);
    }
}

fn words(action: Action<TopicPath>) -> String {
    match action {
        Action::FetchConnectionInfo => "fetch".into(),
        Action::Dial(url) => format!("dial {}", url.expose().rsplit('=').next().unwrap()),
        Action::Send(frame) => frame.to_string(),
        Action::HangUp { code } => format!("hang up {code}"),
        Action::Report(report) => match report {
            Report::Open => "open".into(),
            Report::Live { request } => format!("live {request}"),
            Report::Refused {
                request,
                code,
                message,
            } => format!("refused {request} {code:?} {message}"),
            Report::Lost { .. } => "lost".into(),
            Report::Postponed {
                request,
                code,
                message,
                delay,
            } => format!("postponed {request} by {delay:?}: {code:?} {message}"),
            Report::Reconnect { cause, delay, .. } => {
                let code = cause.code.clone().unwrap_or_default();
                let wait = match delay.as_millis() {
                    0 => "at once",
                    1..1_000 => "within a second",
                    _ => "after a second",
                };
                format!("reconnect {wait}: {} {code} {}", cause.stage, cause.message)
            }
            Report::Reconnected { refused, .. } => format!("reconnected, {refused} refused"),
            Report::Exception { code, message } => format!("exception {code:?} {message}"),
            Report::Closed(reason) => format!("closed: {reason}"),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}

fn subscribe(id: u32, topic: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"subscribe","topic":"{topic}","privateChannel":true,"response":true}}"#
    )
}

#[test]
fn nothing_is_sent_before_the_welcome_and_everything_after_it() {
    let mut rig = Rig::new(&[ORDERS, BALANCE]);
    rig.connect();
    rig.after(Duration::from_secs(4)).expect(&[]);
    rig.frame(WELCOME)
        .expect(&["open", &subscribe(1, ORDERS), &subscribe(2, BALANCE)]);
    rig.frame(r#"{"id":"2","type":"ack"}"#)
        .expect(&[&format!("live {BALANCE}")]);
    rig.frame(r#"{"id":"1","type":"ack"}"#)
        .expect(&[&format!("live {ORDERS}")]);
    rig.session.shut(rig.now);
    let unsubscribe = |id, topic| subscribe(id, topic).replace("subscribe", "unsubscribe");
    rig.expect(&[&unsubscribe(3, ORDERS), &unsubscribe(4, BALANCE)]);
}

#[test]
fn an_acknowledgement_is_known_by_its_id_as_number_too() {
    let mut rig = Rig::new(&[ORDERS]);
    rig.connect().frame(WELCOME).poll();
    rig.frame(r#"{"type":"ack","id":1}"#)
        .expect(&[&format!("live {ORDERS}")]);
}

#[test]
fn an_error_with_the_id_of_a_request_refuses_that_request() {
    let mut rig = Rig::new(&[ORDERS, BALANCE]);
    rig.connect().frame(WELCOME).poll();
    rig.frame(r#"{"id":"2","type":"error","code":403,"data":"login is required"}"#);
    rig.expect(&[&format!("refused {BALANCE} Some(403) login is required")]);
    rig.frame(r#"{"id":"1","type":"ack"}"#)
        .expect(&[&format!("live {ORDERS}")]);
}

#[test]
fn an_error_without_an_id_refuses_the_topic_that_it_names() {
    let mut rig = Rig::new(&[ORDERS, BALANCE]);
    rig.connect().frame(WELCOME).poll();
    let data = format!("topic {BALANCE} is not found");
    rig.frame(&format!(r#"{{"type":"error","code":404,"data":"{data}"}}"#));
    rig.expect(&[&format!("refused {BALANCE} Some(404) {data}")]);
}

#[test]
fn error_with_an_unknown_id_refuses_the_topic_in_its_text() {
    let mut rig = Rig::new(&[ORDERS, BALANCE]);
    rig.connect().frame(WELCOME).poll();
    let data = format!("topic {ORDERS} is not found");
    rig.frame(&format!(
        r#"{{"id":"64d8732c856851144bded10d","type":"error","code":404,"data":"{data}"}}"#
    ));
    rig.expect(&[&format!("refused {ORDERS} Some(404) {data}")]);
}

#[test]
fn an_error_that_may_be_about_either_request_refuses_neither() {
    let mut rig = Rig::new(&[ORDERS, BALANCE]);
    rig.connect().frame(WELCOME).poll();
    rig.frame(r#"{"type":"error","code":404,"data":"topic does not exist"}"#);
    rig.expect(&["exception Some(404) topic does not exist"]);
    rig.frame(r#"{"id":"1","type":"ack"}"#)
        .expect(&[&format!("live {ORDERS}")]);
    assert!(rig.session.is_live());
}

#[test]
fn pings_go_out_every_18_seconds() {
    let mut rig = Rig::live(&[ORDERS]);
    for beat in 1..=3 {
        assert_eq!(rig.reach_deadline(), Duration::from_secs(18 * beat));
        rig.expect(&[&format!(r#"{{"id":"{}","type":"ping"}}"#, beat + 1)]);
        rig.frame(r#"{"type":"pong","timestamp":1768824067407080}"#)
            .expect(&[]);
    }
}

#[test]
fn a_pong_that_stays_away_is_a_loss_ten_seconds_after_its_ping() {
    let mut rig = Rig::live(&[ORDERS]);
    rig.reach_deadline();
    rig.poll();
    assert_eq!(rig.reach_deadline(), Duration::from_secs(28));
    let actions = rig.poll();
    assert_eq!(actions[..2], ["hang up 1000", "lost"]);
    assert!(
        actions[2].ends_with("heartbeat  no pong within 10s"),
        "{actions:?}"
    );
}

#[test]
fn topics_are_replayed_in_order_with_new_ids() {
    let mut rig = Rig::live(&[ORDERS, BALANCE]);
    rig.frame(r#"{"id":"9","type":"error","code":400,"data":"ping timeout"}"#);
    let actions = rig.poll();
    assert_eq!(actions[..2], ["hang up 1000", "lost"]);
    assert!(actions[2].ends_with("live 400 ping timeout"), "{actions:?}");
    rig.reach_deadline();
    rig.connect().frame(WELCOME);
    rig.expect(&[&subscribe(3, ORDERS), &subscribe(4, BALANCE)]);
    // The answer to a request of the connection before is none to these.
    rig.frame(r#"{"id":"1","type":"ack"}"#).expect(&[]);
    rig.frame(r#"{"id":"4","type":"ack"}"#)
        .expect(&[&format!("live {BALANCE}")]);
    rig.frame(r#"{"id":"3","type":"ack"}"#)
        .expect(&[&format!("live {ORDERS}"), "reconnected, 0 refused"]);
}

#[test]
fn a_refused_token_is_replaced_at_once_and_then_with_patience() {
    let expired =
        r#"{"id":"64d8732c856851144bded10d","type":"error","code":401,"data":"token is expired"}"#;
    let mut rig = Rig::new(&[ORDERS]);
    rig.connect().frame(expired);
    rig.expect(&[
        "hang up 1000",
        "reconnect at once: welcome 401 token is expired",
    ]);
    rig.reach_deadline();
    rig.connect()
        .frame(r#"{"type":"error","code":401,"data":"token is invalid"}"#);
    let actions = rig.poll();
    assert!(
        actions[1].ends_with("welcome 401 token is invalid"),
        "{actions:?}"
    );
    assert!(!actions[1].starts_with("reconnect at once"), "{actions:?}");
}

#[test]
fn too_many_connections_are_waited_for() {
    let mut rig = Rig::new(&[ORDERS]);
    let words = "exceed max session count limitation of 50";
    rig.connect().frame(&format!(
        r#"{{"type":"error","code":509,"data":"{words}"}}"#
    ));
    rig.expect(&[
        "hang up 1000",
        &format!("reconnect after a second: welcome 509 {words}"),
    ]);
}

#[test]
fn too_many_subscriptions_refuse_one_and_keep_the_connection() {
    let mut rig = Rig::live(&[ORDERS]);
    rig.session.subscribe(rig.now, TopicPath::new(BALANCE));
    rig.expect(&[&subscribe(2, BALANCE)]);
    let words = "exceed max subscription count limitation of 400 per session";
    rig.frame(&format!(
        r#"{{"id":"2","type":"error","code":509,"data":"{words}"}}"#
    ));
    rig.expect(&[&format!("refused {BALANCE} Some(509) {words}")]);
    assert!(rig.session.is_live());
}

#[test]
fn requests_that_come_too_fast_are_asked_again_a_second_later() {
    let mut rig = Rig::new(&[ORDERS]);
    rig.connect()
        .frame(WELCOME)
        .expect(&["open", &subscribe(1, ORDERS)]);
    rig.frame(r#"{"id":"1","type":"error","code":509,"data":"exceed max permits per second"}"#);
    rig.expect(&[&format!(
        "postponed {ORDERS} by 1s: Some(509) exceed max permits per second"
    )]);
    rig.after(Duration::from_millis(999)).expect(&[]);
    rig.after(Duration::from_millis(1))
        .expect(&[&subscribe(2, ORDERS)]);
    rig.frame(r#"{"id":"2","type":"ack"}"#)
        .expect(&[&format!("live {ORDERS}")]);
}

#[test]
fn data_is_handed_back_and_strangers_are_told_apart() {
    let mut rig = Rig::live(&[ORDERS]);
    let now = rig.now;
    let push = format!(r#"{{"data":{{"clientOid":"pong"}},"topic":"{ORDERS}","type":"message"}}"#);
    let Disposition::Message { topic } = rig.session.frame(now, &push) else {
        panic!("no data");
    };
    assert_eq!(topic, ORDERS);
    assert_eq!(
        rig.session
            .frame(now, r#"{"type":"notice","data":"maintenance"}"#),
        Disposition::Unknown
    );
    assert!(matches!(
        rig.session.frame(now, r#"{"type":"mess"#),
        Disposition::Malformed(_)
    ));
    rig.expect(&[]);
    assert!(rig.session.is_live());
}
