//! Streams of rows: canceled reads, errors between pages, and servers that never end.

use std::time::Duration;

use kucoin_streams_rest::{QueryError, SpotLedger, SpotLedgerRow};
use kucoin_streams_testkit::http::{Request, Server, json, reply};

use crate::common::*;

fn page(ids: &[u32], last_id: u32) -> String {
    let rows = ids.iter();
    let rows: Vec<_> = rows
        .map(|id| format!(r#"{{"id":{id},"currency":"USDT"}}"#))
        .collect();
    let rows = rows.join(",");
    format!(r#"{{"code":"200000","data":{{"items":[{rows}],"lastId":{last_id}}}}}"#)
}

/// Returns the cursor of a request; 0 for the first page.
fn cursor(request: &Request) -> u32 {
    let after = request.line.split_once("lastId=");
    let digits = after.map(|(_, rest)| rest.split(['&', ' ']).next().unwrap());
    digits.map_or(0, |digits| digits.parse().unwrap())
}

fn id(row: Option<Result<SpotLedgerRow, QueryError>>) -> String {
    row.unwrap().unwrap().ledger_id.to_string()
}

#[tokio::test]
async fn canceled_read_loses_no_row_and_repeats_no_request() {
    let server = Server::answering_later(|request| async move {
        tokio::time::sleep(Duration::from_millis(80)).await;
        match cursor(&request) {
            0 => json(page(&[9, 8], 8)),
            8 => json(page(&[7], 7)),
            _ => json(page(&[], 0)),
        }
    })
    .await;
    let mut rows = rest(&server).rows(SpotLedger::new());
    let mut read = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_millis(7), rows.next()).await {
            Err(_) => continue,
            Ok(None) => break,
            Ok(row) => read.push(id(row)),
        }
    }
    assert_eq!(read, ["9", "8", "7"]);
    assert_eq!(server.requests().len(), 3);
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn rows_before_an_error_are_delivered() {
    let server = Server::answering(|request| match cursor(request) {
        0 => json(page(&[9, 8], 8)),
        _ => reply(200, "", r#"{"code":"400007","msg":"Access denied"}"#),
    })
    .await;
    let rest = rest(&server);
    let mut rows = rest.rows(SpotLedger::new());
    assert_eq!(id(rows.next().await), "9");
    assert_eq!(id(rows.next().await), "8");
    assert!(matches!(
        rows.next().await,
        Some(Err(QueryError::Refused { .. }))
    ));
    assert!(rows.next().await.is_none());
    assert!(rest.all(SpotLedger::new()).await.is_err());
}

#[tokio::test]
async fn cursors_that_repeat_end_the_stream() {
    let server = Server::answering(|request| match cursor(request) {
        0 => json(page(&[9], 5)),
        5 => json(page(&[8], 6)),
        _ => json(page(&[7], 5)),
    })
    .await;
    let rows = rest(&server).all(SpotLedger::new()).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn dropped_stream_sends_nothing() {
    let server = Server::answering(|_| json(page(&[9], 9))).await;
    let rest = rest(&server);
    drop(rest.rows(SpotLedger::new()));
    drop(rest.spot().ledger());
    assert_eq!(server.requests().len(), 0);
    assert_eq!(rest.fetch(SpotLedger::new()).await.unwrap().len(), 1);
    assert_eq!(server.requests().len(), 1);
}
