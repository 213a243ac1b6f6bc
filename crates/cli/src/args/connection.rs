//! Arguments of all commands that watch an account: which account, which connections, how to reach them.

use std::net::SocketAddr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, ValueEnum};
use kucoin_streams::{ProAuthentication, RecoverySettings, Region, Text, WsKey};

use super::duration;
use crate::metrics_server::parse_address;

/// Options that choose an exchange; they cannot be combined with `--demo`, which has its own.
pub(super) const HOST_OPTIONS: [&str; 4] = ["region", "rest_url", "futures_rest_url", "pro_ws_url"];

/// The account, and its connections.
#[derive(Debug, ClapArgs)]
pub(crate) struct ConnectionArgs {
    /// Watch a demo account on a local exchange inside this program. It needs no KuCoin account. After 15 seconds, every
    /// connection is lost for 3 seconds, and then the missed events are recovered. Cannot be combined with options that choose another exchange or a proxy.
    #[arg(long, conflicts_with_all = HOST_OPTIONS, display_order = 0)]
    pub(crate) demo: bool,

    /// Connection to use, repeatable: spotPrivateV1, futuresPrivateV1 or privateProV2. Default: by the mode of the account:
    /// privateProV2 for a unified account, otherwise the two of V1.
    #[arg(long, value_name = "KEY", display_order = 1)]
    pub(crate) ws_key: Vec<WsKey>,

    /// Symbol to query after a gap even if no event named it, repeatable, such as BTC-USDT. Only unified accounts need it:
    /// KuCoin has no list of the spot symbols that they traded.
    #[arg(long, value_name = "SYMBOL")]
    pub(crate) symbol: Vec<String>,

    /// Time limit for each connection to become live the first time; exit status 4 if it is exceeded.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    pub(crate) connect_timeout: Duration,

    /// Serve metrics for Prometheus at http://ADDR/metrics: counters, queues and latencies of each connection. ADDR is
    /// IP:PORT, or a port of this machine (loopback); without ADDR, 127.0.0.1:9600.
    #[arg(long, value_name = "ADDR", value_parser = parse_address, num_args = 0..=1, default_missing_value = "127.0.0.1:9600")]
    pub(crate) metrics_addr: Option<SocketAddr>,

    #[command(flatten)]
    pub(crate) hosts: HostArgs,
}

impl ConnectionArgs {
    /// Returns the settings of the recovery.
    pub(crate) fn recovery(&self) -> RecoverySettings {
        let mut settings = RecoverySettings::default();
        settings.symbols = self.symbol.iter().map(|name| Text::new(name)).collect();
        settings
    }
}

/// Hosts of the exchange, the proxy, and how to authenticate.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Connection")]
pub(crate) struct HostArgs {
    /// Region of the account.
    #[arg(long, value_parser = region(), default_value_t)]
    pub(crate) region: Region,

    /// REST URL of spot and margin, instead of the region's. Must be https, except on this machine (loopback). A
    /// loopback http URL serves futures too, unless --futures-rest-url is set.
    #[arg(long, value_name = "URL")]
    pub(crate) rest_url: Option<String>,

    /// REST URL of futures, instead of the region's. Required for futures if --rest-url is an https host that is not
    /// KuCoin's.
    #[arg(long, value_name = "URL")]
    pub(crate) futures_rest_url: Option<String>,

    /// WebSocket URL of Pro V2, instead of the region's. Required for Pro V2 if --rest-url is an https host that is not
    /// KuCoin's. With an http --rest-url, the default is the same host and port with the path /pro.
    #[arg(long, value_name = "URL")]
    pub(crate) pro_ws_url: Option<String>,

    /// Proxy for all traffic: http://HOST:PORT, https://, socks5:// (host names are resolved on this machine) or
    /// socks5h:// (resolved by the proxy); or `env` to read HTTPS_PROXY or ALL_PROXY, and NO_PROXY, from the
    /// environment. If the proxy needs a password, use `env`: other users of this machine can see arguments.
    #[arg(long, value_name = "URL", conflicts_with = "demo")]
    pub(crate) proxy: Option<String>,

    /// How Pro V2 connections authenticate.
    #[arg(long, value_enum, default_value_t = ProAuthArg::Token)]
    pub(crate) pro_auth: ProAuthArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProAuthArg {
    /// Token in the URL.
    Token,
    /// Signed login after the welcome message.
    Login,
}

impl From<ProAuthArg> for ProAuthentication {
    fn from(authentication: ProAuthArg) -> Self {
        match authentication {
            ProAuthArg::Token => Self::Token,
            ProAuthArg::Login => Self::Login,
        }
    }
}

fn region() -> impl TypedValueParser<Value = Region> {
    PossibleValuesParser::new(Region::ALL.map(Region::as_str)).try_map(|name| name.parse())
}
