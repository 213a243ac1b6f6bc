//! Lets libFuzzer drive the target `v1_events`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kucoin_streams_fuzz::v1_events(bytes));
