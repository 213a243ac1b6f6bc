//! Where the exchange is: its hosts by region, each of them replaceable, and which hosts may see a token.

use std::fmt;
use std::str::FromStr;

use super::AddressProblem;
use super::address::{Address, Scheme};

/// The hosts of the exchange, by region, and which WebSocket hosts may be told a token.
///
/// REST hosts are `https`, the Pro V2 host is `wss`; `http` and `ws` are taken for loopback IP literals and
/// `localhost` only. A V1 token reply names the server to dial: it must be `wss` and its host must end in a
/// trusted suffix (`.kucoin.com` and `.kucoin.eu` from the start), so that a false reply cannot send the token
/// elsewhere. A server on this machine is taken where the REST host is on this machine too.
#[derive(Clone, Debug)]
pub struct Hosts {
    spot_rest: Address,
    futures_rest: Address,
    pro_ws: Address,
    site_type: Option<&'static str>,
    trusted_suffixes: Vec<String>,
}

/// A region of KuCoin, with hosts or a site header of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// kucoin.com.
    #[default]
    Global,
    /// kucoin.eu. Only its spot REST host is documented; the futures and Pro V2 hosts follow its pattern and
    /// are not verified.
    Europe,
    /// kucoin.com with the header `X-SITE-TYPE: australia` on every REST call.
    Australia,
}

impl Default for Hosts {
    fn default() -> Self {
        Self::of(Region::default())
    }
}

impl Hosts {
    /// The hosts of a region.
    pub fn of(region: Region) -> Self {
        let domain = match region {
            Region::Global | Region::Australia => "kucoin.com",
            Region::Europe => "kucoin.eu",
        };
        let rest = |name| Address::rest(&format!("https://{name}.{domain}"));
        Self {
            spot_rest: rest("api").expect("the host is well formed"),
            futures_rest: rest("api-futures").expect("the host is well formed"),
            pro_ws: Address::web_socket(&format!("wss://wsapi-push.{domain}"))
                .expect("the host is well formed"),
            site_type: (region == Region::Australia).then_some("australia"),
            trusted_suffixes: vec![".kucoin.com".to_owned(), ".kucoin.eu".to_owned()],
        }
    }

    /// Sets one REST host for spot, margin and futures, as the local exchange is.
    ///
    /// # Errors
    ///
    /// [`HostsError`] where it is no plain `https` URL, or `http` to this machine.
    pub fn with_rest(self, url: &str) -> Result<Self, HostsError> {
        self.with_spot_rest(url)?.with_futures_rest(url)
    }

    /// Sets the REST host of spot and margin, which also gives Pro V2 tokens. Default: that of the region.
    ///
    /// # Errors
    ///
    /// [`HostsError`] where it is no plain `https` URL, or `http` to this machine.
    pub fn with_spot_rest(mut self, url: &str) -> Result<Self, HostsError> {
        self.spot_rest = named("the spot REST host", Address::rest(url))?;
        Ok(self)
    }

    /// Sets the REST host of futures. Default: that of the region.
    ///
    /// # Errors
    ///
    /// [`HostsError`] where it is no plain `https` URL, or `http` to this machine.
    pub fn with_futures_rest(mut self, url: &str) -> Result<Self, HostsError> {
        self.futures_rest = named("the futures REST host", Address::rest(url))?;
        Ok(self)
    }

    /// Sets the WebSocket host of Pro V2. Default: that of the region.
    ///
    /// # Errors
    ///
    /// [`HostsError`] where it is no plain `wss` URL, or `ws` to this machine.
    pub fn with_pro_ws(mut self, url: &str) -> Result<Self, HostsError> {
        self.pro_ws = named("the Pro V2 WebSocket host", Address::web_socket(url))?;
        Ok(self)
    }

    /// Trusts the hosts below a domain with V1 tokens as well, such as `.gateway.example`; the domain itself is
    /// not meant. Needed for a gateway that answers with a server of its own.
    ///
    /// # Errors
    ///
    /// [`HostsError`] where it does not start with a dot or is not made of host name characters.
    pub fn with_trusted_suffix(mut self, suffix: &str) -> Result<Self, HostsError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        let domain = suffix.strip_prefix('.').filter(|domain| {
            !domain.is_empty() && !domain.starts_with('.') && domain.bytes().all(is_name)
        });
        if domain.is_none() {
            return named("the trusted suffix", Err(AddressProblem::Malformed));
        }
        self.trusted_suffixes.push(suffix.to_ascii_lowercase());
        Ok(self)
    }

    pub(super) fn spot_rest(&self) -> &Address {
        &self.spot_rest
    }

    pub(super) fn futures_rest(&self) -> &Address {
        &self.futures_rest
    }

    pub(super) fn pro_ws(&self) -> &Address {
        &self.pro_ws
    }

    pub(super) fn site_type(&self) -> Option<&'static str> {
        self.site_type
    }

    /// Whether a server that a token reply names may be told the token.
    pub(super) fn trusts(&self, server: &Address, asked: &Address) -> bool {
        if server.is_loopback() {
            return asked.is_loopback();
        }
        server.scheme() == Scheme::Wss
            && self
                .trusted_suffixes
                .iter()
                .any(|suffix| server.host().ends_with(suffix))
    }

    /// Whether any REST call goes over TLS.
    pub(super) fn rest_needs_tls(&self) -> bool {
        [&self.spot_rest, &self.futures_rest]
            .iter()
            .any(|address| address.scheme() == Scheme::Https)
    }
}

