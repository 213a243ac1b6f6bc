//! `doctor`: checks everything that streams and recovery need, and names the root cause if something is wrong.
//!
//! It only reads, fetches connection tokens and subscribes: it never changes anything at the account.

mod account;
mod connection;
mod finding;
mod hosts;
mod queries;
mod report;

use std::sync::Arc;
use std::time::Duration;

use kucoin_streams::auth::rest::{ConfigError, HostRole, RestTokens};
use kucoin_streams::auth::{CredentialProblem, CredentialsError, HmacSigner};
use kucoin_streams::pro::AnyProTopic;
use kucoin_streams::rest::Rest;
use kucoin_streams::v1::{AnyFuturesTopic, AnySpotTopic};
use kucoin_streams::{Credentials, Hosts, Proxy, WebSocketConnector, WsKey};
use tokio::time::timeout;

use self::finding::Finding;
use self::hosts::HostPath;
use self::report::{CauseId, Check, Report};
use crate::access;
use crate::args::DoctorArgs;
use crate::demo::Demo;
use crate::exit::{CommandError, ExitStatus, Stderr};
use crate::output::OutputEnd;
use crate::signals::Signals;

/// Time limit for writing the output at the end.
const WRITE_TIMEOUT: Duration = Duration::from_millis(1_500);

const VARIABLES: [&str; 3] = [
    kucoin_streams::auth::ENV_KEY,
    kucoin_streams::auth::ENV_SECRET,
    kucoin_streams::auth::ENV_PASSPHRASE,
];

pub(crate) async fn run(args: Box<DoctorArgs>, _stderr: Stderr) -> Result<(), CommandError> {
    let signals = Signals::listen()
        .map_err(|error| CommandError::because("cannot listen for signals", &error))?;
    let demo = match args.demo {
        true => Some(Demo::start().await?),
        false => None,
    };
    let mut report = Report::new(args.json).map_err(CommandError::cannot_write)?;
    let writer = report.writer().clone();
    let outcome = tokio::select! {
        () = check_all(&args, demo.as_ref(), &mut report) => Ok(()),
        signal = signals.received() => Err(signal.unwrap_or("a signal")),
        _ = writer.ended() => Ok(()),
    };
    let outcome = match outcome {
        Ok(()) => report
            .finish()
            .map_or(Ok(()), |status| Err(CommandError::reported(status))),
        Err(signal) => Err(CommandError::other(report.interrupted(signal))),
    };
    // The output is short, so a slow reader gets it, but a stalled one does not keep the command.
    let _ = timeout(WRITE_TIMEOUT, writer.written()).await;
    match writer.end() {
        Some(OutputEnd::Failed(error)) => Err(CommandError::cannot_write(error)),
        _ => outcome,
    }
}

async fn check_all(args: &DoctorArgs, demo: Option<&Demo>, report: &mut Report) {
    if let Some(mut doctor) = Doctor::set_up(args, demo, report) {
        doctor.check_hosts().await;
        doctor.check_key().await;
        let needed = doctor.check_mode().await;
        for ws_key in WsKey::ALL {
            let needed = needed.contains(&ws_key);
            match ws_key {
                WsKey::SpotPrivateV1 => {
                    let topics = AnySpotTopic::account_wide();
                    doctor.check_connection(ws_key, topics, needed).await;
                }
                WsKey::FuturesPrivateV1 => {
                    let topics = AnyFuturesTopic::account_wide();
                    doctor.check_connection(ws_key, topics, needed).await;
                }
                WsKey::PrivateProV2 => {
                    let topics = AnyProTopic::account_wide();
                    doctor.check_connection(ws_key, topics, needed).await;
                }
                _ => {}
            }
        }
        doctor.check_queries(&needed).await;
        doctor.check_rate_limits();
    }
}

