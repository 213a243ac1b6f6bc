//! Credentials, hosts and proxy of `watch`.

use kucoin_streams::auth::CredentialProblem;
use kucoin_streams::auth::rest::{HostRole, HostsError, TokenError};
use kucoin_streams::{Credentials, Hosts, Proxy, WsKey};

use crate::args::{HostArgs, WatchArgs};
use crate::demo::Demo;
use crate::exit::CommandError;

/// Credentials, hosts and the proxy.
pub(crate) struct Access {
    pub(crate) credentials: Credentials,
    pub(crate) hosts: Hosts,
    pub(crate) proxy: Option<Proxy>,
}

impl Access {
    pub(crate) fn new(args: &WatchArgs, demo: Option<&Demo>) -> Result<Self, CommandError> {
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

fn proxy(url: &str) -> Result<Proxy, CommandError> {
    match url {
        "env" => Proxy::from_env().map_err(|error| CommandError::usage(error.to_string())),
        _ => Proxy::new(url).map_err(|error| CommandError::usage(format!("--proxy: {error}"))),
    }
}

/// Checks that all hosts that these connections need are set.
pub(crate) fn check_hosts(
    hosts: &Hosts,
    mut ws_keys: impl Iterator<Item = WsKey>,
) -> Result<(), CommandError> {
    let checked = ws_keys.try_for_each(|ws_key| hosts.check(ws_key));
    checked.map_err(|error| {
        let option = match &error {
            TokenError::HostNotSet { missing, .. } => match missing {
                HostRole::SpotRest => "; set it with --rest-url",
                HostRole::FuturesRest => "; set it with --futures-rest-url",
                HostRole::ProWs => "; set it with --pro-ws-url",
                _ => "",
            },
            _ => "",
        };
        CommandError::usage(format!("{error}{option}"))
    })
}

/// Returns the hosts of the region; hosts that options set replace them.
fn hosts(args: &HostArgs) -> Result<Hosts, CommandError> {
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
