//! Words of a server made fit for an error: short, on one line, and without a token of ours.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::ConnectionInfo;

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
/// use kucoin_streams_core::redact::Redactor;
/// use kucoin_streams_core::{ConnectionInfo, SecretUrl};
///
/// let info = ConnectionInfo::new(SecretUrl::new("wss://host/?token=2neAiuYv"));
/// let redactor = Redactor::new(&info);
/// assert_eq!(redactor.redact("token 2neAiuYv is expired"), "token [redacted] is expired");
/// ```
#[derive(Default)]
pub struct Redactor {
    /// In one spelling, as by [`letters`], like the others.
    tokens: Vec<Zeroizing<String>>,
    /// Other values.
    secrets: Vec<Zeroizing<String>>,
}

impl Redactor {
    /// Knows the values of the URL's query and of the login.
    pub fn new(info: &ConnectionInfo) -> Self {
        let mut redactor = Self::default();
        let url = info.url.expose();
        let url = url.split_once('#').map_or(url, |(url, _)| url);
        let query = url.split_once('?').map_or("", |(_, query)| query);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or(("", pair));
            redactor.add(value, name.to_ascii_lowercase().ends_with("token"));
        }
        if let Some(login) = &info.login
            && redactor.add_values(&login.frame).is_err()
        {
            redactor.add(&login.frame, false);
        }
        redactor
    }

    /// What may be shown of a text: at most its first 256 bytes, control characters escaped, secrets redacted.
    ///
    /// Redacted are parts of the connection's secrets from eight characters on, beginnings of its token from six on,
    /// runs of twenty and more characters that may be a token, and the value of anything that is called a token. The
    /// secrets are found in every spelling: escaped as in a URL or in JSON, or broken by white space.
    pub fn redact(&self, text: &str) -> String {
        self.redact_except_hosts(text, &[])
    }

    /// What may be shown of an error of ours, as by [`Redactor::redact`], with the names of these hosts as they are.
    ///
    /// A host that is dialled is no secret: its name crosses the network in the clear. A name that repeats a part of the
    /// connection's secrets, in whatever case, gets no exception.
    pub fn redact_except_hosts(&self, text: &str, hosts: &[Box<str>]) -> String {
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
        let secret = spelled(secret);
        if secret.len() >= shortest && !list.contains(&secret) {
            list.push(secret);
        }
    }

    /// Adds the values of a JSON object, those of the objects in it too.
    fn add_values(&mut self, object: &str) -> Result<(), serde_json::Error> {
        let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(object)?;
        for value in members.into_values().map(RawValue::get) {
            if self.add_values(value).is_err() {
                match serde_json::from_str(value).map(Zeroizing::<String>::new) {
                    Ok(text) => self.add(&text, false),
                    Err(_) => self.add(value, false),
                }
            }
        }
        Ok(())
    }

    /// The length of the part of a secret that a text begins with; 0 if there is none.
    fn known(&self, text: &str) -> usize {
        let all = self.tokens.iter().chain(&self.secrets);
        let longest = all.clone().map(|secret| secret.len()).max().unwrap_or(0);
        let places: Vec<(u8, Range<usize>)> = letters(text).take(longest).collect();
        // What is left out before the first letter is no part of the secret.
        if places.first().is_none_or(|(_, place)| place.start > 0) {
            return 0;
        }
        let parts = all.map(|secret| longest_part(secret.as_bytes(), &places));
        let beginnings = self.tokens.iter();
        let beginnings = beginnings.map(|token| common(token.as_bytes(), &places));
        let beginning = beginnings.max().filter(|&length| length >= SHORTEST_TOKEN);
        let longest = parts.max().max(beginning).unwrap_or(0);
        let longest = longest.checked_sub(1).map_or(0, |last| places[last].1.end);
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

/// What may be shown of a reply that may hold a token which is not known: as [`Redactor::redact`], and stricter, as long
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
fn longest_part(secret: &[u8], text: &[(u8, Range<usize>)]) -> usize {
    let lengths = (0..secret.len()).map(|start| common(&secret[start..], text));
    let longest = lengths.max().unwrap_or(0);
    if longest < SECRET_PART { 0 } else { longest }
}

/// How many letters of a secret a text begins with.
fn common(secret: &[u8], text: &[(u8, Range<usize>)]) -> usize {
    let pairs = secret.iter().zip(text);
    pairs.take_while(|(one, (other, _))| *one == other).count()
}

fn spelled(secret: &str) -> Zeroizing<String> {
    // Room for all at once: bytes that grow would leave copies of a token behind.
    let mut spelled = Zeroizing::new(Vec::with_capacity(secret.len()));
    spelled.extend(letters(secret).map(|(byte, _)| byte));
    Zeroizing::new(String::from_utf8_lossy(&spelled).into_owned())
}

/// The bytes of a text with their places: escapes of URLs and of JSON undone, and without what may stand for a space,
/// break a line, or escape a character.
fn letters(text: &str) -> impl Iterator<Item = (u8, Range<usize>)> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.as_bytes().get(start..)?;
            let (byte, length) = letter(rest)?;
            let place = start..start + length;
            start = place.end;
            if !matches!(byte, b'+' | b'\\') && !byte.is_ascii_whitespace() {
                return Some((byte, place));
            }
        }
    })
}

/// The byte that a text begins with, and the length of its spelling.
fn letter(text: &[u8]) -> Option<(u8, usize)> {
    let escaped = match text {
        [b'\\', b'n' | b'r' | b't', ..] => Some((b' ', 2)),
        [b'\\', b'u', b'0', b'0', rest @ ..] => hex(rest).map(|byte| (byte, 6)),
        [b'%', rest @ ..] => {
            // Escaped more than once: `%252B`.
            let mut digits = rest;
            while let Some(inner) = digits.strip_prefix(b"25").filter(|it| hex(it).is_some()) {
                digits = inner;
            }
            hex(digits).map(|byte| (byte, text.len() - digits.len() + 2))
        }
        _ => None,
    };
    escaped.or_else(|| Some((*text.first()?, 1)))
}

/// The byte that a text begins with as two hexadecimal digits.
fn hex(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(*text.first()?)?, digit(*text.get(1)?)?);
    u8::try_from(high * 16 + low).ok()
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
