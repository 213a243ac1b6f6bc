//! Knows how a program with a `reqwest` and a `rustls` of its own is built beside the SDK, and that neither breaks.

use std::path::Path;

use crate::shell::{self, Outcome, cargo};

const PACKAGE: &str = "tests/neighbours";

/// The features of the program, and what it uses first. With `ring`, reqwest has no provider until rustls has been
/// used: reqwest brings one for aws-lc alone.
const CHOICES: [(&str, &[&str]); 3] = [
    ("defaults", &["reqwest", "rustls", "kucoin"]),
    ("sdk-alone", &["reqwest", "rustls", "kucoin"]),
    ("ring", &["rustls", "kucoin"]),
];

/// Builds the program with each choice of features and runs it once for each crate that can come first.
pub(crate) fn live_together() -> Outcome {
    let manifest = Path::new(PACKAGE).join("Cargo.toml");
    for (features, first) in CHOICES {
        let mut build = cargo(&["build", "--locked", "--features", features]);
        // Shares with the tests of the workspace what is built alike.
        build.args(["--target-dir", "target", "--manifest-path"]);
        shell::run(build.arg(&manifest))?;
        for name in first {
            let mut program = shell::command("target/debug/neighbours");
            // reqwest reads the root certificates at once, and a bare machine may have none.
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
