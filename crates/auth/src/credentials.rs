//! The API key, secret and passphrase: checked once, zeroed on drop, never printed unmasked.

use std::ffi::OsString;
use std::fmt;

use zeroize::Zeroizing;

use crate::Partner;
use crate::credential_checks::{
    escape_problem, is_key, is_secret, key_problem, passphrase_problem, quotes_problem,
};

/// Environment variable with the API key.
pub const ENV_KEY: &str = "KUCOIN_API_KEY";
/// Environment variable with the API secret.
pub const ENV_SECRET: &str = "KUCOIN_API_SECRET";
/// Environment variable with the passphrase that you chose when you created the key.
pub const ENV_PASSPHRASE: &str = "KUCOIN_API_PASSPHRASE";

/// An API key with its secret and its passphrase.
///
/// Private streams need the `General` (read) permission only. Give the key no other permission, and restrict it to your
/// IP addresses.
///
/// Key, secret and passphrase are zeroed on drop. The type has no `Clone`, `Display` or `Serialize`, so it cannot be
/// copied or written by accident. Share an [`HmacSigner`](crate::HmacSigner) instead: its clones share one keyed HMAC
/// state.
pub struct Credentials {
    key: Zeroizing<String>,
    secret: Zeroizing<String>,
    passphrase: Zeroizing<String>,
    version: KeyVersion,
    partner: Option<Partner>,
}

/// The version of an API key, sent as `KC-API-KEY-VERSION`.
///
/// The signature is the same for both versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyVersion {
    /// Version 2, for keys that were created before version 3.
    ///
    /// Set version 2 if KuCoin refuses version 3 with code 400009.
    V2,
    /// Version 3, for all keys that are created today.
    #[default]
    V3,
}

impl KeyVersion {
    /// Returns the value of the header `KC-API-KEY-VERSION`.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyVersion::V2 => "2",
            KeyVersion::V3 => "3",
        }
    }
}

impl Credentials {
    /// Creates credentials from a key, its secret and its passphrase, with key version 3.
    ///
    /// To change the version, call [`with_key_version`](Self::with_key_version).
    ///
    /// Copying mistakes, such as surrounding white space or quotes around a key, are refused and not repaired: a silent
    /// repair would hide which value is in use. Quotes around the passphrase are accepted here, because they can be
    /// part of it.
    ///
    /// # Errors
    ///
    /// Returns a [`CredentialsError`] that lists each refused value with its [`CredentialProblem`].
    pub fn new(
        key: impl Into<String>,
        secret: impl Into<String>,
        passphrase: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        let names = ["the API key", "the API secret", "the API passphrase"];
        let given = [key.into(), secret.into(), passphrase.into()];
        Self::checked(
            names,
            given.map(|text| Ok(Zeroizing::new(text))),
            passphrase_problem,
        )
    }

