//! Knows what it takes to build the targets: a C++ compiler, cargo-fuzz in one version, and the flags of the sanitizer.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{CRATE, MADE, MANIFEST};
use crate::shell::{self, Failure, Outcome, cargo};

/// It instruments the build. Pinned, since it decides about flags of the compiler.
const CARGO_FUZZ: &str = "0.13.2";

/// Builds by cargo-fuzz, with the address sanitizer; gives the folder of the programs.
pub(super) fn build(chosen: &[String]) -> Outcome<PathBuf> {
    let host = host()?;
    if shell::read(shell::command(&cxx()).arg("--version")).is_err() {
        let reason = format!(
            "no C++ compiler `{}`, which libFuzzer is built by; install g++",
            cxx()
        );
        return Err(Failure::new(reason));
    }
    let path = cargo_fuzz()?;
    // cargo-fuzz knows no `--locked`; this says so where the lock file is out of step.
    shell::run(&mut cargo(&[
        "fetch",
        "--locked",
        "--quiet",
        "--manifest-path",
        MANIFEST,
    ]))?;
    let mut build = cargo(&[
        "fuzz",
        "build",
        "--fuzz-dir",
        CRATE,
        "--target-dir",
        MADE,
        "--target",
        &host,
    ]);
    // The sanitizer's flags are unstable by name; the compiler is the stable one that all else is built by.
    build.env("RUSTC_BOOTSTRAP", "1");
    if let Some(path) = path {
        build.env("PATH", path);
    }
    if let [one] = chosen {
        build.arg(one);
    }
    shell::run(&mut build)?;
    Ok(shell::root().join(MADE).join(host).join("release"))
}

fn cxx() -> String {
    std::env::var("CXX").unwrap_or_else(|_| String::from("c++"))
}

/// The platform that the compiler runs on, such as `x86_64-unknown-linux-gnu`.
fn host() -> Outcome<String> {
    let told = shell::read(shell::command("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc does not name its host"))
}

/// Makes sure of cargo-fuzz in our version. Gives the search path where one of our own has to be put in front.
fn cargo_fuzz() -> Outcome<Option<OsString>> {
    let is_ours = |version: Outcome<String>| {
        version.is_ok_and(|said| said.trim() == format!("cargo-fuzz {CARGO_FUZZ}"))
    };
    if is_ours(shell::read(&mut cargo(&["fuzz", "--version"]))) {
        return Ok(None);
    }
    let folder = shell::root()
        .join(MADE)
        .join(format!("cargo-fuzz-{CARGO_FUZZ}"));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = [folder.join("bin")]
        .into_iter()
        .chain(std::env::split_paths(&paths));
    let path =
        std::env::join_paths(paths).map_err(|error| Failure::new(format!("PATH: {error}")))?;
    if !is_ours(shell::read(
        cargo(&["fuzz", "--version"]).env("PATH", &path),
    )) {
        let mut install = cargo(&[
            "install",
            "--locked",
            "--quiet",
            "cargo-fuzz",
            "--version",
            CARGO_FUZZ,
        ]);
        shell::run(install.arg("--root").arg(&folder)).map_err(|failure| {
            Failure::new(format!(
                "{failure}\ncargo-fuzz {CARGO_FUZZ} is not installed and could not be fetched"
            ))
        })?;
    }
    Ok(Some(path))
}
