//! With which credentials to watch, and where the exchange is.

use kucoin_streams::auth::CredentialProblem;
use kucoin_streams::auth::rest::HostsError;
use kucoin_streams::{Credentials, Hosts};

use crate::args::{HostArgs, WatchArgs};
use crate::demo::Demo;
use crate::exit::Failed;

/// Credentials and hosts.
pub(crate) struct Access {
    pub(crate) credentials: Credentials,
    pub(crate) hosts: Hosts,
}

impl Access {
    pub(crate) fn new(args: &WatchArgs, demo: Option<&Demo>) -> Result<Self, Failed> {
        if let Some(demo) = demo {
            return Ok(Self {
                credentials: demo.credentials()?,
                hosts: Hosts::default()
                    .with_rest(&demo.rest_url())
                    .and_then(|hosts| hosts.with_pro_ws(&demo.pro_ws_url()))
                    .map_err(|error| Failed::other(error.to_string()))?,
            });
        }
        let credentials = Credentials::from_env().map_err(|error| {
            let is_set = |problem| problem != CredentialProblem::NotSet;
            let is_any_set = error.problems().iter().any(|(_, problem)| is_set(*problem));
            // A wrong value says itself what to do.
            let remedy = match is_any_set {
                true => "",
                false => "set these variables, ",
            };
            Failed::usage(format!(
                "{error}; {remedy}or try `kucoin-streams watch --demo`, which needs none"
            ))
        })?;
        Ok(Self {
            credentials,
            hosts: hosts(&args.hosts)?,
        })
    }
}

/// Those of the region, but for what is set. An exchange on this machine is taken to serve all on one port, as ours
/// does: neither its credentials nor its tokens are for KuCoin's own hosts.
fn hosts(args: &HostArgs) -> Result<Hosts, Failed> {
    let wrong = |error: HostsError| Failed::usage(error.to_string());
    let mut hosts = Hosts::of(args.region.into());
    if let Some(url) = &args.rest_url {
        hosts = hosts.with_spot_rest(url).map_err(wrong)?;
    }
    let local = args.rest_url.as_deref().and_then(beyond_http);
    let local_rest = local.map(|beyond| format!("http://{beyond}"));
    if let Some(url) = args.futures_rest_url.as_ref().or(local_rest.as_ref()) {
        hosts = hosts.with_futures_rest(url).map_err(wrong)?;
    }
    let local_pro = local.map(|beyond| format!("ws://{}/pro", beyond.trim_end_matches('/')));
    if let Some(url) = args.pro_ws_url.as_ref().or(local_pro.as_ref()) {
        hosts = hosts.with_pro_ws(url).map_err(wrong)?;
    }
    Ok(hosts)
}

/// What follows the scheme of an `http` URL, which is taken for this machine only.
fn beyond_http(url: &str) -> Option<&str> {
    let (scheme, beyond) = url.split_once("://")?;
    scheme.eq_ignore_ascii_case("http").then_some(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{ProAuthArg, RegionArg};

    /// Whether each of these hosts is used, and no other.
    #[track_caller]
    fn check(set: [Option<&str>; 3], used: [&str; 3]) {
        let [rest_url, futures_rest_url, pro_ws_url] = set.map(|url| url.map(str::to_owned));
        let args = HostArgs {
            region: RegionArg::Global,
            rest_url,
            futures_rest_url,
            pro_ws_url,
            pro_auth: ProAuthArg::Token,
        };
        let [rest, futures, pro] = used;
        let expected = Hosts::default()
            .with_spot_rest(rest)
            .and_then(|hosts| hosts.with_futures_rest(futures))
            .and_then(|hosts| hosts.with_pro_ws(pro));
        let found = hosts(&args).unwrap();
        assert_eq!(format!("{found:?}"), format!("{:?}", expected.unwrap()));
    }

    const REST: &str = "https://api.kucoin.com";
    const FUTURES: &str = "https://api-futures.kucoin.com";
    const PRO: &str = "wss://wsapi-push.kucoin.com";

    #[test]
    fn what_is_not_set_is_of_the_region() {
        check([None; 3], [REST, FUTURES, PRO]);
        let gateway = "https://gateway.example";
        check([Some(gateway), None, None], [gateway, FUTURES, PRO]);
        let own = "wss://pro.example/stream";
        check([None, None, Some(own)], [REST, FUTURES, own]);
    }

    #[test]
    fn an_exchange_on_this_machine_is_alone_unless_more_is_said() {
        let local = "http://127.0.0.1:4000";
        let pro = "ws://127.0.0.1:4000/pro";
        check([Some(local), None, None], [local, local, pro]);
        let other = "http://localhost:5000";
        check([Some(local), Some(other), None], [local, other, pro]);
        let own = "ws://[::1]:6000/own";
        check([Some(local), None, Some(own)], [local, local, own]);
        let slash = "http://127.0.0.1:4000/";
        check([Some(slash), None, None], [slash, slash, pro]);
        // Schemes have no case.
        let capitals = "HTTP://127.0.0.1:4000";
        check([Some(capitals), None, None], [capitals, local, pro]);
    }
}
