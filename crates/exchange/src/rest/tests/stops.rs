//! Stop orders: their rows, and when they are listed.

use super::*;
use crate::engine::{Direction, Side, StopPriceType};

const LIST: &str = "/api/v1/stop-order";
const MARGIN_LIST: &str = "/api/v3/hf/margin/stop-orders";
const SELL_BTC: (Option<Wallet>, &str, Side) = (Some(Wallet::Trade), "BTC-USDT", Side::Sell);

/// Places a stop order that sells 0.001 BTC below 60,000 USDT.
fn place(account: &mut Account, wallet: Wallet) -> String {
    let (_, symbol, side) = SELL_BTC;
    let trigger = (Direction::Down, StopPriceType::Trade, "60000");
    let target = (Some(wallet), symbol, side);
    let placed = account.after(1, |engine| {
        engine.stop(target, trigger, Some("59990"), "0.001")
    });
    placed.unwrap().to_string()
}

fn by_id(account: &mut Account, id: &str) -> Value {
    account.get(&format!("{LIST}/{id}"))
}

#[test]
fn stop_order_has_the_fields_of_kucoin() {
    let mut account = Account::new();
    let id = place(&mut account, Wallet::Trade);
    let time = NOW + 1;
    let row = format!(
        r#"{{"id":"{id}","symbol":"BTC-USDT","userId":"{USER_ID}","status":"NEW","type":"limit","side":"sell","price":"59990.00000000000000000000","size":"0.00100000000000000000","funds":null,"stp":null,"timeInForce":"GTC","cancelAfter":-1,"postOnly":false,"hidden":false,"iceberg":false,"visibleSize":null,"channel":"API","clientOid":null,"remark":null,"tags":null,"relatedNo":null,"orderTime":{time}000000,"domainId":"kucoin","tradeSource":"USER","tradeType":"TRADE","feeCurrency":"USDT","takerFeeRate":"0.00100000000000000000","makerFeeRate":"0.00080000000000000000","createdAt":{time},"stop":"loss","stopTriggerTime":null,"stopPrice":"60000.00000000000000000000","limitPrice":null,"pop":null,"activateCondition":null}}"#
    );
    let page =
        format!(r#"{{"currentPage":1,"pageSize":50,"totalNum":1,"totalPage":1,"items":[{row}]}}"#);
    assert_eq!(account.text(LIST).unwrap(), page);
    assert_eq!(account.text(&format!("{LIST}/{id}")).unwrap(), row);
}

#[test]
fn stop_market_order_has_no_price() {
    let mut account = Account::new();
    let trigger = (Direction::Up, StopPriceType::Trade, "70000");
    account.after(1, |engine| {
        engine.stop(BUY_BTC, trigger, None, "0.001").unwrap();
    });
    let row = &account.get(LIST)["items"][0];
    assert_eq!(
        (&row["type"], &row["price"], &row["stop"]),
        (&"market".into(), &Value::Null, &"entry".into())
    );
    assert_eq!(
        account.column(&format!("{LIST}?type=market"), "id").len(),
        1
    );
    assert_eq!(account.column(&format!("{LIST}?type=limit"), "id").len(), 0);
}

#[test]
fn triggered_stop_order_is_found_by_id_only() {
    let mut account = Account::new();
    let id = place(&mut account, Wallet::Trade);
    account.after(500, |engine| engine.price("BTC-USDT", "59999.9"));
    assert!(account.column(LIST, "id").is_empty());
    let triggered = by_id(&mut account, &id);
    assert_eq!(
        (&triggered["status"], &triggered["stopTriggerTime"]),
        (&"TRIGGERED".into(), &account.now_ms.into())
    );
    assert_eq!(triggered["createdAt"], NOW + 1);
    let done = account.column("/api/v1/hf/orders/done?symbol=BTC-USDT", "id");
    assert!(done.len() == 1 && done[0] != *id, "{done:?}");
    account.now_ms += 2 * DAY_MS;
    assert_eq!(by_id(&mut account, &id)["id"], *id);
    account.now_ms += 1;
    assert_eq!(by_id(&mut account, &id), Value::Null);
}

#[test]
fn canceled_stop_order_is_gone() {
    let mut account = Account::new();
    let id = place(&mut account, Wallet::Trade);
    account.after(1, |engine| engine.cancel_stop(Host::Spot, &id).unwrap());
    assert!(account.column(LIST, "id").is_empty());
    assert_eq!(by_id(&mut account, &id), Value::Null);
    assert_eq!(by_id(&mut account, "vs0"), Value::Null);
}

#[test]
fn each_account_has_its_own_list() {
    let mut account = Account::new();
    let spot = place(&mut account, Wallet::Trade);
    let cross = place(&mut account, Wallet::Margin);
    let isolated = place(&mut account, Wallet::Isolated("BTC-USDT"));
    let margin = "tradeType=MARGIN_TRADE";
    let isolated_margin = "tradeType=MARGIN_ISOLATED_TRADE";
    for (target, expected) in [
        (LIST.to_owned(), vec![&spot]),
        (format!("{LIST}?tradeType=TRADE&stop=stop"), vec![&spot]),
        (format!("{LIST}?{margin}"), vec![&cross]),
        (format!("{LIST}?{isolated_margin}"), vec![&isolated]),
        (format!("{LIST}?stop=oco"), vec![]),
        (MARGIN_LIST.to_owned(), vec![&isolated, &cross]),
        (format!("{MARGIN_LIST}?{margin}"), vec![&cross]),
        (
            format!("{MARGIN_LIST}?{isolated_margin}&stop=loss"),
            vec![&isolated],
        ),
        (format!("{MARGIN_LIST}?stop=entry"), vec![]),
    ] {
        let ids: Vec<String> = account.column(&target, "id").iter().map(text).collect();
        assert_eq!(ids.iter().collect::<Vec<_>>(), expected, "{target}");
    }
    assert_eq!(account.get(MARGIN_LIST)["pageSize"], 20);
    assert_eq!(by_id(&mut account, &cross)["tradeType"], "MARGIN_TRADE");
}

#[test]
fn filters_select_stop_orders() {
    let mut account = Account::new();
    let ids = [(); 3].map(|()| place(&mut account, Wallet::Trade));
    for (filter, expected) in [
        ("symbol=BTC-USDT", 3),
        ("symbol=ETH-USDT", 0),
        ("side=sell", 3),
        ("side=buy", 0),
        (&format!("orderIds={},{}", ids[0], ids[2]), 2),
        (&format!("startAt={}", NOW + 2), 2),
        (&format!("endAt={}", NOW + 2), 2),
        (&format!("startAt={0}&endAt={0}", NOW + 2), 1),
    ] {
        let found = account.column(&format!("{LIST}?{filter}"), "id").len();
        assert_eq!(found, expected, "{filter}");
    }
}

#[test]
fn parameters_of_stop_orders_are_checked() {
    let mut account = Account::new();
    for (target, message) in [
        (
            format!("{LIST}?pageSize=9"),
            "pageSize must be from 10 to 500",
        ),
        (
            format!("{LIST}?tradeType=MARGIN"),
            "tradeType must be one of TRADE,",
        ),
        (format!("{LIST}?stop=loss"), "stop must be one of stop, oco"),
        (format!("{LIST}?symbol=XYZ"), "symbol does not exist"),
        (
            format!("{MARGIN_LIST}?tradeType=TRADE"),
            "tradeType must be one of MARGIN_TRADE,",
        ),
        (
            format!("{MARGIN_LIST}?stop=stop"),
            "stop must be one of loss, entry",
        ),
        (
            format!("{MARGIN_LIST}?pageSize=501"),
            "pageSize must be from 10 to 500",
        ),
    ] {
        let refused = account.text(&target).unwrap_err();
        assert!(refused.contains(message), "{target}: {refused}");
    }
}

#[test]
fn pages_have_all_open_stop_orders_newest_first() {
    let mut account = Account::new();
    for _ in 0..1_500 {
        account.after(3, Engine::step);
    }
    let mut listed = Vec::new();
    for trade_type in ["TRADE", "MARGIN_TRADE", "MARGIN_ISOLATED_TRADE"] {
        let mut created = Vec::new();
        for page in 1.. {
            let target = format!("{LIST}?tradeType={trade_type}&pageSize=10&currentPage={page}");
            let ids = account.column(&target, "id");
            if ids.is_empty() {
                break;
            }
            listed.extend(ids.iter().map(text));
            created.extend(account.column(&target, "createdAt"));
        }
        let created: Vec<u64> = created.iter().map(|time| time.as_u64().unwrap()).collect();
        assert!(
            created.is_sorted_by(|later, earlier| later >= earlier),
            "{created:?}"
        );
    }
    let mut open = account.engine.open_stops(Host::Spot);
    assert!(open.len() > 10, "{}", open.len());
    listed.sort_unstable();
    open.sort_unstable();
    assert_eq!(listed, open);
}
