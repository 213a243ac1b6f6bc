//! Futures positions, account, ledger and funding.

use std::collections::{BTreeMap, BTreeSet};

use super::futures::{BUY, SELL, pushed, trade};
use super::*;
use crate::engine::Side;
use crate::engine::futures::{MarginMode, SettleCurrency, opening_balance};
use crate::engine::test_util::OrderTarget;

const POSITIONS: &str = "/api/v1/positions";
const CLOSED: &str = "/api/v1/history-positions";
const OVERVIEW: &str = "/api/v1/account-overview?currency=USDT";
const LEDGER: &str = "/api/v1/transaction-history";
const BUY_ETH: OrderTarget = (None, "ETHUSDTM", Side::Buy);
/// Start of a settlement period: 20 h UTC.
const PERIOD: u64 = 1_765_483_200_000;
const HOUR_MS: u64 = 3_600_000;

/// Returns the exact values of the JSON numbers of a key.
fn numbers(text: &str, key: &str) -> Vec<Decimal> {
    let key = format!("\"{key}\":");
    let values = text.split(&key).skip(1);
    values
        .map(|rest| {
            let number = rest.split([',', '}']).next().unwrap();
            let plain = || number.parse::<Decimal>();
            Decimal::from_scientific(number)
                .or_else(|_| plain())
                .unwrap()
        })
        .collect()
}

fn rows(account: &mut Account, target: &str) -> Vec<Value> {
    account.get(target)["dataList"].as_array().unwrap().clone()
}

#[test]
fn position_has_the_fields_of_its_push() {
    let mut account = Account::new();
    for target in [BUY, BUY_ETH, (None, "XBTUSDM", Side::Sell)] {
        account.now_ms += 7;
        let engine = account.engine.at(account.now_ms);
        engine.market_order(target, "40").unwrap();
        let events = account.publish();
        let push = pushed(&events, "/contract/positionAll").pop().unwrap();
        account.now_ms += 5;
        let row = account.get(&format!("/api/v1/position?symbol={}", target.1));
        let (row, push) = (row.as_object().unwrap(), push.as_object().unwrap());
        assert_eq!(
            row["currentTimestamp"], account.now_ms,
            "the clock of the server"
        );
        let only = |one: &serde_json::Map<_, Value>, other: &serde_json::Map<_, Value>| {
            let keys = one.keys().filter(|key| !other.contains_key(*key));
            keys.cloned().collect::<Vec<String>>()
        };
        for (key, value) in row.iter().filter(|(key, _)| *key != "currentTimestamp") {
            assert!(push.get(key).is_none_or(|pushed| pushed == value), "{key}");
        }
        let added = only(row, push);
        let missing = only(push, row);
        match row["crossMode"] == true {
            true => {
                assert_eq!(added, ["id", "isInverse", "posMargin"]);
                let expected = [
                    "changeReason",
                    "dealComm",
                    "fundingFee",
                    "maintMarginReq",
                    "posMaint",
                    "tax",
                ];
                assert_eq!(missing, expected);
            }
            false => {
                assert_eq!(
                    added,
                    [
                        "id",
                        "isInverse",
                        "maintainMargin",
                        "posCommCommon",
                        "posCrossMargin"
                    ]
                );
                assert_eq!(
                    missing,
                    [
                        "changeReason",
                        "dealComm",
                        "fundingFee",
                        "riskLimitLevel",
                        "tax"
                    ]
                );
            }
        }
        assert_eq!(
            account.get(&format!("/api/v2/position?symbol={}", target.1))["id"],
            row["id"]
        );
    }
    let ids: BTreeSet<String> = account.column(POSITIONS, "id").iter().map(text).collect();
    assert_eq!(ids.len(), 3);
    let inverse = account.column(&format!("{POSITIONS}?currency=XBT"), "symbol");
    assert_eq!(inverse, ["XBTUSDM"]);
}

