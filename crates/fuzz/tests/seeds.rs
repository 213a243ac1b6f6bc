//! Runs every target with its committed seeds and with all recorded frames of the SDK's tests.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kucoin_streams_fuzz::TARGETS;

fn in_package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn names(folder: &str) -> BTreeSet<String> {
    let names = files(&in_package(folder)).into_iter();
    names
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// Runs a target; if it panics, the assertion names the input.
fn check(target: fn(&[u8]), input: &[u8], name: &str) {
    let passed = std::panic::catch_unwind(|| target(input)).is_ok();
    assert!(passed, "{name}");
}

#[test]
fn all_seeds_pass() {
    for (name, target) in TARGETS {
        let seeds = files(&in_package("seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            let input = fs::read(&seed).unwrap();
            check(target, &input, &seed.display().to_string());
        }
    }
}

#[test]
fn all_recorded_frames_pass_all_targets() {
    let mut frames = 0;
    for package in ["v1", "pro", "cli"] {
        for file in files(
            &in_package("..")
                .join(package)
                .join("tests")
                .join("fixtures"),
        ) {
            for frame in fs::read_to_string(&file).unwrap().lines() {
                for (name, target) in TARGETS {
                    check(target, frame.as_bytes(), &format!("{name}: {frame}"));
                }
                frames += 1;
            }
        }
    }
    assert!(frames > 100, "{frames}");
}

#[test]
fn every_target_has_seeds_and_a_program() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("seeds"), targets);
    assert_eq!(names("fuzz_targets"), targets);
    let manifest = fs::read_to_string(in_package("Cargo.toml")).unwrap();
    for target in &targets {
        let path = format!("path = \"fuzz_targets/{target}.rs\"");
        assert!(manifest.contains(&path), "{target}");
        let program =
            fs::read_to_string(in_package("fuzz_targets").join(format!("{target}.rs"))).unwrap();
        assert!(
            program.contains(&format!("kucoin_streams_fuzz::{target}(bytes)")),
            "{target}"
        );
    }
}
