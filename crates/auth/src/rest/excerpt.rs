//! Texts of a server made fit for an error: short, on one line, and without anything that may be a token.

/// The longest excerpt, in bytes of the text shown.
const LONGEST: usize = 256;
/// Runs of token characters from this length on are taken for a token, a key or a signature.
const TOKEN_RUN: usize = 20;
const REDACTED: &str = "[redacted]";

/// What an error may show of a server's text.
pub(super) fn excerpt(text: &[u8]) -> String {
    let read = &text[..text.len().min(4 * LONGEST)];
    let is_whole = read.len() == text.len();
    let text = String::from_utf8_lossy(read);
    let mut shown = String::with_capacity(LONGEST);
    let mut rest: &str = &text;
    while let Some(first) = rest.chars().next() {
        if shown.len() > LONGEST {
            break;
        }
        let run = run_len(rest);
        if run > 0 {
            // A run that reaches the end of what was read may be the beginning of a longer one.
            let is_secret = run >= TOKEN_RUN
                || (run == rest.len() && !is_whole)
                || follows_token_name(&text[..text.len() - rest.len()]);
            shown.push_str(if is_secret { REDACTED } else { &rest[..run] });
            rest = &rest[run..];
        } else {
            push_visible(&mut shown, first);
            rest = &rest[first.len_utf8()..];
        }
    }
    if shown.len() > LONGEST || !is_whole {
        truncate(&mut shown);
        shown.push('…');
    }
    shown
}

/// Length of the run of token characters that a text begins with.
fn run_len(text: &str) -> usize {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+/%~\\".contains(&byte);
    text.bytes().take_while(|&byte| is_token(byte)).count()
}

/// Whether what comes next is the value of a member or a parameter called `token`, however short it is.
fn follows_token_name(before: &str) -> bool {
    let name = before.trim_end_matches(|character: char| {
        character.is_whitespace() || matches!(character, '"' | '\'' | ':' | '=' | '\\')
    });
    name.len() < before.len() && name.to_ascii_lowercase().ends_with("token")
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
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_message_is_shown_as_it_is() {
        let text = "Invalid KC-API-PASSPHRASE, IP 10.0.0.1 (400004)";
        assert_eq!(excerpt(text.as_bytes()), text);
    }

    #[test]
    fn control_characters_are_escaped() {
        let shown = excerpt("a\u{1b}[31mb\r\n\0\u{9b}\u{202e}".as_bytes());
        assert_eq!(shown, "a\\u{1b}[31mb\\r\\n\\u{0}\\u{9b}\\u{202e}");
    }

    #[test]
    fn a_long_run_is_redacted_even_over_the_end_of_the_excerpt() {
        let token = "2neAiuYvAU61ZDXANAGAsiL4-iAExhsBXZxftpOeh_55i3Ysy2q2LEsEWU64mdzUOPusi34M";
        let text = format!("{}{token}", "word ".repeat(50));
        let shown = excerpt(text.as_bytes());
        assert!(!shown.contains("2neA"), "{shown}");
        assert!(shown.len() <= LONGEST + "…".len());
    }

    #[test]
    fn a_short_token_is_redacted_by_its_name() {
        for text in [
            r#"{"data":{"token":"canary"#,
            r#"{"data":{"token" : "canary"}}"#,
            r#"{\"token\":\"canary\"}"#,
            r#"{"bulletToken":"canary"}"#,
            r#"{"token":"a\/canary\/b"}"#,
        ] {
            let shown = excerpt(text.as_bytes());
            assert!(!shown.contains("canary"), "{shown}");
        }
        assert!(!excerpt(b"/endpoint?token=canary&connectId=1").contains("canary"));
    }

    #[test]
    fn what_is_not_text_is_still_shown_in_short() {
        let shown = excerpt(&[0xff; 5000]);
        assert!(shown.starts_with('\u{fffd}') && shown.len() <= LONGEST + "…".len());
    }
}
