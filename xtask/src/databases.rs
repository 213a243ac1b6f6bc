//! Kills the database examples and a PostgreSQL server, and compares their tables with the exchange.

use crate::shell::{self, Outcome, cargo};

/// Builds the examples and runs their tests, which start a PostgreSQL server of their own.
pub(crate) fn run() -> Outcome {
    // The same build as of `cargo test --workspace`, so that nothing is built twice.
    shell::run(&mut cargo(&["build", "--workspace", "--examples"]))?;
    let target = ["test", "--workspace", "--test", "databases"];
    // The tests mostly wait, so they all run at the same time.
    shell::run(cargo(&target).args(["--", "--test-threads", "8"]))
}
