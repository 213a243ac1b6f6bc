//! The script language: what reads, what it reads as, and what its errors say.

use std::time::Duration;

use super::*;
use crate::fault::{Flaw, Mutation, Utterance};

fn problem(line: &str) -> String {
    line.parse::<Faults>().unwrap_err().to_string()
}

/// A line for each effect, with every setting that has no default.
fn line_of(row: &Row) -> String {
    let settings = row.1.iter().filter_map(|setting| match *setting {
        "by" | "reset" | "per" | "life" | "retry-after" => Some(format!("{setting}=250ms")),
        "location" | "url" => Some(format!("{setting}=https://elsewhere.test/a?b=c")),
        "header" => Some("header=upgrade".to_owned()),
        "flaw" => Some("flaw=masked".to_owned()),
        "hex" => Some("hex=8a00ff".to_owned()),
        "field" => Some("field=total".to_owned()),
        "id" => Some("id='a b'".to_owned()),
        "text" => Some(r#"text="say \"no\" \\ é \u{7}""#.to_owned()),
        "how" if row.0 == "mutate-frame" => Some("how=null-field".to_owned()),
        "topic" => Some("topic=/account/balance".to_owned()),
        "count" => Some("count=2".to_owned()),
        "reason" => Some("reason=\"gone for lunch\"".to_owned()),
        _ => None,
    });
    format!(
        "after 3 frames: {} {}",
        row.0,
        settings.collect::<Vec<_>>().join(" ")
    )
}

#[test]
fn every_effect_reads_back_what_it_writes() {
    for row in rows() {
        let read: Faults = line_of(row).parse().unwrap();
        let written = read.list()[0].to_string();
        assert!(written.contains(row.0), "{written} is not named {}", row.0);
        assert_eq!(written.parse::<Faults>().unwrap(), read, "{written}");
    }
}

#[test]
fn every_trigger_reads_back_what_it_writes() {
    for line in [
        "token 2: token-html times=3",
        "connection 2..5: drop-welcome",
        "after 10 frames: cut how=reset times=always",
        "after 1500ms: half-open",
        "call storm: expire-tokens times=always",
        "dial 3: dial-reset",
    ] {
        let read: Faults = line.parse().unwrap();
        assert_eq!(read.list()[0].to_string(), line);
    }
}

#[test]
fn comments_and_empty_lines_are_skipped_and_lines_counted() {
    let error = "# storm\n\ntoken 1: token-html\n  after 1 frames: cutt"
        .parse::<Faults>()
        .unwrap_err();
    assert_eq!(error.line, 4);
    assert!(
        error
            .to_string()
            .starts_with("line 4: unknown effect \"cutt\", expected one of: cut, reset-mid-frame")
    );
}

#[test]
fn an_error_names_what_would_be_valid() {
    assert_eq!(
        problem("after 1 frames: cut hw=reset"),
        "line 1: cut has no setting \"hw\", expected one of: how, code, reason, times"
    );
    assert_eq!(
        problem("after 1 frames: cut how=axe"),
        "line 1: how=axe is not valid, expected close, eof or reset"
    );
    assert!(problem("sometimes: cut").contains("expected one of: token N, connection N, dial N"));
    assert!(problem("token 0: token-html").contains("unknown trigger"));
    assert_eq!(
        problem("token 1: token-slow"),
        "line 1: token-slow needs a setting by="
    );
    assert!(problem("token 1: token-slow by=soon").contains("a duration such as 250ms"));
    assert!(problem("token 1: token-html times=0").contains("a number of at least 1, or always"));
    assert!(problem("token 1: token-refuse status=200").contains("from 400 to 599"));
    assert!(problem("token 1 token-html").contains("a line is `trigger: effect setting=value`"));
}

#[test]
fn durations_have_units() {
    assert_eq!(parse_duration("1.5s"), Some(Duration::from_millis(1500)));
    assert_eq!(parse_duration("2m"), Some(Duration::from_secs(120)));
    assert_eq!(parse_duration("24h"), Some(Duration::from_secs(86_400)));
    assert_eq!(parse_duration("5"), None);
    assert_eq!(parse_duration("-5s"), None);
}

#[test]
fn the_example_scripts_read_and_a_missing_file_is_named() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let faults = Faults::from_file(format!("{examples}/rough-day.faults")).unwrap();
    assert!(faults.list().len() >= 8);
    let hostile = Faults::from_file(format!("{examples}/hostile-day.faults")).unwrap();
    let again: Vec<String> = hostile.list().iter().map(ToString::to_string).collect();
    assert_eq!(again.join("\n").parse::<Faults>().unwrap(), hostile);
    let missing = Faults::from_file("/no/such/script").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "cannot read the script /no/such/script"
    );
}

#[test]
fn texts_may_hold_anything_in_quotes() {
    let text = |line: &str| match &line.parse::<Faults>().unwrap().list()[0].effect {
        Effect::Say(Utterance::Text { text }) => text.clone(),
        other => panic!("another effect: {other:?}"),
    };
    assert_eq!(
        text(r#"after 1s: send-text text='{"a":"b\c"}'"#),
        r#"{"a":"b\c"}"#
    );
    assert_eq!(
        text(r#"after 1s: send-text text="a \"b\" \\ \u{1F600}\n""#),
        "a \"b\" \\ 😀\n"
    );
    for open in ["'{", "\"{", "\"\\x\"", "\"\\u{zz}\""] {
        let line = format!("after 1s: send-text text={open}");
        assert!(
            problem(&line).contains("texts with spaces in quotes"),
            "{line}"
        );
    }
}

#[test]
fn every_flaw_and_mutation_reads_back_and_is_named_where_one_is_unknown() {
    let flaws = Flaw::all().map(|flaw| format!("connection 1: flawed-frame flaw={flaw} count=2"));
    let mutations =
        Mutation::all().map(|how| format!("connection 1: mutate-frame how={how} count=2"));
    for line in flaws.chain(mutations) {
        assert_eq!(line.parse::<Faults>().unwrap().list()[0].to_string(), line);
    }
    for flaw in Flaw::all() {
        assert!(problem("connection 1: flawed-frame flaw=ugly").contains(&flaw.to_string()));
    }
    for how in Mutation::all() {
        assert!(problem("connection 1: mutate-frame how=ugly").contains(&how.to_string()));
    }
    assert!(problem("connection 1: send-bytes hex=8").contains("hexadecimal"));
    assert!(problem("connection 1: upgrade-redirect status=200 location=/").contains("from 300"));
    assert!(problem("connection 1: upgrade-without header=host").contains("sec-websocket-accept"));
}

#[test]
fn the_description_of_the_language_names_every_effect_and_setting() {
    let described = include_str!("../language.md");
    for (name, settings, _) in rows() {
        let line = described
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}`")))
            .unwrap_or_else(|| panic!("{name} is not described"));
        for setting in settings.iter().filter(|setting| **setting != "times") {
            assert!(line.contains(&format!("`{setting}=`")), "{name} {setting}");
        }
    }
    let names = described
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    for name in names.filter(|name| !name.contains(' ')) {
        assert!(
            rows().any(|row| row.0 == name),
            "{name} is described and unknown"
        );
    }
    let flaws = Flaw::all().map(|flaw| flaw.to_string());
    for word in flaws.chain(Mutation::all().map(|mutation| mutation.to_string())) {
        assert!(described.contains(&format!("`{word}`")), "{word}");
    }
}
