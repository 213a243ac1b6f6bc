//! Ours: the facade with its default features, and a subscription in the user's task.

use kucoin_streams::client::ConnectionRuntime;
use kucoin_streams::{
    ConnectionInfo, ConnectionSource, Kucoin, SecretUrl, SourceError, Subscription, Topic,
    WebSocketConnector, WsKey, client::Config, pro, v1,
};
use tokio::runtime::Runtime;

use super::socket::fresh_name;
use super::{Contender, Target};
use crate::events::Consume;
use crate::frames::Kind;
use crate::tally::Tally;

/// A token source that returns the URL of the loopback server.
#[derive(Clone, Debug)]
struct Loopback(String);

impl Loopback {
    /// Returns the source for a connection with this name.
    fn new(target: &Target, name: &str) -> Self {
        let scheme = if target.tls.is_some() {
            "wss://localhost"
        } else {
            "ws://127.0.0.1"
        };
        Self(format!("{scheme}:{}{}", target.port, target.path(name)))
    }
}

impl ConnectionSource for Loopback {
    async fn connection_info(&self, _: WsKey) -> Result<ConnectionInfo, SourceError> {
        Ok(ConnectionInfo::new(SecretUrl::new(self.0.clone())))
    }
}

/// Creates a client of the loopback server.
///
/// # Panics
/// Panics if the settings are invalid.
pub fn client(target: &Target, name: &str, config: Config) -> Kucoin {
    let mut transport = WebSocketConnector::new();
    if let Some(tls) = target.tls.clone() {
        transport = transport.with_tls_config(tls);
    }
    let builder = Kucoin::builder().tokens(Loopback::new(target, name));
    let built = builder.transport(transport).config(config).build();
    built.expect("the settings are valid")
}

struct Ours<T: Topic> {
    name: &'static str,
    connection: String,
    subscription: Option<Subscription<T>>,
    /// Keeps the connection open.
    _kucoin: Kucoin,
}

pub(super) fn connect(
    runtime: &Runtime,
    target: &Target,
    connection_runtime: ConnectionRuntime,
) -> Box<dyn Contender> {
    let name = match connection_runtime {
        ConnectionRuntime::Current => super::OURS_ON_THE_RUNTIME,
        _ => super::OURS,
    };
    let connection = fresh_name();
    let _inside = runtime.enter();
    let kucoin = client(
        target,
        &connection,
        Config::default().with_runtime(connection_runtime),
    );
    macro_rules! ours {
        ($topic:expr) => {{
            let subscribed = runtime.block_on(kucoin.subscribe($topic));
            Box::new(Ours {
                name,
                connection,
                subscription: Some(subscribed.expect("the subscription is acknowledged")),
                _kucoin: kucoin,
            })
        }};
    }
    match target.kind {
        Kind::Order => ours!(v1::SpotOrders),
        Kind::Balance => ours!(v1::Balances),
        Kind::Position => ours!(v1::FuturesPositions),
        Kind::ProOrder => ours!(pro::Orders::all(pro::TradeType::Unified)),
        Kind::SymbolOrder(_) => ours!(v1::FuturesOrders),
    }
}

/// Consumes this number of events from a subscription.
///
/// # Panics
/// Panics at a gap, since a measurement with lost events is invalid.
pub async fn stream<T>(subscription: &mut Subscription<T>, events: u64) -> Tally
where
    T: Topic,
    T::Event: Consume,
{
    let mut tally = Tally::default();
    while tally.events < events {
        match subscription.next().await.expect("the stream is open") {
            Ok(update) => update.consume(&mut tally),
            Err(gap) => panic!("{gap}"),
        }
    }
    tally
}

impl<T: Topic> Contender for Ours<T>
where
    T::Event: Consume,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn connection(&self) -> &str {
        &self.connection
    }

    fn run(&mut self, runtime: &Runtime, events: u64) -> Tally {
        let mut subscription = self
            .subscription
            .take()
            .expect("the previous run has ended");
        let reading = runtime.spawn(async move {
            let tally = stream(&mut subscription, events).await;
            (subscription, tally)
        });
        let (subscription, tally) = runtime.block_on(reading).expect("the reading task ends");
        self.subscription = Some(subscription);
        tally
    }
}
