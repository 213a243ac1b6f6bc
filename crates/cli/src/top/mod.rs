//! `top`: shows the kept state of an account full-screen.

mod backend;
mod connections;
mod draw;
mod gaps;
mod keys;
mod log;
mod screen;
mod top_loop;
mod view;

use std::io::IsTerminal;

use crate::access;
use crate::args::TopArgs;
use crate::exit::{CommandError, Stderr};
use crate::metrics_server;
use crate::signals::Signals;
use crate::top::keys::Keys;
use crate::top::screen::Screen;
use crate::top::top_loop::TopLoop;

pub(crate) async fn run(args: Box<TopArgs>, stderr: Stderr) -> Result<(), CommandError> {
    check_terminal()?;
    let ws_keys = args.connection.ws_key.iter().copied();
    let (kucoin, demo) = access::connect(&args.connection, ws_keys).await?;
    metrics_server::start(args.connection.metrics_addr, &kucoin, &stderr).await?;
    let signals = Signals::listen()
        .map_err(|error| CommandError::because("cannot listen for signals", &error))?;
    let cannot_show =
        |error: std::io::Error| CommandError::because("cannot show the screen", &error);
    // From here on, lines on stderr would corrupt the screen.
    if std::io::stderr().is_terminal() {
        stderr.hold();
    }
    let shown = async {
        let screen = Screen::start().map_err(cannot_show)?;
        let keys = match Keys::start() {
            Ok(keys) => keys,
            Err(error) => {
                screen.close().await;
                return Err(cannot_show(error));
            }
        };
        let top_loop = TopLoop::new(kucoin, screen, keys, stderr.clone());
        top_loop.run(&args.connection, demo.as_ref(), signals).await
    };
    let outcome = shown.await;
    stderr.release();
    outcome
}

/// Checks that stdout is a terminal that can show a screen.
fn check_terminal() -> Result<(), CommandError> {
    let why = if !std::io::stdout().is_terminal() {
        "stdout is not a terminal"
    } else if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        "TERM is `dumb`"
    } else {
        return Ok(());
    };
    Err(CommandError::usage(format!(
        "`top` needs a terminal, but {why}; `kucoin-streams watch --account` prints the state as lines"
    )))
}