/// The checks, with what they share.
struct Doctor<'a> {
    args: &'a DoctorArgs,
    report: &'a mut Report,
    tokens: Arc<RestTokens>,
    rest: Rest,
    connector: WebSocketConnector,
    has_proxy: bool,
    /// Time limit of each check.
    limit: Duration,
    /// `true` if the account is known to be in classic mode, which has no Pro V2 topics.
    is_classic: bool,
    /// Why nothing can be asked of the spot REST host.
    spot_down: Option<CauseId>,
    /// Why nothing can be asked of the futures REST host.
    futures_down: Option<CauseId>,
    /// Why no query of the spot REST host is answered, although the host is reached.
    rest_down: Option<CauseId>,
    /// Why no signed request can succeed.
    key_refused: Option<CauseId>,
}

impl<'a> Doctor<'a> {
    /// Checks the settings; `None` if they are so wrong that nothing else can be checked.
    fn set_up(args: &'a DoctorArgs, demo: Option<&Demo>, report: &'a mut Report) -> Option<Self> {
        report.group("Settings");
        let (credentials, key_refused) = credentials(demo, report);
        let hosts = match demo {
            Some(demo) => Hosts::local(&demo.rest_url()).map_err(|error| error.to_string()),
            None => access::hosts(&args.hosts).map_err(|error| error.message),
        };
        let proxy = args.hosts.proxy.as_deref().map(access::proxy).transpose();
        let proxy = proxy.map_err(|error| error.message);
        let (hosts, proxy) = match (hosts, proxy) {
            (Ok(hosts), Ok(proxy)) => (hosts, proxy),
            (hosts, proxy) => {
                let wrong = [("hosts", hosts.err()), ("proxy", proxy.err())];
                for (name, error) in wrong {
                    let finding =
                        error.map(|error| Finding::new(error).with_status(ExitStatus::Usage));
                    let failed = finding.map(|finding| report.failed(Check::new(name), finding));
                    if let Some(cause) = failed {
                        report.skipped(Check::new("network"), cause);
                    }
                }
                return None;
            }
        };
        if let Some(proxy) = &proxy {
            hide_user(proxy, report);
        }
        let tokens = match tokens(args, &credentials, hosts, proxy.as_ref()) {
            Ok(tokens) => Arc::new(tokens),
            Err(error) => {
                let (name, status) = match &error {
                    ConfigError::NoRoots(_) | ConfigError::NoTlsProvider | ConfigError::Tls(_) => {
                        ("tls", ExitStatus::Other)
                    }
                    ConfigError::Client(_) => ("network", ExitStatus::Other),
                    _ => ("proxy", ExitStatus::Usage),
                };
                let finding = Finding::of(&error, error.remedy()).with_status(status);
                let cause = report.failed(Check::new(name), finding);
                report.skipped(Check::new("connections"), cause);
                return None;
            }
        };
        let wants_futures =
            args.ws_key.is_empty() || args.ws_key.contains(&WsKey::FuturesPrivateV1);
        let not_set = tokens.host_name(HostRole::FuturesRest).err();
        let not_set = not_set
            .filter(|_| wants_futures)
            .map(|error| report.failed(Check::new("hosts"), Finding::of_token(&error)));
        let limit = args.connect_timeout;
        let connector = WebSocketConnector::new()
            .with_connect_timeout(limit)
            .with_tls_timeout(limit)
            .with_upgrade_timeout(limit);
        Some(Self {
            args,
            report,
            rest: Rest::builder(Arc::clone(&tokens))
                .quota_percent(100)
                .time_limit(limit)
                .build(),
            tokens,
            has_proxy: proxy.is_some(),
            connector: match proxy {
                Some(proxy) => connector.with_proxy(proxy),
                None => connector,
            },
            limit,
            is_classic: false,
            spot_down: None,
            futures_down: not_set,
            rest_down: None,
            key_refused,
        })
    }

