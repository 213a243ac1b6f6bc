//! The kept state of many accounts: memory per order, and CPU time per event.

use kucoin_streams::kept::{AccountBook, AccountSettings, AccountState, FrameInfo};
use kucoin_streams::v1::{self, V1Event};
use kucoin_streams::{Timestamp, WsKey};

use crate::cpu::process_cpu;
use crate::growth::accounts::resident;
use crate::report::{Table, figure};

const TOPIC: &str = "/spotMarket/tradeOrdersV2";
/// Exchange time of the first event, in milliseconds.
const START: u64 = 1_801_000_000_000;
/// Events of each order: placed, open, and a match.
const EVENTS: u64 = 3;

/// An account whose orders are each placed and half filled.
struct Follower {
    _book: AccountBook,
    /// The state that a reader holds.
    read: AccountState,
}

/// Keeps each number of accounts with `orders` orders each, and then each number of orders in one account.
///
/// After each event, a reader takes the new state. Call it first in a process, since reused memory is not counted.
#[allow(clippy::cast_precision_loss)]
pub fn tables(accounts: &[usize], orders: u64, sizes: &[u64]) -> [Table; 2] {
    let title = format!("Kept accounts of {orders} orders each");
    let mut by_accounts = Table::new(title, accounts.iter().map(ToString::to_string));
    let (base, mut all) = (resident(), Vec::new());
    let (mut memory, mut times) = (Vec::new(), Vec::new());
    for &count in accounts {
        let (before, first) = (process_cpu(), all.len());
        all.extend((first..count).map(|_| follower(orders)));
        let events = (count - first) as u64 * orders * EVENTS;
        times.push(per(process_cpu() - before, events));
        let held = resident().saturating_sub(base) as f64;
        memory.push(held / (count as u64 * orders) as f64);
    }
    by_accounts.row(
        "resident memory per order, in bytes",
        memory.into_iter().map(figure),
    );
    let row = "CPU time per event with its decoding, in ns";
    by_accounts.row(row, times.into_iter().map(figure));
    drop(all);
    let title = "One kept account, by number of orders";
    let mut by_orders = Table::new(title, sizes.iter().map(ToString::to_string));
    // The first one pays for the pages that the memory of the others had.
    follower(1_000);
    let times = sizes.iter().map(|&orders| {
        let before = process_cpu();
        let follower = follower(orders);
        let time = per(process_cpu() - before, orders * EVENTS);
        assert_eq!(follower.read.open_orders().count() as u64, orders);
        figure(time)
    });
    by_orders.row(row, times.collect::<Vec<_>>());
    [by_accounts, by_orders]
}

#[allow(clippy::cast_precision_loss)]
fn per(time: std::time::Duration, events: u64) -> f64 {
    time.as_nanos() as f64 / events as f64
}

fn follower(orders: u64) -> Follower {
    let topics = [(WsKey::SpotPrivateV1, TOPIC)];
    let now = Timestamp::now();
    let mut book = AccountBook::new(AccountSettings::default(), topics, now);
    let mut read = book.state();
    let info = FrameInfo::live(WsKey::SpotPrivateV1, TOPIC, now);
    for step in 0..EVENTS {
        for order in 0..orders {
            book.on_v1(&info, &event(order, step));
            while book.next_change().is_some() {}
            read = book.state();
        }
    }
    Follower { _book: book, read }
}

fn event(order: u64, step: u64) -> V1Event {
    let (kind, status, more) = match step {
        0 => ("received", "new", r#""originSize":"2""#.to_owned()),
        1 => (
            "open",
            "open",
            r#""size":"2","originSize":"2","filledSize":"0","remainSize":"2","canceledSize":"0""#
                .to_owned(),
        ),
        _ => (
            "match",
            "open",
            format!(
                r#""size":"2","originSize":"2","filledSize":"1","remainSize":"1","canceledSize":"0","matchPrice":"10.5","matchSize":"1","tradeId":"{order}","liquidity":"maker","feeType":"makerFee""#
            ),
        ),
    };
    let frame = format!(
        r#"{{"topic":"{TOPIC}","type":"message","subject":"orderChange","userId":"5","channelType":"private","data":{{"symbol":"KCS-USDT","side":"buy","orderType":"limit","orderId":"6713{order:020}","clientOid":"8e2e4b5c-{order:012}","type":"{kind}","status":"{status}","price":"10.5",{more},"orderTime":{START},"ts":{}}}}}"#,
        (START + step) * 1_000_000
    );
    let push = v1::decode(&frame).expect("the frame is valid");
    push.expect("the topic is known").event
}
