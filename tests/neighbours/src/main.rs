//! Uses `reqwest` and `rustls` next to the SDK: the crate given as argument runs first, and each must work as if it
//! were alone.

use kucoin_streams::{Credentials, Kucoin};

fn main() {
    for name in std::env::args().skip(1) {
        match name.as_str() {
            "reqwest" => drop(reqwest::Client::new()),
            "rustls" => drop(rustls::ClientConfig::builder()),
            "kucoin" => drop(
                Kucoin::builder()
                    .credentials(Credentials::new("key", "secret", "passphrase").unwrap())
                    .build()
                    .unwrap(),
            ),
            other => panic!("unknown neighbour {other}"),
        }
    }
}
