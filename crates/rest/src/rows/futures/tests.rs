//! Tests of the rows of futures.

use kucoin_streams_core::{Liquidity, Side};

use super::*;
use crate::rows::test_support::*;
use crate::rows::{MarginMode, OrderEnd, OrderType, PositionSide};
use crate::{FuturesFunding, FuturesLedger, Query};

#[test]
fn order_is_read_from_ints_and_strings() {
    let row: FuturesOrderRow = read(
        r#"{"id":700000000000000001,"symbol":"SOLUSDTM","type":"limit","side":"sell","price":1.425E+2,"size":"30",
        "value":"427.5","dealValue":"142.5","dealSize":10,"filledSize":10,"filledValue":"142.5","stp":"","stop":"",
        "stopPriceType":"","stopTriggered":false,"stopPrice":null,"leverage":7,"visibleSize":0,"clientOid":"a-1","remark":null,
        "isActive":true,"cancelExist":false,"createdAt":1801000000000,"updatedAt":"1801000000500","endAt":null,
        "orderTime":1801000000000120417,"marginMode":"CROSS","positionSide":"SHORT","status":"open","reduceOnly":false,"venue":7}"#,
    );
    assert_eq!(row.order_id, "700000000000000001");
    assert_eq!(
        (row.order_type.clone(), row.side.clone()),
        (OrderType::Limit, Side::Sell)
    );
    assert_eq!(
        (row.price, row.size, row.filled_size),
        (dec("142.5"), dec("30"), dec("10"))
    );
    assert_eq!(
        (row.leverage, row.stop_price, &row.stop),
        (dec("7"), None, &None)
    );
    assert_eq!(row.margin_mode, Some(MarginMode::Cross));
    assert_eq!(row.position_side, Some(PositionSide::Short));
    assert_eq!(row.ordered_at, ns(1_801_000_000_000_120_417));
    assert_eq!(
        (row.created_at, row.row_updated_at),
        (ms(1_801_000_000_000), ms(1_801_000_000_500))
    );
    assert_eq!((row.ended_at, row.end()), (None, None));
    assert_eq!(row.extra.get("venue").unwrap().as_str(), "7");
}

