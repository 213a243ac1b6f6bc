//! Measures the facade beside a raw socket, the fastest and the usual way: `cargo xtask bench` starts it.

use kucoin_streams_bench::control::{SERVE, Server};
use kucoin_streams_bench::cpu::{self, Effort, Setting};
use kucoin_streams_bench::frames::Kind;
use kucoin_streams_bench::report::{Header, Table};
use kucoin_streams_bench::server;

/// What can be asked for, in the order in which it is measured.
const PARTS: [&str; 1] = ["cpu"];

const HELP: &str = "Usage: bench [--json] [--quick] [NAME..]";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == SERVE) {
        return server::serve();
    }
    let (flags, names): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.starts_with("--"));
    let unknown = names.iter().find(|name| !PARTS.contains(&name.as_str()));
    let unknown = unknown.or_else(|| {
        flags
            .iter()
            .find(|flag| !["--json", "--quick"].contains(&flag.as_str()))
    });
    if let Some(unknown) = unknown {
        eprintln!("no `{unknown}`; names are {}\n{HELP}", PARTS.join(", "));
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
                tables.push(table.json());
            });
        }
    }
    if as_json {
        println!(
            "{}",
            serde_json::json!({"header": header.json(), "tables": tables})
        );
    }
}

fn run(part: &str, quick: bool, tell: &mut dyn FnMut(Table)) {
    let mut server = Server::start();
    match part {
        "cpu" => cpu_tables(&mut server, quick, tell),
        _ => unreachable!("it was checked"),
    }
}

fn cpu_tables(server: &mut Server, quick: bool, tell: &mut dyn FnMut(Table)) {
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    let all = [
        (true, false, false),
        (false, false, false),
        (true, true, false),
        (true, false, true),
        (false, false, true),
    ];
    for (batched, secure, one_thread) in all {
        let setting = |kind| Setting {
            kind,
            batched,
            secure,
            one_thread,
        };
        let settings = Kind::COMPARED.map(setting);
        for table in cpu::tables(server, &settings, effort) {
            tell(table);
        }
    }
}
