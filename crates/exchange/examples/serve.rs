//! Runs a local exchange until it is stopped; prints its URLs and credentials as one line of JSON.
#![allow(clippy::print_stdout)]

use kucoin_streams_exchange::Exchange;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let exchange = Exchange::builder().seed(7).event_rate(40.0).start().await?;
    let credentials = exchange.credentials();
    let line = serde_json::json!({
        "kind": "exchange",
        "restUrl": exchange.rest_url(),
        "proWsUrl": exchange.pro_ws_url(),
        "apiKey": credentials.key,
        "apiSecret": credentials.secret,
        "apiPassphrase": credentials.passphrase,
    });
    println!("{line}");
    std::future::pending().await
}
