//! The session with the V1 protocol: frames as KuCoin sends them, with a simulated clock.

use std::time::Instant;

use kucoin_streams::core::{ConnectionInfo, Heartbeat, SecretUrl};
use kucoin_streams::session::{Action, FrameKind, Input, Session, SessionConfig, SessionEvent};
use kucoin_streams::v1::{TopicPath, V1};

use crate::setup::{BALANCE, ORDERS};

const WELCOME: &str = r#"{"id":"0123456789abcdef00000000","type":"welcome"}"#;

struct SessionDriver {
    session: Session<V1>,
    now: Instant,
    dials: u32,
}

impl SessionDriver {
    fn new(topics: &[&str]) -> Self {
        let now = Instant::now();
        let mut session = Session::new(SessionConfig::default(), 3);
        for topic in topics {
            session.subscribe(now, TopicPath::new(topic));
        }
        Self {
            session,
            now,
            dials: 0,
        }
    }

    /// Returns a connection whose topics are all acknowledged.
    fn live(topics: &[&str]) -> Self {
        let mut driver = Self::new(topics);
        driver.connect().frame(WELCOME);
        for id in 1..=topics.len() {
            driver.frame(&format!(r#"{{"id":"{id}","type":"ack"}}"#));
        }
        driver.poll();
        driver
    }

    /// Completes the requested token fetch and dial.
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

    /// Handles a frame without data.
    fn frame(&mut self, frame: &str) -> &mut Self {
        assert_eq!(
            self.session.frame(self.now, frame),
            FrameKind::Consumed,
            "{frame}"
        );
        self
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
        Action::Emit(report) => match report {
            SessionEvent::Open => "open".into(),
            SessionEvent::Live { request } => format!("live {request}"),
            SessionEvent::Refused {
                request,
                code,
                message,
            } => format!("refused {request} {code:?} {message}"),
            SessionEvent::Lost { .. } => "lost".into(),
            SessionEvent::Postponed {
                request,
                code,
                message,
                delay,
            } => format!("postponed {request} by {delay:?}: {code:?} {message}"),
            SessionEvent::Reconnect { cause, delay, .. } => {
                let code = cause.code.clone().unwrap_or_default();
                let wait = match delay.as_millis() {
                    0 => "at once",
                    1..1_000 => "within a second",
                    _ => "after a second",
                };
                format!("reconnect {wait}: {} {code} {}", cause.stage, cause.message)
            }
            SessionEvent::Reconnected { refused, .. } => format!("reconnected, {refused} refused"),
            SessionEvent::Exception { code, message } => format!("exception {code:?} {message}"),
            SessionEvent::Closed(reason) => format!("closed: {reason}"),
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
fn acknowledgement_may_have_a_numeric_id() {
    let mut driver = SessionDriver::new(&[ORDERS]);
    driver.connect().frame(WELCOME).poll();
    driver
        .frame(r#"{"type":"ack","id":1}"#)
        .expect(&[&format!("live {ORDERS}")]);
}

#[test]
fn error_with_a_request_id_refuses_that_request() {
    let mut driver = SessionDriver::new(&[ORDERS, BALANCE]);
    driver.connect().frame(WELCOME).poll();
    driver.frame(r#"{"id":"2","type":"error","code":403,"data":"login is required"}"#);
    driver.expect(&[&format!("refused {BALANCE} Some(403) login is required")]);
    driver
        .frame(r#"{"id":"1","type":"ack"}"#)
        .expect(&[&format!("live {ORDERS}")]);
}

#[test]
fn error_without_an_id_refuses_the_topic_in_its_text() {
    let mut driver = SessionDriver::new(&[ORDERS, BALANCE]);
    driver.connect().frame(WELCOME).poll();
    let data = format!("topic {BALANCE} is not found");
    driver.frame(&format!(r#"{{"type":"error","code":404,"data":"{data}"}}"#));
    driver.expect(&[&format!("refused {BALANCE} Some(404) {data}")]);
}

#[test]
fn error_with_an_unknown_id_refuses_the_topic_in_its_text() {
    let mut driver = SessionDriver::new(&[ORDERS, BALANCE]);
    driver.connect().frame(WELCOME).poll();
    let data = format!("topic {ORDERS} is not found");
    driver.frame(&format!(
        r#"{{"id":"64d8732c856851144bded10d","type":"error","code":404,"data":"{data}"}}"#
    ));
    driver.expect(&[&format!("refused {ORDERS} Some(404) {data}")]);
}

#[test]
fn ambiguous_error_refuses_no_request() {
    let mut driver = SessionDriver::new(&[ORDERS, BALANCE]);
    driver.connect().frame(WELCOME).poll();
    driver.frame(r#"{"type":"error","code":404,"data":"topic does not exist"}"#);
    driver.expect(&["exception Some(404) topic does not exist"]);
    driver
        .frame(r#"{"id":"1","type":"ack"}"#)
        .expect(&[&format!("live {ORDERS}")]);
    assert!(driver.session.is_live());
}

#[test]
fn too_many_topics_refuses_one_request_only() {
    let mut driver = SessionDriver::live(&[ORDERS]);
    driver
        .session
        .subscribe(driver.now, TopicPath::new(BALANCE));
    driver.expect(&[&subscribe(2, BALANCE)]);
    let words = "exceed max subscription count limitation of 400 per session";
    driver.frame(&format!(
        r#"{{"id":"2","type":"error","code":509,"data":"{words}"}}"#
    ));
    driver.expect(&[&format!("refused {BALANCE} Some(509) {words}")]);
    assert!(driver.session.is_live());
}

#[test]
fn data_is_returned_and_unknown_frames_are_reported() {
    let mut driver = SessionDriver::live(&[ORDERS]);
    let now = driver.now;
    let push = format!(r#"{{"data":{{"clientOid":"pong"}},"topic":"{ORDERS}","type":"message"}}"#);
    let FrameKind::Message { topic } = driver.session.frame(now, &push) else {
        panic!("no data");
    };
    assert_eq!(topic, ORDERS);
    assert_eq!(
        driver
            .session
            .frame(now, r#"{"type":"notice","data":"maintenance"}"#),
        FrameKind::Unknown
    );
    assert!(matches!(
        driver.session.frame(now, r#"{"type":"mess"#),
        FrameKind::Malformed(_)
    ));
    driver.expect(&[]);
    assert!(driver.session.is_live());
}