    /// Reads the credentials from [`ENV_KEY`], [`ENV_SECRET`] and [`ENV_PASSPHRASE`].
    ///
    /// The environment keeps its own copies as long as the process runs; they are not zeroed. Quotes around the
    /// passphrase, and the text `\n` or `\r` at its end, are refused too, because `docker --env-file` and similar tools
    /// leave them in the value. If they are part of your passphrase, use [`Credentials::new`].
    ///
    /// # Errors
    ///
    /// Returns a [`CredentialsError`] that lists each variable that is not set, is empty, is not Unicode, or has a
    /// value that [`Credentials::new`] refuses.
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
            |text| {
                let problem = passphrase_problem(text).or_else(|| quotes_problem(text));
                problem.or_else(|| escape_problem(text))
            },
        )
    }

    fn checked(
        names: [&'static str; 3],
        given: [Result<Zeroizing<String>, CredentialProblem>; 3],
        passphrase_problem: fn(&str) -> Option<CredentialProblem>,
    ) -> Result<Self, CredentialsError> {
        let [key, secret, passphrase] = given;
        let mut key = key.and_then(|text| refuse(text, key_problem));
        let mut secret = secret.and_then(|text| refuse(text, key_problem));
        let passphrase = passphrase.and_then(|text| refuse(text, passphrase_problem));
        if let (Ok(key_text), Ok(secret_text)) = (&key, &secret)
            && is_secret(key_text)
            && is_key(secret_text)
        {
            key = Err(CredentialProblem::Swapped);
            secret = Err(CredentialProblem::Swapped);
        } else if let (Ok(key_text), Ok(secret_text)) = (&key, &secret)
            && key_text == secret_text
        {
            key = Err(CredentialProblem::KeyEqualsSecret);
            secret = Err(CredentialProblem::KeyEqualsSecret);
        }
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

    /// Returns the API key, unmasked. Do not log it: the `Debug` output of the credentials shows it masked.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the version of the key.
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

/// Shows an API key masked: `64f0…abcd`, or `[redacted]` if it is shorter than 16 bytes or not ASCII.
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

/// The error for credentials that cannot be used.
///
/// It lists every problem and contains none of the values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Listed(.problems))]
pub struct CredentialsError {
    problems: Vec<(&'static str, CredentialProblem)>,
}

impl CredentialsError {
    pub(crate) fn new(problems: Vec<(&'static str, CredentialProblem)>) -> Self {
        Self { problems }
    }

    /// Returns each refused value and its problem, in the order key, secret, passphrase.
    ///
    /// A value from [`Credentials::from_env`] is named by its environment variable.
    pub fn problems(&self) -> &[(&'static str, CredentialProblem)] {
        &self.problems
    }

    /// Returns `true` if none of the three environment variables is set.
    ///
    /// The user then gave no credentials, as opposed to wrong ones.
    pub fn nothing_is_set(&self) -> bool {
        self.problems.len() == 3
            && self
                .problems
                .iter()
                .all(|(_, problem)| *problem == CredentialProblem::NotSet)
    }
}

/// The problem with one value of the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialProblem {
    /// The environment variable is not set: set it.
    NotSet,
    /// The value is empty: set it.
    Empty,
    /// The environment variable is not Unicode text: set it again.
    ///
    /// It may have been set from binary data.
    NotUnicode,
    /// The value begins or ends with white space, such as a line break: remove it.
    SurroundingWhitespace,
    /// The value is in quotes: remove the quotes.
    Quoted,
    /// The value ends with a comma or a semicolon: remove the last character.
    TrailingSeparator,
    /// The value is a whole assignment, such as `export KUCOIN_API_KEY=..`: give only the part after `=`.
    Assignment,
    /// The value is a reference to a variable, such as `${KUCOIN_API_KEY}`: give the variable's value.
    VariableReference,
    /// The value ends with `\n` or `\r`, written as two characters: remove both characters.
    TrailingEscape,
    /// The value contains an invisible character, such as a byte order mark: type it again.
    Invisible,
    /// The passphrase contains full-width letters or digits: type it again with the input method off.
    FullWidth,
    /// The key, the secret or a name contains characters other than visible ASCII: copy it again.
    NotVisibleAscii,
    /// Key and secret are swapped (a key has 24 hexadecimal digits, a secret is a UUID): exchange them.
    Swapped,
    /// Key and secret are the same: copy both again.
    KeyEqualsSecret,
}

impl fmt::Display for CredentialProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CredentialProblem::NotSet => "is not set",
            CredentialProblem::Empty => "is empty",
            CredentialProblem::NotUnicode => "is not Unicode text",
            CredentialProblem::SurroundingWhitespace => {
                "begins or ends with white space (remove it)"
            }
            CredentialProblem::Quoted => "is in quotes (remove them)",
            CredentialProblem::TrailingSeparator => "ends with a comma or a semicolon (remove it)",
            CredentialProblem::Assignment => "is a whole assignment (give only the part after `=`)",
            CredentialProblem::VariableReference => "is a reference to a variable (give its value)",
            CredentialProblem::TrailingEscape => {
                r"ends with \n or \r, written as two characters (remove them)"
            }
            CredentialProblem::Invisible => "contains an invisible character (type it again)",
            CredentialProblem::FullWidth => "contains full-width characters (type it again)",
            CredentialProblem::NotVisibleAscii => {
                "contains characters other than visible ASCII (copy it again)"
            }
            CredentialProblem::Swapped => "is wrong: key and secret are swapped (exchange them)",
            CredentialProblem::KeyEqualsSecret => {
                "is wrong: key and secret are the same (copy both again)"
            }
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
    fn from_env_reads_the_three_variables() {
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
    fn unset_variables_are_all_named() {
        let error = error_of(|_| None);
        assert!(error.nothing_is_set());
        assert_eq!(
            error.to_string(),
            "KUCOIN_API_KEY is not set, KUCOIN_API_SECRET is not set, KUCOIN_API_PASSPHRASE is not set"
        );
    }

    #[test]
    fn error_names_variables_and_shows_no_value() {
        let error = error_of(|name| match name {
            ENV_KEY => Some("canary\u{7}key".into()),
            ENV_SECRET => Some(" canary-secret\n".into()),
            _ => Some("".into()),
        });
        assert!(!error.nothing_is_set());
        assert_eq!(
            error.to_string(),
            "KUCOIN_API_KEY contains an invisible character (type it again), \
             KUCOIN_API_SECRET begins or ends with white space (remove it), KUCOIN_API_PASSPHRASE is empty"
        );
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[cfg(unix)]
    #[test]
    fn variable_that_is_not_unicode_is_refused() {
        use std::os::unix::ffi::OsStringExt;
        let error = error_of(|name| match name {
            ENV_SECRET => Some(OsString::from_vec(vec![0x66, 0xff])),
            name => Some(name.to_ascii_lowercase().into()),
        });
        assert_eq!(
            error.problems(),
            [(ENV_SECRET, CredentialProblem::NotUnicode)]
        );
    }

    #[test]
    fn new_checks_like_from_env() {
        let error = Credentials::new(KEY, "", "pass ").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the API secret is empty, the API passphrase begins or ends with white space (remove it)"
        );
    }

    /// Checks the problem of `text` as the key, as the secret and as the passphrase in the environment.
    #[track_caller]
    fn check(text: &str, expected: [Option<CredentialProblem>; 3]) {
        let names = [ENV_KEY, ENV_SECRET, ENV_PASSPHRASE];
        let problems = names.map(|wrong| {
            let lookup = |name: &str| {
                let given = name.to_ascii_lowercase();
                Some(if name == wrong {
                    text.into()
                } else {
                    given.into()
                })
            };
            let error = Credentials::from_lookup(lookup).err()?;
            assert!(!error.to_string().contains("canary"), "{error}");
            let [(name, problem)] = error.problems() else {
                panic!("{error}");
            };
            assert_eq!(*name, wrong);
            Some(*problem)
        });
        assert_eq!(problems, expected, "{text:?}");
    }

    #[test]
    fn copying_mistakes_are_refused_by_kind() {
        use CredentialProblem::*;
        for text in [
            "\"canary\"",
            "'canary'",
            "`canary`",
            "\u{201c}canary\u{201d}",
            "\"\"",
        ] {
            check(text, [Some(Quoted); 3]);
        }
        for text in ["canary\r", "canary\r\n", "\u{a0}canary", "\u{3000}canary"] {
            check(text, [Some(SurroundingWhitespace); 3]);
        }
        for text in ["\u{feff}canary", "can\u{200b}ary", "canary\u{7}x"] {
            check(text, [Some(Invisible); 3]);
        }
        for invisible in "\u{a0}\u{2028}\u{2003}\u{61c}\u{3164}\u{2800}\u{200d}\u{200c}".chars() {
            check(&format!("can{invisible}ary"), [Some(Invisible); 3]);
            check(&format!("é{invisible}{invisible}é"), [Some(Invisible); 3]);
        }
        for text in [
            "export KUCOIN_API_KEY=canary",
            "KUCOIN_API_SECRET=canary",
            "export X=\"canary\"",
        ] {
            check(text, [Some(Assignment); 3]);
        }
        check("API_KEY=canary", [Some(Assignment), Some(Assignment), None]);
        for text in [
            "$KUCOIN_API_KEY",
            "${KUCOIN_API_SECRET}",
            "${canary}",
            "$env:KUCOIN_API_KEY",
            "$env:canary",
        ] {
            check(text, [Some(VariableReference); 3]);
        }
        for text in ["$canary", "${can ary", "$(canary)"] {
            check(
                text,
                [Some(VariableReference), Some(VariableReference), None],
            );
        }
        for text in [r"canary\n", r"canary\r\n", r"canary\r"] {
            check(text, [Some(TrailingEscape); 3]);
        }
        assert!(Credentials::new(KEY, "canary-secret", r"canary\n").is_ok());
        let ascii = Some(NotVisibleAscii);
        check("ｃａｎａｒｙ", [ascii, ascii, Some(FullWidth)]);
        // A family emoji, a heart with a variation selector, Persian letters with a zero-width non-joiner.
        for text in [
            "two canaries",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "\u{645}\u{6cc}\u{200c}\u{62e}",
        ] {
            check(text, [ascii, ascii, None]);
        }
        // A passphrase may end like this on purpose.
        let quoted = Some(Quoted);
        for text in ["\"canary", "canary'"] {
            check(text, [quoted, quoted, None]);
        }
        let separator = Some(TrailingSeparator);
        for text in ["canary,", "canary;"] {
            check(text, [separator, separator, None]);
        }
        for text in ["can\"ary", "can-ary_=+/", "c"] {
            check(text, [None; 3]);
        }
        check("\"", [quoted, quoted, None]);
    }

    #[test]
    fn new_accepts_quotes_around_a_passphrase() {
        let credentials = Credentials::new(KEY, "canary-secret", "\"canary\"").unwrap();
        assert_eq!(credentials.passphrase(), "\"canary\"");
        assert!(Credentials::new(KEY, "\"canary\"", "canary").is_err());
    }

    #[test]
    fn swapped_or_equal_key_and_secret_are_refused() {
        const SECRET: &str = "0c0ffee0-1234-4567-89ab-cdef01234567";
        let error = Credentials::new(SECRET, KEY, "canary").unwrap_err();
        let swapped = CredentialProblem::Swapped;
        assert_eq!(
            error.problems(),
            [("the API key", swapped), ("the API secret", swapped)]
        );
        for (key, secret) in [(KEY, SECRET), (SECRET, "other"), ("other", KEY)] {
            assert!(Credentials::new(key, secret, "canary").is_ok(), "{key}");
        }
        for text in [KEY, SECRET, "other"] {
            let error = Credentials::new(text, text, text).unwrap_err();
            let same = CredentialProblem::KeyEqualsSecret;
            assert_eq!(
                error.problems(),
                [("the API key", same), ("the API secret", same)]
            );
        }
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
    fn short_key_is_redacted_entirely() {
        assert_eq!(format!("{:?}", Masked("abcdefgh")), "[redacted]");
        assert_eq!(format!("{:?}", Masked("")), "[redacted]");
        assert_eq!(format!("{:?}", Masked("ключключключключ")), "[redacted]");
    }
}
