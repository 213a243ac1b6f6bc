//! The setting of a proxy: its URL, its credentials, and the hosts that are reached without it.

use std::ffi::OsString;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::dial;

/// A proxy for every connection: HTTP `CONNECT`, over TLS too, or SOCKS5.
///
/// | URL | Proxy |
/// |---|---|
/// | `http://host:port` | HTTP `CONNECT`; default port 80 |
/// | `https://host:port` | the same over TLS to the proxy, with the same roots as for the exchange; default port 443 |
/// | `socks5://host:port` | SOCKS5; names are resolved on this machine; default port 1080 |
/// | `socks5h://host:port` | SOCKS5; the proxy resolves names; default port 1080 |
///
/// A user and a password go before the host, percent-encoded: `http://user:p%40ss@host:3128`. Without a scheme `http`
/// is meant, as with curl.
///
/// There is no way around it: if the proxy fails, so does the connection. TLS to the exchange goes inside of the tunnel,
/// with the exchange's certificate checked. Targets on this machine go through the proxy too; without TLS (`ws`, `http`)
/// only if the proxy is on this machine as well.
///
/// User and password never reach an error, `Debug` or a log line.
#[derive(Clone)]
pub struct Proxy {
    url: String,
    no_proxy: String,
    via: Intercept,
}

/// How the proxy is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyScheme {
    Http,
    Https,
    /// The target's name is resolved on this machine.
    Socks5,
    /// The proxy resolves the target's name.
    Socks5h,
}

impl Proxy {
    /// A proxy by its URL.
    ///
    /// # Errors
    /// [`ProxyError`], which does not show the URL.
    pub fn new(url: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let url = format!("{}://{rest}", scheme.to_ascii_lowercase());
        // Two parsers may take another one of these as the end of the password.
        let is_ambiguous = url.contains(['#', '?']) || url.matches('@').count() > 1;
        let uri: Uri = match is_ambiguous {
            true => return Err(ProxyError::Malformed),
            false => url.parse().map_err(|_| ProxyError::Malformed)?,
        };
        let scheme = uri.scheme_str().and_then(ProxyScheme::named);
        let scheme = scheme.ok_or(ProxyError::Scheme)?;
        let authority = uri.authority().ok_or(ProxyError::Malformed)?;
        // The parser accepts any text as a port and would fall back to the default.
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
        if !has_good_credentials(rest, scheme.is_socks()) {
            return Err(ProxyError::Credentials);
        }
        Ok(Self {
            url,
            no_proxy: String::new(),
            via,
        })
    }

    /// The proxy that the environment names: the first of `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY` and `all_proxy`
    /// that is not empty, for every host but those of `NO_PROXY` or `no_proxy`.
    ///
    /// # Errors
    /// [`ProxyEnvError`], which names the variable.
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

    /// Sets the hosts that are reached without the proxy, separated by commas: names, which include their subdomains,
    /// IP addresses, networks such as `10.0.0.0/8`, or `*` for all. `*.name` means the same as `name`; a port counts for
    /// nothing; white space separates too. Default: none.
    #[must_use]
    pub fn with_no_proxy(mut self, hosts: impl Into<String>) -> Self {
        self.no_proxy = hosts.into();
        self
    }

    /// The hosts that are reached without the proxy, as [`with_no_proxy`](Proxy::with_no_proxy) takes them.
    #[must_use]
    pub fn no_proxy(&self) -> &str {
        &self.no_proxy
    }

    /// The URL with its user and password, for another client that is to use the same proxy. Do not print it.
    #[must_use]
    pub fn expose_url(&self) -> &str {
        &self.url
    }

    /// Host and port, which errors may show.
    pub(super) fn place(&self) -> String {
        let uri = self.via.uri();
        format!("{}:{}", uri.host().unwrap_or_default(), self.port())
    }

