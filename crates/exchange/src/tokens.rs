//! Connection tokens: issued over REST, good for one socket, for a day by default.

use std::collections::HashMap;
use std::time::Duration;

use crate::rng::Rng;
use crate::stats::Protocol;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Whose data a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The account's, and public data.
    Private,
    /// Public data only.
    Public,
    /// The account's on the Pro V2 socket, and nothing on the others.
    Pro,
}

impl Scope {
    fn opens(self, protocol: Protocol) -> bool {
        (self == Self::Pro) == (protocol == Protocol::ProV2)
    }
}

/// What a token was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The token's number, from 1, in the order of issue.
    pub(crate) number: u64,
    pub(crate) scope: Scope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenRefused {
    /// Missing, never issued, issued for another socket, or used before.
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
    reusable: bool,
    life: Duration,
    issued: HashMap<String, (Grant, u64)>,
    count: u64,
}

impl TokenStore {
    /// `life` is the age at which a token expires.
    pub(crate) fn new(rng: Rng, reusable: bool, life: Duration) -> Self {
        Self {
            rng,
            reusable,
            life,
            issued: HashMap::new(),
            count: 0,
        }
    }

    pub(crate) fn issue(&mut self, scope: Scope, now_ms: u64) -> String {
        self.issued
            .retain(|_, (_, expires_ms)| *expires_ms + 3_600_000 > now_ms);
        self.count += 1;
        let life_ms = u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX);
        // Shaped as the real ones, with the two characters in it that change meaning in a query.
        let token = format!(
            "2neAiuYvAU{}+{}/{}.{}==",
            self.rng.text(ALPHABET, 60),
            self.rng.text(ALPHABET, 60),
            self.rng.text(ALPHABET, 50),
            self.rng.text(ALPHANUMERIC, 22),
        );
        let grant = Grant {
            number: self.count,
            scope,
        };
        self.issued
            .insert(token.clone(), (grant, now_ms.saturating_add(life_ms)));
        token
    }

    pub(crate) fn redeem(
        &mut self,
        token: Option<&str>,
        protocol: Protocol,
        now_ms: u64,
    ) -> Result<Grant, TokenRefused> {
        let token = token.ok_or(TokenRefused::Invalid)?;
        let (grant, expires_ms) = *self.issued.get(token).ok_or(TokenRefused::Invalid)?;
        if !grant.scope.opens(protocol) {
            return Err(TokenRefused::Invalid);
        }
        if expires_ms <= now_ms {
            return Err(TokenRefused::Expired);
        }
        if !self.reusable {
            self.issued.remove(token);
        }
        Ok(grant)
    }

    /// The age at which tokens expire that are issued from now on.
    pub(crate) fn limit_life(&mut self, life: Duration) {
        self.life = life;
    }

    pub(crate) fn expire_all(&mut self, now_ms: u64) {
        self.issued
            .values_mut()
            .for_each(|(_, expires_ms)| *expires_ms = now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(reusable: bool) -> TokenStore {
        TokenStore::new(Rng::new(3), reusable, crate::limits::DAY)
    }

    #[test]
    fn a_token_opens_one_connection() {
        let mut store = store(false);
        let token = store.issue(Scope::Private, 0);
        assert_eq!(
            store.redeem(Some(&token), Protocol::V1, 1),
            Ok(Grant {
                number: 1,
                scope: Scope::Private
            })
        );
        assert_eq!(
            store.redeem(Some(&token), Protocol::V1, 1),
            Err(TokenRefused::Invalid)
        );
        assert_eq!(
            store.redeem(None, Protocol::V1, 1),
            Err(TokenRefused::Invalid)
        );
    }

    #[test]
    fn a_token_of_one_socket_does_not_open_the_other_and_is_not_spent_on_it() {
        let mut store = store(false);
        let doors = [
            (Scope::Private, Protocol::ProV2),
            (Scope::Pro, Protocol::V1),
        ];
        for (scope, wrong) in doors {
            let token = store.issue(scope, 0);
            let refused = store.redeem(Some(&token), wrong, 1);
            assert_eq!(refused, Err(TokenRefused::Invalid));
            let right = match wrong {
                Protocol::V1 => Protocol::ProV2,
                Protocol::ProV2 => Protocol::V1,
            };
            assert!(store.redeem(Some(&token), right, 1).is_ok());
        }
    }

    #[test]
    fn a_reusable_token_opens_many() {
        let mut store = store(true);
        let token = store.issue(Scope::Public, 0);
        assert!((0..3).all(|_| store.redeem(Some(&token), Protocol::V1, 1).is_ok()));
    }

    #[test]
    fn tokens_expire_after_a_day_or_when_told() {
        let mut store = store(false);
        let (old, new) = (
            store.issue(Scope::Private, 0),
            store.issue(Scope::Private, 60_000),
        );
        assert_eq!(
            store.redeem(Some(&old), Protocol::V1, 86_400_000),
            Err(TokenRefused::Expired)
        );
        store.expire_all(86_400_000);
        assert_eq!(
            store.redeem(Some(&new), Protocol::V1, 86_400_000),
            Err(TokenRefused::Expired)
        );
    }

    #[test]
    fn tokens_look_like_the_real_ones_and_differ() {
        let mut store = store(false);
        let (first, second) = (
            store.issue(Scope::Private, 0),
            store.issue(Scope::Private, 0),
        );
        assert_ne!(first, second);
        assert!(
            first.ends_with("==")
                && ['+', '/', '.']
                    .iter()
                    .all(|special| first.contains(*special))
        );
    }
}
