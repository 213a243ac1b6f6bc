//! Redaction of server messages: short, on one line, without secrets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::ConnectionInfo;

/// Maximum length of redacted text, in bytes.
const MAX_BYTES: usize = 256;
/// Minimum length of a run of token characters that is redacted as a possible token, key or signature.
const MIN_TOKEN_RUN: usize = 20;
/// Minimum length of a part of a known secret that is redacted.
const MIN_SECRET_PART: usize = 8;
/// Minimum length of a known token, or of its beginning, that is redacted.
const MIN_TOKEN: usize = 6;
/// Token characters besides letters and digits.
///
/// `/`, `:` and other separators are not included, so that paths and topics stay readable.
const TOKEN_MARKS: &[u8] = b"-_+%~";
const REDACTED: &str = "[redacted]";

/// Removes the secrets of a connection from server messages, since a server may repeat them.
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
    /// Tokens, normalized by [`normalized_bytes`].
    tokens: Vec<Zeroizing<String>>,
    /// Other secrets, normalized in the same way.
    secrets: Vec<Zeroizing<String>>,
}

impl Redactor {
    /// Creates a redactor for the secrets in the URL query and in the login.
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

    /// Returns at most 256 bytes of a text, with control characters escaped and secrets redacted.
    ///
    /// The following is redacted: parts of the connection's secrets of 8 or more characters, beginnings of its token of
    /// 6 or more, runs of 20 or more characters that may be a token, and the value after any name that ends with
    /// `token`. Secrets are also found if they are escaped as in a URL or in JSON, or interrupted by white space.
    pub fn redact(&self, text: &str) -> String {
        self.redact_except_hosts(text, &[])
    }

    /// Like [`redact`](Redactor::redact), but keeps these host names readable.
    ///
    /// Host names are not secret, since they are sent unencrypted. A host name that contains a part of a secret of the
    /// connection, ignoring case, is redacted nevertheless.
    pub fn redact_except_hosts(&self, text: &str, hosts: &[Box<str>]) -> String {
        let (text, is_whole) = beginning(text);
        let hosts = hosts.iter().map(AsRef::as_ref);
        let hosts: Vec<&str> = hosts
            .filter(|host| is_printable_ascii(host) && !self.has_part_in(host))
            .collect();
        redacted(text, is_whole, |before, rest| {
            let known = self.secret_len(rest);
            if known > 0 {
                return (known, true);
            }
            let value = run_len(rest, b"-_.+/%~\\=");
            if value > 0 && follows_token_name(before, true) {
                return (value, true);
            }
            if let Some(host) = hosts.iter().find(|host| begins_with_name(rest, host)) {
                return (host.len(), false);
            }
            let run = run_len(rest, TOKEN_MARKS);
            let is_cut = run > 0 && run == rest.len() && !is_whole;
            match run >= MIN_TOKEN_RUN || is_cut {
                true => (run, true),
                false => (0, false),
            }
        })
    }

    /// Returns `true` if a text contains a part of a secret, ignoring case.
    fn has_part_in(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let lower = |secret: &Zeroizing<String>| Zeroizing::new(secret.to_ascii_lowercase());
        let lower = Self {
            tokens: self.tokens.iter().map(lower).collect(),
            secrets: self.secrets.iter().map(lower).collect(),
        };
        let mut positions = text.char_indices();
        positions.any(|(at, _)| lower.secret_len(&text[at..]) > 0)
    }

    fn add(&mut self, secret: &str, is_token: bool) {
        // The timestamp of a login is not secret, and other timestamps begin like it.
        if secret.bytes().all(|byte| byte.is_ascii_digit()) && !is_token {
            return;
        }
        let min_length = match is_token {
            true => MIN_TOKEN,
            false => MIN_SECRET_PART,
        };
        let list = match is_token {
            true => &mut self.tokens,
            false => &mut self.secrets,
        };
        let secret = normalized(secret);
        if secret.len() >= min_length && !list.contains(&secret) {
            list.push(secret);
        }
    }

    /// Adds the values of a JSON object, including those of nested objects, as secrets.
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

