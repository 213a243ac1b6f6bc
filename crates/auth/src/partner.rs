//! A KuCoin broker partner. Its headers attribute requests to the partner.

use std::fmt;

use zeroize::Zeroizing;

use crate::CredentialsError;
use crate::credential_checks::{header_problem, text_problem};

/// A broker partner of KuCoin: its name, its key and an optional broker name.
///
/// It adds `KC-API-PARTNER`, `KC-API-PARTNER-SIGN` and `KC-API-PARTNER-VERIFY: true` to each signed request, and
/// `KC-BROKER-NAME` if a broker name is set. The key is zeroed on drop and never printed.
pub struct Partner {
    name: String,
    key: Zeroizing<String>,
    broker_name: Option<String>,
}

impl Partner {
    /// Creates a partner from the name and the key that KuCoin assigned.
    ///
    /// # Errors
    ///
    /// Returns a [`CredentialsError`] if the name or the key is empty, has surrounding white space or invisible
    /// characters, or if the name contains characters other than visible ASCII.
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
    /// Returns a [`CredentialsError`] if the name is empty or contains characters other than visible ASCII.
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
    fn debug_shows_the_names_but_not_the_key() {
        let partner = Partner::new("acme", "canary-key")
            .unwrap()
            .with_broker_name("AcmeBroker")
            .unwrap();
        let printed = format!("{partner:?}");
        assert!(printed.contains("acme") && printed.contains("AcmeBroker"));
        assert!(!printed.contains("canary"), "{printed}");
    }

    #[test]
    fn value_that_cannot_be_a_header_is_refused() {
        let error = Partner::new("ac me", "").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the partner name contains characters other than visible ASCII (copy it again), the partner key is empty"
        );
        let partner = Partner::new("acme", "key").unwrap();
        assert!(partner.with_broker_name("Acme\r\nX: y").is_err());
    }
}
