//! Runs a local exchange whose account has a known past, and then no activity, until it is stopped.
//!
//! Prints one line of JSON: URLs, credentials, and what the account pushed and holds. A client that reads the account
//! over REST must find the same. The argument is the seed of the past, by default 11.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::time::Duration;

use kucoin_streams_exchange::{
    Account, CONTRACTS, Decimal, Direction, Exchange, Rejected, SYMBOLS, SettleCurrency, Side,
    StopKind, StopPriceType, TruthLog, Wallet,
};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

/// The accounts of Pro V2, as in the topics of its pushes.
const ACCOUNTS: [&str; 5] = ["SPOT", "CROSS", "ISOLATED", "FUTURES", "UNIFIED"];
/// Number of random actions: enough for several pages of fills per symbol.
const STEPS: usize = 1_500;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = std::env::args().nth(1);
    let seed = seed.map_or(Ok(11), |text| text.parse())?;
    let builder = Exchange::builder().seed(seed).truth_capacity(1 << 20);
    let exchange = builder.start().await?;
    let (v1, pro) = (exchange.truth(), exchange.pro_truth());
    let account = exchange.account();
    let opening = [SettleCurrency::Usdt, SettleCurrency::Xbt].map(|currency| {
        let balance = account.futures().wallet(currency).balance;
        (currency.as_str().to_owned(), balance.to_string().into())
    });
    for _ in 0..STEPS {
        account.step(1);
        // Two steps never have the same time in milliseconds.
        sleep(Duration::from_millis(1)).await;
    }
    place_some(&account)?;
    let (mut orders, mut fills) = (Map::new(), Map::new());
    for account in ACCOUNTS {
        let latest = latest(&pro, &format!("orderAll.{account}"), "oi")?;
        orders.insert(account.to_owned(), latest);
        let all = pushes(&pro, &format!("execution.{account}"))?;
        fills.insert(account.to_owned(), all.into());
    }
    let stops = latest(&v1, "/contractMarket/advancedOrders", "orderId")?;
    let mut funding = Map::new();
    for symbol in CONTRACTS {
        let mut pushes = pushes(&v1, &format!("/contract/position:{symbol}"))?;
        pushes.retain(|push| push["fundingTime"].is_u64());
        funding.insert(symbol.to_owned(), pushes.into());
    }
    let credentials = exchange.credentials();
    let line = json!({
        "kind": "exchange",
        "restUrl": exchange.rest_url(),
        "spotRestUrl": exchange.spot_rest_url(),
        "futuresRestUrl": exchange.futures_rest_url(),
        "apiKey": credentials.key,
        "apiSecret": credentials.secret,
        "apiPassphrase": credentials.passphrase,
        "orders": orders,
        "futuresStops": stops,
        "fills": fills,
        "balances": balances(&account),
        "bookings": pushes(&v1, "/account/balance")?,
        "positions": pushes(&pro, "positionAll.FUTURES")?,
        "openingWallets": Map::from_iter(opening),
        "wallets": pushes(&pro, "balance.FUTURES")?,
        "unified": latest(&pro, "balance.UNIFIED", "c")?,
        "funding": funding,
    });
    println!("{line}");
    std::future::pending().await
}

/// Places an order and a stop order in every account, and opens a position in every contract that has none.
///
/// Ends with a deposit in each settlement currency, which pushes the futures balances at the last mark prices.
fn place_some(account: &Account) -> Result<(), Rejected> {
    let (symbol, contract) = (SYMBOLS[0], CONTRACTS[0]);
    let below = |price: Decimal| (price * Decimal::new(5, 1)).trunc();
    let price = below(account.last_price(symbol)?);
    let stop = (Side::Sell, StopKind::Loss);
    for wallet in [Wallet::Trade, Wallet::Margin, Wallet::Isolated(symbol)] {
        let account = account.trading_in(wallet);
        let size = Decimal::new(3, 3);
        let id = account.place_limit(symbol, Side::Buy, price, size)?;
        account.fill(&id, Decimal::new(1, 3))?;
        account.place_stop(symbol, stop, (price, None), size)?;
    }
    let futures = account.futures();
    let price = below(futures.last_price(contract)?);
    let id = futures.place_limit(contract, Side::Buy, price, 3)?;
    futures.fill(&id, 1)?;
    let stop = (Side::Sell, Direction::Down, StopPriceType::Trade);
    futures.place_stop(contract, stop, (price, None), 1)?;
    for contract in CONTRACTS {
        if futures.position(contract)?.quantity == 0 {
            futures.place_market(contract, Side::Buy, 1)?;
        }
    }
    futures.deposit(SettleCurrency::Usdt, Decimal::ONE)?;
    futures.deposit(SettleCurrency::Xbt, Decimal::ONE)
}

/// Returns the data of all pushes of a topic, oldest first.
fn pushes(log: &TruthLog, topic: &str) -> Result<Vec<Value>, serde_json::Error> {
    let entries = log.of_topic(topic);
    let data = entries
        .iter()
        .map(|entry| serde_json::from_str(entry.data()));
    data.collect()
}

/// Returns the latest push for each value of a field.
fn latest(log: &TruthLog, topic: &str, key: &str) -> Result<Value, serde_json::Error> {
    let pushes = pushes(log, topic)?.into_iter();
    let keyed = pushes.map(|push| (push[key].as_str().unwrap_or_default().to_owned(), push));
    Ok(Value::Object(keyed.collect()))
}

/// Returns the balances of all wallets by currency, with the debts of the margin accounts.
fn balances(account: &Account) -> BTreeMap<String, Value> {
    let isolated = SYMBOLS.map(Wallet::Isolated);
    let wallets = [Wallet::Main, Wallet::Trade, Wallet::Margin].into_iter();
    let of_wallet = |wallet: Wallet| {
        let currencies = SYMBOLS.iter().flat_map(|symbol| symbol.split('-'));
        let balances = currencies.map(|currency| {
            let balance = account.balance(wallet, currency);
            let amounts = json!({
                "total": balance.total().to_string(),
                "available": balance.available.to_string(),
                "hold": balance.hold.to_string(),
                "debt": account.debt(wallet, currency).total().to_string(),
            });
            (currency.to_owned(), amounts)
        });
        (wallet.to_string(), Value::Object(balances.collect()))
    };
    wallets.chain(isolated).map(of_wallet).collect()
}
