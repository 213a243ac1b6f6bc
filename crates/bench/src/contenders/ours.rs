//! Ours: the facade with everything on, and a subscription in the user's own task.

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

/// Gives the loopback server for every dial.
#[derive(Clone, Debug)]
struct Loopback(String);

impl Loopback {
    /// The server, under this name of the connection.
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

/// A client of the loopback server with the defaults, or other settings where they are what is measured.
///
/// # Panics
/// If the settings do not go together.
pub fn client(target: &Target, name: &str, config: Config) -> Kucoin {
    let mut transport = WebSocketConnector::new();
    if let Some(tls) = target.tls.clone() {
        transport = transport.with_tls_config(tls);
    }
    let builder = Kucoin::builder().tokens(Loopback::new(target, name));
    let built = builder.transport(transport).config(config).build();
    built.expect("the settings go together")
}

struct Ours<T: Topic> {
    name: &'static str,
    connection: String,
    subscription: Option<Subscription<T>>,
    /// Stands as long as the subscription.
    _kucoin: Kucoin,
}

pub(super) fn connect(
    runtime: &Runtime,
    target: &Target,
    where_to: ConnectionRuntime,
) -> Box<dyn Contender> {
    let name = match where_to {
        ConnectionRuntime::Current => super::OURS_ON_THE_RUNTIME,
        _ => super::OURS,
    };
    let connection = fresh_name();
    let _inside = runtime.enter();
    let kucoin = client(
        target,
        &connection,
        Config::default().with_runtime(where_to),
    );
    macro_rules! ours {
        ($topic:expr) => {{
            let subscribed = runtime.block_on(kucoin.subscribe($topic));
            Box::new(Ours {
                name,
                connection,
                subscription: Some(subscribed.expect("it is acknowledged")),
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

/// Consumes this number of events of a subscription.
///
/// # Panics
/// At a gap: a measurement with losses is none.
pub async fn stream<T>(subscription: &mut Subscription<T>, events: u64) -> Tally
where
    T: Topic,
    T::Event: Consume,
{
    let mut tally = Tally::default();
    while tally.events < events {
        match subscription.next().await.expect("it goes on") {
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
        let mut subscription = self.subscription.take().expect("it is given back");
        let reading = runtime.spawn(async move {
            let tally = stream(&mut subscription, events).await;
            (subscription, tally)
        });
        let (subscription, tally) = runtime.block_on(reading).expect("it reads to the end");
        self.subscription = Some(subscription);
        tally
    }
}
