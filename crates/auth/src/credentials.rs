//! The API key with its secret and passphrase: checked once, zeroed when dropped, never printed.

use std::ffi::OsString;
use std::fmt;

use zeroize::Zeroizing;

use crate::Partner;
use crate::slips::{
    is_key, is_secret, key_problem, line_end_problem, passphrase_problem, quotes_problem,
};

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
    /// Slips of copying, such as white space at either end or quotes around a key, are refused and not removed: a silent
    /// repair would hide which text is in use. The passphrase may begin and end with quotes here, as it may have been
    /// chosen so.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] names every text that is refused, and [`CredentialProblem`] each reason.
    ///
    /// [`with_key_version`]: Credentials::with_key_version
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

    /// Reads [`ENV_KEY`], [`ENV_SECRET`] and [`ENV_PASSPHRASE`].
    ///
    /// The environment itself keeps its copies for as long as the process lives. Quotes around the passphrase are
    /// refused too, and a written `\n` at its end, as `docker --env-file` and other readers of files leave them there. Give
    /// a passphrase that was chosen so to [`Credentials::new`].
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
            |text| {
                let problem = passphrase_problem(text).or_else(|| quotes_problem(text));
                problem.or_else(|| line_end_problem(text))
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
            key = Err(CredentialProblem::Same);
            secret = Err(CredentialProblem::Same);
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
    /// It begins or ends with white space, which includes line ends: copy it again without.
    SurroundingWhitespace,
    /// It is wrapped in quotes: remove them.
    Quoted,
    /// It ends with a comma or a semicolon: remove it.
    TrailingSeparator,
    /// It is a whole assignment, such as `export KUCOIN_API_KEY=..`: give the value alone.
    Assignment,
    /// It is the name of a variable, such as `${KUCOIN_API_KEY}`, and not its value: give the value.
    Reference,
    /// It ends with a written line end, the two characters `\n` or `\r`: remove them.
    WrittenLineEnd,
    /// It holds a character that cannot be seen, such as a byte order mark: type it again.
    Invisible,
    /// The passphrase holds full-width letters or digits: type it again without the input method.
    FullWidth,
    /// The key or the secret holds something else than visible ASCII: copy it again.
    NotVisibleAscii,
    /// Key and secret are swapped: the key has 24 hexadecimal digits, the secret is a UUID.
    Swapped,
    /// Key and secret are the same text: copy each again.
    Same,
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
            CredentialProblem::Quoted => "is wrapped in quotes (remove them)",
            CredentialProblem::TrailingSeparator => "ends with a comma or a semicolon (remove it)",
            CredentialProblem::Assignment => "is a whole assignment (give the value alone)",
            CredentialProblem::Reference => "is the name of a variable (give its value)",
            CredentialProblem::WrittenLineEnd => r"ends with a written \n or \r (remove it)",
            CredentialProblem::Invisible => "holds an invisible character (type it again)",
            CredentialProblem::FullWidth => "holds full-width characters (type it again)",
            CredentialProblem::NotVisibleAscii => {
                "holds something else than visible ASCII (copy it again)"
            }
            CredentialProblem::Swapped => "is swapped with the other of key and secret",
            CredentialProblem::Same => {
                "is the same as the other of key and secret (copy each again)"
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
            "KUCOIN_API_KEY holds an invisible character (type it again), \
             KUCOIN_API_SECRET begins or ends with white space (remove it), KUCOIN_API_PASSPHRASE is empty"
        );
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_refused() {
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
    fn explicit_credentials_are_checked_alike() {
        let error = Credentials::new(KEY, "", "pass ").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the API secret is empty, the API passphrase begins or ends with white space (remove it)"
        );
    }

    /// The problem of each text when it is the key, the secret and the passphrase in the environment.
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
    fn slips_of_copying_are_refused_by_kind() {
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
            check(text, [Some(Reference); 3]);
        }
        for text in ["$canary", "${can ary", "$(canary)"] {
            check(text, [Some(Reference), Some(Reference), None]);
        }
        for text in [r"canary\n", r"canary\r\n", r"canary\r"] {
            check(text, [Some(WrittenLineEnd); 3]);
        }
        assert!(Credentials::new(KEY, "canary-secret", r"canary\n").is_ok());
        let ascii = Some(NotVisibleAscii);
        check("ｃａｎａｒｙ", [ascii, ascii, Some(FullWidth)]);
        // A family, a heart with its variant, letters that are joined and kept apart.
        for text in [
            "two canaries",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "\u{645}\u{6cc}\u{200c}\u{62e}",
        ] {
            check(text, [ascii, ascii, None]);
        }
        // A passphrase may have been chosen so.
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
    fn quotes_around_a_passphrase_are_its_own_if_it_is_given_by_hand() {
        let credentials = Credentials::new(KEY, "canary-secret", "\"canary\"").unwrap();
        assert_eq!(credentials.passphrase(), "\"canary\"");
        assert!(Credentials::new(KEY, "\"canary\"", "canary").is_err());
    }

    #[test]
    fn key_and_secret_that_are_swapped_are_refused() {
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
            let same = CredentialProblem::Same;
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
    fn a_short_key_is_not_shown_at_all() {
        assert_eq!(format!("{:?}", Masked("abcdefgh")), "[redacted]");
        assert_eq!(format!("{:?}", Masked("")), "[redacted]");
        assert_eq!(format!("{:?}", Masked("ключключключключ")), "[redacted]");
    }
}
