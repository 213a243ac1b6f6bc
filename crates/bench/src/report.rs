//! The results as text tables and as JSON.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The machine, the compiler and the date of the measurement.
#[derive(Debug, Serialize)]
pub struct Header {
    cpu: String,
    cores: usize,
    rustc: String,
    profile: &'static str,
    date: String,
}

impl Header {
    /// Reads the header from the system.
    pub fn read() -> Self {
        let first_line = |program: &str, arguments: &[&str]| {
            let output = std::process::Command::new(program).args(arguments).output();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            text.unwrap_or_default().trim().to_owned()
        };
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = cpu.lines().find(|line| line.starts_with("model name"));
        let cpu = cpu.and_then(|line| line.split(": ").nth(1));
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        Self {
            cpu: cpu.unwrap_or("unknown processor").to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            rustc: first_line("rustc", &["--version"]),
            profile: match flags.is_empty() {
                true => {
                    "cargo's release profile: opt-level 3, no LTO, 16 codegen units, no RUSTFLAGS"
                }
                false => "cargo's release profile, with RUSTFLAGS",
            },
            date: first_line("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        }
    }

    /// Returns the header as one line of text.
    pub fn text(&self) -> String {
        format!(
            "{}, {} cores; {}; {}; {}",
            self.cpu, self.cores, self.rustc, self.profile, self.date
        )
    }
}

/// A table of figures with named rows and columns.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// The title.
    pub title: String,
    /// The column names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row: its name, and a number or text for each column.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Row {
    pub name: String,
    pub cells: Vec<Value>,
}

impl Table {
    /// Creates an empty table.
    pub fn new(title: impl Into<String>, columns: impl IntoIterator<Item = String>) -> Self {
        Self {
            title: title.into(),
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = String>) {
        let cell = |cell: String| match cell.parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::String(cell),
        };
        self.rows.push(Row {
            name: name.into(),
            cells: cells.into_iter().map(cell).collect(),
        });
    }

    /// Returns the table as text.
    pub fn text(&self) -> String {
        let shown = |cell: &Value| match cell {
            Value::String(text) => text.clone(),
            number if number.is_f64() => figure(number.as_f64().unwrap_or(f64::NAN)),
            count => count.to_string(),
        };
        let names = self.rows.iter().map(|row| row.name.len());
        let first = names.max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(column));
            let cells = cells.map(|cell| shown(cell).chars().count());
            cells.chain([self.columns[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.columns.len()).map(width).collect();
        let mut text = format!("\n{}\n{:first$}", self.title, "");
        // Writing to a `String` cannot fail.
        for (column, width) in self.columns.iter().zip(&widths) {
            let _ = write!(text, "  {column:>width$}");
        }
        for Row { name, cells } in &self.rows {
            let _ = write!(text, "\n{name:first$}");
            for (cell, width) in cells.iter().zip(&widths) {
                let _ = write!(text, "  {:>width$}", shown(cell));
            }
        }
        text
    }
}

/// Returns the median.
pub fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Formats a number with about three significant digits.
pub fn figure(number: f64) -> String {
    match number {
        _ if number.is_nan() => "-".into(),
        _ if number.abs() >= 100.0 => format!("{number:.0}"),
        _ if number.abs() >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}
