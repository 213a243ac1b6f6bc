//! One WebSocket connection, step by step: token, dial, welcome, login, heartbeat, and each topic.
//!
//! A session would retry; these checks need the first answer.

use std::collections::BTreeMap;
use std::time::Duration;

use kucoin_streams::auth::rest::TokenError;
use kucoin_streams::client::SubscribeError;
use kucoin_streams::core::redact::Redactor;
use kucoin_streams::core::{Inbound, Protocol, RequestId, with_code};
use kucoin_streams::transport::{
    CloseFrame, Connect, Message, Outgoing, Reader, WebSocketReader, WebSocketWriter, Writer,
};
use kucoin_streams::{ConnectionInfo, ConnectionKind, Topic, WsKey};
use tokio::time::{Instant, timeout, timeout_at};

use super::Doctor;
use super::finding::{Finding, Step, is_of_account};
use super::hosts::{ok_text, report_steps};
use super::report::{CauseId, Check, Subject};
use crate::exit::ExitStatus;

const TOKEN: &str = "token";
const UPGRADE: &str = "upgrade";
const WELCOME: &str = "welcome";
const LOGIN: &str = "login";
const HEARTBEAT: &str = "heartbeat";
const TOPIC: &str = "topic";

/// ID of the ping; those of the subscriptions follow.
const PING: RequestId = RequestId(1);

/// What is wrong if the server ends the connection or does not answer.
const CHECK_MIDDLEBOX: &str =
    "check whether a proxy or a firewall interferes with WebSockets; otherwise try again later";

type KindOf<T> = <T as Topic>::Kind;
type ProtocolOf<T> = <KindOf<T> as ConnectionKind>::Protocol;

