//! The hosts of the exchange: defaults by region, consistency checks, and who may receive a token.

use std::borrow::Cow;
use std::fmt;

use kucoin_streams_core::WsKey;

use super::address::{Address, Scheme};
use super::{AddressProblem, Region, TokenError};

/// The domains of KuCoin's hosts and WebSocket servers.
const KUCOIN_SUFFIXES: [&str; 2] = [".kucoin.com", ".kucoin.eu"];

/// The hosts of the exchange, and which WebSocket hosts may receive a token.
///
/// There are three hosts: spot and margin REST, futures REST, and the Pro V2 WebSocket. For a host that you do not set,
/// KuCoin's host of the region is used. REST hosts use `https`, the Pro V2 host `wss`; `http` and `ws` are accepted for
/// loopback IP literals and `localhost` only.
///
/// These rules keep tokens and signed requests from going to a wrong host:
/// - If you set a host that is not one of the region's three, such as a gateway, a sandbox or a host of another region,
///   the region's other hosts are no longer used by default. A connection that needs a host that is not set fails with
///   [`TokenError::HostNotSet`], which names the host to set.
/// - If the spot REST host is an `http` URL of this machine, the default for futures REST is the same host, and for Pro
///   V2 the same host and port with the path `/pro`, as the local exchange serves them: see [`Hosts::local`].
/// - A Pro V2 connection never uses one host on this machine and one on another ([`TokenError::HostsMixed`]).
/// - A V1 token reply names the server to dial. It must use `wss`, and its host must end in a trusted suffix:
///   `.kucoin.com` and `.kucoin.eu`, unless the REST host is on this machine, and those that you add with
///   [`Hosts::with_trusted_suffix`].
/// - A server on this machine, with `ws` or `wss`, receives a token only if the REST host is on this machine too.
#[derive(Clone, Debug)]
pub struct Hosts {
    region: Region,
    spot_rest: Option<Address>,
    futures_rest: Option<Address>,
    pro_ws: Option<Address>,
    trusted_suffixes: Vec<String>,
}

/// One of the three hosts of the exchange: spot REST, futures REST or the Pro V2 WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostRole {
    /// The spot and margin REST host, which also issues Pro V2 tokens: [`Hosts::with_spot_rest`].
    SpotRest,
    /// The futures REST host: [`Hosts::with_futures_rest`].
    FuturesRest,
    /// The Pro V2 WebSocket host: [`Hosts::with_pro_ws`].
    ProWs,
}

impl HostRole {
    const ALL: [Self; 3] = [Self::SpotRest, Self::FuturesRest, Self::ProWs];

    const fn as_str(self) -> &'static str {
        match self {
            Self::SpotRest => "the spot REST host",
            Self::FuturesRest => "the futures REST host",
            Self::ProWs => "the Pro V2 WebSocket host",
        }
    }
}

impl fmt::Display for HostRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Default for Hosts {
    fn default() -> Self {
        Self::of(Region::default())
    }
}

impl Hosts {
    /// Returns KuCoin's hosts for a region.
    pub fn of(region: Region) -> Self {
        Self {
            region,
            spot_rest: None,
            futures_rest: None,
            pro_ws: None,
            trusted_suffixes: Vec::new(),
        }
    }

    /// Returns the hosts of a local exchange, such as `http://127.0.0.1:4000` or `https://localhost:4000`.
    ///
    /// Spot and futures REST are at that URL, Pro V2 is at the same host and port with the path `/pro`. The local
    /// exchange of this project serves all three this way.
    ///
    /// # Errors
    ///
    /// Returns a [`HostsError`] unless `url` is a plain `http` or `https` URL with a loopback IP literal or `localhost`.
    pub fn local(url: &str) -> Result<Self, HostsError> {
        let mut hosts = Self::default().with_rest(url)?;
        match hosts.spot_rest.as_ref() {
            Some(address) if address.is_loopback() => {
                // With `http`, it is the default already.
                if address.scheme() == Scheme::Https {
                    hosts.pro_ws = Some(address.local_pro());
                }
                Ok(hosts)
            }
            _ => named("the local exchange", Err(AddressProblem::NotLocal)),
        }
    }

