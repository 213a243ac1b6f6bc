//! The audit: fills against balances against positions.

mod clean;
mod faults;
mod run;

use std::time::Duration;

use kucoin_streams_account::{AccountBook, AccountChange, AccountSettings, FrameInfo};
use kucoin_streams_core::{Timestamp, WsKey};
use kucoin_streams_recovery::LiveReport;

const ORDERS: &str = "/spotMarket/tradeOrdersV2";
const BALANCES: &str = "/account/balance";
const FUTURES_ORDERS: &str = "/contractMarket/tradeOrders";
const POSITIONS: &str = "/contract/positionAll";

/// An account book on a fake clock.
struct Bench {
    book: AccountBook,
    now: Timestamp,
}

impl Bench {
    fn new() -> Self {
        let now = Timestamp::from_nanos(1_800_000_000_000_000_000);
        Self {
            book: AccountBook::new(AccountSettings::default(), [], now),
            now,
        }
    }

    /// Takes a V1 push 10 ms after the one before.
    fn v1(&mut self, topic: &str, data: &str) -> &mut Self {
        let subject = match topic {
            BALANCES => "account.balance",
            POSITIONS => "position.change",
            "/spot/tradeFills" => topic,
            _ => "orderChange",
        };
        let frame = format!(
            r#"{{"topic":"{topic}","type":"message","subject":"{subject}","data":{{{data}}}}}"#
        );
        let ws_key = match topic.starts_with("/contract") {
            true => WsKey::FuturesPrivateV1,
            false => WsKey::SpotPrivateV1,
        };
        let push = kucoin_streams_v1::decode(&frame).unwrap().unwrap();
        let info = self.info(ws_key, topic);
        self.book.on_v1(&info, &push.event);
        self
    }