impl Doctor<'_> {
    /// Checks one connection. If it is not `needed`, a failure is a warning.
    pub(super) async fn check_connection<T: Topic>(
        &mut self,
        ws_key: WsKey,
        topics: Vec<T>,
        needed: bool,
    ) {
        let key = ws_key.as_str();
        self.report.group(match ws_key {
            WsKey::SpotPrivateV1 => "Connection spotPrivateV1",
            WsKey::FuturesPrivateV1 => "Connection futuresPrivateV1",
            _ => "Connection privateProV2",
        });
        let subject = Subject {
            ws_key: Some(key),
            ..Subject::default()
        };
        let check = |name| Check::about(name, subject.clone());
        if let Some(cause) = self.obstacle(ws_key) {
            return self.skip(
                &[TOKEN, UPGRADE, WELCOME, HEARTBEAT, TOPIC],
                &subject,
                cause,
            );
        }
        self.report.begin(&check(TOKEN));
        let fetched = timeout(2 * self.limit, self.tokens.fetch(ws_key)).await;
        let fetched = fetched.unwrap_or_else(|_| {
            Err(TokenError::TimedOut {
                host: key.to_owned(),
                limit: self.limit,
            })
        });
        let info = match fetched {
            Ok(info) => info,
            Err(error) => {
                let finding = Finding::of_token(&error);
                let is_refused = error.code().is_some_and(is_of_account);
                let rest = &[UPGRADE, WELCOME, HEARTBEAT, TOPIC];
                let cause = self.give_up(check(TOKEN), finding, needed || is_refused, rest);
                if is_refused {
                    self.key_refused = cause;
                }
                return;
            }
        };
        let text = match &info.login {
            Some(_) => "not used: a signed login replaces it",
            None => "issued",
        };
        self.report.ok(check(TOKEN), text);
        if !needed && self.is_classic {
            return self.leave_out(&subject);
        }
        let Some(mut socket) = self.dial(info, &subject, needed).await else {
            return;
        };
        self.check_socket::<T>(&mut socket, &topics, &subject, needed)
            .await;
        let close = socket.writer.close(Some(CloseFrame::normal()));
        // The checks are done: whether the server sees the close frame does not matter.
        let _ = timeout(Duration::from_millis(500), close).await;
    }

    /// Dials; reports each step to the host.
    async fn dial(
        &mut self,
        info: ConnectionInfo,
        subject: &Subject,
        needed: bool,
    ) -> Option<Socket> {
        let server = info.url.authority().to_owned();
        let is_plain = info.url.expose().starts_with("ws:");
        let steps: &[Step] = match self.has_proxy {
            true => &[Step::Proxy, Step::Tls, Step::Http],
            false => &[Step::Dns, Step::Tcp, Step::Tls, Step::Http],
        };
        let check_of = |step: Step| {
            let (name, text) = match step {
                Step::Http => (UPGRADE, "accepted"),
                step => (step.name(), ok_text(step, is_plain)),
            };
            let subject = Subject {
                host: Some(server.clone()),
                ..subject.clone()
            };
            (Check::about(name, subject), text)
        };
        self.report.begin(&check_of(steps[0]).0);
        match self.connector.connect(info.url.expose()).await {
            Ok((reader, writer)) => {
                report_steps(steps, None, check_of, self.report);
                Some(Socket {
                    redactor: Redactor::new(&info),
                    reader,
                    writer,
                    info,
                })
            }
            Err(error) => {
                let finding = Finding::of_connect(&error, &server);
                let step = Step::of_dial(&error);
                if needed {
                    let failed = Some((step, finding));
                    if let Some(cause) = report_steps(steps, failed, check_of, self.report) {
                        self.skip(&[WELCOME, HEARTBEAT, TOPIC], subject, cause);
                    }
                } else {
                    self.give_up(check_of(step).0, finding, false, &[]);
                }
                None
            }
        }
    }

    /// Checks welcome, login, heartbeat and topics of an open connection.
    async fn check_socket<T: Topic>(
        &mut self,
        socket: &mut Socket,
        topics: &[T],
        subject: &Subject,
        needed: bool,
    ) {
        let check = |name| Check::about(name, subject.clone());
        self.report.begin(&check(WELCOME));
        let greeted = socket.welcome::<ProtocolOf<T>>(self.limit).await;
        if let Err(finding) = greeted {
            self.give_up(check(WELCOME), finding, needed, &[HEARTBEAT, TOPIC]);
            return;
        }
        self.report.ok(check(WELCOME), "received");
        if socket.info.login.is_some() {
            self.report.begin(&check(LOGIN));
            if let Err(finding) = socket.login::<ProtocolOf<T>>(self.limit).await {
                self.give_up(check(LOGIN), finding, needed, &[HEARTBEAT, TOPIC]);
                return;
            }
            self.report.ok(check(LOGIN), "accepted");
        }
        self.report.begin(&check(HEARTBEAT));
        let requests: Vec<_> = topics.iter().flat_map(Topic::requests).collect();
        let mut answers = socket.ask::<ProtocolOf<T>>(&requests, self.limit).await;
        explain_wrong_host(&mut answers, subject);
        let mut cause = None;
        let topics = requests.iter().map(|request| Check {
            name: TOPIC,
            subject: Subject {
                topic: Some(request.to_string()),
                ..subject.clone()
            },
        });
        for (at, check) in std::iter::once(check(HEARTBEAT)).chain(topics).enumerate() {
            let is_pong = at == 0;
            match (answers.replies.remove(&at), cause) {
                (Some(Ok(took)), _) => {
                    let text = match is_pong {
                        true => format!("pong after {:.1} ms", took.as_secs_f64() * 1_000.0),
                        false => "acknowledged".to_owned(),
                    };
                    self.report.ok(check, text);
                }
                (Some(Err(finding)), _) => {
                    self.fail(check, finding, needed);
                }
                (None, Some(cause)) => self.report.skipped(check, cause),
                (None, None) => {
                    let finding = answers.missing(is_pong);
                    cause = self.fail(check, finding, needed);
                    if cause.is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// Reports a failure; as a warning, without a cause, if the connection is not needed.
    fn fail(&mut self, check: Check, finding: Finding, needed: bool) -> Option<CauseId> {
        if needed {
            return Some(self.report.failed(check, finding));
        }
        self.report.warning(check, finding);
        None
    }

    /// Reports a failure that ends the checks of a connection: the rest is skipped, or left out if it is not needed.
    fn give_up(
        &mut self,
        check: Check,
        finding: Finding,
        needed: bool,
        rest: &[&'static str],
    ) -> Option<CauseId> {
        let subject = Subject {
            host: None,
            ..check.subject.clone()
        };
        let cause = self.fail(check, finding, needed);
        match cause {
            Some(cause) => self.skip(rest, &subject, cause),
            None => self.leave_out(&subject),
        }
        cause
    }

    fn skip(&mut self, names: &[&'static str], subject: &Subject, cause: CauseId) {
        for name in names {
            let check = Check::about(name, subject.clone());
            self.report.skipped(check, cause);
        }
    }

    /// Leaves out the rest of a connection that is not needed.
    fn leave_out(&mut self, subject: &Subject) {
        let why = match self.is_classic {
            true => "not needed by a classic account",
            false => "not needed by this account",
        };
        self.report
            .not_needed(Check::about(TOPIC, subject.clone()), why);
    }
}

/// If a V1 host knows none of its topics, the token is from the other host: the remedy says so.
fn explain_wrong_host(answers: &mut Answers, subject: &Subject) {
    let remedy = match subject.ws_key {
        Some("spotPrivateV1") => "if the token is from a futures host, correct --rest-url",
        Some("futuresPrivateV1") => "if the token is from a spot host, correct --futures-rest-url",
        _ => return,
    };
    let is_unknown = |at: &usize, reply: &Reply| {
        *at == 0 || matches!(reply, Err(finding) if finding.code.as_deref() == Some("404"))
    };
    if answers.replies.len() < 2 || !answers.replies.iter().all(|(at, it)| is_unknown(at, it)) {
        return;
    }
    for finding in answers
        .replies
        .values_mut()
        .filter_map(|it| it.as_mut().err())
    {
        finding.remedy = Some(remedy.to_owned());
    }
}

/// Time to the answer, or why there is none.
type Reply = Result<Duration, Finding>;

/// What came back: 0 is the ping, then the topics in order.
struct Answers {
    replies: BTreeMap<usize, Reply>,
    /// Why the connection ended before all was answered; `None` if the time limit passed.
    ended: Option<Finding>,
    limit: Duration,
}

impl Answers {
    /// Returns what is wrong if something was not answered.
    fn missing(&self, is_pong: bool) -> Finding {
        match (&self.ended, is_pong) {
            (Some(finding), _) => finding.clone(),
            (None, true) => overdue("pong", self.limit),
            (None, false) => overdue("acknowledgement", self.limit),
        }
    }
}

fn overdue(what: &str, limit: Duration) -> Finding {
    Finding::new(format!("no {what} within {limit:?}"))
        .with_remedy(CHECK_MIDDLEBOX)
        .with_status(ExitStatus::NotConnected)
}

/// An open WebSocket.
struct Socket {
    redactor: Redactor,
    reader: WebSocketReader,
    writer: WebSocketWriter,
    info: ConnectionInfo,
}

impl Socket {
    /// Waits for the welcome.
    async fn welcome<P: Protocol>(&mut self, limit: Duration) -> Result<(), Finding> {
        let wanted = self.info.connect_id.clone();
        self.wait_for::<P>("welcome", "connection", limit, |frame| match frame {
            Inbound::Welcome { id: Some(id), .. }
                if wanted.as_ref().is_some_and(|wanted| *wanted != **id) =>
            {
                let text = "the welcome is for another connection: its ID is not the requested one";
                Some(Err(broken(text.to_owned()).with_remedy(CHECK_MIDDLEBOX)))
            }
            Inbound::Welcome { .. } => Some(Ok(())),
            _ => None,
        })
        .await
    }

    /// Sends the login, and waits for its answer.
    async fn login<P: Protocol>(&mut self, limit: Duration) -> Result<(), Finding> {
        let Some(login) = self.info.login.clone() else {
            return Ok(());
        };
        self.send(&login.frame).await?;
        let is_answer = |id: &str| id == login.id;
        self.wait_for::<P>("answer to the login", LOGIN, limit, |frame| match frame {
            Inbound::Ack { id } if is_answer(id) => Some(Ok(())),
            _ => None,
        })
        .await
    }

    /// Reads until a frame is the answer, or a refusal of `what`.
    async fn wait_for<P: Protocol>(
        &mut self,
        answer: &str,
        what: &str,
        limit: Duration,
        accept: impl Fn(&Inbound<'_>) -> Option<Result<(), Finding>>,
    ) -> Result<(), Finding> {
        let wait = async {
            loop {
                let frame = self.next::<P>().await?;
                match P::classify(&frame) {
                    Ok(Inbound::Refused { code, message, .. }) => {
                        return Err(self.refused(what, code, &message));
                    }
                    Ok(frame) => {
                        if let Some(accepted) = accept(&frame) {
                            return accepted;
                        }
                    }
                    Err(error) => return Err(broken(format!("an invalid frame: {error}"))),
                }
            }
        };
        let waited = timeout(limit, wait).await;
        waited.unwrap_or_else(|_| Err(overdue(answer, limit)))
    }

    /// Sends a ping and subscribes, and waits for all answers.
    async fn ask<P: Protocol>(&mut self, requests: &[P::Request], limit: Duration) -> Answers {
        let mut answers = Answers {
            replies: BTreeMap::new(),
            ended: None,
            limit,
        };
        let sent_at = Instant::now();
        let mut frames = vec![String::new()];
        P::ping(PING, &mut frames[0]);
        for (at, request) in requests.iter().enumerate() {
            let mut frame = String::new();
            P::subscribe(id_of(at), request, &mut frame);
            frames.push(frame);
        }
        for frame in &frames {
            if let Err(finding) = self.send(frame).await {
                answers.ended = Some(finding);
                return answers;
            }
        }
        while answers.replies.len() <= requests.len() {
            match timeout_at(sent_at + limit, self.next::<P>()).await {
                Err(_) => return answers,
                Ok(Err(finding)) => {
                    answers.ended = Some(finding);
                    return answers;
                }
                Ok(Ok(frame)) => self.note::<P>(&frame, requests, sent_at, &mut answers),
            }
            if answers.ended.is_some() {
                return answers;
            }
        }
        answers
    }

    /// Notes what a frame answers.
    fn note<P: Protocol>(
        &self,
        frame: &str,
        requests: &[P::Request],
        sent_at: Instant,
        answers: &mut Answers,
    ) {
        let took = sent_at.elapsed();
        let known = |id: Option<&str>| {
            let at = RequestId::parse(id?)?.0.checked_sub(PING.0)?;
            usize::try_from(at).ok().filter(|at| *at <= requests.len())
        };
        match P::classify(frame) {
            Ok(Inbound::Pong { .. }) => {
                answers.replies.entry(0).or_insert(Ok(took));
            }
            Ok(Inbound::Ack { id }) => {
                if let Some(at) = known(Some(&id)).filter(|at| *at > 0) {
                    answers.replies.insert(at, Ok(took));
                }
            }
            Ok(Inbound::Refused {
                id, code, message, ..
            }) => match known(id.as_deref()).filter(|at| *at > 0) {
                Some(at) => {
                    let topic = requests[at - 1].to_string();
                    let finding = self.refused_topic(topic, code, &message);
                    answers.replies.insert(at, Err(finding));
                }
                None => answers.ended = Some(self.refused("connection", code, &message)),
            },
            // A push, or a frame that is unknown.
            _ => {}
        }
    }

    fn refused_topic(&self, topic: String, code: Option<i64>, message: &str) -> Finding {
        let error = SubscribeError::Refused {
            topic,
            code,
            message: self.redactor.redact(message),
        };
        let status = match code {
            Some(401 | 403) => ExitStatus::Refused,
            _ => ExitStatus::Other,
        };
        Finding {
            code: code.map(|code| code.to_string()),
            ..Finding::of(&error, error.remedy()).with_status(status)
        }
    }

    fn refused(&self, what: &str, code: Option<i64>, message: &str) -> Finding {
        let code = code.map(|code| code.to_string());
        let message = with_code(&self.redactor.redact(message), code.as_deref());
        let finding = broken(format!("KuCoin refused the {what}: {message}"));
        let finding = match (what, code.as_deref()) {
            (LOGIN, _) => finding
                .with_remedy("check the API key, the API secret, and the API passphrase")
                .with_status(ExitStatus::Refused),
            (_, Some("509")) => {
                finding.with_remedy("close other connections of the account, or try again later")
            }
            _ => finding,
        };
        finding.with_code(code)
    }

    async fn send(&mut self, frame: &str) -> Result<(), Finding> {
        let sent = self.writer.send(Outgoing::Text(frame)).await;
        sent.map_err(|error| Finding::of(&error, None).with_status(ExitStatus::NotConnected))
    }

    /// Reads the next message with text; answers pings.
    async fn next<P: Protocol>(&mut self) -> Result<String, Finding> {
        loop {
            let read = self.reader.read().await;
            let message = read.map_err(|error| {
                let finding = Finding::of(&error, Some(CHECK_MIDDLEBOX));
                finding.with_status(ExitStatus::NotConnected)
            })?;
            match message {
                Message::Text(payload) | Message::Binary(payload) => {
                    return match P::text(&payload) {
                        Ok(text) => Ok(text.into_owned()),
                        Err(error) => Err(broken(format!("an invalid frame: {error}"))),
                    };
                }
                Message::Ping(payload) => {
                    let pong = self.writer.send(Outgoing::Pong(&payload)).await;
                    pong.map_err(|error| {
                        Finding::of(&error, None).with_status(ExitStatus::NotConnected)
                    })?;
                }
                Message::Close(frame) => {
                    let text = match frame {
                        Some(frame) => format!(
                            "the server closed the connection with code {}: {}",
                            frame.code,
                            self.redactor.redact(&frame.reason)
                        ),
                        None => "the server closed the connection".to_owned(),
                    };
                    let text = text.trim_end_matches([' ', ':']).to_owned();
                    return Err(broken(text).with_remedy(CHECK_MIDDLEBOX));
                }
                _ => {}
            }
        }
    }
}

fn broken(text: String) -> Finding {
    Finding::new(text).with_status(ExitStatus::NotConnected)
}

fn id_of(at: usize) -> RequestId {
    RequestId(PING.0 + 1 + at as u64)
}
