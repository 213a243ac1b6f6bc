//! Every committed seed, and every frame that the tests of the SDK have recorded, keeps the promises of its target.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kucoin_streams_fuzz::TARGETS;

fn here(path: &str) -> PathBuf {
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
    let names = files(&here(folder)).into_iter();
    names
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// An input that fails is named; its panic stands above.
fn hold(target: fn(&[u8]), input: &[u8], name: &str) {
    let held = std::panic::catch_unwind(|| target(input)).is_ok();
    assert!(held, "{name}");
}

#[test]
fn every_seed_keeps_what_its_target_promises() {
    for (name, target) in TARGETS {
        let seeds = files(&here("seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            let input = fs::read(&seed).unwrap();
            hold(target, &input, &seed.display().to_string());
        }
    }
}

#[test]
fn every_recorded_frame_keeps_what_every_target_promises() {
    let mut frames = 0;
    for package in ["v1", "pro", "cli"] {
        for file in files(&here("..").join(package).join("tests").join("fixtures")) {
            for frame in fs::read_to_string(&file).unwrap().lines() {
                for (name, target) in TARGETS {
                    hold(target, frame.as_bytes(), &format!("{name}: {frame}"));
                }
                frames += 1;
            }
        }
    }
    assert!(frames > 100, "{frames}");
}

#[test]
fn seeds_and_programs_are_those_of_the_targets() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("seeds"), targets);
    assert_eq!(names("fuzz_targets"), targets);
    let manifest = fs::read_to_string(here("Cargo.toml")).unwrap();
    for target in &targets {
        let path = format!("path = \"fuzz_targets/{target}.rs\"");
        assert!(manifest.contains(&path), "{target}");
        let program =
            fs::read_to_string(here("fuzz_targets").join(format!("{target}.rs"))).unwrap();
        assert!(
            program.contains(&format!("kucoin_streams_fuzz::{target}(bytes)")),
            "{target}"
        );
    }
}
