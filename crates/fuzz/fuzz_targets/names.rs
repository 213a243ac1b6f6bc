//! Lets libFuzzer drive the target `names`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kucoin_streams_fuzz::names(bytes));
