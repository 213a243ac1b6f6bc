//! The API key with its secret and passphrase: checked once, zeroed when dropped, never printed.

use std::ffi::OsString;
use std::fmt;

use zeroize::Zeroizing;

use crate::Partner;

/// Environment variable that holds the API key.
pub const ENV_KEY: &str = "KUCOIN_API_KEY";
/// Environment variable that holds the API secret.
pub const ENV_SECRET: &str = "KUCOIN_API_SECRET";
/// Environment variable that holds the passphrase that was chosen with the key.
pub const ENV_PASSPHRASE: &str = "KUCOIN_API_PASSPHRASE";

/// An API key, its secret and its passphrase.
///
/// The `General` (read) permission is all that private streams need; give the key no other, and an IP list.
///
/// All three texts are zeroed when this is dropped. There is no `Clone`, `Display` or `Serialize`, so that no
/// copy is made or written by chance; [`HmacSigner`](crate::HmacSigner) is the handle to pass around, and clones
/// of it share one keyed state.
pub struct Credentials {
    key: Zeroizing<String>,
    secret: Zeroizing<String>,
    passphrase: Zeroizing<String>,
    version: KeyVersion,
    partner: Option<Partner>,
}

/// The version of an API key: the signature is the same, the header `KC-API-KEY-VERSION` differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyVersion {
    /// Keys made before KuCoin's version 3; choose it when the server answers 400009 to version 3.
    V2,
    /// Keys made today.
    #[default]
    V3,
}

impl KeyVersion {
    /// The value of the header `KC-API-KEY-VERSION`.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyVersion::V2 => "2",
            KeyVersion::V3 => "3",
        }
    }
}

impl Credentials {
    /// Takes a key, its secret and its passphrase; the key version is 3 until [`with_key_version`] says otherwise.
    ///
    /// White space at either end is refused and not removed: it is nearly always a slip of copying, and a silent
    /// repair would hide which text is in use.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] names every text that is empty, has white space at an end, or, for the key, holds
    /// anything but visible ASCII.
    ///
    /// [`with_key_version`]: Credentials::with_key_version
    pub fn new(
        key: impl Into<String>,
        secret: impl Into<String>,
        passphrase: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        let names = ["the API key", "the API secret", "the API passphrase"];
        let given = [key.into(), secret.into(), passphrase.into()];
        Self::checked(names, given.map(|text| Ok(Zeroizing::new(text))))
    }

    /// Reads [`ENV_KEY`], [`ENV_SECRET`] and [`ENV_PASSPHRASE`].
    ///
    /// The environment itself keeps its copies for as long as the process lives.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] names every variable that is not set, empty, not Unicode, or refused by
    /// [`Credentials::new`].
    pub fn from_env() -> Result<Self, CredentialsError> {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, CredentialsError> {
        let names = [ENV_KEY, ENV_SECRET, ENV_PASSPHRASE];
        Self::checked(
            names,
            names.map(|name| match lookup(name).map(OsString::into_string) {
                None => Err(CredentialProblem::NotSet),
                Some(Err(_)) => Err(CredentialProblem::NotUnicode),
                Some(Ok(text)) => Ok(Zeroizing::new(text)),
            }),
        )
    }

    fn checked(
        names: [&'static str; 3],
        given: [Result<Zeroizing<String>, CredentialProblem>; 3],
    ) -> Result<Self, CredentialsError> {
        let [key, secret, passphrase] = given;
        let key = key.and_then(|text| refuse(text, header_problem));
        let secret = secret.and_then(|text| refuse(text, text_problem));
        let passphrase = passphrase.and_then(|text| refuse(text, text_problem));
        match (key, secret, passphrase) {
            (Ok(key), Ok(secret), Ok(passphrase)) => Ok(Self {
                key,
                secret,
                passphrase,
                version: KeyVersion::default(),
                partner: None,
            }),
            (key, secret, passphrase) => Err(CredentialsError {
                problems: names
                    .into_iter()
                    .zip([key.err(), secret.err(), passphrase.err()])
                    .filter_map(|(name, problem)| Some((name, problem?)))
                    .collect(),
            }),
        }
    }

    /// Sets the version of the key. Default: [`KeyVersion::V3`].
    #[must_use]
    pub fn with_key_version(mut self, version: KeyVersion) -> Self {
        self.version = version;
        self
    }

    /// Adds the headers of a KuCoin broker partner to every signed request. Default: none.
    #[must_use]
    pub fn with_partner(mut self, partner: Partner) -> Self {
        self.partner = Some(partner);
        self
    }

    /// The API key itself. It is no secret in the sense of the secret, but it is not for logs: print the
    /// credentials by `Debug` to have it masked.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The version of the key.
    pub fn key_version(&self) -> KeyVersion {
        self.version
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    pub(crate) fn passphrase(&self) -> &str {
        &self.passphrase
    }

    pub(crate) fn partner(&self) -> Option<&Partner> {
        self.partner.as_ref()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("key", &Masked(&self.key))
            .field("version", &self.version)
            .field("partner", &self.partner)
            .finish_non_exhaustive()
    }
}

/// An API key as it may be printed: `64f0…abcd`, or nothing of it where that would show most of it.
pub(crate) struct Masked<'a>(pub(crate) &'a str);

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        const SHORTEST: usize = 16;
        match (self.0.get(..SHOWN), self.0.len().checked_sub(SHOWN)) {
            (Some(head), Some(tail)) if self.0.len() >= SHORTEST && self.0.is_ascii() => {
                write!(f, "{head}…{}", &self.0[tail..])
            }
            _ => f.write_str("[redacted]"),
        }
    }
}