#[test]
fn closed_position_is_listed_as_not_open() {
    let mut account = Account::new();
    assert_eq!(account.text(POSITIONS).unwrap(), "[]");
    trade(&mut account, BUY, "67000", "10");
    let opened = account.now_ms;
    trade(&mut account, SELL, "67500", "10");
    let row = account.get(POSITIONS)[0].clone();
    assert_eq!(
        [&row["isOpen"], &row["currentQty"], &row["openingTimestamp"]],
        [&Value::from(false), &0.into(), &opened.into()]
    );
    for key in [
        "realisedPnl",
        "currentCost",
        "posMargin",
        "avgEntryPrice",
        "liquidationPrice",
    ] {
        assert_eq!(row[key], 0, "{key}");
    }
    assert_eq!(account.column(POSITIONS, "symbol").len(), 1);
    let never = account.get("/api/v1/position?symbol=ETHUSDTM");
    assert_eq!(never["isOpen"], false);
    assert!(never.get("openingTimestamp").is_none());
}

#[test]
fn position_that_turns_in_one_fill_is_in_the_history() {
    let mut account = Account::new();
    trade(&mut account, BUY, "67000", "10");
    let opened = account.now_ms;
    account.after(1, |engine| {
        engine
            .settle_funding("XBTUSDTM", decimal("0.0001"))
            .unwrap()
    });
    trade(&mut account, SELL, "67430", "4");
    trade(&mut account, SELL, "67500", "15");
    let closed = account.now_ms;
    assert_eq!(account.column(POSITIONS, "currentQty"), [-9]);
    let row = account.get(CLOSED)["items"][0].clone();
    let id = text(&row["closeId"]);
    assert_eq!(id.len(), 18);
    // The fees: 670 and 269.72 and 405 at 0.02 %; the funding at the mark price 67418.7.
    let expected = format!(
        r#"{{"currentPage":1,"pageSize":10,"totalNum":1,"totalPage":1,"items":[{{"closeId":"{id}","userId":"{USER_ID}","symbol":"XBTUSDTM","settleCurrency":"USDT","leverage":"10.0","type":"CLOSE_LONG","pnl":"4.3836373","realisedGrossCost":"-4.72","realisedGrossCostNew":"-4.72","withdrawPnl":"0.0","tradeFee":"0.268944","fundingFee":"-0.0674187","openTime":{opened},"closeTime":{closed},"openPrice":"67000","closePrice":"67472","marginMode":"CROSS","tax":"0.0","roe":null,"liquidAmount":null,"liquidPrice":null,"side":"LONG"}}]}}"#
    );
    assert_eq!(account.text(CLOSED).unwrap(), expected);
    trade(&mut account, BUY, "67000", "9");
    let types = account.column(CLOSED, "type");
    assert_eq!(types, ["CLOSE_SHORT", "CLOSE_LONG"]);
    let until = format!("{CLOSED}?from={opened}&to={closed}&limit=200&pageId=1&symbol=XBTUSDTM");
    assert_eq!(account.column(&until, "type"), ["CLOSE_LONG"]);
}

#[test]
fn liquidated_position_has_its_type_and_price() {
    let mut account = Account::new();
    trade(&mut account, BUY_ETH, "3500", "100");
    account.after(1, |engine| engine.mark("ETHUSDTM", "3000"));
    let row = account.get(CLOSED)["items"][0].clone();
    assert_eq!(row["type"], "LIQUID_LONG");
    let fill = account.get("/api/v1/recentFills")[0].clone();
    assert_eq!(
        (&fill["tradeType"], &fill["price"]),
        (&"liquid".into(), &row["liquidPrice"])
    );
    assert_eq!(
        account
            .column("/api/v1/position?symbol=ETHUSDTM", "isOpen")
            .len(),
        0
    );
}

