//! Tests of queries and pages: the bytes that are sent, and where each style of paging ends.

use kucoin_streams_core::{Side, Timestamp};

use crate::*;

const V1: UnifiedVersion = UnifiedVersion::V1;

fn ms(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

fn page(query: &Query, body: &str) -> RawPage {
    query.read(body).unwrap()
}

/// Returns the value of a parameter of the next query; `None` after the last page.
fn next(query: &Query, body: &str, name: &str) -> Option<String> {
    let next = page(query, body).next_query(query)?;
    next.param(name).map(str::to_owned)
}

#[test]
fn parameters_have_the_order_of_the_table() {
    let one = SpotFills::new("BTC-USDT")
        .to(ms(1_795_903_230_000))
        .side(Side::Buy)
        .from(ms(1_795_903_190_000));
    let query = Query::from(one);
    assert_eq!(
        query.path_and_query(V1),
        "/api/v1/hf/fills?symbol=BTC-USDT&side=buy&startAt=1795903190000&endAt=1795903230000&limit=100"
    );
    let other = SpotFills::new("BTC-USDT")
        .from(ms(1_795_903_190_000))
        .side(Side::Sell)
        .side(Side::Buy)
        .to(ms(1_795_903_230_000));
    assert_eq!(query, Query::from(other));
}

#[test]
fn path_id_and_values_are_percent_encoded() {
    let query = Query::from(SpotOrderByClientOid::new("a/b?c=1 ü", "BTC-USDT"));
    assert_eq!(
        query.path_and_query(V1),
        "/api/v1/hf/orders/client-order/a%2Fb%3Fc%3D1%20%C3%BC?symbol=BTC-USDT"
    );
    let query = Query::from(SpotLedger::new().currency("BTC,ETH").page_size(1_000));
    assert_eq!(
        query.path_and_query(V1),
        "/api/v1/hf/accounts/ledgers?currency=BTC,ETH&limit=200"
    );
    assert_eq!(
        Query::from(SpotOpenOrders::new()).path_and_query(V1),
        "/api/v1/hf/orders/active"
    );
}

#[test]
fn last_id_is_passed_on_until_a_page_is_empty() {
    let query = Query::from(SpotFills::new("BTC-USDT"));
    let first = r#"{"code":"200000","data":{"items":[{"id":2}],"lastId":219814995255304}}"#;
    assert_eq!(
        next(&query, first, "lastId").as_deref(),
        Some("219814995255304")
    );
    let second = page(&query, first).next_query(&query).unwrap();
    assert_eq!(
        second.path_and_query(V1),
        "/api/v1/hf/fills?symbol=BTC-USDT&lastId=219814995255304&limit=100"
    );
    // The same cursor again.
    assert_eq!(page(&second, first).next_query(&second), None);
    for end in [
        r#"{"code":"200000","data":{"items":[],"lastId":7}}"#,
        r#"{"code":"200000","data":{"items":[{"id":1}],"lastId":null}}"#,
        r#"{"code":"200000","data":{"items":[{"id":1}],"lastId":0}}"#,
        r#"{"code":"200000","data":{"items":[{"id":1}],"lastId":"0"}}"#,
        r#"{"code":"200000","data":{"items":[{"id":1}]}}"#,
        r#"{"code":"200000","data":{"items":null,"lastId":7}}"#,
        r#"{"code":"200000","data":null}"#,
    ] {
        assert_eq!(page(&query, end).next_query(&query), None, "{end}");
    }
}

#[test]
fn bare_array_continues_after_its_last_row_if_it_is_full() {
    let query = Query::from(SpotLedger::new().page_size(2));
    let full = r#"{"code":"200000","data":[{"id":"9"},{"x":{"id":"1"},"id":"8"}]}"#;
    assert_eq!(next(&query, full, "lastId").as_deref(), Some("8"));
    let short = r#"{"code":"200000","data":[{"id":"9"}]}"#;
    assert_eq!(next(&query, short, "lastId"), None);
}

#[test]
fn numbered_pages_end_at_the_total() {
    let query = Query::from(SpotOpenOrderPages::new("ETH-USDT"));
    let of = |number, total| {
        format!(
            r#"{{"code":"200000","data":{{"currentPage":{number},"pageSize":50,"totalNum":51,"totalPage":{total},"items":[{{"id":"a"}}]}}}}"#
        )
    };
    assert_eq!(next(&query, &of(1, 2), "pageNum").as_deref(), Some("2"));
    let second = page(&query, &of(1, 2)).next_query(&query).unwrap();
    assert_eq!(
        second.path_and_query(V1),
        "/api/v1/hf/orders/active/page?symbol=ETH-USDT&pageNum=2&pageSize=50"
    );
    assert_eq!(page(&second, &of(2, 2)).next_query(&second), None);
    let empty = r#"{"code":"200000","data":{"totalPage":9,"items":[]}}"#;
    assert_eq!(page(&query, empty).next_query(&query), None);
}

#[test]
fn rows_are_found_in_every_shape() {
    let query = Query::from(SpotOpenOrders::new());
    for (data, count) in [
        ("null", 0),
        ("[]", 0),
        (r#"[ {"id":1} , {"id":2}]"#, 2),
        (r#"{"items":[{"id":1}]}"#, 1),
        (r#"{"items":{"id":1}}"#, 1),
        (r#"{"id":1}"#, 1),
    ] {
        let body = format!(r#" {{"data" : {data},"code":"200000"}} "#);
        let page = page(&query, &body);
        assert_eq!(page.len(), count, "{data}");
        assert!(page.raw_rows().all(|row| row.starts_with(r#"{"id":"#)));
    }
}

#[test]
fn unreadable_body_is_never_an_empty_page() {
    let query = Query::from(SpotFills::new("BTC-USDT"));
    for (body, reason) in [
        ("<html><body>Bad gateway</body></html>", "not JSON"),
        ("", "not JSON"),
        (r#"{"code":"200000","data":{"items":[{"id":1}"#, "not JSON"),
        (r#"{"code":"200000","data":[]}}"#, "not JSON"),
        (r#"{"code":"200000"}"#, "no data"),
        (r#"{"data":[]}"#, "no code"),
        (r#"{"code":"200000","data":{}}"#, "no list"),
        (r#"{"code":"200000","data":{"items":"none"}}"#, "no list"),
        (r#"{"code":"200000","data":"ok"}"#, "no list"),
    ] {
        match query.read(body) {
            Err(PageProblem::Unreadable { reason: found, .. }) => {
                assert!(found.contains(reason), "{body}: {found}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    assert!(query.read(vec![0xff, 0xfe]).is_err());
}

#[test]
fn refusal_keeps_code_and_message() {
    let query = Query::from(SpotActiveSymbols::new());
    for (body, code, message) in [
        (
            r#"{"code":"400007","msg":"Access denied, require more permission."}"#,
            "400007",
            "Access denied, require more permission.",
        ),
        (
            r#"{"msg":"Not Found","code":404,"retry":false,"success":false,"data":null}"#,
            "404",
            "Not Found",
        ),
        (r#"{"code":"429000"}"#, "429000", ""),
    ] {
        let expected = PageProblem::Refused {
            code: code.into(),
            message: message.into(),
        };
        assert_eq!(query.read(body), Err(expected));
    }
}
