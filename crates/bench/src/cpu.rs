//! CPU time of the client process per event: all contenders in turn on the same frames, as medians.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Runtime};

use crate::contenders::{ALL_A, B, Contender, NAMES, OURS, Target, connect};
use crate::control::Server;
use crate::frames::Kind;
use crate::report::{Table, figure, median};
use crate::tally::Tally;

/// The size of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Number of rounds.
    pub rounds: usize,
    /// Events per round, pushed in batches.
    pub batched: u64,
    /// Events per round, pushed one by one.
    pub one_by_one: u64,
}

impl Effort {
    /// For published figures.
    pub const FULL: Self = Self {
        rounds: 5,
        batched: 60_000,
        one_by_one: 1_500,
    };
    /// To check that everything works.
    pub const QUICK: Self = Self {
        rounds: 2,
        batched: 5_000,
        one_by_one: 200,
    };
}

/// The conditions of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The kind of frames.
    pub kind: Kind,
    /// Whether one write has many frames, or only one.
    pub batched: bool,
    /// Whether TLS is used.
    pub secure: bool,
    /// Whether all tasks share one thread.
    pub one_thread: bool,
}

/// The measurements of one contender in one setting, by round.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// CPU time per event, in nanoseconds.
    pub cpu: Vec<f64>,
    /// Events per second.
    pub rate: Vec<f64>,
}

/// The measurements of all contenders, by name.
pub type Column = HashMap<&'static str, Figures>;

/// Returns the CPU time of this process, user and system.
pub fn process_cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// Creates a runtime like that of `#[tokio::main]`, or one with a single thread.
pub fn runtime(one_thread: bool) -> Runtime {
    let mut builder = match one_thread {
        true => Builder::new_current_thread(),
        false => Builder::new_multi_thread(),
    };
    builder.enable_all().build().expect("the runtime starts")
}

/// Measures all contenders in one setting.
///
/// # Panics
/// Panics if the contenders read different events.
pub fn measure(server: &mut Server, setting: Setting, effort: Effort) -> Column {
    let runtime = runtime(setting.one_thread);
    let target = Target::new(server, setting.kind, setting.secure);
    let mut contenders: Vec<_> = NAMES
        .into_iter()
        .filter_map(|name| connect(&runtime, &target, name))
        .collect();
    let (events, mode) = match setting.batched {
        true => (effort.batched, "batched"),
        false => (effort.one_by_one, "one_by_one"),
    };
    server.request(&format!("load {} {events}", setting.kind.name()));
    let mut column = Column::new();
    let mut sum = None;
    for round in 0..=effort.rounds {
        for contender in &mut contenders {
            let (cpu, rate, tally) = run(server, &runtime, contender.as_mut(), events, mode);
            assert_eq!(tally.events, events, "{} lost events", contender.name());
            if tally.sum != 0 {
                let expected = *sum.get_or_insert(tally.sum);
                assert_eq!(
                    tally.sum,
                    expected,
                    "{} read other events",
                    contender.name()
                );
            }
            // The first round only warms up.
            if round > 0 {
                let figures = column.entry(contender.name()).or_default();
                figures.cpu.push(cpu);
                figures.rate.push(rate);
            }
        }
    }
    column
}

fn run(
    server: &mut Server,
    runtime: &Runtime,
    contender: &mut dyn Contender,
    events: u64,
    mode: &str,
) -> (f64, f64, Tally) {
    let command = format!("push {} {mode}", contender.connection());
    let (began, before) = (Instant::now(), process_cpu());
    server.send(&command);
    let tally = contender.run(runtime, events);
    let (cpu, took) = (process_cpu() - before, began.elapsed());
    server.response();
    #[allow(clippy::cast_precision_loss)]
    let events = events as f64;
    #[allow(clippy::cast_precision_loss)]
    let nanos = cpu.as_nanos() as f64;
    (nanos / events, events / took.as_secs_f64(), tally)
}

/// Returns the tables of CPU time and events per second, with one column for each setting.
pub fn tables(server: &mut Server, settings: &[Setting], effort: Effort) -> Vec<Table> {
    let columns: Vec<_> = settings
        .iter()
        .map(|&setting| measure(server, setting, effort))
        .collect();
    let first = settings[0];
    let conditions = format!(
        "{}, {}, {}",
        if first.batched {
            "batched"
        } else {
            "one by one"
        },
        if first.secure { "TLS" } else { "plain" },
        match first.one_thread {
            true => "runtime with one thread",
            false => "#[tokio::main]",
        },
    );
    let heads = || settings.iter().map(|setting| setting.kind.name());
    let title =
        format!("CPU time of the client process, ns per event, median of rounds: {conditions}");
    let mut cpu = Table::new(title, heads());
    let mut rate = Table::new(format!("Thousand events per second: {conditions}"), heads());
    let cell = |column: &Column, name: &str, of: fn(&Figures) -> &[f64], by: f64| {
        let figures = column.get(name).map(|figures| median(of(figures)) / by);
        figure(figures.unwrap_or(f64::NAN))
    };
    for name in NAMES {
        cpu.row(
            name,
            columns
                .iter()
                .map(|column| cell(column, name, |f| &f.cpu, 1.0)),
        );
        rate.row(
            name,
            columns
                .iter()
                .map(|column| cell(column, name, |f| &f.rate, 1000.0)),
        );
    }
    cpu.row(
        "ours / fastest A",
        columns.iter().map(|column| figure(to_fastest(column))),
    );
    cpu.row(
        "ours / B",
        columns.iter().map(|column| figure(ratio(column, B))),
    );
    let mut tables = vec![cpu];
    // One by one, the server determines the rate.
    if first.batched {
        tables.push(rate);
    }
    tables
}

/// Returns the CPU time of ours divided by that of `other`.
///
/// It is the median of the ratios of the rounds, so a slow round does not distort it.
fn ratio(column: &Column, other: &str) -> f64 {
    let (Some(ours), Some(other)) = (column.get(OURS), column.get(other)) else {
        return f64::NAN;
    };
    let pairs = ours.cpu.iter().zip(&other.cpu);
    median(&pairs.map(|(ours, other)| ours / other).collect::<Vec<_>>())
}

/// Returns the CPU time of ours divided by that of the fastest reference A.
fn to_fastest(column: &Column) -> f64 {
    let named = ALL_A.iter().filter(|name| column.contains_key(*name));
    named
        .map(|name| ratio(column, name))
        .fold(f64::NAN, f64::max)
}