fn named<T>(what: &'static str, checked: Result<T, AddressProblem>) -> Result<T, HostsError> {
    checked.map_err(|problem| HostsError { what, problem })
}

/// A host that is refused, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct HostsError {
    what: &'static str,
    problem: AddressProblem,
}

impl HostsError {
    /// Why it is refused.
    pub fn problem(&self) -> AddressProblem {
        self.problem
    }
}

impl Region {
    /// Every region, in the order in which they are documented.
    pub const ALL: [Region; 3] = [Region::Global, Region::Europe, Region::Australia];

    /// The region as users write it: `global`, `eu` or `au`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Region::Global => "global",
            Region::Europe => "eu",
            Region::Australia => "au",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown region; expected one of global, eu, au")]
pub struct ParseRegionError(());

impl FromStr for Region {
    type Err = ParseRegionError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        Region::ALL
            .into_iter()
            .find(|region| region.as_str().eq_ignore_ascii_case(given))
            .ok_or(ParseRegionError(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(hosts: &Hosts, server: &str, asked: &str) -> bool {
        hosts.trusts(
            &Address::web_socket(server).unwrap(),
            &Address::rest(asked).unwrap(),
        )
    }

    #[test]
    fn each_region_has_its_hosts() {
        let global = Hosts::of(Region::Global);
        assert_eq!(global.spot_rest().join(""), "https://api.kucoin.com");
        assert_eq!(
            global.futures_rest().join(""),
            "https://api-futures.kucoin.com"
        );
        assert_eq!(global.pro_ws().join(""), "wss://wsapi-push.kucoin.com");
        assert_eq!(global.site_type(), None);
        assert_eq!(
            Hosts::of(Region::Europe).spot_rest().join(""),
            "https://api.kucoin.eu"
        );
        assert_eq!(Hosts::of(Region::Australia).site_type(), Some("australia"));
        assert_eq!(Hosts::of(Region::Australia).spot_rest(), global.spot_rest());
    }

    #[test]
    fn every_region_parses_from_its_own_name() {
        for region in Region::ALL {
            assert_eq!(region.to_string().parse::<Region>().unwrap(), region);
        }
        assert!("mars".parse::<Region>().is_err());
    }

    #[test]
    fn a_token_goes_to_the_exchange_only() {
        let hosts = Hosts::default();
        let rest = "https://api.kucoin.com";
        assert!(trusts(&hosts, "wss://ws-api-spot.kucoin.com/", rest));
        assert!(trusts(&hosts, "wss://push.kucoin.eu/endpoint", rest));
        for server in [
            "wss://evil.com",
            "wss://kucoin.com.evil.com",
            "wss://evilkucoin.com",
            "wss://kucoin.com",
            "wss://ws.kucoin.com.",
        ] {
            assert!(!trusts(&hosts, server, rest), "{server}");
        }
    }

    #[test]
    fn a_server_on_this_machine_is_trusted_by_a_rest_host_on_this_machine_only() {
        let hosts = Hosts::default();
        assert!(trusts(
            &hosts,
            "ws://127.0.0.1:9000/",
            "http://127.0.0.1:8000"
        ));
        assert!(trusts(&hosts, "ws://localhost:9000/", "http://[::1]:8000"));
        assert!(!trusts(
            &hosts,
            "ws://127.0.0.1:9000/",
            "https://api.kucoin.com"
        ));
        assert!(!trusts(
            &hosts,
            "wss://127.0.0.1:9000/",
            "https://api.kucoin.com"
        ));
    }

    #[test]
    fn a_suffix_can_be_added() {
        let hosts = Hosts::default()
            .with_trusted_suffix(".Gateway.Example")
            .unwrap();
        assert!(trusts(
            &hosts,
            "wss://ws.gateway.example/",
            "https://rest.gateway.example"
        ));
        assert!(!trusts(
            &hosts,
            "wss://othergateway.example/",
            "https://rest.gateway.example"
        ));
        for suffix in ["", ".", "..com", "com", ".a/b"] {
            assert!(
                Hosts::default().with_trusted_suffix(suffix).is_err(),
                "{suffix:?}"
            );
        }
    }

    #[test]
    fn a_refused_host_is_named_with_the_reason() {
        let error = Hosts::default()
            .with_futures_rest("http://api-futures.kucoin.com")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the futures REST host is plaintext to another machine; use https or wss"
        );
        assert_eq!(error.problem(), AddressProblem::Plaintext);
        assert!(
            Hosts::default()
                .with_pro_ws("https://wsapi-push.kucoin.com")
                .is_err()
        );
    }
}
