//! The client of an account: credentials, hosts, proxy, and the demo exchange.

use kucoin_streams::auth::CredentialProblem;
use kucoin_streams::auth::rest::{ConfigError, HostRole, HostsError, TokenError};
use kucoin_streams::{
    AccountBuilder, BuildError, Config, Credentials, Hosts, Kucoin, Proxy, SubscribeError, WsKey,
};

use crate::args::{ConnectionArgs, HostArgs};
use crate::demo::Demo;
use crate::exit::{CommandError, ExitStatus};

/// Starts the demo exchange, if it is wanted, and creates the client of the account.
///
/// Usage errors, such as a host that one of `ws_keys` needs and that is not set, come before anything is connected.
pub(crate) async fn connect(
    args: &ConnectionArgs,
    ws_keys: impl Iterator<Item = WsKey>,
) -> Result<(Kucoin, Option<Demo>), CommandError> {
    let demo = match args.demo {
        true => Some(Demo::start().await?),
        false => None,
    };
    let access = Access::new(args, demo.as_ref())?;
    check_hosts(&access.hosts, ws_keys)?;
    let kucoin = Kucoin::builder()
        .credentials(access.credentials)
        .hosts(access.hosts)
        .pro_authentication(args.hosts.pro_auth.into())
        .config(Config::default().with_connect_timeout(args.connect_timeout))
        .proxy(access.proxy)
        .build()
        .map_err(cannot_build)?;
    Ok((kucoin, demo))
}

/// Returns the builder of the kept state of the account.
pub(crate) fn account(kucoin: &Kucoin, args: &ConnectionArgs) -> AccountBuilder {
    let account = kucoin.account().recovery(args.recovery());
    let ws_keys = ws_keys(args);
    match ws_keys.is_empty() {
        true => account,
        false => account.ws_keys(ws_keys),
    }
}

/// Returns the connections to follow; none if they depend on the mode of the account.
pub(crate) fn ws_keys(args: &ConnectionArgs) -> Vec<WsKey> {
    match args.demo && args.ws_key.is_empty() {
        // The demo account has both modes. On V1, no symbol must be named.
        true => vec![WsKey::SpotPrivateV1, WsKey::FuturesPrivateV1],
        false => args.ws_key.clone(),
    }
}

/// Returns the error of a command whose account could not be followed.
pub(crate) fn cannot_start(error: &SubscribeError) -> CommandError {
    let status = match error {
        SubscribeError::Closed(closed) if closed.is_refusal() => ExitStatus::Refused,
        SubscribeError::TimedOut { .. } => ExitStatus::NotConnected,
        _ => ExitStatus::Other,
    };
    CommandError::other(error.to_string()).with_status(status)
}

fn cannot_build(error: BuildError) -> CommandError {
    match error {
        BuildError::Config(
            ConfigError::Proxy
            | ConfigError::PlaintextThroughProxy { .. }
            | ConfigError::Ipv6ThroughProxy { .. },
        ) => CommandError::usage(format!("--proxy: {error}")),
        _ => CommandError::other(error.to_string()),
    }
}

/// Credentials, hosts and the proxy.
struct Access {
    credentials: Credentials,
    hosts: Hosts,
    proxy: Option<Proxy>,
}

impl Access {
    fn new(args: &ConnectionArgs, demo: Option<&Demo>) -> Result<Self, CommandError> {
        if let Some(demo) = demo {
            return Ok(Self {
                proxy: None,
                credentials: demo.credentials()?,
                hosts: Hosts::local(&demo.rest_url())
                    .map_err(|error| CommandError::other(error.to_string()))?,
            });
        }
        let credentials = Credentials::from_env().map_err(|error| {
            let is_set = |problem| problem != CredentialProblem::NotSet;
            let is_any_set = error.problems().iter().any(|(_, problem)| is_set(*problem));
            // If a variable is set but invalid, the error already says what to do.
            let remedy = match is_any_set {
                true => "",
                false => "set these variables, ",
            };
            CommandError::usage(format!(
                "{error}; {remedy}or add `--demo` to watch a demo account"
            ))
        })?;
        Ok(Self {
            credentials,
            hosts: hosts(&args.hosts)?,
            proxy: args.hosts.proxy.as_deref().map(proxy).transpose()?,
        })
    }
}

/// Parses `--proxy`.
pub(crate) fn proxy(url: &str) -> Result<Proxy, CommandError> {
    match url {
        "env" => Proxy::from_env().map_err(|error| CommandError::usage(error.to_string())),
        _ => Proxy::new(url).map_err(|error| CommandError::usage(format!("--proxy: {error}"))),
    }
}

/// Checks that all hosts that these connections need are set.
fn check_hosts(
    hosts: &Hosts,
    mut ws_keys: impl Iterator<Item = WsKey>,
) -> Result<(), CommandError> {
    let checked = ws_keys.try_for_each(|ws_key| hosts.check(ws_key));
    checked.map_err(|error| {
        let remedy = host_remedy(&error).map_or(String::new(), |remedy| format!("; {remedy}"));
        CommandError::usage(format!("{error}{remedy}"))
    })
}

/// Returns the option that sets a missing host; `None` for all other errors.
pub(crate) fn host_remedy(error: &TokenError) -> Option<&'static str> {
    let TokenError::HostNotSet { missing, .. } = error else {
        return None;
    };
    match missing {
        HostRole::SpotRest => Some("set it with --rest-url"),
        HostRole::FuturesRest => Some("set it with --futures-rest-url"),
        HostRole::ProWs => Some("set it with --pro-ws-url"),
        _ => None,
    }
}

/// Returns the hosts of the region; hosts that options set replace them.
pub(crate) fn hosts(args: &HostArgs) -> Result<Hosts, CommandError> {
    let mut hosts = Ok(Hosts::of(args.region));
    if let Some(url) = &args.rest_url {
        hosts = hosts.and_then(|hosts| hosts.with_spot_rest(url));
    }
    if let Some(url) = &args.futures_rest_url {
        hosts = hosts.and_then(|hosts| hosts.with_futures_rest(url));
    }
    if let Some(url) = &args.pro_ws_url {
        hosts = hosts.and_then(|hosts| hosts.with_pro_ws(url));
    }
    hosts.map_err(|error: HostsError| CommandError::usage(error.to_string()))
}
