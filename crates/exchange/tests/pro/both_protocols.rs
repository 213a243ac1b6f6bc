//! V1 and Pro V2 push the same orders, fills, balances and positions.

use std::collections::BTreeMap;

use kucoin_streams_exchange::{Account, CONTRACTS, Decimal, Exchange, SettleCurrency, Wallet};
use serde_json::Value;

use crate::setup::*;
use crate::support::{BALANCE, ORDERS_V2, Socket};

const FUTURES_ORDERS: &str = "/contractMarket/tradeOrders";
const POSITIONS: &str = "/contract/positionAll";
const WALLET: &str = "/contractAccount/wallet";

/// Sizes of an order: filled, remaining, canceled.
type Amounts = (Decimal, Decimal, Decimal);

/// A fill: order, size, price.
type Fill = (String, Decimal, Decimal);

/// State of the account, rebuilt from the pushes of one protocol.
#[derive(Debug, Default, PartialEq)]
struct AccountState {
    orders: BTreeMap<String, Amounts>,
    /// By trade ID.
    fills: BTreeMap<String, Fill>,
    /// Available and hold balance of the trading account, by currency.
    balances: BTreeMap<String, (Decimal, Decimal)>,
    /// By contract: size, average entry price, realised profit.
    positions: BTreeMap<String, (Decimal, Decimal, Decimal)>,
    /// By settlement currency: balance and version.
    wallets: BTreeMap<String, (Decimal, u64)>,
}

