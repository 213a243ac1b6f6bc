//! Shared by the tests: a client for one server.

use std::sync::Arc;

use kucoin_streams_auth::rest::{Hosts, RestTokens};
use kucoin_streams_auth::{Credentials, HmacSigner};
use kucoin_streams_exchange::{DemoCredentials, Exchange, ExchangeBuilder};
use kucoin_streams_rest::Rest;
use kucoin_streams_testkit::http::Server;

pub(crate) fn tokens(url: &str, who: &DemoCredentials) -> Arc<RestTokens> {
    let credentials = Credentials::new(&*who.key, &*who.secret, &*who.passphrase).unwrap();
    let tokens = RestTokens::builder(HmacSigner::new(&credentials));
    let tokens = tokens.hosts(Hosts::local(url).unwrap());
    Arc::new(tokens.build().unwrap())
}

pub(crate) fn rest_of(exchange: &Exchange) -> Rest {
    Rest::new(tokens(&exchange.rest_url(), exchange.credentials()))
}

pub(crate) fn rest(server: &Server) -> Rest {
    Rest::new(tokens(&server.url(), &DemoCredentials::default()))
}

pub(crate) async fn start(builder: ExchangeBuilder) -> Exchange {
    builder.start().await.unwrap()
}
