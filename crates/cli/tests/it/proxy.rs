//! `watch --proxy`: everything through the proxy that is named, or nothing.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use kucoin_streams_exchange::Exchange;

use crate::rig::*;

const USER: &str = "canary-user:canary%2Fword";

/// A SOCKS5 proxy that asks for a user, and writes down where it was asked to connect to.
struct Socks {
    port: u16,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Socks {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let targets = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&targets);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let notes = Arc::clone(&notes);
                // A client that hangs up ends its thread.
                std::thread::spawn(move || serve(stream?, &notes));
            }
        });
        Self { port, targets }
    }

    fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn url(&self) -> String {
        format!("socks5h://{USER}@{}", self.place())
    }
}

fn serve(mut stream: TcpStream, targets: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting)?;
    let mut methods = vec![0; greeting[1].into()];
    stream.read_exact(&mut methods)?;
    if !methods.contains(&2) {
        return stream.write_all(&[5, 0xff]);
    }
    stream.write_all(&[5, 2])?;
    stream.read_exact(&mut [0])?;
    let given = (text(&mut stream)?, text(&mut stream)?);
    let is_right = given == ("canary-user".to_owned(), "canary/word".to_owned());
    stream.write_all(&[1, u8::from(!is_right)])?;
    let mut request = [0; 4];
    stream.read_exact(&mut request)?;
    let mut address = [0; 6];
    assert_eq!(request, [5, 1, 0, 1], "an IPv4 address");
    stream.read_exact(&mut address)?;
    let [a, b, c, d, high, low] = address;
    let target = format!("{a}.{b}.{c}.{d}:{}", u16::from_be_bytes([high, low]));
    targets.lock().unwrap().push(target.clone());
    let mut beyond = TcpStream::connect(target)?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let (mut from, mut to) = (stream.try_clone()?, beyond.try_clone()?);
    std::thread::spawn(move || io::copy(&mut from, &mut to));
    io::copy(&mut beyond, &mut stream).map(drop)
}

fn text(stream: &mut TcpStream) -> io::Result<String> {
    let mut length = [0];
    stream.read_exact(&mut length)?;
    let mut text = vec![0; length[0].into()];
    stream.read_exact(&mut text)?;
    Ok(String::from_utf8(text).unwrap())
}

/// Without the proxies of the machine that runs the test.
fn without_variables(mut command: Command) -> Command {
    for name in ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "HTTP_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
}

fn watch(local: &Local, args: &[&str]) -> Command {
    let all = [&["--format", "ndjson", "--topic", BALANCE][..], args].concat();
    without_variables(local.watch(&all))
}

#[test]
fn tokens_and_events_pass_the_proxy_of_the_flag() {
    let local = Local::start(Exchange::builder().event_rate(50.0));
    let proxy = Socks::start();
    run(watch(&local, &["--count", "3", "--proxy", &proxy.url()])).succeeds();
    let target = format!("127.0.0.1:{}", local.exchange.port());
    assert_eq!(*proxy.targets.lock().unwrap(), [&*target, &*target]);
}

#[test]
fn variables_of_the_environment_count_only_if_asked_for() {
    let local = Local::start(Exchange::builder().event_rate(50.0));
    let proxy = Socks::start();
    let run_with = |args: &[&str], no_proxy: &str| {
        let mut command = watch(&local, &[&["--count", "3"][..], args].concat());
        command
            .env("HTTPS_PROXY", proxy.url())
            .env("no_proxy", no_proxy);
        run(command).succeeds();
        std::mem::take(&mut *proxy.targets.lock().unwrap()).len()
    };
    assert_eq!(run_with(&[], ""), 0);
    assert_eq!(run_with(&["--proxy", "env"], ""), 2);
    assert_eq!(run_with(&["--proxy", "env"], "127.0.0.0/8"), 0);
}

#[test]
fn proxy_that_cannot_be_used_is_wrong_usage() {
    let local = Local::start(Exchange::builder());
    for (proxy, words) in [
        ("env", "HTTPS_PROXY"),
        ("ftp://user:canary@proxy.test", "socks5h"),
        ("http://user:can#ary@proxy.test", "percent-encoded"),
        ("http://user:canary@proxy.test:1", "proxy.test:1"),
    ] {
        let ran = run(watch(&local, &["--proxy", proxy]));
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""), "{proxy}");
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    }
    assert!(local.exchange.stats().token_requests.is_empty());
}

#[test]
fn unusable_variable_is_named_instead_of_the_flag() {
    let local = Local::start(Exchange::builder());
    for name in ["HTTPS_PROXY", "all_proxy"] {
        let mut command = watch(&local, &["--proxy", "env"]);
        command.env(name, "ftp://user:canary@proxy.test");
        let ran = run(command);
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""));
        let text = &ran.stderr;
        assert!(text.contains(&format!("{name}: ")), "{text}");
        assert!(
            !text.contains("--proxy") && !text.contains("canary"),
            "{text}"
        );
    }
}

#[test]
fn demo_takes_no_proxy() {
    let ran = run(command(&[
        "watch",
        "--demo",
        "--proxy",
        "http://127.0.0.1:9",
    ]));
    assert_eq!((ran.status, &*ran.stdout), (Some(2), ""));
    assert!(ran.stderr.contains("--proxy"), "{}", ran.stderr);
}

#[test]
fn proxy_that_is_down_is_named_and_not_gone_around() {
    let local = Local::start(Exchange::builder());
    let place = format!("127.0.0.1:{}", free_port());
    let url = format!("http://{USER}@{place}");
    let ran = run(watch(&local, &["--connect-timeout", "1s", "--proxy", &url]));
    assert_eq!(ran.status, Some(4), "{ran:?}");
    assert!(ran.stderr.contains(&place), "{}", ran.stderr);
    assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    assert!(local.exchange.stats().token_requests.is_empty());
}

#[test]
fn wrong_password_of_a_proxy_ends_the_command_at_once() {
    let local = Local::start(Exchange::builder());
    let proxy = Socks::start();
    let url = proxy.url().replace("word", "wrong");
    let ran = run(watch(&local, &["--proxy", &url]));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let words = [&*proxy.place(), "password", "correct"];
    assert!(words.iter().all(|it| ran.stderr.contains(it)), "{ran:?}");
    assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    assert!(proxy.targets.lock().unwrap().is_empty());
    assert!(local.exchange.stats().token_requests.is_empty());
}
