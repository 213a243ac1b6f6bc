//! Shared by the tests: credentials, a token source for one server, and normal replies.

use kucoin_streams_auth::rest::{Hosts, RestTokens, RestTokensBuilder};
use kucoin_streams_auth::{Credentials, HmacSigner};

use kucoin_streams_testkit::http::Server;

pub(crate) const KEY: &str = "64f0c0ffee0123456789abcd";
pub(crate) const SECRET: &str = "canary-5a1e6c1b-1234-4f0e-9a77";
pub(crate) const PASSPHRASE: &str = "canary-horse-7";
/// A token with every character that must be encoded in a query.
pub(crate) const TOKEN: &str = "2neAiu+YvAU61/ZDXANAGAsiL4==";
pub(crate) const ENCODED_TOKEN: &str = "2neAiu%2BYvAU61%2FZDXANAGAsiL4%3D%3D";

pub(crate) fn credentials() -> Credentials {
    Credentials::new(KEY, SECRET, PASSPHRASE).unwrap()
}

pub(crate) fn hosts(server: &Server) -> Hosts {
    Hosts::default()
        .with_spot_rest(&server.url())
        .unwrap()
        .with_futures_rest(&server.url())
        .unwrap()
        .with_pro_ws(&format!("ws://127.0.0.1:{}", server.port))
        .unwrap()
}

pub(crate) fn builder(server: &Server) -> RestTokensBuilder {
    RestTokens::builder(HmacSigner::new(&credentials())).hosts(hosts(server))
}

pub(crate) fn tokens(server: &Server) -> RestTokens {
    builder(server).build().unwrap()
}

/// Returns a V1 token reply with these servers.
pub(crate) fn v1_reply(endpoints: &[&str]) -> String {
    let servers: Vec<_> = endpoints
        .iter()
        .map(|endpoint| {
            format!(
                r#"{{"endpoint":"{endpoint}","encrypt":true,"protocol":"websocket","pingInterval":18000,"pingTimeout":9000}}"#
            )
        })
        .collect();
    let servers = servers.join(",");
    format!(r#"{{"code":"200000","data":{{"token":"{TOKEN}","instanceServers":[{servers}]}}}}"#)
}

/// Returns a V1 token reply with one server on this machine.
pub(crate) fn good_reply() -> String {
    v1_reply(&["ws://127.0.0.1:9/endpoint"])
}
