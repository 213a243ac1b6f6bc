//! Counts the allocations of all contenders; started by `bench`, which must be in the same folder.

use std::alloc::System;

use kucoin_streams_bench::allocations::{TABLES, tables};
use kucoin_streams_bench::control::{SERVE, Server};
use kucoin_streams_bench::server;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn count() -> (usize, usize) {
    let stats = ALLOCATOR.stats();
    (
        stats.allocations + stats.reallocations,
        stats.bytes_allocated,
    )
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [SERVE] => server::serve(),
        [TABLES, events] => {
            let events = events.parse().expect("a number of events");
            for table in tables(&mut Server::start(), count, events) {
                let table = serde_json::to_string(&table).expect("a table serializes");
                println!("{table}");
            }
        }
        _ => panic!("this program is started by `bench`"),
    }
}
