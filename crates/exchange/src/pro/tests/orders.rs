//! Orders and their fills, field by field, against the shapes of live captures.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{NOW, Reported, decimal, keys, of, steps, value};
use crate::engine::test_util::BUY_BTC;
use crate::engine::{Direction, Host, Side, StopPriceType, Wallet};
use crate::pro::unified_id;

#[test]
fn spot_order_is_live_reduced_filled_and_cancelled() {
    let mut reported = Reported::new();
    let engine = &mut reported.engine;
    let id = engine.limit(BUY_BTC, "60000", "0.2").unwrap();
    engine.at(NOW + 1).reduce_order(&id, "0.05");
    engine.at(NOW + 2).fill(&id, "0.1");
    engine.at(NOW + 3).cancel(Host::Spot, &id).unwrap();
    let changes = reported.on("orderAll.UNIFIED");
    assert_eq!(
        steps(&changes),
        ["2/OPEN", "2/UPDATE", "4/MATCH", "6/CANCEL"]
    );
    let id = unified_id(&id);
    let trade_id = value(&changes[2])["ti"].as_str().unwrap().to_owned();
    assert_eq!(
        changes[2],
        format!(
            "{{\"O\":1765465341363000000,\"S\":\"BUY\",\"U\":1765465341365000000,\"f\":\"4.8\",\
             \"p\":\"60000\",\"q\":\"0.2\",\"s\":\"BTC-USDT\",\"t\":\"0\",\"aP\":\"60000\",\"cR\":\"\",\
             \"cS\":\"0.05\",\"ci\":\"mine\",\"eT\":\"MATCH\",\"fC\":\"USDT\",\"fS\":\"0.1\",\"lP\":\"\",\
             \"lR\":\"MAKER\",\"lS\":\"0.1\",\"ls\":\"60000\",\"oS\":\"USER\",\"oT\":\"LIMIT\",\
             \"oi\":\"{id}\",\"os\":4,\"pO\":false,\"pP\":\"\",\"qU\":\"BASECCY\",\"rO\":false,\
             \"rS\":\"0.05\",\"tD\":\"\",\"tP\":\"\",\"tT\":\"SPOT\",\"ti\":\"{trade_id}\",\"lPT\":\"\",\
             \"pPT\":\"\",\"stp\":\"\",\"tIF\":\"GTC\",\"tPT\":\"\",\"toi\":\"\",\"bT\":\"\"}}"
        )
    );
    let end = value(&changes[3]);
    assert_eq!(
        [&end["cS"], &end["rS"], &end["cR"], &end["ti"], &end["lS"]],
        ["0.1", "0", "USER", "", "0"]
    );
}

#[test]
fn classic_spot_form_omits_empty_fields() {
    let mut reported = Reported::new();
    let sell = (Some(Wallet::Margin), "BTC-USDT", Side::Sell);
    reported.engine.market_order(sell, "0.0100003").unwrap();
    let changes = reported.on("order.CROSS");
    assert_eq!(steps(&changes)[0], "2/OPEN");
    let last = changes.last().unwrap();
    assert_eq!(
        keys(last),
        [
            "O", "S", "U", "aP", "cS", "ci", "eT", "f", "fC", "fS", "oT", "oi", "os", "p", "pO",
            "q", "qU", "rS", "s", "t", "tIF", "ti"
        ]
    );
    let last = value(last);
    assert_eq!([&last["p"], &last["oT"], &last["rS"]], ["0", "MARKET", "0"]);
    assert_eq!(last["os"], 3);
    let sell = (Some(Wallet::Isolated("ETH-USDT")), "ETH-USDT", Side::Sell);
    let id = reported.engine.limit(sell, "60000", "0.01").unwrap();
    reported.engine.cancel(Host::Spot, &id).unwrap();
    let canceled = reported.on("orderAll.ISOLATED").pop().unwrap();
    assert_eq!(value(&canceled)["cR"], 1, "a number, as in captures");
}