    /// A name or an address, IPv6 without brackets.
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
            .and_then(ProxyScheme::named)
            .unwrap_or(ProxyScheme::Http)
    }

    /// The header with the credentials for an HTTP proxy.
    pub(super) fn basic_auth(&self) -> Option<&HeaderValue> {
        self.via.basic_auth()
    }

    /// User and password for a SOCKS proxy.
    pub(super) fn user_and_password(&self) -> Option<(&str, &str)> {
        self.via.raw_auth()
    }

    /// Whether a connection to this host, with brackets if it is an IPv6 address, goes through the proxy.
    pub(super) fn carries(&self, host: &str) -> bool {
        let matcher = Matcher::builder()
            .all(&self.url)
            .no(plain_hosts(&self.no_proxy));
        // A host that cannot be read gets no way around the proxy.
        let Ok(uri) = format!("https://{host}").parse() else {
            return true;
        };
        matcher.build().intercept(&uri).is_some()
    }

    /// Whether the proxy is on this machine, by its name.
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
    fn named(name: &str) -> Option<Self> {
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

/// Whether the user and the password before this host can be sent to a proxy: RFC 7617 and RFC 1929.
fn has_good_credentials(rest: &str, is_socks: bool) -> bool {
    let probe = Uri::from_static("https://exchange.invalid");
    let via = Matcher::builder().all(format!("socks5://{rest}")).build();
    let via = via.intercept(&probe);
    let Some((user, password)) = via.as_ref().and_then(Intercept::raw_auth) else {
        return !rest.contains('@');
    };
    // What is not UTF-8 was replaced.
    let is_text = !user.contains('\u{fffd}') && !password.contains('\u{fffd}');
    let lengths = [user.len(), password.len()];
    is_text
        && match is_socks {
            true => lengths.iter().all(|length| (1..=255).contains(length)),
            false => lengths != [0, 0] && !user.contains(':'),
        }
}

/// Whether every parser takes this host for the same: a name, or an address in its usual form.
fn is_plain_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').map(str::parse::<Ipv6Addr>);
        return address.is_some_and(|address| address.is_ok());
    }
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    // Some parsers take a name that ends in a number for an address: `127.1`, `0x7f000001`.
    let last = host.trim_end_matches('.').rsplit('.').next();
    let ends_in_number = last.is_some_and(|last| {
        let is_hex = last.starts_with("0x") || last.starts_with("0X");
        is_hex || last.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_address = host.parse::<Ipv4Addr>().is_ok();
    is_address || (!ends_in_number && host.bytes().all(is_of_name))
}

/// The hosts without the proxy in the spelling that the matcher takes: `*` for addresses too, and without the `*` of
/// `*.name`, brackets, a port, and a dot at the end.
fn plain_hosts(no_proxy: &str) -> String {
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

/// Why a proxy cannot be used. Its URL may hold a password and is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It is no URL of a host and a port alone, or a special character of its user or password is not percent-encoded.
    #[error(
        "the proxy is no plain URL; write it as http://user:password@host:port, with special characters percent-encoded"
    )]
    Malformed,
    /// Its scheme is another one.
    #[error("the scheme of the proxy is not supported; use http, https, socks5 or socks5h")]
    Scheme,
    /// No proxy of this kind can be told this user or password: HTTP (RFC 7617), SOCKS5 (RFC 1929).
    #[error(
        "the user and the password of the proxy cannot be used: both are UTF-8; for SOCKS5 each has 1 to 255 bytes, and \
         for HTTP one of them is not empty and the user has no colon"
    )]
    Credentials,
}

/// Why the environment gives no proxy. No value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyEnvError {
    /// The environment names no proxy.
    #[error("the environment names no proxy; set HTTPS_PROXY or ALL_PROXY")]
    NotSet,
    /// The value of this variable is not valid Unicode: correct it.
    #[error("the value of {name} is not valid Unicode")]
    NotUnicode {
        /// The variable.
        name: &'static str,
    },
    /// The proxy in this variable cannot be used: correct it.
    #[error("{name}: {error}")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        error: ProxyError,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_gives_host_port_and_decoded_credentials() {
        let check = |url: &str, place: &str, user: Option<(&str, &str)>| {
            let proxy = Proxy::new(url).unwrap();
            assert_eq!(proxy.place(), place, "{url}");
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
    fn url_that_is_no_proxy_is_refused_without_showing_it() {
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
    fn environment_names_the_proxy_and_the_hosts_without_it() {
        let read = |variables: &'static [(&str, &str)]| {
            Proxy::from_variables(move |name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.into())
            })
        };
        let place = |variables| read(variables).map(|proxy| proxy.place());
        let not_set = Err(ProxyEnvError::NotSet);
        assert_eq!(place(&[]), not_set);
        assert_eq!(place(&[("HTTPS_PROXY", "")]), not_set);
        assert_eq!(place(&[("HTTP_PROXY", "http://a:1")]), not_set);
        let all = &[
            ("all_proxy", "http://d:4"),
            ("ALL_PROXY", "http://c:3"),
            ("https_proxy", "http://b:2"),
            ("HTTPS_PROXY", "http://a:1"),
        ];
        assert_eq!(place(all), Ok("a:1".to_owned()));
        assert_eq!(place(&all[..3]), Ok("b:2".to_owned()));
        assert_eq!(place(&all[..2]), Ok("c:3".to_owned()));
        assert_eq!(place(&all[..1]), Ok("d:4".to_owned()));
        let some = &[
            ("ALL_PROXY", "http://a:1"),
            ("no_proxy", "kucoin.com, 10.0.0.0/8"),
        ];
        let proxy = read(some).unwrap();
        assert_eq!(proxy.no_proxy(), "kucoin.com, 10.0.0.0/8");
    }

    #[test]
    fn unusable_variable_is_named_without_its_value() {
        let read = |name, value: &str| {
            let read = |asked: &str| (asked == name).then(|| value.into());
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
            let read = |asked: &str| (asked == name).then(|| OsString::from_vec(vec![0xff]));
            let error = Proxy::from_variables(read).unwrap_err();
            assert_eq!(error, ProxyEnvError::NotUnicode { name });
        }
    }

    #[test]
    fn hosts_are_left_out_by_name_address_and_network() {
        let check = |no_proxy: &str, host: &str, expected: bool| {
            let proxy = Proxy::new("http://proxy.test:1").unwrap();
            let carried = proxy.with_no_proxy(no_proxy).carries(host);
            assert_eq!(carried, expected, "{no_proxy:?}: {host}");
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
