//! Compares the facade with the fastest and the common way to read a stream; started by `cargo xtask bench`.

use std::process::Command;
use std::time::Duration;

use kucoin_streams_bench::control::{SERVE, Server};
use kucoin_streams_bench::cpu::{self, Effort, Setting};
use kucoin_streams_bench::frames::Kind;
use kucoin_streams_bench::report::{Header, Table};
use kucoin_streams_bench::{allocations, growth, javascript, latency, server};

/// The benchmarks, in the order in which they run.
const PARTS: [&str; 7] = [
    "kept",
    "accounts",
    "cpu",
    "javascript",
    "allocations",
    "latency",
    "growth",
];

const HELP: &str = "Usage: bench [--json] [--quick] [NAME..]";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == SERVE) {
        return server::serve();
    }
    let (flags, names): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|word| word.starts_with("--"));
    let unknown = names.iter().find(|name| !PARTS.contains(&name.as_str()));
    let unknown = unknown.or_else(|| {
        flags
            .iter()
            .find(|flag| !["--json", "--quick"].contains(&flag.as_str()))
    });
    if let Some(unknown) = unknown {
        eprintln!(
            "unknown argument `{unknown}`; expected one of {}\n{HELP}",
            PARTS.join(", ")
        );
        std::process::exit(2);
    }
    let has = |flag: &str| flags.iter().any(|word| *word == flag);
    let (as_json, quick) = (has("--json"), has("--quick"));
    let header = Header::read();
    if !as_json {
        println!("{}", header.text());
    }
    let mut tables = Vec::new();
    for part in PARTS {
        if names.is_empty() || names.iter().any(|name| *name == part) {
            run(part, quick, &mut |table| {
                if !as_json {
                    println!("{}", table.text());
                }
                tables.push(table);
            });
        }
    }
    if as_json {
        println!(
            "{}",
            serde_json::json!({"header": header, "tables": tables})
        );
    }
}

fn run(part: &str, quick: bool, report: &mut dyn FnMut(Table)) {
    if part == "kept" {
        let (accounts, sizes) = match quick {
            true => (&[1, 10, 100][..], &[100, 1_000][..]),
            false => (&[1, 10, 100, 1_000][..], &[100, 1_000, 10_000][..]),
        };
        return growth::kept(accounts, 1_000, sizes)
            .into_iter()
            .for_each(report);
    }
    let mut server = Server::start();
    match part {
        "accounts" => {
            let (counts, listen) = match quick {
                true => (&[1, 10, 100][..], Duration::from_millis(1_100)),
                false => (&[1, 10, 100, 1_000][..], Duration::from_secs(4)),
            };
            report(growth::accounts(&mut server, counts, listen));
        }
        "cpu" => cpu_tables(&mut server, quick, report),
        "javascript" => match javascript::table(&mut server, if quick { 3_000 } else { 20_000 }) {
            Some(table) => report(table),
            None => eprintln!("skipped: KuCoin's JavaScript SDK is not installed"),
        },
        "allocations" => count_allocations(if quick { "2000" } else { "20000" })
            .into_iter()
            .for_each(report),
        "latency" => {
            let rates = if quick {
                &latency::QUICK[..]
            } else {
                &latency::RATES
            };
            for secure in [false, true] {
                let tables = latency::tables(&mut server, rates, secure);
                tables.into_iter().for_each(&mut *report);
            }
        }
        "growth" => {
            report(growth::acknowledgements(&[1, 10, 100, 1_000, 10_000]));
            let (counts, reconnect, events) = match quick {
                true => (&[1, 10, 90][..], 90, 9_000),
                false => (&[1, 10, 100, 1_000][..], 400, 60_000),
            };
            let tables = growth::tables(&mut server, counts, reconnect, events);
            tables.into_iter().for_each(report);
        }
        _ => unreachable!("the names are checked in main"),
    }
}

fn cpu_tables(server: &mut Server, quick: bool, report: &mut dyn FnMut(Table)) {
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    let all = [
        (true, false, false),
        (false, false, false),
        (true, true, false),
        (true, false, true),
        (false, false, true),
    ];
    for (batched, secure, one_thread) in all.into_iter().take(if quick { 3 } else { 5 }) {
        let setting = |kind| Setting {
            kind,
            batched,
            secure,
            one_thread,
        };
        let settings = Kind::COMPARED.map(setting);
        for table in cpu::tables(server, &settings, effort) {
            report(table);
        }
    }
}

/// Runs the counting program and returns its tables.
fn count_allocations(events: &str) -> Vec<Table> {
    let program = std::env::current_exe().expect("the path of this program is known");
    let mut counting = Command::new(program.with_file_name("allocations"));
    let output = counting.args([allocations::TABLES, events]).output();
    let output = output
        .expect("`allocations` is built beside `bench`")
        .stdout;
    let tables = output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    tables
        .map(|line| serde_json::from_slice(line).expect("a table as JSON"))
        .collect()
}
