//! Causes of failed connections: the text on stderr says why and what to do.

use std::process::{Command, Stdio};

use crate::rig::*;

/// Runs `watch` on this URL, asserts the exit status and returns stderr.
#[track_caller]
fn complaint(rest_url: &str, status: i32, set: impl FnOnce(&mut Command)) -> String {
    let args = ["watch", "--rest-url", rest_url];
    let mut command = authorised(command(&args), "canary-key", "canary-secret", "canary-pass");
    set(&mut command);
    let ran = run(command);
    assert_eq!(ran.status, Some(status), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    ran.stderr
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("{part:?} is not in its place: {text}"));
        rest = &rest[at + part.len()..];
    }
}

#[cfg(target_os = "linux")]
#[test]
fn missing_root_certificates_name_the_variables_set() {
    let (file, dir) = ("/nonexistent/roots.pem", "/nonexistent");
    for (file, dir, place) in [
        (Some(file), None, "(SSL_CERT_FILE=/nonexistent/roots.pem)"),
        (None, Some(dir), "(SSL_CERT_DIR=/nonexistent)"),
        (
            Some(file),
            Some(dir),
            "(SSL_CERT_FILE=/nonexistent/roots.pem, SSL_CERT_DIR=/nonexistent)",
        ),
    ] {
        let text = complaint("https://localhost:1", 1, |command| {
            for (name, value) in [("SSL_CERT_FILE", file), ("SSL_CERT_DIR", dir)] {
                match value {
                    Some(value) => command.env(name, value),
                    None => command.env_remove(name),
                };
            }
            command.args(["--ws-key", "spotPrivateV1"]);
        });
        let no_roots = format!("no root certificates found {place}; correct");
        says(&text, &["TLS", &no_roots, "`ca-certificates`"]);
        assert!(
            !text.contains("unexpected") && !text.contains("with_"),
            "{text}"
        );
    }
}

#[test]
fn unresolvable_host_is_named() {
    let host = "kucoin-gateway-7f9c6d5b8d-x2x4z.invalid";
    let text = complaint(&format!("https://{host}"), 4, |command| {
        // Without a network the resolver may wait for its server, but not longer than the command.
        command.env("RES_OPTIONS", "timeout:1 attempts:1").args([
            "--connect-timeout",
            "5s",
            "--ws-key",
            "spotPrivateV1",
        ]);
    });
    says(
        &text,
        &[
            "not connected within 5s",
            host,
            "cannot be resolved: ",
            "; check",
            "DNS",
        ],
    );
    assert_eq!(text.matches("cannot be resolved").count(), 1, "{text}");
}

#[test]
fn closed_port_is_refused() {
    for scheme in ["http", "https"] {
        let place = format!("localhost:{}", free_port());
        let text = complaint(&format!("{scheme}://{place}"), 4, |command| {
            command.args(["--connect-timeout", "5s", "--ws-key", "spotPrivateV1"]);
        });
        says(
            &text,
            &[
                "not connected within 5s",
                &format!("{place} cannot be reached: "),
                "; check",
                "the port",
            ],
        );
        assert_eq!(text.to_lowercase().matches("refused").count(), 1, "{text}");
    }
}

#[test]
fn taken_port_names_the_option() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for option in ["--port", "--spot-port", "--futures-port"] {
        let ran = run(command(&["exchange", option, &port]));
        assert_eq!(ran.status, Some(1), "{ran:?}");
        let remedy = format!("; choose another {option}, or 0");
        says(&ran.stderr, &["cannot listen on", &port, ": ", &remedy]);
    }
}

#[cfg(unix)]
#[test]
fn lack_of_file_descriptors_names_the_limit() {
    for limit in 6..=24 {
        let script =
            format!("ulimit -n {limit} && exec \"$0\" watch --demo --for 1s --format ndjson");
        let mut command = Command::new("sh");
        command
            .args(["-c", &script, env!("CARGO_BIN_EXE_kucoin-streams")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let ran = run(command);
        if ran.status != Some(0) {
            says(
                &ran.stderr,
                &["Too many open files", "; raise", "`ulimit -n`"],
            );
        }
        assert!(!ran.stderr.contains("panicked"), "{limit}: {ran:?}");
    }
}
