//! One-line error texts: what happened, why, and what to do.

use std::error::Error;
use std::io::{self, ErrorKind};

const OUT_OF_DESCRIPTORS_REMEDY: &str =
    "raise the limit of open files (`ulimit -n`), or close files and connections of this process";

/// Returns an error, its causes and a remedy on one line: `what happened: why; what to do`.
///
/// It joins [`describe`] and [`remedy`]. `own_remedy` is the caller's own remedy for the error, if there is one.
pub fn explain(error: &(dyn Error + 'static), own_remedy: Option<&str>) -> String {
    let text = describe(error);
    match remedy(error, own_remedy) {
        Some(remedy) if !text.contains(remedy) => format!("{text}; {remedy}"),
        _ => text,
    }
}

/// Returns an error and its causes on one line: `what happened: why`. Repeated text is left out.
pub fn describe(error: &(dyn Error + 'static)) -> String {
    let mut facts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let fact = cause.to_string();
        if facts.iter().any(|known| known.contains(&fact)) {
            continue;
        }
        // A cause can repeat the error above it and add to it.
        if facts
            .last()
            .is_some_and(|last| fact.contains(last.as_str()))
        {
            facts.pop();
        }
        facts.push(fact);
    }
    facts.join(": ")
}

/// Returns what the user can do about an error; `None` if unknown.
///
/// Returns `own_remedy` if the caller has one, else a remedy for an I/O error among the causes. If the process has no
/// file descriptors left, the remedy is always about file descriptors.
pub fn remedy<'r>(error: &(dyn Error + 'static), own_remedy: Option<&'r str>) -> Option<&'r str> {
    match is_out_of_descriptors(error) {
        true => Some(OUT_OF_DESCRIPTORS_REMEDY),
        false => own_remedy.or_else(|| io_errors(error).find_map(io_remedy)),
    }
}

/// Returns an iterator over an error and its chain of causes.
///
/// The chain includes the error inside an [`io::Error`], which [`Error::source`] skips.
pub fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause_of(*error))
}

fn cause_of<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// Returns `text` followed by an error code, unless `text` contains the code already.
pub fn with_code(text: &str, code: Option<&str>) -> String {
    match code {
        Some(code) if !contains_word(text, code) => format!("{text} (code {code})"),
        _ => text.to_owned(),
    }
}

/// Returns `true` if a text contains a code as a word.
fn contains_word(text: &str, code: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text.match_indices(code).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + code.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

fn io_errors<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e io::Error> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>())
}

/// Returns `true` if the error's cause is that the process or the machine has no file descriptors left.
pub fn is_out_of_descriptors(error: &(dyn Error + 'static)) -> bool {
    // EMFILE and ENFILE, which have no `ErrorKind`.
    const CODES: [i32; 2] = if cfg!(windows) { [10_024, 4] } else { [24, 23] };
    io_errors(error).any(|error| {
        let code = error.raw_os_error();
        code.is_some_and(|code| CODES.contains(&code))
    })
}

fn io_remedy(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => {
            "check the host and the port, and whether a firewall rejects the connection"
        }
        ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable => "check this machine's network connection and routes",
        ErrorKind::PermissionDenied => {
            "check whether a firewall or a sandbox on this machine forbids the connection"
        }
        ErrorKind::TimedOut => "check the network, and whether a firewall drops the packets",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<dyn Error + Send + Sync>>);

    impl std::fmt::Display for Layer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    fn layer(text: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Layer {
        Layer(text, Some(source.into()))
    }

    #[test]
    fn causes_are_joined_without_repetition() {
        let reset = || io::Error::other("connection reset");
        let check = |error: Layer, expected: &str| assert_eq!(explain(&error, None), expected);
        check(Layer("no token", None), "no token");
        check(layer("no token", reset()), "no token: connection reset");
        check(
            layer("no token: connection reset", reset()),
            "no token: connection reset",
        );
        check(
            layer(
                "no token",
                layer("sending", layer("sending the request", "reset")),
            ),
            "no token: sending the request: reset",
        );
    }

    #[test]
    fn callers_remedy_comes_last() {
        let refused = || io::Error::from(ErrorKind::ConnectionRefused);
        assert_eq!(
            explain(&layer("no answer", refused()), Some("start it")),
            "no answer: connection refused; start it"
        );
        let text = explain(&layer("no answer", refused()), None);
        assert!(text.ends_with(
            "; check the host and the port, and whether a firewall rejects the connection"
        ));
        assert_eq!(
            explain(&layer("start it", "now"), Some("start it")),
            "start it: now"
        );
    }

    #[test]
    fn remedy_follows_the_kind_of_the_io_error() {
        for (kind, words) in [
            (ErrorKind::ConnectionRefused, "the port"),
            (ErrorKind::NetworkUnreachable, "routes"),
            (ErrorKind::HostUnreachable, "routes"),
            (ErrorKind::PermissionDenied, "sandbox"),
            (ErrorKind::TimedOut, "firewall"),
        ] {
            let error = layer("no connection", io::Error::from(kind));
            assert!(remedy(&error, None).unwrap().contains(words), "{kind}");
        }
        let reset = layer("lost", io::Error::from(ErrorKind::ConnectionReset));
        assert_eq!(remedy(&reset, None), None);
        assert_eq!(remedy(&reset, Some("wait")), Some("wait"));
    }

    #[cfg(unix)]
    #[test]
    fn out_of_descriptors_has_its_own_remedy() {
        let full = || io::Error::from_raw_os_error(24);
        for error in [
            layer("no certificates", full()),
            layer("no connection", io::Error::other(layer("open", full()))),
        ] {
            assert!(is_out_of_descriptors(&error));
            let text = explain(&error, Some("install certificates"));
            assert!(
                text.contains("`ulimit -n`") && !text.contains("install"),
                "{text}"
            );
        }
        assert!(!is_out_of_descriptors(&io::Error::from(
            ErrorKind::NotFound
        )));
    }

    #[test]
    fn causes_include_errors_inside_io_errors() {
        let inner = layer("outer", io::Error::other(layer("inner", "root")));
        let texts: Vec<String> = causes(&inner).map(ToString::to_string).collect();
        assert_eq!(texts, ["outer", "inner", "inner", "root"]);
    }

    #[test]
    fn code_is_added_once() {
        let check = |text: &str, code: Option<&str>, expected: &str| {
            assert_eq!(with_code(text, code), expected);
        };
        check("gone", None, "gone");
        check("gone", Some("404"), "gone (code 404)");
        check(
            "refused (code 404: gone)",
            Some("404"),
            "refused (code 404: gone)",
        );
        check(
            "closed with code 1012",
            Some("101"),
            "closed with code 1012 (code 101)",
        );
    }
}
