//! Builds what users install without Rust: a static binary and a Debian package of the command line, in `target/dist`.

mod deb;
mod licences;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::shell::{self, Failure, Outcome, cargo, command};
use crate::workspace::Workspace;

const CLI: &str = "kucoin-streams-cli";
const PROGRAM: &str = "kucoin-streams";

/// Arguments with which each binary is tried: a demo account on a local exchange inside the program.
const DEMO: [&str; 4] = ["watch", "--demo", "--for", "5s"];

/// Time limit of a trial, which normally ends much earlier.
const LIMIT: Duration = Duration::from_secs(60);

/// A key of the right form, for no account.
const EXAMPLE_KEY: [(&str, &str); 3] = [
    ("KUCOIN_API_KEY", "66f0demo5c1a2e0001d0c0de"),
    ("KUCOIN_API_SECRET", "a1b2c3d4-demo-4e5f-8a6b-7c8d9e0f1a2b"),
    ("KUCOIN_API_PASSPHRASE", "demo-passphrase"),
];

/// Options of the command `dist`.
#[derive(Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Dist {
    /// Debian root, such as of `debootstrap --include=ca-certificates`, in which to install, run and remove the package
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

/// What both artifacts share.
struct Release {
    workspace: Workspace,
    /// Folder of the artifacts, and folder of what they are made of.
    folder: PathBuf,
    staging: PathBuf,
    version: String,
    /// Time of the last commit, in seconds since the Unix epoch: the time of every file, so that equal sources give
    /// equal artifacts.
    time: String,
}

/// How the static binary is linked.
struct Linking {
    target: String,
    /// Name in the file name of the artifact.
    name: &'static str,
    flags: &'static str,
    /// What users of the binary must know.
    note: &'static str,
}

impl Dist {
    pub(crate) fn run(&self) -> Outcome {
        let release = Release::load()?;
        let linking = static_linking()?;
        let alone = release.build(&linking.target, linking.flags, "static")?;
        println!("static binary: {}", linking.note);
        release.try_alone(&alone)?;
        let dynamic = release.build(&gnu(), "", "dynamic")?;
        let documents = release.documents()?;
        release.archive(&linking, &alone, &documents)?;
        let package = deb::build(&release, &dynamic, &documents)?;
        match &self.root {
            Some(root) => deb::try_in_root(root, &package)?,
            None => println!(
                "the package was not installed for a trial, because --root names no Debian root"
            ),
        }
        release.print_sums()
    }
}

fn gnu() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// Chooses musl if its standard library is installed, and static glibc otherwise.
fn static_linking() -> Outcome<Linking> {
    let musl = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let mut rustc = command("rustc");
    let library = shell::read(rustc.args(["--print", "target-libdir", "--target", &musl]))?;
    if !Path::new(library.trim()).exists() {
        println!("{musl} is not installed (`rustup target add {musl}`): linking glibc statically");
        return Ok(Linking {
            target: gnu(),
            name: "linux-glibc-static",
            flags: " -C target-feature=+crt-static",
            note: "glibc inside, which reads host names from /etc/hosts and DNS; other services of /etc/nsswitch.conf \
                   need the same glibc on the machine",
        });
    }
    if shell::read(command("musl-gcc").arg("--version")).is_err() {
        return Err(Failure::new(format!(
            "{musl} is installed, but not its C compiler; install musl-gcc (Debian: `apt-get install musl-tools`)"
        )));
    }
    Ok(Linking {
        target: musl,
        name: "linux-musl",
        flags: "",
        note: "musl inside, which reads host names from /etc/hosts and DNS, and not from /etc/nsswitch.conf",
    })
}

impl Release {
    fn load() -> Outcome<Self> {
        let workspace = Workspace::load()?;
        let cli = workspace.members().find(|package| package.name == CLI);
        let cli = cli.ok_or_else(|| Failure::new(format!("the workspace has no member {CLI}")))?;
        let version = cli.version.clone();
        let folder = workspace.target_directory.join("dist");
        let staging = workspace.target_directory.join("dist-staging");
        for folder in [&folder, &staging] {
            if folder.exists() {
                fs::remove_dir_all(folder).map_err(|error| Failure::at(folder, &error))?;
            }
            create(folder)?;
        }
        let time = shell::read(command("git").args(["log", "-1", "--format=%ct"]))?;
        Ok(Self {
            workspace,
            folder,
            staging,
            version,
            time: time.trim().to_owned(),
        })
    }

