//! Parses a URL to dial: scheme, host, port and request line.

use std::fmt;

use http::Uri;
use http::uri::PathAndQuery;

use super::dial;
use crate::{ConnectError, UrlProblem};

/// A parsed URL. Its query contains the token, so `Debug` shows only scheme, host and port.
pub(super) struct Target {
    pub(super) secure: bool,
    /// Host name or IP address; IPv6 without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of the `Host` header; it has a port only if the URL has one.
    pub(super) authority: String,
    pub(super) request: PathAndQuery,
}

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            secure, host, port, ..
        } = self;
        formatter
            .debug_struct("Target")
            .field("secure", secure)
            .field("host", host)
            .field("port", port)
            .finish_non_exhaustive()
    }
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, ConnectError> {
        Self::parse_url(url).map_err(ConnectError::InvalidUrl)
    }

    fn parse_url(url: &str) -> Result<Self, UrlProblem> {
        if url.contains('#') {
            return Err(UrlProblem::Fragment);
        }
        let uri: Uri = url.parse().map_err(|_| UrlProblem::Malformed)?;
        let scheme = uri.scheme_str().ok_or(UrlProblem::Malformed)?;
        let secure = scheme.eq_ignore_ascii_case("wss");
        if !secure && !scheme.eq_ignore_ascii_case("ws") {
            return Err(UrlProblem::Scheme);
        }
        let authority = uri.authority().ok_or(UrlProblem::Host)?;
        if authority.as_str().contains('@') {
            return Err(UrlProblem::Userinfo);
        }
        // The parser accepts an invalid port, and would fall back to the default port.
        let after_host = authority
            .as_str()
            .strip_prefix(authority.host())
            .ok_or(UrlProblem::Malformed)?;
        let port = match after_host.strip_prefix(':') {
            Some(digits) => digits.parse().map_err(|_| UrlProblem::Malformed)?,
            None if after_host.is_empty() => {
                if secure {
                    443
                } else {
                    80
                }
            }
            None => return Err(UrlProblem::Malformed),
        };
        let host = authority.host();
        let host = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        if host.is_empty() {
            return Err(UrlProblem::Host);
        }
        let (host, authority) = (host.to_owned(), authority.as_str().to_owned());
        let request = uri
            .into_parts()
            .path_and_query
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        Ok(Self {
            secure,
            host,
            port,
            authority,
            request,
        })
    }

    /// Returns `true` if the URL is to this machine, by its name or address.
    pub(super) fn is_loopback(&self) -> bool {
        dial::is_loopback_name(&self.host)
    }

    /// Returns host and port, for a proxy and for errors.
    pub(super) fn host_and_port(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Returns the texts that must never be shown: the whole query and each of its values, longest first.
    pub(super) fn secrets(&self) -> Vec<&str> {
        let query = self.request.query().unwrap_or_default();
        let values = query
            .split('&')
            .map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        let mut secrets: Vec<&str> = std::iter::once(query)
            .chain(values)
            .filter(|secret| !secret.is_empty())
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_parsed() {
        let check =
            |url: &str, secure: bool, host: &str, port: u16, authority: &str, request: &str| {
                let target = Target::parse(url).unwrap();
                let found = (
                    target.secure,
                    target.host.as_str(),
                    target.port,
                    target.authority.as_str(),
                );
                assert_eq!(found, (secure, host, port, authority), "{url}");
                let uri = Uri::from(target.request).to_string();
                assert_eq!(uri, request, "{url}");
            };
        check(
            "wss://a.test/path?token=t%2B",
            true,
            "a.test",
            443,
            "a.test",
            "/path?token=t%2B",
        );
        check(
            "wss://a.test:8443?token=t",
            true,
            "a.test",
            8443,
            "a.test:8443",
            "/?token=t",
        );
        check("WSS://A.test", true, "A.test", 443, "A.test", "/");
        check(
            "ws://127.0.0.1:9/x",
            false,
            "127.0.0.1",
            9,
            "127.0.0.1:9",
            "/x",
        );
        check("ws://[::1]:9/", false, "::1", 9, "[::1]:9", "/");
        check("ws://localhost", false, "localhost", 80, "localhost", "/");
    }

    #[test]
    fn invalid_url_is_refused() {
        let check = |url: &str, expected: UrlProblem| match Target::parse(url) {
            Err(ConnectError::InvalidUrl(problem)) => assert_eq!(problem, expected, "{url}"),
            other => panic!("{url}: {other:?}"),
        };
        check("", UrlProblem::Malformed);
        check("/path?token=t", UrlProblem::Malformed);
        check("wss://", UrlProblem::Malformed);
        check("wss://a b/", UrlProblem::Malformed);
        check("wss://a.test:70000/", UrlProblem::Malformed);
        check("wss://a.test:/", UrlProblem::Malformed);
        check("https://a.test/", UrlProblem::Scheme);
        check("wss://user:password@a.test/", UrlProblem::Userinfo);
        check("wss://user@a.test/", UrlProblem::Userinfo);
        check("wss://a.test/#token", UrlProblem::Fragment);
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let target = Target::parse("wss://a.test/canary-path?token=canary-token").unwrap();
        assert!(!format!("{target:?}").contains("canary"), "{target:?}");
    }

    #[test]
    fn secrets_are_the_query_and_its_values() {
        let target = Target::parse("wss://a.test/?token=abc&connectId=de&&flag").unwrap();
        assert_eq!(
            target.secrets(),
            ["token=abc&connectId=de&&flag", "flag", "abc", "de"]
        );
    }
}