    /// Sets one REST host for spot, margin and futures.
    ///
    /// # Errors
    ///
    /// Returns a [`HostsError`] unless `url` is a plain `https` URL, or an `http` URL of this machine.
    pub fn with_rest(self, url: &str) -> Result<Self, HostsError> {
        self.with_spot_rest(url)?.with_futures_rest(url)
    }

    /// Sets the spot and margin REST host, which also issues Pro V2 tokens.
    ///
    /// Default: the host of the region. An `http` URL of this machine also sets the default of the other two hosts: see
    /// [`Hosts`].
    ///
    /// # Errors
    ///
    /// Returns a [`HostsError`] unless `url` is a plain `https` URL, or an `http` URL of this machine.
    pub fn with_spot_rest(mut self, url: &str) -> Result<Self, HostsError> {
        self.spot_rest = Some(named(HostRole::SpotRest.as_str(), Address::rest(url))?);
        Ok(self)
    }

    /// Sets the futures REST host. Default: the host of the region.
    ///
    /// # Errors
    ///
    /// Returns a [`HostsError`] unless `url` is a plain `https` URL, or an `http` URL of this machine.
    pub fn with_futures_rest(mut self, url: &str) -> Result<Self, HostsError> {
        self.futures_rest = Some(named(HostRole::FuturesRest.as_str(), Address::rest(url))?);
        Ok(self)
    }

    /// Sets the Pro V2 WebSocket host. Default: the host of the region.
    ///
    /// # Errors
    ///
    /// Returns a [`HostsError`] unless `url` is a plain `wss` URL, or a `ws` URL of this machine.
    pub fn with_pro_ws(mut self, url: &str) -> Result<Self, HostsError> {
        self.pro_ws = Some(named(HostRole::ProWs.as_str(), Address::web_socket(url))?);
        Ok(self)
    }

    /// Trusts the subdomains of a domain, such as `.gateway.example`, with V1 tokens.
    ///
    /// The domain itself is not trusted. A gateway needs this call if its token reply names its own WebSocket server.
    ///
    /// # Errors
    ///
    /// Returns a [`HostsError`] if the suffix does not start with a dot or contains characters that a host name cannot
    /// have.
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

    /// Checks whether a connection can use these hosts, without sending a request.
    ///
    /// Each dial makes the same check.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::HostNotSet`] or [`TokenError::HostsMixed`], or [`TokenError::UnknownConnection`] if this
    /// version cannot fetch tokens for the connection.
    pub fn check(&self, ws_key: WsKey) -> Result<(), TokenError> {
        match ws_key {
            WsKey::SpotPrivateV1 => self.spot_rest().map(drop),
            WsKey::FuturesPrivateV1 => self.futures_rest().map(drop),
            WsKey::PrivateProV2 => self.pro().map(drop),
            other => Err(TokenError::UnknownConnection(other)),
        }
    }