    /// Takes a Pro V2 push 10 ms after the one before.
    fn pro(&mut self, topic: &str, data: &str) -> &mut Self {
        let frame = format!(r#"{{"T":"{topic}","P":1800000000000000000,"d":{{{data}}}}}"#);
        let push = kucoin_streams_pro::decode(&frame).unwrap().unwrap();
        let info = self.info(WsKey::PrivateProV2, topic);
        self.book.on_pro(&info, &push.event);
        self
    }

    fn info(&mut self, ws_key: WsKey, topic: &str) -> FrameInfo {
        self.now = self.now + Duration::from_millis(10);
        FrameInfo::live(ws_key, topic, self.now)
    }

    /// Takes pushes that make all topics of spot known, and waits.
    fn spot_is_followed(&mut self) -> &mut Self {
        self.v1(ORDERS, &order("o0", r#""type":"open","status":"open""#))
            .v1(
                BALANCES,
                &balance("USDT", "1000", "0", "trade.transfer", ""),
            )
            .v1(BALANCES, &balance("BTC", "2", "0", "trade.transfer", ""))
            .wait(10)
    }

    fn wait(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_secs(seconds);
        self.book.on_timer(self.now);
        self
    }

    /// Returns what was found, as text without the times.
    fn found(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        while let Some(change) = self.book.next_change() {
            if let AccountChange::Discrepancy(discrepancy) = change {
                let text = discrepancy.to_string();
                let (amounts, rest) = text.split_once(" unexplained").unwrap();
                let (_, suspects) = rest.split_once("Z: ").unwrap();
                found.push(format!("{amounts}: {suspects}"));
            }
        }
        found
    }
}

fn order(order_id: &str, fields: &str) -> String {
    format!(
        r#""symbol":"BTC-USDT","side":"buy","orderType":"limit","orderId":"{order_id}","ts":1800000000000000000,{fields}"#
    )
}

fn fill(trade_id: &str) -> String {
    let fields = r#""type":"match","status":"match","liquidity":"taker","feeType":"takerFee","matchPrice":"100","matchSize":"0.5""#;
    order("o1", &format!(r#"{fields},"tradeId":"{trade_id}""#))
}

fn balance(currency: &str, total: &str, change: &str, event: &str, trade_id: &str) -> String {
    let context = match trade_id {
        "" => String::new(),
        _ => format!(r#""symbol":"BTC-USDT","orderId":"o1","tradeId":"{trade_id}""#),
    };
    format!(
        r#""accountId":"7","currency":"{currency}","total":"{total}","available":"{total}","hold":"0","availableChange":"{change}","holdChange":"0","relationEvent":"{event}","relationEventId":"{trade_id}","relationContext":{{{context}}},"time":"1800000000000""#
    )
}

fn settled(currency: &str, total: &str, change: &str, trade_id: &str) -> String {
    balance(currency, total, change, "trade_hf.setted", trade_id)
}

#[test]
fn trade_with_its_changes_is_explained_in_any_order() {
    let mut bench = Bench::new();
    bench.spot_is_followed();
    let (usdt, btc) = (
        settled("USDT", "949.95", "-50.05", "1"),
        settled("BTC", "2.5", "0.5", "1"),
    );
    bench.v1(BALANCES, &usdt).v1(BALANCES, &usdt);
    bench.v1(ORDERS, &fill("1")).v1(ORDERS, &fill("1"));
    bench.v1(BALANCES, &btc).v1(BALANCES, &usdt).wait(10);
    // A repeated push is no new trade.
    bench.v1(ORDERS, &fill("1")).wait(10);
    assert_eq!(bench.found(), [""; 0]);
}

#[test]
fn lost_order_push_is_reported_once_the_window_has_passed() {
    let mut bench = Bench::new();
    bench.spot_is_followed();
    bench.v1(BALANCES, &settled("USDT", "949.95", "-50.05", "1"));
    let due = bench.now + Duration::from_secs(5);
    bench.v1(BALANCES, &settled("BTC", "2.5", "0.5", "1"));
    assert_eq!(bench.book.deadline(), Some(due));
    bench.wait(4);
    assert_eq!(bench.found(), [""; 0]);
    bench.wait(1);
    assert_eq!(
        bench.found(),
        [
            "0.5 BTC (trade), -50.05 USDT (trade): trade 1 of BTC-USDT has no order push, or a push of /spotMarket/tradeOrdersV2 was lost"
        ]
    );
    assert_eq!(bench.book.state().discrepancies().count(), 1);
    assert_eq!(bench.book.deadline(), None);
}

#[test]
fn fee_in_a_third_currency_is_explained() {
    let mut bench = Bench::new();
    bench.spot_is_followed();
    bench.v1(BALANCES, &balance("KCS", "5", "0", "trade.transfer", ""));
    bench.v1(ORDERS, &fill("1"));
    bench.v1(BALANCES, &settled("USDT", "950", "-50", "1"));
    bench.v1(BALANCES, &settled("BTC", "2.5", "0.5", "1"));
    bench
        .v1(BALANCES, &settled("KCS", "4.99", "-0.01", "1"))
        .wait(10);
    assert_eq!(bench.found(), [""; 0]);
}

#[test]
fn fee_that_differs_from_its_report_is_wrong() {
    let mut bench = Bench::new();
    bench.spot_is_followed();
    let fill_with_fee = r#""symbol":"BTC-USDT","orderId":"o1","tradeId":"1","side":"buy","orderType":"limit","price":100,"size":0.5,"fee":0.04,"feeCurrency":"USDT","feeRate":0.0008,"time":1800000000000000000"#;
    bench
        .v1(ORDERS, &fill("1"))
        .v1("/spot/tradeFills", fill_with_fee);
    bench.v1(BALANCES, &settled("USDT", "949.95", "-50.05", "1"));
    bench
        .v1(BALANCES, &settled("BTC", "2.5", "0.5", "1"))
        .wait(10);
    assert_eq!(
        bench.found(),
        ["-0.01 USDT (trade): fee of 0.05 USDT instead of 0.04 for trade 1 of BTC-USDT"]
    );
}

#[test]
fn deposits_and_transfers_are_explained() {
    let mut bench = Bench::new();
    bench.spot_is_followed();
    bench.v1(
        BALANCES,
        &balance("USDT", "1100", "100", "trade_hf.transfer", ""),
    );
    bench
        .v1(
            BALANCES,
            &balance("USDT", "1000", "-100", "trade_hf.other", ""),
        )
        .wait(10);
    assert_eq!(bench.found(), [""; 0]);
}

#[test]
fn lost_change_is_shown_by_the_next_one() {
    let mut bench = Bench::new();
    bench.spot_is_followed();
    bench
        .v1(
            BALANCES,
            &balance("USDT", "1250", "200", "trade_hf.transfer", ""),
        )
        .wait(10);
    assert_eq!(
        bench.found(),
        [
            "50 USDT (trade): a push of /account/balance was lost, or a transfer of USDT to or from trade"
        ]
    );
}

#[test]
fn topic_that_is_not_followed_is_not_missed() {
    let mut orders_only = Bench::new();
    orders_only
        .v1(ORDERS, &fill("1"))
        .wait(10)
        .v1(ORDERS, &fill("2"))
        .wait(10);
    assert_eq!(orders_only.found(), [""; 0]);

    let mut balances_only = Bench::new();
    balances_only.v1(BALANCES, &settled("USDT", "949.95", "-50.05", "1"));
    balances_only
        .v1(BALANCES, &settled("BTC", "2.5", "0.5", "1"))
        .wait(10);
    balances_only
        .v1(BALANCES, &settled("BTC", "3", "0.5", "2"))
        .wait(10);
    assert_eq!(balances_only.found(), [""; 0]);
}

fn contract_fill(trade_id: &str, side: &str, size: u32, leg: &str) -> String {
    format!(
        r#""symbol":"XBTUSDTM","side":"{side}","orderId":"f1","type":"match","status":"match","matchPrice":"60000","matchSize":"{size}","tradeId":"{trade_id}","feeType":"takerFee","positionSide":"{leg}","ts":1800000000000000000"#
    )
}

fn position(size: i32, leg: &str) -> String {
    format!(
        r#""symbol":"XBTUSDTM","currentQty":{size},"positionSide":"{leg}","changeReason":"positionChange","currentTimestamp":1800000000000"#
    )
}

#[test]
fn legs_of_hedge_mode_are_audited_together() {
    let mut bench = Bench::new();
    bench.v1(FUTURES_ORDERS, &contract_fill("0", "buy", 2, "LONG"));
    bench
        .v1(POSITIONS, &position(2, "LONG"))
        .v1(POSITIONS, &position(-3, "SHORT"))
        .wait(10);
    bench.v1(FUTURES_ORDERS, &contract_fill("1", "buy", 5, "LONG"));
    bench.v1(POSITIONS, &position(7, "LONG")).wait(10);
    // The short leg first, then its order.
    bench.v1(POSITIONS, &position(-4, "SHORT"));
    bench
        .v1(FUTURES_ORDERS, &contract_fill("2", "sell", 1, "SHORT"))
        .wait(10);
    assert_eq!(bench.found(), [""; 0]);
    bench.v1(POSITIONS, &position(-6, "SHORT")).wait(10);
    assert_eq!(
        bench.found(),
        [
            "-2 XBTUSDTM: a push of /contractMarket/tradeOrders was lost, or a push of /contract/positionAll was lost"
        ]
    );
}

/// All open positions were read at the start, so a contract without a row has none.
#[test]
fn contract_without_a_position_at_the_start_is_audited_from_its_first_fill() {
    let mut bench = Bench::new();
    let report = LiveReport::new(
        WsKey::FuturesPrivateV1,
        &[FUTURES_ORDERS, POSITIONS],
        bench.now,
    );
    bench.book.on_live(&report, bench.now);
    bench
        .v1(FUTURES_ORDERS, &contract_fill("0", "buy", 2, "BOTH"))
        .v1(POSITIONS, &position(2, "BOTH"));
    bench
        .v1(FUTURES_ORDERS, &contract_fill("1", "buy", 5, "BOTH"))
        .wait(10);
    assert_eq!(
        bench.found(),
        ["-5 XBTUSDTM: a push of /contract/positionAll was lost"]
    );
}

#[test]
fn lost_position_push_is_reported_and_its_successor_is_not() {
    let mut bench = Bench::new();
    bench.v1(FUTURES_ORDERS, &contract_fill("0", "buy", 2, "BOTH"));
    bench.v1(POSITIONS, &position(2, "BOTH")).wait(10);
    bench
        .v1(FUTURES_ORDERS, &contract_fill("1", "buy", 5, "BOTH"))
        .wait(10);
    assert_eq!(
        bench.found(),
        ["-5 XBTUSDTM: a push of /contract/positionAll was lost"]
    );
    bench.v1(FUTURES_ORDERS, &contract_fill("2", "buy", 1, "BOTH"));
    bench.v1(POSITIONS, &position(8, "BOTH")).wait(10);
    assert_eq!(bench.found(), [""; 0]);
}

fn pro_balance(currency: &str, total: &str, liability: &str) -> String {
    format!(
        r#""c":"{currency}","b":"{total}","a":"{total}","h":"0","l":"{liability}","U":1800000000000000000"#
    )
}

fn execution(trade_id: &str) -> String {
    format!(
        r#""oi":"9","s":"BTC-USDT","S":"BUY","oT":"LIMIT","p":"100","q":"0.5","ti":"{trade_id}","E":1800000000000000000,"lR":"TAKER","f":"0.05","fC":"USDT","fT":"NORMAL""#
    )
}

fn pro_order(status: u32, filled: &str, fee: &str, trade_id: &str) -> String {
    format!(
        r#""oi":"9","s":"BTC-USDT","S":"BUY","oT":"LIMIT","p":"100","q":"5","tT":"SPOT","os":{status},"fS":"{filled}","lS":"0.5","ls":"100","f":"{fee}","fC":"USDT","ti":"{trade_id}","U":1800000000000000000"#
    )
}

/// Takes pushes that make all topics of the unified account known, and waits.
fn unified() -> Bench {
    let mut bench = Bench::new();
    bench.pro("orderAll.UNIFIED", &pro_order(2, "0", "0", ""));
    for (account, currency) in [("UNIFIED", "USDT"), ("UNIFIED", "BTC"), ("FUNDING", "USDT")] {
        let topic = format!("balance.{account}");
        bench.pro(&topic, &pro_balance(currency, "1000", "0"));
    }
    bench.wait(10);
    bench
}

#[test]
fn fill_of_several_pro_topics_counts_once() {
    let mut bench = unified();
    bench.pro("balance.UNIFIED", &pro_balance("USDT", "949.95", "0"));
    bench.pro("execution.UNIFIED", &execution("1"));
    bench.pro("orderAll.UNIFIED", &pro_order(4, "0.5", "0.05", "1"));
    bench
        .pro("balance.UNIFIED", &pro_balance("BTC", "1000.5", "0"))
        .wait(10);
    bench.pro("execution.UNIFIED", &execution("1")).wait(10);
    assert_eq!(bench.found(), [""; 0]);
}

#[test]
fn deposit_on_pro_has_no_event_and_a_loan_explains_itself() {
    let mut bench = unified();
    bench
        .pro("balance.UNIFIED", &pro_balance("USDT", "1100", "100"))
        .wait(10);
    assert_eq!(bench.found(), [""; 0]);
    bench
        .pro("balance.UNIFIED", &pro_balance("USDT", "1350", "100"))
        .wait(10);
    assert_eq!(
        bench.found(),
        [
            "250 USDT (UNIFIED): a transfer of USDT to or from UNIFIED, or a push of orderAll.UNIFIED was lost"
        ]
    );
}

#[test]
fn trade_with_borrowed_money_is_explained() {
    let mut bench = unified();
    bench.pro("orderAll.UNIFIED", &pro_order(4, "0.5", "0.05", "1"));
    bench.pro("balance.UNIFIED", &pro_balance("USDT", "979.95", "30"));
    bench.pro("balance.UNIFIED", &pro_balance("BTC", "1000.5", "0"));
    // Interest.
    bench.pro("balance.UNIFIED", &pro_balance("USDT", "979.95", "30.1"));
    assert_eq!(bench.wait(10).found(), [""; 0]);
}

#[test]
fn transfer_between_followed_accounts_is_explained() {
    let mut bench = unified();
    bench.pro("balance.FUNDING", &pro_balance("USDT", "900", "0"));
    bench
        .pro("balance.UNIFIED", &pro_balance("USDT", "1100", "0"))
        .wait(10);
    assert_eq!(bench.found(), [""; 0]);
}

#[test]
fn fill_without_pro_balances_is_one_discrepancy() {
    let mut bench = unified();
    bench.pro("orderAll.UNIFIED", &pro_order(4, "0.5", "0.05", "1"));
    bench.pro("execution.UNIFIED", &execution("1")).wait(10);
    assert_eq!(
        bench.found(),
        ["-0.5 BTC (UNIFIED), 50.05 USDT (UNIFIED): a push of balance.UNIFIED was lost"]
    );
    bench.pro("balance.UNIFIED", &pro_balance("USDT", "949.95", "0"));
    bench
        .pro("balance.UNIFIED", &pro_balance("BTC", "1000.5", "0"))
        .wait(10);
    assert_eq!(bench.found(), [""; 0]);
}

#[test]
fn fees_of_execution_and_order_are_compared() {
    let mut bench = unified();
    bench.pro("execution.UNIFIED", &execution("1"));
    bench.pro("orderAll.UNIFIED", &pro_order(4, "0.5", "0.04", "1"));
    bench.pro("balance.UNIFIED", &pro_balance("USDT", "949.96", "0"));
    bench
        .pro("balance.UNIFIED", &pro_balance("BTC", "1000.5", "0"))
        .wait(10);
    assert_eq!(
        bench.found(),
        ["-0.01 USDT (UNIFIED): fee of 0.05 USDT instead of 0.04 for trade 1 of BTC-USDT"]
    );
}

#[test]
fn audit_that_is_off_finds_nothing() {
    let mut settings = AccountSettings::default();
    settings.audit = None;
    let mut bench = Bench::new();
    bench.book = AccountBook::new(settings, [], bench.now);
    bench.spot_is_followed();
    bench
        .v1(BALANCES, &settled("BTC", "9", "0.5", "1"))
        .wait(10);
    assert_eq!((bench.found(), bench.book.deadline()), (vec![], None));
}
