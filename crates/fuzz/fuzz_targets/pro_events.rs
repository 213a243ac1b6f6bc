//! Lets libFuzzer drive the target `pro_events`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kucoin_streams_fuzz::pro_events(bytes));
