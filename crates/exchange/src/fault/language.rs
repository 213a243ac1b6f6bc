//! The description of the script language, generated from the parser's tables.

use std::fmt::Write;

use super::Faults;
use super::effects::{Target, rows};
use super::script::TRIGGERS;
use super::table::{Parameter, Row, sentence};

const HEAD: &str = "\
A fault script has one fault per line. Empty lines and lines that begin with #
are ignored.

  trigger: fault parameter=value ...

Put text with spaces in quotes. Double quotes have the escapes \\\" \\\\ \\n \\t and
\\u{7}; text in single quotes is literal: '{\"type\":\"notice\"}'. Durations are
written as 250ms, 5s, 2m or 24h.

Every fault has the parameter `times=`: how many times it happens, a number or
`always`. The default is 1, with the trigger `call` it is `always`. Repeated
faults happen on consecutive dials, token requests, REST queries or connections,
and with `after N frames` once per connection.

TRIGGERS
N counts from 1. It may be a range such as 2..5, from which the seed selects
one number.
";

const TAIL: &str = "
WHICH CONNECTION A FAULT ACTS ON
A fault acts on the dial, token request, REST query or connection that
triggered it. If it cannot, it acts on the next one: a fault in a token response
on the next token request, a fault in a REST response on the next query, a fault
of an opening connection on the next connection. With the
triggers `after TIME` and `call NAME`, the faults of a connection at any time
act on all open connections.
";

/// Maximum line length.
const COLUMNS: usize = 78;

const EXAMPLE: &str = "      Example: ";

/// The sections in the order in which a client connects, each with the trigger for its examples.
const SECTIONS: [(Target, &str, &str); 6] = [
    (
        Target::Dial,
        "FAULTS OF A TCP CONNECTION, BEFORE ANYTHING IS READ",
        "dial 1",
    ),
    (Target::Token, "FAULTS IN A TOKEN RESPONSE", "token 1"),
    (Target::Rest, "FAULTS IN A REST RESPONSE", "rest 1"),
    (
        Target::Opening,
        "FAULTS OF A CONNECTION WHILE IT OPENS",
        "connection 1",
    ),
    (
        Target::Socket,
        "FAULTS OF A CONNECTION AT ANY TIME",
        "connection 1",
    ),
    (
        Target::Exchange,
        "FAULTS OF THE LOCAL EXCHANGE AS A WHOLE",
        "after 5s",
    ),
];

impl Faults {
    /// Returns a description of the script language: every trigger, fault and parameter, with examples.
    #[must_use]
    pub fn language() -> String {
        let mut text = HEAD.to_owned();
        for (form, about, example) in TRIGGERS {
            entry(&mut text, form, about, example);
        }
        for (target, heading, trigger) in SECTIONS {
            let _ = write!(text, "\n{heading}\n");
            for row in rows().filter(|row| row.target == target) {
                describe(&mut text, row, trigger);
            }
        }
        text + TAIL
    }
}

fn describe(text: &mut String, row: &Row, trigger: &str) {
    let mut example = format!("{trigger}: {}", row.name);
    for parameter in row.parameters {
        let more = format!(" {}", parameter.example());
        // Optional parameters that do not fit the line are omitted.
        let fits = EXAMPLE.len() + example.len() + more.len() <= COLUMNS;
        if fits || (parameter.default.is_none() && !parameter.optional) {
            example.push_str(&more);
        }
    }
    entry(text, row.name, &sentence(row.about), &example);
    for parameter in row.parameters {
        describe_parameter(text, parameter);
    }
}

fn describe_parameter(text: &mut String, parameter: &Parameter) {
    let about = sentence(parameter.about);
    let about = about.trim_end_matches('.');
    let default = match parameter.default {
        Some("") => "empty by default".to_owned(),
        Some(default) => format!("default {default}"),
        None if parameter.optional => "optional".to_owned(),
        None => "required".to_owned(),
    };
    let values = parameter.enum_values;
    let line = match values.is_empty() {
        true => format!(
            "{}=  {about} ({}; {default})",
            parameter.name,
            parameter.expected()
        ),
        false => format!("{}=  {about}, one of ({default}):", parameter.name),
    };
    wrapped(text, 6, 8, &line);
    for (value, meaning) in values {
        wrapped(text, 10, 12, &format!("{value}  {}", sentence(meaning)));
    }
}

fn entry(text: &mut String, name: &str, about: &str, example: &str) {
    let _ = write!(text, "\n  {name}\n");
    wrapped(text, 6, 6, about);
    let _ = writeln!(text, "{EXAMPLE}{example}");
}

/// Appends a paragraph, wrapped at [`COLUMNS`].
fn wrapped(text: &mut String, first: usize, others: usize, paragraph: &str) {
    let mut line = " ".repeat(first);
    for word in paragraph.split_inclusive(' ') {
        if line.len() + word.trim_end().len() > COLUMNS {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(others);
        }
        line.push_str(word);
    }
    let _ = writeln!(text, "{}", line.trim_end());
}
