//! Input of `decode`: files, stdin, encodings, and frames of both protocols in one file.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::rig::*;

const V1: &str = include_str!("../fixtures/v1.ndjson");
const PRO: &str = include_str!("../fixtures/pro.ndjson");

/// A temporary file, removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let name = format!("kucoin-streams-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn decode_file(name: &str, bytes: &[u8]) -> CommandOutput {
    let file = Scratch::new(name, bytes);
    run(command(&["decode", "--strict", file.path()]))
}

fn decode_stdin(args: &[&str], input: &[u8]) -> CommandOutput {
    let mut command = command(args);
    command.stdin(Stdio::piped());
    let mut running = Running::start(command);
    let mut stdin = running.stdin();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // The command may end before it has read everything.
        let _ = stdin.write_all(&input);
    });
    let ran = running.finish();
    writer.join().unwrap();
    ran
}

/// Asserts status 2 and one line on stderr with these parts.
#[track_caller]
fn refused(ran: &CommandOutput, parts: &[&str]) {
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    for part in parts {
        assert!(ran.stderr.contains(part), "{part} is not in {}", ran.stderr);
    }
}

#[test]
fn file_and_stdin_give_the_same_lines() {
    let from_file = decode_file("same.ndjson", V1.as_bytes()).succeeds();
    assert_eq!(from_file.lines().len(), V1.lines().count());
    for args in [&["decode"][..], &["decode", "-"]] {
        let from_stdin = decode_stdin(args, V1.as_bytes()).succeeds();
        assert_eq!(from_stdin.stdout, from_file.stdout, "{args:?}");
    }
}

#[test]
fn protocol_of_each_frame_is_detected() {
    let alone = |protocol: &str, frames: &str| {
        let ran = decode_stdin(&["decode", "--protocol", protocol], frames.as_bytes());
        ran.succeeds().lines()
    };
    let (v1, pro) = (alone("v1", V1), alone("pro", PRO));
    // Alternate between the two protocols.
    let mut mixed = String::new();
    let mut expected: Vec<Value> = Vec::new();
    for index in 0..v1.len().max(pro.len()) {
        for (frames, lines) in [(V1, &v1), (PRO, &pro)] {
            let length = lines.len();
            let frame = frames.lines().nth(index % length).unwrap();
            mixed.push_str(&format!("{frame}\n"));
            expected.push(lines[index % length].clone());
        }
    }
    let ran = decode_file("mixed.ndjson", mixed.as_bytes()).succeeds();
    assert_eq!(ran.lines(), expected);
}

