//! Addresses of servers, read strictly: which schemes, which hosts, and what counts as this machine.

use std::net::IpAddr;

use reqwest::Url;

/// A URL without user, query or fragment, whose text says the same to every URL parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    endpoint: String,
    host: String,
    port: Option<u16>,
    scheme: Scheme,
    is_loopback: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    Ws,
    Wss,
}

/// Why an address is refused. Public through the errors of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressProblem {
    /// It is no absolute URL of visible ASCII with a host: write it as `https://host` or `wss://host`.
    #[error("is not a plain absolute URL")]
    Malformed,
    /// It holds a user name, a password, a query or a fragment: leave them out.
    #[error("holds a user, a query or a fragment")]
    HasExtras,
    /// Its scheme is another one: REST hosts take `https`, WebSocket hosts `wss`.
    #[error("has the wrong scheme")]
    WrongScheme,
    /// It is no `http` URL of this machine: write it as `http://127.0.0.1:4000`.
    #[error("is not an http URL of this machine, such as http://127.0.0.1:4000")]
    NotLocal,
    /// `http` or `ws` to another machine would send secrets in the clear: use `https` or `wss`. Without TLS only
    /// loopback IP literals and `localhost` are taken.
    #[error("is plaintext to another machine; use https or wss")]
    Plaintext,
}

impl Address {
    pub(super) fn rest(text: &str) -> Result<Self, AddressProblem> {
        let address = Self::parse(text)?;
        match address.scheme {
            Scheme::Https => Ok(address),
            Scheme::Http if address.is_loopback => Ok(address),
            Scheme::Http => Err(AddressProblem::Plaintext),
            Scheme::Ws | Scheme::Wss => Err(AddressProblem::WrongScheme),
        }
    }

    pub(super) fn web_socket(text: &str) -> Result<Self, AddressProblem> {
        let address = Self::parse(text)?;
        match address.scheme {
            Scheme::Wss => Ok(address),
            Scheme::Ws if address.is_loopback => Ok(address),
            Scheme::Ws => Err(AddressProblem::Plaintext),
            Scheme::Http | Scheme::Https => Err(AddressProblem::WrongScheme),
        }
    }

