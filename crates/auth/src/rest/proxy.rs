//! The proxy of REST requests: its URL, which hosts use it, and its errors.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use kucoin_streams_core::causes;
use reqwest::{NoProxy, Url};
use tower_service::Service;

use super::ConfigError;
use super::address::Address;

/// Tunnel error of the HTTP client. The type has no public name.
type TunnelError = <Tunnel<HttpConnector> as Service<Uri>>::Error;

/// SOCKS5 error of the HTTP client. The type has no public name.
type SocksError = <SocksV5<HttpConnector> as Service<Uri>>::Error;

/// A proxy whose URL is checked, so the HTTP client never connects without it.
pub(super) struct RestProxy {
    url: Url,
    no_proxy: String,
    matcher: Matcher,
}

impl RestProxy {
    /// Parses a proxy URL.
    ///
    /// It refuses a URL with which the HTTP client would connect directly or to another proxy.
    pub(super) fn new(url: &str, no_proxy: &str) -> Result<Self, ConfigError> {
        let with_scheme = match url.contains("://") {
            true => url.to_owned(),
            false => format!("http://{url}"),
        };
        let mut url = Url::parse(&with_scheme).map_err(|_| ConfigError::Proxy)?;
        let is_socks = matches!(url.scheme(), "socks5" | "socks5h");
        let is_known = is_socks || matches!(url.scheme(), "http" | "https");
        let (_, rest) = with_scheme.split_once("://").unwrap_or_default();
        let authority = rest.trim_end_matches('/').rsplit('@').next();
        let (host, port) = authority.map_or(("", ""), host_and_port);
        let is_read_alike = with_scheme.parse::<Uri>().is_ok()
            && is_plain_host(host)
            && !with_scheme.ends_with(':')
            && port.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.port() != Some(0)
            && with_scheme.matches('@').count() <= 1;
        if !is_known || !is_plain || !is_read_alike || !has_valid_credentials(rest, is_socks) {
            return Err(ConfigError::Proxy);
        }
        if url.port_or_known_default().is_none() {
            url.set_port(Some(1080)).map_err(|()| ConfigError::Proxy)?;
        }
        let no_proxy = normalize_no_proxy(no_proxy);
        let matcher = |hosts: &str| Matcher::builder().all(url.as_str()).no(hosts).build();
        let probe = Uri::from_static("https://exchange.invalid");
        if matcher("").intercept(&probe).is_none() {
            return Err(ConfigError::Proxy);
        }
        let matcher = matcher(&no_proxy);
        Ok(Self {
            url,
            no_proxy,
            matcher,
        })
    }

    pub(super) fn for_client(&self) -> Result<reqwest::Proxy, ConfigError> {
        self.at(self.url.clone())
    }

    /// Returns the same SOCKS5 proxy without user and password; `None` if it has none or is not SOCKS5.
    pub(super) fn anonymous(&self) -> Result<Option<reqwest::Proxy>, ConfigError> {
        let mut url = self.url.clone();
        if !url.scheme().starts_with("socks5") || url.username().is_empty() {
            return Ok(None);
        }
        let emptied = url.set_username("").and_then(|()| url.set_password(None));
        emptied.map_err(|()| ConfigError::Proxy)?;
        self.at(url).map(Some)
    }

    fn at(&self, url: Url) -> Result<reqwest::Proxy, ConfigError> {
        let proxy = reqwest::Proxy::all(url).map_err(|_| ConfigError::Proxy)?;
        Ok(proxy.no_proxy(NoProxy::from_string(&self.no_proxy)))
    }

    pub(super) fn needs_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns `true` if requests to this address go through the proxy.
    pub(super) fn applies_to(&self, address: &Address) -> bool {
        let (_, rest) = address.endpoint().split_once("://").unwrap_or_default();
        // If in doubt, use the proxy.
        let Ok(uri) = format!("https://{rest}").parse() else {
            return true;
        };
        self.matcher.intercept(&uri).is_some()
    }

