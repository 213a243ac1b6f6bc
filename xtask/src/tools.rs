//! Installs pinned cargo tools below `target/tools`, where they stay until their version changes.

use std::path::PathBuf;

use crate::shell::{self, Outcome, cargo};

/// A cargo subcommand from crates.io.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

impl Tool {
    /// Builds the tool if necessary, and returns the path of its program.
    pub(crate) fn install(&self) -> Outcome<PathBuf> {
        let home = format!("target/tools/{}-{}", self.name, self.version);
        let home = shell::root().join(home);
        let program = home.join("bin").join(self.name);
        if !program.exists() {
            let mut install = cargo(&["install", "--quiet", "--locked", self.name, "--root"]);
            install.arg(&home).args(["--version", self.version]);
            // The tools run for seconds, so a fast build matters more than fast code.
            install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
            install.env("CARGO_PROFILE_RELEASE_LTO", "off");
            install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
            install.env("CARGO_PROFILE_RELEASE_DEBUG", "0");
            shell::run(&mut install)?;
        }
        Ok(program)
    }
}
