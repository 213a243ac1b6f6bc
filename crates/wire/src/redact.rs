//! Words of a server made fit for an error: short, on one line, and without a token of ours.

use std::fmt;

use zeroize::Zeroizing;

use crate::ConnectionInfo;
use crate::json::{Scanner, Value, ValueKind};

/// The longest text that is shown, in bytes.
const LONGEST: usize = 256;
/// Runs of token characters from this length on are taken for a token, a key or a signature.
const TOKEN_RUN: usize = 20;
/// Parts of a known secret from this length on are redacted wherever they are in it.
const SECRET_PART: usize = 8;
/// A token of fewer characters is not redacted by itself, nor is a shorter beginning of one.
const SHORTEST_TOKEN: usize = 6;
/// What a token has beside letters and digits: without the separators of paths and topics, whose parts are to stay
/// readable.
const TOKEN_MARKS: &[u8] = b"-_+%~";
const REDACTED: &str = "[redacted]";

/// Removes the secrets of one connection from what its server says, since a server may repeat them.
///
/// ```
/// use kucoin_streams_wire::redact::Redactor;
/// use kucoin_streams_wire::{ConnectionInfo, SecretUrl};
///
/// let info = ConnectionInfo::new(SecretUrl::new("wss://host/?token=2neAiuYv"));
/// let redactor = Redactor::new(&info);
/// assert_eq!(redactor.words("token 2neAiuYv is expired"), "token [redacted] is expired");
/// ```
#[derive(Default)]
pub struct Redactor {
    tokens: Vec<Zeroizing<String>>,
    /// Other values, and other forms of the tokens.
    secrets: Vec<Zeroizing<String>>,
}

impl Redactor {
    /// Knows the query of the URL, as it is and percent-decoded, and the values of the login.
    pub fn new(info: &ConnectionInfo) -> Self {
        let mut redactor = Self::default();
        let url = info.url.expose();
        let url = url.split_once('#').map_or(url, |(url, _)| url);
        let query = url.split_once('?').map_or("", |(_, query)| query);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or(("", pair));
            let is_token = name.to_ascii_lowercase().ends_with("token");
            redactor.add(value, is_token);
            redactor.add(&percent_decoded(value), is_token);
        }
        if let Some(login) = &info.login {
            match Scanner::new(&login.frame).value() {
                Ok(frame) if frame.kind() == ValueKind::Object => redactor.add_values(frame),
                _ => redactor.add(&login.frame, false),
            }
        }
        redactor
    }

    /// What may be shown of a text: at most its first 256 bytes, control characters escaped, secrets redacted.
    ///
    /// Redacted are parts of the connection's secrets from eight characters on, beginnings of its token from six on,
    /// runs of twenty and more characters that may be a token, and the value of anything that is called a token.
    pub fn words(&self, text: &str) -> String {
        self.words_naming(text, &[])
    }

    /// What may be shown of an error of ours, as by [`Redactor::words`], with the names of these hosts as they are.
    ///
    /// A host that is dialled is no secret: its name crosses the network in the clear. A name that repeats a part of the
    /// connection's secrets, in whatever case, gets no exception.
    pub fn words_naming(&self, text: &str, hosts: &[Box<str>]) -> String {
        let (text, is_whole) = beginning(text);
        let hosts = hosts.iter().map(AsRef::as_ref);
        let hosts: Vec<&str> = hosts
            .filter(|host| is_visible(host) && !self.is_repeated_in(host))
            .collect();
        shown(text, is_whole, |before, rest| {
            let known = self.known(rest);
            if known > 0 {
                return (known, true);
            }
            let value = run_len(rest, b"-_.+/%~\\=");
            if value > 0 && follows_token_name(before, true) {
                return (value, true);
            }
            if let Some(host) = hosts.iter().find(|host| is_named_by(rest, host)) {
                return (host.len(), false);
            }
            let run = run_len(rest, TOKEN_MARKS);
            let is_cut = run > 0 && run == rest.len() && !is_whole;
            match run >= TOKEN_RUN || is_cut {
                true => (run, true),
                false => (0, false),
            }
        })
    }

    /// Whether a text repeats a part of a secret, in upper or lower case.
    fn is_repeated_in(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let lower = |secret: &Zeroizing<String>| Zeroizing::new(secret.to_ascii_lowercase());
        let lower = Self {
            tokens: self.tokens.iter().map(lower).collect(),
            secrets: self.secrets.iter().map(lower).collect(),
        };
        let mut places = text.char_indices();
        places.any(|(at, _)| lower.known(&text[at..]) > 0)
    }

    fn add(&mut self, secret: &str, is_token: bool) {
        // The time of a login is no secret, and other times begin like it.
        if secret.bytes().all(|byte| byte.is_ascii_digit()) && !is_token {
            return;
        }
        let shortest = match is_token {
            true => SHORTEST_TOKEN,
            false => SECRET_PART,
        };
        let list = match is_token {
            true => &mut self.tokens,
            false => &mut self.secrets,
        };
        if secret.len() >= shortest && !list.iter().any(|known| known.as_str() == secret) {
            list.push(Zeroizing::new(secret.to_owned()));
        }
    }

    fn add_values(&mut self, object: Value<'_>) {
        let mut scanner = object.scanner();
        let Ok(mut object) = scanner.object() else {
            return;
        };
        while let Ok(Some(_)) = object.key() {
            let Ok(value) = object.value() else {
                return;
            };
            match (value.kind(), value.text()) {
                (ValueKind::Object, _) => self.add_values(value),
                (_, Some(text)) => self.add(&text, false),
                (_, None) => self.add(value.as_str(), false),
            }
        }
    }

    /// The length of the part of a secret that a text begins with; 0 if there is none.
    fn known(&self, text: &str) -> usize {
        let all = self.tokens.iter().chain(&self.secrets);
        let parts = all.map(|secret| longest_part(secret, text));
        let beginnings = self.tokens.iter().map(|token| common(token, text));
        let beginning = beginnings.max().filter(|&length| length >= SHORTEST_TOKEN);
        let longest = parts.max().max(beginning).unwrap_or(0);
        (0..=longest)
            .rev()
            .find(|&end| text.is_char_boundary(end))
            .unwrap_or(0)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// What may be shown of a reply that may hold a token which is not known: as [`Redactor::words`], and stricter, as long
/// runs are redacted with the separators of a path in them.
pub fn excerpt(reply: &[u8]) -> String {
    let read = &reply[..reply.len().min(4 * LONGEST)];
    let is_whole = read.len() == reply.len();
    let text = String::from_utf8_lossy(read);
    shown(&text, is_whole, |before, rest| {
        let run = run_len(rest, b"-_.+/%~\\");
        // A run that reaches the end of what was read may be the beginning of a longer one.
        let is_secret = run >= TOKEN_RUN
            || (run == rest.len() && !is_whole)
            || follows_token_name(before, false);
        (run, is_secret)
    })
}

/// The part of a text that is looked at, and whether it is all of it.
fn beginning(text: &str) -> (&str, bool) {
    let mut end = text.len().min(4 * LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], end == text.len())
}

