//! Strict parsing of server addresses: allowed schemes, allowed hosts, and what counts as this machine.

use std::net::IpAddr;

use reqwest::Url;

/// A URL without user, query or fragment that every URL parser reads the same way.
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

/// The reason for refusing an address, from [`HostsError::problem`](super::HostsError::problem).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressProblem {
    /// The address is not an absolute URL of plain ASCII with a host.
    ///
    /// Write it as `https://host` or `wss://host`.
    #[error("is not a plain absolute URL")]
    Malformed,
    /// The address contains a user name, a password, a query or a fragment: leave them out.
    #[error("contains a user, a query or a fragment; leave it out")]
    HasExtras,
    /// The scheme is not allowed here: use `https` for a REST host, `wss` for a WebSocket host.
    #[error("has the wrong scheme; use https for REST, wss for WebSocket")]
    WrongScheme,
    /// The address is not a URL of this machine.
    ///
    /// Write it as `http://127.0.0.1:4000` or `https://localhost:4000`.
    #[error(
        "is not a URL of this machine, such as http://127.0.0.1:4000 or https://localhost:4000"
    )]
    NotLocal,
    /// `http` or `ws` to another machine would send secrets unencrypted: use `https` or `wss`.
    ///
    /// Without TLS, only loopback IP literals and `localhost` are accepted.
    #[error("is not encrypted and on another machine; use https or wss")]
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
        // The HTTP client parses the text again, so refuse all that two parsers may read differently. Allowed are the
        // characters of RFC 3986, section 2, without percent-encoding.
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

    /// Returns the URL of a path, which begins with `/`, under this address.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint.trim_end_matches('/'))
    }

    /// Returns `true` if the HTTP client sends a path with its query unchanged.
    pub(super) fn keeps(&self, path_and_query: &str) -> bool {
        let sent = Url::parse(&self.join(path_and_query)).ok();
        let is_same = |url: Url| url.as_str().ends_with(path_and_query) && url.fragment().is_none();
        path_and_query.starts_with('/') && sent.is_some_and(is_same)
    }

    /// Returns `true` if this is an `https` URL with an IPv6 address such as `[::1]`.
    pub(super) fn is_https_to_ipv6(&self) -> bool {
        self.scheme == Scheme::Https && self.host.starts_with('[')
    }

    /// Returns the Pro V2 address of the local exchange, for its REST address `self`.
    ///
    /// It has the same host and port, and the path `/pro`.
    pub(super) fn local_pro(&self) -> Self {
        let (_, rest) = self.endpoint.split_once("://").unwrap_or_default();
        let (name, scheme) = match self.scheme {
            Scheme::Https | Scheme::Wss => ("wss", Scheme::Wss),
            Scheme::Http | Scheme::Ws => ("ws", Scheme::Ws),
        };
        Self {
            endpoint: format!("{name}://{}/pro", rest.trim_end_matches('/')),
            scheme,
            ..self.clone()
        }
    }

    /// Returns the address as given; it always has a path, so a query can be appended.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the host for errors, with the port unless it is the default port of the scheme.
    pub(super) fn host_and_port(&self) -> String {
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

/// Returns the host of a refused URL for its error; no other part of the URL may be shown.
pub(super) fn host_of(text: &str) -> String {
    let url = parse(text);
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or("an unknown host").to_owned()
}

/// Parses a URL, but refuses internationalized host names (`xn--`): the exchange has none.
fn parse(text: &str) -> Option<Url> {
    let mut windows = text.as_bytes().windows(4);
    match windows.any(|window| window.eq_ignore_ascii_case(b"xn--")) {
        true => None,
        false => Url::parse(text).ok(),
    }
}

/// Returns `true` if the text literally begins with this scheme and host, followed by a port at most.
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
    fn tls_addresses_may_have_any_host() {
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
    fn host_and_port_omits_the_default_port() {
        for (url, expected) in [
            ("https://api.kucoin.com", "api.kucoin.com"),
            ("https://api.kucoin.com:443", "api.kucoin.com"),
            ("https://api.kucoin.com:8443", "api.kucoin.com:8443"),
            ("http://[::1]:4000", "[::1]:4000"),
        ] {
            assert_eq!(Address::rest(url).unwrap().host_and_port(), expected);
        }
        let pro = Address::rest("http://127.0.0.1:4000").unwrap().local_pro();
        assert_eq!(pro.host_and_port(), "127.0.0.1:4000");
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
    fn wrong_scheme_is_refused() {
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
    fn ambiguous_url_is_refused() {
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