    /// Returns the REST host for spot tokens.
    pub(super) fn spot_rest(&self) -> Result<Cow<'_, Address>, TokenError> {
        self.checked(HostRole::SpotRest)
    }

    /// Returns the REST host for futures tokens.
    pub(super) fn futures_rest(&self) -> Result<Cow<'_, Address>, TokenError> {
        self.checked(HostRole::FuturesRest)
    }

    /// Returns a REST host.
    pub(super) fn rest(&self, role: HostRole) -> Result<Cow<'_, Address>, TokenError> {
        match role {
            HostRole::SpotRest | HostRole::FuturesRest => self.checked(role),
            HostRole::ProWs => Err(TokenError::NotRest(role)),
        }
    }

    /// Returns the REST host and the WebSocket host of a Pro V2 connection.
    pub(super) fn pro(&self) -> Result<(Cow<'_, Address>, Cow<'_, Address>), TokenError> {
        let rest = self.checked(HostRole::SpotRest)?;
        let web_socket = self.checked(HostRole::ProWs)?;
        if rest.is_loopback() == web_socket.is_loopback() {
            return Ok((rest, web_socket));
        }
        Err(TokenError::HostsMixed {
            rest: rest.host_and_port(),
            web_socket: web_socket.host_and_port(),
        })
    }

    pub(super) fn site_type(&self) -> Option<&'static str> {
        (self.region == Region::Australia).then_some("australia")
    }

    /// Returns `true` if `server` may receive the token. `rest` is the host whose reply names the server.
    pub(super) fn trusts(&self, server: &Address, rest: &Address) -> bool {
        if server.is_loopback() {
            return rest.is_loopback();
        }
        let is_added = |suffix: &String| server.host().ends_with(suffix);
        // A token from this machine, such as one of the local exchange, must not go to KuCoin.
        let is_trusted = (is_kucoin(server) && !rest.is_loopback())
            || self.trusted_suffixes.iter().any(is_added);
        server.scheme() == Scheme::Wss && is_trusted
    }

    /// Returns the three hosts in use.
    pub(super) fn all(&self) -> impl Iterator<Item = Cow<'_, Address>> {
        HostRole::ALL.into_iter().map(|role| self.effective(role))
    }

    /// Returns `true` if any REST host uses TLS.
    pub(super) fn rest_needs_tls(&self) -> bool {
        self.all().any(|address| address.scheme() == Scheme::Https)
    }

    /// Returns the host in use, checked.
    ///
    /// It is an error if this host is the region's default, but another host is set outside the region.
    fn checked(&self, role: HostRole) -> Result<Cow<'_, Address>, TokenError> {
        let address = self.effective(role);
        if !matches!(address, Cow::Owned(_)) || self.local_exchange().is_some() {
            return Ok(address);
        }
        // The domain does not decide: a sandbox and other regions are subdomains of KuCoin's domains too.
        let defaults = HostRole::ALL.map(|role| self.region.host(role));
        let foreign = HostRole::ALL.into_iter().find_map(|other| {
            let configured = self.configured(other)?;
            let is_default = defaults.iter().any(|it| it.host() == configured.host());
            (!is_default).then(|| (other, configured.host_and_port()))
        });
        match foreign {
            None => Ok(address),
            Some((other, other_host)) => Err(TokenError::HostNotSet {
                missing: role,
                host: address.host_and_port(),
                other,
                other_host,
            }),
        }
    }

    /// Returns the host that was set, else the local exchange, else the region's host.
    fn effective(&self, role: HostRole) -> Cow<'_, Address> {
        match (self.configured(role), self.local_exchange()) {
            (Some(address), _) => Cow::Borrowed(address),
            (None, Some(local)) => Cow::Owned(match role {
                HostRole::SpotRest | HostRole::FuturesRest => local.clone(),
                HostRole::ProWs => local.local_pro(),
            }),
            (None, None) => Cow::Owned(self.region.host(role)),
        }
    }

    fn configured(&self, role: HostRole) -> Option<&Address> {
        match role {
            HostRole::SpotRest => self.spot_rest.as_ref(),
            HostRole::FuturesRest => self.futures_rest.as_ref(),
            HostRole::ProWs => self.pro_ws.as_ref(),
        }
    }

    /// Returns the spot REST host if it is a local exchange, which serves everything on one port.
    fn local_exchange(&self) -> Option<&Address> {
        self.spot_rest
            .as_ref()
            .filter(|address| address.scheme() == Scheme::Http)
    }
}

fn is_kucoin(address: &Address) -> bool {
    KUCOIN_SUFFIXES
        .iter()
        .any(|suffix| address.host().ends_with(suffix))
}

fn named<T>(what: &'static str, checked: Result<T, AddressProblem>) -> Result<T, HostsError> {
    checked.map_err(|problem| HostsError { what, problem })
}

/// Error of a refused host, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct HostsError {
    what: &'static str,
    problem: AddressProblem,
}