    /// Returns `true` if `host` is the proxy's host name.
    pub(super) fn is_named(&self, host: &str) -> bool {
        let own = self.url.host_str();
        own.is_some_and(|own| own.eq_ignore_ascii_case(host))
    }

    /// Returns `true` if the proxy is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || literal
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.to_canonical().is_loopback())
    }
}

/// Shows the proxy's host and port only, because the URL may contain a password.
impl fmt::Display for RestProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        write!(f, "{host}:{port}")
    }
}

impl fmt::Debug for RestProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{self}", self.url.scheme())
    }
}

/// Returns `true` if a SOCKS5 proxy refused to authenticate before a user and password were sent.
///
/// If the URL has a user and password, the HTTP client offers no other method. A proxy without authentication therefore
/// needs a second attempt without them.
pub(super) fn wants_no_credentials(error: &(dyn Error + 'static)) -> bool {
    // The error type is private, so compare texts.
    let texts = [
        "server does not support user/pass authentication",
        "server implements authentication incorrectly",
    ];
    causes(error).any(|cause| {
        let text = cause.to_string();
        texts.iter().any(|end| text.ends_with(end))
    })
}

/// Returns `true` if the user and password of the URL can be sent to a proxy (RFC 7617 and RFC 1929).
fn has_valid_credentials(rest: &str, is_socks: bool) -> bool {
    let probe = Uri::from_static("https://exchange.invalid");
    let via = Matcher::builder().all(format!("socks5://{rest}")).build();
    let via = via.intercept(&probe);
    let Some((user, password)) = via.as_ref().and_then(Intercept::raw_auth) else {
        return !rest.contains('@');
    };
    // Invalid UTF-8 was replaced by U+FFFD.
    let is_text = !user.contains('\u{fffd}') && !password.contains('\u{fffd}');
    let lengths = [user.len(), password.len()];
    is_text
        && match is_socks {
            true => lengths.iter().all(|length| (1..=255).contains(length)),
            false => lengths != [0, 0] && !user.contains(':'),
        }
}

/// Splits the host, with its brackets if any, from the port; the port is empty if there is none.
fn host_and_port(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    }
}

/// Returns `true` for a host that all parsers read the same way.
///
/// Such a host is a name, or an IP address in its usual form.
fn is_plain_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').map(str::parse::<Ipv6Addr>);
        return address.is_some_and(|address| address.is_ok());
    }
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    // Some parsers read a name that ends in a number as an address: `127.1`, `0x7f000001`.
    let last = host.trim_end_matches('.').rsplit('.').next();
    let ends_in_number = last.is_some_and(|last| {
        let is_hex = last.starts_with("0x") || last.starts_with("0X");
        is_hex || last.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_address = host.parse::<Ipv4Addr>().is_ok();
    is_address || (!ends_in_number && host.bytes().all(is_of_name))
}

/// Converts `no_proxy` to the syntax of the matcher.
///
/// `*` includes addresses; `*.`, brackets, ports and trailing dots are removed.
fn normalize_no_proxy(no_proxy: &str) -> String {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_host = |host: &str| !host.contains(':') || host.ends_with(']');
    let entries = no_proxy.split(|character: char| character == ',' || character.is_whitespace());
    let plain = entries.map(|entry| match entry.rsplit_once(':') {
        _ if entry == "*" => "*,0.0.0.0/0,::/0",
        Some((host, port)) if is_host(host) && is_port(port) => host,
        _ => entry,
    });
    let plain = plain.map(|entry| {
        let name = entry.strip_prefix("*.").unwrap_or(entry);
        name.trim_matches(['[', ']']).trim_end_matches('.')
    });
    plain.collect::<Vec<_>>().join(",")
}

/// The reason for a failure at the proxy, as far as the HTTP client reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProxyFailure {
    /// The host name of the proxy cannot be resolved.
    NotResolved,
    /// The host name of the target cannot be resolved on this machine, as `socks5` requires.
    TargetNotResolved,
    /// The proxy itself cannot be reached; the sources say why.
    Unreachable,
    /// The proxy refused the user and password, or requires them.
    Authentication,
    /// The proxy answered `CONNECT`, but not with status 200.
    ///
    /// The HTTP client does not report the answer.
    NoTunnel,
    /// A SOCKS5 proxy refused the connection; contains the error text of the HTTP client.
    Refused(String),
    /// The proxy closed the connection without an answer.
    Closed,
    /// The connection was open, then broke at the proxy or between the proxy and the target.
    Interrupted,
    /// The answer is not in the protocol of the proxy URL.
    WrongProtocol,
}

