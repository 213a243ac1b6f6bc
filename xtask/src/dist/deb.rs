//! The Debian package: its files and control data, built with dpkg-deb, and its trial in a Debian root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{DEMO, LIMIT, PROGRAM, Release, copy_to, inside, write};
use crate::shell::{self, Failure, Outcome, command};

const MAINTAINER: &str =
    "The kucoin-streams contributors <kucoin-streams@users.noreply.github.com>";
const HOMEPAGE: &str = "https://github.com/kucoin-streams/kucoin-streams";

/// Packages the dynamic binary, which uses the glibc of the machine and its security updates.
pub(super) fn build(release: &Release, binary: &Path, documents: &Path) -> Outcome<PathBuf> {
    let root = release.staging.join("deb");
    let arch = shell::read(command("dpkg").arg("--print-architecture"))?;
    let (arch, version) = (arch.trim(), format!("{}-1", release.version));
    copy_to(binary, &root.join("usr/bin").join(PROGRAM))?;
    let docs = root.join("usr/share/doc").join(PROGRAM);
    copy_to(&documents.join("README.md"), &docs.join("README.md"))?;
    copy_to(&documents.join("CHANGELOG.md"), &docs.join("changelog"))?;
    copy_to(
        &documents.join("third-party.txt"),
        &docs.join("third-party.txt"),
    )?;
    let entry = format!(
        "{PROGRAM} ({version}) unstable; urgency=medium\n\n  * Release {}; see changelog.gz.\n\n -- {MAINTAINER}  {}\n",
        release.version,
        release.date("-R")?
    );
    write(&docs.join("changelog.Debian"), &entry)?;
    let mit = documents.join("LICENSE-MIT");
    let mit = fs::read_to_string(&mit).map_err(|error| Failure::at(&mit, &error))?;
    write(&docs.join("copyright"), &copyright(&mit))?;
    let mut gzip = command("gzip");
    gzip.arg("-9n");
    shell::run(
        gzip.args(["changelog", "changelog.Debian", "third-party.txt"].map(|it| docs.join(it))),
    )?;

    let size = shell::read(command("du").args(["-sk", "--apparent-size"]).arg(&root))?;
    let size = size.split_whitespace().next().unwrap_or_default();
    let libraries = libraries(release, binary)?;
    write(
        &root.join("DEBIAN/control"),
        &control(&version, arch, size, &libraries),
    )?;
    let sums = "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum > DEBIAN/md5sums && chmod -R u+rwX,go=rX .";
    shell::run(command("sh").args(["-c", sums]).current_dir(&root))?;
    let package = release
        .folder
        .join(format!("{PROGRAM}_{version}_{arch}.deb"));
    let mut deb = command("dpkg-deb");
    deb.env("SOURCE_DATE_EPOCH", &release.time);
    deb.args(["--root-owner-group", "-Zxz", "--build"]);
    shell::run(deb.arg(&root).arg(&package))?;
    Ok(package)
}

/// Returns the packages of the shared libraries that the binary needs, with their lowest versions.
fn libraries(release: &Release, binary: &Path) -> Outcome<String> {
    // dpkg-shlibdeps reads `debian/control` in its folder.
    let folder = release.staging.join("shlibdeps");
    write(
        &folder.join("debian/control"),
        &format!("Source: {PROGRAM}\n\nPackage: {PROGRAM}\nArchitecture: any\n"),
    )?;
    let mut find = command("dpkg-shlibdeps");
    find.current_dir(&folder).args(["-O", "-e"]).arg(binary);
    let found = shell::read(&mut find).map_err(|failure| {
        Failure::new(format!(
            "{failure}\ndpkg-shlibdeps is in the Debian package dpkg-dev"
        ))
    })?;
    let found = found
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="));
    found
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("dpkg-shlibdeps found no libraries"))
}

fn control(version: &str, arch: &str, size: &str, libraries: &str) -> String {
    format!(
        "Package: {PROGRAM}
Version: {version}
Section: net
Priority: optional
Architecture: {arch}
Maintainer: {MAINTAINER}
Installed-Size: {size}
Depends: {libraries}, ca-certificates
Homepage: {HOMEPAGE}
Description: watch the private streams of a KuCoin account
 Prints orders, fills, balances and positions as they arrive, for people or as
 NDJSON for other programs. It reconnects, says where events may be missing,
 and reads over REST what was missed. It also has a local exchange to test
 against without an account.
 .
 Unofficial: the project is not affiliated with KuCoin.
"
    )
}

fn copyright(mit: &str) -> String {
    let text = mit.trim().lines().map(|line| match line.trim() {
        "" => String::from(" .\n"),
        line => format!(" {line}\n"),
    });
    let owner = mit
        .lines()
        .find_map(|line| line.strip_prefix("Copyright (c) "));
    format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: {PROGRAM}
Source: {HOMEPAGE}
Comment: The program contains other crates. third-party.txt.gz beside this file
 lists them with their licences.

Files: *
Copyright: {}
License: Expat or Apache-2.0

License: Expat
{}
License: Apache-2.0
 On Debian systems, the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
",
        owner.unwrap_or("The kucoin-streams contributors"),
        text.collect::<String>()
    )
}

/// Installs the package in a Debian root, runs the program there, and removes the package.
pub(super) fn try_in_root(root: &Path, package: &Path) -> Outcome {
    let name = package.file_name().unwrap_or_default();
    let inner = root.join("tmp").join(name);
    copy_to(package, &inner)?;
    let installed = root.join("usr/bin").join(PROGRAM);
    shell::run(
        inside(root, "dpkg")?
            .arg("--install")
            .arg(Path::new("/tmp").join(name)),
    )?;
    let ran = shell::run_within(
        inside(root, PROGRAM)?.args(DEMO).stdout(Stdio::null()),
        LIMIT,
    );
    shell::run(inside(root, "dpkg")?.args(["--purge", PROGRAM]))?;
    fs::remove_file(&inner).map_err(|error| Failure::at(&inner, &error))?;
    ran?;
    match installed.exists() {
        true => Err(Failure::new(format!(
            "{} is left after the removal",
            installed.display()
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_has_the_libraries_and_root_certificates() {
        let control = control("0.1.0-1", "amd64", "12", "libc6 (>= 2.34)");
        assert!(control.contains("\nDepends: libc6 (>= 2.34), ca-certificates\n"));
        assert!(control.ends_with('\n') && !control.contains("\n\n"));
    }

    #[test]
    fn copyright_has_owner_and_text() {
        let text = copyright("MIT License\n\nCopyright (c) 2026 X\n\nPermission\n");
        assert!(text.contains("Copyright: 2026 X\n"), "{text}");
        assert!(text.contains(
            "License: Expat\n MIT License\n .\n Copyright (c) 2026 X\n .\n Permission\n"
        ));
    }
}