    /// Checks the REST hosts and the clock.
    async fn check_hosts(&mut self) {
        self.report.group("Network");
        self.spot_down = self.check_host(HostRole::SpotRest).await;
        let name_of = |role| self.tokens.host_name(role).ok();
        let (spot, futures) = (name_of(HostRole::SpotRest), name_of(HostRole::FuturesRest));
        if futures == spot {
            // A local exchange serves both on one port.
            self.futures_down = self.spot_down;
        } else if futures.is_some() {
            self.futures_down = self.check_host(HostRole::FuturesRest).await;
        }
        self.check_clock().await;
    }

    async fn check_host(&mut self, role: HostRole) -> Option<CauseId> {
        let name = match self.tokens.host_name(role) {
            Ok(name) => name,
            Err(error) => {
                let finding = Finding::of_token(&error);
                return Some(self.report.failed(Check::new("hosts"), finding));
            }
        };
        let args = &self.args.hosts;
        let urls = match role {
            HostRole::FuturesRest => [&args.futures_rest_url, &args.rest_url],
            _ => [&args.rest_url, &None],
        };
        let url = urls.into_iter().flatten().next();
        let is_plain = url.is_some_and(|url| url.to_ascii_lowercase().starts_with("http:"));
        let path = HostPath::new(&name, is_plain || self.args.demo);
        path.check(role, &self.tokens, self.limit, self.report)
            .await
    }

    /// Returns why a connection cannot be checked; `None` if it can.
    fn obstacle(&self, ws_key: WsKey) -> Option<CauseId> {
        let host = match ws_key {
            WsKey::FuturesPrivateV1 => self.futures_down,
            _ => self.spot_down,
        };
        host.or(self.key_refused)
    }
}

/// Checks the credentials. If they are unusable, returns placeholders, which sign no request.
fn credentials(demo: Option<&Demo>, report: &mut Report) -> (Credentials, Option<CauseId>) {
    let check = Check::new("credentials");
    report.begin(&check);
    for name in VARIABLES {
        if let Ok(secret) = std::env::var(name) {
            report.hide(secret.trim());
            report.hide(secret);
        }
    }
    let read = match demo {
        Some(demo) => demo
            .credentials()
            .map_err(|error| Finding::new(error.message)),
        None => Credentials::from_env().map_err(|error| unusable(&error)),
    };
    match read {
        Ok(credentials) => {
            let text = match demo {
                Some(_) => "of the demo account",
                None => "set and well formed",
            };
            report.ok(check, text);
            (credentials, None)
        }
        Err(finding) => {
            let cause = report.failed(check, finding);
            let placeholder = Credentials::new("no-key", "no-secret", "no-passphrase");
            (placeholder.expect("it is well formed"), Some(cause))
        }
    }
}

fn unusable(error: &CredentialsError) -> Finding {
    let finding = Finding::new(error.to_string()).with_status(ExitStatus::Usage);
    let mut problems = error.problems().iter();
    match problems.any(|(_, problem)| *problem == CredentialProblem::NotSet) {
        true => finding.with_remedy("set these environment variables"),
        false => finding,
    }
}

fn tokens(
    args: &DoctorArgs,
    credentials: &Credentials,
    hosts: Hosts,
    proxy: Option<&Proxy>,
) -> Result<RestTokens, ConfigError> {
    let limit = args.connect_timeout;
    let mut builder = RestTokens::builder(HmacSigner::new(credentials))
        .hosts(hosts)
        .pro_authentication(args.hosts.pro_auth.into())
        .time_limit(limit)
        .connect_time_limit(limit);
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy.expose_url()).no_proxy(proxy.no_proxy());
    }
    builder.build()
}

/// Never prints the user and the password of a proxy.
fn hide_user(proxy: &Proxy, report: &mut Report) {
    let url = proxy.expose_url();
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    if let Some((user, _)) = authority.rsplit_once('@') {
        report.hide(user);
        if let Some((_, password)) = user.split_once(':') {
            report.hide(password);
        }
    }
}
