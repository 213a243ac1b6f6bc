//! The proxy: its URL, its credentials, and the hosts that are reached without it.

use std::ffi::OsString;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::dial;

/// A proxy for all connections: HTTP `CONNECT`, optionally over TLS, or SOCKS5.
///
/// | URL | Proxy |
/// |---|---|
/// | `http://host:port` | HTTP `CONNECT`; default port 80 |
/// | `https://host:port` | HTTP `CONNECT` over TLS, with the TLS configuration of the connector; default port 443 |
/// | `socks5://host:port` | SOCKS5; host names are resolved on this machine; default port 1080 |
/// | `socks5h://host:port` | SOCKS5; host names are resolved by the proxy; default port 1080 |
///
/// Write user and password before the host, percent-encoded: `http://user:p%40ss@host:3128`. Without a scheme, it is
/// `http`, as with curl.
///
/// The proxy is never bypassed: if it fails, the connection fails. TLS to the exchange runs inside the tunnel, and the
/// certificate of the exchange is verified. Connections to this machine go through the proxy too; without TLS (`ws`,
/// `http`), only if the proxy is on this machine as well.
///
/// User and password never appear in an error, `Debug` output or a log line.
#[derive(Clone)]
pub struct Proxy {
    url: String,
    no_proxy: String,
    via: Intercept,
}

/// The protocol of the proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyScheme {
    Http,
    Https,
    /// The target's host name is resolved on this machine.
    Socks5,
    /// The target's host name is resolved by the proxy.
    Socks5h,
}

impl Proxy {
    /// Creates a proxy from its URL.
    ///
    /// # Errors
    /// Returns a [`ProxyError`], which does not show the URL, if the URL is invalid or not supported.
    pub fn new(url: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let url = format!("{}://{rest}", scheme.to_ascii_lowercase());
        // Parsers disagree on which of these ends the password.
        let is_ambiguous = url.contains(['#', '?']) || url.matches('@').count() > 1;
        let uri: Uri = match is_ambiguous {
            true => return Err(ProxyError::Malformed),
            false => url.parse().map_err(|_| ProxyError::Malformed)?,
        };
        let scheme = uri.scheme_str().and_then(ProxyScheme::from_name);
        let scheme = scheme.ok_or(ProxyError::Scheme)?;
        let authority = uri.authority().ok_or(ProxyError::Malformed)?;
        // The parser accepts an invalid port, and would fall back to the default port.
        let after_host = authority.as_str().rsplit('@').next().unwrap_or_default();
        let after_host = after_host.strip_prefix(authority.host());
        let is_port = |port: &str| {
            let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
            is_number && port.parse::<u16>().is_ok_and(|port| port > 0)
        };
        let has_good_port = after_host
            .is_some_and(|text| text.is_empty() || text.strip_prefix(':').is_some_and(is_port));
        if !is_plain_host(authority.host()) || !has_good_port || uri.path().len() > 1 {
            return Err(ProxyError::Malformed);
        }
        let via = Matcher::builder().all(&url).build();
        let via = via.intercept(&Uri::from_static("https://exchange.invalid"));
        let via = via.ok_or(ProxyError::Malformed)?;
        if !has_valid_credentials(rest, scheme.is_socks()) {
            return Err(ProxyError::Credentials);
        }
        Ok(Self {
            url,
            no_proxy: String::new(),
            via,
        })
    }