    fn parse(text: &str) -> Result<Self, AddressProblem> {
        // What is checked here is dialled by another parser: refuse every text that two of them read differently.
        // These are the characters of a URL (RFC 3986, 2) without the escapes.
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte);
        if !text.bytes().all(is_plain) {
            return Err(AddressProblem::Malformed);
        }
        if text.contains(['@', '?', '#']) {
            return Err(AddressProblem::HasExtras);
        }
        let url = parse(text).ok_or(AddressProblem::Malformed)?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            "ws" => Scheme::Ws,
            "wss" => Scheme::Wss,
            _ => return Err(AddressProblem::WrongScheme),
        };
        let host = url.host_str().ok_or(AddressProblem::Malformed)?;
        if !is_written_as(text, url.scheme(), host) {
            return Err(AddressProblem::Malformed);
        }
        Ok(Self {
            endpoint: if text.matches('/').count() == 2 {
                format!("{text}/")
            } else {
                text.to_owned()
            },
            host: host.to_owned(),
            port: url.port(),
            scheme,
            is_loopback: is_loopback(host),
        })
    }

    /// The URL of a path (with its `/`, and its query if any) below this address.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint.trim_end_matches('/'))
    }

    /// Whether this is `https` to an address such as `[::1]`.
    pub(super) fn is_https_to_ipv6(&self) -> bool {
        self.scheme == Scheme::Https && self.host.starts_with('[')
    }

    /// The Pro V2 address of the local exchange at this `http` address: the same host and port, path `/pro`.
    pub(super) fn local_pro(&self) -> Self {
        let (_, beyond) = self.endpoint.split_once("://").unwrap_or_default();
        Self {
            endpoint: format!("ws://{}/pro", beyond.trim_end_matches('/')),
            scheme: Scheme::Ws,
            ..self.clone()
        }
    }

    /// The address as it was given, with a path in any case: a query may follow it.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The host for errors, with its port unless that is the usual one of the scheme.
    pub(super) fn place(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(super) fn is_plaintext(&self) -> bool {
        matches!(self.scheme, Scheme::Http | Scheme::Ws)
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

/// The host of a refused URL, for its error; nothing else of it may be shown.
pub(super) fn host_of(text: &str) -> String {
    let url = parse(text);
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or("an unknown host").to_owned()
}

/// Names in other scripts are none that the exchange has, and the parser of their ASCII form is for plain names only.
fn parse(text: &str) -> Option<Url> {
    let mut fours = text.as_bytes().windows(4);
    match fours.any(|four| four.eq_ignore_ascii_case(b"xn--")) {
        true => None,
        false => Url::parse(text).ok(),
    }
}

/// Whether the text begins literally with this scheme and this host, with at most a port after them.
fn is_written_as(text: &str, scheme: &str, host: &str) -> bool {
    let Some((before, rest)) = text.split_once("://") else {
        return false;
    };
    if !before.eq_ignore_ascii_case(scheme) {
        return false;
    }
    let authority = rest
        .split('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    match authority.strip_prefix(host) {
        Some("") => true,
        Some(port) => port
            .strip_prefix(':')
            .is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())),
        None => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || literal.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_goes_anywhere() {
        assert_eq!(
            Address::rest("https://api.kucoin.com/").unwrap().host(),
            "api.kucoin.com"
        );
        let endpoint = Address::web_socket("wss://ws-api.kucoin.com:443/endpoint").unwrap();
        assert_eq!(
            endpoint.join("/x"),
            "wss://ws-api.kucoin.com:443/endpoint/x"
        );
        assert!(!endpoint.is_loopback());
        let slash = Address::rest("https://api.kucoin.com/").unwrap();
        assert_eq!(slash.join("/x"), "https://api.kucoin.com/x");
    }

    #[test]
    fn errors_show_an_uncommon_port() {
        for (url, place) in [
            ("https://api.kucoin.com", "api.kucoin.com"),
            ("https://api.kucoin.com:443", "api.kucoin.com"),
            ("https://api.kucoin.com:8443", "api.kucoin.com:8443"),
            ("http://[::1]:4000", "[::1]:4000"),
        ] {
            assert_eq!(Address::rest(url).unwrap().place(), place);
        }
        let pro = Address::rest("http://127.0.0.1:4000").unwrap().local_pro();
        assert_eq!(pro.place(), "127.0.0.1:4000");
    }

    #[test]
    fn plaintext_stays_on_this_machine() {
        for host in ["127.0.0.1:8080", "127.8.9.1", "localhost:1", "[::1]:8080"] {
            assert!(
                Address::rest(&format!("http://{host}"))
                    .unwrap()
                    .is_loopback()
            );
            assert!(Address::web_socket(&format!("ws://{host}/endpoint")).is_ok());
        }
        for host in [
            "api.kucoin.com",
            "10.0.0.1",
            "127.0.0.1.evil.com",
            "localhost.evil.com",
            "[::2]",
            "0.0.0.0",
        ] {
            assert_eq!(
                Address::rest(&format!("http://{host}")),
                Err(AddressProblem::Plaintext)
            );
            assert_eq!(
                Address::web_socket(&format!("ws://{host}")),
                Err(AddressProblem::Plaintext)
            );
        }
    }

    #[test]
    fn a_scheme_is_not_mistaken_for_another() {
        assert_eq!(
            Address::rest("wss://api.kucoin.com"),
            Err(AddressProblem::WrongScheme)
        );
        assert_eq!(
            Address::web_socket("https://api.kucoin.com"),
            Err(AddressProblem::WrongScheme)
        );
        assert_eq!(
            Address::rest("ftp://api.kucoin.com"),
            Err(AddressProblem::WrongScheme)
        );
    }

    #[test]
    fn what_two_parsers_may_read_differently_is_refused() {
        for text in [
            "",
            "api.kucoin.com",
            "https://",
            "https:api.kucoin.com",
            "https:///api.kucoin.com",
            "https:api.kucoin.com://api.kucoin.com",
            "https://evil.com\\.kucoin.com",
            "https://api.kucoin.com /",
            "https://api.kucoin.com\n",
            "https://api%2ekucoin.com",
            "https://апи.kucoin.com",
            "https://xn--80ak6aa92e.kucoin.com",
            "wss://XN--u-iPMuqqqqqqqqkcanarykk.kb",
            "https://127.1",
            "https://0x7f000001",
            "https://api.kucoin.com:",
            "https://api.kucoin.com/<a>",
            "https://api.kucoin.com/a|b^c`d{e}",
            "https://api.kucoin.com/\"",
        ] {
            assert_eq!(
                Address::rest(text),
                Err(AddressProblem::Malformed),
                "{text:?}"
            );
        }
        for text in [
            "https://evil.com@api.kucoin.com",
            "https://api.kucoin.com?a=b",
            "https://api.kucoin.com#a",
        ] {
            assert_eq!(
                Address::rest(text),
                Err(AddressProblem::HasExtras),
                "{text:?}"
            );
        }
    }
}
