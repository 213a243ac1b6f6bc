//! Tests of the script parser, its errors and its description.

use super::*;
use crate::fault::{Effect, FrameViolation, InjectedMessage, Mutation};

fn problem(line: &str) -> String {
    line.parse::<Faults>().unwrap_err().to_string()
}

/// Returns a script line of the fault with every parameter.
fn line_of(row: &Row) -> String {
    let parameters = row.parameters.iter();
    let parameters = parameters.map(|known| format!(" {}", known.example()));
    format!(
        "after 3 frames: {}{}",
        row.name,
        parameters.collect::<String>()
    )
}

#[test]
fn every_effect_parses_back_from_its_display() {
    for row in rows() {
        let read: Faults = line_of(row).parse().unwrap();
        let written = read.list()[0].to_string();
        assert!(written.contains(row.name), "{written} is not {}", row.name);
        assert_eq!(written.parse::<Faults>().unwrap(), read, "{written}");
    }
}

#[test]
fn every_trigger_parses_back_from_its_display() {
    for line in [
        "token 2: token-html times=3",
        "rest 2: rest-close",
        "rest 1..3 /hf/fills: rest-slow by=250ms times=2",
        "connection 2..5: drop-welcome",
        "after 10 frames: cut how=reset times=always",
        "after 1500ms: half-open",
        "after 6s: token-slow by=250ms",
        "call storm: expire-tokens times=always",
        "dial 3: dial-reset",
    ] {
        let read: Faults = line.parse().unwrap();
        assert_eq!(read.list()[0].to_string(), line);
    }
}

#[test]
fn comments_and_empty_lines_count_in_line_numbers() {
    let error = "# storm\n\ntoken 1: token-html\n  after 1 frames: cutt"
        .parse::<Faults>()
        .unwrap_err();
    assert_eq!(error.line, 4);
    assert_eq!(
        error.to_string(),
        "line 4: unknown fault `cutt` (did you mean `cut`?)"
    );
}

#[test]
fn error_lists_valid_values() {
    assert_eq!(
        problem("after 1 frames: cut hw=reset"),
        "line 1: `cut` has no parameter `hw`; expected one of: how, code, reason, times"
    );
    assert_eq!(
        problem("after 1 frames: cut how=axe"),
        "line 1: `how=axe` is not valid; expected close, eof or reset"
    );
    assert_eq!(
        problem("after 1 frames: cut how=reset code=1001"),
        "line 1: `how=reset` is not valid; expected close if `code=` or `reason=` is given"
    );
    assert!(problem("sometimes: cut").contains("expected one of: token N, connection N, dial N"));
    assert_eq!(
        problem("token 1: token-slow"),
        "line 1: `token-slow` needs the parameter `by=`"
    );
    assert!(problem("token 1: token-slow by=soon").contains("a duration such as 250ms"));
    assert!(problem("token 1: token-html times=0").contains("a number of at least 1, or always"));
    assert!(problem("token 1: token-refuse status=200").contains("from 400 to 599"));
    assert!(problem("token 1 token-html").contains("write `trigger: fault parameter=value`"));
}

#[test]
fn duplicate_parameter_is_an_error() {
    for (line, parameter) in [
        ("connection 1: cut how=reset how=eof", "how"),
        ("connection 1: cut times=2 how=eof times=3", "times"),
        ("connection 1: cut hw=reset hw=eof", "hw"),
    ] {
        assert_eq!(
            problem(line),
            format!("line 1: `{parameter}=` is given twice; remove one of them")
        );
    }
}

#[test]
fn trigger_count_of_zero_or_empty_range_is_an_error() {
    let zero = |found: &str| format!("line 1: `{found}` is not valid; counts start at 1");
    let empty = |found: &str, range: &str| {
        format!("line 1: the range `{range}` in `{found}` is empty; write the lower number first")
    };
    for (found, expected) in [
        ("connection 0", zero("connection 0")),
        ("token 0", zero("token 0")),
        ("dial 0..3", zero("dial 0..3")),
        ("after 0 frames", zero("after 0 frames")),
        ("connection 3..2", empty("connection 3..2", "3..2")),
        (
            "after 20..10 frames",
            empty("after 20..10 frames", "20..10"),
        ),
    ] {
        assert_eq!(problem(&format!("{found}: cut")), expected);
    }
    for other in [
        "connection x",
        "connection",
        "connection 1..",
        "sometimes 0",
        "after -1 frames",
    ] {
        let problem = problem(&format!("{other}: cut"));
        assert!(problem.contains("unknown trigger"), "{problem}");
    }
}