#[test]
fn filled_size_is_read_from_either_name() {
    let row = |sizes: &str| -> FuturesOrderRow {
        read(&format!(
            r#"{{"id":"1","symbol":"SOLUSDTM","type":"market","side":"buy",{sizes},"isActive":false}}"#
        ))
    };
    assert_eq!(row(r#""filledSize":4,"dealSize":4"#).filled_size, dec("4"));
    assert_eq!(
        row(r#""dealSize":3,"dealValue":"9.5""#).filled_size,
        dec("3")
    );
    assert_eq!(
        row(r#""dealSize":3,"dealValue":"9.5""#).filled_value,
        dec("9.5")
    );
    assert_eq!(
        row(r#""filledSize":null,"dealSize":"2""#).filled_size,
        dec("2")
    );
    assert_eq!(row(r#""size":1"#).filled_size, None);
}

#[test]
fn order_end_needs_activity_and_cancel_mark() {
    let end = |fields: &str| {
        let order = r#""id":"1","symbol":"SOLUSDTM","type":"limit","side":"buy""#;
        read::<FuturesOrderRow>(&format!("{{{order}{fields}}}")).end()
    };
    assert_eq!(
        end(r#","isActive":false,"cancelExist":false,"status":"done""#),
        Some(OrderEnd::Filled)
    );
    assert_eq!(
        end(r#","isActive":false,"cancelExist":true,"status":"done""#),
        Some(OrderEnd::Canceled)
    );
    assert_eq!(
        end(r#","cancelExist":true,"status":"DONE""#),
        Some(OrderEnd::Canceled)
    );
    for unknown in [
        "",
        r#","isActive":true,"cancelExist":true,"status":"open""#,
        r#","isActive":true,"cancelExist":false,"status":"done""#,
        r#","isActive":false,"status":"done""#,
        r#","cancelExist":false,"status":"match""#,
    ] {
        assert_eq!(end(unknown), None, "{unknown}");
    }
}

#[test]
fn stop_order_has_its_trigger() {
    let row = |price: &str| -> FuturesStopRow {
        read(&format!(
            r#"{{"id":"2","symbol":"SOLUSDTM","type":"limit","side":"sell","stop":"down","stopPriceType":"MP",
            "stopPrice":{price},"stopTriggered":false,"isActive":true,"cancelExist":false,"status":"open"}}"#
        ))
    };
    assert_eq!(row("\"90.10\"").stop_price, dec("90.1"));
    assert_eq!(row("90.1").stop_price, dec("90.1"));
    assert_eq!(row("null").stop_price, None);
    assert_eq!(row("null").stop_price_type.as_deref(), Some("MP"));
    assert_eq!(row("null").status, FuturesOrderStatus::Open);
}

#[test]
fn fill_has_the_exact_match_time() {
    let row: FuturesFillRow = read(
        r#"{"symbol":"SOLUSDTM","tradeId":7000000000000000003,"orderId":"700000000000000001","side":"sell","liquidity":"maker",
        "forceTaker":false,"price":"142.50","size":3,"value":"42.75","openFeePay":"0","closeFeePay":"0.00855","fee":8.55E-3,
        "feeRate":"0.0002","feeCurrency":"USDT","fixFee":"0","orderType":"limit","displayType":"limit_stop","tradeType":"adl",
        "settleCurrency":"USDT","marginMode":"ISOLATED","subTradeType":null,"stop":"","tradeTime":1801000000168000001,
        "createdAt":1801000000340}"#,
    );
    assert_eq!(row.trade_type, FuturesFillType::AutoDeleveraging);
    assert_eq!(
        (row.close_fee, row.row_created_at),
        (dec("0.00855"), ms(1_801_000_000_340))
    );
    let fill = row.fill();
    assert_eq!(
        fill.key().to_string(),
        "SOLUSDTM:7000000000000000003:700000000000000001"
    );
    assert_eq!(
        (fill.side.clone(), fill.liquidity.clone()),
        (Side::Sell, Some(Liquidity::Maker))
    );
    assert_eq!(
        (Some(fill.price), Some(fill.size)),
        (dec("142.5"), dec("3"))
    );
    assert_eq!(
        (fill.fee, fill.fee_currency.as_deref()),
        (dec("0.00855"), Some("USDT"))
    );
    assert_eq!(fill.time, ns(1_801_000_000_168_000_001));
}

#[test]
fn fill_without_match_time_has_no_time() {
    let row: FuturesFillRow = read(
        r#"{"symbol":"SOLUSDTM","tradeId":"3","orderId":"1","side":"buy","price":"1","size":1,"tradeType":"swap",
        "tradeTime":null,"createdAt":1801000000340}"#,
    );
    assert_eq!(row.fill().time, None);
    assert_eq!(row.trade_type, FuturesFillType::Unknown("swap".into()));
}

#[test]
fn position_has_the_names_of_the_stream() {
    let row: FuturesPositionRow = read(
        r#"{"id":"5","symbol":"SOLUSDTM","crossMode":true,"delevPercentage":0.25,"openingTimestamp":1801000000000,
        "currentTimestamp":1801000001000,"currentQty":-3,"currentCost":-4.275E2,"currentComm":1E-8,"unrealisedCost":-427.5,
        "realisedGrossCost":0.0,"realisedCost":1.0E-8,"isOpen":true,"markPrice":141.2,"markValue":-423.6,"posCost":-427.5,
        "posInit":42.75,"posMargin":42.75,"realisedPnl":-1.0E-8,"unrealisedPnl":3.9,"avgEntryPrice":142.5,
        "liquidationPrice":0,"settleCurrency":"USDT","isInverse":false,"maintainMargin":0.005,"riskLimit":1000000,
        "marginMode":"CROSS","positionSide":"BOTH","leverage":10,"posCommCommon":0.1,"aggRate":"0.3"}"#,
    );
    assert_eq!(
        (Some(row.quantity), row.direction()),
        (dec("-3"), Some(PositionSide::Short))
    );
    assert_eq!(
        (row.current_cost, row.realised_pnl),
        (dec("-427.5"), dec("-0.00000001"))
    );
    assert_eq!((row.leverage, row.risk_limit), (dec("10"), dec("1000000")));
    assert_eq!(
        (row.maintain_margin, row.maintenance_margin_rate),
        (dec("0.005"), None)
    );
    assert_eq!(
        (row.opened_at, row.server_time),
        (ms(1_801_000_000_000), ms(1_801_000_001_000))
    );
    assert_eq!(row.extra.get("aggRate").unwrap().as_str(), r#""0.3""#);
}

#[test]
fn closed_position_in_the_list_has_no_direction() {
    let row: FuturesPositionRow =
        read(r#"{"symbol":"SOLUSDTM","currentQty":0.0,"isOpen":false,"realLeverage":null}"#);
    assert_eq!(
        (row.direction(), row.is_open, row.real_leverage),
        (None, Some(false), None)
    );
    let long: FuturesPositionRow = read(r#"{"symbol":"SOLUSDTM","currentQty":"2"}"#);
    assert_eq!(long.direction(), Some(PositionSide::Long));
}

#[test]
fn closed_position_keeps_its_figures() {
    let row: ClosedPositionRow = read(
        r#"{"closeId":500000000000000777,"userId":"u","symbol":"SOLUSDTM","settleCurrency":"USDT","leverage":"5.0","type":"LIQUID_SHORT",
        "pnl":"-12.00000000","realisedGrossCost":"11.5","tradeFee":"0.5","fundingFee":0,"openTime":1801000000000,
        "closeTime":"1801000002000","openPrice":"142.5","closePrice":"150","marginMode":"ISOLATED","roe":-1.02E0,
        "liquidAmount":"3","liquidPrice":"150.1","tax":"","side":"SHORT"}"#,
    );
    assert_eq!(row.close_id, "500000000000000777");
    assert_eq!(row.close_type, PositionCloseType::LiquidatedShort);
    assert_eq!(
        (row.pnl, row.roe, row.tax),
        (dec("-12"), dec("-1.02"), None)
    );
    assert_eq!(
        (row.liquidation_price, row.closed_at),
        (dec("150.1"), ms(1_801_000_002_000))
    );
    assert_eq!(row.side, Some(PositionSide::Short));
}

#[test]
fn account_is_read_from_numbers_with_exponents() {
    let row: FuturesAccountRow = read(
        r#"{"accountEquity":1.23456789012345678E3,"unrealisedPNL":-5E-9,"marginBalance":"1234","positionMargin":0.0,
        "orderMargin":0,"frozenFunds":null,"availableBalance":1200.5,"currency":"XBT","riskRatio":0,"maxWithdrawAmount":1}"#,
    );
    assert_eq!(row.equity.unwrap().to_string(), "1234.56789012345678");
    assert_eq!(
        (row.unrealised_pnl, row.frozen_funds),
        (dec("-0.000000005"), None)
    );
    assert_eq!((&*row.currency, row.available_margin), ("XBT", None));
}

#[test]
fn ledger_change_has_its_sign_from_the_type() {
    let booking = |kind: &str, amount: &str, status: &str, offset: &str| -> FuturesLedgerRow {
        read(&format!(
            r#"{{"time":1801000003000,"type":"{kind}","amount":{amount},"fee":null,"accountEquity":1.0E+2,
            "status":"{status}","remark":"SOLUSDTM","offset":{offset},"currency":"USDT"}}"#
        ))
    };
    let change = |kind, amount| booking(kind, amount, "Completed", "81").change();
    assert_eq!(change("RealisedPNL", "-0.5"), dec("-0.5"));
    assert_eq!(change("RealisedPNL", "1.5E-1"), dec("0.15"));
    assert_eq!(change("TransferIn", "10"), dec("10"));
    assert_eq!(change("TransferOut", "10"), dec("-10"));
    assert_eq!(change("TransferOut", "-10"), dec("-10"));
    assert_eq!(change("withdrawal", "\"3\""), dec("-3"));
    assert_eq!(change("Airdrop", "3"), None);
    assert_eq!(change("TransferIn", "null"), None);
    for pending in [
        booking("RealisedPNL", "-0.5", "Pending", "-1"),
        booking("RealisedPNL", "-0.5", "", "-1"),
        booking("RealisedPNL", "-0.5", "pending", "82"),
    ] {
        assert!(pending.is_pending());
        assert_eq!(pending.change(), None);
    }
    let booked = booking("RealisedPNL", "0", "Completed", "9007199254740993");
    assert!(!booked.is_pending());
    assert_eq!(
        (&*booked.ledger_id, booked.created_at),
        ("9007199254740993", ms(1_801_000_003_000))
    );
}

#[test]
fn ledger_continues_after_its_smallest_booked_offset() {
    let query = Query::from(FuturesLedger::new().currency("USDT"));
    let body = |has_more: &str| {
        format!(
            r#"{{"code":"200000","data":{{"dataList":[{{"offset":-1,"currency":"USDT"}},{{"offset":72,"currency":"USDT"}},
            {{"offset":70,"currency":"USDT"}},{{"offset":71,"currency":"USDT"}}],"hasMore":{has_more}}}}}"#
        )
    };
    let page = query.read(body("true")).unwrap();
    assert_eq!(page.rows::<FuturesLedgerRow>().unwrap().len(), 4);
    let next = page.next_query(&query).unwrap();
    assert_eq!(next.param("offset"), Some("70"));
    let page = next.read(body("true")).unwrap();
    assert_eq!(page.next_query(&next), None, "same cursor again");
    assert_eq!(query.read(body("false")).unwrap().next_query(&query), None);
}