#[test]
fn control_frames_of_both_protocols_are_detected() {
    for (frame, kind) in [
        (r#"{"id":"c-17","type":"welcome"}"#, "welcome"),
        (
            r#"{"sessionId":"1f0c","message":"welcome","pingInterval":18000}"#,
            "welcome",
        ),
        (r#"{"id":"1","type":"ack"}"#, "ack"),
        (r#"{"id":"1","result":true}"#, "ack"),
        (
            r#"{"id":"1","type":"error","code":404,"data":"x"}"#,
            "refused",
        ),
        (r#"{"id":"1","result":false,"message":"x"}"#, "refused"),
        (r#"{"id":"1","type":"pong","timestamp":1}"#, "pong"),
        (r#"{"type":"pong","id":"1","ts":1}"#, "pong"),
        (r#"{"id":"1","op":"pong","timestamp":1}"#, "pong"),
    ] {
        let ran = decode_stdin(&["decode", "--strict"], frame.as_bytes()).succeeds();
        assert_eq!(object(&ran.stdout)["kind"], kind, "{frame}");
    }
}

#[test]
fn broken_push_of_both_protocols_says_why() {
    for broken in [
        &V1.lines().next().unwrap()[..60],
        &PRO.lines().next().unwrap()[..60],
    ] {
        let ran = decode_stdin(&["decode"], broken.as_bytes()).succeeds();
        assert_eq!(object(&ran.stdout)["kind"], "undecodable");
        assert_eq!(object(&ran.stdout)["raw"], broken);
    }
    // The protocol is detected even though a field is repeated: the reason is that of a push.
    let twice = r#"{"T":"orderAll.UNIFIED","T":"orderAll.UNIFIED","d":{}}"#;
    let ran = decode_stdin(&["decode"], twice.as_bytes()).succeeds();
    assert_ne!(object(&ran.stdout)["kind"], "other", "{}", ran.stdout);
}

#[test]
fn bom_and_windows_line_endings_change_nothing() {
    let plain = decode_file("plain.ndjson", V1.as_bytes()).succeeds();
    let windows = V1.replace('\n', "\r\n");
    for (name, text) in [
        ("mark", format!("\u{feff}{V1}")),
        ("windows", windows.clone()),
        ("both", format!("\u{feff}{windows}")),
        ("blank", format!("\r\n\n \t\n{V1}\n\n")),
        ("no-end", V1.trim_end().to_owned()),
    ] {
        let ran = decode_file(name, text.as_bytes()).succeeds();
        assert_eq!(ran.stdout, plain.stdout, "{name}");
    }
    // Concatenated files have byte order marks inside.
    let joined = decode_file("joined", format!("\u{feff}{V1}\u{feff}{V1}").as_bytes());
    assert_eq!(joined.succeeds().lines().len(), 2 * plain.lines().len());
}

#[test]
fn empty_file_has_no_lines() {
    for empty in ["", "\n\r\n", "\u{feff}"] {
        assert_eq!(decode_file("empty", empty.as_bytes()).succeeds().stdout, "");
    }
}

#[test]
fn utf_16_is_refused_with_how_to_convert_it() {
    let little =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let big = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_be_bytes).collect() };
    for (name, bytes, encoding) in [
        ("le", little(V1), "UTF-16LE"),
        ("le-mark", little(&format!("\u{feff}{V1}")), "UTF-16LE"),
        ("be", big(V1), "UTF-16BE"),
        ("be-mark", big(&format!("\u{feff}{V1}")), "UTF-16BE"),
    ] {
        let ran = decode_file(name, &bytes);
        refused(
            &ran,
            &[name, encoding, &format!("iconv -f {encoding} -t UTF-8")],
        );
        refused(&decode_stdin(&["decode"], &bytes), &["stdin", encoding]);
    }
}

#[test]
fn binary_input_is_refused_with_its_name() {
    refused(
        &run(command(&["decode", "/no/such/file.ndjson"])),
        &["/no/such/file.ndjson", "No such file"],
    );
    let folder = std::env::temp_dir();
    let folder = folder.to_str().unwrap();
    refused(&run(command(&["decode", folder])), &[folder, "directory"]);
    let binary = decode_file("binary", b"\x7fELF\x02\x01\x01\0\0\0\0\n");
    refused(&binary, &["binary", "is not text"]);
    let gzip = decode_file("frames.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\n");
    refused(&gzip, &["frames.gz", "gunzip -c"]);
}

#[test]
fn line_too_long_is_undecodable_and_others_are_not() {
    let ack = r#"{"type":"ack","id":"1"}"#;
    let long = "x".repeat(17 * 1024 * 1024);
    for (input, kinds) in [
        (
            format!("{ack}\n{long}\n{ack}\n"),
            vec!["ack", "undecodable", "ack"],
        ),
        (format!("{ack}\n{long}"), vec!["ack", "undecodable"]),
    ] {
        let lines = decode_stdin(&["decode"], input.as_bytes())
            .succeeds()
            .lines();
        let found: Vec<&str> = lines
            .iter()
            .map(|line| line["kind"].as_str().unwrap())
            .collect();
        assert_eq!(found, kinds);
        let reported = lines[1]["reason"].as_str().unwrap();
        assert!(reported.contains("too long"), "{reported}");
        assert!(lines[1]["raw"].as_str().unwrap().len() < 4_096);
    }
}
