//! Signs with a secret that never leaves its vault: an HSM, or a thread or process that has nothing else to do.
//!
//! The streaming part of the program has no API secret. It sends the bytes to sign to the vault, and gets the signature.
//!
//! ```sh
//! cargo run -p kucoin-streams-examples --example hsm_signer
//! ```
//!
//! Without credentials it uses a local exchange and ends by itself. With `KUCOIN_API_KEY`, `KUCOIN_API_SECRET` and
//! `KUCOIN_API_PASSPHRASE` set, it follows that account until Ctrl-C.
#![allow(clippy::print_stdout)]

use std::pin::pin;
use std::process::ExitCode;
use std::thread::{self, JoinHandle};

use kucoin_streams::auth::{HmacSigner, Prehash, SignError, Signed};
use kucoin_streams::v1::SpotOrders;
use kucoin_streams::{Credentials, DynSign, Kucoin, Sign};
use kucoin_streams_examples::{Error, Setup, ended, report};
use kucoin_streams_exchange::{Cut, Effect, Exchange, Side};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// What crosses the border of the vault: the bytes to sign, and the way back for the signature.
type Request = (Prehash, oneshot::Sender<Result<Signed, SignError>>);

/// The client of the vault. It has a channel and no secret.
struct Vault(mpsc::Sender<Request>);

impl Vault {
    /// Starts the vault: from here on, only its thread has the secret. It ends when its client is dropped.
    fn start(credentials: Credentials) -> (Self, JoinHandle<()>) {
        let (client, mut requests) = mpsc::channel::<Request>(4);
        let runtime = Handle::current();
        let thread = thread::spawn(move || {
            // In place of an HSM: its library often blocks, which is fine on a thread of its own.
            let hsm = HmacSigner::new(&credentials);
            drop(credentials);
            while let Some((prehash, reply)) = requests.blocking_recv() {
                println!("vault      signs {} bytes", prehash.as_bytes().len());
                // KuCoin refuses a timestamp older than 5 s, so its caller may have given up.
                let _ = reply.send(runtime.block_on(hsm.sign(&prehash)));
            }
        });
        (Self(client), thread)
    }
}

/// The SDK signs each token request and REST query, right before it is sent, and has a deadline of its own.
impl Sign for Vault {
    async fn sign(&self, prehash: &Prehash) -> Result<Signed, SignError> {
        // `Unavailable` is retried; `Refused` ends the connection, for example if the HSM has lost the key.
        let gone = || SignError::Unavailable("the vault has ended".into());
        let (reply, signature) = oneshot::channel();
        let request = (prehash.clone(), reply);
        self.0.send(request).await.map_err(|_| gone())?;
        signature.await.map_err(|_| gone())?
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    report(run().await)
}

async fn run() -> Result<(), Error> {
    let setup = Setup::from_env().await?;
    let (vault, thread) = Vault::start(setup.credentials()?);
    // A trait object, so that a setting can choose between a vault and `HmacSigner`.
    let signer: Box<dyn DynSign> = Box::new(vault);
    let kucoin = Kucoin::builder()
        .signer(signer)
        .hosts(setup.hosts()?)
        .build()?;

    let mut orders = kucoin.subscribe(SpotOrders).await?;
    let mut done = pin!(setup.until_done(simulate));
    loop {
        tokio::select! {
            item = orders.next() => match item {
                Some(Ok(order)) => println!("order      {} {}", order.order_id, order.kind),
                Some(Err(gap)) => println!("gap        {gap}"),
                None => return Err(ended(orders.end_reason())),
            },
            result = &mut done => break result?,
        }
    }
    kucoin.close().await;
    drop((orders, kucoin));
    thread.join().map_err(|_| "the vault has panicked")?;
    Ok(())
}

/// Trades on the local exchange, so that there is something to see. Your own program does not need this.
async fn simulate(exchange: &Exchange) -> Result<(), Error> {
    exchange
        .account()
        .place_market("KCS-USDT", Side::Buy, 10.into())?;
    // Each reconnect needs a new token, and so a new signature.
    exchange.inject(Effect::Cut(Cut::Reset));
    exchange.wait_until(|seen| seen.tokens_issued == 2).await;
    exchange.wait_subscribed(SpotOrders::PATH).await;
    exchange
        .account()
        .place_market("KCS-USDT", Side::Sell, 10.into())?;
    Ok(())
}