impl ProxyFailure {
    /// Finds the proxy failure in the causes of an error; `None` if there is none.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        causes(error).find_map(|cause| match cause.downcast_ref::<TunnelError>() {
            Some(TunnelError::ConnectFailed(_)) => Some(Self::Unreachable),
            Some(TunnelError::ProxyAuthRequired) => Some(Self::Authentication),
            Some(TunnelError::TunnelUnsuccessful) => Some(Self::NoTunnel),
            Some(TunnelError::TunnelUnexpectedEof) => Some(Self::Closed),
            Some(TunnelError::ProxyHeadersTooLong) => Some(Self::WrongProtocol),
            Some(_) => None,
            None => cause.downcast_ref().and_then(Self::of_socks),
        })
    }

    fn of_socks(error: &SocksError) -> Option<Self> {
        match error {
            SocksError::Inner(_) => Some(Self::Unreachable),
            SocksError::Parsing(_) => Some(Self::WrongProtocol),
            // The error type is private, so compare texts; a test checks them.
            SocksError::V5(error) => {
                let text = error.to_string();
                let is_authentication = [
                    "credentials not accepted",
                    "server does not support user/pass authentication",
                    "server implements authentication incorrectly",
                ]
                .contains(&text.as_str());
                Some(match is_authentication {
                    true => Self::Authentication,
                    false => Self::Refused(text),
                })
            }
            _ => None,
        }
    }

    /// Returns an error text for users; `None` if the root cause says more.
    pub(super) fn text(&self) -> Option<String> {
        let text = match self {
            Self::NotResolved
            | Self::TargetNotResolved
            | Self::Unreachable
            | Self::Authentication
            | Self::Interrupted => return None,
            Self::NoTunnel => {
                "the proxy refused the connection to this host, or is not an HTTP proxy"
            }
            Self::Refused(why) => {
                return Some(format!(
                    "the proxy refused the connection to this host ({why})"
                ));
            }
            Self::Closed => "the proxy closed the connection without an answer",
            Self::WrongProtocol => "the server is not a proxy of this kind",
        };
        Some(text.to_owned())
    }

    /// Returns a special remedy for the user; `None` if the remedy for any proxy failure is enough.
    pub(super) fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::NotResolved => Some(
                "check the spelling of the proxy's host, and this machine's DNS resolver and network",
            ),
            Self::TargetNotResolved => Some("use socks5h, so that the proxy resolves the name"),
            Self::Interrupted => {
                Some("if it persists, check that the proxy runs, and that it allows this host")
            }
            _ => None,
        }
    }
}