impl HostsError {
    /// Returns the reason for refusing the host.
    pub fn problem(&self) -> AddressProblem {
        self.problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(hosts: &Hosts, server: &str, rest: &str) -> bool {
        hosts.trusts(
            &Address::web_socket(server).unwrap(),
            &Address::rest(rest).unwrap(),
        )
    }

    /// Returns the hosts that spot, futures and Pro V2 use, or the error of each.
    fn used(hosts: &Hosts) -> [Result<String, String>; 3] {
        let url = |address: &Address| address.join("");
        let text = |error: TokenError| error.to_string();
        [
            hosts.spot_rest().map(|it| url(&it)).map_err(text),
            hosts.futures_rest().map(|it| url(&it)).map_err(text),
            hosts.pro().map(|(_, it)| url(&it)).map_err(text),
        ]
    }

    #[test]
    fn each_region_has_its_hosts() {
        let global = Hosts::of(Region::Global);
        let kucoin = [
            "https://api.kucoin.com",
            "https://api-futures.kucoin.com",
            "wss://wsapi-push.kucoin.com",
        ];
        assert_eq!(used(&global), kucoin.map(|url| Ok(url.to_owned())));
        assert_eq!(global.site_type(), None);
        let europe = kucoin.map(|url| Ok(url.replace(".com", ".eu")));
        assert_eq!(used(&Hosts::of(Region::Europe)), europe);
        let australia = Hosts::of(Region::Australia);
        assert_eq!(australia.site_type(), Some("australia"));
        assert_eq!(used(&australia), used(&global));
    }

    #[test]
    fn only_kucoin_servers_are_trusted() {
        let hosts = Hosts::default();
        let rest = "https://api.kucoin.com";
        assert!(trusts(&hosts, "wss://ws-api-spot.kucoin.com/", rest));
        assert!(trusts(&hosts, "wss://push.kucoin.eu/endpoint", rest));
        assert!(!trusts(
            &hosts,
            "wss://ws-api-spot.kucoin.com/",
            "http://127.0.0.1:8000"
        ));
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
    fn local_server_is_trusted_for_local_rest_host_only() {
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
    fn trusted_suffix_can_be_added() {
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
    fn refused_host_is_named_with_the_reason() {
        let error = Hosts::default()
            .with_futures_rest("http://api-futures.kucoin.com")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the futures REST host is not encrypted and on another machine; use https or wss"
        );
        assert_eq!(error.problem(), AddressProblem::Plaintext);
        assert!(
            Hosts::default()
                .with_pro_ws("https://wsapi-push.kucoin.com")
                .is_err()
        );
    }

    #[test]
    fn local_exchange_is_default_for_all_hosts() {
        let check = |hosts: Hosts, expected: [&str; 3]| {
            assert_eq!(used(&hosts), expected.map(|url| Ok(url.to_owned())));
        };
        let local = "http://127.0.0.1:4000";
        let pro = "ws://127.0.0.1:4000/pro";
        check(Hosts::local(local).unwrap(), [local, local, pro]);
        check(
            Hosts::local("http://127.0.0.1:4000/").unwrap(),
            [local, local, pro],
        );
        check(
            Hosts::default().with_spot_rest(local).unwrap(),
            [local, local, pro],
        );
        let capitals = "HTTP://127.0.0.1:4000";
        check(Hosts::local(capitals).unwrap(), [capitals, capitals, pro]);
        let (other, own) = ("http://localhost:5000", "ws://[::1]:6000/own");
        let hosts = Hosts::local(local).unwrap();
        check(
            hosts.clone().with_futures_rest(other).unwrap(),
            [local, other, pro],
        );
        check(hosts.with_pro_ws(own).unwrap(), [local, local, own]);
        let tls = "https://localhost:4000";
        check(
            Hosts::local(tls).unwrap(),
            [tls, tls, "wss://localhost:4000/pro"],
        );
    }

    #[test]
    fn local_exchange_with_tls_keeps_tokens_on_this_machine() {
        let rest = "https://localhost:4000";
        let hosts = Hosts::local(rest).unwrap();
        assert!(trusts(&hosts, "wss://localhost:4000/endpoint", rest));
        for server in ["wss://ws-api-spot.kucoin.com", "wss://evil.com"] {
            assert!(!trusts(&hosts, server, rest), "{server}");
        }
        let remote = hosts.clone().with_spot_rest("https://api.kucoin.com");
        let mixed = remote.unwrap().pro().unwrap_err();
        assert!(matches!(mixed, TokenError::HostsMixed { .. }), "{mixed:?}");
        // Only `Hosts::local` sets the other hosts: an `https` URL of this machine may be a gateway.
        let gateway = Hosts::default().with_spot_rest(rest).unwrap();
        assert!(gateway.pro().is_err() && gateway.futures_rest().is_err());
    }

    #[test]
    fn local_exchange_must_be_on_this_machine() {
        for url in [
            "https://10.0.0.1:4000",
            "https://localhost.evil.com:4000",
            "https://api.kucoin.com",
            "http://10.0.0.1:4000",
            "ws://127.0.0.1:4000",
            "127.0.0.1:4000",
        ] {
            assert!(Hosts::local(url).is_err(), "{url}");
        }
    }

    #[test]
    fn missing_host_is_named_with_its_setter() {
        let hosts = Hosts::default()
            .with_rest("https://rest.gateway.example")
            .unwrap();
        let error = hosts.pro().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the Pro V2 WebSocket host is not set: KuCoin's wsapi-push.kucoin.com is not used while the spot REST host \
             is rest.gateway.example"
        );
        assert_eq!(error.remedy(), Some("set it with `Hosts::with_pro_ws`"));
        let check = |ws_key| hosts.check(ws_key).map_err(|error| error.to_string());
        assert_eq!(check(WsKey::PrivateProV2), Err(error.to_string()));
        assert_eq!(check(WsKey::FuturesPrivateV1), Ok(()));
        assert!(!error.is_retryable());
    }

    #[test]
    fn default_host_is_used_only_with_hosts_of_its_region() {
        let urls = |region: Region| HostRole::ALL.map(|role| region.host(role).join(""));
        let with = |hosts: Hosts, role, host: &str| match role {
            HostRole::SpotRest => hosts.with_spot_rest(&format!("https://{host}")).unwrap(),
            HostRole::FuturesRest => hosts.with_futures_rest(&format!("https://{host}")).unwrap(),
            HostRole::ProWs => hosts.with_pro_ws(&format!("wss://{host}")).unwrap(),
        };
        for region in Region::ALL {
            let own = HostRole::ALL.map(|role| region.host(role).host().to_owned());
            let mut all: Vec<String> = Region::ALL.into_iter().flat_map(urls).collect();
            all.iter_mut()
                .for_each(|url| *url = url.split_once("//").unwrap().1.to_owned());
            all.extend(
                [
                    "openapi-sandbox.kucoin.com",
                    "api.kucoin.com.",
                    "x.kucoin.eu",
                    "gateway.example",
                ]
                .map(str::to_owned),
            );
            for (set, host) in HostRole::ALL
                .into_iter()
                .flat_map(|role| all.iter().map(move |host| (role, host)))
            {
                let hosts = with(Hosts::of(region), set, host);
                for (role, own_host) in HostRole::ALL.into_iter().zip(&own) {
                    let used = hosts
                        .checked(role)
                        .map(|address| address.host().to_owned())
                        .ok();
                    let expected = match (role as u8 == set as u8, own.contains(host)) {
                        (true, _) => Some(host),
                        (false, true) => Some(own_host),
                        (false, false) => None,
                    };
                    assert_eq!(
                        used.as_ref(),
                        expected,
                        "{region}: {} is {host}",
                        set.as_str()
                    );
                }
            }
        }
    }

    #[test]
    fn pro_refuses_local_host_with_remote_host() {
        let local = Hosts::local("http://127.0.0.1:4000").unwrap();
        let mixed = local.with_pro_ws("wss://wsapi-push.kucoin.com").unwrap();
        let error = mixed.pro().unwrap_err();
        assert!(matches!(error, TokenError::HostsMixed { .. }), "{error:?}");
        assert!(!error.is_retryable());
        let text = error.to_string();
        assert!(text.contains("127.0.0.1") && text.contains("wsapi-push.kucoin.com"));
    }
}