    /// Returns the length of the part of a secret at the beginning of a text; 0 if there is none.
    fn secret_len(&self, text: &str) -> usize {
        let all = self.tokens.iter().chain(&self.secrets);
        let longest = all.clone().map(|secret| secret.len()).max().unwrap_or(0);
        let bytes: Vec<(u8, Range<usize>)> = normalized_bytes(text).take(longest).collect();
        // Ignored characters before the first byte are not part of the secret.
        if bytes.first().is_none_or(|(_, range)| range.start > 0) {
            return 0;
        }
        let parts = all.map(|secret| longest_part(secret.as_bytes(), &bytes));
        let prefixes = self.tokens.iter();
        let prefixes = prefixes.map(|token| common_prefix(token.as_bytes(), &bytes));
        let prefix = prefixes.max().filter(|&length| length >= MIN_TOKEN);
        let longest = parts.max().max(prefix).unwrap_or(0);
        let longest = longest.checked_sub(1).map_or(0, |last| bytes[last].1.end);
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

/// Returns a redacted excerpt of a reply that may contain an unknown token.
///
/// It is stricter than [`Redactor::redact`]: long runs with path separators are redacted too.
pub fn excerpt(reply: &[u8]) -> String {
    let read = &reply[..reply.len().min(4 * MAX_BYTES)];
    let is_whole = read.len() == reply.len();
    let text = String::from_utf8_lossy(read);
    redacted(&text, is_whole, |before, rest| {
        let run = run_len(rest, b"-_.+/%~\\");
        // A run at the end of a cut text may be the beginning of a longer one.
        let is_secret = run >= MIN_TOKEN_RUN
            || (run == rest.len() && !is_whole)
            || follows_token_name(before, false);
        (run, is_secret)
    })
}

/// Returns the beginning of a text, and `true` if that is the whole text.
fn beginning(text: &str) -> (&str, bool) {
    let mut end = text.len().min(4 * MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], end == text.len())
}

/// Returns a text with its secrets redacted.
///
/// At each position, `run` receives the text before and after it. It returns the length of the next run of characters
/// and whether that run is a secret; a length of 0 means a single character that is not secret.
fn redacted(text: &str, is_whole: bool, run: impl Fn(&str, &str) -> (usize, bool)) -> String {
    let mut shown = String::with_capacity(MAX_BYTES.min(text.len()));
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if shown.len() > MAX_BYTES {
            break;
        }
        match run(&text[..text.len() - rest.len()], rest) {
            (0, _) => {
                push_escaped(&mut shown, first);
                rest = &rest[first.len_utf8()..];
            }
            (length, is_secret) => {
                shown.push_str(if is_secret { REDACTED } else { &rest[..length] });
                rest = &rest[length..];
            }
        }
    }
    if shown.len() > MAX_BYTES || !is_whole {
        truncate(&mut shown);
        shown.push('…');
    }
    shown
}

/// Returns how many bytes at the beginning of a text are letters, digits or one of `others`.
fn run_len(text: &str, others: &[u8]) -> usize {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
    text.bytes().take_while(|&byte| is_token(byte)).count()
}

/// Returns `true` if a text begins with a name, and no token character follows the name.
fn begins_with_name(text: &str, name: &str) -> bool {
    text.strip_prefix(name)
        .is_some_and(|rest| run_len(rest, TOKEN_MARKS) == 0)
}

fn is_printable_ascii(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Returns `true` if `before` ends with the name of a `token` member or parameter.
///
/// The text after `before` is then its value. With `needs_mark`, a mark such as `=` or a quote must follow the name,
/// since plain text may mention a token.
fn follows_token_name(before: &str, needs_mark: bool) -> bool {
    let is_mark = |character: char| matches!(character, '"' | '\'' | ':' | '=' | '\\');
    let name =
        before.trim_end_matches(|character: char| character.is_whitespace() || is_mark(character));
    let between = &before[name.len()..];
    !between.is_empty()
        && (!needs_mark || between.contains(is_mark))
        && name.to_ascii_lowercase().ends_with("token")
}

/// Returns the length of the longest part of a secret at the beginning of a text.
///
/// The result is 0 if the part is shorter than [`MIN_SECRET_PART`].
fn longest_part(secret: &[u8], text: &[(u8, Range<usize>)]) -> usize {
    let lengths = (0..secret.len()).map(|start| common_prefix(&secret[start..], text));
    let longest = lengths.max().unwrap_or(0);
    if longest < MIN_SECRET_PART {
        0
    } else {
        longest
    }
}

/// Returns the length of the common prefix of a secret and a text.
fn common_prefix(secret: &[u8], text: &[(u8, Range<usize>)]) -> usize {
    let pairs = secret.iter().zip(text);
    pairs.take_while(|(one, (other, _))| *one == other).count()
}

fn normalized(secret: &str) -> Zeroizing<String> {
    // A growing buffer would leave copies of the secret in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(secret.len()));
    bytes.extend(normalized_bytes(secret).map(|(byte, _)| byte));
    Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the bytes of a text with their ranges, so that a secret is found in any spelling.
///
/// URL and JSON escapes are decoded; spaces, line breaks, `+` and backslashes are left out.
fn normalized_bytes(text: &str) -> impl Iterator<Item = (u8, Range<usize>)> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.as_bytes().get(start..)?;
            let (byte, length) = decoded_byte(rest)?;
            let range = start..start + length;
            start = range.end;
            if !matches!(byte, b'+' | b'\\') && !byte.is_ascii_whitespace() {
                return Some((byte, range));
            }
        }
    })
}

/// Returns the first byte of a text, with its escape decoded, and how many bytes of the text it takes.
fn decoded_byte(text: &[u8]) -> Option<(u8, usize)> {
    let escaped = match text {
        [b'\\', b'n' | b'r' | b't', ..] => Some((b' ', 2)),
        [b'\\', b'u', b'0', b'0', rest @ ..] => hex(rest).map(|byte| (byte, 6)),
        [b'%', rest @ ..] => {
            // Can be escaped more than once: `%252B`.
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

/// Returns the byte of two hexadecimal digits at the beginning of a text.
fn hex(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(*text.first()?)?, digit(*text.get(1)?)?);
    u8::try_from(high * 16 + low).ok()
}

/// Appends a character, escaped if it is a control or bidirectional character.
///
/// Such characters could control a terminal or hide text.
fn push_escaped(out: &mut String, character: char) {
    let is_bidirectional = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || is_bidirectional {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

fn truncate(shown: &mut String) {
    let mut end = MAX_BYTES.min(shown.len());
    while !shown.is_char_boundary(end) {
        end -= 1;
    }
    shown.truncate(end);
}

#[cfg(test)]
mod tests;
