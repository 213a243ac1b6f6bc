//! A KuCoin broker partner: the optional headers that attribute a request to it.

use std::fmt;

use zeroize::Zeroizing;

use crate::CredentialsError;
use crate::slips::{header_problem, text_problem};

/// A broker partner of KuCoin: its name, its key and its broker name.
///
/// It adds `KC-API-PARTNER`, `KC-API-PARTNER-SIGN` and `KC-API-PARTNER-VERIFY: true` to a signed request, and
/// `KC-BROKER-NAME` where a broker name is set. The key is zeroed when dropped and never printed.
pub struct Partner {
    name: String,
    key: Zeroizing<String>,
    broker_name: Option<String>,
}

impl Partner {
    /// Takes the partner's name and key, as KuCoin gave them.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] where one is empty or begins or ends with white space, or the name holds anything
    /// but visible ASCII.
    pub fn new(name: impl Into<String>, key: impl Into<String>) -> Result<Self, CredentialsError> {
        let (name, key) = (name.into(), Zeroizing::new(key.into()));
        let problems: Vec<_> = [
            ("the partner name", header_problem(&name)),
            ("the partner key", text_problem(&key)),
        ]
        .into_iter()
        .filter_map(|(text, problem)| Some((text, problem?)))
        .collect();
        if !problems.is_empty() {
            return Err(CredentialsError::new(problems));
        }
        Ok(Self {
            name,
            key,
            broker_name: None,
        })
    }

    /// Sets the broker name, the value of the header `KC-BROKER-NAME`. Default: no such header.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] where it is empty or holds anything but visible ASCII.
    pub fn with_broker_name(
        mut self,
        broker_name: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        let broker_name = broker_name.into();
        if let Some(problem) = header_problem(&broker_name) {
            return Err(CredentialsError::new(vec![("the broker name", problem)]));
        }
        self.broker_name = Some(broker_name);
        Ok(self)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn broker_name(&self) -> Option<&str> {
        self.broker_name.as_deref()
    }
}

impl fmt::Debug for Partner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partner")
            .field("name", &self.name)
            .field("broker_name", &self.broker_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_names_and_not_the_key() {
        let partner = Partner::new("acme", "canary-key")
            .unwrap()
            .with_broker_name("AcmeBroker")
            .unwrap();
        let printed = format!("{partner:?}");
        assert!(printed.contains("acme") && printed.contains("AcmeBroker"));
        assert!(!printed.contains("canary"), "{printed}");
    }

    #[test]
    fn what_cannot_be_a_header_is_refused() {
        let error = Partner::new("ac me", "").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the partner name holds something else than visible ASCII (copy it again), the partner key is empty"
        );
        let partner = Partner::new("acme", "key").unwrap();
        assert!(partner.with_broker_name("Acme\r\nX: y").is_err());
    }
}
