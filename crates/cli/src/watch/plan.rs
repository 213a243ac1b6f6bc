//! What to watch, with which credentials, and where.

use kucoin_streams::v1::AnySpotTopic;
use kucoin_streams::{Credentials, Hosts, WsKey};

use crate::args::{HostArgs, WatchArgs};
use crate::demo::Demo;
use crate::exit::{Failed, Status};

/// The connections that this command can watch.
const WATCHABLE: &str = "spotPrivateV1";

/// Credentials and hosts.
pub(crate) struct Plan {
    pub(crate) credentials: Credentials,
    pub(crate) hosts: Hosts,
}

impl Plan {
    pub(crate) fn new(args: &WatchArgs, demo: Option<&Demo>) -> Result<Self, Failed> {
        if let Some(demo) = demo {
            return Ok(Self {
                credentials: demo.credentials()?,
                hosts: Hosts::default()
                    .with_rest(&demo.rest_url())
                    .map_err(|error| Failed::other(error.to_string()))?,
            });
        }
        let credentials = Credentials::from_env().map_err(|error| Failed {
            status: Status::Usage,
            message: format!("{error}; set these variables, or try `kucoin-streams watch --demo`, which needs none"),
        })?;
        Ok(Self {
            credentials,
            hosts: hosts(&args.hosts)?,
        })
    }
}

/// The topics that were asked for, or all of the account.
pub(crate) fn topics(ws_keys: &[WsKey], given: &[String]) -> Result<Vec<AnySpotTopic>, Failed> {
    if let Some(other) = ws_keys.iter().find(|key| **key != WsKey::SpotPrivateV1) {
        let message =
            format!("{other} cannot be watched by this version; it can watch {WATCHABLE}");
        return Err(Failed::usage(message));
    }
    if given.is_empty() {
        return Ok(AnySpotTopic::account_wide());
    }
    let mut topics = Vec::new();
    for text in given {
        let topic: AnySpotTopic = text
            .parse()
            .map_err(|error| Failed::usage(format!("{error}")))?;
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    Ok(topics)
}

/// The topics in one line.
pub(crate) fn names(topics: &[AnySpotTopic]) -> String {
    let names: Vec<String> = topics.iter().map(AnySpotTopic::to_string).collect();
    names.join(", ")
}

fn hosts(args: &HostArgs) -> Result<Hosts, Failed> {
    let mut hosts = Hosts::of(args.region.into());
    let wrong = |error: kucoin_streams::auth::rest::HostsError| Failed::usage(error.to_string());
    if let Some(url) = &args.rest_url {
        hosts = hosts.with_spot_rest(url).map_err(wrong)?;
        // An exchange on this machine serves both on one port, as ours does.
        if url.starts_with("http://") && args.futures_rest_url.is_none() {
            hosts = hosts.with_futures_rest(url).map_err(wrong)?;
        }
    }
    if let Some(url) = &args.futures_rest_url {
        hosts = hosts.with_futures_rest(url).map_err(wrong)?;
    }
    if let Some(url) = &args.pro_ws_url {
        hosts = hosts.with_pro_ws(url).map_err(wrong)?;
    }
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_topics_the_whole_account_is_watched() {
        let topics = topics(&[], &[]).unwrap();
        assert_eq!(topics, AnySpotTopic::account_wide());
    }

    #[test]
    fn a_topic_that_is_named_twice_is_watched_once() {
        let twice = ["/account/balance".to_owned(), "/account/balance".to_owned()];
        assert_eq!(topics(&[WsKey::SpotPrivateV1], &twice).unwrap().len(), 1);
    }

    #[test]
    fn a_misspelt_topic_is_wrong_usage_and_the_nearest_is_named() {
        let error = topics(&[], &["/account/balances".to_owned()]).unwrap_err();
        assert_eq!(error.status, Status::Usage);
        assert!(
            error.message.contains("/account/balance"),
            "{}",
            error.message
        );
    }

    #[test]
    fn a_connection_without_topics_is_wrong_usage() {
        let error = topics(&[WsKey::PrivateProV2], &[]).unwrap_err();
        assert_eq!(error.status, Status::Usage);
    }
}
