//! Builds and runs a program that uses the SDK together with its own `reqwest` and `rustls`.

use std::path::Path;

use crate::shell::{self, Outcome, cargo};

const PACKAGE: &str = "tests/neighbours";

/// Features of the program, and the crates that it may use first.
///
/// With `ring`, reqwest must not be first: it has only an aws-lc provider, and rustls must install ring before.
const CHOICES: [(&str, &[&str]); 3] = [
    ("defaults", &["reqwest", "rustls", "kucoin"]),
    ("sdk-alone", &["reqwest", "rustls", "kucoin"]),
    ("ring", &["rustls", "kucoin"]),
];

/// Builds the program with each choice of features, and runs it once for each crate that may be first.
pub(crate) fn check() -> Outcome {
    let manifest = Path::new(PACKAGE).join("Cargo.toml");
    for (features, first) in CHOICES {
        let mut build = cargo(&["build", "--locked", "--features", features]);
        // Share dependency builds with the tests of the workspace.
        build.args(["--target-dir", "target", "--manifest-path"]);
        shell::run(build.arg(&manifest))?;
        for name in first {
            let mut program = shell::command("target/debug/neighbours");
            // reqwest loads root certificates at startup, and a minimal machine may have none.
            program.env(
                "SSL_CERT_FILE",
                shell::root().join(PACKAGE).join("root.pem"),
            );
            let others = first.iter().filter(|other| *other != name);
            shell::run(program.arg(name).args(others))?;
        }
    }
    Ok(())
}