#[test]
fn overview_is_the_wallet_of_one_currency() {
    let mut account = Account::new();
    assert_eq!(account.get("/api/v1/account-overview")["currency"], "XBT");
    account.now_ms += 1;
    let engine = account.engine.at(account.now_ms);
    engine.market_order(BUY, "20").unwrap();
    engine.market_order(BUY_ETH, "30").unwrap();
    engine.limit(BUY, "60000", "7").unwrap();
    engine
        .hold_withdrawal(SettleCurrency::Usdt, decimal("250"))
        .unwrap();
    let events = account.publish();
    let push = pushed(&events, "/contractAccount/wallet").pop().unwrap();
    let overview = account.text(OVERVIEW).unwrap();
    let number = |key: &str| numbers(&overview, key)[0];
    for (key, pushed) in [
        ("accountEquity", "equity"),
        ("marginBalance", "walletBalance"),
        ("frozenFunds", "holdBalance"),
        ("availableBalance", "availableBalance"),
        ("availableMargin", "availableMargin"),
        ("maxWithdrawAmount", "maxWithdrawAmount"),
    ] {
        assert_eq!(number(key), amount(&push[pushed]), "{key}");
    }
    let sum = |keys: &[&str]| keys.iter().map(|key| amount(&push[*key])).sum::<Decimal>();
    assert_eq!(
        number("unrealisedPNL"),
        sum(&["crossUnPnl", "isolatedUnPnl"])
    );
    assert_eq!(
        number("orderMargin"),
        sum(&["crossOrderMargin", "isolatedOrderMargin"])
    );
    let positions = [
        "crossPosMargin",
        "isolatedPosMargin",
        "isolatedFundingFeeMargin",
    ];
    assert_eq!(number("positionMargin"), sum(&positions));
    assert!(number("orderMargin") > Decimal::ZERO && number("positionMargin") > Decimal::ZERO);
    assert!(number("riskRatio") > Decimal::ZERO && number("riskRatio") < Decimal::ONE);
}