#[test]
fn averages_and_fees_add_up_over_the_fills() {
    let mut reported = Reported::new();
    for seed in 0..20 {
        let size = decimal("0.0123457") + Decimal::new(seed, 7);
        let place = (Some(Wallet::Trade), "ETH-USDT", Side::Sell);
        let size = size.to_string();
        reported.engine.market_order(place, &size).unwrap();
    }
    let (mut value_sum, mut fee, mut filled) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    let mut several = 0;
    for change in reported.on("orderAll.UNIFIED") {
        let change = value(&change);
        let number = |key: &str| decimal(change[key].as_str().unwrap());
        if change["eT"] == "OPEN" {
            (value_sum, fee, filled) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
            continue;
        }
        several += usize::from(!filled.is_zero());
        value_sum += number("lS") * number("ls");
        fee += number("lS") * number("ls") * decimal("0.001");
        filled += number("lS");
        assert_eq!((number("fS"), number("f")), (filled, fee));
        assert_eq!(number("fS") + number("rS") + number("cS"), number("q"));
        assert_eq!(number("aP"), (value_sum / filled).round_dp(20));
    }
    assert!(several > 0, "no order had more than one fill");
}

#[test]
fn order_by_funds_reports_spent_funds_and_ends_once() {
    let mut reported = Reported::new();
    for funds in 10..40 {
        reported
            .engine
            .buy_for_funds("KCS-USDT", &funds.to_string());
    }
    let changes = reported.on("order.UNIFIED");
    let changes: Vec<Value> = changes.iter().map(|data| value(data)).collect();
    let ends = changes
        .iter()
        .filter(|change| change["os"] == 3 || change["os"] == 6);
    let mut spent_whole = 0;
    for end in ends.clone() {
        let number = |key: &str| decimal(end[key].as_str().unwrap());
        assert_eq!(end["qU"], "QUOTECCY");
        assert_eq!(number("rS"), Decimal::ZERO);
        // Rounding the average to 20 decimals changes the cost by less than one digit.
        let spent = (number("aP") * number("fS")).round_dp(12);
        assert_eq!(spent + number("cS"), number("q"));
        spent_whole += usize::from(end["os"] == 3);
        assert_eq!(end["os"] == 6, !number("cS").is_zero());
    }
    assert_eq!(ends.count(), 30);
    assert!(spent_whole < 30);
}

#[test]
fn triggered_order_is_live_before_its_parent_update() {
    let mut reported = Reported::new();
    let stop = reported
        .engine
        .stop(
            BUY_BTC,
            (Direction::Up, StopPriceType::Trade, "70000"),
            None,
            "0.01",
        )
        .unwrap();
    let waiting = value(&reported.on("orderAll.UNIFIED")[0]);
    assert_eq!(
        [
            &waiting["tD"],
            &waiting["tP"],
            &waiting["tPT"],
            &waiting["p"]
        ],
        ["UP", "70000", "TP", ""]
    );
    assert_eq!(
        (&waiting["os"], &waiting["oi"]),
        (&0.into(), &(*unified_id(&stop)).into())
    );
    reported.engine.at(NOW + 5).price("BTC-USDT", "70001");
    let changes = reported.on("orderAll.UNIFIED");
    assert_eq!(steps(&changes)[..2], ["2/OPEN", "1/TRIGGER"]);
    assert_eq!(steps(&changes).last().unwrap(), "3/FILL");
    let (child, parent) = (value(&changes[0]), value(&changes[1]));
    assert_eq!(
        (&child["toi"], &parent["oi"]),
        (&(*unified_id(&stop)).into(), &(*unified_id(&stop)).into())
    );
    assert_ne!(child["oi"], parent["oi"]);
    assert_eq!(parent["rS"], "0.01");
    let id = reported
        .engine
        .stop(
            BUY_BTC,
            (Direction::Down, StopPriceType::Trade, "50000"),
            Some("49000"),
            "0.01",
        )
        .unwrap();
    reported.engine.cancel_stop(Host::Spot, &id).unwrap();
    let changes = reported.on("orderAll.SPOT");
    assert_eq!(steps(&changes), ["0/OPEN", "5/CANCEL"]);
    let canceled = value(&changes[1]);
    assert_eq!(
        [&canceled["cS"], &canceled["rS"], &canceled["tD"]],
        ["0.01", "0", "DOWN"]
    );
}

#[test]
fn trigger_with_rejected_order_is_a_cancellation() {
    let mut reported = Reported::new();
    reported
        .engine
        .stop(
            BUY_BTC,
            (Direction::Up, StopPriceType::Trade, "70000"),
            None,
            "30",
        )
        .unwrap();
    reported.engine.price("BTC-USDT", "70000");
    let changes = reported.on("orderAll.UNIFIED");
    assert_eq!(steps(&changes), ["0/OPEN", "5/CANCEL"]);
    assert_eq!(value(&changes[1])["cR"], "EXCEPTION_ORDER");
}