#[test]
fn funding_has_the_side_from_its_context() {
    let row = |context: &str| -> FundingRow {
        read(&format!(
            r#"{{"id":9007199254740993,"symbol":"SOLUSDTM","timePoint":1801008000000,"fundingRate":1.0E-4,"markPrice":141.2,
            "positionQty":-3,"positionCost":-423.6,"funding":0.04236,"settleCurrency":"USDT","context":{context},
            "marginMode":"CROSS","batch":1}}"#
        ))
    };
    let funding = row(r#""{\"marginMode\":\"CROSS\",\"positionSide\":\"SHORT\",\"x\":1}""#);
    assert_eq!(funding.funding_id, "9007199254740993");
    assert_eq!(
        (funding.funding_rate, funding.quantity),
        (dec("0.0001"), dec("-3"))
    );
    assert_eq!(funding.settled_at, ms(1_801_008_000_000));
    assert_eq!(funding.position_side(), Some(PositionSide::Short));
    for none in ["null", r#""""#, r#""{}""#, r#""settled""#] {
        assert_eq!(row(none).position_side(), None, "{none}");
    }
    let query = Query::from(FuturesFunding::new("SOLUSDTM"));
    let body = r#"{"code":"200000","data":{"dataList":[{"id":9,"symbol":"SOLUSDTM"},{"id":8,"symbol":"SOLUSDTM"}],"hasMore":true}}"#;
    let next = query.read(body).unwrap().next_query(&query).unwrap();
    assert_eq!(next.param("offset"), Some("8"));
}