    /// Builds the program for a target, without symbols and without paths of this machine.
    fn build(&self, target: &str, flags: &str, name: &str) -> Outcome<PathBuf> {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
        let paths = [
            (shell::root(), PROGRAM),
            (home.unwrap_or_default(), "cargo"),
        ];
        let remap = paths.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
        let mut build = cargo(&["build", "--release", "--locked", "--package", CLI]);
        build.args(["--target", target]);
        build.env("RUSTFLAGS", remap.join(" ") + flags);
        shell::run(
            build
                .arg("--target-dir")
                .arg(&self.workspace.target_directory),
        )?;
        let built = self.workspace.target_directory.join(target);
        // Copied, because another build for the same target would replace it.
        let copy = self.staging.join(name).join(PROGRAM);
        copy_to(&built.join("release").join(PROGRAM), &copy)?;
        shell::run(command("strip").arg("--strip-all").arg(&copy))?;
        Ok(copy)
    }

    /// Runs the static binary in a root folder with no other file: no libraries and no certificates.
    fn try_alone(&self, binary: &Path) -> Outcome {
        let root = self.staging.join("root");
        copy_to(binary, &root.join(PROGRAM))?;
        let program = format!("/{PROGRAM}");
        shell::run_within(
            inside(&root, &program)?.args(DEMO).stdout(Stdio::null()),
            LIMIT,
        )?;
        let mut watch = inside(&root, &program)?;
        watch
            .args(["watch", "--connect-timeout", "5s"])
            .envs(EXAMPLE_KEY);
        match shell::read(&mut watch) {
            Err(error) if error.to_string().contains("ca-certificates") => Ok(()),
            Err(error) => Err(Failure::new(format!(
                "without root certificates, the error does not name them: {error}"
            ))),
            Ok(_) => Err(Failure::new("it connected without root certificates")),
        }
    }

    /// Writes the documents of both artifacts, and returns their folder.
    fn documents(&self) -> Outcome<PathBuf> {
        let folder = self.staging.join("documents");
        create(&folder)?;
        let third_party = licences::third_party(&self.workspace, CLI, &gnu())?;
        write(&folder.join("third-party.txt"), &third_party)?;
        for name in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            copy_to(
                &shell::root().join("crates/cli").join(name),
                &folder.join(name),
            )?;
        }
        Ok(folder)
    }

    fn archive(&self, linking: &Linking, binary: &Path, documents: &Path) -> Outcome {
        let arch = std::env::consts::ARCH;
        let name = format!("{PROGRAM}-{}-{arch}-{}", self.version, linking.name);
        let content = self.staging.join(&name);
        copy_to(binary, &content.join(PROGRAM))?;
        for document in shell::entries(documents)? {
            copy_to(
                &document,
                &content.join(document.file_name().unwrap_or_default()),
            )?;
        }
        let mut tar = command("tar");
        tar.args([
            "--sort=name",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--mode=u+rw,go=rX",
        ]);
        tar.arg(format!("--mtime=@{}", self.time))
            .args(["-I", "gzip -9n", "-cf"]);
        tar.arg(self.folder.join(format!("{name}.tar.gz")));
        shell::run(tar.arg("-C").arg(&self.staging).arg(name))
    }

    /// Returns the time of the last commit in a format of `date`.
    fn date(&self, format: &str) -> Outcome<String> {
        let mut date = command("date");
        date.env("LC_ALL", "C").args(["-u", "-d"]);
        let text = shell::read(date.arg(format!("@{}", self.time)).arg(format))?;
        Ok(text.trim().to_owned())
    }

    /// Writes SHA256SUMS, and prints it with the sizes.
    fn print_sums(&self) -> Outcome {
        let paths = shell::entries(&self.folder)?;
        let names = paths.iter().filter_map(|path| path.file_name());
        let sums = shell::read(command("sha256sum").current_dir(&self.folder).args(names))?;
        write(&self.folder.join("SHA256SUMS"), &sums)?;
        println!("in {}:", self.folder.display());
        for (path, sum) in paths.iter().zip(sums.lines()) {
            let size = path.metadata().map_err(|error| Failure::at(path, &error))?;
            println!("{:>6} KiB  {sum}", size.len().div_ceil(1024));
        }
        Ok(())
    }
}

/// Returns a command that runs in another root folder.
fn inside(root: &Path, program: &str) -> Outcome<Command> {
    let user = shell::read(command("id").arg("-u"))?;
    let mut inside = match user.trim() {
        "0" => command("chroot"),
        _ => command("unshare"),
    };
    if user.trim() != "0" {
        inside.args(["--user", "--map-root-user", "--root"]);
    }
    inside.arg(root).arg(program);
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        inside.env_remove(name);
    }
    Ok(inside)
}

fn create(folder: &Path) -> Outcome {
    fs::create_dir_all(folder).map_err(|error| Failure::at(folder, &error))
}

fn write(path: &Path, text: &str) -> Outcome {
    path.parent().map_or(Ok(()), create)?;
    fs::write(path, text).map_err(|error| Failure::at(path, &error))
}

fn copy_to(from: &Path, to: &Path) -> Outcome {
    to.parent().map_or(Ok(()), create)?;
    match fs::copy(from, to) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::at(from, &error)),
    }
}