#[test]
fn example_scripts_parse_and_missing_file_is_an_error() {
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
fn quoted_text_may_contain_anything() {
    let text = |line: &str| match &line.parse::<Faults>().unwrap().list()[0].effect {
        Effect::Say(InjectedMessage::Text { text }) => text.clone(),
        other => panic!("unexpected effect: {other:?}"),
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
            problem(&line).contains("put text with spaces in quotes"),
            "{line}"
        );
    }
}

#[test]
fn every_violation_and_mutation_parses_back_and_is_listed() {
    let flaws =
        FrameViolation::all().map(|flaw| format!("connection 1: flawed-frame flaw={flaw} count=2"));
    let mutations =
        Mutation::all().map(|how| format!("connection 1: mutate-frame how={how} count=2"));
    for line in flaws.chain(mutations) {
        assert_eq!(line.parse::<Faults>().unwrap().list()[0].to_string(), line);
    }
    for flaw in FrameViolation::all() {
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
fn language_describes_every_trigger_fault_and_parameter() {
    let language = Faults::language();
    let lines: Vec<&str> = language.lines().map(str::trim_start).collect();
    let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
    for (form, ..) in TRIGGERS {
        assert!(has(form), "{form}");
    }
    for row in rows() {
        assert!(has(row.name), "{}", row.name);
        for parameter in row.parameters {
            assert!(has(&format!("{}=  ", parameter.name)), "{}", row.name);
            for (value, _) in parameter.enum_values {
                assert!(has(&format!("{value}  ")), "{} {value}", row.name);
            }
        }
    }
    let long = language.lines().find(|line| line.chars().count() > 80);
    assert_eq!(long, None, "a line is too long for a terminal");
}

#[test]
fn every_example_of_the_language_is_valid() {
    let language = Faults::language();
    let examples = language
        .lines()
        .filter_map(|line| line.split_once("Example: "));
    let examples: Vec<&str> = examples.map(|(_, example)| example).collect();
    assert_eq!(examples.len(), TRIGGERS.len() + rows().count());
    for example in examples {
        if let Err(error) = example.parse::<Faults>() {
            panic!("{example}: {error}");
        }
    }
}

#[test]
fn fault_names_are_unique() {
    let mut names: Vec<&str> = rows().map(|row| row.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn only_similar_fault_is_suggested() {
    let suggested = |word: &str| {
        let text = problem(&format!("connection 1: {word}"));
        text.split_once("did you mean `")
            .map(|(_, rest)| rest.trim_end_matches("`?)").to_owned())
    };
    assert_eq!(suggested("cutt").as_deref(), Some("cut"));
    assert_eq!(suggested("half-opne").as_deref(), Some("half-open"));
    assert_eq!(suggested("drop-ack").as_deref(), Some("drop-acks"));
    for far in ["x", "to", "explode", "half", "tokens"] {
        assert_eq!(suggested(far), None, "{far}");
    }
    assert_eq!(
        problem("connection 1: "),
        "line 1: no fault after the trigger `connection 1`; write `trigger: fault parameter=value`"
    );
}

#[test]
fn byte_order_mark_and_crlf_are_accepted() {
    let script = "\u{feff}token 1: token-html\r\n\r\n# done\r\n";
    assert_eq!(script.parse::<Faults>().unwrap().list().len(), 1);
}

#[test]
fn refuse_topic_has_default_code_and_text() {
    let read: Faults = "connection 1: refuse-topic topic=/a".parse().unwrap();
    let expected = Effect::RefuseTopic {
        topic: "/a".to_owned(),
        code: 404,
        text: "topic {topic} is not found".to_owned(),
    };
    assert_eq!(read.list()[0].effect, expected);
}
