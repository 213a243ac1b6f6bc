//! The way to a host, step by step: proxy or name resolution, TCP, TLS, and the first reply.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use kucoin_streams::auth::rest::{HostRole, RestTokens, TokenError};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::Doctor;
use super::finding::{Finding, Step};
use super::report::{CauseId, Check, Report, Subject};
use crate::exit::ExitStatus;

/// KuCoin refuses a timestamp that differs from its clock by more than this.
const MAX_SKEW_MS: u64 = 5_000;
/// A difference of the clocks that is worth a warning.
const LARGE_SKEW_MS: u64 = 1_000;

/// A host, and how it is reached.
pub(super) struct HostPath {
    host: String,
    port: u16,
    subject: Subject,
    is_plain: bool,
    has_proxy: bool,
}

impl HostPath {
    /// Creates the way to a host from its name in errors: host and port, and the proxy if one is used.
    pub(super) fn new(name: &str, is_plain: bool) -> Self {
        let place = name.split(' ').next().unwrap_or_default();
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().ok())
            }
            _ => (place, None),
        };
        let default_port = if is_plain { 80 } else { 443 };
        Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.unwrap_or(default_port),
            subject: Subject::host(place),
            is_plain,
            has_proxy: name.contains(" through the proxy "),
        }
    }

    /// Checks each step to a REST host; returns why the host cannot be used.
    pub(super) async fn check(
        &self,
        role: HostRole,
        tokens: &RestTokens,
        limit: Duration,
        report: &mut Report,
    ) -> Option<CauseId> {
        let (steps, addresses) = match self.has_proxy {
            true => (vec![Step::Proxy, Step::Tls, Step::Http], Vec::new()),
            false => {
                let steps = vec![Step::Tcp, Step::Tls, Step::Http];
                match self.resolve(limit, report).await {
                    Ok(addresses) => (steps, addresses),
                    Err(cause) => {
                        for step in steps {
                            report.skipped(self.check_of(step), cause);
                        }
                        return Some(cause);
                    }
                }
            }
        };
        report.begin(&self.check_of(steps[0]));
        let failed = match tokens.measure_clock(role).await {
            Ok(_) => None,
            Err(error) => {
                let step = match Step::of_request(&error) {
                    Some(step) => step,
                    None => self.probe(&addresses, limit).await,
                };
                let finding = Finding::of_token(&error);
                // Whatever answers, no connection of the exchange can be opened.
                let status = match finding.status {
                    ExitStatus::Refused => ExitStatus::Refused,
                    _ => ExitStatus::NotConnected,
                };
                Some((step, finding.with_status(status)))
            }
        };
        self.report_steps(&steps, failed, report)
    }

    async fn resolve(
        &self,
        limit: Duration,
        report: &mut Report,
    ) -> Result<Vec<SocketAddr>, CauseId> {
        let check = self.check_of(Step::Dns);
        report.begin(&check);
        let found = timeout(limit, lookup_host((self.host.as_str(), self.port))).await;
        let found = found.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let addresses = found.and_then(|found| {
            let addresses: Vec<SocketAddr> = found.collect();
            match addresses.is_empty() {
                true => Err(io::Error::other("the name has no address")),
                false => Ok(addresses),
            }
        });
        match addresses {
            Ok(addresses) => {
                let first = addresses[0].ip();
                report.ok(
                    check,
                    match addresses.len() {
                        _ if first.to_string() == self.host => "an IP address".to_owned(),
                        1 => format!("{first}"),
                        count => format!("{first} and {} more", count - 1),
                    },
                );
                Ok(addresses)
            }
            Err(error) => {
                let error = TokenError::NotResolved {
                    host: self.host.clone(),
                    source: error.into(),
                };
                Err(report.failed(check, Finding::of_token(&error)))
            }
        }
    }

    /// Finds the step at which a request without a reply failed.
    async fn probe(&self, addresses: &[SocketAddr], limit: Duration) -> Step {
        if self.has_proxy {
            return Step::Http;
        }
        let connected = timeout(limit, TcpStream::connect(addresses)).await;
        let is_connected = match connected {
            Ok(Ok(_)) => true,
            // A server that resets has accepted before; a closed port refuses.
            Ok(Err(error)) => error.kind() == io::ErrorKind::ConnectionReset,
            Err(_) => false,
        };
        match (is_connected, self.is_plain) {
            (false, _) => Step::Tcp,
            (true, true) => Step::Http,
            (true, false) => Step::Tls,
        }
    }

    /// Reports each step: before the failed one it is good, after it it is skipped.
    fn report_steps(
        &self,
        steps: &[Step],
        failed: Option<(Step, Finding)>,
        report: &mut Report,
    ) -> Option<CauseId> {
        report_steps(
            steps,
            failed,
            |step| (self.check_of(step), ok_text(step, self.is_plain)),
            report,
        )
    }

    fn check_of(&self, step: Step) -> Check {
        Check::about(step.name(), self.subject.clone())
    }
}

