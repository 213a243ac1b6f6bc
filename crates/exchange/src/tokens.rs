//! Connection tokens, issued over REST and by default valid for 24 h and any number of connections.

use std::collections::HashMap;
use std::time::Duration;

use crate::rng::Rng;
use crate::stats::{ServedMarket, StreamProtocol};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The streams that a token gives access to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// V1 with private and public topics.
    Private,
    /// V1 with public topics only.
    Public,
    /// Pro V2 only.
    Pro,
}

impl Scope {
    fn opens(self, protocol: StreamProtocol) -> bool {
        (self == Self::Pro) == (protocol == StreamProtocol::ProV2)
    }
}

/// The access that a token gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Token number; tokens are counted from 1 as they are issued.
    pub(crate) number: u64,
    pub(crate) scope: Scope,
    pub(crate) market: ServedMarket,
}

struct Issued {
    grant: Grant,
    expires_ms: u64,
    used: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenRefused {
    /// The token is missing or unknown, a used single-use token, or issued for another protocol or market.
    Invalid,
    Expired,
}

impl TokenRefused {
    /// The text of the 401 error frame.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Invalid => "token is invalid",
            Self::Expired => "token is expired",
        }
    }
}

pub(crate) struct TokenStore {
    rng: Rng,
    single_use: bool,
    life: Duration,
    issued: HashMap<String, Issued>,
    count: u64,
}

impl TokenStore {
    pub(crate) fn new(rng: Rng, single_use: bool, life: Duration) -> Self {
        Self {
            rng,
            single_use,
            life,
            issued: HashMap::new(),
            count: 0,
        }
    }

    pub(crate) fn issue(&mut self, scope: Scope, market: ServedMarket, now_ms: u64) -> String {
        self.issued
            .retain(|_, issued| issued.expires_ms.saturating_add(3_600_000) > now_ms);
        self.count += 1;
        let life_ms = u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX);
        // Like real tokens it has `+` and `/`, which clients must encode in a query.
        let token = format!(
            "2neAiuYvAU{}+{}/{}.{}==",
            self.rng.text(ALPHABET, 60),
            self.rng.text(ALPHABET, 60),
            self.rng.text(ALPHABET, 50),
            self.rng.text(ALPHANUMERIC, 22),
        );
        let issued = Issued {
            grant: Grant {
                number: self.count,
                scope,
                market,
            },
            expires_ms: now_ms.saturating_add(life_ms),
            used: false,
        };
        self.issued.insert(token.clone(), issued);
        token
    }

    /// Returns `true` for a Pro V2 token.
    ///
    /// At the path `/`, only the token distinguishes the protocols.
    pub(crate) fn is_pro(&self, token: &str) -> bool {
        let issued = self.issued.get(token);
        issued.is_some_and(|issued| issued.grant.scope == Scope::Pro)
    }

    /// Checks the token of a new connection for this protocol on a port of this market.
    pub(crate) fn redeem(
        &mut self,
        token: Option<&str>,
        (protocol, market): (StreamProtocol, ServedMarket),
        now_ms: u64,
    ) -> Result<Grant, TokenRefused> {
        let issued = token.and_then(|token| self.issued.get_mut(token));
        let issued = issued.ok_or(TokenRefused::Invalid)?;
        let grant = issued.grant;
        let market = match grant.scope {
            Scope::Pro => Some(ServedMarket::Both),
            Scope::Private | Scope::Public => grant.market.and(market),
        };
        let market = market.filter(|_| grant.scope.opens(protocol));
        let market = market.ok_or(TokenRefused::Invalid)?;
        if issued.expires_ms <= now_ms {
            return Err(TokenRefused::Expired);
        }
        if self.single_use && issued.used {
            return Err(TokenRefused::Invalid);
        }
        issued.used = true;
        Ok(Grant { market, ..grant })
    }

    /// Makes every token valid for one connection only, including tokens issued before.
    pub(crate) fn require_single_use(&mut self) {
        self.single_use = true;
    }

    /// Sets the age at which new tokens expire.
    pub(crate) fn limit_life(&mut self, life: Duration) {
        self.life = life;
    }

    pub(crate) fn expire_all(&mut self, now_ms: u64) {
        self.issued
            .values_mut()
            .for_each(|issued| issued.expires_ms = now_ms);
    }
}
