//! The script language: what reads, what it reads as, and what its errors say.

use std::time::Duration;

use super::*;

fn problem(line: &str) -> String {
    line.parse::<Faults>().unwrap_err().to_string()
}

/// A line for each effect, with every setting that has no default.
fn line_of(row: &(&str, &[&str], Read)) -> String {
    let settings = row.1.iter().filter_map(|setting| match *setting {
        "by" | "reset" => Some(format!("{setting}=250ms")),
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
    for row in EFFECTS {
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
    assert!(problem("sometimes: cut").contains("expected one of: token N, connection N"));
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
    assert_eq!(parse_duration("5"), None);
    assert_eq!(parse_duration("-5s"), None);
}

#[test]
fn the_example_script_reads_and_a_missing_file_is_named() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let faults = Faults::from_file(format!("{examples}/rough-day.faults")).unwrap();
    assert!(faults.list().len() >= 8);
    let missing = Faults::from_file("/no/such/script").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "cannot read the script /no/such/script"
    );
}