#[test]
fn settings_of_a_contract_are_read() {
    let mode: MarginModeRow = read(r#"{"symbol":"SOLUSDTM","marginMode":"isolated"}"#);
    assert_eq!(mode.margin_mode, MarginMode::Isolated);
    for leverage in ["\"3\"", "3", "3.0", "\"0.3E1\""] {
        let json = format!(r#"{{"symbol":"SOLUSDTM","leverage":{leverage}}}"#);
        assert_eq!(Some(read::<CrossLeverageRow>(&json).leverage), dec("3"));
    }
}

#[test]
fn row_without_its_identity_is_an_error() {
    let missing = |error: String, field: &str| assert!(error.contains(field), "{error}");
    let of = |json: &str| -> [(String, &'static str); 8] {
        [
            (
                try_read::<FuturesOrderRow>(json).unwrap_err().to_string(),
                "id",
            ),
            (
                try_read::<FuturesFillRow>(json).unwrap_err().to_string(),
                "tradeId",
            ),
            (
                try_read::<FuturesPositionRow>(json)
                    .unwrap_err()
                    .to_string(),
                "currentQty",
            ),
            (
                try_read::<ClosedPositionRow>(json).unwrap_err().to_string(),
                "closeId",
            ),
            (
                try_read::<FuturesAccountRow>(json).unwrap_err().to_string(),
                "currency",
            ),
            (
                try_read::<FuturesLedgerRow>(json).unwrap_err().to_string(),
                "offset",
            ),
            (try_read::<FundingRow>(json).unwrap_err().to_string(), "id"),
            (
                try_read::<CrossLeverageRow>(json).unwrap_err().to_string(),
                "leverage",
            ),
        ]
    };
    for (error, field) in of(r#"{"symbol":"SOLUSDTM"}"#) {
        missing(error, field);
    }
    assert!(try_read::<MarginModeRow>(r#"{"marginMode":"CROSS"}"#).is_err());
}
