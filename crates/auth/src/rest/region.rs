//! KuCoin's regions and their hosts.

use std::fmt;
use std::str::FromStr;

use super::address::Address;
use super::hosts::HostRole;

/// A region of KuCoin, with its own hosts or its own site header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// The global site, kucoin.com.
    #[default]
    Global,
    /// The European site, kucoin.eu.
    ///
    /// KuCoin documents only the spot REST host of this site. The futures and Pro V2 hosts are derived from that host
    /// and are not verified.
    Europe,
    /// The Australian site: kucoin.com with the header `X-SITE-TYPE: australia` on every REST call.
    Australia,
}

impl Region {
    pub(super) fn host(self, role: HostRole) -> Address {
        let domain = match self {
            Region::Global | Region::Australia => "kucoin.com",
            Region::Europe => "kucoin.eu",
        };
        let address = match role {
            HostRole::SpotRest => Address::rest(&format!("https://api.{domain}")),
            HostRole::FuturesRest => Address::rest(&format!("https://api-futures.{domain}")),
            HostRole::ProWs => Address::web_socket(&format!("wss://wsapi-push.{domain}")),
        };
        address.expect("the host is well formed")
    }

    /// All regions, in the order of the variants.
    pub const ALL: [Region; 3] = [Region::Global, Region::Europe, Region::Australia];

    /// Returns the short name of the region: `global`, `eu` or `au`.
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

/// The error for a text that is not the name of a region.
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

    #[test]
    fn region_parses_from_its_name() {
        for region in Region::ALL {
            assert_eq!(region.to_string().parse::<Region>().unwrap(), region);
        }
        assert!("mars".parse::<Region>().is_err());
    }
}
