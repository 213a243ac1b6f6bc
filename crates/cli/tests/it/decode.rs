//! `decode`: one output line for each input line.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::rig::*;

/// Pushes of every kind, one per line.
const PUSHES: &str = include_str!("../fixtures/v1.ndjson");

const CONTROL: [(&str, &str); 8] = [
    (
        r#"{"id":"c-17","type":"welcome"}"#,
        r#"{"kind":"welcome","id":"c-17"}"#,
    ),
    (r#"{"type":"ack","id":"3"}"#, r#"{"kind":"ack","id":"3"}"#),
    (
        r#"{"id":"4","type":"error","code":404,"data":"topic /x is not found"}"#,
        r#"{"kind":"refused","id":"4","code":"404","message":"topic /x is not found"}"#,
    ),
    (
        r#"{"type":"error","code":401,"data":"token is expired","hint":1}"#,
        r#"{"kind":"refused","code":"401","message":"token is expired"}"#,
    ),
    (r#"{"id":"5","type":"pong"}"#, r#"{"kind":"pong","id":"5"}"#),
    (
        r#"{"type":"pong","timestamp":1768824067407080123456}"#,
        r#"{"kind":"pong"}"#,
    ),
    (
        r#"{"type":"notice","data":[1E+400]}"#,
        r#"{"kind":"other"}"#,
    ),
    (
        r#"{"topic":"/nobody/knows","type":"message","data":{}}"#,
        r#"{"kind":"other"}"#,
    ),
];

fn command_of(args: &[&str]) -> Command {
    let of_v1 = ["--protocol", "v1"];
    let protocol = if args.contains(&"--protocol") {
        &[]
    } else {
        &of_v1[..]
    };
    let mut command = command(&[&["decode"], protocol, args].concat());
    command.stdin(Stdio::piped());
    command
}

/// Runs the command on this input.
fn decode(args: &[&str], input: &[u8]) -> CommandOutput {
    let mut running = Running::start(command_of(args));
    let mut stdin = running.stdin();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let ran = running.finish();
    writer.join().unwrap().unwrap();
    ran
}

#[track_caller]
fn one(input: &[u8]) -> Value {
    let mut lines = decode(&[], input).succeeds().lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

#[test]
fn every_push_is_an_update_with_all_of_its_fields() {
    let lines = decode(&["--strict"], PUSHES.as_bytes()).succeeds().lines();
    assert_eq!(lines.len(), PUSHES.lines().count());
    for (line, frame) in lines.iter().zip(PUSHES.lines()) {
        let frame: Value = serde_json::from_str(frame).unwrap();
        for name in ["topic", "subject", "id", "userId"] {
            assert_eq!(line[name], frame[name], "{name} of {line}");
        }
        let mut known = vec!["kind", "topic", "subject", "userId", "data"];
        known.extend(frame.get("id").map(|_| "id"));
        known.retain(|name| *name != "userId" || frame.get(name).is_some());
        let names: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert!(
            names.iter().all(|name| known.contains(&name.as_str())),
            "{line}"
        );
        assert_eq!(
            (line["kind"].as_str(), names.len()),
            (Some("update"), known.len())
        );
        let (given, shown) = (frame["data"].as_object().unwrap(), &line["data"]);
        // Null and empty strings may be omitted.
        for (name, value) in given {
            assert!(
                value.is_null() || value == "" || !shown[name].is_null(),
                "{name} of {line}"
            );
        }
        // A normalized field name, and the symbol from the topic, may be added.
        let added = |name: &&String| !given.contains_key(*name);
        for name in shown.as_object().unwrap().keys().filter(added) {
            assert!(
                ["symbol", "oldSize"].contains(&name.as_str()),
                "{name} of {line}"
            );
        }
    }
}

#[test]
fn numbers_keep_digits_and_times_nanoseconds() {
    let ran = decode(&[], PUSHES.as_bytes()).succeeds();
    for digits in [
        r#""totalAsset":"0.01234567890123456789""#,
        r#""fee":"0.0124999999999999999""#,
        r#""available":"0.0003756477864777482""#,
        r#""maintMargin":"0.00000000""#,
        r#""fundingRate":"-0.000023""#,
        r#""leverage":"10""#,
        r#""bonus":12.50"#,
        r#""ts":"1764000001124000001""#,
        r#""time":"1764000009341000007""#,
        r#""orderTime":"1764000000123000000""#,
        r#""version":"1042""#,
        r#""type":"TRIGGERED""#,
    ] {
        assert!(
            ran.stdout.contains(digits),
            "{digits} is not in {}",
            ran.stdout
        );
    }
}

#[test]
fn control_frames_are_kept_whole() {
    let input: String = CONTROL
        .iter()
        .map(|(frame, _)| format!("{frame}\n"))
        .collect();
    let ran = decode(&[], input.as_bytes()).succeeds();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), CONTROL.len());
    for (line, (frame, expected)) in lines.iter().zip(CONTROL) {
        // The frame is at the end, byte for byte.
        let expected = expected.strip_suffix('}').unwrap();
        assert_eq!(*line, format!("{expected},\"frame\":{frame}}}"));
    }
}

#[test]
fn unknown_envelope_fields_are_kept() {
    let line = one(br#"{"topic":"/account/balance","type":"message","data":{"currency":"KCS","new":[0.10]},"tunnelId":"bt1"}"#);
    assert_eq!(line["envelope"], json!({"tunnelId": "bt1"}));
    assert_eq!(line["data"]["new"], json!([0.10]));
}

#[test]
fn undecodable_line_has_reason_and_raw_text() {
    for (input, reason) in [
        (&br#"{"topic":"/account/balance","type":"mess"#[..], ""),
        (
            br#"{"topic":"/account/balance","type":"message","data":{}}"#,
            "currency",
        ),
        (
            br#"{"topic":"/nobody/knows","type":"message","data":{}} x"#,
            "",
        ),
        (br#"{"type":"ack","id":"3"}}"#, ""),
        (b"[]", ""),
        (b"pong", ""),
    ] {
        let line = one(input);
        assert_eq!(line["kind"], "undecodable", "{line}");
        assert_eq!(line["raw"], String::from_utf8_lossy(input).as_ref());
        let reported = line["reason"].as_str().unwrap();
        assert!(!reported.is_empty() && reported.contains(reason), "{line}");
    }
}

#[test]
fn line_that_is_not_utf_8_is_undecodable() {
    let line = one(b"{\"type\":\"\xff\"}\n");
    assert_eq!(
        (&line["kind"], &line["reason"]),
        (&"undecodable".into(), &"not utf-8".into())
    );
    assert_eq!(line["raw"], "{\"type\":\"\u{fffd}\"}");
}

#[test]
fn blank_lines_are_skipped_in_order() {
    let input = "\n{\"type\":\"ack\",\"id\":\"1\"}\r\n  \t\r\n\n{\"type\":\"pong\",\"id\":\"2\"}\nno\n\n{\"type\":\"ack\",\"id\":\"3\"}";
    let lines = decode(&[], input.as_bytes()).succeeds().lines();
    let reported: Vec<(&Value, &Value)> = lines
        .iter()
        .map(|line| (&line["kind"], &line["id"]))
        .collect();
    assert_eq!(
        json!(reported),
        json!([
            ["ack", "1"],
            ["pong", "2"],
            ["undecodable", null],
            ["ack", "3"]
        ])
    );
    assert_eq!(decode(&["--strict"], b"\n \n").succeeds().stdout, "");
}

#[test]
fn strict_fails_with_counts() {
    let good = "{\"type\":\"ack\",\"id\":\"1\"}\n";
    decode(&["--strict"], good.as_bytes()).succeeds();
    for (bad, counts) in [
        ("no\nno\n{}\n", "4 frames: 2 undecodable, 1 other"),
        (
            "{\"type\":\"notice\"}\n",
            "2 frames: 0 undecodable, 1 other",
        ),
        ("no\n", "2 frames: 1 undecodable, 0 other"),
    ] {
        let input = format!("{good}{bad}");
        let lines = decode(&[], input.as_bytes()).succeeds().lines();
        let strict = decode(&["--strict"], input.as_bytes());
        assert_eq!(strict.status, Some(1));
        assert_eq!(strict.lines(), lines);
        let reported: Vec<&str> = strict.stderr.lines().collect();
        assert_eq!(reported.len(), 1, "{reported:?}");
        assert!(reported[0].contains(counts), "{reported:?}");
    }
}

#[test]
fn long_lines_are_decoded() {
    let long = "x".repeat(2 * 1024 * 1024);
    let frame = format!(
        r#"{{"topic":"/account/balance","type":"message","data":{{"currency":"KCS","note":"{long}"}}}}"#
    );
    let input = format!("{frame}\n{{\"type\":\"ack\",\"id\":\"1\"}}\n{frame}");
    let lines = decode(&["--strict"], input.as_bytes()).succeeds().lines();
    assert_eq!(lines.len(), 3);
    for line in [&lines[0], &lines[2]] {
        assert_eq!(line["data"]["note"], long);
    }
    assert_eq!(lines[1]["kind"], "ack");
}

#[test]
fn lines_are_written_while_the_input_is_open() {
    let mut running = Running::start(command_of(&[]));
    let mut stdin = running.stdin();
    for id in 1..=3 {
        writeln!(stdin, "{{\"type\":\"ack\",\"id\":\"{id}\"}}").unwrap();
        assert_eq!(object(&running.line())["id"], id.to_string());
    }
    // An incomplete line does not hold back complete ones.
    write!(stdin, "{{\"type\":\"pong\"}}\n{{\"type\":").unwrap();
    assert_eq!(object(&running.line())["kind"], "pong");
    drop(stdin);
    assert_eq!(running.finish().succeeds().lines().len(), 5);
}

#[test]
fn closed_pipe_ends_quietly() {
    for args in [&[][..], &["--strict"]] {
        let mut running = Running::start(command_of(args));
        let mut stdin = running.stdin();
        let writer = std::thread::spawn(move || {
            // Until the command closes its stdin.
            while stdin.write_all(b"{\"type\":\"pong\"}\nno\n").is_ok() {}
        });
        running.line();
        running.close_stdout();
        let ran = running.finish();
        writer.join().unwrap();
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn wrong_arguments_are_wrong_usage() {
    for args in [
        &["decode", "--protocol"][..],
        &["decode", "--protocol", "v9"],
        &["decode", "one.ndjson", "two.ndjson"],
    ] {
        let ran = run(command(args));
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{args:?}");
    }
}

/// Pushes of Pro V2.
const UNIFIED_PUSHES: &str = include_str!("../fixtures/pro.ndjson");

/// Asserts that no number loses digits in a parser with 64-bit floats, such as JavaScript and jq 1.6.
fn assert_survives_floats(value: &Value, line: &str) {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().unwrap();
            let integer = number.as_i64();
            assert!(
                integer.is_none_or(|integer| float as i64 == integer && integer.abs() < 1 << 53),
                "{number} loses digits: {line}"
            );
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| assert_survives_floats(item, line)),
        Value::Object(members) => {
            members
                .values()
                .for_each(|member| assert_survives_floats(member, line));
        }
        _ => {}
    }
}

#[test]
fn numbers_survive_parsers_with_floats() {
    for (protocol, pushes) in [("v1", PUSHES), ("pro", UNIFIED_PUSHES)] {
        let ran = decode(&["--protocol", protocol, "--strict"], pushes.as_bytes()).succeeds();
        for line in ran.stdout.lines() {
            assert_survives_floats(&object(line), line);
        }
    }
}

#[test]
fn times_are_rfc3339_on_request() {
    let frame = r#"{"topic":"/contractMarket/tradeOrders","type":"message","data":{"symbol":"XBTUSDTM","orderId":"a6","type":"open","orderTime":1.765E18,"ts":1765000000000000001,"tradeId":"1"}}"#;
    let of = |times: &str| {
        let ran = decode(&["--times", times], frame.as_bytes()).succeeds();
        let data = ran.lines()[0]["data"].clone();
        [data["orderTime"].clone(), data["ts"].clone()]
    };
    assert_eq!(of("ns"), ["1765000000000000000", "1765000000000000001"]);
    assert_eq!(
        of("rfc3339"),
        [
            "2025-12-06T05:46:40.000000000Z",
            "2025-12-06T05:46:40.000000001Z"
        ]
    );
    let pushed = r#"{"T":"lw.UNIFIED","P":1765000000000,"d":{"eT":"MARGIN_CALL","U":1765000000}}"#;
    let args = ["--protocol", "pro", "--times", "rfc3339"];
    let line = decode(&args, pushed.as_bytes())
        .succeeds()
        .lines()
        .remove(0);
    for time in [&line["pushedAt"], &line["data"]["updatedAt"]] {
        assert_eq!(time, "2025-12-06T05:46:40.000000000Z");
    }
}

#[test]
fn invalid_time_stays_raw_and_loses_no_event() {
    for raw in ["1.7650000000000000001E18", "1.765E19", "\"soon\"", "[1]"] {
        let frame = format!(
            r#"{{"topic":"/account/balance","type":"message","data":{{"currency":"KCS","total":"1.50","time":{raw}}}}}"#
        );
        for times in ["ns", "rfc3339"] {
            let ran = decode(&["--strict", "--times", times], frame.as_bytes()).succeeds();
            assert!(
                ran.stdout.contains(&format!("\"time\":{raw}")),
                "{}",
                ran.stdout
            );
            assert_eq!(ran.lines()[0]["data"]["total"], "1.50");
        }
    }
}

#[test]
fn half_surrogate_pair_loses_no_event() {
    for half in [r"gm \ud83d", r"\udc00", r"\uD83D\uD83D", r"\ud83d \udc00"] {
        let v1 = format!(
            r#"{{"topic":"/spotMarket/tradeOrdersV2","type":"message","userId":"{half}","data":{{"clientOid":"{half}","orderId":"a1","symbol":"BTC-USDT","type":"open","ts":1765000000000000001}}}}"#
        );
        let pro = format!(
            r#"{{"T":"orderAll.UNIFIED","P":1,"d":{{"oi":"1","ci":"{half}","s":"XBTUSDTM","os":3,"U":1765000000000000001}}}}"#
        );
        for (protocol, frame) in [("v1", v1), ("pro", pro)] {
            let args = ["--strict", "--protocol", protocol];
            let ran = decode(&args, frame.as_bytes()).succeeds();
            for kept in [
                r#""kind":"update""#.to_owned(),
                // Each half is escaped, because jq 1.6 rejects it otherwise.
                format!(r#""clientOid":"{}""#, half.replace('\\', r"\\")),
                r#""1765000000000000001""#.to_owned(),
            ] {
                assert!(ran.stdout.contains(&kept), "{kept}: {}", ran.stdout);
            }
        }
    }
}
