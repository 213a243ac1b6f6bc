//! A PostgreSQL server of the test, in a temporary folder and on a Unix socket.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server that is stopped on drop.
pub(crate) struct Server {
    folder: PathBuf,
    /// Folder of `initdb` and `pg_ctl`.
    programs: PathBuf,
    /// The user of the server if this is root, whom PostgreSQL refuses.
    user: Option<&'static str>,
}

impl Server {
    /// Creates a new server and starts it.
    pub(crate) fn start(folder: &Path) -> Self {
        let folder = folder.join("server");
        std::fs::create_dir(&folder).unwrap();
        let is_root = folder.metadata().unwrap().uid() == 0;
        let server = Self {
            programs: programs(),
            user: is_root.then_some("postgres"),
            folder,
        };
        if let Some(user) = server.user {
            // A temporary folder is closed to other users.
            let parent = server.folder.parent().unwrap();
            std::fs::set_permissions(parent, Permissions::from_mode(0o711)).unwrap();
            let number = |option| {
                let output = Command::new("id").args([option, user]).output().unwrap();
                String::from_utf8(output.stdout)
                    .unwrap()
                    .trim()
                    .parse()
                    .ok()
            };
            chown(&server.folder, number("-u"), number("-g")).unwrap();
        }
        let data = server.data();
        server.run(
            "initdb",
            &["-D", &data, "-U", "fills", "-A", "trust", "--no-sync"],
        );
        server.restart();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("host={} user=fills dbname=postgres", self.folder.display())
    }

    /// Starts the server, and waits until it accepts connections.
    pub(crate) fn restart(&self) {
        let socket = format!(
            "-c listen_addresses= -c fsync=off -k {}",
            self.folder.display()
        );
        let log = self.folder.join("log").display().to_string();
        self.run(
            "pg_ctl",
            &["start", "-w", "-D", &self.data(), "-o", &socket, "-l", &log],
        );
    }

    /// Stops the server as a crash does: without a checkpoint, and all connections break.
    pub(crate) fn crash(&self) {
        self.run("pg_ctl", &["stop", "-m", "immediate", "-D", &self.data()]);
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let path = self.programs.join(program);
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(path);
                command
            }
            None => Command::new(path),
        };
        // The folder of the test may be closed to the user.
        let command = command.args(arguments).current_dir(&self.folder);
        // `pg_ctl start` leaves a server that would keep pipes open.
        let output = self.folder.with_extension(program);
        let file = std::fs::File::create(&output).unwrap();
        let command = command.stdout(file.try_clone().unwrap()).stderr(file);
        let status = command.status().unwrap();
        let output = std::fs::read_to_string(output).unwrap();
        assert!(
            status.success(),
            "{program} {arguments:?}: {status}\n{output}"
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.folder.join("data/postmaster.pid");
        if pid.exists() {
            self.crash();
        }
    }
}

/// Finds the programs of the server: in the path, or where Debian has them.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = debian.flatten().map(|version| version.path().join("bin"));
    let mut folders = debian.chain(std::env::split_paths(&path));
    folders
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
        .unwrap_or_else(|| {
            panic!("initdb and pg_ctl are not installed; install PostgreSQL: `apt-get install postgresql`")
        })
}
