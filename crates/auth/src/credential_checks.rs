//! Checks of a credential for copying mistakes.

use crate::CredentialProblem;

/// Checks any credential: it must not be empty, or have white space around it or invisible characters.
pub(crate) fn text_problem(text: &str) -> Option<CredentialProblem> {
    if text.is_empty() {
        Some(CredentialProblem::Empty)
    } else if text.trim().len() != text.len() {
        Some(CredentialProblem::SurroundingWhitespace)
    } else if has_invisible(text) {
        Some(CredentialProblem::Invisible)
    } else {
        None
    }
}

/// Checks a key or a secret. KuCoin's keys and secrets consist of letters, digits and dashes.
pub(crate) fn key_problem(text: &str) -> Option<CredentialProblem> {
    let is_assignment = text
        .split_once('=')
        .is_some_and(|(name, value)| is_name(name) && !value.is_empty());
    text_problem(text)
        .or_else(|| assignment_problem(text))
        .or_else(|| is_assignment.then_some(CredentialProblem::Assignment))
        .or_else(|| {
            let is_wrong = text.starts_with('$');
            is_wrong.then_some(CredentialProblem::VariableReference)
        })
        .or_else(|| escape_problem(text))
        .or_else(|| quotes_problem(text))
        .or_else(|| {
            let is_wrong = text.starts_with(is_quote) || text.ends_with(is_quote);
            is_wrong.then_some(CredentialProblem::Quoted)
        })
        .or_else(|| {
            let is_wrong = text.ends_with([',', ';']);
            is_wrong.then_some(CredentialProblem::TrailingSeparator)
        })
        .or_else(|| header_problem(text))
}

/// Checks a passphrase. Any text is accepted, except invisible characters and likely typing mistakes.
pub(crate) fn passphrase_problem(text: &str) -> Option<CredentialProblem> {
    let full_width = |character| matches!(character, '\u{ff01}'..='\u{ff5e}' | '\u{3000}');
    let problem = text_problem(text).or_else(|| assignment_problem(text));
    problem.or_else(|| {
        let is_wrong = text.contains(full_width);
        is_wrong.then_some(CredentialProblem::FullWidth)
    })
}

/// Finds a mistake: a whole line of a script, or a variable reference, instead of the value.
fn assignment_problem(text: &str) -> Option<CredentialProblem> {
    let assigned = text
        .trim_start_matches("export ")
        .trim_start_matches("set ");
    let is_wrong = assigned.starts_with("KUCOIN_API_") || text.starts_with("export ");
    if is_wrong {
        return Some(CredentialProblem::Assignment);
    }
    // A shell expands these, but not in single quotes or in an env file.
    let braced = text.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
    let named = braced.or_else(|| text.strip_prefix("$env:"));
    let is_wrong = named.is_some_and(is_name)
        || text.starts_with("$KUCOIN_API_")
        || text.starts_with("%KUCOIN_API_");
    is_wrong.then_some(CredentialProblem::VariableReference)
}

/// Returns `true` if the text can be the name of a variable.
fn is_name(text: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.bytes().all(is_of_name)
}

pub(crate) fn escape_problem(text: &str) -> Option<CredentialProblem> {
    let is_wrong = text.ends_with("\\n") || text.ends_with("\\r");
    is_wrong.then_some(CredentialProblem::TrailingEscape)
}

pub(crate) fn quotes_problem(text: &str) -> Option<CredentialProblem> {
    let (first, last) = (text.chars().next()?, text.chars().next_back()?);
    let closing = match first {
        '\u{201c}' => '\u{201d}',
        '\u{2018}' => '\u{2019}',
        other => other,
    };
    let is_wrong = is_quote(first) && last == closing && text.len() > first.len_utf8();
    is_wrong.then_some(CredentialProblem::Quoted)
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}')
}

/// Returns `true` if the text contains an invisible character.
///
/// Joiners between two characters that are not ASCII are allowed: emoji and Persian need them.
fn has_invisible(text: &str) -> bool {
    let is_joinable = |character: Option<char>| {
        character.is_some_and(|it| !it.is_ascii() && !it.is_whitespace() && !is_invisible(it))
    };
    text.char_indices().any(|(at, character)| {
        let is_joiner = matches!(character, '\u{200c}' | '\u{200d}')
            && is_joinable(text[..at].chars().next_back())
            && is_joinable(text[at..].chars().nth(1));
        is_invisible(character) && !is_joiner
    })
}

/// Returns `true` for an invisible character: a filler, a zero-width mark or a control character.
///
/// All spaces other than U+0020 and U+3000 count as invisible too.
fn is_invisible(character: char) -> bool {
    (character.is_whitespace() && !matches!(character, ' ' | '\u{3000}'))
        || character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
                | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        )
}

/// Returns `true` if the text has the form of a KuCoin key: 24 hexadecimal digits.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns `true` if the text has the form of a KuCoin secret: a UUID.
pub(crate) fn is_secret(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let is_hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_hex)
}

/// Checks a text that is sent as a header value.
pub(crate) fn header_problem(text: &str) -> Option<CredentialProblem> {
    text_problem(text).or_else(|| {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (!visible).then_some(CredentialProblem::NotVisibleAscii)
    })
}
