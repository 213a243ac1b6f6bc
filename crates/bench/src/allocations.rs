//! Allocations per event, counted by the allocator of a separate program, since counting takes time.

use crate::contenders::{NAMES, Target, connect};
use crate::control::Server;
use crate::cpu::runtime;
use crate::frames::Kind;
use crate::report::{Table, figure};

/// Returns the number of allocations and of allocated bytes of the program.
pub type Count = fn() -> (usize, usize);

/// The argument that makes the counting program print its tables as JSON.
pub const TABLES: &str = "tables";

/// Maximum number of events pushed one by one, since the server pauses after each.
const MAX_ONE_BY_ONE: u64 = 2_000;

/// Counts the allocations of all contenders, for events pushed in batches and one by one.
pub fn tables(server: &mut Server, count: Count, events: u64) -> Vec<Table> {
    let modes = [
        ("batched", "batched", events),
        ("one by one", "one_by_one", events.min(MAX_ONE_BY_ONE)),
    ];
    let mut tables = Vec::new();
    for (title, mode, events) in modes {
        let heads = || Kind::COMPARED.iter().map(|kind| kind.name());
        let mut times = Table::new(format!("Allocations per event: {title}, plain"), heads());
        let mut bytes = Table::new(
            format!("Bytes allocated per event: {title}, plain"),
            heads(),
        );
        let counted = Kind::COMPARED.map(|kind| column(server, count, kind, events, mode));
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
    mode: &str,
) -> Vec<(f64, f64)> {
    server.request(&format!("load {} {events}", kind.name()));
    let each = NAMES.into_iter().map(|name| {
        let runtime = runtime(false);
        let target = Target::new(server, kind, false);
        let Some(mut contender) = connect(&runtime, &target, name) else {
            return (f64::NAN, f64::NAN);
        };
        let command = format!("push {} {mode}", contender.connection());
        let mut counted = (0, 0);
        // The first run fills the buffers that are reused.
        for _ in 0..2 {
            let before = count();
            server.send(&command);
            contender.run(&runtime, events);
            let after = count();
            server.response();
            counted = (after.0 - before.0, after.1 - before.1);
        }
        let per_event = |count: usize| count as f64 / events as f64;
        (per_event(counted.0), per_event(counted.1))
    });
    each.collect()
}