    /// Reads the proxy from the environment.
    ///
    /// It is the first of `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY` and `all_proxy` that is not empty. The first of
    /// `NO_PROXY` and `no_proxy` that is not empty sets the hosts without the proxy.
    ///
    /// # Errors
    /// Returns a [`ProxyEnvError`], which names the variable, if no proxy is set or a value cannot be used.
    pub fn from_env() -> Result<Self, ProxyEnvError> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(read: impl Fn(&str) -> Option<OsString>) -> Result<Self, ProxyEnvError> {
        let first = |names: &[&'static str]| {
            let set = names.iter().filter_map(|&name| Some((name, read(name)?)));
            let mut set = set.filter(|(_, value)| !value.is_empty());
            let first = set.next().map(|(name, value)| match value.into_string() {
                Ok(text) => Ok((name, text)),
                Err(_) => Err(ProxyEnvError::NotUnicode { name }),
            });
            first.transpose()
        };
        let url = first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])?;
        let hosts = first(&["NO_PROXY", "no_proxy"])?;
        let (name, url) = url.ok_or(ProxyEnvError::NotSet)?;
        let proxy = Self::new(&url).map_err(|error| ProxyEnvError::Unusable { name, error })?;
        let hosts = hosts.map(|(_, hosts)| hosts);
        Ok(proxy.with_no_proxy(hosts.unwrap_or_default()))
    }

    /// Sets the hosts that are reached without the proxy, separated by commas or white space.
    ///
    /// Default: none. An entry is a host name, which includes its subdomains (`*.name` is the same as `name`), an IP
    /// address, a network such as `10.0.0.0/8`, or `*` for all hosts. A port is ignored.
    #[must_use]
    pub fn with_no_proxy(mut self, hosts: impl Into<String>) -> Self {
        self.no_proxy = hosts.into();
        self
    }

    /// Returns the hosts that are reached without the proxy, as set with [`Self::with_no_proxy`].
    #[must_use]
    pub fn no_proxy(&self) -> &str {
        &self.no_proxy
    }

    /// Returns the URL with user and password. Do not print it.
    ///
    /// It is meant to configure another client with the same proxy.
    #[must_use]
    pub fn expose_url(&self) -> &str {
        &self.url
    }

    /// Returns host and port, which may be shown in errors.
    pub(super) fn host_and_port(&self) -> String {
        let uri = self.via.uri();
        format!("{}:{}", uri.host().unwrap_or_default(), self.port())
    }

    /// Returns the host name or IP address; IPv6 without brackets.
    pub(super) fn host(&self) -> &str {
        let host = self.via.uri().host().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    pub(super) fn port(&self) -> u16 {
        self.via.uri().port_u16().unwrap_or(match self.scheme() {
            ProxyScheme::Http => 80,
            ProxyScheme::Https => 443,
            ProxyScheme::Socks5 | ProxyScheme::Socks5h => 1080,
        })
    }

    pub(super) fn scheme(&self) -> ProxyScheme {
        let scheme = self.via.uri().scheme_str();
        scheme
            .and_then(ProxyScheme::from_name)
            .unwrap_or(ProxyScheme::Http)
    }

    /// Returns the header with the credentials for an HTTP proxy.
    pub(super) fn basic_auth(&self) -> Option<&HeaderValue> {
        self.via.basic_auth()
    }

    /// Returns user and password for a SOCKS proxy.
    pub(super) fn user_and_password(&self) -> Option<(&str, &str)> {
        self.via.raw_auth()
    }

    /// Returns `true` if connections to this host go through the proxy. An IPv6 address must have brackets.
    pub(super) fn applies_to(&self, host: &str) -> bool {
        let matcher = Matcher::builder()
            .all(&self.url)
            .no(normalize_no_proxy(&self.no_proxy));
        // If in doubt, use the proxy.
        let Ok(uri) = format!("https://{host}").parse() else {
            return true;
        };
        matcher.build().intercept(&uri).is_some()
    }

    /// Returns `true` if the proxy is on this machine, by its name or address.
    pub(super) fn is_loopback(&self) -> bool {
        dial::is_loopback_name(self.host())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_credentials = self.basic_auth().is_some() || self.user_and_password().is_some();
        formatter
            .debug_struct("Proxy")
            .field("scheme", &self.via.uri().scheme_str())
            .field("host", &self.host())
            .field("port", &self.port())
            .field("has_credentials", &has_credentials)
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

impl ProxyScheme {
    fn from_name(name: &str) -> Option<Self> {
        let all = [
            ("http", Self::Http),
            ("https", Self::Https),
            ("socks5", Self::Socks5),
            ("socks5h", Self::Socks5h),
        ];
        let found = all
            .into_iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known));
        found.map(|(_, scheme)| scheme)
    }

    fn is_socks(self) -> bool {
        matches!(self, Self::Socks5 | Self::Socks5h)
    }
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

/// Error of an unusable proxy URL. The URL may contain a password, so it is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The URL is invalid, or has parts other than user, password, host and port.
    ///
    /// Special characters in the user and password must be percent-encoded.
    #[error(
        "the proxy URL is invalid; write it as http://user:password@host:port, with special characters percent-encoded"
    )]
    Malformed,
    /// The scheme is not supported: use `http`, `https`, `socks5` or `socks5h`.
    #[error("the scheme of the proxy URL is not supported; use http, https, socks5 or socks5h")]
    Scheme,
    /// The user or the password cannot be sent to a proxy of this kind (HTTP: RFC 7617, SOCKS5: RFC 1929).
    #[error(
        "the user or the password of the proxy URL cannot be used: both must be UTF-8; for SOCKS5, each must have 1 to \
         255 bytes; for HTTP, the user must not contain a colon, and one of them must not be empty"
    )]
    Credentials,
}

