//! Allocations per event, by a program whose allocator counts them; counting would disturb the clock of another.

use crate::contenders::{NAMES, Target, connect};
use crate::control::Server;
use crate::cpu::runtime;
use crate::frames::Kind;
use crate::report::{Table, figure};

/// How often memory was asked for so far, and how many bytes in all, counted by the allocator of the program.
pub type Count = fn() -> (usize, usize);

/// The word by which the counting program is told to print its tables for another program.
pub const TABLES: &str = "tables";

/// One by one each event waits for the server's pause.
const ALONE: u64 = 2_000;

/// Counts what every contender asks of the allocator: in a flood, which is as fast as it can be consumed, and one by one.
pub fn tables(server: &mut Server, count: Count, events: u64) -> Vec<Table> {
    let ways = [
        ("batched", "batched", events),
        ("one by one", "alone", events.min(ALONE)),
    ];
    let mut tables = Vec::new();
    for (title, how, events) in ways {
        let heads = || Kind::COMPARED.iter().map(|kind| kind.name());
        let mut times = Table::new(format!("Allocations per event: {title}, plain"), heads());
        let mut bytes = Table::new(
            format!("Bytes allocated per event: {title}, plain"),
            heads(),
        );
        let counted = Kind::COMPARED.map(|kind| column(server, count, kind, events, how));
        for (row, name) in NAMES.into_iter().enumerate() {
            times.row(name, counted.iter().map(|column| figure(column[row].0)));
            bytes.row(name, counted.iter().map(|column| figure(column[row].1)));
        }
        tables.extend([times, bytes]);
    }
    tables
}

#[allow(clippy::cast_precision_loss)]
fn column(
    server: &mut Server,
    count: Count,
    kind: Kind,
    events: u64,
    how: &str,
) -> Vec<(f64, f64)> {
    server.ask(&format!("load {} {events}", kind.name()));
    let each = NAMES.into_iter().map(|name| {
        let runtime = runtime(false);
        let target = Target::new(server, kind, false);
        let Some(mut contender) = connect(&runtime, &target, name) else {
            return (f64::NAN, f64::NAN);
        };
        let command = format!("push {} {how}", contender.connection());
        let mut counted = (0, 0);
        // The first turn fills what is kept for the next.
        for _ in 0..2 {
            let before = count();
            server.tell(&command);
            contender.run(&runtime, events);
            let after = count();
            server.answer();
            counted = (after.0 - before.0, after.1 - before.1);
        }
        let per_event = |count: usize| count as f64 / events as f64;
        (per_event(counted.0), per_event(counted.1))
    });
    each.collect()
}