/// Parses a number or a numeric string, without trailing zeros.
fn number(value: &Value) -> Decimal {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let parsed = text
        .parse::<Decimal>()
        .or_else(|_| Decimal::from_scientific(&text));
    parsed.unwrap().normalize()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl AccountState {
    fn see_v1(&mut self, frame: &Value) {
        let data = &frame["data"];
        match frame["topic"].as_str().unwrap() {
            ORDERS_V2 | FUTURES_ORDERS if data["tradeType"] != "liquid" => self.order_v1(data),
            BALANCE
                if data["relationEvent"]
                    .as_str()
                    .unwrap()
                    .starts_with("trade.") =>
            {
                let amounts = (number(&data["available"]), number(&data["hold"]));
                self.balances.insert(text(&data["currency"]), amounts);
            }
            POSITIONS
                if frame["subject"] == "position.change"
                    && data["changeReason"] != "markPriceChange" =>
            {
                let amounts = (
                    number(&data["currentQty"]),
                    number(&data["avgEntryPrice"]),
                    number(&data["realisedPnl"]),
                );
                self.positions.insert(text(&data["symbol"]), amounts);
            }
            WALLET => {
                let version = text(&data["version"]).parse().unwrap();
                let amounts = (number(&data["walletBalance"]), version);
                self.wallets.insert(text(&data["currency"]), amounts);
            }
            _ => {}
        }
    }

    fn order_v1(&mut self, data: &Value) {
        let id = Account::unified_order_id(data["orderId"].as_str().unwrap());
        if data["type"] == "match" {
            let fill = (
                id.clone(),
                number(&data["matchSize"]),
                number(&data["matchPrice"]),
            );
            self.fills.insert(text(&data["tradeId"]), fill);
        }
        // An order by funds has its remaining amount in the quote currency; `received` has no amounts yet.
        if data.get("funds").is_some() || data["type"] == "received" {
            return;
        }
        let amounts = ["filledSize", "remainSize", "canceledSize"].map(|key| number(&data[key]));
        self.orders.insert(id, amounts.into());
    }

    fn see_pro(&mut self, frame: &Value) {
        let data = &frame["d"];
        match frame["T"].as_str().unwrap() {
            "orderAll.UNIFIED" => self.order_pro(data),
            "balance.SPOT" => {
                let amounts = (number(&data["a"]), number(&data["h"]));
                self.balances.insert(text(&data["c"]), amounts);
            }
            "positionAll.UNIFIED" => {
                let amounts = (
                    number(&data["q"]),
                    number(&data["eP"]),
                    number(&data["rPL"]),
                );
                self.positions.insert(text(&data["s"]), amounts);
            }
            "balance.FUTURES" => {
                let amounts = (number(&data["b"]), data["E"].as_u64().unwrap());
                self.wallets.insert(text(&data["c"]), amounts);
            }
            other => panic!("unexpected channel {other}"),
        }
    }

    fn order_pro(&mut self, data: &Value) {
        // V1 pushes stop orders on another topic.
        if data["tP"] != "" {
            return;
        }
        // On V1, a triggered futures order keeps the ID of its stop order.
        let is_futures = !data["s"].as_str().unwrap().contains('-');
        let id = match is_futures && data["toi"] != "" {
            true => text(&data["toi"]),
            false => text(&data["oi"]),
        };
        if data["ti"] != "" {
            let fill = (id.clone(), number(&data["lS"]), number(&data["ls"]));
            self.fills.insert(text(&data["ti"]), fill);
        }
        if data["qU"] != "QUOTECCY" {
            let amounts = ["fS", "rS", "cS"].map(|key| number(&data[key]));
            self.orders.insert(id, amounts.into());
        }
    }
}

#[tokio::test]
async fn both_protocols_push_the_same_account_state() {
    let exchange = Exchange::builder()
        .seed(21)
        .queue_capacity(100_000)
        .start()
        .await
        .unwrap();
    let v1_topics = [ORDERS_V2, BALANCE, FUTURES_ORDERS, POSITIONS, WALLET];
    let pro_topics = [
        ("orderAll?tradeType=UNIFIED", "orderAll.UNIFIED"),
        ("balance?accountType=SPOT", "balance.SPOT"),
        ("positionAll?tradeType=UNIFIED", "positionAll.UNIFIED"),
        ("balance?accountType=FUTURES", "balance.FUTURES"),
    ];
    let mut v1 = Socket::subscribed(&exchange, &v1_topics).await;
    let mut pro = Pro::subscribed(&exchange, &pro_topics.map(|topic| topic.0)).await;
    let account = exchange.account();
    account.step(1_200);
    let (mut old, mut new) = (AccountState::default(), AccountState::default());
    let count = |topic: &&str| exchange.truth().total_of(topic);
    for _ in 0..v1_topics.iter().map(count).sum() {
        old.see_v1(&serde_json::from_str(&v1.text().await).unwrap());
    }
    for _ in 0..pro_topics
        .map(|topic| exchange.pro_truth().total_of(topic.1))
        .iter()
        .sum()
    {
        new.see_pro(&pro.json().await);
    }
    assert!(
        old.orders.len() > 100 && old.fills.len() > 200,
        "{} orders",
        old.orders.len()
    );
    assert!(old.positions.len() == CONTRACTS.len() && old.balances.len() > 3);
    assert_eq!(old.orders, new.orders);
    assert_eq!(old.fills, new.fills);
    assert_eq!(old, new);
    for (currency, (available, hold)) in new.balances {
        let truth = account.balance(Wallet::Trade, &currency);
        assert_eq!(
            (truth.available.normalize(), truth.hold.normalize()),
            (available, hold)
        );
    }
    for (symbol, (quantity, ..)) in new.positions {
        let truth = account.futures().position(&symbol).unwrap();
        assert_eq!(Decimal::from(truth.quantity), quantity);
    }
    assert_eq!(
        new.wallets["USDT"].1,
        account.futures().wallet(SettleCurrency::Usdt).version
    );
}

#[tokio::test]
async fn fees_of_both_protocols_are_equal() {
    let exchange = Exchange::builder().seed(4).start().await.unwrap();
    let topics = ["/spot/tradeFills"];
    let mut v1 = Socket::subscribed(&exchange, &topics).await;
    let executions = ["execution?tradeType=UNIFIED"];
    let mut pro = Pro::subscribed(&exchange, &executions).await;
    exchange.account().step(200);
    let mut v1_fees = BTreeMap::new();
    for _ in 0..exchange.truth().total_of(topics[0]) {
        let frame: Value = serde_json::from_str(&v1.text().await).unwrap();
        let data = &frame["data"];
        v1_fees.insert(text(&data["tradeId"]), number(&data["fee"]));
    }
    let mut seen = 0;
    for _ in 0..exchange.pro_truth().total_of("execution.UNIFIED") {
        let data = &pro.json().await["d"];
        if let Some(fee) = v1_fees.get(data["ti"].as_str().unwrap()) {
            assert_eq!(number(&data["f"]), *fee);
            seen += 1;
        }
    }
    let expected = v1_fees.len();
    assert!(seen > 20 && seen == expected, "{seen} of {expected}");
}