/// Error of reading the proxy from the environment. No value of a variable is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyEnvError {
    /// No proxy variable is set: set `HTTPS_PROXY` or `ALL_PROXY`.
    #[error("no proxy is set in the environment; set HTTPS_PROXY or ALL_PROXY")]
    NotSet,
    /// The value of this variable is not valid Unicode: correct it.
    #[error("the value of {name} is not valid Unicode; correct it")]
    NotUnicode {
        /// Name of the environment variable.
        name: &'static str,
    },
    /// The proxy in this variable cannot be used: correct it.
    #[error("{name}: {error}")]
    Unusable {
        /// Name of the environment variable.
        name: &'static str,
        /// The problem with the value of the variable.
        error: ProxyError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_parsed_to_host_port_and_credentials() {
        let check = |url: &str, expected: &str, user: Option<(&str, &str)>| {
            let proxy = Proxy::new(url).unwrap();
            assert_eq!(proxy.host_and_port(), expected, "{url}");
            assert_eq!(proxy.user_and_password(), user, "{url}");
        };
        check("http://proxy.test:3128", "proxy.test:3128", None);
        check("proxy.test:3128", "proxy.test:3128", None);
        check("HTTP://proxy.test/", "proxy.test:80", None);
        check("https://proxy.test", "proxy.test:443", None);
        check("socks5://proxy.test", "proxy.test:1080", None);
        check("socks5h://[::1]:9", "[::1]:9", None);
        check("Socks5H://127.0.0.1:9", "127.0.0.1:9", None);
        check("http://[::ffff:127.0.0.1]:9", "[::ffff:127.0.0.1]:9", None);
        check("http://a-1.b_2.3c.:9", "a-1.b_2.3c.:9", None);
        check(
            "socks5://a%3Ab:c:d@a.test",
            "a.test:1080",
            Some(("a:b", "c:d")),
        );
        check(
            "socks5://us%20er:p%40s%3As@proxy.test:1",
            "proxy.test:1",
            Some(("us er", "p@s:s")),
        );
        let basic = Proxy::new("https://us%20er:p%40s%3As@proxy.test").unwrap();
        // printf 'us er:p@s:s' | base64
        assert_eq!(basic.basic_auth().unwrap(), "Basic dXMgZXI6cEBzOnM=");
    }

    #[test]
    fn invalid_url_is_refused_and_not_shown() {
        let long = format!("socks5://{}:canary@proxy.test", "u".repeat(256));
        for (url, expected) in [
            ("", ProxyError::Malformed),
            ("http://", ProxyError::Malformed),
            ("http://canary:x@", ProxyError::Malformed),
            ("http://:3128", ProxyError::Malformed),
            ("http://proxy.test:", ProxyError::Malformed),
            ("http://proxy.test:0", ProxyError::Malformed),
            ("http://proxy.test:65536", ProxyError::Malformed),
            ("http://proxy.test:canary", ProxyError::Malformed),
            ("http://user:can/ary@proxy.test:1", ProxyError::Malformed),
            ("http://user:can#ary@proxy.test:1", ProxyError::Malformed),
            ("http://user:can?ary@proxy.test:1", ProxyError::Malformed),
            ("http://user:can@ary@proxy.test:1", ProxyError::Malformed),
            ("http://user:can ary@proxy.test:1", ProxyError::Malformed),
            ("http://proxy.test:1/path", ProxyError::Malformed),
            ("http://prøxy.test:1", ProxyError::Malformed),
            ("http://127.1:1", ProxyError::Malformed),
            ("http://0x7f000001:1", ProxyError::Malformed),
            ("http://proxy.0x1:1", ProxyError::Malformed),
            ("http://2130706433:1", ProxyError::Malformed),
            ("http://0177.0.0.1:1", ProxyError::Malformed),
            ("http://127.0.0.1.:1", ProxyError::Malformed),
            ("http://%31.test:1", ProxyError::Malformed),
            ("http://[fe80::1%25lo]:1", ProxyError::Malformed),
            ("http://127.0.0.1:+1", ProxyError::Malformed),
            ("http://user:canary%ff@proxy.test", ProxyError::Credentials),
            ("http://us%3Aer:canary@proxy.test", ProxyError::Credentials),
            ("http://:@proxy.test", ProxyError::Credentials),
            ("http://@proxy.test", ProxyError::Credentials),
            ("socks5://canary:@proxy.test", ProxyError::Credentials),
            (
                "socks5h://user:canary%ff@proxy.test",
                ProxyError::Credentials,
            ),
            ("ftp://user:canary@proxy.test", ProxyError::Scheme),
            ("socks4://user:canary@proxy.test", ProxyError::Scheme),
            ("wss://proxy.test", ProxyError::Scheme),
            ("socks5://canary@proxy.test", ProxyError::Credentials),
            ("socks5://:canary@proxy.test", ProxyError::Credentials),
            (&long, ProxyError::Credentials),
        ] {
            let error = Proxy::new(url).map(drop).expect_err(url);
            assert_eq!(error, expected, "{url}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{url}");
        }
    }

    #[test]
    fn environment_sets_proxy_and_no_proxy() {
        let read = |variables: &'static [(&str, &str)]| {
            Proxy::from_variables(move |name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.into())
            })
        };
        let address = |variables| read(variables).map(|proxy| proxy.host_and_port());
        let not_set = Err(ProxyEnvError::NotSet);
        assert_eq!(address(&[]), not_set);
        assert_eq!(address(&[("HTTPS_PROXY", "")]), not_set);
        assert_eq!(address(&[("HTTP_PROXY", "http://a:1")]), not_set);
        let all = &[
            ("all_proxy", "http://d:4"),
            ("ALL_PROXY", "http://c:3"),
            ("https_proxy", "http://b:2"),
            ("HTTPS_PROXY", "http://a:1"),
        ];
        assert_eq!(address(all), Ok("a:1".to_owned()));
        assert_eq!(address(&all[..3]), Ok("b:2".to_owned()));
        assert_eq!(address(&all[..2]), Ok("c:3".to_owned()));
        assert_eq!(address(&all[..1]), Ok("d:4".to_owned()));
        let some = &[
            ("ALL_PROXY", "http://a:1"),
            ("no_proxy", "kucoin.com, 10.0.0.0/8"),
        ];
        let proxy = read(some).unwrap();
        assert_eq!(proxy.no_proxy(), "kucoin.com, 10.0.0.0/8");
    }

    #[test]
    fn invalid_variable_is_named_without_its_value() {
        let read = |name, value: &str| {
            let read = |variable: &str| (variable == name).then(|| value.into());
            Proxy::from_variables(read).unwrap_err()
        };
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            for (value, error) in [
                ("htp://user:canary@a:1", ProxyError::Scheme),
                ("::canary::", ProxyError::Malformed),
            ] {
                let found = read(name, value);
                assert_eq!(found, ProxyEnvError::Unusable { name, error });
                let text = found.to_string();
                assert!(text.starts_with(name) && !text.contains("canary"), "{text}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn variable_that_is_not_unicode_is_named() {
        use std::os::unix::ffi::OsStringExt;
        for name in ["HTTPS_PROXY", "NO_PROXY"] {
            let read = |variable: &str| (variable == name).then(|| OsString::from_vec(vec![0xff]));
            let error = Proxy::from_variables(read).unwrap_err();
            assert_eq!(error, ProxyEnvError::NotUnicode { name });
        }
    }

    #[test]
    fn no_proxy_matches_names_addresses_and_networks() {
        let check = |no_proxy: &str, host: &str, expected: bool| {
            let proxy = Proxy::new("http://proxy.test:1").unwrap();
            let is_proxied = proxy.with_no_proxy(no_proxy).applies_to(host);
            assert_eq!(is_proxied, expected, "{no_proxy:?}: {host}");
        };
        check("", "ws-api.kucoin.com", true);
        check("kucoin.com", "ws-api.kucoin.com", false);
        check(".kucoin.com", "ws-api.kucoin.com", false);
        check("kucoin.com", "notkucoin.com", true);
        check("*", "ws-api.kucoin.com", false);
        check("127.0.0.0/8", "127.0.0.1", false);
        check("127.0.0.0/8", "localhost", true);
        check("::1", "[::1]", false);
        check("[::1]", "[::1]", false);
        check("[::1]:443", "[::1]", false);
        for host in ["127.0.0.1", "[2001:db8::1]", "localhost"] {
            check("*", host, false);
        }
        for hosts in [
            "*.kucoin.com",
            "kucoin.com:443",
            "kucoin.com.",
            "a.test kucoin.com",
            ",\tkucoin.com,",
        ] {
            check(hosts, "ws-api.kucoin.com", false);
            check(hosts, "api.kucoin.eu", true);
        }
        check(" , ", "ws-api.kucoin.com", true);
    }

    #[test]
    fn debug_shows_no_credentials() {
        let proxy = Proxy::new("socks5://canary-user:canary-word@proxy.test").unwrap();
        let shown = format!("{proxy:?}");
        assert!(
            shown.contains("proxy.test") && !shown.contains("canary"),
            "{shown}"
        );
    }
}