/// Reports each step to a host; returns the cause if one failed.
pub(super) fn report_steps(
    steps: &[Step],
    failed: Option<(Step, Finding)>,
    check_of: impl Fn(Step) -> (Check, &'static str),
    report: &mut Report,
) -> Option<CauseId> {
    let mut failed = failed;
    let mut cause = None;
    for step in steps {
        let (check, text) = check_of(*step);
        match (cause, &failed) {
            (Some(cause), _) => report.skipped(check, cause),
            (None, Some((at, _))) if step >= at => {
                let finding = failed.take().map(|(_, finding)| finding);
                cause = finding.map(|finding| report.failed(check, finding));
            }
            (None, _) => report.ok(check, text),
        }
    }
    cause
}

pub(super) fn ok_text(step: Step, is_plain: bool) -> &'static str {
    match step {
        Step::Proxy => "reached through the proxy",
        Step::Dns => "resolved",
        Step::Tcp => "connected",
        Step::Tls if is_plain => "not used on this machine",
        Step::Tls => "certificate trusted",
        Step::Http => "answers",
    }
}

impl Step {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Http => "http",
        }
    }
}

impl Doctor<'_> {
    /// Compares this machine's clock with KuCoin's.
    pub(super) async fn check_clock(&mut self) {
        let check = Check::new("clock");
        let role = match (self.spot_down, self.futures_down) {
            (None, _) => HostRole::SpotRest,
            (Some(_), None) => HostRole::FuturesRest,
            (Some(cause), Some(_)) => return self.report.skipped(check, cause),
        };
        self.report.begin(&check);
        // The connection is open now, so that the round trip is short.
        let measured = match self.tokens.measure_clock(role).await {
            Ok(measured) => measured,
            Err(error) => {
                self.report.failed(check, Finding::of_token(&error));
                return;
            }
        };
        let (offset_ms, error_ms) = (measured.offset_ms(), measured.error_ns.div_ceil(1_000_000));
        let certain_ms = offset_ms.unsigned_abs().saturating_sub(error_ms);
        let direction = match offset_ms < 0 {
            true => "ahead of",
            false => "behind",
        };
        let text = format!(
            "this machine's clock is {} ms {direction} KuCoin's (±{error_ms} ms)",
            offset_ms.unsigned_abs()
        );
        let remedy = "synchronize this machine's clock";
        if certain_ms > MAX_SKEW_MS {
            let text = format!(
                "{text}; KuCoin refuses timestamps that are more than 5 s off (code 400002), so this program signs with \
                 KuCoin's time, but times of gaps are wrong and other programs fail"
            );
            self.report
                .failed(check, Finding::new(text).with_remedy(remedy));
        } else if certain_ms > LARGE_SKEW_MS {
            self.report
                .warning(check, Finding::new(text).with_remedy(remedy));
        } else {
            self.report.ok(check, text);
        }
    }
}
