//! Pages of REST replies into owned rows, compared with simd-json and serde_json into owned structs.
//!
//! The structs lack what the rows have: unknown fields, and JSON numbers without a detour over `f64`. All amounts of this page
//! are strings, so the structs are exact too.

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{Criterion, Throughput};
use kucoin_streams_rest::{Query, SpotFillRow, SpotFills};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

/// Numbers of rows per page: the usual maximum, and that of futures.
const ROWS: [u64; 2] = [100, 1_000];

pub(crate) fn pages(criterion: &mut Criterion) {
    let query = Query::from(SpotFills::new("BTC-USDT"));
    for rows in ROWS {
        let body = page(rows).into_bytes();
        assert_eq!(simd(body.clone()), ours(&query, body.clone()));
        assert_eq!(serde(&body), ours(&query, body.clone()));
        let mut group = criterion.benchmark_group(format!("page of {rows} fills"));
        group.throughput(Throughput::Elements(rows));
        group.bench_function("ours, owned and lossless", |bencher| {
            bencher.iter(|| ours(&query, black_box(&body).clone()));
        });
        group.bench_function("simd-json, owned", |bencher| {
            bencher.iter(|| simd(black_box(&body).clone()));
        });
        group.bench_function("serde_json, owned", |bencher| {
            bencher.iter(|| serde(black_box(&body)));
        });
        group.finish();
    }
}

/// Returns the body of a page of fills, each of about 410 bytes.
fn page(rows: u64) -> String {
    let row = |number: u64| {
        format!(
            r#"{{"id":{id},"symbol":"BTC-USDT","tradeId":{trade},"orderId":"692a4f1e3c9d7b0007{number:06x}","counterOrderId":"692a4f1e8135f90007{number:06x}","side":"buy","liquidity":"taker","type":"limit","forceTaker":false,"price":"91248.{digit}","size":"0.0004{digit}","funds":"36.49948{digit}","fee":"0.0364994{digit}","feeRate":"0.001","feeCurrency":"USDT","stop":"","tradeType":"TRADE","taxRate":"0","tax":"0","createdAt":{time}}}"#,
            id = 219_814_995_255_305 - number,
            trade = 21_029_373_945_659_394 - number,
            digit = number % 10,
            time = 1_795_903_201_262 - number,
        )
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    format!(
        r#"{{"code":"200000","data":{{"items":[{}],"lastId":219814995254000}}}}"#,
        rows.join(",")
    )
}

/// Returns the traded funds, so that the rows are used.
fn ours(query: &Query, body: Vec<u8>) -> Decimal {
    let page = query.read(body).expect("the body is a page");
    let rows: Vec<SpotFillRow> = page.rows().expect("the rows are fills");
    rows.iter().map(|row| row.price * row.size).sum()
}

fn simd(mut body: Vec<u8>) -> Decimal {
    let reply: Reply = simd_json::serde::from_slice(&mut body).expect("the body is a page");
    reply.data.funds()
}

fn serde(body: &[u8]) -> Decimal {
    let reply: Reply = serde_json::from_slice(body).expect("the body is a page");
    reply.data.funds()
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Reply {
    code: String,
    data: Page,
}

#[derive(Deserialize)]
#[allow(dead_code, non_snake_case)]
struct Page {
    items: Vec<Fill>,
    lastId: u64,
}

impl Page {
    fn funds(&self) -> Decimal {
        self.items.iter().map(|row| row.price * row.size).sum()
    }
}

#[derive(Deserialize)]
#[allow(dead_code, non_snake_case)]
struct Fill {
    id: u64,
    symbol: String,
    tradeId: u64,
    orderId: String,
    counterOrderId: String,
    side: String,
    liquidity: String,
    r#type: String,
    forceTaker: bool,
    #[serde(deserialize_with = "exact")]
    price: Decimal,
    #[serde(deserialize_with = "exact")]
    size: Decimal,
    #[serde(deserialize_with = "exact")]
    funds: Decimal,
    #[serde(deserialize_with = "exact")]
    fee: Decimal,
    #[serde(deserialize_with = "exact")]
    feeRate: Decimal,
    feeCurrency: String,
    stop: String,
    tradeType: String,
    #[serde(deserialize_with = "exact")]
    taxRate: Decimal,
    #[serde(deserialize_with = "exact")]
    tax: Decimal,
    createdAt: u64,
}

fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}