#[test]
fn running_period_is_pending_and_booked_at_its_end() {
    let mut account = Account::new();
    account.now_ms = PERIOD + HOUR_MS;
    trade(&mut account, BUY, "67000", "10");
    account.after(1, |engine| {
        engine
            .deposit_futures(SettleCurrency::Usdt, decimal("100"))
            .unwrap();
    });
    let deposited = account.now_ms;
    trade(&mut account, SELL, "67500", "4");
    account.now_ms += 9;
    let now = account.now_ms;
    let (pnl, equity) = (
        "1.812",
        account.engine.futures_wallet(SettleCurrency::Usdt).equity(),
    );
    let offset = rows(&mut account, LEDGER)[1]["offset"].clone();
    let after = numbers(&account.text(LEDGER).unwrap(), "accountEquity")[1];
    let transfer = format!(
        r#"{{"time":{deposited},"type":"TransferIn","amount":100,"fee":0,"accountEquity":{after},"status":"Completed","remark":"Transferred from Trading Account","offset":{offset},"currency":"USDT"}}"#
    );
    let expected = format!(
        r#"{{"dataList":[{{"time":{now},"type":"RealisedPNL","amount":{pnl},"fee":null,"accountEquity":{equity},"status":"Pending","remark":"XBTUSDTM","offset":-1,"currency":"USDT"}},{transfer}],"hasMore":false}}"#
    );
    assert_eq!(account.text(LEDGER).unwrap(), expected);
    // Profit of 2 USDT, fees of 0.02 % of 670 and 270.
    let end = PERIOD + 8 * HOUR_MS;
    account.now_ms = end;
    let row = rows(&mut account, LEDGER);
    assert_eq!(
        [
            &row[0]["status"],
            &row[0]["amount"],
            &row[1]["status"],
            &row[1]["time"]
        ],
        [
            &Value::from("Pending"),
            &0.into(),
            &"Completed".into(),
            &end.into()
        ]
    );
    assert_eq!(
        (&row[1]["amount"], &row[1]["fee"]),
        (
            &decimal(pnl).to_string().parse::<f64>().unwrap().into(),
            &0.into()
        )
    );
    assert!(row[1]["offset"].as_u64() > row[2]["offset"].as_u64());
    trade(&mut account, SELL, "67500", "6");
    let statuses = |account: &mut Account| {
        let rows = rows(account, &format!("{LEDGER}?type=RealizedPNL"));
        rows.iter()
            .map(|row| text(&row["status"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(&mut account), ["Completed"], "no position is open");
    account.now_ms = end + 8 * HOUR_MS;
    assert_eq!(statuses(&mut account), ["Completed", "Completed"]);
}

#[test]
fn ledger_is_filtered_and_paged_by_its_offsets() {
    let mut account = Account::new();
    account.now_ms = PERIOD;
    for number in 0..5 {
        trade(&mut account, BUY, "67000", "1");
        trade(&mut account, BUY_ETH, "3500", "1");
        trade(&mut account, (None, "XBTUSDM", Side::Buy), "67000", "10");
        account.after(1, |engine| {
            engine
                .deposit_futures(SettleCurrency::Xbt, decimal("0.1"))
                .unwrap();
            engine
                .hold_withdrawal(SettleCurrency::Usdt, decimal("10"))
                .unwrap();
            engine
                .withdraw_held(SettleCurrency::Usdt, decimal("10"))
                .unwrap();
        });
        account.now_ms = PERIOD + (number + 1) * 3 * HOUR_MS;
    }
    // Two periods have ended: 3 rows each. 5 transfers in and out, and 3 running rows.
    let window = format!("startAt={PERIOD}&endAt={}", account.now_ms);
    let all = rows(&mut account, &format!("{LEDGER}?{window}"));
    assert_eq!(all.len(), 2 * 3 - 3 + 10 + 3, "{all:?}");
    let offsets: Vec<i64> = all
        .iter()
        .map(|row| row["offset"].as_i64().unwrap())
        .collect();
    assert_eq!(offsets[..3], [-1, -1, -1]);
    assert!(offsets[3..].is_sorted_by(|newer, older| newer > older));
    let times: Vec<u64> = all
        .iter()
        .map(|row| row["time"].as_u64().unwrap())
        .collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
    let mut paged = rows(&mut account, &format!("{LEDGER}?{window}&maxCount=4"));
    loop {
        let last = paged.last().unwrap()["offset"].clone();
        let page = account.get(&format!(
            "{LEDGER}?{window}&maxCount=4&forward=true&offset={last}"
        ));
        paged.extend(page["dataList"].as_array().unwrap().clone());
        if page["hasMore"] == false {
            break;
        }
    }
    assert_eq!(paged, all);
    for (filter, count) in [
        ("currency=XBT", 5 + 1 + 1),
        ("currency=USDT", 5 + 2 + 2),
        ("type=Transferin", 5),
        ("type=TransferOut", 5),
        ("type=RealizedPNL", 6),
        ("type=Deposit", 0),
    ] {
        let found = rows(&mut account, &format!("{LEDGER}?{window}&{filter}"));
        assert_eq!(found.len(), count, "{filter}");
    }
    let later = format!(
        "{LEDGER}?startAt={}&endAt={}",
        PERIOD + 1,
        account.now_ms - 1
    );
    assert!(
        rows(&mut account, &later)
            .iter()
            .all(|row| row["status"] == "Completed")
    );
}

#[test]
fn period_appears_with_the_delay_of_its_rows() {
    let delays = Delays {
        lag_ms: (0, 3_000),
        ..Delays::default()
    };
    let mut account = Account::with(delays, DEFAULT_ROWS);
    account.now_ms = PERIOD + 8 * HOUR_MS - 10;
    trade(&mut account, BUY, "67000", "10");
    let completed = |account: &mut Account| {
        let rows = rows(account, LEDGER);
        rows.iter()
            .filter(|row| row["status"] == "Completed")
            .count()
    };
    account.now_ms = PERIOD + 8 * HOUR_MS + 2_999;
    assert_eq!(completed(&mut account), 0);
    account.now_ms += 1;
    assert_eq!(completed(&mut account), 1);
}

#[test]
fn ledger_sums_to_the_balance_after_random_activity() {
    let mut account = Account::new();
    account.now_ms = PERIOD;
    // 40 hours.
    for _ in 0..2_000 {
        account.after(72_000, |engine| engine.step_on(Host::Futures));
    }
    // All positions must be closed, or their running period is pending.
    let end = account.now_ms;
    account.now_ms = PERIOD + 48 * HOUR_MS;
    for currency in SettleCurrency::ALL {
        let mut sum = opening_balance(currency);
        let mut count = 0;
        for day in 0..=2 {
            let from = PERIOD + day * 24 * HOUR_MS;
            let window = format!("startAt={from}&endAt={}", from + 24 * HOUR_MS - 1);
            let mut last = String::new();
            loop {
                let target = format!("{LEDGER}?currency={}&{window}{last}", currency.as_str());
                let page = account.text(&target).unwrap();
                let amounts = numbers(&page, "amount");
                let offsets = numbers(&page, "offset");
                let booked = amounts
                    .iter()
                    .zip(&offsets)
                    .filter(|(_, offset)| offset.is_sign_positive());
                sum += booked.map(|(amount, _)| *amount).sum::<Decimal>();
                count += amounts.len();
                let Some(offset) = offsets
                    .last()
                    .filter(|_| page.contains(r#""hasMore":true"#))
                else {
                    break;
                };
                last = format!("&offset={offset}");
            }
        }
        assert!(count > 10, "{count}");
        let now = account.engine.futures_wallet(currency).balance;
        assert_eq!(sum, now, "{} until {end}", currency.as_str());
    }
}

#[test]
fn closed_positions_and_funding_agree_with_the_balance() {
    let mut account = Account::new();
    for _ in 0..2_000 {
        account.after(1_000, |engine| engine.step_on(Host::Futures));
    }
    let closed = account.get(&format!("{CLOSED}?limit=200"));
    assert_eq!(closed["totalPage"], 1);
    let closed = closed["items"].as_array().unwrap();
    let types: BTreeSet<String> = closed.iter().map(|row| text(&row["type"])).collect();
    assert!(
        types.contains("CLOSE_LONG") && types.contains("CLOSE_SHORT"),
        "{types:?}"
    );
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in closed {
        *sums.entry(text(&row["symbol"])).or_default() += amount(&row["pnl"]);
    }
    let mut funding: BTreeMap<&str, usize> = BTreeMap::new();
    for symbol in crate::CONTRACTS {
        let state = account.engine.position(symbol).unwrap();
        if state.quantity != 0 {
            *sums.entry(symbol.to_owned()).or_default() += state.realised_pnl();
        }
        let settled = account.text(&format!(
            "/api/v1/funding-history?symbol={symbol}&maxCount=100"
        ));
        funding.insert(symbol, numbers(&settled.unwrap(), "funding").len());
    }
    let window = format!("{LEDGER}?type=RealizedPNL&currency=");
    account.now_ms += 8 * HOUR_MS;
    let mut booked: BTreeMap<String, Decimal> = BTreeMap::new();
    for currency in ["USDT", "XBT"] {
        let page = account.text(&format!("{window}{currency}")).unwrap();
        let amounts = numbers(&page, "amount");
        let data: Value = serde_json::from_str(&page).unwrap();
        for (row, amount) in data["dataList"].as_array().unwrap().iter().zip(amounts) {
            *booked.entry(text(&row["remark"])).or_default() += amount;
        }
    }
    assert_eq!(booked, sums);
    assert!(funding.values().sum::<usize>() > 10, "{funding:?}");
}

#[test]
fn funding_row_has_the_amounts_of_its_push() {
    let mut account = Account::new();
    trade(&mut account, BUY_ETH, "3500", "3");
    account.now_ms += 1;
    let rate = decimal("0.000641");
    let engine = account.engine.at(account.now_ms);
    engine.settle_funding("ETHUSDTM", rate).unwrap();
    let events = account.publish();
    let push = pushed(&events, "/contract/position:ETHUSDTM").remove(0);
    let target = "/api/v1/funding-history?symbol=ETHUSDTM";
    let id = rows(&mut account, target)[0]["id"].clone();
    let time = account.now_ms;
    let expected = format!(
        r#"{{"dataList":[{{"id":{id},"symbol":"ETHUSDTM","timePoint":{time},"fundingRate":0.000641,"markPrice":3518.32,"positionQty":3,"positionCost":105.5496,"funding":-0.0676572936,"settleCurrency":"USDT","context":"{{\"marginMode\": \"ISOLATED\", \"positionSide\": \"BOTH\"}}","marginMode":"ISOLATED"}}],"hasMore":false}}"#
    );
    assert_eq!(account.text(target).unwrap(), expected);
    let row = rows(&mut account, target).remove(0);
    for (key, pushed) in [
        ("timePoint", "fundingTime"),
        ("funding", "fundingFee"),
        ("positionQty", "qty"),
    ] {
        assert_eq!(row[key], push[pushed], "{key}");
    }
    for _ in 0..12 {
        account.after(1, |engine| engine.settle_funding("ETHUSDTM", rate).unwrap());
    }
    let page = account.get(target);
    let last = page["dataList"][9]["id"].clone();
    assert_eq!(
        (page["dataList"].as_array().unwrap().len(), &page["hasMore"]),
        (10, &true.into())
    );
    let rest = account.get(&format!("{target}&offset={last}&maxCount=100"));
    assert_eq!(
        (rest["dataList"].as_array().unwrap().len(), &rest["hasMore"]),
        (3, &false.into())
    );
    assert_eq!(rest["dataList"][2]["id"], id);
    assert!(rows(&mut account, "/api/v1/funding-history?symbol=XBTUSDTM").is_empty());
    let message = account
        .text(&format!("{target}&startAt=1&endAt={time}"))
        .unwrap_err();
    assert!(message.contains("at most 2160 h apart"), "{message}");
}

#[test]
fn funding_of_zero_is_no_booking() {
    let mut account = Account::new();
    trade(&mut account, BUY, "67000", "1");
    account.after(1, |engine| {
        engine.settle_funding("XBTUSDTM", Decimal::ZERO).unwrap();
        engine
            .deposit_futures(SettleCurrency::Usdt, decimal("5"))
            .unwrap();
    });
    let rows = rows(&mut account, &format!("{LEDGER}?type=TransferIn"));
    assert_eq!(rows[0]["amount"], 5);
}

#[test]
fn margin_mode_and_cross_leverage_are_the_current_ones() {
    let mut account = Account::new();
    let mode = |account: &mut Account| {
        account
            .text("/api/v2/position/getMarginMode?symbol=XBTUSDTM")
            .unwrap()
    };
    let leverage = |account: &mut Account| {
        account
            .text("/api/v2/getCrossUserLeverage?symbol=XBTUSDTM")
            .unwrap()
    };
    assert_eq!(
        mode(&mut account),
        r#"{"symbol":"XBTUSDTM","marginMode":"CROSS"}"#
    );
    account.after(1, |engine| {
        engine.set_leverage("XBTUSDTM", decimal("3.5")).unwrap()
    });
    assert_eq!(
        leverage(&mut account),
        r#"{"symbol":"XBTUSDTM","leverage":"3.5"}"#
    );
    account.after(1, |engine| {
        engine
            .set_margin_mode("XBTUSDTM", MarginMode::Isolated)
            .unwrap();
        engine.set_leverage("XBTUSDTM", decimal("20")).unwrap();
    });
    assert_eq!(
        mode(&mut account),
        r#"{"symbol":"XBTUSDTM","marginMode":"ISOLATED"}"#
    );
    assert_eq!(
        leverage(&mut account),
        r#"{"symbol":"XBTUSDTM","leverage":"3.5"}"#
    );
}
