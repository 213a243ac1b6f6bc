//! Builds the fuzz targets, with a C++ compiler, a pinned cargo-fuzz and the address sanitizer.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{CRATE, MANIFEST, OUTPUT};
use crate::shell::{self, Failure, Outcome, cargo};

/// Version of cargo-fuzz; pinned, because cargo-fuzz selects compiler flags.
const CARGO_FUZZ: &str = "0.13.2";

/// Builds the targets with cargo-fuzz and the address sanitizer; returns the folder of the programs.
pub(super) fn build(chosen: &[String]) -> Outcome<PathBuf> {
    let host = host()?;
    if shell::read(shell::command(&cxx()).arg("--version")).is_err() {
        let reason = format!(
            "libFuzzer needs a C++ compiler, but `{}` does not run; install g++ or set CXX",
            cxx()
        );
        return Err(Failure::new(reason));
    }
    let path = cargo_fuzz()?;
    // cargo-fuzz has no `--locked`; this fails if Cargo.lock is not up to date.
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
        OUTPUT,
        "--target",
        &host,
    ]);
    // Allows the unstable sanitizer flags with the stable compiler of the other builds.
    build.env("RUSTC_BOOTSTRAP", "1");
    if let Some(path) = path {
        build.env("PATH", path);
    }
    if let [one] = chosen {
        build.arg(one);
    }
    shell::run(&mut build)?;
    Ok(shell::root().join(OUTPUT).join(host).join("release"))
}

fn cxx() -> String {
    std::env::var("CXX").unwrap_or_else(|_| String::from("c++"))
}

/// Returns the host platform of the compiler, such as `x86_64-unknown-linux-gnu`.
fn host() -> Outcome<String> {
    let version = shell::read(shell::command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::new("no host in the output of `rustc -vV`"))
}

/// Installs the pinned cargo-fuzz if necessary.
///
/// Returns the `PATH` that contains cargo-fuzz, or `None` if the current `PATH` contains it.
fn cargo_fuzz() -> Outcome<Option<OsString>> {
    let is_ours = |version: Outcome<String>| {
        version.is_ok_and(|version| version.trim() == format!("cargo-fuzz {CARGO_FUZZ}"))
    };
    if is_ours(shell::read(&mut cargo(&["fuzz", "--version"]))) {
        return Ok(None);
    }
    let folder = shell::root()
        .join(OUTPUT)
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
                "{failure}\ncargo-fuzz {CARGO_FUZZ} cannot be installed"
            ))
        })?;
    }
    Ok(Some(path))
}