fn refuse(
    text: Zeroizing<String>,
    problem: fn(&str) -> Option<CredentialProblem>,
) -> Result<Zeroizing<String>, CredentialProblem> {
    problem(&text).map_or(Ok(text), Err)
}

/// What is wrong with a text of the credentials, if anything.
pub(crate) fn text_problem(text: &str) -> Option<CredentialProblem> {
    if text.is_empty() {
        Some(CredentialProblem::Empty)
    } else if text.trim().len() != text.len() {
        Some(CredentialProblem::SurroundingWhitespace)
    } else {
        None
    }
}

/// What is wrong with a text that travels as the value of a header, if anything.
pub(crate) fn header_problem(text: &str) -> Option<CredentialProblem> {
    text_problem(text).or_else(|| {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (!visible).then_some(CredentialProblem::NotVisibleAscii)
    })
}

/// Credentials that cannot be used, with every reason at once. It holds none of the texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Listed(.problems))]
pub struct CredentialsError {
    problems: Vec<(&'static str, CredentialProblem)>,
}

impl CredentialsError {
    pub(crate) fn new(problems: Vec<(&'static str, CredentialProblem)>) -> Self {
        Self { problems }
    }

    /// What is wrong with which text, in the order key, secret, passphrase. The name is that of the environment
    /// variable where the texts came from there.
    pub fn problems(&self) -> &[(&'static str, CredentialProblem)] {
        &self.problems
    }

    /// True where none of the three variables is set: the user gave no credentials, rather than wrong ones.
    pub fn nothing_is_set(&self) -> bool {
        self.problems.len() == 3
            && self
                .problems
                .iter()
                .all(|(_, problem)| *problem == CredentialProblem::NotSet)
    }
}

/// What is wrong with one text of the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialProblem {
    /// The environment variable is not set: set it.
    NotSet,
    /// Nothing is in it.
    Empty,
    /// The environment variable is not Unicode text: it was likely filled from binary data.
    NotUnicode,
    /// It begins or ends with white space: copy it again without.
    SurroundingWhitespace,
    /// The key holds something else than visible ASCII: copy it again.
    NotVisibleAscii,
}

impl fmt::Display for CredentialProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CredentialProblem::NotSet => "is not set",
            CredentialProblem::Empty => "is empty",
            CredentialProblem::NotUnicode => "is not unicode text",
            CredentialProblem::SurroundingWhitespace => "begins or ends with white space",
            CredentialProblem::NotVisibleAscii => "holds something else than visible ASCII",
        })
    }
}

struct Listed<'a>(&'a [(&'static str, CredentialProblem)]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, problem)) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{name} {problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "64f0c0ffee0123456789abcd";

    fn error_of(lookup: impl Fn(&str) -> Option<OsString>) -> CredentialsError {
        Credentials::from_lookup(lookup).unwrap_err()
    }

    #[test]
    fn the_three_variables_make_credentials() {
        let credentials = Credentials::from_lookup(|name| {
            Some(match name {
                ENV_KEY => KEY.into(),
                ENV_SECRET => "canary-secret".into(),
                ENV_PASSPHRASE => "two words".into(),
                other => panic!("{other} was read"),
            })
        })
        .unwrap();
        assert_eq!(credentials.key(), KEY);
        assert_eq!(credentials.secret(), "canary-secret");
        assert_eq!(credentials.passphrase(), "two words");
        assert_eq!(credentials.key_version(), KeyVersion::V3);
    }

    #[test]
    fn with_nothing_set_every_variable_is_named() {
        let error = error_of(|_| None);
        assert!(error.nothing_is_set());
        assert_eq!(
            error.to_string(),
            "KUCOIN_API_KEY is not set, KUCOIN_API_SECRET is not set, KUCOIN_API_PASSPHRASE is not set"
        );
    }

    #[test]
    fn each_problem_is_named_with_its_variable_and_without_its_value() {
        let error = error_of(|name| match name {
            ENV_KEY => Some("canary\u{7}key".into()),
            ENV_SECRET => Some(" canary-secret\n".into()),
            _ => Some("".into()),
        });
        assert!(!error.nothing_is_set());
        assert_eq!(
            error.to_string(),
            "KUCOIN_API_KEY holds something else than visible ASCII, \
             KUCOIN_API_SECRET begins or ends with white space, KUCOIN_API_PASSPHRASE is empty"
        );
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_refused() {
        use std::os::unix::ffi::OsStringExt;
        let error = error_of(|name| match name {
            ENV_SECRET => Some(OsString::from_vec(vec![0x66, 0xff])),
            _ => Some("given".into()),
        });
        assert_eq!(
            error.problems(),
            [(ENV_SECRET, CredentialProblem::NotUnicode)]
        );
    }

    #[test]
    fn explicit_credentials_are_checked_alike() {
        let error = Credentials::new(KEY, "", "pass ").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the API secret is empty, the API passphrase begins or ends with white space"
        );
    }

    #[test]
    fn debug_masks_the_key_and_shows_no_secret() {
        let credentials = Credentials::new(KEY, "canary-secret", "canary-pass")
            .unwrap()
            .with_partner(Partner::new("acme", "canary-partner-key").unwrap());
        let printed = format!("{credentials:?}");
        assert!(printed.contains("64f0…abcd"), "{printed}");
        assert!(printed.contains("acme"), "{printed}");
        assert!(!printed.contains("canary"), "{printed}");
        assert!(!printed.contains(KEY), "{printed}");
    }

    #[test]
    fn a_short_key_is_not_shown_at_all() {
        assert_eq!(format!("{:?}", Masked("abcdefgh")), "[redacted]");
        assert_eq!(format!("{:?}", Masked("")), "[redacted]");
        assert_eq!(format!("{:?}", Masked("ключключключключ")), "[redacted]");
    }
}
