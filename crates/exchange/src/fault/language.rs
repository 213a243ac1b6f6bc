//! The description of the script language, written from the tables that the parser reads by.

use std::fmt::Write;

use super::Faults;
use super::effects::{Place, rows};
use super::script::TRIGGERS;
use super::table::{Parameter, Row, sentence};

const HEAD: &str = "\
A script has one fault a line; empty lines and lines that begin with # are
skipped:

  trigger: fault parameter=value ...

Text with spaces is put in quotes: \"with \\\"escapes\\\" \\\\ \\n \\u{7}\", or
'{\"taken\":\"literally\"}'. Durations are 250ms, 5s, 2m or 24h. Every fault takes
`times=`, the number of times that it happens, or `always`; without it once,
after `call` always.

TRIGGERS
N counts from 1. It may be a range such as 2..5, of which the seed draws one
number.
";

const TAIL: &str = "
A fault that cannot act on what triggered it waits for the next thing of its
kind: one on token requests for the next of them, one on a connection that
opens for the next connection. If nothing triggered it but a time or a name, a
fault on open connections acts on all of them.
";

/// The columns of the description.
const COLUMNS: usize = 78;

/// Begins the line of an example.
const EXAMPLE: &str = "      Example: ";

/// The places in the order of a client that connects, each with a trigger for its examples.
const PLACES: [(Place, &str, &str); 5] = [
    (
        Place::Dial,
        "A TCP CONNECTION, BEFORE ANYTHING IS READ FROM IT",
        "dial 1",
    ),
    (Place::Token, "A TOKEN REQUEST", "token 1"),
    (
        Place::Opening,
        "A CONNECTION WHILE IT OPENS",
        "connection 1",
    ),
    (Place::Socket, "A CONNECTION AT ANY TIME", "connection 1"),
    (Place::Exchange, "THE EXCHANGE AS A WHOLE", "after 5s"),
];

impl Faults {
    /// Describes the script language: each trigger, fault and parameter, with an example each.
    #[must_use]
    pub fn language() -> String {
        let mut text = HEAD.to_owned();
        for (form, about, example) in TRIGGERS {
            entry(&mut text, form, about, example);
        }
        for (place, heading, trigger) in PLACES {
            let _ = write!(text, "\n{heading}\n");
            for row in rows().filter(|row| row.place == place) {
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
        // What may be left out is, if the line is too long.
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
        None if parameter.optional => "may be left out".to_owned(),
        None => "required".to_owned(),
    };
    let words = parameter.words;
    let line = match words.is_empty() {
        true => format!(
            "{}=  {about} ({}; {default})",
            parameter.name,
            parameter.expected()
        ),
        false => format!("{}=  {about}, one of ({default}):", parameter.name),
    };
    wrapped(text, 6, 8, &line);
    for (word, meaning) in words {
        wrapped(text, 10, 12, &format!("{word}  {}", sentence(meaning)));
    }
}

fn entry(text: &mut String, name: &str, about: &str, example: &str) {
    let _ = write!(text, "\n  {name}\n");
    wrapped(text, 6, 6, about);
    let _ = writeln!(text, "{EXAMPLE}{example}");
}

/// A paragraph that fits [`COLUMNS`]; words stay whole.
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