/// Returns [`causes`], followed by the causes inside the HTTP client's SOCKS errors.
///
/// Those errors do not report their causes as a source.
pub(super) fn call_causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let socks = causes(error).find_map(|cause| cause.downcast_ref::<SocksError>());
    let inner: Option<&(dyn Error + 'static)> = match socks {
        Some(SocksError::Inner(error)) => Some(error),
        Some(SocksError::Io(error)) => Some(error),
        _ => None,
    };
    causes(error).chain(inner.into_iter().flat_map(causes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_url_is_parsed_like_curl_does() {
        for (url, shown) in [
            ("http://proxy.test:3128", "http://proxy.test:3128"),
            ("proxy.test:3128", "http://proxy.test:3128"),
            ("http://proxy.test/", "http://proxy.test:80"),
            ("https://user:p%40ss@proxy.test", "https://proxy.test:443"),
            ("socks5://user:word@proxy.test", "socks5://proxy.test:1080"),
            ("socks5h://[::1]:9", "socks5h://[::1]:9"),
            ("Socks5H://127.0.0.1:9/", "socks5h://127.0.0.1:9"),
            ("http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]:80"),
            ("http://a-1.b_2.3c.:9", "http://a-1.b_2.3c.:9"),
            ("socks5://a%3Ab:c:d@a.test", "socks5://a.test:1080"),
        ] {
            let proxy = RestProxy::new(url, "").unwrap();
            assert_eq!(format!("{proxy:?}"), shown, "{url}");
            assert!(proxy.for_client().is_ok(), "{url}");
        }
    }

    #[test]
    fn invalid_or_ambiguous_proxy_url_is_refused() {
        for url in [
            "",
            "http://",
            "http://:3128",
            "http://127.1:1",
            "http://0x7f000001:1",
            "http://2130706433:1",
            "http://127.0.0.1.:1",
            "http://%31.test:1",
            "http://127.0.0.1:+1",
            "http://127.0.0.1:",
            " http://127.0.0.1",
            "http://127.0.0.1\n",
            "http://user:a%ff@proxy.test",
            "http://us%3Aer:a@proxy.test",
            "http://:@proxy.test",
            "http://@proxy.test",
            "socks5://user:@proxy.test",
            "socks5h://user:a%ff@proxy.test",
            "http://proxy.test:0",
            "http://proxy.test:x",
            "http://proxy.test/path",
            "http://user:a#b@proxy.test",
            "http://user:a?b@proxy.test",
            "http://user:a/b@proxy.test",
            "http://user:a@b@proxy.test",
            "htp://proxy.test",
            "socks4://proxy.test",
            "socks://proxy.test",
            "wss://proxy.test",
        ] {
            assert!(RestProxy::new(url, "").is_err(), "{url}");
        }
    }

    #[test]
    fn loopback_proxy_is_recognized_in_every_spelling() {
        for host in ["127.0.0.1", "LocalHost", "[::1]", "[::ffff:127.0.0.1]"] {
            let proxy = RestProxy::new(host, "").unwrap();
            assert!(proxy.is_loopback(), "{host}");
        }
        assert!(!RestProxy::new("proxy.test", "").unwrap().is_loopback());
    }

    #[test]
    fn no_proxy_accepts_every_spelling() {
        for (hosts, url) in [
            ("*", "https://10.0.0.1"),
            ("*", "https://[2001:db8::1]"),
            ("*.kucoin.com", "https://api.kucoin.com"),
            ("kucoin.com:443", "https://api.kucoin.com"),
            ("kucoin.com.", "https://api.kucoin.com"),
            ("a.test kucoin.com", "https://api.kucoin.com"),
            ("[::1]:80", "http://[::1]:80"),
        ] {
            let proxy = RestProxy::new("http://proxy.test", hosts).unwrap();
            assert!(!proxy.applies_to(&Address::rest(url).unwrap()), "{hosts}");
        }
    }

    #[test]
    fn no_proxy_matches_names_and_networks() {
        let proxy = RestProxy::new("http://proxy.test", "kucoin.com,127.0.0.0/8").unwrap();
        let applies_to = |url| proxy.applies_to(&Address::rest(url).unwrap());
        assert!(!applies_to("https://api.kucoin.com"));
        assert!(!applies_to("http://127.0.0.1:4000"));
        assert!(applies_to("https://api.kucoin.eu"));
        assert!(applies_to("http://localhost:4000"));
        let pro = Address::web_socket("ws://127.0.0.1:4000/pro").unwrap();
        assert!(!proxy.applies_to(&pro));
    }
}