#[test]
fn conditional_futures_child_is_in_unified_form_only() {
    let mut reported = Reported::new();
    let place = (None, "XBTUSDTM", Side::Sell);
    let trigger = (Direction::Down, StopPriceType::Mark, "60000");
    let id = reported.engine.stop(place, trigger, None, "3").unwrap();
    reported.engine.mark("XBTUSDTM", "59999");
    let all = reported.all();
    let of = |topic| of(&all, topic);
    let (unified, classic) = (of("order.UNIFIED"), of("order.FUTURES"));
    assert_eq!(steps(&unified)[..3], ["0/OPEN", "2/OPEN", "1/TRIGGER"]);
    assert_eq!(
        steps(&classic)[..3],
        ["\"0\"/OPEN", "\"1\"/TRIGGER", "2/OPEN"],
        "its status is text while it is conditional"
    );
    assert_eq!(steps(&classic).last().unwrap(), "3/FILL");
    assert!(
        classic.iter().all(|data| value(data)["oi"] == *id),
        "the same id goes on"
    );
    assert_eq!(
        keys(&classic[0]),
        [
            "O", "S", "U", "aP", "cR", "cS", "ci", "eT", "f", "fC", "fS", "l", "lP", "lR", "mM",
            "oT", "oi", "os", "p", "pO", "pP", "pS", "q", "qU", "rO", "rS", "s", "stp", "t", "tD",
            "tIF", "tP", "tPT", "ti", "toi"
        ]
    );
    let first = value(&classic[0]);
    assert_eq!(
        [
            &first["f"],
            &first["fS"],
            &first["aP"],
            &first["l"],
            &first["toi"]
        ],
        ["", "", "0", "0", "0"]
    );
    let last = value(classic.last().unwrap());
    assert_eq!(
        [
            &last["l"],
            &last["mM"],
            &last["pS"],
            &last["fC"],
            &last["lR"]
        ],
        ["10", "CROSS", "BOTH", "USDT", "TAKER"]
    );
    let (unified, classic) = (of("execution.UNIFIED"), of("execution.FUTURES"));
    assert_eq!(value(&classic[0])["oi"], *id);
    assert_ne!(value(&unified[0])["oi"], *id);
    assert!(value(&of("execution.lite.UNIFIED")[0])["ti"].is_string());
}

#[test]
fn fill_has_full_and_lite_execution() {
    let mut reported = Reported::new();
    let id = reported.engine.limit(BUY_BTC, "60000", "0.1").unwrap();
    reported.engine.at(NOW + 7).fill(&id, "0.1");
    let all = reported.all();
    let topics: Vec<&str> = all.iter().map(|push| push.0).collect();
    let fill = topics
        .iter()
        .position(|topic| *topic == "execution.lite.UNIFIED");
    assert_eq!(
        topics[fill.unwrap()..][..8],
        [
            "execution.lite.UNIFIED",
            "execution.lite.SPOT",
            "order.UNIFIED",
            "orderAll.UNIFIED",
            "order.SPOT",
            "orderAll.SPOT",
            "execution.UNIFIED",
            "execution.SPOT"
        ]
    );
    let of = |topic: &str| all.iter().find(|push| push.0 == topic).unwrap().1.clone();
    let unified = of("execution.UNIFIED");
    let trade_id = value(&unified)["ti"].as_str().unwrap().to_owned();
    assert_eq!(
        unified,
        format!(
            "{{\"oi\":\"{}\",\"s\":\"BTC-USDT\",\"S\":\"BUY\",\"oT\":\"LIMIT\",\"p\":\"60000\",\
             \"q\":\"0.1\",\"ti\":\"{trade_id}\",\"E\":1765465341370000000,\"lR\":\"MAKER\",\"f\":\"4.8\",\
             \"fC\":\"USDT\",\"fT\":\"NORMAL\",\"ci\":\"mine\",\"fP\":\"\"}}",
            unified_id(&id)
        )
    );
    assert_eq!(
        of("execution.lite.SPOT"),
        format!(
            "{{\"E\":1765465341370000000,\"S\":\"BUY\",\"p\":\"60000\",\"q\":\"0.1\",\"s\":\"BTC-USDT\",\
             \"lR\":\"MAKER\",\"oT\":\"LIMIT\",\"oi\":\"{id}\",\"ti\":{trade_id}}}"
        )
    );
    assert!(!keys(&of("execution.SPOT")).contains(&"fT".to_owned()));
}
