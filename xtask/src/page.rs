//! Tests the example `live_page` in Chromium: clicks through all views on four screens, and takes screenshots.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use crate::shell::{self, Failure, Outcome, Running};
use crate::workspace::Workspace;
use crate::{examples, interop};

/// Driver of the browser, from npm; it brings no browser.
const DRIVER: &str = "playwright-core@1.65.1";

const CHROMIUM: &str = "/usr/bin/chromium";

/// Time limit of the test, which normally takes 45 s.
const LIMIT: Duration = Duration::from_secs(180);

pub(crate) fn run() -> Outcome {
    for (program, package) in [(CHROMIUM, "chromium"), ("node", "nodejs"), ("npm", "npm")] {
        shell::read(shell::command(program).arg("--version")).map_err(|failure| {
            Failure::new(format!("{failure}; install the package `{package}`"))
        })?;
    }
    let folder = shell::root().join("target").join("page");
    fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    let modules = interop::node_package(&folder, DRIVER)?;
    examples::build()?;

    let mut page = examples::program(&Workspace::load()?, "live_page");
    let mut page = Running::start(page.arg("127.0.0.1:0").stdout(Stdio::piped()))?;
    let mut url = String::new();
    if let Some(stdout) = page.child.stdout.take() {
        let read = BufReader::new(stdout).read_line(&mut url);
        read.map_err(|error| Failure::new(format!("live_page: {error}")))?;
    }
    let mut test = shell::command("node");
    test.env("NODE_PATH", modules).env("NO_PROXY", "127.0.0.1");
    test.arg(shell::root().join("examples/live_page/browser_test.cjs"));
    shell::run_within(test.args([url.trim(), CHROMIUM]).arg(folder), LIMIT)
}