/// The text that is shown: for each place, `run` gives the length of what begins there and whether that is a secret;
/// where it gives 0, one character is shown.
fn shown(text: &str, is_whole: bool, run: impl Fn(&str, &str) -> (usize, bool)) -> String {
    let mut shown = String::with_capacity(LONGEST.min(text.len()));
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if shown.len() > LONGEST {
            break;
        }
        match run(&text[..text.len() - rest.len()], rest) {
            (0, _) => {
                push_visible(&mut shown, first);
                rest = &rest[first.len_utf8()..];
            }
            (length, is_secret) => {
                shown.push_str(if is_secret { REDACTED } else { &rest[..length] });
                rest = &rest[length..];
            }
        }
    }
    if shown.len() > LONGEST || !is_whole {
        truncate(&mut shown);
        shown.push('…');
    }
    shown
}

/// Length of the run of letters, digits and these other characters that a text begins with.
fn run_len(text: &str, others: &[u8]) -> usize {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
    text.bytes().take_while(|&byte| is_token(byte)).count()
}

/// Whether a text begins with this name, and the name ends there.
fn is_named_by(text: &str, name: &str) -> bool {
    text.strip_prefix(name)
        .is_some_and(|rest| run_len(rest, TOKEN_MARKS) == 0)
}

fn is_visible(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Whether what comes next is the value of a member or a parameter called `token`, however short it is; in plain words
/// a mark such as `=` or a quote has to stand between.
fn follows_token_name(before: &str, needs_mark: bool) -> bool {
    let is_mark = |character: char| matches!(character, '"' | '\'' | ':' | '=' | '\\');
    let name =
        before.trim_end_matches(|character: char| character.is_whitespace() || is_mark(character));
    let between = &before[name.len()..];
    !between.is_empty()
        && (!needs_mark || between.contains(is_mark))
        && name.to_ascii_lowercase().ends_with("token")
}

/// Length of the longest part of a secret that a text begins with; 0 if it is shorter than [`SECRET_PART`].
fn longest_part(secret: &str, text: &str) -> usize {
    let Some(part) = text.get(..SECRET_PART) else {
        return 0;
    };
    let places = secret.match_indices(part);
    let lengths = places.map(|(at, _)| common(&secret[at..], text));
    lengths.max().unwrap_or(0)
}

/// Length in bytes of what two texts begin with.
fn common(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes());
    pairs.take_while(|(one, other)| one == other).count()
}

fn percent_decoded(text: &str) -> Zeroizing<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    // Room for all at once: bytes that grow would leave copies of a token behind.
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => digit(*high).zip(digit(*low)),
            _ => None,
        };
        let byte = escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &rest[3..] } else { after };
    }
    Zeroizing::new(String::from_utf8_lossy(&decoded).into_owned())
}

/// Control characters, and those that turn the direction of a line, could drive a terminal or hide a text.
fn push_visible(out: &mut String, character: char) {
    let turns_direction = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || turns_direction {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

fn truncate(shown: &mut String) {
    let mut end = LONGEST.min(shown.len());
    while !shown.is_char_boundary(end) {
        end -= 1;
    }
    shown.truncate(end);
}

#[cfg(test)]
mod tests;
